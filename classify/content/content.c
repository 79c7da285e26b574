/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * content: asks the parsers of this room what the first bytes of a flow are, and keeps
 * what is needed to ask again. Owns the state of a flow and the buffers; the parsers own
 * the formats.
 *
 * A direction goes NEW -> READ (it has a head) -> DONE, NEXT (a later HTTP request of the
 * same connection starts at a known offset) or FTP (lines, packet by packet). Both
 * directions are read alike: who opened a connection says nothing about
 * who sends the recording.
 */
#include "classify/content/content.h"

#include "capture/base/pool.h"
#include "capture/base/table.h"
#include "classify/content/head.h"
#include "classify/content/parse.h"

#include <stdlib.h>
#include <string.h>

#define HEADS 8192
#define FTP_DATA_MAX 1024		/* data connections announced and
					 * not yet opened */
#define FTP_DATA_WAIT (60 * NS_PER_S)
#define FTP_NAME 128
#define UDP_LOOK 256			/* data packets in which a
					 * stream says what it is */
#define PARSES_EACH 32			/* then only when the head grew by a sixteenth: */
#define PARSE_GROWTH 16			/* segments of one byte
					 * must not cost a parse each */
#define STREAMS_DEEP 4			/* a proxy behind a proxy behind ... */

enum mode { MODE_NEW, MODE_READ, MODE_DONE, MODE_NEXT, MODE_FTP, MODE_DNS };

enum {
	SAID_HTTP = 1 << 0,		/* and << 1 for the other direction */
	SAID_SETUP = 1 << 2,
	SAID_RTP = 1 << 3,		/* and << 1 */
	SAID_TUNNEL = 1 << 5,
	IS_FTP_DATA = 1 << 6,
	IS_SIP = 1 << 7,
	HELLO_OPENVPN = 1 << 8, HELLO_WIREGUARD = 1 << 9,
	UDP_LOOKED = 1 << 10,
	STARTED = 1 << 11,
	HEARD = 1 << 12,		/* a datagram of this direction; and << 1 */
};

struct state {
	struct head *head[2];
	uint64_t next[2];		/* NEXT, DNS: offset of the next message */
	union {
		struct rtp_slot rtp[2][RTP_SLOTS];
		struct {
			uint16_t port;		/* of the data connection
						 * announced last */
			bool at_client;
		} ftp;
	};
	uint16_t start[2];		/* in the head: behind a CONNECT,
					 * a SOCKS request */
	uint16_t flags, looked;
	uint8_t mode[2];
} __attribute__((may_alias));

_Static_assert(sizeof(struct state) <= sizeof(struct content_flow), "fits its room");

struct ftp_key {
	struct addr addr;
	uint16_t port, pad[3];
};

struct ftp_data {
	struct pkt_time said;
	size_t name_len;
	uint8_t name[FTP_NAME];
};

struct content {
	struct pool *heads;
	struct table *ftp;
	struct head *oldest, *newest;	/* heads in use */
	struct head *spent[2];		/* lent with the last news;
					 * given back at the next call */
	uint64_t no_head;
	uint8_t scratch[HEAD_BYTES];	/* a hello out of its records, base64 decoded */
	struct socks_request socks;	/* its text is lent with the news */
	uint8_t name[FTP_NAME];
};

static struct state *state_of(struct content_flow *f);
static struct head *head_take(struct content *c, struct state *st, unsigned dir,
    uint64_t base);
static void head_let_go(struct content *c, struct head *h);
static void done(struct content *c, struct state *st, unsigned dir);
static void datagram(struct state *st, const struct flow_hit *hit,
    struct content_news *news);
static void segment(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news);
static void dns_stream(struct state *st, const struct flow_hit *hit,
    struct content_news *news);
static void read_stream(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news);
static void ftp_lines(struct content *c, struct state *st, const struct flow_hit *hit);
static struct ftp_data *ftp_find(const struct content *c, const struct flow *f,
    struct pkt_time now);

struct content *
content_create(const struct content_options *o)
{
	struct content *c = calloc(1, sizeof(*c));
	struct table_options t = { .hash = o->hash, .key_size = sizeof(struct ftp_key),
		.value_size = sizeof(struct ftp_data), .max = FTP_DATA_MAX };

	if (c == NULL)
		return NULL;
	/* two more than are read: those lent with the last news */
	c->heads = pool_create(sizeof(struct head),
	    (o->heads == 0 ? HEADS : o->heads) + 2);
	c->ftp = table_create(&t);
	if (c->heads == NULL || c->ftp == NULL) {
		content_destroy(c);
		return NULL;
	}
	return c;
}

