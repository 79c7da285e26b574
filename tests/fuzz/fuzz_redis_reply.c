/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a server's answers, to a delivery that has events to send. The first byte
 * says how many bytes come at once. Time passes between pieces; a dropped connection
 * comes back. Once the server has sent us to another node the pieces come from the two in
 * turn, as from two that contradict each other.
 */
#include "rules/event/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
swallow(void *arg, unsigned link, const void *bytes, size_t n)
{
	size_t *sent = arg;

	(void)bytes;
	(void)link;
	*sent += n;
}

static struct delivery *
make(const struct log *log, size_t *sent, struct loop_time now)
{
	char shm[] = "/dev/shm/earshot-fuzz-XXXXXX", tmp[] = "/tmp/earshot-fuzz-XXXXXX";
	char *dir = access("/dev/shm", W_OK) == 0 ? shm : tmp;	/* spares us real syncs */
	struct seglog_options spool = { .dir = dir, .cap_bytes = 64 << 10, .now = now };
	struct delivery_options o = { .sensor = "s", .version = "0",
		.server = "fuzz", .spool = &spool, .load_function = true, .log = log,
		.arg = sent, .send = swallow };
	struct event_head h = { .lane = LANE_ALERT, .boot = "b", .json_len = 2 };
	struct delivery *d;

	if (mkdtemp(dir) == NULL || (d = delivery_create(&o, NULL)) == NULL)
		abort();
	for (uint64_t n = 1; n <= 6; n++) {
		h.partition = (uint32_t)(n & 1);
		h.seq = n < 5 ? (n + 1) / 2 : n;
		(void)delivery_put(d, &h, "{}", now);
	}
	return d;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct log log = { "fuzz", LOG_LEVEL_FATAL };
	struct loop_time now = { NS_PER_S };
	size_t sent = 0, piece;
	unsigned link = 0;
	bool second = false;
	struct delivery *d;
	struct fault why;

	if (size == 0)
		return 0;
	piece = data[0] == 0 ? size : data[0];
	data++;
	size--;
	d = make(&log, &sent, now);
	delivery_up(d, 0, NULL, now);
	while (size > 0) {
		size_t n = size < piece ? size : piece;
		uint8_t *exact = malloc(n);
		int rc;

		memcpy(exact, data, n);
		if (delivery_wants(d, 1) != NULL && !second)
			delivery_up(d, 1, NULL, now);
		second = delivery_wants(d, 1) != NULL;
		link = second ? !link : 0;
		now.ns += 300 * NS_PER_MS;
		rc = delivery_feed(d, link, exact, n, now, &why);
		free(exact);
		if (rc == -1 || delivery_tick(d, link, now, &why) == -1) {
			delivery_down(d, link, now);
			delivery_up(d, link, NULL, now);
		}
		data += n;
		size -= n;
	}
	delivery_destroy(d, true);
	return 0;
}
