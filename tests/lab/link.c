/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link: the line between the lab's router and its far side.
 *
 * Not every kernel has netem, so frames are carried here: from one tap device to another, each
 * way with a delay, a slowly wandering jitter that never reorders, random loss and a rate with a
 * queue of a quarter of a second behind it. The taps lie in network namespaces given by path.
 *
 *	link NS1 TAP1 NS2 TAP2 DELAY_MS JITTER_MS LOSS_PERCENT RATE_KBIT [SEED]
 *	link mirror NS DEVICE TAP VLAN
 *
 * The second form copies what DEVICE sees to TAP with an 802.1Q tag on it, as the mirror port of
 * a trunk does. Refused: nothing; a frame that finds the queue full is lost, as on a real line.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE = 4096, FRAME = 1600 };

struct waiting {
	int64_t due;		/* nanoseconds of the monotonic clock */
	uint16_t len;
	uint8_t bytes[FRAME];
};

/* One direction: a ring of frames in the order in which they leave. */
struct way {
	struct waiting *q;
	unsigned head, tail;
	int64_t free_at;	/* when the line has sent what it was given */
	int64_t last_due;
	double wander;
};

struct line {
	double delay, jitter, loss, rate;
};

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
enter(const char *ns)
{
	int fd = open(ns, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || setns(fd, CLONE_NEWNET) == -1) {
		fprintf(stderr, "link: cannot enter '%s': %s\n", ns, strerror(errno));
		exit(1);
	}
	close(fd);
}

static int
tap(const char *ns, const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd;

	enter(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd == -1 || ioctl(fd, TUNSETIFF, &r) == -1) {
		fprintf(stderr, "link: cannot make tap '%s': %s\n", name, strerror(errno));
		exit(1);
	}
	return fd;
}

static double
chance(void)
{
	return drand48();
}

/* Takes what came in, decides when it leaves. */
static void
take(int fd, struct way *w, const struct line *l)
{
	int64_t t, due;
	ssize_t n;

	while (w->head - w->tail < QUEUE) {
		struct waiting *f = &w->q[w->head % QUEUE];

		n = read(fd, f->bytes, FRAME);
		if (n <= 0)
			return;
		t = now();
		if (chance() < l->loss / 100)
			continue;
		if (w->free_at < t)
			w->free_at = t;
		if (w->free_at - t > 250000000)
			continue;
		w->free_at += (int64_t)((double)n * 8e6 / l->rate);
		/* A walk that returns to the middle, with a spike now and then. */
		w->wander = w->wander * 0.98 + (chance() - 0.5) * 0.4;
		due = w->free_at + (int64_t)(1e6 * (l->delay + l->jitter * (fabs(w->wander)
		    + (chance() < 0.005 ? 4 * chance() : 0))));
		if (due < w->last_due)
			due = w->last_due;
		w->last_due = f->due = due;
		f->len = (uint16_t)n;
		w->head++;
	}
}

static void
give(int fd, struct way *w, int64_t t)
{
	for (; w->tail != w->head; w->tail++) {
		struct waiting *f = &w->q[w->tail % QUEUE];

		if (f->due > t)
			return;
		if (write(fd, f->bytes, f->len) == -1 && errno == EAGAIN)
			return;
	}
}

static void
carry(int a, int b, const struct line *l)
{
	struct way there = { .q = calloc(QUEUE, sizeof(struct waiting)) };
	struct way back = { .q = calloc(QUEUE, sizeof(struct waiting)) };
	struct pollfd p[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };

	if (there.q == NULL || back.q == NULL)
		exit(1);
	for (;;) {
		int64_t t = now(), next = t + 1000000000;
		struct timespec wait;

		if (there.tail != there.head && there.q[there.tail % QUEUE].due < next)
			next = there.q[there.tail % QUEUE].due;
		if (back.tail != back.head && back.q[back.tail % QUEUE].due < next)
			next = back.q[back.tail % QUEUE].due;
		if (next < t + 50000)
			next = t + 50000;
		wait.tv_sec = (next - t) / 1000000000;
		wait.tv_nsec = (next - t) % 1000000000;
		if (ppoll(p, 2, &wait, NULL) == -1 && errno != EINTR)
			exit(1);
		take(a, &there, l);
		take(b, &back, l);
		t = now();
		give(b, &there, t);
		give(a, &back, t);
	}
}

static void
mirror(const char *ns, const char *dev, const char *name, unsigned vlan)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	uint8_t f[FRAME + 4];
	int out = tap(ns, name), in;
	ssize_t n;

	in = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	at.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(dev);
	if (in == -1 || bind(in, (struct sockaddr *)&at, sizeof(at)) == -1
	    || setsockopt(in, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) == -1) {
		fprintf(stderr, "link: cannot listen to '%s': %s\n", dev, strerror(errno));
		exit(1);
	}
	while ((n = recv(in, f + 4, FRAME, 0)) >= 0 || errno == EINTR || errno == ENETDOWN) {
		if (n < 14)
			continue;
		memmove(f, f + 4, 12);
		f[12] = 0x81;
		f[13] = 0x00;
		f[14] = (uint8_t)(vlan >> 8);
		f[15] = (uint8_t)vlan;
		if (write(out, f, (size_t)n + 4) == -1 && errno != EAGAIN && errno != EIO)
			exit(1);
	}
}

int
main(int argc, char **argv)
{
	struct line l;

	prctl(PR_SET_TIMERSLACK, 50000);
	if (argc == 6 && strcmp(argv[1], "mirror") == 0) {
		mirror(argv[2], argv[3], argv[4], (unsigned)atoi(argv[5]));
		return 1;
	}
	if (argc < 9) {
		fprintf(stderr, "usage: link NS1 TAP1 NS2 TAP2 DELAY_MS JITTER_MS LOSS_PERCENT "
		    "RATE_KBIT [SEED]\n       link mirror NS DEVICE TAP VLAN\n");
		return 2;
	}
	l.delay = atof(argv[5]);
	l.jitter = atof(argv[6]);
	l.loss = atof(argv[7]);
	l.rate = atof(argv[8]);
	srand48(argc > 9 ? atol(argv[9]) : 1);
	carry(tap(argv[1], argv[2]), tap(argv[3], argv[4]), &l);
}
