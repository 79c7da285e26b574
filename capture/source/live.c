/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live: an interface, through libpcap and the kernel's ring.
 *
 * Owns the handle, and that it comes back. An interface that goes down is kept: the
 * kernel hooks the handle in again when it is up. One that is removed is opened again by
 * name, for libpcap says nothing when it returns under another number; even the number
 * may be the old one, so the socket is asked whether it is still bound. One that was
 * renamed is listened to until another takes the name. A handle that is done with is read
 * once more before it is closed: the kernel shows the last block when its time is over.
 * Refuses to write to the wire.
 *
 * The ring is 64 MiB: with libpcap's 2 MiB a sensor that is not scheduled for a few
 * milliseconds loses packets at half of what it can carry. Packets arrive in blocks, at
 * the latest after 100 ms: waking for each would cost more than reading it, and time here
 * goes in steps of a second.
 */
#include "capture/decode/decode.h"
#include "capture/source/filter.h"
#include "capture/source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES (64U * 1024U * 1024U)
#define SNAPLEN 262144U
#define BLOCK_MS 100
#define LOOK_NS (250 * NS_PER_MS)	/* how often an interface is looked for */
#define LOOK_FRAMES 4096
#define LATE_NS (20 * NS_PER_MS)	/* a block may come this much too late */

struct live {
	struct live_options o;
	char iface[IFNAMSIZ], *filter;
	/* The filter compiled at the first opening, for this link type: later a sandbox
	 * may not let libpcap look up the names in it. */
	struct bpf_program program;
	int program_link;		/* -1: not compiled yet */
	pcap_t *p;			/* NULL: away, looked for every LOOK_NS */
	bool nano;
	bool bound;			/* has an interface number ("any" has none) */
	bool broken;			/* libpcap has nothing more to say */
	bool leaving;			/* closed at the next look */
	bool not_there;			/* why it could not be opened */
	enum source_iface_state state;
	char now[IFNAMSIZ];		/* when renamed */
	int link_type;
	int idle;			/* an eventfd nobody writes to:
					 * what to poll while away */
	struct loop_time look;
	uint64_t ordinal, looked;
	uint64_t kernel_drops, iface_drops;	/* of all handles there were */
	uint32_t kernel_last, iface_last;	/* what this handle said */
};

struct handing {
	struct live *l;
	source_frame_fn *fn;
	void *arg;
};

static struct loop_time
live_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct loop_time){ (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec };
}

static int
no_such_device(const char *iface, struct fault *why)
{
	return fault_set(why, "'ip link' lists the interfaces of this host",
	    "cannot open '%s': no such device", iface);
}

static int
activate_fault(const struct live *l, pcap_t *p, int r, struct fault *why)
{
	switch (r) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return no_such_device(l->iface, why);
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return fault_set(why, "run as root, or give the program the capability: "
		    "'setcap cap_net_raw+ep PROGRAM'",
		    "cannot capture on '%s': permission denied", l->iface);
	case PCAP_ERROR_IFACE_NOT_UP:
		return fault_set(why, "'ip link set IFACE up' switches it on",
		    "cannot capture on '%s': the interface is down", l->iface);
	default:
		return fault_set(why, NULL, "cannot capture on '%s': %s", l->iface,
		    *pcap_geterr(p) == '\0' ? pcap_statustostr(r) : pcap_geterr(p));
	}
}

/* All on libpcap's own socket: a sandbox need not allow another kind. */
static int
index_of_name(const struct live *l)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, l->iface, sizeof(r.ifr_name) - 1);
	return ioctl(pcap_fileno(l->p), SIOCGIFINDEX, &r) == -1 ? 0 : r.ifr_ifindex;
}

/* The interface this handle is bound to; not above 0 once that is removed. */
static int
index_of_handle(const struct live *l)
{
	struct sockaddr_ll at = { 0 };
	socklen_t len = sizeof(at);

	return getsockname(pcap_fileno(l->p), (struct sockaddr *)&at, &len) == -1 ? 0 :
	    at.sll_ifindex;
}

static bool
is_up(const struct live *l)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, l->iface, sizeof(r.ifr_name) - 1);
	return ioctl(pcap_fileno(l->p), SIOCGIFFLAGS, &r) == -1 ||
	    (r.ifr_flags & IFF_UP) != 0;
}

static bool
find_new_name(struct live *l, int index)
{
	struct ifreq r = { .ifr_ifindex = index };

	if (ioctl(pcap_fileno(l->p), SIOCGIFNAME, &r) == -1)
		return false;
	memcpy(l->now, r.ifr_name, sizeof(l->now));
	l->now[sizeof(l->now) - 1] = '\0';
	return true;
}

