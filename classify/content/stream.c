/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream: what opens a direction of a connection, and what the bodies are that it carries.
 * Owns asking the parsers one after the other and judging a body: its own bytes before
 * what was said about it. walk.c goes on where a stream is made of pieces.
 */
#include "classify/content/inside.h"

#include <string.h>

#define STREAMS_DEEP 4			/* a proxy behind a proxy behind ... */
#define SOUND_LOOK 2048			/* of a body in which its header says the rest */
#define BASE64_RUN 24			/* characters: shorter is a word or a number */

#define TOLD_BY 3			/* of four: share of base64 that is the file */

/* What the header of a sound or a container says. False: more bytes could tell. */
static bool
sound_news(struct content *c, struct span body, uint64_t length, struct content_news *news)
{
	struct sound s;

	if (news->proof != PROOF_MAGIC || (news->class != CONTENT_AUDIO &&
	    !sound_container(news->format)))
		return true;
	sound_of(body, news->format, length, 0, &s);
	news->codec = s.codec;
	news->rate = s.rate;
	news->sound_ns = s.ns;
	c->again = (struct again){ s.again, news->format, s.tracks };
	return s.rate > 0 || s.ns > 0 || s.again > body.left;
}

/* JSON and forms carry files as base64, also as data: addresses. A magic counts where a
 * value starts. Every byte is decoded once: a run ends where the next could start. Sound
 * counts more than what else is found. */
static bool
embedded(struct content *c, struct span s, struct content_news *news)
{
	bool found = false;
	uint8_t b;

	while (span_u8(&s, &b)) {
		struct span name;
		uint64_t behind;
		enum content_word class;
		enum format_word format;
		size_t n;

		if (b != '"' && b != '=' && b != ',')
			continue;
		n = base64_decode(s, c->scratch, sizeof(c->scratch));
		if (n < BASE64_RUN / 4 * 3)
			continue;
		format = magic_of(span_of(c->scratch, n), &class);
		news->proof = PROOF_MAGIC;
		if (archive_sound(span_of(c->scratch, n), format, &name, &behind)) {
			class = CONTENT_AUDIO;
			news->proof = PROOF_NAME;
			news->name = name;
		}
		if (class == CONTENT_UNKNOWN || class == CONTENT_TEXT ||
		    (found && class != CONTENT_AUDIO))
			continue;
		found = true;
		news->what |= NEWS_CONTENT;
		news->class = class;
		news->format = format;
		if (class != CONTENT_AUDIO)
			continue;
		/* where the value reaches beyond what is here it is nearly all of it */
		(void)sound_news(c, span_of(c->scratch, n), news->length < UINT64_MAX / 4 &&
		    n > s.left / 2 && news->length > s.left ?
		    news->length * TOLD_BY / 4 : UINT64_MAX, news);
		c->again.at = 0;
		return true;
	}
	return found;
}

static bool
holds_values(struct span type, struct span body)
{
	if (text_has(type, "json") || text_starts(type, "application/x-www-form-urlencoded"))
		return true;
	body = text_trim(body);
	return type.left == 0 && body.left > 0 && (body.at[0] == '{' || body.at[0] == '[');
}

/* How much of an archive is waited for: names come one behind the other. */
static size_t
archive_look(enum format_word format)
{
	return format == FORMAT_GZIP ? 256 : format == FORMAT_ZIP || format == FORMAT_TAR ||
	    format == FORMAT_RAR || format == FORMAT_OFFICE || format == FORMAT_JAR ?
	    HEAD_BYTES : 0;
}

bool
judge(struct content *c, struct span body, bool final, struct span type, struct span name,
    struct content_news *news)
{
	enum content_word class;
	enum format_word format = magic_of(body, &class);
	enum proof_word proof = PROOF_MAGIC;
	bool told = class != CONTENT_UNKNOWN;
	struct span inner;
	uint64_t next;

