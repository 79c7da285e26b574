/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtsp: RTSP 1.0 and 2.0 (RFC 2326, 7826) on TCP: what an ANNOUNCE says by SDP that it
 * will send, and the packets of RTP between the messages. Refuses streams by UDP: they
 * are told by their own headers (rtp.c).
 */
#include "classify/content/parse.h"

#include <string.h>

static const char *const words[] = { "rtsp/1.0 ", "rtsp/2.0 ", "options rtsp", "describe rtsp",
	"announce rtsp", "setup rtsp", "record rtsp", "play rtsp", "get_parameter rtsp",
	"set_parameter rtsp", "pause rtsp", "teardown rtsp", "options * rtsp" };

enum parse
rtsp_opens(struct span s)
{
	bool may = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_starts(s, words[i]))
			return PARSE_DONE;
		may |= text_may_become(s, words[i]);
	}
	return may ? PARSE_MORE : PARSE_NOT;
}

enum parse
rtsp_piece(struct span s, struct rtsp_piece *out)
{
	struct span all = s, line, body;
	struct mime head;
	struct sdp_media media;
	uint8_t mark, channel;
	uint16_t len;
	enum parse p;

	memset(out, 0, sizeof(*out));
	if (s.left > 0 && s.at[0] == '$') {
		if (!span_u8(&s, &mark) || !span_u8(&s, &channel) || !span_u16(&s, &len))
			return PARSE_MORE;
		out->size = 4U + len;
		/* an RTP header and a byte behind it say enough */
		if (s.left < len && s.left < 16)
			return PARSE_MORE;
		if (s.left > len)
			s.left = len;
		out->framed = true;
		out->payload = s;
		return PARSE_DONE;
	}
	p = rtsp_opens(s);
	if (p != PARSE_DONE)
		return p;
	if (!line_take(&s, &line) || mime_headers(&s, &head) == PARSE_MORE)
		return PARSE_MORE;
	if (head.length == UINT64_MAX)
		head.length = 0;
	if (head.length > HEAD_BYTES)
		return PARSE_NOT;
	out->size = (uint64_t)(s.at - all.at) + head.length;
	if (!text_starts(head.type, "application/sdp"))
		return PARSE_DONE;
	if (!span_take(&s, (size_t)head.length, &body))
		return PARSE_MORE;
	out->sdp = body;
	if (!text_starts(line, "announce "))
		return PARSE_DONE;
	out->type = head.type;
	while (sdp_next(&body, out->sdp, &media)) {
		out->announces |= media.sound | media.picture;
		out->picture |= media.picture;
		if (media.sound && media.n > 0 && out->codec == CODED_UNKNOWN)
			out->codec = media.codec[0];
	}
	return PARSE_DONE;
}
