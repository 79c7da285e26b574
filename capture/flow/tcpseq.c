/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcpseq: positions, holes and acknowledgements of one direction; tcpseq.h has the idea.
 * Refuses to believe what no window allows. */
#include "capture/flow/tcpseq.h"

#include "capture/flow/flow.h"	/* GAP_MAX */

/* Nothing is in flight longer than the largest window (RFC 7323, 2.3: under 1 GiB); it
 * also keeps the distance of a hole from `next` well inside 31 bits, while next moves by
 * one segment at a time. */
#define HOLE_REACH (UINT64_C(1) << 30)

_Static_assert(TCPSEQ_BACK == GAP_MAX, "what both ways of reading refuse");

/* Room below the first number, so that what came before it has a position too. */
#define POSITION_0 (UINT64_C(1) << 32)

static inline uint64_t
position(uint64_t near, uint32_t seq)
{
	return near + (uint64_t)(int64_t)(int32_t)(seq - (uint32_t)near);
}

static void
begin(struct tcpseq *s, uint32_t seq, enum tcpseq_state state, bool exact)
{
	s->base = s->next = s->acked = POSITION_0 | seq;
	s->holes = 0;
	s->state = (uint8_t)state;
	s->exact = exact;
}

/* Goes on from p; offsets go on from where they were. */
static void
resume(struct tcpseq *s, uint64_t p)
{
	uint64_t offset = s->next - s->base;

	/* Back to the lowest positions, so that forged jumps
	 * never walk out of 64 bits. */
	p = (POSITION_0 | (uint32_t)p) + (offset & ~(uint64_t)UINT32_MAX);
	s->next = s->acked = p;
	s->base = p - offset;
	s->holes = 0;
}

static void
hole_remove(struct tcpseq *s, unsigned i)
{
	s->holes--;
	for (; i < s->holes; i++)
		s->hole[i] = s->hole[i + 1];
}

/* Makes room for one more. */
static void
hole_room(struct tcpseq *s)
{
	unsigned best = 0;
	uint32_t nearest = UINT32_MAX;

	if (s->holes < TCPSEQ_HOLES)
		return;
	for (unsigned i = 0; i < s->holes; i++) {
		if (s->hole[i].counted) {
			hole_remove(s, i);
			return;
		}
	}
	for (unsigned i = 0; i + 1 < s->holes; i++) {
		uint32_t between = s->hole[i + 1].start - s->hole[i].end;

		if (between < nearest) {
			nearest = between;
			best = i;
		}
	}
	s->hole[best].end = s->hole[best + 1].end;
	s->hole[best].missing += s->hole[best + 1].missing;
	hole_remove(s, best + 1);
}

/*
 * An acknowledgement ends inside hole i, which becomes two: true, and the first of them
 * is now i. False: the part before `a` was counted here and joined to the counted hole
 * before it; or, in a joined hole and when there is no place, waits for the rest.
 */
static bool
hole_cut(struct tcpseq *s, unsigned i, uint64_t a, uint32_t *gaps)
{
	struct tcpseq_hole *h = &s->hole[i];
	uint32_t before = (uint32_t)a - h->start, after = h->end - (uint32_t)a;

	if (h->missing == before + after && i > 0 && h[-1].counted &&
	    h[-1].end == h->start) {
		*gaps += before;
		h[-1].end = h->start = (uint32_t)a;
		h[-1].missing += before;
		h->missing = after;
		return false;
	}
	if (h->missing != before + after || s->holes == TCPSEQ_HOLES)
		return false;
	for (unsigned k = s->holes++; k > i; k--)
		s->hole[k] = s->hole[k - 1];
	s->hole[i].end = s->hole[i + 1].start = (uint32_t)a;
	s->hole[i].missing = before;
	s->hole[i + 1].missing = after;
	return true;
}

