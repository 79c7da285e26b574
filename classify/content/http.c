/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http: a request of HTTP/1 (RFC 9112), and of Icecast's SOURCE which looks like one, and
 * the answers that go out from a server inside. Owns the first line and the headers.
 */
#define _GNU_SOURCE	/* memrchr */
#include "classify/content/parse.h"

#include <string.h>

#define METHOD_MAX 16

enum parse
http_request(struct span head, struct http_request *out)
{
	struct span s = head, line, rest;
	size_t n = 0;
	const uint8_t *space;

	memset(out, 0, sizeof(*out));
	out->head.length = UINT64_MAX;
	while (n < s.left && n <= METHOD_MAX && s.at[n] >= 'A' && s.at[n] <= 'Z')
		n++;
	if (n == s.left && n <= METHOD_MAX)
		return PARSE_MORE;
	if (n < 3 || n > METHOD_MAX || s.at[n] != ' ')
		return PARSE_NOT;
	if (n + 1 < s.left && s.at[n + 1] != '/' && s.at[n + 1] != '*' &&
	    !text_starts(head, "connect ") && !text_starts((struct span){ s.at + n + 1,
	    s.left - n - 1 }, "h"))
		return PARSE_NOT;
	if (!line_take(&s, &line)) {
		/* a line of text so far; a control byte tells that it never was one */
		for (size_t i = 0; i < head.left; i++)
			if (head.at[i] < ' ' && head.at[i] != '\r')
				return PARSE_NOT;
		return PARSE_MORE;
	}
	(void)span_take(&line, n, &out->method);
	(void)span_skip(&line, 1);
	space = line.left == 0 ? NULL : memrchr(line.at, ' ', line.left);
	if (space == NULL)
		return PARSE_NOT;
	rest = line;
	(void)span_skip(&rest, (size_t)(space - line.at) + 1);
	if (!text_starts(rest, "http/1.") && !text_starts(rest, "ice/1."))
		return PARSE_NOT;
	out->path = line;
	out->path.left = (size_t)(space - line.at);
	if (mime_headers(&s, &out->head) == PARSE_MORE)
		return PARSE_MORE;
	out->whole = true;
	out->body_at = (size_t)(s.at - head.at);
	return PARSE_DONE;
}

enum parse
http_answer(struct span head, struct http_answer *out)
{
	struct span s = head, line;
	uint64_t status;

	memset(out, 0, sizeof(*out));
	if (text_may_become(head, "http/1."))
		return PARSE_MORE;
	if (!text_starts(head, "http/1."))
		return PARSE_NOT;
	if (!line_take(&s, &line))
		return PARSE_MORE;
	if (!span_skip(&line, 9) || !text_number(&line, &status) || status < 100 ||
	    status > 599)
		return PARSE_NOT;
	out->status = (unsigned)status;
	if (mime_headers(&s, &out->head) == PARSE_MORE)
		return PARSE_MORE;
	out->body_at = (size_t)(s.at - head.at);
	return PARSE_DONE;
}

/* Without a length only a stream that says what it is has a body
 * (Icecast's PUT, SOURCE). */
bool
http_has_body(const struct http_request *r)
{
	if (text_is(r->method, "connect"))
		return false;
	if (r->head.length != UINT64_MAX)
		return r->head.length > 0 || r->head.chunked;
	return r->head.chunked || text_is(r->method, "source") ||
	    (r->head.type.left > 0 && (text_is(r->method, "put") ||
	    text_is(r->method, "post")));
}

enum parse
http_chunk(struct span s, uint64_t *size, bool *last)
{
	struct span all = s, line;
	uint64_t v = 0;
	size_t n = 0;

	*last = false;
	if (!line_take(&s, &line))
		return s.left < HEAD_BYTES / 4 ? PARSE_MORE : PARSE_NOT;
	for (; n < line.left && n < 12; n++) {
		uint8_t d = line.at[n] | 0x20;

		if (d >= '0' && d <= '9')
			v = v << 4 | (d - '0');
		else if (d >= 'a' && d <= 'f')
			v = v << 4 | (d - 'a' + 10U);
		else
			break;
	}
	if (n == 0 || (n < line.left && line.at[n] != ';' && line.at[n] != ' '))
		return PARSE_NOT;
	*size = (uint64_t)(s.at - all.at) + v + 2;
	if (v > 0)
		return PARSE_DONE;
	*last = true;
	do {
		if (!line_take(&s, &line))
			return PARSE_MORE;
	} while (line.left > 0);
	*size = (uint64_t)(s.at - all.at);
	return PARSE_DONE;
}

struct span
http_unchunk(struct span s, uint8_t out[HEAD_BYTES], bool *ended)
{
	size_t n = 0;
	uint64_t size;
	bool last;

	*ended = false;
	while (s.left > 0) {
		enum parse p = http_chunk(s, &size, &last);
		struct span data = s, line;

		if (last)
			*ended = p == PARSE_DONE;
		if (last || p != PARSE_DONE || !line_take(&data, &line))
			break;
		size -= (uint64_t)(data.at - s.at) + 2;
		if (size > data.left)
			size = data.left;
		if (size > HEAD_BYTES - n)
			size = HEAD_BYTES - n;
		memcpy(out + n, data.at, (size_t)size);
		n += (size_t)size;
		s = data;
		if (n == HEAD_BYTES || !span_skip(&s, (size_t)size + 2))
			break;
	}
	return span_of(out, n);
}

struct span
http_host_only(struct span a)
{
	const uint8_t *end;

	if (a.left > 0 && a.at[0] == '[') {
		end = memchr(a.at, ']', a.left);
		if (end == NULL)
			return a;
		return (struct span){ a.at + 1, (size_t)(end - a.at) - 1 };
	}
	end = a.left == 0 ? NULL : memchr(a.at, ':', a.left);
	if (end != NULL)
		a.left = (size_t)(end - a.at);
	return a;
}

struct span
http_path_name(struct span p)
{
	const uint8_t *end = p.left == 0 ? NULL : memchr(p.at, '?', p.left);

	if (end != NULL)
		p.left = (size_t)(end - p.at);
	end = p.left == 0 ? NULL : memrchr(p.at, '/', p.left);
	if (end != NULL)
		(void)span_skip(&p, (size_t)(end - p.at) + 1);
	return p;
}
