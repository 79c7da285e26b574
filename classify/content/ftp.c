/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ftp: what a line of the control connection says about the data connection to come (RFC
 * 959, RFC 2428). Owns ports and names; the address in a PASV or PORT line is not read at
 * all: it is the peer of the control connection, whatever the text says.
 */
#include "classify/content/parse.h"

#include <string.h>

enum parse
ftp_command(struct span head)
{
	static const char *const words[] = { "user ", "auth tls", "auth ssl", "feat\r\n",
		"syst\r\n", "clnt ", "opts utf8", "epsv", "pasv\r\n", "eprt |", "port ",
		"stor ", "appe ", "stou", "rest ", "type i\r\n", "type a\r\n", "cwd ", "mkd " };
	bool may = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_starts(head, words[i]))
			return PARSE_DONE;
		may |= text_may_become(head, words[i]);
	}
	return may ? PARSE_MORE : PARSE_NOT;
}

/* h1,h2,h3,h4,p1,p2 */
static bool
six_numbers(struct span s, uint16_t *port)
{
	uint64_t v[6];

	for (int i = 0; i < 6; i++) {
		if (!text_number(&s, &v[i]) || v[i] > 255)
			return false;
		if (i < 5 && (s.left == 0 || s.at[0] != ',' || !span_skip(&s, 1)))
			return false;
	}
	*port = (uint16_t)(v[4] << 8 | v[5]);
	return *port != 0;
}

/* |family|address|port|, the delimiter being the first character;
 * EPSV leaves two empty. */
static bool
extended(struct span s, uint16_t *port)
{
	uint8_t mark, c;
	uint64_t v;
	int marks = 1;

	if (!span_u8(&s, &mark))
		return false;
	while (marks < 3) {
		if (!span_u8(&s, &c))
			return false;
		marks += c == mark;
	}
	if (!text_number(&s, &v) || v == 0 || v > 65535)
		return false;
	*port = (uint16_t)v;
	return true;
}

static bool
after(struct span line, char mark, struct span *out)
{
	const uint8_t *at = line.left == 0 ? NULL : memchr(line.at, mark, line.left);

	if (at == NULL)
		return false;
	*out = line;
	return span_skip(out, (size_t)(at - line.at) + 1);
}

static bool
first_digit(struct span line, struct span *out)
{
	/* the reply code and its blank come first; some servers leave the brackets out */
	if (!span_skip(&line, 4))
		return false;
	while (line.left > 0 && (line.at[0] < '0' || line.at[0] > '9'))
		(void)span_skip(&line, 1);
	*out = line;
	return line.left > 0;
}

bool
ftp_next(struct span *lines, bool from_server, struct ftp_said *out)
{
	struct span line, arg;

	memset(out, 0, sizeof(*out));
	while (line_take(lines, &line)) {
		if (from_server) {
			if ((text_starts(line, "227 ") && first_digit(line, &arg) &&
			    six_numbers(arg, &out->port)) ||
			    (text_starts(line, "229 ") && after(line, '(', &arg) &&
			    extended(arg, &out->port))) {
				out->word = FTP_PASSIVE;
				return true;
			}
			continue;
		}
		if ((text_starts(line, "port ") && after(line, ' ', &arg) &&
		    six_numbers(arg, &out->port)) || (text_starts(line, "eprt ") &&
		    after(line, ' ', &arg) && extended(arg, &out->port))) {
			out->word = FTP_ACTIVE;
			return true;
		}
		if (text_starts(line, "rest ") && after(line, ' ', &arg)) {
			uint64_t at;

			out->word = FTP_REST;
			out->port = text_number(&arg, &at) && at > 0;
			return true;
		}
		if (text_starts(line, "stor ") || text_starts(line, "appe ") ||
		    text_starts(line, "stou")) {
			out->word = FTP_STORE;
			if (after(line, ' ', &arg))
				out->name = text_trim(arg);
			return true;
		}
	}
	return false;
}
