/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The limits as rules/std/00-hearing.rules ships them, and random numbers that are the
 * same in every run. */
#ifndef TESTS_UNIT_CLASSIFY_LIMITS_H
#define TESTS_UNIT_CLASSIFY_LIMITS_H

#include "classify/shape/hearing.h"

#include <math.h>

static const struct hearing limits = {
	.rate_min = 4e3, .rate_max = 400e3, .size_min = 12, .size_max = 700,
	.fano_max = 0.25, .packets_min = 7, .packets_max = 250,
	.bytes_fano_max = 0.25, .filled_min = 8,
	.clock_min = 0.42, .clock_power_min = 20, .clock_packets_min = 30,
	.clock_active_min = 4, .clock_row_min = 0.65, .clock_row_sure = 0.95, .clock_fano_even = 0.10,
	.clock_fano_spurts = 0.7,
	.steady_max = 0.10, .steady_bins = 10, .held_full = 0.9, .held_idle = 1, .held_wait = 100 * NS_PER_MS,
	.ack_max = 53,
	.score_pass = 2.48, .score_fail = -0.865, .score_floor = -3.0, .upload_min = 0,
	.text_printable = 0.75, .text_outside = 0.05,
	.way_bytes = 0.4, .way_packets = 0.6, .call_same = 0.7, .call_same_beat = 1500000,
	.call_same_buffer = 10 * NS_PER_MS, .call_same_stands = 0.5, .call_same_fewer = 0.8,
	.call_same_more = 1.6,
	.burst_gap = 250 * NS_PER_MS, .burst_small = 0.2, .burst_least = 400,
	.burst_period_min = 250 * NS_PER_MS, .burst_period_max = 900 * NS_PER_S,
	.burst_rate_min = 4e3, .burst_rate_max = 320e3, .burst_way = 0.4,
	.burst_gap_tol = 0.10, .burst_size_tol = 0.25, .burst_row = 6, .burst_share = 0.8,
	.burst_late = 0.22, .burst_late_size = 0.20, .burst_follow = 0.2,
	.burst_follow_r = 0.9, .burst_follow_cv = 0.15,
	.burst_loose = 0.25, .burst_pause_gain = 7,
	.burst_pause_r = 0.5,
	.burst_steady = 0.85, .burst_strange = 6, .burst_part = 0.15, .burst_part_max = 5 * NS_PER_S,
	.burst_opening = 6000,
	.burst_span = 20 * NS_PER_S, .half_after = 60 * NS_PER_S,
	.half_share = 0.125, .half_hosts = 3, .half_lately = 1800 * NS_PER_S, .half_doubt = 1,
	.framed_near = 0.012, .name_free = 32,
	.claim_after = 3600 * NS_PER_S,
	.call_least = 60 * NS_PER_S, .call_within = 1800 * NS_PER_S, .call_tolerance = 0.02,
	.plain_max = 64000000,
};

/* cmocka compares floats, the meters hold doubles. */
#define assert_near(a, b, within) assert_true(fabs((double)(a) - (double)(b)) <= (within))

#define START (INT64_C(1790000000) * NS_PER_S)

struct dice {
	uint64_t state;			/* not 0 */
};

/* 0 < u < 1; xorshift64*, S. Vigna 2016 */
static inline double
dice_uniform(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return ((double)(d->state * UINT64_C(2685821657736338717) >> 11) + 0.5) / 0x1p53;
}

static inline double
dice_exponential(struct dice *d, double mean)
{
	return -mean * log(dice_uniform(d));
}

static inline double
dice_normal(struct dice *d, double mean, double sd)
{
	return mean +
	    sd * sqrt(-2 * log(dice_uniform(d))) * cos(2 * M_PI * dice_uniform(d));
}

static inline struct pkt_time
at(double seconds)
{
	return (struct pkt_time){ START + (int64_t)(seconds * 1e9 + 0.5) };
}

#endif
