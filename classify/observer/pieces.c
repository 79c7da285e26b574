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

#include "capture/base/heap.h"
#include "capture/base/huge.h"
#include "capture/base/near.h"

#include <string.h>

#define BURST_HEAD 32768	/* the first 4 kB of an HTTP request are mostly its head */
#define HANDSHAKE_ENDS 4096	/* bytes into a connection: two thousand, and a chain */
#define BEGINNING 2		/* segments: TLS's hello, or a request's head */
#define FINISHED_MOST 128		/* TLS 1.3 hides that message in a data record */
#define UNSEEN_MOST 0x7fffffffu	/* what its bits hold */
#define MOVES_SEEN ((1u << BURSTS_KEPT) - 1)

#define FULL 65536		/* pairs that sent two bursts or more: one in eight, */
#define FULL_LEAST 1024		/* and of few pairs all */
#define LOOKS 64		/* at so many, when there is no room for another */
#define TICK_BITS 24

static uint32_t handshake_bytes(const struct flow_hit *hit, uint16_t *left);
static bool owner_of(struct observer *o, struct pair *p, struct owner_key *k);
static void owner_burst(struct observer *o, struct pair *p, const struct burst *one,
    struct pkt_time handed);
static void tell(struct observer *o, struct pair *p, const struct bursts *b,
    enum scope_word scope);

int
pieces_create(struct observer *o, size_t pairs)
{
	struct pieces *all = &o->pieces;
	size_t full = pairs / 8 > FULL_LEAST ? pairs / 8 : FULL_LEAST;

	if (full > pairs || full > FULL)
		full = pairs < FULL ? pairs : FULL;
	all->room = pairs;
	all->piece = pool_create(sizeof(struct piece), pairs);
	all->first = pool_create(sizeof(struct burst), pairs);
	all->full = pool_create(sizeof(struct piece_full), full);
	all->due = huge_take(pairs * sizeof(*all->due));
	return all->piece == NULL || all->first == NULL || all->full == NULL ||
	    all->due == NULL ? -1 : 0;
}

void
pieces_destroy(struct observer *o)
{
	struct pieces *all = &o->pieces;

	pool_destroy(all->piece);
	pool_destroy(all->first);
	pool_destroy(all->full);
	huge_give(all->due, all->room * sizeof(*all->due));
}

static struct piece *
piece_at(const struct observer *o, uint32_t number)
{
	return pool_at(o->pieces.piece, number);
}

static struct piece_full *
full_at(const struct observer *o, uint32_t number)
{
	return pool_at(o->pieces.full, number);
}

/* ---- those that may be open, in the order in which they began or were looked at ---- */

static void
unlist(struct observer *o, struct piece *q)
{
	struct pieces *all = &o->pieces;

	if (!q->listed)
		return;
	if (q->prev != 0)
		piece_at(o, q->prev)->next = q->next;
	else
		all->head = q->next;
	if (q->next != 0)
		piece_at(o, q->next)->prev = q->prev;
	else
		all->tail = q->prev;
	q->listed = false;
}

static void
enlist(struct observer *o, struct piece *q)
{
	struct pieces *all = &o->pieces;
	uint32_t number = pool_number(all->piece, q);

	q->listed = true;
	q->queued = (uint32_t)(uint64_t)(o->now.ns >> TICK_BITS);
	q->prev = all->tail;
	q->next = 0;
	if (all->tail != 0)
		piece_at(o, all->tail)->next = number;
	else
		all->head = number;
	all->tail = number;
}

/* ---- a piece in a few words, and in full ---- */

/* Whose bursts are forgotten: of some, the one whose last burst is longest ago. */
static uint32_t
full_evict(struct observer *o)
{
	struct pieces *all = &o->pieces;
	size_t n = pool_touched(all->full);
	uint32_t worst = 0;

	for (unsigned i = 0; i < LOOKS && i < n; i++) {
		all->hand = all->hand % (uint32_t)n + 1;
		if (worst == 0 || full_at(o, all->hand)->b.last.ns <
		    full_at(o, worst)->b.last.ns)
			worst = all->hand;
	}
	return worst;
}

static struct piece_full *
full_take(struct observer *o, struct piece *q)
{
	struct pieces *all = &o->pieces;
	struct piece_full *full = pool_take(all->full);
	struct piece *loser;

	if (full == NULL) {
		full = full_at(o, full_evict(o));
		loser = piece_at(o, full->piece);
		loser->full = 0;
		loser->start = full->b.start;
		loser->last = full->b.last;
		loser->bytes = full->b.bytes;
		loser->down = full->b.then.down;
		loser->opened = (uint32_t)full->b.then.opened;
		memset(full, 0, sizeof(*full));
		all->evicted++;
	}
	full->piece = pool_number(all->piece, q);
	q->full = pool_number(all->full, full);
	return full;
}

