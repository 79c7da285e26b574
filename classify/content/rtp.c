/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtp: is this stream RTP by its own headers (RFC 3550; extensions of RFC 8285)? SRTP
 * leaves them in clear. One packet proves nothing: it takes four of one source whose
 * numbers go up by one, with sources, extension and padding that fit in each.
 *
 * Is it pictures? Payload types from 96 on mean what two ends agreed on, but every payload
 * format for pictures (RFC 6184 for H.264, 7798, 7741, 2435 ...) counts its stamps at
 * 90 kHz, gives all packets of a picture the same one and marks the last. Sound counts its
 * samples, and marks the first packet after a pause. So: a marker before every change of the
 * stamp, and stamps that run at 90 kHz against the capture's clock. Many that leave the
 * stamp and the marker to chance are not seen, and are what they were before: unknown.
 * Sound at 90 kHz (MPEG audio, payload type 14) and streams of both (MPEG-2 TS, 33) are
 * refused by their types; a frame of one small packet is no picture, whatever its marker.
 */
#include "classify/content/inside.h"

#define STEPS 3			/* between four packets */
#define JUMP_MAX 64		/* a loss; beyond it a new stream, or none */

/* Enough to know: three seconds, and 15 pictures. Or six of ten packets each, which no sound
 * has: a fast camera sends 1 MB in less than a second, and would be called an upload of
 * content unknown by then. */
#define LOOK_FRAMES 15
#define LOOK_MS 3000
#define SOON_FRAMES 6
#define SOON_PACKETS 10
#define SOON_MS 100
#define LOOK_MOST 4096		/* packets: more pictures than that are none */
#define LOOK_TRIES 4		/* it may have begun with a loss */

/* The clock, in stamps a ms: 90, within 2 % and what a network and pictures that are sent
 * out of their order may shift both ends by. 96 kHz, the nearest rate of sound, is 7 % off. */
#define CLOCK 90
#define CLOCK_PART 50
#define CLOCK_LATE 100		/* ms */

#define SMALL 200		/* bytes; few pictures are smaller, most speech is */

/* SMALL: the frame at hand is one small packet so far. */
enum { LOOK_MARKED = 1, LOOK_PICTURES = 2, LOOK_OVER = 4, LOOK_SMALL = 8, LOOK_TRY = 16 };

static void
start(struct rtp_slot *slot, uint32_t ssrc, uint16_t seq)
{
	*slot = (struct rtp_slot){ .ssrc = ssrc, .seq = seq };
}

/* Contributing sources, an extension, padding: what they claim has to fit, with sound
 * behind. */
static bool
fits(uint8_t first, struct span p, uint32_t wire)
{
	uint32_t before = 12 + 4U * (first & 15);
	uint16_t profile, words;
	struct span s = p;

	if (first & 0x10) {
		before += 4;
		if (span_skip(&s, before - 4) && span_u16(&s, &profile) &&
		    span_u16(&s, &words)) {
			/* 0xbede: one-byte elements, 0x100x: two-byte ones */
			if ((profile == 0xbede || profile >> 4 == 0x100) && words > 64)
				return false;
			before += 4U * words;
		}
	}
	/* SRTP encrypts the count of the padding too: it proves nothing */
	if (first & 0x20)
		before++;
	return before < wire;
}

bool
rtp_packet(struct rtp_slot slot[RTP_SLOTS], struct span p, uint32_t wire, uint8_t *type,
    uint32_t *ssrc)
{
	uint8_t first, second;
	uint16_t seq, step;
	uint32_t stamp;
	struct span all = p;
	struct rtp_slot *s = NULL;

	if (wire <= 12 || !span_u8(&p, &first) || !span_u8(&p, &second) ||
	    !span_u16(&p, &seq) || !span_u32(&p, &stamp) || !span_u32(&p, ssrc))
		return false;
	*type = second & 0x7f;
	/* 72-76 with the marker are RTCP's packet types; 35-95 is nobody's */
	if (first >> 6 != 2 || *ssrc == 0 || (*type >= 35 && *type < 96) ||
	    !fits(first, all, wire))
		return false;
	for (int i = 0; i < RTP_SLOTS; i++)
		if (slot[i].ssrc == *ssrc)
			s = &slot[i];
	if (s == NULL) {
		s = &slot[slot[0].ssrc != 0 && (slot[1].ssrc == 0 ||
		    slot[1].good <= slot[0].good) ? 1 : 0];
		start(s, *ssrc, seq);
		return false;
	}
	step = (uint16_t)(seq - s->seq);
	if (step == 0)
		return false;
	if (step > JUMP_MAX && step < 0xffff - JUMP_MAX) {
		start(s, *ssrc, seq);
		return false;
	}
	if (step == 1 && s->good < UINT8_MAX)
		s->good++;
	else if (step != 1 && s->missed < UINT8_MAX)
		s->missed++;
	if (step <= JUMP_MAX)
		s->seq = seq;
	return s->good >= STEPS && s->good >= 3 * s->missed;
}