	c->again.at = 0;
	news->type = type;
	news->name = name;
	news->body = false;
	news->body_plain = 0;
	if (!told) {
		if (holds_values(type, body)) {
			bool found = embedded(c, body, news);

			if (found && (final || news->class == CONTENT_AUDIO))
				return news->body = true;
			if (found)
				news->what &= ~(unsigned)NEWS_CONTENT;
			if (!final)
				return false;
		}
		if (!final && magic_wants_more(body))
			return false;
		proof = PROOF_TYPE;
		class = class_of_type(type);
		if (class == CONTENT_UNKNOWN) {
			proof = PROOF_NAME;
			class = class_of_name(name);
		}
		if (class == CONTENT_UNKNOWN)
			proof = PROOF_MAGIC;
	}
	news->class = class;
	news->format = format;
	news->proof = proof;
	/* archives that name the sound in them, or are named by it */
	if (told && archive_sound(body, format, &inner, &next)) {
		news->class = CONTENT_AUDIO;
		news->proof = PROOF_NAME;
		news->name = inner;
	} else if (told && class_of_format(format) == CONTENT_ARCHIVE && !final &&
	    next < HEAD_BYTES && body.left < archive_look(format)) {
		return false;
	} else if (told && next > 0) {
		c->again = (struct again){ next, format, 0 };
	}
	if (news->class == CONTENT_ARCHIVE && proof == PROOF_MAGIC &&
	    speaks_of_recordings(name)) {
		news->class = CONTENT_AUDIO;
		news->proof = PROOF_NAME;
	}
	if (sound_container(format) && !told) {
		/* its tracks may stand behind: what is claimed holds until then */
		news->proof = PROOF_MAGIC;
		(void)sound_news(c, body, news->length, news);
		news->proof = proof;
	} else if (!sound_news(c, body, news->length, news) && !final &&
	    body.left < SOUND_LOOK && news->length != UINT64_MAX && body.left < news->length) {
		/* The header of a container reaches further than its magic. Who has said
		 * how much comes is waited for; a proof that is here does not wait for
		 * what may not come. */
		return false;
	}
	news->body = true;
	news->body_seen = (uint32_t)body.left;
	/* a film whose tracks stand behind it is looked at there */
	if ((told || c->again.at > 0) && class_is_plain(news->class))
		news->body_plain = magic_length(body, format);
	if (news->class != CONTENT_UNKNOWN || format != FORMAT_UNKNOWN)
		news->what |= NEWS_CONTENT;
	return true;
}

bool
judge_again(struct content *c, struct state *st, unsigned dir, uint64_t body_at, uint64_t end,
    struct content_news *news)
{
	const struct again *a = &c->again;

	if (a->at == 0 || a->at > UINT64_MAX / 4 || body_at + a->at + 8 > end)
		return false;
	stream_next(c, st, dir, body_at + a->at - st->head[dir]->base, news);
	st->in[dir] = IN_AGAIN;
	st->told[dir] = (uint8_t)a->format;
	st->look[dir] = a->tracks;
	st->end[dir] = end;
	return true;
}

/* The body of a MIME part, its encoding taken off. */
bool
judge_part(struct content *c, const struct mime *part, struct span body, bool final,
    struct content_news *news)
{
	uint64_t declared = news->length;
	bool decided;

	if (part->range_at > 0)
		body = span_of("", 0);
	if (part->base64)
		body = span_of(c->scratch, base64_decode(body, c->scratch,
		    sizeof(c->scratch)));
	else if (part->quoted)
		body = span_of(c->scratch, quoted_decode(body, c->scratch,
		    sizeof(c->scratch)));
	/* what is declared is the whole form, with its boundary before and behind, or the
	 * whole mail */
	if (part->base64 && declared < UINT64_MAX / 4)
		news->length = declared * TOLD_BY / 4;
	decided = judge(c, body, final, part->type, part->name, news);
	news->length = declared;
	if (part->base64 || part->quoted)
		c->again.at = 0;
	return decided;
}

