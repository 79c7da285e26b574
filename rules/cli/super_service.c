/* SPDX-License-Identifier: GPL-3.0-or-later */
/* super_service: tells the service manager how the sensor stands. Ready is: the outlet
 * has its sinks open, and the sensor goes round its loop, which it enters when it
 * captures. The watchdog is fed while both loops go round, by what they post once a
 * second (snapshot.h). Refuses to judge a loop by anything but that. */
#include "rules/cli/super.h"

#include "rules/cli/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100			/* until it is ready */
#define LOOK_LATER_MS 1000
#define STALE_NS (4 * NS_PER_S)		/* a loop that was busy is not one that hangs */
#define STATUS_EVERY (10 * NS_PER_S)

static void on_tick(struct super *s, int fd);

static int64_t
monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void
pace(int fd, int64_t ms)
{
	struct itimerspec it = { 0 };

	it.it_interval.tv_sec = ms / 1000;
	it.it_interval.tv_nsec = ms % 1000 * NS_PER_MS;
	it.it_value = it.it_interval;
	(void)timerfd_settime(fd, 0, &it, NULL);
}

int
super_service(struct super *s, struct fault *why)
{
	int fd;

	if (s->o->notify == NULL || s->o->notify->fd == -1)
		return 0;
	s->service.since = monotonic();
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd == -1 || super_hear(s, fd, on_tick) == -1)
		return fault_set(why, NULL, "cannot keep time: %s", strerror(errno));
	pace(fd, LOOK_MS);
	notify_say(s->o->notify, "STATUS=starting");
	return 0;
}

static void
say_status(struct super *s, const struct sensor_snapshot *now, const char *before)
{
	uint64_t alerts = 0;
	char text[400];

	for (int i = 0; i < SEVERITY_COUNT; i++)
		alerts += s->report->alerts[i];
	(void)snprintf(text, sizeof(text),
	    "%sSTATUS=listening on %.64s: %llu packets, %llu alert%s", before,
	    s->o->iface == NULL ? "" : s->o->iface,
	    (unsigned long long)now->stats.packets, (unsigned long long)alerts,
	    alerts == 1 ? "" : "s");
	notify_say(s->o->notify, text);
}

static void
on_tick(struct super *s, int fd)
{
	int64_t now = monotonic(), dog = s->o->notify->watchdog_ns / NS_PER_MS / 4;
	struct sensor_snapshot sensor;
	struct outlet_snapshot outlet;
	uint64_t times;
	bool goes;

	if (read(fd, &times, sizeof(times)) != (ssize_t)sizeof(times) || s->stopping)
		return;
	goes = sensor_snapshot_read(s->boards.sensor, &sensor) &&
	    sensor.posted.ns > s->service.since && now - sensor.posted.ns < STALE_NS;
	if (!s->service.ready && goes && s->outlet > 0) {
		s->service.ready = true;
		s->service.next_status = now + STATUS_EVERY;
		say_status(s, &sensor, "READY=1\n");
		pace(fd, dog > 0 && dog < LOOK_LATER_MS ? dog : LOOK_LATER_MS);
	}
	/* Its first post is before it says that its sinks are open. */
	goes = goes && outlet_snapshot_read(s->boards.outlet, &outlet) &&
	    now - outlet.posted.ns < STALE_NS;
	if (s->service.ready && goes && dog > 0)
		notify_say(s->o->notify, "WATCHDOG=1");
	if (s->service.ready && goes && now >= s->service.next_status) {
		s->service.next_status = now + STATUS_EVERY;
		say_status(s, &sensor, "");
	}
}

void
super_service_says(struct super *s, enum service_word word)
{
	char text[160];

	/* Nobody was told yet that it is ready, and this is not how to say so. */
	if (!s->service.ready && word != SERVICE_STOPPING)
		return;
	switch (word) {
	case SERVICE_RELOADING:
		(void)snprintf(text, sizeof(text),
		    "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the rules again",
		    (long long)(monotonic() / 1000));
		notify_say(s->o->notify, text);
		break;
	case SERVICE_RELOADED:
		s->service.next_status = 0;
		notify_say(s->o->notify, "READY=1");
		break;
	case SERVICE_STOPPING:
		notify_say(s->o->notify, "STOPPING=1\nSTATUS=delivering what is left");
		break;
	}
}
