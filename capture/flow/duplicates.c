/* SPDX-License-Identifier: GPL-3.0-or-later */
/* duplicates: the table of sightings and the state of the tap; duplicates.h has the idea.
 * Refuses to count flows and to read what is not IP. */
#include "capture/flow/duplicates.h"

#include "capture/base/huge.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4
#define SETS 16384		/* times WAYS: 20 ms of three million packets a second */
#define HEAD 32			/* bytes behind the IP header that always decide */
#define TIMES 127
#define LANES 4			/* of whole */
#define LINE 64			/* of the processor's cache */

#define IPV4_LEAST 20
#define IPV6_LEAST 40
#define FRAGMENT_BITS 0x3fffU	/* more-fragments and the offset; DF may be cleared */

/* A set of four fills one line of the processor's cache: every packet looks one up, and
 * nobody has looked there lately. The place of the set says 14 more bits of the head. Of
 * the time 40 bits are kept, 18 minutes: what is found again after just that is no more
 * than a suspect. */
struct sighting {
	uint32_t head;		/* 0: empty */
	uint32_t body;		/* of all that was captured, when not TCP */
	uint32_t time_low;
	uint8_t time_high;
	uint8_t times : 7;	/* within DUPLICATES_NS */
	uint8_t repeats : 1;	/* the same came again later, too */
	uint16_t captured;	/* bytes behind the IP header */
};

struct set {
	_Alignas(LINE) struct sighting way[WAYS];
};

_Static_assert(sizeof(struct set) == LINE, "a set is a line");

struct duplicates {
	uint64_t factor[LANES + 1];		/* the key */
	struct duplicates_stats stats;
	uint64_t packets;
	uint64_t evidence[DUPLICATES_EVIDENCE];	/* numbers of packets, a ring */
	uint64_t evidences;
	uint64_t since, copies;	/* while on: the block that is being counted */
	struct set *seen;
};

static void look(const struct duplicates *d, const struct packet *pkt,
    struct duplicates_look *out);
static uint64_t whole(const uint64_t key[LANES + 1], const uint8_t *p, size_t n);
static bool young(const struct sighting *s, const struct sighting *now);
static int64_t after(const struct sighting *a, const struct sighting *b);
static bool same(const struct sighting *a, const struct sighting *b);
static bool twice(struct duplicates *d);
static enum duplicates_word judge(struct duplicates *d, bool copy, bool second);

struct duplicates *
duplicates_create(const struct siphash_key *key)
{
	struct duplicates *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	duplicates_key(d, key);
	d->seen = huge_take(SETS * sizeof(*d->seen));
	if (d->seen == NULL) {
		free(d);
		return NULL;
	}
	return d;
}

/* Every bit counts in a product: not as they were drawn, but mixed. */
void
duplicates_key(struct duplicates *d, const struct siphash_key *key)
{
	for (size_t i = 0; i <= LANES; i++)
		d->factor[i] = siphash13(key, &i, sizeof(i));
}

void
duplicates_destroy(struct duplicates *d)
{
	if (d == NULL)
		return;
	huge_give(d->seen, SETS * sizeof(*d->seen));
	free(d);
}

enum duplicates_word
duplicates_packet(struct duplicates *d, const struct packet *pkt)
{
	struct duplicates_look l;

	look(d, pkt, &l);
	return duplicates_looked(d, &l);
}

void
duplicates_ahead(const struct duplicates *d, const struct packet *pkt,
    struct duplicates_look *out)
{
	look(d, pkt, out);
}

void
duplicates_near(const struct duplicates *d, const struct duplicates_look *look)
{
	if (look->any)
		__builtin_prefetch(&d->seen[look->set], 1);
}

enum duplicates_word
duplicates_looked(struct duplicates *d, const struct duplicates_look *l)
{
	struct sighting new, *set, *place;
	bool second = false;

	d->packets++;
	if (!l->any)
		return judge(d, false, false);
	new = (struct sighting){ .head = l->head, .body = l->body,
		.time_low = (uint32_t)l->time, .time_high = (uint8_t)(l->time >> 32),
		.times = 1, .captured = l->captured };
	set = d->seen[l->set].way;
	place = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		struct sighting *s = &set[i];

		if (same(s, &new)) {
			if (young(s, &new)) {
				if (s->times < TIMES)
					s->times++;
				second = s->times == 2 && !s->repeats;
				return judge(d, true, second);
			}
			new.repeats = 1;
			place = s;
			break;
		}
		if (s->head == 0 || (place->head != 0 && after(s, place) < 0))
			place = s;
	}
	if (place->head != 0 && !new.repeats && young(place, &new))
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

