/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tap: netlink makes the pair, a packet socket feeds it, the live source listens. Owns
 * the namespace; refuses to know what the frames mean. */
#define _GNU_SOURCE
#include "rules/cli/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEARS "listen0"
#define SPEAKS "play0"
#define MTU 65535
#define RING_BYTES (16U * 1024U * 1024U)	/* a capture of the self-test, twice */
#define WAVE 256			/* frames between two breaths: the kernel
					 * queues 1,000 for a receiver */
#define BREATH_NS 1000000
#define SILENCE_MS 2000			/* nothing came for so long: nothing will */
#define AHEAD 64			/* where a frame is looked for
					 * when some are missing */
#define CLOCK_SLACK NS_PER_S

struct tap {
	struct source *source;
	int out;
	uint8_t whole[MTU + 64];
};

struct catch {
	const struct frame *frame;
	size_t n, next;
	int64_t from;			/* when sending began */
	source_frame_fn *fn;
	void *arg;
	struct tap_counts *counts;
};

static int make_pair(struct fault *why);
static int up(int s, const char *name, struct fault *why);
static void on_frame(void *arg, const struct frame *f);

static int64_t
wall(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The kernel's own neighbour discovery would speak on the pair. A /proc that cannot be
 * written is no harm: what we did not send is told apart. */
static void
quieten(void)
{
	static const char *const knob[] = {
		"/proc/sys/net/ipv6/conf/default/disable_ipv6",
		"/proc/sys/net/ipv6/conf/all/disable_ipv6",
	};

	for (size_t i = 0; i < sizeof(knob) / sizeof(knob[0]); i++) {
		int fd = open(knob[i], O_WRONLY | O_CLOEXEC);

		if (fd == -1)
			continue;
		(void)!write(fd, "1", 1);
		(void)close(fd);
	}
}

struct tap *
tap_open(struct fault *why)
{
	struct live_options lo = { .iface = HEARS, .ring_bytes = RING_BYTES };
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = 0 };	/* 0: it only sends */
	struct tap *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		(void)fault_set(why, NULL, "cannot make a tap: not enough memory");
		return NULL;
	}
	t->out = -1;
	if (unshare(CLONE_NEWNET) == -1) {
		(void)fault_set(why, "run it as root",
		    "cannot make a network namespace: %s", strerror(errno));
		goto fail;
	}
	quieten();
	if (make_pair(why) == -1)
		goto fail;
	t->out = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->out == -1 || up(t->out, HEARS, why) == -1 ||
	    up(t->out, SPEAKS, why) == -1)
		goto fail;
	at.sll_ifindex = (int)if_nametoindex(SPEAKS);
	if (bind(t->out, (struct sockaddr *)&at, sizeof(at)) == -1) {
		(void)fault_set(why, NULL, "cannot speak on a veth pair: %s",
		    strerror(errno));
		goto fail;
	}
	t->source = source_open_live(&lo, why);
	if (t->source != NULL)
		return t;
fail:
	tap_close(t);
	return NULL;
}

void
tap_close(struct tap *t)
{
	if (t == NULL)
		return;
	source_destroy(t->source);
	if (t->out != -1)
		(void)close(t->out);
	free(t);
}

/* What came so far; waits at most wait_ms for the first. */
static void
catch_some(struct tap *t, struct catch *c, int wait_ms)
{
	struct pollfd p = { .events = POLLIN };
	struct fault why;
	int n = source_wait(t->source, &p.fd, 1, &wait_ms);

	(void)poll(&p, (nfds_t)n, wait_ms);
	while (source_dispatch(t->source, WAVE, on_frame, c, &why) > 0)
		continue;
}

int
tap_play(struct tap *t, const struct frame *frame, size_t n, source_frame_fn *fn,
    void *arg, struct tap_counts *out, struct fault *why)
{
	const struct timespec breath = { 0, BREATH_NS };
	struct catch c = { .frame = frame, .n = n, .from = wall(), .fn = fn, .arg = arg,
		.counts = out };
	size_t before;

	*out = (struct tap_counts){ 0 };
	for (size_t i = 0; i < n; i++) {
		size_t len = frame[i].wire;

		if (len > sizeof(t->whole) || frame[i].cap > len)
			return fault_set(why, NULL, "cannot send a frame of %zu bytes",
			    len);
		memcpy(t->whole, frame[i].bytes, frame[i].cap);
		memset(t->whole + frame[i].cap, 0, len - frame[i].cap);
		if (send(t->out, t->whole, len, 0) != (ssize_t)len)
			return fault_set(why, NULL,
			    "cannot send a frame of %zu bytes: %s", len,
			    strerror(errno));
		out->sent++;
		if (i % WAVE == WAVE - 1) {
			(void)nanosleep(&breath, NULL);
			catch_some(t, &c, 0);
		}
	}
	for (int quiet = 0; out->came < n && quiet < SILENCE_MS; quiet += 100) {
		before = out->came;
		catch_some(t, &c, 100);
		if (out->came > before)
			quiet = 0;
	}
	return 0;
}