/* The files of a multipart body, until one is audio. *rest: where to go on when the next
 * part lies behind what is here: at a part whose headers do not end here, or at the end. */
static bool
judge_parts(struct content *c, struct span s, struct span boundary, bool final,
    struct content_news *news, struct mime_parts *parts, struct span *file)
{
	struct mime part;
	struct span body;
	unsigned before = news->what;

	mime_parts_start(parts, s, boundary);
	while (mime_attachment(parts, &part, &body) == PARSE_DONE) {
		if (!judge_part(c, &part, body, final || parts->whole, news))
			break;
		*file = body;
		if (!parts->whole || ((news->what & NEWS_CONTENT) &&
		    news->class == CONTENT_AUDIO))
			return true;
		c->again.at = 0;
	}
	if (final || parts->ended)
		return true;
	news->what = before;
	return false;
}

/* The stream of this direction starts again n bytes further on. */
static void
starts_behind(struct state *st, unsigned dir, size_t n, struct span *left)
{
	(void)span_skip(left, n);
	st->start[dir] = (uint16_t)(st->start[dir] + n);
	st->flags &= (uint16_t)~(unsigned)(SAID_HTTP << dir);
}

static void
http_news(struct content_news *news, const struct http_request *r)
{
	news->what |= NEWS_HTTP;
	news->host = http_host_only(r->head.host);
	news->method = r->method;
	news->path = r->path;
	news->type = r->head.type;
	news->name = r->head.name.left > 0 ? r->head.name : http_path_name(r->path);
	news->length = r->head.length;
}

void
named_sound(struct span name, struct content_news *news)
{
	news->what |= NEWS_CONTENT;
	news->class = CONTENT_AUDIO;
	news->format = FORMAT_UNKNOWN;
	news->proof = PROOF_NAME;
	news->name = name;
}

/* MOVE and COPY of WebDAV: what was put under another name gets its own. */
static void
renamed(struct state *st, unsigned dir, const struct http_request *r,
    struct content_news *news)
{
	struct span name = http_path_name(r->head.destination);

	if ((!text_is(r->method, "move") && !text_is(r->method, "copy")) ||
	    !(st->flags & (UNTOLD << dir)) || class_of_name(name) != CONTENT_AUDIO)
		return;
	named_sound(name, news);
}

/* The next file of a form begins behind what is here. */
static void
form_goes_on(struct content *c, struct state *st, unsigned dir,
    const struct mime_parts *parts, uint64_t end, const struct content_news *news)
{
	struct head *h = st->head[dir];
	const uint8_t *at = parts->cut != NULL ? parts->cut : h->bytes + head_span(h).left;

	stream_next(c, st, dir, (uint64_t)(at - h->bytes), news);
	st->end[dir] = end;
	if (parts->cut != NULL)
		st->in[dir] = IN_PART;
	else
		st->mode[dir] = MODE_MAIL;
}

/* A body that begins `before` bytes behind the head's base. */
static void
http_body(struct content *c, struct state *st, unsigned dir, const struct mime *head,
    struct span body, uint64_t before, struct span type, struct span name, bool final,
    struct content_news *news)
{
	struct span file;
	uint64_t length = head->length, end;
	struct mime_parts parts = { .ended = true };
	bool complete, decided;

