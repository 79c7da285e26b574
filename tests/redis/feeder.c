/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts numbered events into a ring at a steady pace, writes the same lines to a reference
 * file, and lets a forked outlet deliver them. The test's stand-in for a sensor.
 *
 *	feeder TARGET SPOOL REFERENCE COUNT PER_SECOND BOOT SPOOL_BYTES DRAIN_MS KEEP \
 *		[MACHINE [NAME [PASSWORD_FILE]]]
 *
 *	feeder init TARGET		as `earshot redis init`
 *	feeder summary TARGET		what lies in the streams
 *
 * Exits as the outlet does.
 */
#include "rules/event/outlet.h"
#include "rules/event/redis_admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t
clock_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void
pause_ns(int64_t ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	(void)nanosleep(&ts, NULL);
}

static void
put(struct ring *ring, FILE *reference, const char *boot, uint64_t i, uint64_t *seq)
{
	uint32_t partition = (uint32_t)(i * 7 % EVENT_PARTITIONS);
	uint32_t lane = i % 4 == 3 ? LANE_FLOW : LANE_ALERT;
	struct event_head h = {.lane = lane,
	    .partition = partition,
	    .seq = ++seq[lane * EVENT_PARTITIONS + partition],
	    .type = EVENT_TYPE_ALERT,
	    .time = 1700000000 * NS_PER_S + (int64_t)i * NS_PER_MS};
	char json[1400], fill[1001];
	size_t length = 100 + i * 37 % 900;
	uint8_t *room;

	(void)snprintf(h.boot, sizeof(h.boot), "%s", boot);
	memset(fill, 'x', length);
	fill[length] = '\0';
	h.json_len = (uint32_t)snprintf(json, sizeof(json),
	    "{\"boot\":\"%s\",\"lane\":%" PRIu32 ",\"p\":%" PRIu32 ",\"seq\":%" PRIu64
	    ",\"i\":%" PRIu64 ",\"fill\":\"%s\"}", boot, lane, partition, h.seq, i, fill);
	while ((room = ring_reserve(ring, sizeof(h) + h.json_len)) == NULL)
		if (ring_closed(ring))
			return;
		else
			(void)ring_wait_room(ring, sizeof(h) + h.json_len, 100);
	(void)fprintf(reference, "%s\n", json);
	memcpy(room, &h, sizeof(h));
	memcpy(room + sizeof(h), json, h.json_len);
	ring_commit(ring, sizeof(h) + h.json_len);
}

static void
print_stream(
    void *arg, const char *stream, uint64_t entries, const char *last, size_t len)
{
	(void)arg;
	(void)printf("%s %" PRIu64 " %.*s\n", stream, entries, (int)len, last);
}

static int
admin(const char *what, const char *target)
{
	struct fault why;
	const struct redis_access a = { .target = target };
	int rc = strcmp(what, "init") == 0 ? redis_init(&a, &why) :
	    redis_summary(&a, print_stream, NULL, &why);

	if (rc == -1)
		(void)fprintf(stderr, "%s\n", why.what);
	return rc == -1 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct log log = { "feeder", LOG_LEVEL_DEBUG };
	struct outlet_options o = {
	    .sensor = "feeder", .redis_flows = true, .ready_fd = -1, .log = &log};
	uint64_t seq[LANE_COUNT * EVENT_PARTITIONS] = { 0 };
	int status = 0, ready[2];
	struct sink_spec sink;
	struct fault why;
	FILE *reference;
	uint64_t count, rate;
	int64_t began;
	char byte;
	pid_t pid;

	if (argc == 3)
		return admin(argv[1], argv[2]);
	if (argc < 10 || argc > 13) {
		(void)fprintf(stderr,
		    "usage: feeder TARGET SPOOL REFERENCE COUNT PER_SECOND "
		    "BOOT SPOOL_BYTES DRAIN_MS KEEP "
		    "[MACHINE [NAME [PASSWORD_FILE]]]\n");
		return 2;
	}
	count = strtoull(argv[4], NULL, 10);
	rate = strtoull(argv[5], NULL, 10);
	o.spool_dir = argv[2];
	o.spool_bytes = strtoull(argv[7], NULL, 10);
	o.drain_ms = atoi(argv[8]);
	o.keep_spool = atoi(argv[9]) != 0;
	o.machine = argc > 10 && argv[10][0] != '\0' ? argv[10] : NULL;
	o.sensor = argc > 11 ? argv[11] : o.sensor;
	o.password_file = argc > 12 ? argv[12] : NULL;
	o.sink = &sink;
	o.sinks = 1;
	o.ring = ring_create(1 << 20, true, &why);
	reference = fopen(argv[3], "we");
	if (o.ring == NULL || reference == NULL ||
	    sink_parse(argv[1], &sink, &why) == -1 || pipe(ready) == -1) {
		(void)fprintf(stderr, "feeder: cannot begin\n");
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		o.ready_fd = ready[1];
		_exit(outlet_run(&o));
	}
	(void)close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		(void)fprintf(stderr, "feeder: the outlet is not ready\n");
	(void)setvbuf(
	    reference, NULL, _IOLBF, 4096); /* a killed feeder leaves it whole */
	began = clock_ns();
	for (uint64_t i = 0; i < count; i++) {
		int64_t due = began + (int64_t)(i / 20 * 20 * (uint64_t)NS_PER_S / rate);
		int64_t now = clock_ns();

		if (due > now)
			pause_ns(due - now);
		put(o.ring, reference, argv[6], i, seq);
	}
	(void)fclose(reference);
	ring_close(o.ring);
	if (waitpid(pid, &status, 0) != pid)
		return 2;
	ring_destroy(o.ring);
	if (WIFSIGNALED(status))
		(void)fprintf(
		    stderr, "feeder: the outlet died of signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
