/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pictures: is a stream of RTP pictures, and is it still?
 *
 * Payload types from 96 on mean what two ends agreed on, but every payload format for
 * pictures (RFC 6184 for H.264, 7798, 7741, 2435 ...) counts its stamps at 90 kHz, gives all
 * packets of a picture the same one and marks the last. Sound counts its samples, and marks
 * the first packet after a pause. So: a marker before every change of the stamp, and stamps
 * that run at 90 kHz against the capture's clock. Many that leave the stamp and the marker to
 * chance are not seen, and are what they were before: unknown. Sound at 90 kHz (MPEG audio,
 * payload type 14) and streams of both (MPEG-2 TS, 33) are refused by their types; a frame of
 * one small packet is no picture, whatever its marker, and no stream is that which is as thin
 * as speech (RATE), however large its packets: speech may be sent four times a second.
 *
 * All of that anybody can write. So it is asked again as long as the stream goes on, look
 * after look of a few seconds, and of everything that the flow sends, RTP or not. A look that
 * sees something else takes all that was sent in it back to content unknown at once, three in
 * a row take back that it is pictures, and so do more than one of three for long; three in a row
 * that see pictures give it back. Between the messages of RTSP it is the same, and pictures
 * that can be followed no longer are none any longer.
 */
#include "classify/content/inside.h"

/* Enough to know: three seconds, and 15 pictures. Or six of ten packets each, which no sound
 * has: a fast camera sends 1 MB in less than a second, and would be called an upload of
 * content unknown by then. */
#define LOOK_FRAMES 15
#define LOOK_MS 3000
#define SOON_FRAMES 6
#define SOON_PACKETS 10
#define SOON_MS 100
#define LOOK_MOST 4095		/* packets: more pictures than that are none */
#define LOOK_TRIES 4		/* it may have begun with a loss */

/* Later looks end with so many packets of whatever kind, too, and in any case after so long:
 * what is not pictures has none to wait for. */
#define AGAIN_PACKETS 60
#define AGAIN_MS 15000
#define AGAIN_TURNS 6		/* three looks that see the other count two each, and one that
				 * sees pictures still takes one back */

/* The clock, in stamps a ms: 90, within 2 % and what a network and pictures that are sent
 * out of their order may shift both ends by. 96 kHz, the nearest rate of sound, is 7 % off. */
#define CLOCK 90
#define CLOCK_PART 50
#define CLOCK_LATE 100		/* ms */

#define SMALL 200		/* bytes; few pictures are smaller, most speech is */
#define RATE 12			/* bytes a ms, 96 kbit/s: G.711 with its headers has 69 */
#define UNIT 16			/* of rtp_look.bytes */
#define BYTES_MOST ((1U << 20) - 1)

/* Packets of other sources: one of 16, and beside them RTCP's and STUN's, two a second. What
 * is longer than a packet is several. Hidden ones are as many as those seen: of two cameras
 * cut to 128 bytes, 30 % of the segments were. */
#define OTHERS_PART 16
#define OTHERS_EACH_MS 500
#define OTHERS_MOST 4095
#define OTHER_WIRE 1500

enum {
	LOOK_MARKED = 1,	/* the packet before bore the marker */
	LOOK_SMALL = 2,		/* the frame at hand is one small packet so far */
	LOOK_PICTURES = 4,	/* it is pictures */
	LOOK_WAS = 8,		/* it was once */
	LOOK_OVER = 16,		/* it is not, and is not asked again */
	LOOK_TURN = 32,		/* times what looks that saw the other, or nothing, count */
	LOOK_FORM = LOOK_MARKED | LOOK_SMALL,
};

struct looked {
	uint32_t ssrc, stamp;
	uint8_t seq;
	bool marked;
};

static bool
look_read(struct span p, uint32_t wire, struct looked *out)
{
	uint8_t first, second, type;
	uint16_t seq;

	if (wire <= 12 || !span_u8(&p, &first) || !span_u8(&p, &second) ||
	    first >> 6 != 2 || !span_u16(&p, &seq) || !span_u32(&p, &out->stamp) ||
	    !span_u32(&p, &out->ssrc))
		return false;
	out->seq = (uint8_t)seq;
	out->marked = (second & 0x80) != 0;
	type = second & 0x7f;
	/* sound, or both in one, by RFC 3551 */
	if (type <= 23 || type == 33)
		return false;
	return type < 35 || type >= 96;
}

