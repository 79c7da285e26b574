/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcpseq: the bytes of one direction of a TCP connection, each counted once.
 *
 * Owns: where the stream stands, the holes behind that point, what the other side's
 * acknowledgements say about both. Refuses: payload (nothing is reassembled), windows,
 * checksums, time.
 *
 * Sequence numbers become 64-bit positions whose low half is the number on the wire, so
 * that a wrap is nothing special. A segment beyond `next` leaves a hole; bytes that come
 * into a hole later are fresh; what an acknowledgement passes without our having seen it
 * is a gap. A hole that was counted as a gap is remembered for a while: an
 * acknowledgement may overtake its data on the way through a mirror port with several
 * queues, and then the bytes move from gaps to captured, the sum staying as it was.
 *
 * A jump of more than GAP_MAX either way is not believed: the direction goes on from
 * there and nothing is counted for the way between. Forged numbers may
 * thus make bytes count twice. Bytes sent again under numbers already seen count as come
 * again, whatever is in them: who holds both ends can send so, and `retrans` shows it.
 *
 * Eight holes are kept. When a ninth comes, the oldest counted one is forgotten, else the
 * two nearest are taken as one that knows how many bytes are missing in it: which of them
 * are seen first may then be mistaken, the sum that an acknowledgement settles is not. A
 * hole 1 GiB (the largest window) behind is forgotten uncounted.
 */
#ifndef CAPTURE_FLOW_TCPSEQ_H
#define CAPTURE_FLOW_TCPSEQ_H

#include <stdbool.h>
#include <stdint.h>

#define TCPSEQ_HOLES 8

struct tcpseq_hole {
	uint32_t start, end;	/* low halves of positions */
	uint32_t missing;	/* bytes of it not seen: all, unless holes were joined */
	bool counted;		/* in gaps already */
};

enum tcpseq_state {
	TCPSEQ_UNKNOWN,		/* no number known: all zero is a new direction */
	TCPSEQ_ACKED,		/* only the other side's acknowledgements were seen */
	TCPSEQ_SEEN,		/* its own SYN or data were seen */
};

struct tcpseq {
	uint64_t base;		/* position of offset 0 */
	uint64_t next;		/* behind the highest byte seen or proven */
	uint64_t acked;		/* highest acknowledgement believed */
	uint32_t syn;		/* first byte after the SYN last seen */
	uint8_t state;
	bool has_syn;		/* syn is set */
	bool exact;		/* base is the start of the stream */
	uint8_t holes;
	struct tcpseq_hole hole[TCPSEQ_HOLES];
};

/* The same at rest, in 24 bytes: its holes lie elsewhere while there are any. */
struct tcpseq_kept {
	uint32_t base, syn;	/* low halves */
	uint32_t behind;	/* acked behind next, or so much */
	uint32_t length;	/* next - base: low half, */
	uint32_t more: 24;	/* and high */
	uint32_t state: 2;
	uint32_t has_syn: 1, exact: 1;
	uint32_t holes: 4;
	uint32_t place;		/* of the holes, as their keeper counts; 0: none */
};

/* The holes themselves are their keeper's to bring and to put away. */
void tcpseq_unpack(const struct tcpseq_kept *k, struct tcpseq *s);
void tcpseq_pack(const struct tcpseq *s, struct tcpseq_kept *k);

/* What a segment brought. */
struct tcpseq_got {
	uint32_t fresh;		/* bytes not seen before; the rest came again */
	uint32_t late;		/* of these, bytes that were counted in gaps until now */
	uint64_t offset;	/* of its first byte; 0 when it lies before all we know */
};

/* What an acknowledgement proved. */
struct tcpseq_proof {
	uint32_t gaps;		/* bytes delivered and not seen */
	bool beyond;		/* some beyond anything seen: half capture, or a loss */
};

/* A SYN of this side; seq is the number in it. */
void tcpseq_syn(struct tcpseq *s, uint32_t seq);

/* len > 0 payload bytes, the first of them numbered seq. */
struct tcpseq_got tcpseq_data(struct tcpseq *s, uint32_t seq, uint32_t len);

/* A FIN of this side, numbered seq (behind its own packet's payload). */
void tcpseq_fin(struct tcpseq *s, uint32_t seq);

/* The other side acknowledges up to ack. from_start: the connection's opening was seen,
 * so the first acknowledgement names the first byte. */
struct tcpseq_proof tcpseq_ack(struct tcpseq *s, uint32_t ack, bool from_start);

#define TCPSEQ_BACK (16 * 1024 * 1024)	/* GAP_MAX: an acknowledgement of older bytes */

/*
 * Most segments are the next ones of their direction and acknowledge what was seen. This
 * does with the numbers at rest what tcpseq_data (when len > 0) and tcpseq_ack would do;
 * nothing is late and nothing is a gap. False: it is no such segment, nothing was done.
 */
static inline bool
tcpseq_quick(struct tcpseq_kept *mine, struct tcpseq_kept *other, uint32_t seq,
    uint32_t len, uint32_t ack)
{
	int32_t ahead = (int32_t)(ack - (other->base + other->length));
	uint32_t behind = ahead < 0 ? 0 - (uint32_t)ahead : 0;

	if (mine->state == TCPSEQ_UNKNOWN || other->state == TCPSEQ_UNKNOWN ||
	    ahead > 1 || ahead < -TCPSEQ_BACK || (behind < other->behind && other->holes > 0))
		return false;
	if (len > 0) {
		if (mine->state != TCPSEQ_SEEN || mine->has_syn || mine->holes > 0 ||
		    seq != mine->base + mine->length)
			return false;
		if (__builtin_add_overflow(mine->length, len, &mine->length))
			mine->more++;
		if (__builtin_add_overflow(mine->behind, len, &mine->behind))
			mine->behind = UINT32_MAX;
	}
	if (behind < other->behind)
		other->behind = behind;
	return true;
}

static inline uint64_t
tcpseq_length(const struct tcpseq_kept *k)
{
	return (uint64_t)k->more << 32 | k->length;
}

#endif