/* [from, to) was passed by; it lies behind every other hole. */
static void
hole_append(struct tcpseq *s, uint64_t from, uint64_t to, bool counted)
{
	struct tcpseq_hole *last = s->holes > 0 ? &s->hole[s->holes - 1] : NULL;
	uint32_t len = (uint32_t)(to - from);

	if (last != NULL && last->end == (uint32_t)from && last->counted == counted) {
		last->end = (uint32_t)to;
		last->missing += len;
		return;
	}
	hole_room(s);
	s->hole[s->holes++] =
	    (struct tcpseq_hole){ (uint32_t)from, (uint32_t)to, len, counted };
}

static void
holes_forget_old(struct tcpseq *s)
{
	while (s->holes > 0 && s->next - position(s->next, s->hole[0].start) > HOLE_REACH)
		hole_remove(s, 0);
}

/* Bytes [from, to), all of them before `next`, came: which of them fill a hole? */
static void
holes_fill(struct tcpseq *s, uint64_t from, uint64_t to, struct tcpseq_got *got)
{
	for (unsigned i = 0; i < s->holes;) {
		struct tcpseq_hole *h = &s->hole[i];
		uint64_t start = position(s->next, h->start),
		    end = position(s->next, h->end);
		uint64_t lo = from > start ? from : start, hi = to < end ? to : end;
		bool whole = h->missing == (uint32_t)(end - start);
		uint32_t n;

		if (lo >= hi) {
			i++;
			continue;
		}
		n = (uint32_t)(hi - lo) < h->missing ? (uint32_t)(hi - lo) : h->missing;
		got->fresh += n;
		if (h->counted)
			got->late += n;
		h->missing -= n;
		if (h->missing == 0) {
			hole_remove(s, i);
			continue;
		}
		if (lo == start) {
			h->start = (uint32_t)hi;
		} else if (hi == end) {
			h->end = (uint32_t)lo;
		} else if (whole && s->holes < TCPSEQ_HOLES) {
			for (unsigned k = s->holes++; k > i; k--)
				s->hole[k] = s->hole[k - 1];
			s->hole[i].end = (uint32_t)lo;
			s->hole[i].missing = (uint32_t)(lo - start);
			s->hole[++i].start = (uint32_t)hi;
			s->hole[i].missing = (uint32_t)(end - hi);
		}
		/* else the middle of a hole that cannot be split:
		 * it knows what it misses */
		i++;
	}
}

void
tcpseq_syn(struct tcpseq *s, uint32_t seq)
{
	uint32_t first = seq + 1;

	if (s->state == TCPSEQ_UNKNOWN || s->next == s->base) {
		/* No byte counted yet: the newest SYN is the one
		 * that will be answered. */
		begin(s, first, TCPSEQ_SEEN, true);
		return;
	}
	s->state = TCPSEQ_SEEN;
	/* On a stream that runs it came again, is forged, or opens a new connection on
	 * the same ports: tcpseq_data decides. */
	s->has_syn = first != (uint32_t)s->base;
	s->syn = first;
}

struct tcpseq_got
tcpseq_data(struct tcpseq *s, uint32_t seq, uint32_t len)
{
	struct tcpseq_got got = { 0, 0, 0 };
	uint64_t p, end;
	int64_t ahead;

	if (s->state == TCPSEQ_UNKNOWN)
		begin(s, seq, TCPSEQ_SEEN, false);
	p = position(s->next, seq);
	ahead = (int64_t)(p - s->next);
	/* Data that begin where a later SYN said belong to a new connection on the old
	 * ports.
	 * Once: a retransmission of them is one. */
	if (s->has_syn && seq == s->syn) {
		resume(s, p);
		s->base = s->next;
		s->has_syn = false;
		p = s->next;
		ahead = 0;
	}
	/* Mid-stream, what lies between the first acknowledgement and the first data may
	 * have passed before we listened. */
	if (ahead > GAP_MAX || ahead < -(int64_t)GAP_MAX ||
	    (s->state == TCPSEQ_ACKED && !s->exact && ahead > 0)) {
		resume(s, p);
		p = s->next;
		ahead = 0;
	}
	s->state = TCPSEQ_SEEN;
	end = p + len;
	if (p > s->base)
		got.offset = p - s->base;
	if (ahead >= 0) {
		if (ahead > 0)
			hole_append(s, s->next, p, false);
		got.fresh = len;
		s->next = end;
	} else {
		holes_fill(s, p, end < s->next ? end : s->next, &got);
		if (end > s->next) {
			got.fresh += (uint32_t)(end - s->next);
			s->next = end;
		}
	}
	holes_forget_old(s);
	return got;
}

