/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * metrics: the figures of the stats event, and of the outputs, in the text form of
 * Prometheus (version 0.0.4). Names, meanings and values come from the rows of
 * event_table.h; METRICS here says under which name, type and unit a row is told. A row
 * that METRICS does not know is told too, untyped, so that no figure is missing.
 *
 * A counter only grows, until its process is started anew. What may be taken back is a
 * gauge: packets understood, when the tap turns out to duplicate, and missing bytes, when
 * they come late.
 */
#ifndef RULES_EVENT_METRICS_H
#define RULES_EVENT_METRICS_H

#include "rules/event/snapshot.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* X(row of event_table.h, name, type, what one of the row is in the metric's unit) */
#define METRICS(X) \
	X(S_PACKETS, "earshot_packets_total", COUNTER, 1) \
	X(S_USED, "earshot_packets_used", GAUGE, 1) \
	X(S_BYTES, "earshot_captured_bytes_total", COUNTER, 1) \
	X(S_KERNEL, "earshot_kernel_drops_total", COUNTER, 1) \
	X(S_IFACE, "earshot_interface_drops_total", COUNTER, 1) \
	X(S_FLOWS, "earshot_flows_total", COUNTER, 1) \
	X(S_FLOWS_NOW, "earshot_flows", GAUGE, 1) \
	X(S_PAIRS_NOW, "earshot_host_pairs", GAUGE, 1) \
	X(S_EVICTED, "earshot_flows_evicted_total", COUNTER, 1) \
	X(S_ORPHAN, "earshot_orphan_fragments_total", COUNTER, 1) \
	X(S_TAP_DUPLICATES, "earshot_tap_duplicates", GAUGE, 1) \
	X(S_COPIES, "earshot_copies_total", COUNTER, 1) \
	X(S_COPIES_KEPT, "earshot_copies_kept_total", COUNTER, 1) \
	X(S_COPIES_CROWDED, "earshot_copies_crowded_total", COUNTER, 1) \
	X(S_HALF, "earshot_half_flows_total", COUNTER, 1) \
	X(S_TAGS_DIFFER, "earshot_flows_tags_differ_total", COUNTER, 1) \
	X(S_RECORDS, "earshot_observations_total", COUNTER, 1) \
	X(S_VERDICTS, "earshot_verdicts_total", COUNTER, 1) \
	X(S_SUPPRESSED, "earshot_verdicts_suppressed_total", COUNTER, 1) \
	X(S_EXCEPTED, "earshot_verdicts_excepted_total", COUNTER, 1) \
	X(S_SUM_KEYS, "earshot_sum_keys", GAUGE, 1) \
	X(S_SUM_EVICTED, "earshot_sum_keys_evicted_total", COUNTER, 1) \
	X(S_SUM_ERROR, "earshot_sum_error_bytes", GAUGE, 1) \
	X(S_CELL_PACKETS, "earshot_classifier_packets_total", COUNTER, 1) \
	X(S_CELL_DEATHS, "earshot_classifier_deaths_total", COUNTER, 1) \
	X(S_CELL_HANGS, "earshot_classifier_hangs_total", COUNTER, 1) \
	X(S_CELL_QUARANTINED, "earshot_classifier_quarantined_flows_total", COUNTER, 1) \
	X(S_BREAKER, "earshot_classifier_breaker_trips_total", COUNTER, 1) \
	X(S_RING_LOST, "earshot_ring_lost_events_total", COUNTER, 1) \
	X(S_OBSERVATIONS_LOST, "earshot_observations_lost_total", COUNTER, 1) \
	X(S_GAP_BYTES, "earshot_gap_bytes", GAUGE, 1) \
	X(S_NO_HEAD, "earshot_flows_unread_total", COUNTER, 1) \
	X(S_CALLS, "earshot_calls_forgotten_total", COUNTER, 1) \
	X(S_PIECES_LOST, "earshot_pieces_forgotten_total", COUNTER, 1) \
	X(S_HOLES_LOST, "earshot_tcp_holes_lost_total", COUNTER, 1) \
	X(S_DEVICES, "earshot_devices", GAUGE, 1) \
	X(S_DEVICES_LOST, "earshot_devices_forgotten_total", COUNTER, 1) \
	X(S_LEASES, "earshot_leases", GAUGE, 1) \
	X(S_LEASES_LOST, "earshot_leases_forgotten_total", COUNTER, 1) \
	X(S_NAMES, "earshot_names", GAUGE, 1) \
	X(S_NAMES_LOST, "earshot_names_forgotten_total", COUNTER, 1) \
	X(S_DESTS, "earshot_destinations", GAUGE, 1) \
	X(S_DESTS_LOST, "earshot_destinations_forgotten_total", COUNTER, 1) \
	X(S_FOLLOWED, "earshot_devices_followed_total", COUNTER, 1) \
	X(S_PARTED, "earshot_devices_parted_total", COUNTER, 1) \
	X(S_DHCP_REFUSED, "earshot_dhcp_refused_total", COUNTER, 1) \
	X(S_METERS, "earshot_meters", GAUGE, 1) \
	X(S_METERS_LOST, "earshot_meters_forgotten_total", COUNTER, 1) \
	X(S_STRINGS, "earshot_names_refused_total", COUNTER, 1) \
	X(S_LAG, "earshot_lag_seconds", GAUGE, 1e-3) \
	X(S_SECCOMP, "earshot_seccomp_enabled", GAUGE, 1) \
	X(S_LANDLOCK, "earshot_landlock_abi", GAUGE, 1) \
	X(S_CELL_SECCOMP, "earshot_cell_seccomp_enabled", GAUGE, 1) \
	X(S_CELL_LANDLOCK, "earshot_cell_landlock_abi", GAUGE, 1) \
	X(S_OUTLET_SECCOMP, "earshot_outlet_seccomp_enabled", GAUGE, 1) \
	X(S_OUTLET_LANDLOCK, "earshot_outlet_landlock_abi", GAUGE, 1)

struct metrics_view {
	const char *sensor, *version;
	const struct sensor_snapshot *now;	/* NULL: the sensor has not said anything */
	const struct outlet_snapshot *out;
	uint64_t refused;		/* connections to the metrics that were refused */
	struct loop_time time;
};

/* The whole exposition. Any bytes in labels. */
void metrics_print(const struct metrics_view *v,
    void (*write)(void *arg, const char *s, size_t n), void *arg);

#endif
