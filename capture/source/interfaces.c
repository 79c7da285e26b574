/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interfaces: the names an operator gives, several wires as one source, and what there is
 * to listen to. Owns what a list of names may be; the handles are live.c's, the order of
 * the frames is merge.c's.
 */
#include "capture/source/merge.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* With several wires frames wait for each other, and the kernel's ring must hold what
 * comes meanwhile: so the kernel shows its blocks early, and the wait is that and the
 * delay of a coarse timer. 50 ms of 10 Gbit/s are 64 MB. */
#define BLOCK_MS 25
#define WAIT_NS (50 * NS_PER_MS)
#define SNAPLEN 262144U
#define RINGS (128U * 1024U * 1024U)
#define RING_MOST (64U * 1024U * 1024U)
#define RING_LEAST (16U * 1024U * 1024U)
#define ADDRESSES 512

static bool
have(const struct iface_names *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->name[i], name) == 0)
			return true;
	return false;
}

static int
add_one(struct iface_names *l, const char *name, size_t len, struct fault *why)
{
	char one[SOURCE_IFACE_NAME];

	if (len == 0)
		return fault_set(why, "name them like this: -i eth0,eth1",
		    "an interface has no name");
	if (len >= sizeof(one))
		return fault_set(why, "'ip link' lists the interfaces of this host",
		    "'%.*s' is no interface: a name has at most %zu characters",
		    (int)(len > 64 ? 64 : len), name, sizeof(one) - 1);
	memcpy(one, name, len);
	one[len] = '\0';
	if (have(l, one))
		return fault_set(why, "name each interface once",
		    "interface '%s' is named twice", one);
	if (l->n > 0 && (strcmp(one, "any") == 0 || have(l, "any")))
		return fault_set(why, "name 'any' alone, or the interfaces without it",
		    "'any' is every interface already");
	if (l->n == SOURCE_IFACES_MOST)
		return fault_set(why, "run a second sensor for the others",
		    "interface '%s' is one too many (%d at most)", one,
		    SOURCE_IFACES_MOST);
	memcpy(l->name[l->n++], one, sizeof(one));
	return 0;
}

int
iface_names_add(struct iface_names *l, const char *list, struct fault *why)
{
	struct iface_names now = *l;
	const char *at = list, *end;

	for (;; at = end + 1) {
		end = at + strcspn(at, ",");
		if (add_one(&now, at, (size_t)(end - at), why) == -1)
			return -1;
		if (*end == '\0')
			break;
	}
	*l = now;
	return 0;
}

static struct merge_time
both_clocks(void *arg)
{
	struct timespec wall, loop;

	(void)arg;
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_MONOTONIC, &loop);
	return (struct merge_time){
		.wall = { (int64_t)wall.tv_sec * NS_PER_S + wall.tv_nsec },
		.loop = { (int64_t)loop.tv_sec * NS_PER_S + loop.tv_nsec },
	};
}

struct source *
source_open_interfaces(const struct iface_names *names, const struct live_options *o,
    struct fault *why)
{
	struct source *in[SOURCE_IFACES_MOST];
	struct live_options lo = *o;
	struct merge_options mo = { .wait = WAIT_NS, .clock = both_clocks };
	size_t n;

	lo.iface = names->name[0];
	if (names->n == 1)
		return source_open_live(&lo, why);
	if (lo.ring_bytes == 0) {
		lo.ring_bytes = RINGS / (uint32_t)names->n;
		if (lo.ring_bytes > RING_MOST)
			lo.ring_bytes = RING_MOST;
		if (lo.ring_bytes < RING_LEAST)
			lo.ring_bytes = RING_LEAST;
	}
	if (lo.block_ms <= 0 || lo.block_ms > BLOCK_MS)
		lo.block_ms = BLOCK_MS;
	mo.largest = lo.snaplen == 0 || lo.snaplen > SNAPLEN ? SNAPLEN : lo.snaplen;
	for (n = 0; n < names->n; n++) {
		lo.iface = names->name[n];
		in[n] = source_open_live(&lo, why);
		if (in[n] == NULL)
			goto fail;
	}
	return source_merge(in, n, &mo, why);

fail:
	while (n > 0)
		source_destroy(in[--n]);
	return NULL;
}

static void
add_address(char *out, size_t room, const struct sockaddr *sa)
{
	char text[INET6_ADDRSTRLEN];
	const void *bytes;
	size_t n = strlen(out);

	if (sa == NULL || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return;
	bytes = sa->sa_family == AF_INET ?
	    (const void *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr :
	    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	if (inet_ntop(sa->sa_family, bytes, text, sizeof(text)) != NULL)
		(void)snprintf(out + n, room - n, "%s%s", n > 0 ? ", " : "", text);
}

int
source_list_interfaces(void (*tell)(void *arg, const struct iface_listing *l), void *arg,
    struct fault *why)
{
	char said[PCAP_ERRBUF_SIZE] = "", addresses[ADDRESSES];
	pcap_if_t *all;

	if (pcap_findalldevs(&all, said) == -1)
		return fault_set(why, NULL, "cannot list the interfaces: %s", said);
	for (const pcap_if_t *i = all; i != NULL; i = i->next) {
		struct iface_listing l = { .name = i->name, .addresses = addresses,
			.description = i->description == NULL ? "" : i->description };

		/* libpcap also lists USB, Bluetooth, D-Bus and the firewall's log. */
		if (strcmp(i->name, "any") != 0 && if_nametoindex(i->name) == 0)
			continue;
		l.state = (i->flags & PCAP_IF_UP) == 0 ? "down" :
		    (i->flags & PCAP_IF_CONNECTION_STATUS) ==
		    PCAP_IF_CONNECTION_STATUS_DISCONNECTED ? "up, no link" : "up";
		addresses[0] = '\0';
		for (const pcap_addr_t *a = i->addresses; a != NULL; a = a->next)
			add_address(addresses, sizeof(addresses), a->addr);
		tell(arg, &l);
	}
	pcap_freealldevs(all);
	return 0;
}