void
tcpseq_fin(struct tcpseq *s, uint32_t seq)
{
	uint64_t p = position(s->next, seq);

	/* It says where the stream ends: what is missing before it is a hole, and the
	 * number that the FIN itself takes is not a byte. */
	if (s->state != TCPSEQ_SEEN || p <= s->next || p - s->next > GAP_MAX)
		return;
	hole_append(s, s->next, p, false);
	s->next = p;
	holes_forget_old(s);
}

struct tcpseq_proof
tcpseq_ack(struct tcpseq *s, uint32_t ack, bool from_start)
{
	struct tcpseq_proof proof = { 0, false };
	uint64_t a, p;
	int64_t ahead;

	if (s->state == TCPSEQ_UNKNOWN) {
		begin(s, ack, TCPSEQ_ACKED, from_start);
		return proof;
	}
	a = position(s->next, ack);
	ahead = (int64_t)(a - s->next);
	if (ahead > GAP_MAX || ahead < -(int64_t)GAP_MAX) {
		/* Where data are seen they say where the stream is. */
		if (s->state == TCPSEQ_ACKED)
			resume(s, a);
		return proof;
	}
	/* One number beyond is the FIN's until more follows. */
	if (ahead == 1)
		a = s->next;
	if (a <= s->acked)
		return proof;
	s->acked = a;
	for (unsigned i = 0; i < s->holes; i++) {
		struct tcpseq_hole *h = &s->hole[i];

		if (h->counted)
			continue;
		if (position(s->next, h->start) >= a)
			break;
		if (position(s->next, h->end) > a && !hole_cut(s, i, a, &proof.gaps))
			break;
		h = &s->hole[i];
		proof.gaps += h->missing;
		h->counted = true;
		if (i > 0 && h[-1].counted && h[-1].end == h->start) {
			h[-1].end = h->end;
			h[-1].missing += h->missing;
			hole_remove(s, i--);
		}
	}
	p = s->next;
	if (a > p) {
		proof.gaps += (uint32_t)(a - p);
		proof.beyond = true;
		hole_append(s, p, a, true);
		s->next = a;
		holes_forget_old(s);
	}
	return proof;
}

void
tcpseq_unpack(const struct tcpseq_kept *k, struct tcpseq *s)
{
	uint64_t length = tcpseq_length(k);

	s->state = (uint8_t)k->state;
	s->syn = k->syn;
	s->has_syn = k->has_syn;
	s->exact = k->exact;
	s->holes = (uint8_t)k->holes;
	s->base = s->next = s->acked = 0;
	if (k->state == TCPSEQ_UNKNOWN)
		return;
	s->base = POSITION_0 | k->base;
	s->next = s->base + length;
	s->acked = s->next - k->behind;
}

void
tcpseq_pack(const struct tcpseq *s, struct tcpseq_kept *k)
{
	uint64_t length = s->next - s->base, behind = s->next - s->acked;

	k->base = (uint32_t)s->base;
	k->syn = s->syn;
	k->behind = (uint32_t)(behind < UINT32_MAX ? behind : UINT32_MAX);
	k->length = (uint32_t)length;
	k->more = (uint32_t)(length >> 32) & 0xffffff;
	k->state = s->state & 3U;
	k->has_syn = s->has_syn;
	k->exact = s->exact;
	k->holes = s->holes & 15U;
}
