/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress: owns one line of standard error. It always leaves the cursor in the first
 * column, so that whoever writes next writes over it. */
#include "rules/cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SILENT_FOR NS_PER_S
#define PACE_NS (NS_PER_S / 5)

const struct timespec progress_pace = { 0, PACE_NS };

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

void
progress_begin(struct progress *p, bool wanted)
{
	*p = (struct progress){ .on = wanted && isatty(STDERR_FILENO) == 1,
		.begun_ns = now_ns() };
}

static void
amount(char *out, size_t room, uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < sizeof(unit) / sizeof(unit[0]); u++)
		v /= 1024;
	(void)snprintf(out, room, u == 0 ? "%.0f %s" : "%.1f %s", v, unit[u]);
}

int
progress_line(char *out, size_t room, const struct sensor_report *r, int64_t for_ns)
{
	uint64_t total = __atomic_load_n(&r->progress.bytes_total, __ATOMIC_RELAXED);
	uint64_t bytes = __atomic_load_n(&r->progress.bytes_read, __ATOMIC_RELAXED);
	uint64_t packets = __atomic_load_n(&r->progress.packets, __ATOMIC_RELAXED);
	double secs = (double)for_ns / (double)NS_PER_S, left, part;
	char read[24], of[24];

	if (total > 0 && bytes > total)
		bytes = total;		/* it grew while it was read */
	amount(read, sizeof(read), bytes);
	if (total == 0)
		return snprintf(out, room, "%s, %.0f packets/s", read,
		    (double)packets / secs);
	amount(of, sizeof(of), total);
	if (bytes == 0)
		return snprintf(out, room, "0 %%, 0 B of %s", of);
	part = (double)bytes / (double)total;
	left = secs * (1 - part) / part;
	if (left > 999 * 60)
		left = 999 * 60;	/* longer is a guess */
	return snprintf(out, room, "%d %%, %s of %s, %.0f packets/s, %d:%02d left",
	    (int)(part * 100), read, of, (double)packets / secs, (int)left / 60,
	    (int)left % 60);
}

void
progress_draw(struct progress *p, const struct sensor_report *r)
{
	struct winsize w = { 0 };
	int64_t now;
	char line[160];
	int n, most = 79;

	if (!p->on || !__atomic_load_n(&r->progress.begun, __ATOMIC_ACQUIRE))
		return;
	now = now_ns();
	if (now - p->begun_ns < SILENT_FOR || now - p->drawn_ns < PACE_NS)
		return;
	n = progress_line(line, sizeof(line), r, now - p->begun_ns);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1)
		most = w.ws_col - 1;
	if (n > most)
		n = most;
	fprintf(stderr, "\r%.*s\033[K\r", n, line);
	(void)fflush(stderr);
	p->drawn_ns = now;
	p->shown = true;
}

void
progress_erase(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	(void)fflush(stderr);
	p->shown = false;
}
