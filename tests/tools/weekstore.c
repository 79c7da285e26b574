/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * weekstore: seven days of an office's flows, as the store keeps them, to measure trace by.
 *
 *	weekstore FOLDER FLOWS [events]
 *
 * Of FLOWS one in ten sent 4 kB or more: those are closes (one in four has a part before),
 * sizes log-normal about 20 kB; the others are sums of a device, a destination and ten
 * minutes. On the fourth day a recording of 20.7 MB goes out. `events`: flow events of
 * the kept ones on standard output instead.
 */
#include "rules/event/event.h"
#include "rules/event/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 (INT64_C(1795132800) * NS_PER_S)	/* 2026-11-20 */
#define DEVICES 500
#define DESTS 3000

static uint64_t dice = 88172645463325252ULL;

static double
uniform(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return ((double)(dice >> 11) + 0.5) / 0x1p53;
}

/* A device has some hundred destinations, and some of them most of the time. */
static unsigned
dest_of(unsigned device)
{
	unsigned rank = (unsigned)(uniform() * uniform() * uniform() * 150);

	return rank < 20 ? rank : (device * 37 + rank * 11) % DESTS;
}

static struct observation
flow(struct intern *strings, enum observation_kind kind, uint64_t id, unsigned device,
    unsigned dest, int64_t start, int64_t length, uint64_t up)
{
	struct observation o = { .size = sizeof(o), .version = OBSERVATION_VERSION,
		.kind = (uint8_t)kind, .time = start + length, .ordinal = id,
		.flow_id = kind == OBSERVATION_SUM ? 0 : id, .pair_id = id >> 3 };
	struct addr inside = { .b = { [10] = 0xff, 0xff, 10, 20, (uint8_t)(device >> 8),
	    (uint8_t)device } };
	struct addr outside = { .b = { [10] = 0xff, 0xff, 203, 0, (uint8_t)(dest >> 8),
	    (uint8_t)dest } };
	char text[64];
	int n = snprintf(text, sizeof(text), "device-%u", device);

	OBSERVATION_SET(&o, outbound, true);
	OBSERVATION_SET(&o, src_ip, inside);
	OBSERVATION_SET(&o, dest_ip, outside);
	OBSERVATION_SET(&o, device_key, intern_put(strings, text, (size_t)n));
	n = snprintf(text, sizeof(text), "host-%u.example", dest);
	OBSERVATION_SET(&o, dest_key, intern_put(strings, text, (size_t)n));
	OBSERVATION_SET(&o, dest_name, o.dest_key);
	OBSERVATION_SET(&o, upload, up);
	OBSERVATION_SET(&o, download, up / 3);
	OBSERVATION_SET(&o, pkts_up, up / 1400 + 4);
	OBSERVATION_SET(&o, pkts_down, up / 2800 + 4);
	if (kind == OBSERVATION_SUM) {
		OBSERVATION_SET(&o, window_start, start);
		OBSERVATION_SET(&o, window_length, length);
		return o;
	}
	OBSERVATION_SET(&o, src_port, (uint16_t)(32768 + id % 28000));
	OBSERVATION_SET(&o, dest_port, 443);
	OBSERVATION_SET(&o, transport, TRANSPORT_TCP);
	OBSERVATION_SET(&o, tls_sni, o.dest_key);
	OBSERVATION_SET(&o, app, intern_put(strings, "tls", 3));
	OBSERVATION_SET(&o, app_category, intern_put(strings, "web", 3));
	OBSERVATION_SET(&o, app_confidence, CONFIDENCE_DPI);
	OBSERVATION_SET(&o, app_risks, 0);
	OBSERVATION_SET(&o, dest_settled, true);
	OBSERVATION_SET(&o, dest_looked_up, true);
	OBSERVATION_SET(&o, flow_start, start);
	OBSERVATION_SET(&o, flow_last, start + length);
	OBSERVATION_SET(&o, captured_up, up);
	OBSERVATION_SET(&o, captured_down, up / 3);
	OBSERVATION_SET(&o, wire_up, up + up / 20);
	OBSERVATION_SET(&o, wire_down, up / 3);
	OBSERVATION_SET(&o, way_bytes, 0.33);
	OBSERVATION_SET(&o, unseen, up);
	OBSERVATION_SET(&o, pair_up, up * 3);
	OBSERVATION_SET(&o, pair_down, up);
	OBSERVATION_SET(&o, quarantined, false);
	if (kind == OBSERVATION_CLOSE)
		OBSERVATION_SET(&o, flow_end, FLOW_END_FIN);
	return o;
}

static bool
to_stdout(void *arg, const struct event_head *h, const char *json, const char *text)
{
	(void)arg;
	(void)h;
	(void)text;
	return puts(json) >= 0;
}

int
main(int argc, char **argv)
{
	static const struct siphash_key key = { 1, 2 };
	struct intern *strings = intern_create(&key, 65536);
	struct store_options so = { .hash = key, .strings = strings,
		.cap_bytes = UINT64_C(64) << 30, .wall = T0 };
	struct emitter_options eo = { .sensor = "week", .boot = "made", .version = "0",
		.rules_version = "0", .input = "made", .flows = true, .put = to_stdout };
	struct fault why = { "", "" };
	bool events = argc == 4;
	uint64_t all = argc >= 3 ? strtoull(argv[2], NULL, 10) : 0, kept = all / 10,
	    sums = all / 20;
	struct emitter *e = events ? emitter_create(&eo, &why) : NULL;
	struct store *s;

	so.dir = argc >= 2 ? argv[1] : NULL;
	s = events ? NULL : store_open(&so, &why);
	if (all == 0 || strings == NULL || (s == NULL && e == NULL)) {
		fprintf(stderr, "usage: weekstore FOLDER FLOWS [events] %s\n", why.what);
		return 2;
	}
	for (uint64_t i = 0; i < kept; i++) {
		int64_t at = T0 + (int64_t)((double)i / (double)kept * 7 * 86400e9);
		double n = sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
		uint64_t up = (uint64_t)(20000 * exp(1.6 * n));
		int64_t length = (int64_t)(uniform() * 30e9);
		unsigned device = (unsigned)(uniform() * DEVICES),
		    dest = dest_of(device);
		struct loop_time now = { at };
		struct observation o;

		if (i == kept * 4 / 7) {
			up = 20762000;
			device = 77;
			length = 14 * NS_PER_S;
		}
		up = up < 4096 ? 4096 : up;
		if (events) {
			o = flow(strings, OBSERVATION_CLOSE, i + 1, device, dest, at, length,
			    up);
			emitter_flow(e, &o, strings);
			continue;
		}
		if (i % 4 == 0 || up > 262144) {
			o = flow(strings, OBSERVATION_PART, i + 1, device, dest, at, length / 2,
			    up / 2);
			store_put(s, &o, now);
		}
		o = flow(strings, OBSERVATION_CLOSE, i + 1, device, dest, at, length, up);
		store_put(s, &o, now);
		for (uint64_t k = i * sums / kept; k < (i + 1) * sums / kept; k++) {
			device = (unsigned)(uniform() * DEVICES);
			o = flow(strings, OBSERVATION_SUM, 0, device, dest_of(device), at,
			    600 * NS_PER_S, (uint64_t)(uniform() * 20000));
			store_put(s, &o, now);
		}
		if (i % 4096 == 0)
			store_tick(s, (struct pkt_time){ at }, now, at);
	}
	store_close(s);
	emitter_destroy(e);
	intern_destroy(strings);
	return 0;
}
