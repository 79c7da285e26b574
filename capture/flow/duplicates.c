/* SPDX-License-Identifier: GPL-3.0-or-later */
/* duplicates: the table of sightings and the state of the tap; duplicates.h has the idea.
 * Refuses to count flows and to read what is not IP. */
#include "capture/flow/duplicates.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4
#define SETS 16384		/* times WAYS: 20 ms of three million packets a second */
#define HEAD 32			/* bytes behind the IP header that always decide */

#define IPV4_LEAST 20
#define IPV6_LEAST 40
#define FRAGMENT_BITS 0x3fffU	/* more-fragments and the offset; DF may be cleared */

struct sighting {
	uint64_t head;		/* 0: empty */
	uint64_t body;		/* of all that was captured, when not TCP */
	int64_t time;
	uint32_t captured;	/* bytes behind the IP header */
	uint16_t times;		/* within DUPLICATES_NS */
	bool repeats;		/* the same came again later, too */
};

struct duplicates {
	struct siphash_key key, factor;		/* of head and body */
	struct duplicates_stats stats;
	uint64_t packets;
	uint64_t evidence[DUPLICATES_EVIDENCE];	/* numbers of packets, a ring */
	uint64_t evidences;
	uint64_t since, copies;	/* while on: the block that is being counted */
	struct sighting seen[SETS][WAYS];
};

static bool look(const struct duplicates *d, const struct packet *pkt,
    struct sighting *out);
static uint64_t whole(const struct siphash_key *key, const uint8_t *p, size_t n);
static bool young(const struct sighting *s, int64_t now);
static bool same(const struct sighting *a, const struct sighting *b);
static bool twice(struct duplicates *d);
static enum duplicates_word judge(struct duplicates *d, bool copy, bool second);

struct duplicates *
duplicates_create(const struct siphash_key *key)
{
	struct duplicates *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->key = *key;
	/* Every bit counts in a product: not as they were drawn, but mixed. */
	d->factor.k0 = siphash13(key, "k0", 2);
	d->factor.k1 = siphash13(key, "k1", 2);
	return d;
}

void
duplicates_destroy(struct duplicates *d)
{
	free(d);
}

enum duplicates_word
duplicates_packet(struct duplicates *d, const struct packet *pkt)
{
	struct sighting new, *set, *place;
	bool second = false;

	d->packets++;
	if (!look(d, pkt, &new))
		return judge(d, false, false);
	set = d->seen[new.head % SETS];
	place = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct sighting *s = &set[i];

		if (same(s, &new)) {
			if (young(s, new.time)) {
				if (s->times < UINT16_MAX)
					s->times++;
				second = s->times == 2 && !s->repeats;
				return judge(d, true, second);
			}
			new.repeats = true;
			place = s;
			break;
		}
		if (s->head == 0 || (place->head != 0 && s->time < place->time))
			place = s;
	}
	if (place->head != 0 && !new.repeats && young(place, new.time))
		d->stats.crowded++;
	*place = new;
	return judge(d, false, false);
}

uint64_t
duplicates_count(const struct duplicates *d)
{
	return d->packets;
}

void
duplicates_get_stats(const struct duplicates *d, struct duplicates_stats *out)
{
	*out = d->stats;
}

/* What is compared of a packet. False: nothing that could be. */
static bool
look(const struct duplicates *d, const struct packet *pkt, struct sighting *out)
{
	struct {
		struct addr src, dst;
		uint32_t length;
		uint16_t id, fragment;
		uint8_t version, proto, pad[2];
		uint8_t bytes[HEAD];
	} head;
	const uint8_t *ip = pkt->l3.at;
	size_t skip = pkt->ip_version == 6 ? IPV6_LEAST : IPV4_LEAST, n;

	if (pkt->l3.left < skip)
		return false;
	memset(&head, 0, sizeof(head));
	if (pkt->ip_version != 6) {
		skip = (size_t)(ip[0] & 15) * 4;
		if (skip < IPV4_LEAST || pkt->l3.left < skip)
			return false;
		head.id = (uint16_t)(ip[4] << 8 | ip[5]);
		head.fragment = (uint16_t)(ip[6] << 8 | ip[7]) & FRAGMENT_BITS;
	}
	head.src = pkt->src;
	head.dst = pkt->dst;
	head.length = pkt->l3_wire - (uint32_t)skip;
	head.version = pkt->ip_version;
	head.proto = pkt->proto;
	n = pkt->l3.left - skip;
	memcpy(head.bytes, ip + skip, n < HEAD ? n : HEAD);
	memset(out, 0, sizeof(*out));
	out->head = siphash13(&d->key, &head, sizeof(head)) | 1;
	out->captured = (uint32_t)n;
	out->time = pkt->frame->time.ns;
	out->times = 1;
	if (n > HEAD && pkt->proto != IPPROTO_IS_TCP)
		out->body = whole(&d->factor, ip + skip + HEAD, n - HEAD);
	return true;
}