static bool
is_that(const struct frame *sent, const struct frame *got)
{
	return got->wire == sent->wire && got->cap >= sent->cap &&
	    memcmp(got->bytes, sent->bytes, sent->cap) == 0;
}

static void
on_frame(void *arg, const struct frame *f)
{
	struct catch *c = arg;
	struct frame as_sent;
	size_t k = c->next;

	while (k < c->n && k < c->next + AHEAD && !is_that(&c->frame[k], f))
		k++;
	if (k == c->n || k == c->next + AHEAD) {
		c->counts->foreign++;
		return;
	}
	if (f->time.ns < c->from - CLOCK_SLACK || f->time.ns > wall() + CLOCK_SLACK)
		c->counts->odd_times++;
	as_sent = c->frame[k];
	as_sent.bytes = f->bytes;
	as_sent.link_type = f->link_type;
	as_sent.iface = f->iface;
	c->next = k + 1;
	c->counts->came++;
	c->fn(c->arg, &as_sent);
}

/* One request of netlink, written front to back. */
struct request {
	_Alignas(struct nlmsghdr) uint8_t byte[512];
	size_t len;
};

static struct rtattr *
open_attribute(struct request *r, unsigned short type)
{
	struct rtattr *a = (struct rtattr *)(void *)(r->byte + r->len);

	a->rta_type = type;
	r->len += RTA_LENGTH(0);
	return a;
}

static void
close_attribute(struct request *r, struct rtattr *a)
{
	a->rta_len = (unsigned short)(r->byte + r->len - (uint8_t *)a);
	r->len = NLMSG_ALIGN(r->len);
}

static void
text_attribute(struct request *r, unsigned short type, const char *text)
{
	struct rtattr *a = open_attribute(r, type);

	memcpy(r->byte + r->len, text, strlen(text) + 1);
	r->len += strlen(text) + 1;
	close_attribute(r, a);
}

static int
make_pair(struct fault *why)
{
	struct request r = { .len = NLMSG_LENGTH(sizeof(struct ifinfomsg)) };
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)r.byte;
	struct rtattr *info, *data, *peer;
	struct { struct nlmsghdr h; struct nlmsgerr e; uint8_t rest[1024]; } answer;
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), rc = -1;
	ssize_t n;

	text_attribute(&r, IFLA_IFNAME, HEARS);
	info = open_attribute(&r, IFLA_LINKINFO);
	text_attribute(&r, IFLA_INFO_KIND, "veth");
	data = open_attribute(&r, IFLA_INFO_DATA);
	peer = open_attribute(&r, VETH_INFO_PEER);
	r.len += sizeof(struct ifinfomsg);
	text_attribute(&r, IFLA_IFNAME, SPEAKS);
	close_attribute(&r, peer);
	close_attribute(&r, data);
	close_attribute(&r, info);
	*head = (struct nlmsghdr){ .nlmsg_len = (uint32_t)r.len,
		.nlmsg_type = RTM_NEWLINK,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL };
	if (s != -1 && send(s, r.byte, r.len, 0) == (ssize_t)r.len) {
		n = recv(s, &answer, sizeof(answer), 0);
		if (n >= (ssize_t)sizeof(answer.h) + (ssize_t)sizeof(int) &&
		    answer.h.nlmsg_type == NLMSG_ERROR) {
			errno = -answer.e.error;
			rc = answer.e.error == 0 ? 0 : -1;
		}
	}
	if (rc == -1)
		(void)fault_set(why, "does this kernel have the module 'veth'?",
		    "cannot make a veth pair: %s", strerror(errno));
	if (s != -1)
		(void)close(s);
	return rc;
}

static int
up(int s, const char *name, struct fault *why)
{
	struct ifreq r = { 0 };

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	r.ifr_mtu = MTU;
	if (ioctl(s, SIOCSIFMTU, &r) == -1)
		goto fail;
	r.ifr_flags = IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r) == -1)
		goto fail;
	return 0;
fail:
	return fault_set(why, NULL, "cannot switch on '%s': %s", name, strerror(errno));
}