static int
live_activate(struct live *l, struct fault *why)
{
	char said[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p;
	int r;

	p = pcap_create(l->iface, said);
	if (p == NULL)
		return fault_set(why, NULL, "cannot capture on '%s': %s", l->iface, said);
	(void)pcap_set_snaplen(p, (int)l->o.snaplen);
	(void)pcap_set_promisc(p, !l->o.no_promiscuous);
	(void)pcap_set_timeout(p, l->o.block_ms);
	(void)pcap_set_buffer_size(p, (int)l->o.ring_bytes);
	(void)pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	/* Warnings (> 0) are lived with: no promiscuous mode on "any",
	 * no time stamp type. */
	r = pcap_activate(p);
	l->not_there = r == PCAP_ERROR_NO_SUCH_DEVICE || r == PCAP_ERROR_IFACE_NOT_UP;
	if (r < 0) {
		(void)activate_fault(l, p, r, why);
		goto fail;
	}
	if (!decode_knows(pcap_datalink(p))) {
		(void)fault_set(why,
		    SOURCE_READS,
		    "cannot capture on '%s': its link type is %d (%s)", l->iface,
		    pcap_datalink(p),
		    pcap_datalink_val_to_description_or_dlt(pcap_datalink(p)));
		goto fail;
	}
	if (l->filter != NULL) {
		if (l->program_link != pcap_datalink(p)) {
			if (l->program_link != -1)
				pcap_freecode(&l->program);
			l->program_link = -1;
		}
		if (l->program_link == -1 && pcap_compile(p, &l->program, l->filter, 1,
		    PCAP_NETMASK_UNKNOWN) == -1) {
			(void)filter_fault(l->filter, pcap_geterr(p), why);
			goto fail;
		}
		l->program_link = pcap_datalink(p);
		r = pcap_setfilter(p, &l->program);
		if (r == -1) {
			(void)filter_fault(l->filter, pcap_geterr(p), why);
			goto fail;
		}
	}
	if (pcap_setnonblock(p, 1, said) == -1) {
		(void)fault_set(why, NULL, "cannot capture on '%s': %s", l->iface, said);
		goto fail;
	}
	l->p = p;
	l->nano = pcap_get_tstamp_precision(p) == PCAP_TSTAMP_PRECISION_NANO;
	l->link_type = pcap_datalink(p);
	l->state = SOURCE_IFACE_HERE;
	l->broken = l->leaving = false;
	l->kernel_last = l->iface_last = 0;
	return 0;

fail:
	pcap_close(p);
	return -1;
}

/* libpcap counts in 32 bits; and what it says of the interface goes back when that was
 * removed, for then it reads 0. */
static void
live_losses(struct live *l)
{
	struct pcap_stat st;
	uint32_t iface;

	if (l->p == NULL || pcap_stats(l->p, &st) == -1)
		return;
	l->kernel_drops += (uint32_t)(st.ps_drop - l->kernel_last);
	l->kernel_last = st.ps_drop;
	iface = (uint32_t)(st.ps_ifdrop - l->iface_last);
	if (iface <= INT32_MAX)
		l->iface_drops += iface;
	l->iface_last = st.ps_ifdrop;
}

static void
live_away(struct live *l)
{
	live_losses(l);
	pcap_close(l->p);
	l->p = NULL;
	l->state = SOURCE_IFACE_AWAY;
}

/* Does this handle still listen to what the name says? */
static bool
live_holds(struct live *l)
{
	int bound = index_of_handle(l), named = index_of_name(l);

	if (bound > 0 && named == 0 && find_new_name(l, bound)) {
		/* libpcap asks by name and finds it broken; it still reads. */
		l->state = SOURCE_IFACE_RENAMED;
		l->broken = false;
		return true;
	}
	if (bound <= 0 || named != bound || l->broken)
		return false;
	l->state = is_up(l) ? SOURCE_IFACE_HERE : SOURCE_IFACE_DOWN;
	return true;
}

/* Is the interface still the one this handle listens to; is one that was away back? */
static void
live_look(struct live *l)
{
	struct loop_time now = live_now();
	struct fault why;

	if (now.ns < l->look.ns)
		return;
	l->look.ns = now.ns + LOOK_NS;
	if (l->p != NULL && l->leaving) {
		live_away(l);
	} else if (l->p != NULL && (l->bound ? !live_holds(l) : l->broken)) {
		l->leaving = true;
		l->look.ns = now.ns + l->o.block_ms * NS_PER_MS + LATE_NS;
	}
	if (l->p == NULL)
		(void)live_activate(l, &why);
}

static void
live_frame(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct handing *to = (struct handing *)(void *)arg;
	struct live *l = to->l;
	const struct frame f = {
		.time = frame_time(h->ts.tv_sec,
		h->ts.tv_usec * (l->nano ? 1 : NS_PER_US)), .ordinal = ++l->ordinal,
		.link_type = l->link_type,
		.cap = h->caplen,
		.wire = h->len,
		.bytes = bytes,
	};
	to->fn(to->arg, &f);
}

static int
live_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct live *l = src;
	struct handing to = { l, fn, arg };
	int r;

	(void)why;
	if (budget <= 0)
		return 0;
	/* A wire that is never silent is looked at, too. */
	if (l->ordinal - l->looked >= LOOK_FRAMES) {
		l->looked = l->ordinal;
		live_look(l);
	}
	if (l->p != NULL) {
		r = pcap_dispatch(l->p, budget, live_frame, (u_char *)&to);
		if (r > 0)
			return r;
		if (r < 0 && !l->broken) {
			l->broken = true;
			l->look.ns = 0;
		}
	}
	live_look(l);
	return 0;
}