static struct bursts *
unpacked(struct observer *o, const struct piece *q, struct bursts *room)
{
	if (q->full != 0)
		return &full_at(o, q->full)->b;
	memset(room, 0, sizeof(*room));
	if (q->first != 0)
		(void)bursts_closed(room, o->o.hearing, pool_at(o->pieces.first, q->first));
	room->start = q->start;
	room->last = q->last;
	room->bytes = q->bytes;
	room->then.down = q->down;
	room->then.opened = q->opened;
	return room;
}

static void
pack(struct observer *o, struct piece *q, const struct bursts *b)
{
	struct pieces *all = &o->pieces;
	struct burst *first;
	bool one = b->n == 1 && b->total == b->kept[0].bytes;

	if (q->full != 0)
		return;
	if (q->first != 0 && !one) {
		pool_give(all->first, pool_at(all->first, q->first));
		q->first = 0;
	}
	if (!one && (b->n > 0 || b->total > 0)) {
		full_take(o, q)->b = *b;
		return;
	}
	if (one) {
		first = q->first != 0 ? pool_at(all->first, q->first) :
		    pool_take(all->first);
		q->first = pool_number(all->first, first);
		*first = b->kept[0];
	}
	q->start = b->start;
	q->last = b->last;
	q->bytes = b->bytes;
	q->down = b->then.down;
	q->opened = (uint32_t)b->then.opened;
}

static uint64_t
open_bytes(const struct observer *o, const struct piece *q)
{
	return q->full != 0 ? full_at(o, q->full)->b.bytes : q->bytes;
}

static struct pkt_time
last_of(const struct observer *o, const struct piece *q)
{
	return q->full != 0 ? full_at(o, q->full)->b.last : q->last;
}

static bool
due(const struct observer *o, const struct piece *q, struct pkt_time now)
{
	return open_bytes(o, q) > 0 &&
	    now.ns - last_of(o, q).ns >= o->o.hearing->burst_gap;
}

static void
more(struct observer *o, struct piece *q, uint32_t fresh)
{
	if (fresh == 0)
		return;
	if (q->full != 0) {
		bursts_packet(&full_at(o, q->full)->b, o->o.hearing, o->now, fresh);
	} else {
		if (q->bytes == 0)
			q->start = o->now;
		q->last = o->now;
		q->bytes += fresh;
	}
	if (!q->listed)
		enlist(o, q);
}

static void
less(struct observer *o, struct piece *q, struct pkt_time when, uint32_t fresh, bool anew)
{
	struct bursts room, *b = unpacked(o, q, &room);

	bursts_take_back(b, when, fresh, anew);
	pack(o, q, b);
}

void
pieces_take_back(struct observer *o, struct pair *p, struct pkt_time when, uint32_t fresh,
    bool anew)
{
	struct pair_ext *px = pair_user(p);

	if (px->piece != 0)
		less(o, piece_at(o, px->piece), when, fresh, anew);
}

const struct text_meter *
pieces_text(const struct observer *o, const struct pair_ext *px)
{
	static const struct text_meter none;

	return px->piece == 0 ? &none : &piece_at(o, px->piece)->text;
}

void
pieces_near(const struct observer *o, const struct pair_ext *px)
{
	const struct piece *q = px->piece == 0 ? NULL : piece_at(o, px->piece);

	if (q != NULL && q->full != 0)
		NEAR(&full_at(o, q->full)->b.start, full_at(o, q->full)->b.before);
	if (q != NULL)
		near_range(q, sizeof(*q));
}

void
pieces_end(struct observer *o, struct pair *p)
{
	struct pair_ext *px = pair_user(p);
	struct pieces *all = &o->pieces;
	struct piece *q;

	if (px->piece == 0)
		return;
	q = piece_at(o, px->piece);
	unlist(o, q);
	if (q->first != 0)
		pool_give(all->first, pool_at(all->first, q->first));
	if (q->full != 0)
		pool_give(all->full, full_at(o, q->full));
	pool_give(all->piece, q);
	px->piece = 0;
}

bool
pieces_begins(const struct observer *o, struct pair *p)
{
	const struct pair_ext *px = pair_user(p);
	const struct piece *q = px->piece == 0 ? NULL : piece_at(o, px->piece);

	return q == NULL || open_bytes(o, q) < BURST_HEAD || due(o, q, o->now);
}

void
pieces_packet(struct observer *o, const struct flow_hit *hit, struct text_head text)
{
	struct pair *p = hit->flow->pair;
	struct pair_ext *px = pair_user(p);
	struct flow_ext *x = flow_user(hit->flow);
	uint32_t not = more_of(o, x)->plain_end == 0 ? 0 : body_explains(o, hit), late;
	struct piece *q;

	pieces_step(o, p, o->now);
	if (px->piece == 0) {
		/* there are as many as pairs */
		px->piece = pool_number(o->pieces.piece, pool_take(o->pieces.piece));
		piece_at(o, px->piece)->pair = p;
	}
	q = piece_at(o, px->piece);
	/* The beginning of a burst says whether it is text;
	 * the rest of it need not be looked at. */
	if (open_bytes(o, q) < BURST_HEAD)
		text_add(&q->text, text);
	if (not == 0 && (x->handshake != 0 ||
	    (hit->flow->proto == IPPROTO_IS_TCP && hit->offset <= HANDSHAKE_ENDS)))
		not = handshake_bytes(hit, &x->handshake);
	if (not > hit->fresh && open_bytes(o, q) > not - hit->fresh)
		less(o, q, o->now, not - hit->fresh, false);
	not = not < hit->fresh ? hit->fresh - not : 0;
	/* counted when it was acknowledged: halves of a TAP out of step, or sent again */
	late = hit->late < q->unseen ? hit->late : q->unseen;
	late = late < not ? late : not;
	q->unseen = (q->unseen - late) & UNSEEN_MOST;
	more(o, q, not - late);
}

