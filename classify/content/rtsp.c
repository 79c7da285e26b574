/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtsp: RTSP 1.0 and 2.0 (RFC 2326, 7826) on TCP: what an ANNOUNCE says by SDP that it
 * will send, the ports that SETUP and its answer give to it, and the packets of RTP
 * between the messages. Refuses streams by UDP: they are told by their own headers
 * (rtp.c), and called what the description says of their payload type (sdp.c).
 */
#include "classify/content/parse.h"

#include <string.h>

#define MEDIA 8			/* of a description */

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

/* Two tests of a byte each, one of three bits and one of two: a segment that does not begin
 * with a packet passes once in a few thousand. */
enum parse
rtsp_resumes(struct span s)
{
	if (s.left == 0 || s.at[0] != '$')
		return rtsp_opens(s);
	if (s.left < 6)
		return PARSE_MORE;
	return s.at[1] < 32 && s.at[4] >> 6 == 2 ? PARSE_DONE : PARSE_NOT;
}

/* "client_port=22692-22693": the first of the pair is RTP's. */
static void
port_of(struct span line, const char *lower, uint16_t *port)
{
	uint64_t v;

	for (; line.left > 0; (void)span_skip(&line, 1)) {
		struct span value = line;

		if (text_starts(line, lower) && span_skip(&value, strlen(lower)) &&
		    text_number(&value, &v) && v <= 65535)
			*port = (uint16_t)v;
	}
}

static void
transport(struct span head, struct rtsp_piece *out)
{
	struct span line;

	while (line_take(&head, &line) && line.left > 0) {
		if (!text_starts(line, "transport:"))
			continue;
		port_of(line, "client_port=", &out->client_port);
		port_of(line, "server_port=", &out->server_port);
	}
}

enum parse
rtsp_piece(struct span s, struct rtsp_piece *out)
{
	struct span all = s, line, body, head_at;
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
	if (!line_take(&s, &line))
		return PARSE_MORE;
	head_at = s;
	if (mime_headers(&s, &head) == PARSE_MORE)
		return PARSE_MORE;
	transport(head_at, out);
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
	for (int i = 0; i < MEDIA && sdp_next(&body, out->sdp, &media); i++) {
		out->announces |= media.sound | media.picture;
		out->sound |= media.sound;
		if (media.sound && media.n > 0 && out->codec == CODED_UNKNOWN)
			out->codec = media.codec[0];
	}
	return PARSE_DONE;
}
