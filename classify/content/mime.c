/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime: headers, their parameters, the parts of a multipart body (RFC 2045, 2046, 2231,
 * 7578). Owns finding where a file inside a form or a mail starts. Refuses decoding
 * more of base64 and quoted-printable than is asked for, and boundaries beyond four
 * levels of nesting.
 */
#include "classify/content/parse.h"

#include <string.h>

static void take_header(struct span name, struct span value, struct mime *out);
static bool param(struct span value, const char *name, struct span *out);
static bool has_boundary(struct span line, const struct span *boundary, size_t n);

enum parse
mime_headers(struct span *s, struct mime *out)
{
	memset(out, 0, sizeof(*out));
	out->length = out->range_all = UINT64_MAX;
	for (;;) {
		struct span line, value;
		const uint8_t *colon;

		if (!line_take(s, &line))
			return PARSE_MORE;
		if (line.left == 0)
			return PARSE_DONE;
		/* a line that starts with a blank goes on with the value before it */
		while (s->left > 0 && (s->at[0] == ' ' || s->at[0] == '\t')) {
			struct span more;

			if (!line_take(s, &more))
				return PARSE_MORE;
			line.left = (size_t)(more.at + more.left - line.at);
		}
		if (s->left == 0)
			return PARSE_MORE;
		colon = memchr(line.at, ':', line.left);
		if (colon == NULL)
			continue;
		value = line;
		(void)span_skip(&value, (size_t)(colon - line.at) + 1);
		line.left = (size_t)(colon - line.at);
		take_header(text_trim(line), text_trim(value), out);
	}
}

static void
take_header(struct span name, struct span value, struct mime *out)
{
	struct span v = value;
	const uint8_t *semi;

	if (text_is(name, "host")) {
		out->host = value;
	} else if (text_is(name, "content-length")) {
		if (!text_number(&v, &out->length))
			out->length = UINT64_MAX;
	} else if (text_is(name, "transfer-encoding")) {
		out->chunked = text_has(value, "chunked");
	} else if (text_is(name, "content-range")) {	/* bytes 0-4095/20000 */
		uint64_t last;

		if (!text_starts(v, "bytes ") || !span_skip(&v, 6))
			return;
		if (!text_number(&v, &out->range_at))
			out->range_at = 0;
		if (!span_skip(&v, 1) || !text_number(&v, &last) || !span_skip(&v, 1) ||
		    !text_number(&v, &out->range_all))
			out->range_all = UINT64_MAX;
	} else if (text_is(name, "upload-offset")) {	/* of tus, and RFC drafts */
		if (!text_number(&v, &out->range_at))
			out->range_at = 0;
	} else if (text_is(name, "destination")) {	/* RFC 4918, 10.3 */
		out->destination = value;
	} else if (text_is(name, "upgrade")) {
		out->websocket = text_has(value, "websocket");
	} else if (text_starts(name, "ice-")) {
		out->ice = true;
	} else if (text_is(name, "content-transfer-encoding")) {
		out->encoding = value;
		out->base64 = text_starts(value, "base64");
		out->quoted = text_starts(value, "quoted-printable");
	} else if (text_is(name, "content-type")) {
		semi = v.left == 0 ? NULL : memchr(v.at, ';', v.left);
		if (semi != NULL)
			v.left = (size_t)(semi - v.at);
		out->type = text_trim(v);
		if (text_starts(value, "multipart/"))
			(void)param(value, "boundary", &out->boundary);
		if (out->name.left == 0)
			(void)param(value, "name", &out->name);
	} else if (text_is(name, "content-disposition")) {
		(void)param(value, "filename", &out->name);
	}
}

static bool
param(struct span value, const char *name, struct span *out)
{
	size_t n = strlen(name);

	for (;;) {
		struct span key, val;
		bool quoted = false, extended = false;
		size_t i;

		/* to the next ';' that is outside quotes */
		for (i = 0; i < value.left && (quoted || value.at[i] != ';'); i++) {
			if (value.at[i] == '"')
				quoted = !quoted;
			else if (quoted && value.at[i] == '\\')
				i++;
		}
		if (i >= value.left || !span_skip(&value, i + 1))
			return false;
		val = text_trim(value);
		if (!text_starts(val, name))
			continue;
		(void)span_take(&val, n, &key);
		if (val.left > 0 && val.at[0] == '*') {
			extended = true;
			(void)span_skip(&val, 1);
			if (val.left > 0 && val.at[0] == '0') {
				extended = val.left > 1 && val.at[1] == '*';
				(void)span_skip(&val, extended ? 2 : 1);
			}
		}
		val = text_trim(val);
		if (val.left == 0 || val.at[0] != '=')
			continue;
		(void)span_skip(&val, 1);
		val = text_trim(val);
		if (val.left > 0 && val.at[0] == '"') {
			(void)span_skip(&val, 1);
			for (i = 0; i < val.left && val.at[i] != '"'; i++)
				if (val.at[i] == '\\' && i + 1 < val.left)
					i++;
			val.left = i;
		} else {
			for (i = 0; i < val.left && val.at[i] != ';' && val.at[i] > ' ';
			    i++)
				continue;
			val.left = i;
		}
		if (extended) {		/* charset'language'text */
			for (int quotes = 0; quotes < 2; quotes++) {
				const uint8_t *q = val.left == 0 ? NULL :
				    memchr(val.at, '\'', val.left);

				if (q != NULL)
					(void)span_skip(&val, (size_t)(q - val.at) + 1);
			}
		}
		*out = val;
		return true;
	}
}

