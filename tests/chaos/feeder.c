/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts numbered events into a ring at a steady pace, writes down what it put in, and keeps
 * an outlet that delivers them: the tests' stand-in for a sensor and its supervisor.
 *
 *	feeder -o OUTPUT -d SPOOL -w SOURCE [-n COUNT] [-r PER_SECOND] [-b BOOT]
 *	    [-c SPOOL_BYTES] [-D DRAIN_MS] [-f LINES] [-p PASSWORD_FILE] [-q] [-k] [-x]
 *
 *	-w SOURCE	one line for each event, before it is put in:
 *			boot/lane/partition/seq/crc32 device count
 *	-n 0		until SIGTERM
 *	-r 0		as fast as the ring takes them
 *	-f LINES	events are the lines of this file, in turn, not made up
 *	-q		no source is written
 *	-k		the spool outlives the run; -x: an outlet that dies is started again
 *
 *	feeder init OUTPUT	as `earshot redis init`
 *	feeder summary OUTPUT	what lies in the streams
 *
 * At the end one line of JSON says what it took. Exits as the outlet does.
 */
#define _GNU_SOURCE
#include "rules/event/outlet.h"
#include "rules/event/redis_admin.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define DEVICES 1600
#define LINES_MOST 100000

struct feeder {
	struct outlet_options o;
	struct log log;
	struct sink_spec sink[OUTLET_SINKS];
	FILE *source;
	const char *boot;
	uint64_t count, rate;
	bool again;			/* start an outlet that died anew */
	pid_t pid;
	int status;
	unsigned starts;
	struct rusage used;		/* of outlets that ended */
	uint64_t seq[LANE_COUNT * EVENT_PARTITIONS];
	uint64_t of_device[DEVICES];
	char *line[LINES_MOST];		/* without newline */
	uint32_t line_len[LINES_MOST];
	unsigned lines;
	uint64_t bytes;
};