	complete = !head->chunked && length <= body.left;
	if (complete)
		body.left = (size_t)length;
	file = body;
	if (head->chunked)
		body = http_unchunk(body, c->chunks, &complete);
	/* a part of a file says how long the file is */
	news->length = head->range_all != UINT64_MAX ? head->range_all : length;
	news->to_end = length == UINT64_MAX;
	if (head->range_at > 0)		/* the middle of a file: only its name speaks */
		decided = judge(c, span_of("", 0), true, head->type, name, news);
	else if (head->boundary.left > 0)
		decided = judge_parts(c, body, head->boundary, final || complete, news,
		    &parts, &file);
	else
		decided = judge(c, body, final || complete, type, name, news);
	if (!decided)
		return;
	if (!(news->what & NEWS_CONTENT))
		st->flags |= (uint16_t)(UNTOLD << dir);
	end = length > UINT64_MAX / 4 ? UINT64_MAX : st->head[dir]->base + before + length;
	if (head->chunked) {
		if (head->boundary.left > 0)	/* its offset is in a part, not in the body */
			c->again.at = 0;
		stream_next(c, st, dir, before, news);
		chunks_begin(c, st, dir);
	} else if (judge_again(c, st, dir, st->head[dir]->base +
	    (uint64_t)(file.at - st->head[dir]->bytes), end, news)) {
		return;
	} else if (length == UINT64_MAX) {
		stream_done(c, st, dir);
	} else if (!parts.ended && !complete) {
		form_goes_on(c, st, dir, &parts, end, news);
	} else {
		/* a length beyond any stream does not wrap around to here */
		stream_next(c, st, dir, length > UINT64_MAX / 4 ? length :
		    before + length, news);
	}
}

static void
web_begins(struct state *st, unsigned dir)
{
	st->in[dir] = IN_WEB;
	st->look[dir] = st->told[dir] = 0;
}

/* A file asked for from outside has its name in the question. Only names that say
 * something: a web server is asked for many. Where this one says nothing, what was asked
 * before it is no name for its answer. */
static void
note_asked(struct content *c, const struct http_request *r, const struct flow_hit *hit)
{
	struct span name = http_path_name(r->path);
	enum content_word class = class_of_name(name);

	const struct flow *f = hit->flow;
	struct pkt_time now = hit->pkt->frame->time;
	struct ftp_data *d;

	if (!hit->down)
		return;
	if (!http_has_body(r) && (class == CONTENT_AUDIO || speaks_of_recordings(name)))
		(void)note_make(c, NOTE_HTTP, &f->client, f->client_port, now, name);
	else if ((d = note_find(c, NOTE_HTTP, &f->client, f->client_port, now)) != NULL)
		d->name_len = 0;
}

/* True: `left` was moved to a stream inside this one. */
static bool
http_step(struct content *c, struct state *st, const struct flow_hit *hit,
    const struct http_request *r, struct span *left, bool final, struct content_news *news)
{
	unsigned dir = hit->dir;
	uint16_t said = (uint16_t)(SAID_HTTP << dir);
	struct span body = *left, name, type = r->head.type;
	uint64_t before = st->start[dir] + r->body_at;

	if (!(st->flags & said))
		http_news(news, r);
	st->flags |= said;
	if (text_is(r->method, "connect")) {
		news->what |= NEWS_TARGET;
		news->target = http_host_only(r->path);
		news->via = NAME_SOURCE_CONNECT;
		starts_behind(st, dir, r->body_at, left);
		return true;
	}
	if (r->head.destination.left > 0)
		renamed(st, dir, r, news);
	note_asked(c, r, hit);
	if (!http_has_body(r)) {
		bool web = r->head.websocket && text_is(r->method, "get");

		stream_next(c, st, dir, before, news);
		if (web)
			web_begins(st, dir);
		return false;
	}
	name = r->head.name.left > 0 ? r->head.name : http_path_name(r->path);
	/* Icecast's default, when a source does not say what it sends */
	if (type.left == 0 && r->head.ice)
		type = span_of("audio/mpeg", 10);
	(void)span_skip(&body, r->body_at);
	http_body(c, st, dir, &r->head, body, before, type, name, final, news);
	return false;
}

