/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listen: the sensor's live source for some seconds, and what came out of it. Owns the
 * clocks the packets are held against. */
#include "rules/doctor/look.h"

#include "capture/source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define BUDGET 1024
#define LOOK_MS 100
#define DRAIN_LOOKS 4
#define JOINED_BEYOND 22	/* header and two tags do not count in an MTU */

struct ear {
	struct doctor_facts *facts;
	struct iface_facts *iface;
	struct heard *heard;
	struct source *source;
	uint64_t too_long_before;
	int64_t now;		/* wall clock when this batch was taken */
};

static int64_t
clock_ns(clockid_t which)
{
	struct timespec t;

	(void)clock_gettime(which, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void
on_frame(void *arg, const struct frame *f)
{
	struct ear *e = arg;
	struct iface_facts *i = e->iface;
	int64_t off = e->now - f->time.ns;

	i->frames++;
	if (f->cap < f->wire)
		i->cut++;
	if (f->wire > i->longest)
		i->longest = f->wire;
	if (!i->any && i->mtu > 0 && f->wire > i->mtu + JOINED_BEYOND)
		i->joined++;
	if (!e->facts->offset_known || llabs(off) < llabs(e->facts->offset_ns)) {
		e->facts->offset_known = true;
		e->facts->offset_ns = off;
	}
	heard_frame(e->heard, f);
}

/* What this host is called on its wires. */
static void
own_addresses(struct heard_options *o)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) == -1)
		return;
	for (struct ifaddrs *a = all; a != NULL && o->owns < HEARD_OWN; a = a->ifa_next) {
		const void *in = a->ifa_addr;

		if (in == NULL)
			continue;
		if (a->ifa_addr->sa_family == AF_INET) {
			uint8_t v4[4];

			memcpy(
			    v4, &((const struct sockaddr_in *)in)->sin_addr, sizeof(v4));
			o->own[o->owns++] = addr_from_v4(v4);
		} else if (a->ifa_addr->sa_family == AF_INET6) {
			memcpy(o->own[o->owns++].b,
			    &((const struct sockaddr_in6 *)in)->sin6_addr, 16);
		}
	}
	freeifaddrs(all);
}

/* Frames the card refused for their length. */
static uint64_t
too_long(const char *iface)
{
	char path[128], text[32] = "";
	uint64_t n = 0;
	int fd;

	(void)snprintf(
	    path, sizeof(path), "/sys/class/net/%s/statistics/rx_length_errors", iface);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (read(fd, text, sizeof(text) - 1) > 0)
		n = strtoull(text, NULL, 10);
	(void)close(fd);
	return n;
}

static void
open_ear(struct ear *e, const struct listen_options *o)
{
	struct live_options lo = { .iface = e->iface->name, .filter = o->filter,
		.snaplen = o->snaplen };

	if (!e->iface->exists || !e->iface->up || !e->facts->may_capture)
		return;
	if (o->snaplen > 0)
		e->iface->snaplen = o->snaplen;
	e->source = source_open_live(&lo, &e->iface->refused);
	e->iface->opened = e->source != NULL;
	e->too_long_before = too_long(e->iface->name);
}

static void
close_ear(struct ear *e)
{
	struct source_loss loss = { 0 };
	uint64_t refused;

	if (e->source == NULL)
		return;
	source_get_loss(e->source, &loss);
	e->iface->kernel_drops = loss.kernel_drops;
	e->iface->iface_drops = loss.iface_drops;
	refused = too_long(e->iface->name);
	e->iface->too_long = refused > e->too_long_before ?
	    refused - e->too_long_before : 0;
	source_destroy(e->source);
}

/* One batch of each; waits a moment when there is nothing. */
static void
listen_once(struct ear *ear, unsigned n)
{
	struct pollfd p[DOCTOR_IFACES];
	struct fault why;
	nfds_t fds = 0;
	int got = 0, ms = LOOK_MS;

	for (unsigned i = 0; i < n; i++) {
		int r;

		if (ear[i].source == NULL)
			continue;
		ear[i].now = clock_ns(CLOCK_REALTIME);
		r = source_dispatch(ear[i].source, BUDGET, on_frame, &ear[i], &why);
		got += r > 0 ? r : 0;
		p[fds].events = POLLIN;
		if (source_wait(ear[i].source, &p[fds].fd, 1, &ms) == 1)
			fds++;
	}
	if (got == 0)
		(void)poll(p, fds, ms);
}

static void
listen_all(struct ear *ear, unsigned n, const struct listen_options *o)
{
	int64_t until = clock_ns(CLOCK_MONOTONIC) + o->ns;

	while (clock_ns(CLOCK_MONOTONIC) < until && (o->stop == NULL || *o->stop == 0))
		listen_once(ear, n);
	/* What was on the wire before the end comes when a block's time-out is over. */
	for (int i = 0; i < DRAIN_LOOKS; i++)
		listen_once(ear, n);
}

void
listen_ifaces(struct doctor_facts *facts, const struct listen_options *o)
{
	struct heard_options ho = { .zone = o->zone };
	struct ear ear[DOCTOR_IFACES] = { 0 };
	int64_t from;
	bool any = false;

	own_addresses(&ho);
	if (getrandom(&ho.hash, sizeof(ho.hash), 0) != (ssize_t)sizeof(ho.hash))
		return;
	ear[0].heard = heard_create(&ho);
	if (ear[0].heard == NULL)
		return;
	for (unsigned i = 0; i < facts->ifaces; i++) {
		ear[i].facts = facts;
		ear[i].iface = &facts->iface[i];
		ear[i].heard = ear[0].heard;
		open_ear(&ear[i], o);
		any = any || ear[i].source != NULL;
	}
	from = clock_ns(CLOCK_MONOTONIC);
	if (any)
		listen_all(ear, facts->ifaces, o);
	facts->listened = any;
	facts->listened_ns = clock_ns(CLOCK_MONOTONIC) - from;
	heard_counts(ear[0].heard, &facts->heard);
	for (unsigned i = 0; i < facts->ifaces; i++)
		close_ear(&ear[i]);
	heard_destroy(ear[0].heard);
}