struct looked {
	uint32_t ssrc, stamp;
	uint8_t seq;
	uint8_t type;
	bool marked;
};

static bool
look_read(struct span p, uint32_t wire, struct looked *out)
{
	uint8_t first, second;
	uint16_t seq;

	if (wire <= 12 || !span_u8(&p, &first) || !span_u8(&p, &second) ||
	    first >> 6 != 2 || !span_u16(&p, &seq) || !span_u32(&p, &out->stamp) ||
	    !span_u32(&p, &out->ssrc))
		return false;
	out->seq = (uint8_t)seq;
	out->marked = (second & 0x80) != 0;
	out->type = second & 0x7f;
	/* sound, or both in one, by RFC 3551 */
	if (out->type <= 23 || out->type == 33)
		return false;
	return out->type < 35 || out->type >= 96;
}

void
rtp_look_start(struct rtp_look *l, uint64_t *since, struct span p, int64_t ms)
{
	uint8_t keep = l->state & (uint8_t)~(LOOK_MARKED | LOOK_SMALL);
	struct looked r;

	if (!look_read(p, UINT32_MAX, &r))
		return;
	*l = (struct rtp_look){ .ssrc = r.ssrc, .stamp = r.stamp, .seq = r.seq,
		.state = keep | (r.marked ? LOOK_MARKED : 0) };
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

enum rtp_seen
rtp_look(struct rtp_look *l, uint64_t *since, struct span p, uint32_t wire, int64_t ms)
{
	bool known = (l->state & LOOK_PICTURES) != 0, pictures, begins;
	uint32_t age = (uint32_t)ms - (uint32_t)(*since >> 32);
	struct looked r;

	if ((l->state & LOOK_OVER) != 0 || !look_read(p, wire, &r))
		return RTP_SEEN_NOTHING;
	if (r.ssrc != l->ssrc) {
		if (l->others < UINT8_MAX)
			l->others++;
		return RTP_SEEN_NOTHING;
	}
	begins = r.stamp != l->stamp;
	if (begins && (uint8_t)(r.seq - l->seq) == 1) {
		l->frames++;
		if ((!(l->state & LOOK_MARKED) || (l->state & LOOK_SMALL)) &&
		    l->open < UINT8_MAX)
			l->open++;
	}
	l->packets++;
	l->stamp = r.stamp;
	l->seq = r.seq;
	l->state = (uint8_t)((l->state & ~(LOOK_MARKED | LOOK_SMALL)) |
	    (r.marked ? LOOK_MARKED : 0) | (begins && wire < SMALL ? LOOK_SMALL : 0));
	if (l->packets < LOOK_MOST && (known || l->frames < SOON_FRAMES ||
	    l->packets < SOON_PACKETS * l->frames || age < SOON_MS) &&
	    (known || l->frames < LOOK_FRAMES || age < LOOK_MS))
		return RTP_SEEN_NOTHING;
	pictures = l->frames > 0 && l->open < UINT8_MAX && 8 * l->open <= l->frames &&
	    16 * l->others < l->packets && look_runs(l, *since, age);
	if (!pictures && (l->state & -LOOK_TRY) >= LOOK_TRIES * LOOK_TRY)
		l->state |= LOOK_OVER;
	else if (!pictures)
		l->state += LOOK_TRY;
	else
		l->state |= LOOK_PICTURES;
	rtp_look_start(l, since, p, ms);
	return !pictures ? RTP_SEEN_NOTHING :
	    known ? RTP_SEEN_PICTURES_STILL : RTP_SEEN_PICTURES;
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
 * not say how long it is; then they have to be seen again. */
bool
rtp_goes_on(struct state *st, const struct flow_hit *hit, struct span p, uint32_t wire,
    struct content_news *news)
{
	enum rtp_seen seen = rtp_look(&st->rtp[hit->dir].look, &st->end[hit->dir], p, wire,
	    hit->pkt->frame->time.ns / NS_PER_MS);

	if (seen == RTP_SEEN_NOTHING)
		return false;
	news->class = CONTENT_VIDEO;
	news->format = FORMAT_RTP;
	news->proof = PROOF_RTP;
	news->body = true;
	news->body_plain = UINT64_MAX;
	news->body_seen = seen == RTP_SEEN_PICTURES ? UINT32_MAX : 0;
	if (seen == RTP_SEEN_PICTURES)
		news->what |= NEWS_CONTENT;
	return true;
}

/* RFC 3551, table 4 and 5. */
enum content_word
rtp_class(uint8_t type)
{
	if (type <= 23)
		return CONTENT_AUDIO;
	return type <= 34 ? CONTENT_VIDEO : CONTENT_UNKNOWN;
}

enum coded_word
rtp_codec(uint8_t type)
{
	static const uint8_t known[35] = { [0] = CODED_PCMU, [3] = CODED_GSM, [4] = CODED_G723,
		[5] = CODED_DVI4, [6] = CODED_DVI4, [7] = CODED_LPC, [8] = CODED_PCMA,
		[9] = CODED_G722, [10] = CODED_L16, [11] = CODED_L16, [12] = CODED_QCELP,
		[13] = CODED_NOISE, [14] = CODED_MPA, [15] = CODED_G728, [16] = CODED_DVI4,
		[17] = CODED_DVI4, [18] = CODED_G729, [25] = CODED_VIDEO, [26] = CODED_VIDEO,
		[28] = CODED_VIDEO, [31] = CODED_VIDEO, [32] = CODED_VIDEO, [33] = CODED_VIDEO,
		[34] = CODED_VIDEO };

	return type < sizeof(known) ? (enum coded_word)known[type] : CODED_UNKNOWN;
}

enum coded_word
rtp_codec_named(struct span name)
{
	static const struct {
		const char *lower;
		enum coded_word codec;
	} known[] = {
		{ "opus", CODED_OPUS }, { "pcmu", CODED_PCMU }, { "pcma", CODED_PCMA },
		{ "g722", CODED_G722 }, { "g729", CODED_G729 }, { "g723", CODED_G723 },
		{ "g728", CODED_G728 }, { "amr-wb", CODED_AMR_WB }, { "amr", CODED_AMR },
		{ "evs", CODED_EVS }, { "ilbc", CODED_ILBC }, { "speex", CODED_SPEEX },
		{ "gsm-efr", CODED_AMR }, { "gsm", CODED_GSM }, { "l16", CODED_L16 },
		{ "l24", CODED_L16 }, { "l8", CODED_L16 }, { "mpa-robust", CODED_MP3 },
		{ "mpa", CODED_MPA }, { "mpeg4-generic", CODED_AAC }, { "mp4a-latm", CODED_AAC },
		{ "vorbis", CODED_VORBIS }, { "ac3", CODED_AC3 }, { "eac3", CODED_AC3 },
		{ "cn", CODED_NOISE }, { "telephone-event", CODED_EVENTS },
		{ "g726-", CODED_G726 }, { "dvi4", CODED_DVI4 }, { "qcelp", CODED_QCELP },
		{ "lpc", CODED_LPC },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_starts(name, known[i].lower))
			return known[i].codec;
	return CODED_UNKNOWN;
}

enum parse
rtp_frames(struct span s)
{
	uint16_t len, seq, seq2;
	uint8_t first, type;
	uint32_t ssrc, ssrc2;
	struct span next = s;

	if (!span_u16(&s, &len))
		return s.left == 0 || s.at[0] <= 5 ? PARSE_MORE : PARSE_NOT;
	if (len <= 12 || len > 1500)
		return PARSE_NOT;
	if (!span_u8(&s, &first) || !span_u8(&s, &type))
		return PARSE_MORE;
	if (first >> 6 != 2 || ((type & 0x7f) >= 35 && (type & 0x7f) < 96))
		return PARSE_NOT;
	if (!span_u16(&s, &seq) || !span_skip(&s, 4) || !span_u32(&s, &ssrc) ||
	    !span_skip(&next, 2U + len) || !span_u16(&next, &len) ||
	    !span_u8(&next, &first) || !span_skip(&next, 1) || !span_u16(&next, &seq2) ||
	    !span_skip(&next, 4) || !span_u32(&next, &ssrc2))
		return PARSE_MORE;
	return first >> 6 == 2 && ssrc == ssrc2 && ssrc != 0 && (uint16_t)(seq + 1) == seq2 ?
	    PARSE_DONE : PARSE_NOT;
}
