/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * framed: bodies that come in frames of a protocol of their own: chunks of HTTP/1 (RFC
 * 9112, 7.1), messages of WebSocket (RFC 6455, the client's with their mask taken off),
 * DATA of HTTP/2 without TLS (RFC 9113). Owns putting the bytes of the first frames
 * together to be judged, and finding in which frame a body has to be looked at again: the
 * index of an MP4 behind its sound. Refuses what is compressed (permessage-deflate) and
 * HTTP/2's headers: no names are read from them.
 */
#include "classify/content/inside.h"

#include <string.h>

#define H2_HEAD 9
#define H2_DATA 0
#define H2_ENDS 1
#define H2_PADDED 8
#define H2_OTHERS 16		/* frames between those of a body put together */

/* A picture or a document is one message: its header may not speak of those behind it. */
static void
ends_with(struct content_news *news, uint64_t length)
{
	if (news->body_plain > length)
		news->body_plain = length;
}

/* ---- WebSocket ---- */

enum { WEB_MORE_OF_IT = 0, WEB_TEXT = 1, WEB_BYTES = 2, WEB_CONTROL = 8 };

struct web_frame {
	unsigned opcode;
	bool last, packed;
	uint64_t length;		/* of the payload */
	size_t head;
	uint8_t mask[4];
};

static enum parse
web_frame(struct span s, struct web_frame *out)
{
	struct span all = s, mask;
	uint8_t first, second;
	uint16_t small;
	bool wrong;

	memset(out, 0, sizeof(*out));
	if (!span_u8(&s, &first))
		return PARSE_MORE;
	out->opcode = first & 15;
	out->last = (first & 0x80) != 0;
	out->packed = (first & 0x40) != 0;
	if ((first & 0x30) != 0 || (out->opcode & 7) > 2)
		return PARSE_NOT;
	if (!span_u8(&s, &second))
		return PARSE_MORE;
	out->length = second & 0x7f;
	wrong = out->opcode >= WEB_CONTROL && (out->length > 125 || !out->last);
	if (out->length == 126) {
		if (!span_u16(&s, &small))
			return PARSE_MORE;
		out->length = small;
		wrong |= small < 126;
	} else if (out->length == 127) {
		if (!span_u64(&s, &out->length))
			return PARSE_MORE;
		wrong |= out->length <= UINT16_MAX || out->length > INT64_MAX;
	}
	if (wrong)
		return PARSE_NOT;
	if (second & 0x80) {
		if (!span_take(&s, 4, &mask))
			return PARSE_MORE;
		memcpy(out->mask, mask.at, 4);
	}
	out->head = (size_t)(s.at - all.at);
	return PARSE_DONE;
}

/* The payloads of the data frames here, in order, without masks. One message; or with
 * `on` also those behind it, as a recorder sends them that was told to send what it has.
 * A message that begins within another one ends that (RFC 6455, 5.4). *ended: nothing
 * more belongs to it. */
static struct span
web_gather(struct span s, bool on, uint8_t out[HEAD_BYTES], bool *ended)
{
	struct web_frame f;
	bool open = false;
	size_t n = 0;

	*ended = false;
	while (n < HEAD_BYTES && web_frame(s, &f) == PARSE_DONE && !f.packed &&
	    span_skip(&s, f.head)) {
		size_t here = f.length < s.left ? (size_t)f.length : s.left;

		if (f.opcode < WEB_CONTROL) {
			if (open && f.opcode != WEB_MORE_OF_IT) {
				*ended = true;
				break;
			}
			open = !f.last;
			for (size_t i = 0; i < here && n < HEAD_BYTES; i++)
				out[n++] = s.at[i] ^ f.mask[i & 3];
			*ended = f.last && here == f.length;
			if (here < f.length || (f.last && !on))
				break;
		}
		if (!span_skip(&s, here) || here < f.length)
			break;
	}
	return span_of(out, n);
}

enum step
web_step(struct content *c, struct state *st, unsigned dir, struct span s, bool final,
    uint64_t *size, struct content_news *news)
{
	struct span none = { NULL, 0 }, body;
	struct web_frame f;
	enum parse p = web_frame(s, &f);
	bool first = st->look[dir] == 0, ended;

	if (p == PARSE_MORE)
		return STEP_WAIT;
	if (p == PARSE_NOT && first) {		/* the server did not agree */
		st->in[dir] = IN_NOTHING;
		*size = 0;
		return STEP_ON;
	}
	if (p == PARSE_NOT)
		return STEP_END;
	*size = f.head + f.length;
	if (f.opcode >= WEB_CONTROL || f.opcode == WEB_MORE_OF_IT || f.packed ||
	    f.length == 0)
		return STEP_ON;
	body = web_gather(s, first && f.opcode == WEB_BYTES, c->chunks, &ended);
	news->to_end = first && f.opcode == WEB_BYTES;
	if (!judge(c, body, final || body.left == HEAD_BYTES ||
	    (ended && !news->to_end), none, none, news))
		return STEP_WAIT;
	st->look[dir] |= f.opcode == WEB_BYTES;
	if (f.last)
		ends_with(news, f.length);
	/* talk is no file, and a format is told once */
	if (news->class == CONTENT_TEXT || st->told[dir] == news->class)
		news->what &= ~(unsigned)NEWS_CONTENT;
	if (news->what & NEWS_CONTENT)
		st->told[dir] = (uint8_t)news->class;
	return STEP_ON;
}

/* ---- HTTP/2 ---- */

struct h2_frame {
	uint32_t length, stream;
	uint8_t type, flags;
	struct span payload;		/* what of it is here, without its padding */
};

static bool
h2_frame(struct span s, struct h2_frame *out)
{
	uint8_t pad = 0;

	if (!span_u24(&s, &out->length) || !span_u8(&s, &out->type) ||
	    !span_u8(&s, &out->flags) || !span_u32(&s, &out->stream))
		return false;
	out->stream &= INT32_MAX;
	out->payload = s;
	if (out->payload.left > out->length)
		out->payload.left = out->length;
	if (out->type == H2_DATA && (out->flags & H2_PADDED) &&
	    span_u8(&out->payload, &pad)) {
		size_t most = out->length - 1U > pad ? out->length - 1U - pad : 0;

		if (out->payload.left > most)
			out->payload.left = most;
	}
	return true;
}

enum parse
h2_opens(struct span s)
{
	static const char hello[] = H2_HELLO;
	size_t n = s.left < sizeof(hello) - 1 ? s.left : sizeof(hello) - 1;

	if (n > 0 && memcmp(s.at, hello, n) != 0)
		return PARSE_NOT;
	return n < sizeof(hello) - 1 ? PARSE_MORE : PARSE_DONE;
}

/* Streams are numbered upwards, and their bodies come mixed: those judged, of the one with
 * the highest number (in_pieces.remain) and 63 before it (in_pieces.pos), and all below. */
static bool
h2_judged(const struct state *st, unsigned dir, uint32_t stream)
{
	uint32_t last = st->in_pieces.remain[dir], back = (last - stream) / 2;

	return stream <= last && (back >= 64 || (st->in_pieces.pos[dir] >> back & 1) != 0);
}

static void
h2_mark(struct state *st, unsigned dir, uint32_t stream)
{
	uint32_t *last = &st->in_pieces.remain[dir];
	uint64_t *bits = &st->in_pieces.pos[dir];

	if (stream > *last) {
		uint32_t on = (stream - *last + 1) / 2;

		*bits = on < 64 ? *bits << on : 0;
		*last = stream;
	}
	*bits |= 1ULL << (*last - stream) / 2;
}

/* The first DATA of a stream is where its body begins. */
enum step
h2_step(struct content *c, struct state *st, unsigned dir, struct span s, bool final,
    uint64_t *size, struct content_news *news)
{
	struct span none = { NULL, 0 };
	struct h2_frame f, next;
	bool ended = false;
	unsigned others = 0;
	size_t n = 0;

	if (!h2_frame(s, &f))
		return STEP_WAIT;
	*size = H2_HEAD + f.length;
	if (f.type != H2_DATA)
		return STEP_ON;
	if (f.stream == 0)
		return STEP_END;
	if (f.length == 0 || h2_judged(st, dir, f.stream))
		return STEP_ON;
	while (!ended && n < HEAD_BYTES && h2_frame(s, &next)) {
		if (next.type == H2_DATA && next.stream == f.stream) {
			size_t here = next.payload.left < HEAD_BYTES - n ?
			    next.payload.left : HEAD_BYTES - n;

			memcpy(c->chunks + n, next.payload.at, here);
			n += here;
			ended = (next.flags & H2_ENDS) && s.left >= H2_HEAD + next.length;
		} else if (++others > H2_OTHERS) {
			ended = true;
		}
		if (!span_skip(&s, H2_HEAD + next.length))
			break;
	}
	news->to_end = st->in_pieces.remain[dir] == 0;
	if (!judge(c, span_of(c->chunks, n), final || ended || n == HEAD_BYTES, none, none,
	    news))
		return STEP_WAIT;
	h2_mark(st, dir, f.stream);
	if (f.flags & H2_ENDS)
		ends_with(news, f.length);
	if (news->class == CONTENT_TEXT)
		news->what &= ~(unsigned)NEWS_CONTENT;
	return STEP_ON;
}

/* ---- where a body is looked at again ---- */

void
pieces_again(struct content *c, struct state *st, unsigned dir)
{
	st->in_pieces.remain[dir] = 0;
	st->in_pieces.format[dir] = (uint8_t)c->again.format;
	st->look[dir] = c->again.tracks;
	st->end[dir] = c->again.at > UINT64_MAX / 4 ? 0 : c->again.at;
}

void
chunks_begin(struct content *c, struct state *st, unsigned dir)
{
	st->in[dir] = IN_CHUNKS;
	st->in_pieces.pos[dir] = 0;
	pieces_again(c, st, dir);
}

uint64_t
piece_size(struct state *st, unsigned dir, uint64_t before, uint64_t at, uint64_t n,
    uint64_t size)
{
	uint64_t wanted = st->end[dir], skip = before + wanted - at;

	if (wanted == 0 || wanted < at || wanted - at >= n || size - skip > UINT32_MAX)
		return size;
	st->in_pieces.pos[dir] = wanted;
	st->in_pieces.remain[dir] = (uint32_t)(size - skip);
	return skip;
}

enum step
chunk_step(struct state *st, unsigned dir, struct span s, uint64_t *size)
{
	uint64_t at = st->in_pieces.pos[dir], data;
	struct span line;
	bool last;
	enum parse p = http_chunk(s, size, &last);

	if (p != PARSE_DONE)
		return p == PARSE_MORE ? STEP_WAIT : STEP_END;
	if (last) {
		st->in[dir] = IN_NOTHING;	/* the next request */
		st->end[dir] = 0;
		return STEP_ON;
	}
	line = s;
	(void)line_take(&s, &line);
	data = *size - (uint64_t)(s.at - line.at) - 2;
	st->in_pieces.pos[dir] = at + data;
	*size = piece_size(st, dir, (uint64_t)(s.at - line.at), at, data, *size);
	return STEP_ON;
}

enum step
inside_step(struct content *c, struct state *st, unsigned dir, struct span s, bool final,
    uint64_t *size, struct content_news *news)
{
	bool chunks = st->in[dir] == IN_CHUNKS, ended = false;
	uint32_t remain = st->in_pieces.remain[dir];
	/* the line end behind a chunk is not its body's */
	uint64_t next = 0, data = chunks ? remain - 2U : remain;
	struct span here = s, more;
	enum step step;

	if (here.left >= data) {
		here.left = (size_t)data;
		ended = !chunks;
	}
	if (chunks && span_skip(&s, remain) && here.left < HEAD_BYTES) {
		size_t room = HEAD_BYTES - here.left;

		memcpy(c->chunks, here.at, here.left);
		more = http_unchunk(s, c->scratch, &ended);
		if (more.left > room)
			more.left = room;
		memcpy(c->chunks + here.left, more.at, more.left);
		here = span_of(c->chunks, here.left + more.left);
	}
	step = look_further(st, dir, (enum format_word)st->in_pieces.format[dir], here,
	    chunks || st->in[dir] == IN_SMB ? UINT64_MAX : data, final || ended, news,
	    &next);
	if (step == STEP_WAIT)
		return STEP_WAIT;
	if (step == STEP_ON && next < data) {
		st->in_pieces.pos[dir] += next;
		st->in_pieces.remain[dir] = (uint32_t)(remain - next);
		*size = next;
		return STEP_ON;
	}
	st->end[dir] = step == STEP_ON && (chunks || st->in[dir] == IN_SMB) ?
	    st->in_pieces.pos[dir] + next : 0;
	st->in_pieces.pos[dir] += data;
	st->in_pieces.remain[dir] = 0;
	*size = remain;
	return STEP_ON;
}