/* What a server inside hands out: "GET /rec.amr" from outside is an upload. */
static void
answer_step(struct content *c, struct state *st, const struct flow_hit *hit,
    const struct http_answer *a, struct span body, bool final, struct content_news *news)
{
	const struct flow *f = hit->flow;
	unsigned dir = hit->dir;
	uint64_t before = st->start[dir] + a->body_at;
	struct span name = a->head.name;
	struct ftp_data *d;

	(void)span_skip(&body, a->body_at);
	/* "Not modified" and what answers HEAD have none: the next answer stands there */
	if (a->status < 200 || a->status == 204 || a->status == 304 ||
	    a->head.length == 0 || text_starts(body, "http/1.")) {
		stream_next(c, st, dir, before, news);
		if (a->status == 101 && a->head.websocket)
			web_begins(st, dir);
		return;
	}
	/* a page of text, or an error, is not what was asked for */
	d = name.left > 0 || (a->status != 200 && a->status != 206) ||
	    text_starts(a->head.type, "text/") ? NULL :
	    note_find(c, NOTE_HTTP, &f->client, f->client_port, hit->pkt->frame->time);
	if (d != NULL) {
		memcpy(c->name, d->name, d->name_len);
		name = span_of(c->name, d->name_len);
	}
	http_body(c, st, dir, &a->head, body, before, a->head.type, name, final, news);
}

/* A mail to its first file that is audio; what lies behind the head walk.c finds. */
static bool
mail_step(struct content *c, const struct smtp_mail *mail, bool final,
    struct content_news *news, const uint8_t **cut)
{
	struct mime_parts parts = { .cut = NULL };
	struct span file;
	bool decided;

	*cut = NULL;
	news->length = mail->size;
	if (mail->part.boundary.left > 0) {
		decided = judge_parts(c, mail->body, mail->part.boundary,
		    final || mail->whole, news, &parts, &file);
		*cut = parts.cut;
		return decided;
	}
	if (mail->part.type.left == 0 || text_starts(mail->part.type, "text/"))
		return true;
	return judge_part(c, &mail->part, mail->body, final || mail->whole, news);
}

/* A connection that is a file from its first byte on. */
static enum parse
raw_step(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span left, bool final, struct content_news *news)
{
	bool ftp = (st->flags & IS_FTP_DATA) != 0;
	struct ftp_data *d = ftp ? note_find(c, NOTE_FTP, &hit->flow->server,
	    hit->flow->server_port, hit->flow->first) : NULL;
	struct span none = { NULL, 0 }, name = none;

	if (hit->flow->flags & FLOW_MIDSTREAM)
		return PARSE_NOT;	/* nobody knows that it starts here */
	if (!ftp && magic_hopeless(left))
		return PARSE_NOT;
	if (d != NULL && d->rest)		/* the end of a file: only its name speaks */
		left.left = 0;
	if (d != NULL) {
		memcpy(c->name, d->name, d->name_len);
		name = span_of(c->name, d->name_len);
	}
	news->to_end = true;
	if (!judge(c, left, final || (d != NULL && d->rest), none, name, news))
		return PARSE_MORE;
	if (!(news->what & NEWS_CONTENT))
		return PARSE_NOT;
	(void)judge_again(c, st, hit->dir, st->head[hit->dir]->base + st->start[hit->dir],
	    UINT64_MAX, news);
	return PARSE_DONE;
}

