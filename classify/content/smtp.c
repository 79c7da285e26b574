/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp: the client's side of a mail (RFC 5321, BDAT of RFC 3030, LMTP of RFC 2033). Owns
 * the commands up to DATA, also those of a later mail; mime.c reads the message.
 */
#include "classify/content/parse.h"

#include <string.h>

static const char *const opens[] = { "ehlo ", "helo ", "lhlo ", "mail from:", "rset\r\n" };

enum parse
smtp_mail(struct span head, struct smtp_mail *out)
{
	struct span s = head, line;
	bool is = false;
	const uint8_t *end;

	memset(out, 0, sizeof(*out));
	out->size = UINT64_MAX;
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		if (text_may_become(head, opens[i]))
			return PARSE_MORE;
		is |= text_starts(head, opens[i]);
	}
	if (!is)
		return PARSE_NOT;
	for (;;) {
		if (!line_take(&s, &line))
			return PARSE_MORE;
		if (text_is(line, "starttls")) {
			if (s.left == 0)
				return PARSE_MORE;
			out->tls_at = (size_t)(s.at - head.at);
			return PARSE_DONE;
		}
		if (text_starts(line, "mail from:")) {
			for (; line.left > 0 && !text_starts(line, " size="); line.at++)
				line.left--;
			if (!span_skip(&line, 6) || !text_number(&line, &out->size))
				out->size = UINT64_MAX;
			continue;
		}
		if (text_is(line, "data") || text_starts(line, "bdat "))
			break;
	}
	if (mime_headers(&s, &out->part) == PARSE_MORE)
		return PARSE_MORE;
	end = span_find(s, "\r\n.\r\n", 5);
	out->whole = end != NULL;
	out->body = s;
	if (end != NULL)
		out->body.left = (size_t)(end - s.at) + 2;
	return PARSE_DONE;
}