void
content_destroy(struct content *c)
{
	if (c == NULL)
		return;
	table_destroy(c->ftp);
	pool_destroy(c->heads);
	free(c);
}

uint64_t
content_no_head(const struct content *c)
{
	return c->no_head;
}

void
content_end(struct content *c, struct content_flow *f)
{
	struct state *st = state_of(f);

	for (unsigned dir = 0; dir < 2; dir++) {
		if (st->head[dir] != NULL)
			head_let_go(c, st->head[dir]);
		st->head[dir] = NULL;
		st->mode[dir] = MODE_DONE;
	}
}

unsigned
content_packet(struct content *c, struct content_flow *f, const struct flow_hit *hit,
    struct content_news *news)
{
	struct state *st = state_of(f);
	const struct packet *p = hit->pkt;

	news->what = 0;
	if (p->payload_wire == 0 && !hit->is_new)
		return 0;
	if (p->frag && !p->frag_first)
		return 0;
	if (p->proto == IPPROTO_IS_TCP && st->mode[hit->dir] == MODE_DONE)
		return 0;
	if (p->proto != IPPROTO_IS_TCP && p->proto != IPPROTO_IS_UDP)
		return 0;
	for (int i = 0; i < 2; i++) {
		pool_give(c->heads, c->spent[i]);
		c->spent[i] = NULL;
	}
	memset(news, 0, sizeof(*news));
	news->length = UINT64_MAX;
	news->body_dir = hit->dir;
	if (p->proto == IPPROTO_IS_UDP)
		datagram(st, hit, news);
	else
		segment(c, st, hit, news);
	return news->what;
}

static struct state *
state_of(struct content_flow *f)
{
	return (struct state *)(void *)f->state;
}

/* ---- buffers ---- */

static struct head *
head_take(struct content *c, struct state *st, unsigned dir, uint64_t base)
{
	struct head *h;

	/* the two spares are not for reading */
	if (pool_used(c->heads) + 2 >= pool_count(c->heads) && c->oldest != NULL) {
		struct head *old = c->oldest;
		struct state *loser = old->owner;

		c->no_head++;
		loser->head[old->dir] = NULL;
		loser->mode[old->dir] = MODE_DONE;
		head_let_go(c, old);
	}
	h = pool_take(c->heads);
	if (h == NULL) {
		c->no_head++;
		return NULL;
	}
	head_start(h, base);
	h->owner = st;
	h->dir = (uint8_t)dir;
	h->older = c->newest;
	h->newer = NULL;
	if (c->newest != NULL)
		c->newest->newer = h;
	else
		c->oldest = h;
	c->newest = h;
	return h;
}

static void
head_unlink(struct content *c, struct head *h)
{
	if (h->older != NULL)
		h->older->newer = h->newer;
	else
		c->oldest = h->newer;
	if (h->newer != NULL)
		h->newer->older = h->older;
	else
		c->newest = h->older;
}

static void
head_let_go(struct content *c, struct head *h)
{
	head_unlink(c, h);
	pool_give(c->heads, h);
}

/* The bytes may be lent with this call's news: they go back with the next call. */
static void
head_spend(struct content *c, struct state *st, unsigned dir)
{
	struct head *h = st->head[dir];

	if (h == NULL)
		return;
	st->head[dir] = NULL;
	head_unlink(c, h);
	c->spent[c->spent[0] == NULL ? 0 : 1] = h;
}

static void
done(struct content *c, struct state *st, unsigned dir)
{
	head_spend(c, st, dir);
	st->mode[dir] = MODE_DONE;
}

/* ---- datagrams ---- */

static bool
from_server(const struct flow_hit *hit)
{
	return hit->dir == FLOW_TO_CLIENT;
}

static void
tunnel_news(struct state *st, struct content_news *news, enum tunnel_word which)
{
	news->what |= NEWS_TUNNEL;
	news->tunnel = which;
	st->flags |= SAID_TUNNEL;
}