/* libpcap says 0 when it may not read what the driver counts; then it is not known. */
static bool
live_knows_drops(const struct live *l)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path),
	    "/sys/class/net/%s/statistics/rx_missed_errors", l->iface);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1)
		(void)close(fd);
	return fd != -1 || l->p == NULL;
}

static void
live_loss(void *src, struct source_loss *out)
{
	struct live *l = src;

	live_losses(l);
	out->kernel_drops = l->kernel_drops;
	out->iface_drops = live_knows_drops(l) ? l->iface_drops : UINT64_MAX;
}

static int
live_ifaces(void *src, struct source_iface *out, int most)
{
	struct live *l = src;
	struct source_loss loss;

	if (most < 1)
		return 0;
	*out = (struct source_iface){ .state = l->state, .packets = l->ordinal };
	memcpy(out->name, l->iface, sizeof(out->name));
	memcpy(out->now, l->state == SOURCE_IFACE_RENAMED ? l->now : l->iface,
	    sizeof(out->now));
	live_loss(l, &loss);
	out->kernel_drops = loss.kernel_drops;
	out->iface_drops = loss.iface_drops;
	return 1;
}

static int
live_wait(void *src, int *fds, int most, int *ms)
{
	struct live *l = src;

	(void)ms;
	if (most < 1)
		return 0;
	fds[0] = l->p == NULL || l->broken ? l->idle : pcap_get_selectable_fd(l->p);
	return 1;
}

static int
live_keep_fds(void *src, int *out, int most)
{
	struct live *l = src;

	if (most > 0)
		out[0] = l->idle;
	if (l->p == NULL)
		return 1;
	if (most > 1)
		out[1] = pcap_fileno(l->p);
	return 2;
}

static void
live_destroy(void *src)
{
	struct live *l = src;

	if (l == NULL)
		return;
	if (l->p != NULL)
		pcap_close(l->p);
	if (l->idle != -1)
		(void)close(l->idle);
	if (l->program_link != -1)
		pcap_freecode(&l->program);
	free(l->filter);
	free(l);
}

static const struct source_ops live_ops = {
	.name = "live", .dispatch = live_dispatch, .loss = live_loss,
	.wait = live_wait, .ifaces = live_ifaces, .keep_fds = live_keep_fds,
	.destroy = live_destroy,
};

/* For an interface that is not there yet, whose link type is not known: most are
 * Ethernet. Of another the filter is compiled again, and then may not name hosts. */
static int
compile_ahead(struct live *l, struct fault *why)
{
	pcap_t *p;
	int rc = 0;

	if (l->filter == NULL)
		return 0;
	p = pcap_open_dead(DLT_EN10MB, (int)l->o.snaplen);
	if (p == NULL)
		return fault_set(why, NULL, "no memory for the filter '%s'", l->filter);
	if (pcap_compile(p, &l->program, l->filter, 1, PCAP_NETMASK_UNKNOWN) == -1)
		rc = filter_fault(l->filter, pcap_geterr(p), why);
	else
		l->program_link = DLT_EN10MB;
	pcap_close(p);
	return rc;
}

struct source *
source_open_live(const struct live_options *o, struct fault *why)
{
	struct live *l;

	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		(void)fault_set(why, NULL, "no memory to capture on '%s'", o->iface);
		return NULL;
	}
	l->idle = -1;
	l->program_link = -1;
	l->o = *o;
	if (l->o.ring_bytes == 0)
		l->o.ring_bytes = RING_BYTES;
	if (l->o.ring_bytes > INT32_MAX)
		l->o.ring_bytes = INT32_MAX;
	if (l->o.snaplen == 0 || l->o.snaplen > SNAPLEN)
		l->o.snaplen = SNAPLEN;
	if (l->o.block_ms <= 0)
		l->o.block_ms = BLOCK_MS;
	l->bound = strcmp(o->iface, "any") != 0;
	/* libpcap would ask for permission first;
	 * a wrong name is the likelier mistake. */
	if (l->bound && !o->may_be_away && if_nametoindex(o->iface) == 0) {
		(void)no_such_device(o->iface, why);
		goto fail;
	}
	(void)snprintf(l->iface, sizeof(l->iface), "%s", o->iface);
	if (o->filter != NULL && *o->filter != '\0') {
		l->filter = strdup(o->filter);
		if (l->filter == NULL) {
			(void)fault_set(why, NULL, "no memory for the filter '%s'",
			    o->filter);
			goto fail;
		}
	}
	l->idle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->idle == -1) {
		(void)fault_set(why, NULL, "cannot capture on '%s': %s", l->iface,
		    strerror(errno));
		goto fail;
	}
	if (live_activate(l, why) == -1) {
		if (!o->may_be_away || !l->not_there || compile_ahead(l, why) == -1)
			goto fail;
		l->state = SOURCE_IFACE_AWAY;
	}
	return source_wrap(&live_ops, l);

fail:
	live_destroy(l);
	return NULL;
}