/*
 * What comes down acknowledges bytes that went up unseen: the capture lost them, the far
 * end has them. They are the burst's that is open, or a piece of 4.6 kB that lost a
 * segment would be one of 3.2. A connection's beginning is left out, as handshakes are.
 */
void
pieces_unseen(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct pair_ext *px = pair_user(f->pair);
	struct flow_ext *x = flow_user(f);
	const struct flow_count *up = &f->count[!hit->dir];
	uint64_t after = flow_true_bytes(up), n = hit->acked_unseen;
	struct piece *q;

	if (px->piece == 0 || up->data_pkts < BEGINNING)
		return;
	pieces_step(o, f->pair, o->now);
	q = piece_at(o, px->piece);
	/* of a body that was seen to be no sound: it explains them as well */
	if (open_bytes(o, q) == 0 || more_of(o, x)->plain_end > after - n)
		return;
	n -= n < x->handshake ? n : x->handshake;
	x->handshake = 0;
	q->unseen = (q->unseen + (uint32_t)n) & UNSEEN_MOST;
	more(o, q, (uint32_t)n);
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
	if (hit->flow->proto != IPPROTO_IS_TCP || hit->offset > HANDSHAKE_ENDS ||
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
	struct piece *q = px->piece == 0 ? NULL : piece_at(o, px->piece);
	struct bursts room, *b;
	uint64_t down = 0;
	struct pkt_time handed;
	struct burst one;

	if (q == NULL || !due(o, q, now))
		return;
	b = unpacked(o, q, &room);
	for (int i = 0; i < 3; i++)
		down += p->down[i];
	bursts_received(b, down, p->flows_ever);
	unlist(o, q);
	q->unseen = 0;
	if (!bursts_take(b, o->o.hearing, now, &one))
		return;
	/* DHCP gave the address to another: half of it by one and half by the other are no
	 * recorder of either. */
	handed = endpoint_handed(o->endpoint, &p->inside);
	(void)bursts_anew(b, one.start, handed);
	if (bursts_closed(b, o->o.hearing, &one))
		tell(o, p, b, SCOPE_PAIR);
	pack(o, q, b);
	owner_burst(o, p, &one, handed);
}

static bool
older(const void *arg, uint32_t x, uint32_t y)
{
	return pair_older(piece_at(arg, x)->pair, piece_at(arg, y)->pair);
}

/* In order of the pairs' birth, as all are told. What goes on when its place in the list
 * says it may be over keeps its place, and is looked at with every step until it is. */
void
pieces_due(struct observer *o)
{
	struct pieces *all = &o->pieces;
	uint32_t now = (uint32_t)(uint64_t)(o->now.ns >> TICK_BITS);
	size_t n = 0;

	for (uint32_t i = all->head, next; i != 0; i = next) {
		struct piece *q = piece_at(o, i);

		next = q->next;
		if (((int64_t)(now - q->queued) + 1) << TICK_BITS < o->o.hearing->burst_gap)
			break;
		if (due(o, q, o->now))
			all->due[n++] = i;
		else if (open_bytes(o, q) == 0)
			unlist(o, q);
	}
	heap_sort(all->due, n, older, o);
	for (size_t i = 0; i < n; i++)
		pieces_step(o, piece_at(o, all->due[i])->pair, o->now);
}

void
owner_forgotten(void *arg, const void *key, void *value)
{
	uint32_t id = ((const struct owner_key *)key)->name;

	(void)value;
	name_drop(arg, &id);
}

static void
owner_burst(struct observer *o, struct pair *p, const struct burst *one,
    struct pkt_time handed)
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
	if (bursts_anew(&w->bursts, one->start, handed))
		w->moved = 0;
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
	size_t bits = addr_is_v4(&p->outside) ? 120 : 48;

	memset(k, 0, sizeof(*k));
	k->inside = p->inside;
	if (name_domain(o, id, &k->name))
		return k->name != 0;
	memcpy(k->network.b, p->outside.b, bits / 8);
	return true;
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
	text_observe(pieces_text(o, px), o->o.hearing, r);
	for (int i = 0; i < 3; i++) {
		up += p->up[i];
		down += p->down[i];
	}
	way = (r->seen & SEEN_HALF) == 0 || down > 0;
	if (up > 0 && way)
		OBSERVATION_SET(r, way_bytes, (double)down / (double)up);
	bursts_observe(b, o->o.hearing, way, r);
}