static int64_t
clock_ns(clockid_t which)
{
	struct timespec ts;

	(void)clock_gettime(which, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void
pause_ns(int64_t ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	(void)nanosleep(&ts, NULL);
}

static bool
start_outlet(struct feeder *f)
{
	int ready[2];
	bool up;
	char byte;

	if (pipe(ready) == -1)
		return false;
	f->pid = fork();
	if (f->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		f->o.ready_fd = ready[1];
		ring_resume(f->o.ring);
		_exit(outlet_run(&f->o));
	}
	(void)close(ready[1]);
	f->starts++;
	up = read(ready[0], &byte, 1) == 1;
	(void)close(ready[0]);
	return up;
}

/* As the supervisor does. False: there is no outlet any more. */
static bool
look_after(struct feeder *f, int how)
{
	struct rusage used;

	while (wait4(f->pid, &f->status, how, &used) == f->pid) {
		timeradd(&f->used.ru_utime, &used.ru_utime, &f->used.ru_utime);
		timeradd(&f->used.ru_stime, &used.ru_stime, &f->used.ru_stime);
		if (used.ru_maxrss > f->used.ru_maxrss)
			f->used.ru_maxrss = used.ru_maxrss;
		if (!f->again || !WIFSIGNALED(f->status))
			return false;
		(void)start_outlet(f);	/* one that died at once is found here again */
	}
	return true;
}

static uint32_t
make_up(const struct feeder *f, const struct event_head *h, uint64_t i, unsigned device,
    char *json, size_t size)
{
	size_t length = 100 + i * 37 % 900;
	int n = snprintf(json, size, "{\"b\":\"%s\",\"l\":%" PRIu32 ",\"p\":%" PRIu32
	    ",\"n\":%" PRIu64 ",\"d\":%u,\"k\":%" PRIu64 ",\"t\":%" PRId64 ",\"fill\":\"",
	    f->boot, h->lane, h->partition, h->seq, device, f->of_device[device],
	    clock_ns(CLOCK_REALTIME));

	memset(json + n, 'x', length);
	memcpy(json + (size_t)n + length, "\"}", 2);
	return (uint32_t)((size_t)n + length + 2);
}

/* False: nobody takes it. */
static bool
put(struct feeder *f, uint64_t i)
{
	static char json[EVENT_BYTES];
	/* A device is of one partition; one of four events is of lane flow. */
	unsigned device = (unsigned)(i * 7919 % DEVICES);
	struct event_head h = { .lane = i % 4 == 3 ? LANE_FLOW : LANE_ALERT,
		.partition = device % EVENT_PARTITIONS, .type = EVENT_TYPE_ALERT,
		.time = clock_ns(CLOCK_REALTIME) };
	const char *text = json;
	uint8_t *room;
	size_t n;

	h.seq = ++f->seq[h.lane * EVENT_PARTITIONS + h.partition];
	f->of_device[device]++;
	(void)snprintf(h.boot, sizeof(h.boot), "%s", f->boot);
	if (f->lines > 0) {
		text = f->line[i % f->lines];
		h.json_len = f->line_len[i % f->lines];
	} else {
		h.json_len = make_up(f, &h, i, device, json, sizeof(json));
	}
	n = sizeof(h) + h.json_len;
	f->bytes += h.json_len;
	if (f->source != NULL)
		(void)fprintf(f->source, "%s/%" PRIu32 "/%02" PRIu32 "/%" PRIu64
		    "/%08lx %u %" PRIu64 "\n", f->boot, h.lane, h.partition, h.seq,
		    crc32(0, (const uint8_t *)text, h.json_len), device,
		    f->of_device[device]);
	while ((room = ring_reserve(f->o.ring, n)) == NULL) {
		if (ring_closed(f->o.ring) || !look_after(f, WNOHANG))
			return false;
		(void)ring_wait_room(f->o.ring, n, 10);
	}
	memcpy(room, &h, sizeof(h));
	memcpy(room + sizeof(h), text, h.json_len);
	ring_commit(f->o.ring, n);
	return true;
}

static void
read_lines(struct feeder *f, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while (in != NULL && f->lines < LINES_MOST && (n = getline(&line, &room, in)) > 1) {
		f->line_len[f->lines] = (uint32_t)n - (line[n - 1] == '\n');
		f->line[f->lines++] = strdup(line);
	}
	free(line);
	if (in != NULL)
		(void)fclose(in);
}

static void
print_stream(void *arg, const char *stream, uint64_t entries, const char *last, size_t len)
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

static bool
options(struct feeder *f, int argc, char **argv)
{
	const char *source = NULL, *lines = NULL;
	struct fault why;
	int c;

	f->o = (struct outlet_options){ .sensor = "feeder", .redis_flows = true,
		.ready_fd = -1, .log = &f->log, .sink = f->sink };
	f->log = (struct log){ "feeder", LOG_LEVEL_DEBUG };
	f->boot = "b1";
	while ((c = getopt(argc, argv, "o:d:w:n:r:b:c:D:f:p:qkx")) != -1) {
		if (c == 'o' && f->o.sinks < OUTLET_SINKS) {
			if (sink_parse(optarg, &f->sink[f->o.sinks++], &why) == -1) {
				(void)fprintf(stderr, "feeder: %s\n", why.what);
				return false;
			}
		} else if (c == 'd') {
			f->o.spool_dir = optarg;
		} else if (c == 'w') {
			source = optarg;
		} else if (c == 'n') {
			f->count = strtoull(optarg, NULL, 10);
		} else if (c == 'r') {
			f->rate = strtoull(optarg, NULL, 10);
		} else if (c == 'b') {
			f->boot = optarg;
		} else if (c == 'c') {
			f->o.spool_bytes = strtoull(optarg, NULL, 10);
		} else if (c == 'D') {
			f->o.drain_ms = atoi(optarg);
		} else if (c == 'f') {
			lines = optarg;
		} else if (c == 'p') {
			f->o.password_file = optarg;
		} else if (c == 'k') {
			f->o.keep_spool = true;
		} else if (c == 'x') {
			f->again = true;
		} else if (c != 'q') {
			return false;
		}
	}
	if (lines != NULL)
		read_lines(f, lines);
	if (f->o.sinks == 0 || (lines != NULL && f->lines == 0))
		return false;
	f->source = source == NULL ? NULL : fopen(source, "we");
	/* A killed feeder leaves whole lines. */
	if (f->source != NULL)
		(void)setvbuf(f->source, NULL, _IOLBF, 4096);
	return source == NULL || f->source != NULL;
}

static volatile sig_atomic_t ended;

static void
end(int signal)
{
	(void)signal;
	ended = 1;
}

int
main(int argc, char **argv)
{
	static struct feeder f;
	int64_t began, fed, done;
	struct fault why;
	uint64_t i = 0;

	if (argc == 3)
		return admin(argv[1], argv[2]);
	if (!options(&f, argc, argv)) {
		(void)fprintf(stderr, "feeder: see the head of feeder.c\n");
		return 2;
	}
	f.o.ring = ring_create(1 << 20, true, &why);
	if (f.o.ring == NULL || !start_outlet(&f)) {
		(void)fprintf(stderr, "feeder: cannot begin\n");
		return 2;
	}
	(void)signal(SIGTERM, end);
	began = clock_ns(CLOCK_MONOTONIC);
	while (!ended && (f.count == 0 || i < f.count)) {
		/* Five at once above 5,000/s, each for itself below. */
		uint64_t slice = f.rate > 5000 ? f.rate / 1000 : 1;
		int64_t due = f.rate == 0 ? 0 : began +
		    (int64_t)((double)(i / slice * slice) * (double)NS_PER_S / (double)f.rate);
		int64_t now = f.rate == 0 ? 0 : clock_ns(CLOCK_MONOTONIC);

		if (due > now)
			pause_ns(due - now > NS_PER_S / 5 ? NS_PER_S / 5 : due - now);
		if (!look_after(&f, WNOHANG))
			break;
		if (due - now > NS_PER_S / 5)
			continue;
		if (!put(&f, i++))
			break;
	}
	fed = clock_ns(CLOCK_MONOTONIC);
	if (f.source != NULL)
		(void)fclose(f.source);
	ring_close(f.o.ring);
	(void)look_after(&f, 0);
	done = clock_ns(CLOCK_MONOTONIC);
	ring_destroy(f.o.ring);
	if (WIFSIGNALED(f.status))
		(void)fprintf(stderr, "feeder: the outlet died of signal %d\n",
		    WTERMSIG(f.status));
	(void)printf("{\"events\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"fed\":%.3f,"
	    "\"delivered\":%.3f,\"user\":%.3f,\"system\":%.3f,\"maxrss\":%ld,\"starts\":%u}\n",
	    i, f.bytes, (double)(fed - began) / 1e9, (double)(done - began) / 1e9,
	    (double)f.used.ru_utime.tv_sec + (double)f.used.ru_utime.tv_usec / 1e6,
	    (double)f.used.ru_stime.tv_sec + (double)f.used.ru_stime.tv_usec / 1e6,
	    f.used.ru_maxrss, f.starts);
	return WIFEXITED(f.status) ? WEXITSTATUS(f.status) : 3;
}