/*
 * A hash over all of a datagram has to be cheap: every one of a bulk upload is read. So
 * it multiplies 16 bytes under the key and folds the product. It is no pseudo-random
 * function, and need not be: nobody sees its values, and what collides has its first 32
 * bytes, and with them its checksum, in common under one that is.
 */
static uint64_t
whole(const struct siphash_key *key, const uint8_t *p, size_t n)
{
#ifdef __SIZEOF_INT128__
	uint64_t h = key->k0 ^ n, w[2];
	unsigned __int128 product;
	size_t part;

	for (; n > 0; p += part, n -= part) {
		part = n < sizeof(w) ? n : sizeof(w);
		w[0] = w[1] = 0;
		memcpy(w, p, part);
		product = (unsigned __int128)(h ^ w[0]) * (key->k1 ^ w[1]);
		h = (uint64_t)product ^ (uint64_t)(product >> 64) ^ key->k0;
	}
	return h;
#else
	return siphash13(key, p, n);
#endif
}

/* A merged input may step back a little: near is near on both sides. */
static bool
young(const struct sighting *s, int64_t now)
{
	uint64_t apart = now >= s->time ? (uint64_t)now - (uint64_t)s->time :
	    (uint64_t)s->time - (uint64_t)now;

	return apart <= DUPLICATES_NS;
}

static bool
same(const struct sighting *a, const struct sighting *b)
{
	return a->head == b->head && (a->captured != b->captured || a->body == b->body);
}

/* One more packet came a second time: are those enough now? */
static bool
twice(struct duplicates *d)
{
	uint64_t first;

	d->evidence[d->evidences++ % DUPLICATES_EVIDENCE] = d->packets;
	if (d->evidences < DUPLICATES_EVIDENCE)
		return false;
	/* The ring is full: its oldest is the next place. */
	first = d->evidence[d->evidences % DUPLICATES_EVIDENCE];
	if (d->packets - first >= DUPLICATES_WINDOW)
		return false;
	d->stats.of_copies = DUPLICATES_EVIDENCE;
	d->stats.of_packets = (unsigned)(d->packets - first + 1);
	return true;
}

static enum duplicates_word
judge(struct duplicates *d, bool copy, bool second)
{
	d->stats.seen += copy;
	if (!d->stats.on) {
		if (!copy)
			return DUPLICATES_FIRST;
		if (!second || !twice(d))
			return DUPLICATES_SUSPECT;
		d->stats.on = true;
		d->stats.starts++;
		d->since = d->packets;
		d->copies = 0;
		return DUPLICATES_COPY;
	}
	d->copies += copy;
	if (d->packets - d->since >= DUPLICATES_BELIEVE_AFTER) {
		if (d->copies * DUPLICATES_BELIEVE_SHARE < DUPLICATES_BELIEVE_AFTER) {
			d->stats.on = false;
			d->stats.stops++;
			d->stats.of_copies = (unsigned)d->copies;
			d->stats.of_packets = DUPLICATES_BELIEVE_AFTER;
			d->evidences = 0;
			return copy ? DUPLICATES_SUSPECT : DUPLICATES_FIRST;
		}
		d->since = d->packets;
		d->copies = 0;
	}
	return copy ? DUPLICATES_COPY : DUPLICATES_FIRST;
}
