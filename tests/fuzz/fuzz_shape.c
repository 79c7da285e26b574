/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A list of steps in time and size through the meters: nothing they say may be infinite
 * or no number, no count may be larger than its whole.
 *	flags (1), then steps: kind (1) size (2) and a wait (2, in units the kind chooses)
 */
#include "capture/base/span.h"
#include "classify/shape/bursts.h"
#include "classify/shape/meter.h"
#include "classify/shape/queries.h"
#include "classify/shape/text.h"
#include "classify/shape/within.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hearing limits = {
	.rate_min = 4e3, .rate_max = 400e3, .size_min = 12, .size_max = 700,
	.fano_max = 0.25, .packets_min = 7, .packets_max = 250, .bytes_fano_max = 0.25,
	.filled_min = 8, .clock_min = 0.42, .clock_power_min = 20,
	.clock_packets_min = 30, .clock_row_min = 0.65, .clock_row_sure = 0.95,
	.clock_fano_even = 0.10, .clock_fano_spurts = 0.7, .held_full = 0.9, .held_idle = 1,
	.held_wait = 100 * NS_PER_MS, .ack_max = 53,
	.clock_active_min = 4, .score_pass = 2.48, .score_fail = -0.865,
	.score_floor = -3,
	.text_printable = 0.75, .text_outside = 0.05, .way_bytes = 0.4,
	.way_packets = 0.6,
	.burst_gap = 250 * NS_PER_MS, .burst_small = 0.2, .burst_least = 400,
	.burst_period_min = 250 * NS_PER_MS, .burst_period_max = 900 * NS_PER_S,
	.burst_rate_min = 4e3, .burst_rate_max = 320e3, .burst_way = 0.4,
	.burst_gap_tol = 0.1, .burst_size_tol = 0.25, .burst_row = 6, .burst_share = 0.8,
	.burst_late = 0.22, .burst_late_size = 0.10, .burst_follow = 0.2,
	.burst_follow_r = 0.9, .burst_follow_cv = 0.15,
	.burst_span = 20 * NS_PER_S, .half_after = 60 * NS_PER_S,
	.half_share = 0.125, .half_doubt = 1,
};

static void
expect(bool true_always)
{
	if (!true_always)
		abort();
}

static void
check(const struct observation *o)
{
	unsigned i;
	double v;

	for (i = 0; i < FIELD_COUNT_ALL; i++) {
		if (observation_field[i].type != FIELD_NUMBER &&
		    observation_field[i].type != FIELD_RATE)
			continue;
		memcpy(&v, (const uint8_t *)o + observation_field[i].offset, sizeof(v));
		expect(isfinite(v));
	}
	expect(o->voice_filled <= 10 && o->voice_passed <= o->voice_windows);
	expect(o->voice_clock <= 1 && o->voice_clocked <= 1 && o->voice_fano >= 0);
	expect(o->chunks_count <= BURSTS_KEPT && o->chunks_gaps <= 1 &&
	    o->chunks_sizes <= 1);
	expect(fabs(o->chunks_slope) <= 1 + 1e-9 && o->chunks_span >= 0);
	expect(o->text_printable <= 1 && o->text_outside <= o->text_printable);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t unit[8] = { 100 * NS_PER_US, NS_PER_MS, 20 * NS_PER_MS,
		100 * NS_PER_MS, NS_PER_S, 3600 * NS_PER_S, -NS_PER_S,
		    INT64_MAX / 65536 };
	static const struct hearing none;
	struct span s = span_of(data, size);
	const struct hearing *h;
	struct meter m = { 0 };
	struct bursts b = { 0 };
	static struct within within;
	struct within_verdict verdict;
	struct queries q = { 0 };
	struct text_meter t = { 0 };
	struct meter_window w;
	struct observation o = { 0 };
	struct pkt_time now = { INT64_C(1790000000) * NS_PER_S };
	uint16_t bytes, wait;
	uint8_t flags, kind;
	unsigned closed, n;

	if (!span_u8(&s, &flags))
		return 0;
	h = (flags & 2) != 0 ? &none : &limits;
	memset(&within, 0, sizeof(within));
	within.streams = (flags & 8) != 0;
	while (span_u8(&s, &kind) && span_u16(&s, &bytes) && span_u16(&s, &wait)) {
		uint32_t fresh = (kind & 0x80) != 0 ? (uint32_t)bytes << 16 | 0xffff :
		    bytes;

		/* up to eight equal steps: rhythm is what this is about */
		for (n = 0; n <= (kind >> 3 & 7U); n++) {
			if (__builtin_add_overflow(now.ns, wait * unit[kind & 7],
			    &now.ns))
				now.ns = INT64_MAX;
			for (closed = 0; meter_step(&m, h, now, &w); closed++) {
				expect(closed < 2 && w.packets > 0);
				meter_observe(&m, &w, &o);
				check(&o);
			}
			if (bursts_step(&b, h, now)) {
				bursts_observe(&b, h, (flags & 4) == 0, &o);
				check(&o);
			}
			for (closed = 0; within_step(&within, h, now, &verdict); closed++) {
				expect(closed < 2 && verdict.way_packets >= 0);
				within_observe(&verdict, &o);
				check(&o);
			}
			within_packet(&within, now, fresh, (kind & 0x40) != 0);
			if ((flags & 9) == 8)
				meter_segment(&m, now, fresh, fresh * 3);
			else if ((flags & 9) == 9)
				meter_carried(&m, now, fresh);
			else
				meter_packet(&m, now, fresh, (flags & 1) != 0);
			bursts_packet(&b, h, now, fresh);
			queries_packet(&q, now, fresh);
			queries_name(&q, h, now, fresh % 256,
			    (uint64_t)fresh * 0x9e3779b97f4a7c15);
		}
		text_packet(&t, s);
		text_observe(&t, h, &o);
		queries_observe(&q, now, &o);
		check(&o);
	}
	return 0;
}