static bool
has_boundary(struct span line, const struct span *boundary, size_t n)
{
	if (line.left < 2 || line.at[0] != '-' || line.at[1] != '-')
		return false;
	(void)span_skip(&line, 2);
	for (size_t i = 0; i < n; i++)
		if (boundary[i].left > 0 && line.left >= boundary[i].left &&
		    memcmp(line.at, boundary[i].at, boundary[i].left) == 0)
			return true;
	return false;
}

void
mime_parts_start(struct mime_parts *p, struct span s, struct span boundary)
{
	memset(p, 0, sizeof(*p));
	p->left = s;
	p->known[0] = boundary;
	p->n = 1;
}

enum parse
mime_attachment(struct mime_parts *p, struct mime *out, struct span *body)
{
	struct span *s = &p->left, line, end;

	p->whole = false;
	while (line_take(s, &line)) {
		if (!has_boundary(line, p->known, p->n))
			continue;
		if (line.left >= p->known[0].left + 4 && has_boundary(line, p->known, 1) &&
		    memcmp(line.at + 2 + p->known[0].left, "--", 2) == 0) {
			p->ended = true;
			return PARSE_MORE;
		}
		if (mime_headers(s, out) == PARSE_MORE) {
			p->cut = line.at;
			return PARSE_MORE;
		}
		/* a mail inside: its own headers say what is in it */
		if (text_starts(out->type, "message/rfc822") && !out->base64) {
			line.at = s->at;
			if (mime_headers(s, out) == PARSE_MORE) {
				p->cut = line.at;
				return PARSE_MORE;
			}
		}
		if (out->boundary.left > 0) {
			if (p->n < MIME_BOUNDARIES)
				p->known[p->n++] = out->boundary;
			continue;
		}
		if (!mime_is_file(out))
			continue;
		*body = *s;
		while (end = *s, line_take(s, &line)) {
			if (has_boundary(line, p->known, p->n)) {
				body->left = (size_t)(end.at - body->at);
				/* the line end before a boundary belongs to it */
				if (body->left > 0 && body->at[body->left - 1] == '\n')
					body->left--;
				if (body->left > 0 && body->at[body->left - 1] == '\r')
					body->left--;
				*s = end;
				p->whole = true;
				break;
			}
		}
		return PARSE_DONE;
	}
	return PARSE_MORE;
}

/* What describes a file (metadata in JSON) is none. */
bool
mime_is_file(const struct mime *m)
{
	return m->name.left > 0 || (m->type.left > 0 && !text_starts(m->type, "text/") &&
	    !text_starts(m->type, "multipart/") &&
	    !text_starts(m->type, "application/json"));
}

/* RFC 4648: both alphabets. */
static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits of hex, as "%2B", "=0D" and the end of JSON's "\u002b" have them. */
static bool
hex_byte(struct span *s, uint8_t *v)
{
	int hi, lo;

	if (s->left < 2 || (hi = hex_value(s->at[0])) < 0 || (lo = hex_value(s->at[1])) < 0)
		return false;
	*v = (uint8_t)(hi << 4 | lo);
	return span_skip(s, 2);
}

/* What JSON and forms do to '+', '/', '=' and to the ends of lines. False: it ends here. */
static bool
unescape(struct span *text, uint8_t *c)
{
	uint8_t next;

	if (*c == '%')
		return hex_byte(text, c);
	if (*c != '\\')
		return true;
	if (!span_u8(text, &next))
		return false;
	*c = next == 'n' || next == 'r' || next == 't' ? ' ' : next;
	if (next == 'u')
		return hex_byte(text, &next) && next == 0 && hex_byte(text, c);
	return true;
}

size_t
base64_decode(struct span text, uint8_t *out, size_t room)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	uint8_t c;

	while (n < room && span_u8(&text, &c) && unescape(&text, &c)) {
		int v = base64_value(c);

		if (v < 0) {
			if (c == '\r' || c == '\n' || c == ' ' || c == '\t')
				continue;
			break;
		}
		bits = (bits << 6 | (uint32_t)v) & 0xffffffU;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

size_t
quoted_decode(struct span text, uint8_t *out, size_t room)
{
	size_t n = 0;
	uint8_t c;

	while (n < room && span_u8(&text, &c)) {
		if (c == '=') {
			if (text.left > 0 && (text.at[0] == '\r' || text.at[0] == '\n')) {
				if (text.at[0] == '\r')
					(void)span_skip(&text, 1);
				if (text.left > 0 && text.at[0] == '\n')
					(void)span_skip(&text, 1);
				continue;
			}
			if (!hex_byte(&text, &c))
				break;
		}
		out[n++] = c;
	}
	return n;
}
