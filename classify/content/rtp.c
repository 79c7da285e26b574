/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtp: is this stream RTP by its own headers (RFC 3550; extensions of RFC 8285)? SRTP
 * leaves them in clear. One packet proves nothing: it takes four of one source whose
 * numbers go up by one, with sources, extension and padding that fit in each.
 * pictures.c says whether it is pictures.
 */
#include "classify/content/inside.h"

#define STEPS 3			/* between four packets */
#define JUMP_MAX 64		/* a loss; beyond it a new stream, or none */

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