void
rtp_look_start(struct rtp_look *l, uint64_t *since, struct span p, int64_t ms)
{
	struct looked r = { .stamp = l->stamp, .seq = (uint8_t)l->seq };
	bool read = look_read(p, UINT32_MAX, &r);
	uint8_t keep = l->state & (uint8_t)~(read ? LOOK_FORM : 0);

	*l = (struct rtp_look){ .source = l->source, .stamp = r.stamp, .seq = r.seq,
		.state = keep };
	if (read) {
		l->source = (uint16_t)r.ssrc;
		l->state |= r.marked ? LOOK_MARKED : 0;
	}
	*since = (uint64_t)ms << 32 | r.stamp;
}

/* Whether stamps ran at 90 kHz, in what was looked at. */
static bool
look_runs(const struct rtp_look *l, uint64_t since, uint32_t ms)
{
	int64_t ran = (int32_t)(l->stamp - (uint32_t)since), off = ran - CLOCK * (int64_t)ms;

	return ran > 0 && (off < 0 ? -off : off) <=
	    CLOCK * ((int64_t)ms / CLOCK_PART + CLOCK_LATE);
}

/* One packet is counted. */
static void
look_count(struct rtp_look *l, enum rtp_kind kind, struct span p, uint32_t wire)
{
	struct looked r;
	bool begins;
	uint32_t n = l->bytes + (wire + UNIT / 2) / UNIT;

	l->bytes = (n < BYTES_MOST ? n : BYTES_MOST) & BYTES_MOST;
	if (kind != RTP_KIND_READ || !look_read(p, wire, &r) ||
	    (uint16_t)r.ssrc != l->source) {
		n = l->others + (kind == RTP_KIND_HIDDEN ? 1 :
		    OTHERS_PART * (1 + wire / OTHER_WIRE));
		l->others = (n < OTHERS_MOST ? n : OTHERS_MOST) & OTHERS_MOST;
		return;
	}
	begins = r.stamp != l->stamp;
	if (begins && (uint8_t)(r.seq - l->seq) == 1) {
		l->frames++;
		if ((l->state & LOOK_FORM) != LOOK_MARKED && l->open < UINT8_MAX)
			l->open++;
	}
	l->packets++;
	l->stamp = r.stamp;
	l->seq = r.seq;
	l->state = (uint8_t)((l->state & ~LOOK_FORM) | (r.marked ? LOOK_MARKED : 0) |
	    (begins && wire < SMALL ? LOOK_SMALL : 0));
}

static bool
look_ends(const struct rtp_look *l, uint32_t age)
{
	unsigned all = l->packets + l->others / OTHERS_PART;

	if (all >= LOOK_MOST || l->others == OTHERS_MOST || l->bytes == BYTES_MOST ||
	    (l->frames >= LOOK_FRAMES && age >= LOOK_MS))
		return true;
	if (l->state & LOOK_WAS)
		return age >= AGAIN_MS || (all >= AGAIN_PACKETS && age >= LOOK_MS);
	return l->frames >= SOON_FRAMES && l->packets >= SOON_PACKETS * l->frames &&
	    age >= SOON_MS;
}

static bool
look_pictures(const struct rtp_look *l, uint64_t since, uint32_t age)
{
	return l->frames > 0 && l->open < UINT8_MAX && 8 * l->open <= l->frames &&
	    l->others < OTHERS_MOST &&
	    l->others < l->packets + OTHERS_PART * (age / OTHERS_EACH_MS) &&
	    (uint64_t)l->bytes * UNIT >= (uint64_t)RATE * age && look_runs(l, since, age);
}