/* A client's opening and its answer: one alone proves nothing. */
static void
look_for_tunnel(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	const struct packet *p = hit->pkt;
	bool answer = from_server(hit);
	uint16_t heard = (uint16_t)(HEARD << hit->dir);

	/* openings are the first a side says: later bytes of QUIC can look like them */
	if (st->flags & heard)
		return;
	st->flags |= heard;
	if (openvpn_hello(p->payload, p->payload_wire, answer)) {
		if (!answer)
			st->flags |= HELLO_OPENVPN;
		else if (st->flags & HELLO_OPENVPN)
			tunnel_news(st, news, TUNNEL_OPENVPN);
	}
	if (wireguard_hello(p->payload, p->payload_wire, answer)) {
		if (!answer)
			st->flags |= HELLO_WIREGUARD;
		else if (st->flags & HELLO_WIREGUARD)
			tunnel_news(st, news, TUNNEL_WIREGUARD);
	}
}

static void
datagram(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	const struct packet *p = hit->pkt;
	struct rtp_slot *slot = st->rtp[hit->dir];
	uint16_t said_rtp = (uint16_t)(SAID_RTP << hit->dir);

	if (p->payload_wire == 0)
		return;
	if (p->sport == 53 || p->dport == 53) {
		if (dns_parse(p->payload, &news->dns)) {
			news->what |= NEWS_DNS;
			news->dns_bytes = p->payload_wire;
			return;
		}
	} else if ((p->dport == 67 || p->sport == 68) && dhcp_client(p->payload, news)) {
		news->what |= NEWS_DHCP;
		return;
	}
	if (st->flags & UDP_LOOKED) {
		if ((st->flags & IS_SIP) && setup_sip(p->payload) == PARSE_DONE)
			news->what |= NEWS_SETUP;
		return;
	}
	if (++st->looked >= UDP_LOOK)
		st->flags |= UDP_LOOKED;
	if (setup_sip(p->payload) == PARSE_DONE) {
		st->flags |= IS_SIP;
		news->what |= NEWS_SETUP;
		return;
	}
	if (setup_stun(p->payload, p->payload_wire) ||
	    setup_dtls(p->payload, p->payload_wire)) {
		if (!(st->flags & SAID_SETUP))
			news->what |= NEWS_SETUP;
		st->flags |= SAID_SETUP;
		return;
	}
	look_for_tunnel(st, hit, news);
	if (!(st->flags & said_rtp) && rtp_packet(slot, p->payload, p->payload_wire,
	    &news->rtp_type, &news->rtp_ssrc)) {
		st->flags |= said_rtp;
		news->what |= NEWS_RTP;
		news->class = rtp_class(news->rtp_type);
		news->format = FORMAT_RTP;
		news->proof = PROOF_RTP;
	}
}

/* ---- streams ---- */

static void
segment(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news)
{
	const struct packet *p = hit->pkt;
	unsigned dir = hit->dir;
	struct head *h;

	if (!(st->flags & STARTED)) {
		st->flags |= STARTED;
		if (table_used(c->ftp) > 0 &&
		    ftp_find(c, hit->flow, p->frame->time) != NULL)
			st->flags |= IS_FTP_DATA;
		if (hit->flow->server_port == 53 || hit->flow->client_port == 53)
			st->mode[0] = st->mode[1] = MODE_DNS;
	}
	if (p->payload_wire == 0)
		return;
	switch (st->mode[dir]) {
	case MODE_DNS:
		dns_stream(st, hit, news);
		return;
	case MODE_FTP:
		ftp_lines(c, st, hit);
		return;
	case MODE_NEXT:
		if (hit->offset + p->payload_wire <= st->next[dir])
			return;
		/* fallthrough */
	case MODE_NEW:
		st->head[dir] = head_take(c, st, dir, st->next[dir]);
		st->mode[dir] = st->head[dir] == NULL ? MODE_DONE : MODE_READ;
		st->start[dir] = 0;
		break;
	default:
		break;
	}
	h = st->head[dir];
	if (h == NULL)
		return;
	head_put(h, hit->offset, p->payload, p->payload_wire);
	if (h->have == h->parsed && !head_final(h))
		return;
	if (h->parses >= PARSES_EACH && (h->have - h->parsed) * PARSE_GROWTH < h->have &&
	    !head_final(h))
		return;
	h->parsed = h->have;
	h->parses++;
	read_stream(c, st, hit, news);
}

