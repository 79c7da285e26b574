/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pieces: T6's bursts, of a pair of hosts and of a device with all addresses of an owner.
 *
 * A recorder that hands its pieces to four addresses in turn has a quarter of the pace on
 * each. What belongs together is told by the name: its registrable domain; addresses that
 * have no name belong together when they lie in one network (/24, IPv6 /48), as those of
 * a delivery network do. An owner is judged only while its bursts come from more than one
 * address: else the pair has said it all.
 *
 * What a piece does not consist of: TLS's handshake, two kilobytes that would make a
 * recorder of every short message with a connection of its own; and what clear text shows
 * to be a picture, a document, a film. A recorder's pieces are what is left.
 */
#include "classify/observer/state.h"

#include <string.h>

#define BURST_HEAD 32768	/* the first 4 kB of an HTTP request are mostly its head */
#define HANDSHAKE_ENDS 4096	/* bytes into a connection: two thousand, and a chain */
#define FINISHED_MOST 128		/* TLS 1.3 hides that message in a data record */
#define MOVES_SEEN ((1u << BURSTS_KEPT) - 1)

static uint32_t handshake_bytes(const struct flow_hit *hit, uint16_t *left);
static bool owner_of(struct observer *o, struct pair *p, struct owner_key *k);
static void owner_burst(struct observer *o, struct pair *p, const struct burst *one);
static void tell(struct observer *o, struct pair *p, const struct bursts *b,
    enum scope_word scope);

void
pieces_packet(struct observer *o, const struct flow_hit *hit, struct text_head text)
{
	struct pair_ext *px = pair_user(hit->flow->pair);
	struct flow_ext *x = flow_user(hit->flow);
	uint32_t not = body_explains(o, hit);

	pieces_step(o, hit->flow->pair, o->now);
	/* The beginning of a burst says whether it is text;
	 * the rest of it need not be looked at. */
	if (px->bursts.bytes < BURST_HEAD)
		text_add(&px->text, text);
	if (not == 0)
		not = handshake_bytes(hit, &x->handshake);
	if (not > hit->fresh && px->bursts.bytes > not - hit->fresh)
		bursts_take_back(&px->bursts, o->now, not - hit->fresh, false);
	bursts_packet(&px->bursts, o->o.hearing, o->now,
	    not < hit->fresh ? hit->fresh - not : 0);
}

/* RFC 8446, 5.1: records of a type, a version and a length. Handshake is 22, 20 closes it
 * in clear, and what a 1.3 client says last is the first of 23, behind a 20. */
static uint32_t
handshake_bytes(const struct flow_hit *hit, uint16_t *left)
{
	struct span s = hit->pkt->payload;
	uint32_t n = *left, len = n;	/* n: bytes of this packet and behind it */
	bool closed = false;

	*left = 0;
	if (hit->flow->key.proto != IPPROTO_IS_TCP || hit->offset > HANDSHAKE_ENDS ||
	    hit->fresh != hit->payload)
		return 0;
	while (n < hit->payload && span_skip(&s, len) && s.left >= 5 && s.at[1] == 3) {
		len = 5 + (uint32_t)(s.at[3] << 8 | s.at[4]);
		if (s.at[0] != 20 && s.at[0] != 22 &&
		    !(s.at[0] == 23 && closed && len <= FINISHED_MOST))
			break;
		closed = s.at[0] == 20;
		n += len;
	}
	*left = (uint16_t)(n <= hit->payload ? 0 :
	    n - hit->payload < UINT16_MAX ? n - hit->payload : UINT16_MAX);
	return n < hit->payload ? n : hit->payload;
}

/* Closes the burst that is open when its silence is over, and judges. */
void
pieces_step(struct observer *o, struct pair *p, struct pkt_time now)
{
	struct pair_ext *px = pair_user(p);
	uint64_t down = 0;
	struct burst one;

	if (!bursts_due(&px->bursts, o->o.hearing, now))
		return;
	for (int i = 0; i < 3; i++)
		down += flow_true_bytes(&p->down[i]);
	bursts_received(&px->bursts, down, p->flows_ever);
	if (!bursts_take(&px->bursts, o->o.hearing, now, &one))
		return;
	if (bursts_closed(&px->bursts, o->o.hearing, &one))
		tell(o, p, &px->bursts, SCOPE_PAIR);
	owner_burst(o, p, &one);
}

void
owner_forgotten(void *arg, const void *key, void *value)
{
	uint32_t id = ((const struct owner_key *)key)->name;

	(void)value;
	name_drop(arg, &id);
}

static void
owner_burst(struct observer *o, struct pair *p, const struct burst *one)
{
	struct owner_key k;
	struct owner_ext *w;
	bool is_new;

	if (one->bytes < o->o.hearing->burst_least || !owner_of(o, p, &k))
		return;
	w = table_use(o->owners, &k, &is_new);
	if (is_new)
		intern_hold(o->strings, k.name);
	else
		w->moved = (uint16_t)(w->moved << 1 | !addr_eq(&w->last, &p->outside));
	w->last = p->outside;
	if (bursts_closed(&w->bursts, o->o.hearing, one) && (w->moved & MOVES_SEEN) != 0)
		tell(o, p, &w->bursts, SCOPE_OWNER);
}

/* False: nothing but itself. */
static bool
owner_of(struct observer *o, struct pair *p, struct owner_key *k)
{
	const struct pair_ext *px = pair_user(p);
	uint32_t id = px->logical != 0 ? px->logical : px->name != 0 ? px->name : px->dns;
	struct span domain = registrable_domain(intern_get(o->strings, id));
	char copy[INTERN_MAX];
	size_t bits = addr_is_v4(&p->outside) ? 120 : 48;

	memset(k, 0, sizeof(*k));
	k->inside = p->inside;
	if (domain.left == 0) {
		memcpy(k->network.b, p->outside.b, bits / 8);
		return true;
	}
	if (domain.left > sizeof(copy))
		return false;
	/* The span lies in the table that intern_put may move things in. */
	memcpy(copy, domain.at, domain.left);
	k->name = intern_put(o->strings, copy, domain.left);
	return k->name != 0;
}

static void
tell(struct observer *o, struct pair *p, const struct bursts *b, enum scope_word scope)
{
	struct pair_ext *px = pair_user(p);
	struct observation *r;
	uint64_t up = 0, down = 0;
	bool way;

	/* At the end of the input the step is ahead of packet time; the record is not. */
	r = record_new(o, OBSERVATION_WINDOW, o->now, o->ordinal);
	record_pair(o, r, p);
	OBSERVATION_SET(r, scope, (uint16_t)scope);
	text_observe(&px->text, o->o.hearing, r);
	for (int i = 0; i < 3; i++) {
		up += flow_true_bytes(&p->up[i]);
		down += flow_true_bytes(&p->down[i]);
	}
	way = (r->seen & SEEN_HALF) == 0 || down > 0;
	if (up > 0 && way)
		OBSERVATION_SET(r, way_bytes, (double)down / (double)up);
	bursts_observe(b, o->o.hearing, way, r);
}