enum rtp_seen
rtp_look(struct rtp_look *l, uint64_t *since, enum rtp_kind kind, struct span p, uint32_t wire,
    int64_t ms, uint32_t *bytes)
{
	uint32_t age = (uint32_t)ms - (uint32_t)(*since >> 32);
	bool was = (l->state & LOOK_WAS) != 0, is = (l->state & LOOK_PICTURES) != 0, sees;
	unsigned turns = l->state / LOOK_TURN;

	*bytes = 0;
	if ((l->state & LOOK_OVER) != 0)
		return RTP_SEEN_NOTHING;
	look_count(l, kind, p, wire);
	if (!look_ends(l, age))
		return RTP_SEEN_NOTHING;
	sees = look_pictures(l, *since, age);
	*bytes = l->bytes * UNIT;
	rtp_look_start(l, since, p, ms);
	l->state %= LOOK_TURN;
	if (!was && sees) {
		l->state |= LOOK_WAS | LOOK_PICTURES;
		return RTP_SEEN_PICTURES;
	}
	if (was && sees == is) {
		if (is && turns > 0)
			l->state |= (uint8_t)((turns - 1) * LOOK_TURN);
		return is ? RTP_SEEN_PICTURES_STILL : RTP_SEEN_NOTHING;
	}
	turns += was ? 2 : 1;
	if (turns < (was ? AGAIN_TURNS : LOOK_TRIES)) {
		l->state |= (uint8_t)(turns * LOOK_TURN);
		return is ? RTP_SEEN_DOUBT : RTP_SEEN_NOTHING;
	}
	if (!was) {
		l->state |= LOOK_OVER;
		return RTP_SEEN_NOTHING;
	}
	l->state ^= LOOK_PICTURES;
	return is ? RTP_SEEN_OTHER : RTP_SEEN_PICTURES_AGAIN;
}

bool
rtp_looks(const struct state *st, unsigned dir)
{
	return (st->flags & (SAID_RTP << dir)) != 0 &&
	    (st->rtp[dir].look.state & LOOK_OVER) == 0;
}

void
rtp_stands(struct state *st, const struct flow_hit *hit, struct span p,
    const struct content_news *news)
{
	/* what was agreed to be sound is not looked at */
	st->rtp[hit->dir].look = (struct rtp_look){
		.state = news->class == CONTENT_AUDIO ? LOOK_OVER : 0 };
	rtp_look_start(&st->rtp[hit->dir].look, &st->end[hit->dir], p,
	    hit->pkt->frame->time.ns / NS_PER_MS);
}

/* Pictures explain all that the flow has sent, and so many more bytes as any body that does
 * not say how long it is; what was sent in a look that saw something else, and what comes
 * then, is explained no longer. */
static void
seen_news(enum rtp_seen seen, uint32_t bytes, struct content_news *news)
{
	bool turned = seen == RTP_SEEN_PICTURES || seen == RTP_SEEN_OTHER ||
	    seen == RTP_SEEN_PICTURES_AGAIN;

	news->class = seen == RTP_SEEN_OTHER ? CONTENT_UNKNOWN : CONTENT_VIDEO;
	news->taken_back = seen == RTP_SEEN_OTHER;
	news->format = FORMAT_RTP;
	news->proof = PROOF_RTP;
	news->body = true;
	news->body_plain = seen == RTP_SEEN_DOUBT || seen == RTP_SEEN_OTHER ? 0 : UINT64_MAX;
	news->body_seen = seen == RTP_SEEN_PICTURES ? UINT32_MAX : bytes;
	if (turned)
		news->what |= NEWS_CONTENT;
}

bool
rtp_goes_on(struct state *st, const struct flow_hit *hit, enum rtp_kind kind, struct span p,
    uint32_t wire, struct content_news *news)
{
	uint32_t bytes;
	enum rtp_seen seen = rtp_look(&st->rtp[hit->dir].look, &st->end[hit->dir], kind, p,
	    wire, hit->pkt->frame->time.ns / NS_PER_MS, &bytes);

	if (seen == RTP_SEEN_NOTHING)
		return false;
	seen_news(seen, bytes, news);
	return true;
}

void
rtp_stops(struct state *st, unsigned dir, struct content_news *news)
{
	struct rtp_look *l = &st->rtp[dir].look;

	if ((st->flags & (SAID_RTP << dir)) == 0 || (l->state & LOOK_PICTURES) == 0)
		return;
	l->state = LOOK_OVER;
	seen_news(RTP_SEEN_OTHER, l->bytes * UNIT, news);
}
