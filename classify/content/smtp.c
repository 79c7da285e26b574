/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp: the client's side of a mail (RFC 5321, BDAT of RFC 3030) to the first file
 * attached to it. Owns the commands up to DATA; mime.c reads the message. An attachment
 * whose headers lie behind the head is not seen.
 */
#include "classify/content/parse.h"

#include <string.h>

enum parse
smtp_mail(struct span head, struct smtp_mail *out)
{
	struct span s = head, line;
	struct mime message;

	memset(out, 0, sizeof(*out));
	if (text_may_become(head, "ehlo ") || text_may_become(head, "helo "))
		return PARSE_MORE;
	if (!text_starts(head, "ehlo ") && !text_starts(head, "helo "))
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
		if (text_is(line, "data") || text_starts(line, "bdat "))
			break;
	}
	if (mime_headers(&s, &message) == PARSE_MORE)
		return PARSE_MORE;
	if (message.boundary.left > 0)
		return mime_attachment(s, message.boundary, &out->part, &out->body,
		    &out->whole);
	if (message.type.left == 0 || text_starts(message.type, "text/"))
		return PARSE_NOT;
	out->part = message;
	out->body = s;
	return PARSE_DONE;
}