void
stream_read(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news)
{
	unsigned dir = hit->dir;
	struct head *h = st->head[dir];
	struct span left = head_span(h);
	bool final = head_final(h), more;
	struct http_request http;
	struct http_answer answer;
	struct smtp_mail mail;
	const uint8_t *cut;
	enum parse p;

	(void)span_skip(&left, st->start[dir]);
	/* the capture lost how it opens, but not how that was answered */
	if (left.left == 0 && final && st->in[dir] == IN_NOTHING &&
	    (st->in[1 - dir] == IN_RTSP || st->in[1 - dir] == IN_RTSP_LOST))
		st->in[dir] = IN_RTSP_LOST;
	if (st->in[dir] != IN_NOTHING) {
		walk(c, st, hit, left, final, news);
		return;
	}
	for (int depth = 0; depth < STREAMS_DEEP; depth++) {
		more = false;
		if (left.left == 0) {
			more = true;
			break;
		}
		if ((p = setup_ssh(left)) == PARSE_DONE) {
			if (!(st->flags & SAID_TUNNEL))
				tunnel_news(st, news, TUNNEL_SSH);
			break;
		}
		more |= p == PARSE_MORE;
		if ((p = tls_sni(left, c->scratch, &news->sni)) == PARSE_DONE) {
			news->what |= NEWS_SNI;
			break;
		}
		more |= p == PARSE_MORE;
		if (from_server(hit) && (p = tls_certificate(left, final, c->scratch,
		    &news->certificate)) == PARSE_DONE) {
			news->what |= NEWS_CERTIFICATE;
			break;
		}
		more |= from_server(hit) && p == PARSE_MORE;
		if ((p = setup_sip(left)) == PARSE_DONE) {
			news->what |= NEWS_SETUP;
			break;
		}
		more |= p == PARSE_MORE;
		if ((p = socks_request(left, &c->socks)) == PARSE_DONE) {
			news->what |= NEWS_TARGET;
			news->via = NAME_SOURCE_SOCKS;
			news->target = c->socks.target.left > 0 ? c->socks.target :
			    span_of(c->socks.text, strlen(c->socks.text));
			tunnel_news(st, news, TUNNEL_SOCKS);
			starts_behind(st, dir, c->socks.end, &left);
			continue;
		}
		more |= p == PARSE_MORE;
		if ((p = walk_opens(c, st, hit, left)) == PARSE_DONE)
			return;
		more |= p == PARSE_MORE;
		if ((p = http_request(left, &http)) == PARSE_DONE) {
			if (http_step(c, st, hit, &http, &left, final, news))
				continue;
			if (st->head[dir] != h)
				return;		/* decided, and the mode set */
			more = true;
			break;
		}
		if (p == PARSE_MORE && final && http.path.left > 0 &&
		    !(st->flags & (SAID_HTTP << dir)))
			http_news(news, &http);	/* the rest of its headers was cut away */
		more |= p == PARSE_MORE;
		if (hit->up && from_server(hit) && (p = http_answer(left, &answer)) ==
		    PARSE_DONE) {
			answer_step(c, st, hit, &answer, left, final, news);
			if (st->head[dir] != h)
				return;
			more = true;
			break;
		}
		more |= hit->up && from_server(hit) && p == PARSE_MORE;
		if ((p = smtp_mail(left, &mail)) == PARSE_DONE) {
			if (mail.tls_at > 0) {
				starts_behind(st, dir, mail.tls_at, &left);
				continue;
			}
			if (!mail_step(c, &mail, final, news, &cut))
				return;
			news->length = UINT64_MAX;	/* of the mail, not of a file */
			st->end[dir] = 0;
			if (cut != NULL)
				left.left = (size_t)(cut - left.at);
			stream_next(c, st, dir, st->start[dir] + left.left, news);
			if (cut != NULL)
				st->in[dir] = IN_PART;
			else
				st->mode[dir] = MODE_MAIL;
			return;
		}
		more |= p == PARSE_MORE;
		if (!from_server(hit) && (p = ftp_command(left)) == PARSE_DONE) {
			st->mode[0] = st->mode[1] = MODE_FTP;
			head_spend(c, st, 0);
			head_spend(c, st, 1);
			memset(&st->rtp, 0, sizeof(st->rtp));
			ftp_lines(c, st, hit);
			return;
		}
		more |= !from_server(hit) && p == PARSE_MORE;
		if (openvpn_tcp_hello(left, from_server(hit))) {
			if (!from_server(hit))
				st->flags |= HELLO_OPENVPN;
			else if (st->flags & HELLO_OPENVPN)
				tunnel_news(st, news, TUNNEL_OPENVPN);
			break;
		}
		p = raw_step(c, st, hit, left, final, news);
		if (st->in[dir] == IN_AGAIN)
			return;
		if (p == PARSE_DONE)
			more = false;
		else
			more |= p == PARSE_MORE;
		break;
	}
	if (more && !final)
		return;
	if (!from_server(hit) && news->what == 0 && tls_nameless_h2(left, c->scratch))
		sealed_nameless(st);
	stream_done(c, st, dir);
}