/* RFC 1035, 4.2.2: two bytes of length, then the message; as many in a segment as fit. */
static void
dns_stream(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	const struct packet *p = hit->pkt;
	struct span s = p->payload;
	uint64_t at = hit->offset, end = at + p->payload_wire;
	uint64_t *next = &st->next[hit->dir];
	struct dns_message m;
	uint16_t len;

	if (end <= *next)
		return;		/* a retransmission, or the middle of a message */
	if (at < *next) {
		if (!span_skip(&s, *next - at)) {
			*next = end;
			return;
		}
		at = *next;
	}
	while (span_u16(&s, &len)) {
		struct span one = s;

		at += 2U + len;
		if (len < 12)
			break;
		if (one.left > len)
			one.left = len;
		if (dns_parse(one, &m)) {
			/* the first tells who is asked for, the sum how much went */
			if (!(news->what & NEWS_DNS))
				news->dns = m;
			news->what |= NEWS_DNS;
			news->dns_bytes += len;
		}
		if (!span_skip(&s, len))
			break;
	}
	/* after a loss or nonsense the next segment is tried as a start */
	*next = at > end && at - end <= UINT16_MAX ? at : end;
}

/* What a body is: its own bytes first, then what was said about it.
 * False: wait for more. */
static bool
judge(struct span body, bool final, struct span type, struct span name,
    struct content_news *news)
{
	enum content_word class;
	enum format_word format = magic_of(body, &class);
	enum proof_word proof = PROOF_MAGIC;

	if (class == CONTENT_UNKNOWN) {
		if (!final && magic_wants_more(body))
			return false;
		proof = PROOF_TYPE;
		class = class_of_type(type);
		if (class == CONTENT_UNKNOWN) {
			proof = PROOF_NAME;
			class = class_of_name(name);
		}
		if (class == CONTENT_UNKNOWN) {
			if (format == FORMAT_UNKNOWN)
				return true;
			proof = PROOF_MAGIC;
		}
	}
	news->what |= NEWS_CONTENT;
	news->class = class;
	news->format = format;
	news->proof = proof;
	news->type = type;
	news->name = name;
	return true;
}

/* The body of a MIME part, base64 taken off. */
static bool
judge_part(struct content *c, const struct mime *part, struct span body, bool final,
    struct content_news *news)
{
	if (part->base64)
		body = span_of(c->scratch, base64_decode(body, c->scratch,
		    sizeof(c->scratch)));
	return judge(body, final, part->type, part->name, news);
}

/* The stream of this direction starts again n bytes further on. */
static void
starts_behind(struct state *st, unsigned dir, size_t n, struct span *left)
{
	(void)span_skip(left, n);
	st->start[dir] = (uint16_t)(st->start[dir] + n);
	st->flags &= (uint16_t)~(unsigned)(SAID_HTTP << dir);
}

/* A request's end is known: what follows is another one. Bytes of it that are here
 * already move to a head of their own, since those of this one are lent. */