/* What is compared of a packet, and the set where it would be. */
static void
look(const struct duplicates *d, const struct packet *pkt, struct duplicates_look *out)
{
	/* IPv4 needs four bytes of each address: half the work for most of what comes. */
	struct {
		uint8_t addresses[2 * sizeof(struct addr)];
		uint32_t length_proto;
		uint16_t id, fragment_version;
		uint8_t bytes[HEAD];
	} head;
	const uint8_t *ip = pkt->l3.at, *from = head.addresses;
	size_t skip = pkt->ip_version == 6 ? IPV6_LEAST : IPV4_LEAST, n;
	uint64_t hash;

	out->any = false;
	if (pkt->l3.left < skip)
		return;
	head.id = head.fragment_version = 0;
	if (pkt->ip_version != 6) {
		skip = (size_t)(ip[0] & 15) * 4;
		if (skip < IPV4_LEAST || pkt->l3.left < skip)
			return;
		head.id = (uint16_t)(ip[4] << 8 | ip[5]);
		head.fragment_version = (uint16_t)(((unsigned)ip[6] << 8 | ip[7]) &
		    FRAGMENT_BITS);
		from += 2 * sizeof(struct addr) - 8;
		memcpy(head.addresses + sizeof(head.addresses) - 8, pkt->src.b + 12, 4);
		memcpy(head.addresses + sizeof(head.addresses) - 4, pkt->dst.b + 12, 4);
	} else {
		head.fragment_version = FRAGMENT_BITS + 1;
		memcpy(head.addresses, &pkt->src, sizeof(pkt->src));
		memcpy(head.addresses + sizeof(pkt->src), &pkt->dst, sizeof(pkt->dst));
	}
	head.length_proto = (pkt->l3_wire - (uint32_t)skip) << 8 | pkt->proto;
	n = pkt->l3.left - skip;
	if (n >= HEAD) {
		memcpy(head.bytes, ip + skip, HEAD);
	} else {
		memset(head.bytes, 0, HEAD);
		memcpy(head.bytes, ip + skip, n);
	}
	hash = whole(d->factor, from, (size_t)(head.bytes + HEAD - from));
	out->any = true;
	out->set = (uint32_t)(hash % SETS);
	out->head = (uint32_t)(hash >> 32) | 1;
	out->body = 0;
	out->time = (uint64_t)pkt->frame->time.ns;
	out->captured = (uint16_t)(n ^ n >> 16);
	if (n > HEAD && pkt->proto != IPPROTO_IS_TCP) {
		hash = whole(d->factor, ip + skip + HEAD, n - HEAD);
		out->body = (uint32_t)(hash ^ hash >> 32);
	}
}

/*
 * Every packet is hashed, a datagram over all of it, so it has to be cheap: it multiplies 16
 * bytes under the key and folds the product, in four lanes that do not wait for each other
 * (as wyhash does, Wang Yi 2019; a third of SipHash's work on a head). It is no
 * pseudo-random function, and need not be: nobody sees its values, not even by how long a
 * look-up takes, for every set has four places; and the key is drawn at the start.
 */
static inline uint64_t
fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	const struct siphash_key key = { a, b };

	return siphash13(&key, "", 0);
#endif
}

static uint64_t
whole(const uint64_t key[LANES + 1], const uint8_t *p, size_t n)
{
	uint64_t h[LANES], w[2], all = key[LANES] ^ n;

	memcpy(h, key, sizeof(h));
	for (; n >= LANES * sizeof(w); p += LANES * sizeof(w), n -= LANES * sizeof(w)) {
		for (size_t i = 0; i < LANES; i++) {
			memcpy(w, p + i * sizeof(w), sizeof(w));
			h[i] = fold(h[i] ^ w[0], key[LANES] ^ w[1]) ^ key[i];
		}
	}
	for (; n >= sizeof(w); p += sizeof(w), n -= sizeof(w)) {
		memcpy(w, p, sizeof(w));
		all = fold(all ^ w[0], key[0] ^ w[1]) ^ key[1];
	}
	if (n > 0) {
		w[0] = w[1] = 0;
		memcpy(w, p, n);
		all = fold(all ^ w[0], key[0] ^ w[1]) ^ key[1];
	}
	/* Each with another part of the key than it began with: no factor is 0 when there was
	 * nothing for the lanes. */
	all = fold(all ^ h[0], key[2] ^ h[1]);
	return fold(all ^ h[2], key[1] ^ h[3]);
}

/* A merged input may step back a little: near is near on both sides. */
static bool
young(const struct sighting *s, const struct sighting *now)
{
	int64_t apart = after(now, s);

	return apart <= DUPLICATES_NS && apart >= -DUPLICATES_NS;
}

/* By how much a is later than b, within nine minutes either way. */
static int64_t
after(const struct sighting *a, const struct sighting *b)
{
	uint64_t x = (uint64_t)a->time_high << 32 | a->time_low;
	uint64_t y = (uint64_t)b->time_high << 32 | b->time_low;

	return (int64_t)((x - y) << 24) >> 24;
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
