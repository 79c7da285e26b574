/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtp: is this stream RTP by its own headers (RFC 3550)? SRTP leaves them in clear. One
 * packet proves nothing: it takes four of one source whose numbers go up by one.
 */
#include "classify/content/parse.h"

#define STEPS 3			/* between four packets */
#define JUMP_MAX 64		/* a loss; beyond it a new stream, or none */

static void
start(struct rtp_slot *slot, uint32_t ssrc, uint16_t seq)
{
	*slot = (struct rtp_slot){ .ssrc = ssrc, .seq = seq };
}

bool
rtp_packet(struct rtp_slot slot[RTP_SLOTS], struct span p, uint32_t wire, uint8_t *type,
    uint32_t *ssrc)
{
	uint8_t first, second;
	uint16_t seq, step;
	uint32_t stamp;
	struct rtp_slot *s = NULL;

	if (wire <= 12 || !span_u8(&p, &first) || !span_u8(&p, &second) ||
	    !span_u16(&p, &seq) || !span_u32(&p, &stamp) || !span_u32(&p, ssrc))
		return false;
	*type = second & 0x7f;
	/* 72-76 with the marker are RTCP's packet types; 35-95 is nobody's */
	if (first >> 6 != 2 || *ssrc == 0 || (*type >= 35 && *type < 96))
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