static void
next_request(struct content *c, struct state *st, unsigned dir, uint64_t length)
{
	struct head *h = st->head[dir], *n;
	uint64_t next, behind;
	struct span rest = head_span(h);

	st->flags &= (uint16_t)~(unsigned)(SAID_HTTP << dir);
	if (length > UINT64_MAX / 4) {
		done(c, st, dir);
		return;
	}
	next = h->base + length;
	head_spend(c, st, dir);
	st->next[dir] = next;
	st->mode[dir] = MODE_NEXT;
	if (!span_skip(&rest, length) || rest.left == 0)
		return;
	behind = h->limit - length;
	n = head_take(c, st, dir, next);
	if (n == NULL) {
		st->mode[dir] = MODE_DONE;
		return;
	}
	head_put(n, next, rest, (uint32_t)rest.left);
	if (h->limit < HEAD_BYTES)
		n->limit = (uint16_t)behind;
	st->head[dir] = n;
	st->start[dir] = 0;
	st->mode[dir] = MODE_READ;
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

/* True: `left` was moved to a stream inside this one. */
static bool
http_step(struct content *c, struct state *st, unsigned dir, const struct http_request *r,
    struct span *left, bool final, struct content_news *news)
{
	uint16_t said = (uint16_t)(SAID_HTTP << dir);
	struct span body = *left, name;
	uint64_t length = r->head.length, before = st->start[dir] + r->body_at;
	struct mime part;
	bool complete, whole = false, decided;

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
	if (!http_has_body(r)) {
		next_request(c, st, dir, before);
		return false;
	}
	(void)span_skip(&body, r->body_at);
	complete = !r->head.chunked && length <= body.left;
	if (complete)
		body.left = (size_t)length;
	if (r->head.chunked) {
		struct span size;

		if (!line_take(&body, &size) && !final)
			return false;
	}
	name = r->head.name.left > 0 ? r->head.name : http_path_name(r->path);
	news->length = length;
	if (r->head.boundary.left > 0) {
		switch (mime_attachment(body, r->head.boundary, &part, &body, &whole)) {
		case PARSE_DONE:
			decided = judge_part(c, &part, body, final || whole || complete,
			    news);
			break;
		default:
			decided = final || complete;
			break;
		}
	} else {
		decided = judge(body, final || complete, r->head.type, name, news);
	}
	if (!decided)
		return false;
	if (r->head.chunked || length == UINT64_MAX)
		done(c, st, dir);
	else
		next_request(c, st, dir, length > UINT64_MAX / 4 ? length :
		    before + length);
	return false;
}

/* A connection that is a file from its first byte on. */
static enum parse
raw_step(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span left, bool final, struct content_news *news)
{
	bool ftp = (st->flags & IS_FTP_DATA) != 0;
	struct ftp_data *d = ftp ? ftp_find(c, hit->flow, hit->flow->first) : NULL;
	struct span none = { NULL, 0 }, name = none;

	if (hit->flow->flags & FLOW_MIDSTREAM)
		return PARSE_NOT;	/* nobody knows that it starts here */
	if (!ftp && magic_hopeless(left))
		return PARSE_NOT;
	if (d != NULL) {
		memcpy(c->name, d->name, d->name_len);
		name = span_of(c->name, d->name_len);
	}
	if (!judge(left, final, none, name, news))
		return PARSE_MORE;
	return (news->what & NEWS_CONTENT) ? PARSE_DONE : PARSE_NOT;
}

/* What opens the stream of this direction? Asked again whenever the head grew. */
static void
read_stream(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news)
{
	unsigned dir = hit->dir;
	struct head *h = st->head[dir];
	struct span left = head_span(h);
	bool final = head_final(h), more;
	struct http_request http;
	struct smtp_mail mail;
	enum parse p;

	(void)span_skip(&left, st->start[dir]);
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
		if ((p = http_request(left, &http)) == PARSE_DONE) {
			if (http_step(c, st, dir, &http, &left, final, news))
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
		if ((p = smtp_mail(left, &mail)) == PARSE_DONE) {
			if (mail.tls_at > 0) {
				starts_behind(st, dir, mail.tls_at, &left);
				continue;
			}
			more = !judge_part(c, &mail.part, mail.body, final || mail.whole,
			    news);
			break;
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
		if (p == PARSE_DONE)
			more = false;
		else
			more |= p == PARSE_MORE;
		break;
	}
	if (!more || final)
		done(c, st, dir);
}

/* ---- FTP ---- */

static struct ftp_key
ftp_key(const struct addr *a, uint16_t port)
{
	struct ftp_key k;

	memset(&k, 0, sizeof(k));
	k.addr = *a;
	k.port = port;
	return k;
}

static struct ftp_data *
ftp_find(const struct content *c, const struct flow *f, struct pkt_time now)
{
	struct ftp_key k = ftp_key(&f->server, f->server_port);
	struct ftp_data *d = table_find(c->ftp, &k);

	if (d == NULL || pkt_time_diff(now, d->said) > FTP_DATA_WAIT)
		return NULL;
	return d;
}

/* Commands come one a packet; a line over two packets is not put together. */
static void
ftp_lines(struct content *c, struct state *st, const struct flow_hit *hit)
{
	const struct flow *f = hit->flow;
	struct span s = hit->pkt->payload;
	struct ftp_said said;

	while (ftp_next(&s, from_server(hit), &said)) {
		struct ftp_key k;
		struct ftp_data *d;

		if (said.word != FTP_STORE) {
			st->ftp.port = said.port;
			st->ftp.at_client = said.word == FTP_ACTIVE;
		}
		if (st->ftp.port == 0)
			continue;
		k = ftp_key(st->ftp.at_client ? &f->client : &f->server, st->ftp.port);
		if (said.word != FTP_STORE) {
			d = table_use(c->ftp, &k, NULL);
			d->said = hit->pkt->frame->time;
			d->name_len = 0;
			continue;
		}
		d = table_find(c->ftp, &k);
		if (d == NULL)
			continue;
		d->name_len = said.name.left < FTP_NAME ? said.name.left : FTP_NAME;
		if (d->name_len > 0)
			memcpy(d->name, said.name.at, d->name_len);
	}
}
