/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * content: asks the parsers of this room what the first bytes of a flow are, and keeps
 * what is needed to ask again. Owns the state of a flow and the buffers; the parsers own
 * the formats.
 *
 * Both directions are read alike: who opened a connection says nothing about who sends
 * the recording.
 */
#include "classify/content/content.h"

#include "capture/base/near.h"
#include "capture/base/pool.h"
#include "capture/base/table.h"
#include "classify/content/inside.h"

#include <stdlib.h>
#include <string.h>

#define HEADS 8192
#define FLOWS 65536
#define OVER CONTENT_OVER
#define FTP_DATA_MAX 1024		/* data connections announced and
					 * not yet opened */
#define PORT_MDNS 5353
#define PORT_LLMNR 5355
#define PORT_ESP 4500			/* RFC 3948 leaves no other */
#define UDP_LOOK 256			/* data packets in which a
					 * stream says what it is */
#define PARSES_EACH 32			/* then only when the head grew by a sixteenth: */
#define PARSE_GROWTH 16			/* segments of one byte
					 * must not cost a parse each */
#define PIECES_EACH 8			/* moves of the head a packet */
static void head_let_go(struct content *c, struct head *h);
static void datagram(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news);
static void segment(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news);
static void dns_stream(struct state *st, const struct flow_hit *hit,
    struct content_news *news);

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
	c->states = pool_create(sizeof(struct state), o->flows == 0 ? FLOWS : o->flows);
	c->ftp = table_create(&t);
	c->media = table_create(&t);
	if (c->heads == NULL || c->states == NULL || c->ftp == NULL || c->media == NULL) {
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
	table_destroy(c->media);
	pool_destroy(c->heads);
	pool_destroy(c->states);
	free(c);
}

uint64_t
content_no_head(const struct content *c)
{
	return c->no_head;
}

/* NULL: there is none. */
static struct state *
state_of(const struct content *c, const struct content_flow *f)
{
	return f->place == 0 || f->place == OVER ? NULL : pool_at(c->states, f->place);
}

void
content_near(const struct content *c, const struct content_flow *f)
{
	if (f->place != 0 && f->place != OVER)
		near_range(pool_at(c->states, f->place), sizeof(struct state));
}

/* Nothing that comes is looked at. */
static bool
read_out(const struct state *st)
{
	return st->mode[0] == MODE_DONE && st->mode[1] == MODE_DONE &&
	    (st->flags & IS_SEALED) == 0;
}

void
content_end(struct content *c, struct content_flow *f)
{
	struct state *st = state_of(c, f);

	if (st == NULL)
		return;
	for (unsigned dir = 0; dir < 2; dir++)
		if (st->head[dir] != NULL)
			head_let_go(c, st->head[dir]);
	pool_give(c->states, st);
	f->place = OVER;
}

static struct state *
state_take(struct content *c, struct content_flow *f)
{
	struct state *st = pool_take(c->states);

	if (st == NULL) {
		c->no_head++;
		f->place = OVER;
		return NULL;
	}
	f->place = pool_number(c->states, st);
	return st;
}

/* Without the large ones behind, which who fills them clears. */
static void
news_begin(struct content_news *news, const struct flow_hit *hit)
{
	memset(news, 0, offsetof(struct content_news, dns));
	news->length = UINT64_MAX;
	news->body_dir = hit->dir;
}

/* Most datagrams leave nothing to remember: DNS, and what is not of a stream. */
static void
datagram_first(struct content *c, struct content_flow *f, const struct flow_hit *hit,
    struct content_news *news)
{
	static const struct state nothing;
	struct state st = nothing, *kept;

	datagram(c, &st, hit, news);
	if (memcmp(&st, &nothing, sizeof(st)) == 0)
		return;
	kept = state_take(c, f);
	if (kept != NULL)
		*kept = st;
}

/* The first packet of a stream says something without a payload when something was said of
 * it: a data connection. */
static bool
opens_quietly(const struct content *c, const struct flow_hit *hit)
{
	const struct flow *f = hit->flow;

	return hit->pkt->payload_wire == 0 && table_used(c->ftp) == 0 &&
	    f->server_port != 53 && f->client_port != 53;
}

unsigned
content_packet(struct content *c, struct content_flow *f, const struct flow_hit *hit,
    struct content_news *news)
{
	struct state *st = state_of(c, f);
	const struct packet *p = hit->pkt;

	news->what = 0;
	news->body = false;
	if (p->payload_wire == 0 && !hit->is_new)
		return 0;
	if (p->frag && !p->frag_first)
		return 0;
	if (p->proto != IPPROTO_IS_TCP && p->proto != IPPROTO_IS_UDP)
		return 0;
	if (f->place == OVER)
		return 0;
	if (p->proto == IPPROTO_IS_TCP && st != NULL && st->mode[hit->dir] == MODE_DONE) {
		sealed_packet(st, hit, news);
		if (read_out(st))
			content_end(c, f);
		return news->what;
	}
	for (int i = 0; i < 2 && c->spent[i] != NULL; i++) {
		pool_give(c->heads, c->spent[i]);
		c->spent[i] = NULL;
	}
	if (p->proto == IPPROTO_IS_TCP)
		news_begin(news, hit);	/* of UDP only when there is something to look at */
	if (p->proto == IPPROTO_IS_UDP && st == NULL) {
		datagram_first(c, f, hit, news);
	} else if (p->proto == IPPROTO_IS_UDP) {
		datagram(c, st, hit, news);
	} else {
		if (st == NULL && opens_quietly(c, hit))
			return 0;
		if (st == NULL)
			st = state_take(c, f);
		if (st == NULL)
			return 0;
		sealed_opens(st, hit);
		segment(c, st, hit, news);
		sealed_packet(st, hit, news);
		if (read_out(st))
			content_end(c, f);
	}
	return news->what;
}

/* ---- buffers ---- */

struct head *
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
	h = pool_take_front(c->heads, offsetof(struct head, bytes));
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

void
head_spend(struct content *c, struct state *st, unsigned dir)
{
	struct head *h = st->head[dir];

	if (h == NULL)
		return;
	st->head[dir] = NULL;
	head_unlink(c, h);
	c->spent[c->spent[0] == NULL ? 0 : 1] = h;
}

void
stream_done(struct content *c, struct state *st, unsigned dir)
{
	head_spend(c, st, dir);
	st->mode[dir] = MODE_DONE;
}

/* Bytes of it that are here already move to a head of their own, since those of this one
 * may be lent. */
void
stream_next(struct content *c, struct state *st, unsigned dir, uint64_t length,
    const struct content_news *news)
{
	struct head *h = st->head[dir], *n;
	struct span rest = head_span(h);
	bool lent = news->what != 0, cut = h->limit < HEAD_BYTES;
	uint64_t next, behind;

	st->flags &= (uint16_t)~(unsigned)(SAID_HTTP << dir);
	if (length > UINT64_MAX / 4) {
		stream_done(c, st, dir);
		return;
	}
	next = h->base + length;
	behind = h->limit - length;
	st->next[dir] = next;
	st->mode[dir] = MODE_NEXT;
	st->start[dir] = 0;
	st->head[dir] = NULL;
	head_unlink(c, h);
	n = NULL;
	if (span_skip(&rest, length) && rest.left > 0) {
		n = head_take(c, st, dir, next);
		st->mode[dir] = n == NULL ? MODE_DONE : MODE_READ;
	}
	if (n != NULL) {
		head_put(n, next, rest, (uint32_t)rest.left);
		if (cut)
			n->limit = (uint16_t)behind;
	}
	if (lent)
		c->spent[c->spent[0] == NULL ? 0 : 1] = h;
	else
		pool_give(c->heads, h);
	st->head[dir] = n;
}

/* ---- datagrams ---- */

void
tunnel_news(struct state *st, struct content_news *news, enum tunnel_word which)
{
	news->what |= NEWS_TUNNEL;
	news->tunnel = which;
	st->flags |= SAID_TUNNEL;
}

/* A client's opening and its answer: one alone proves nothing. Openings are the first a side
 * says: later bytes of QUIC can look like them. */
static void
look_for_tunnel(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	const struct packet *p = hit->pkt;
	bool answer = from_server(hit);

	st->flags |= (uint16_t)(HEARD << hit->dir);
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

/* The ports say which side speaks; a relay speaks from the server's. */
static bool
dhcp_seen(const struct packet *p, struct dhcp_message *out)
{
	bool six = p->ip_version == 6;
	uint16_t server = six ? 547 : 67, client = six ? 546 : 68;

	if ((p->dport != server && p->dport != client) ||
	    (p->sport != server && p->sport != client))
		return false;
	if (six ? !dhcp6_parse(p->payload, p->has_mac ? mac_from_bytes(p->smac) : 0, out) :
	    !dhcp_parse(p->payload, out))
		return false;
	return (p->sport == server) == (out->word == DHCP_GIVES) || out->relayed;
}

/* The description behind the headers of an INVITE or its answer. */
static void
sip_media(struct content *c, const struct flow_hit *hit)
{
	struct span s = hit->pkt->payload, line;
	struct mime head;

	if (line_take(&s, &line) && mime_headers(&s, &head) == PARSE_DONE &&
	    text_starts(s, "v=0"))
		sdp_note(c, hit, s);
}

/* Ports that say what a datagram is: DNS, DHCP, mDNS, LLMNR. */
static inline bool
port_says(uint16_t port)
{
	return port < 1024 ? port == 53 || port == 67 || port == 68 || port == 546 ||
	    port == 547 : port == PORT_MDNS || port == PORT_LLMNR;
}

static bool
by_port(const struct packet *p, struct content_news *news)
{
	if (p->sport == 53 || p->dport == 53) {
		if (!dns_parse(p->payload, &news->dns))
			return false;
		news->what |= NEWS_DNS;
		news->dns_bytes = p->payload_wire;
	} else if (p->sport == PORT_MDNS || p->sport == PORT_LLMNR) {
		if (!dns_own_name(p->payload, &p->src, &news->dns))
			return false;
		news->what |= NEWS_DNS;
		news->dns_own = true;
	} else {
		if (!dhcp_seen(p, &news->dhcp))
			return false;
		news->what |= NEWS_DHCP;
	}
	return true;
}

/*
 * Each look is asked for only where the first bytes leave it a chance: a stream of
 * datagrams comes by here with every one.
 */
static void
datagram(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news)
{
	const struct packet *p = hit->pkt;
	struct span head = p->payload;
	uint16_t said_rtp = (uint16_t)(SAID_RTP << hit->dir), word;
	uint8_t type, first = 0xff;	/* nothing here */
	uint32_t ssrc;

	if (p->payload_wire == 0)
		return;
	if ((st->flags & said_rtp) && rtp_looks(st, hit->dir)) {
		news_begin(news, hit);
		if (rtp_goes_on(st, hit, RTP_KIND_READ, p->payload, p->payload_wire, news))
			return;
	}
	if (port_says(p->sport) || port_says(p->dport)) {
		news_begin(news, hit);
		if (by_port(p, news))
			return;
	}
	if (span_u16(&head, &word) && word >= TFTP_OP_FIRST && word <= TFTP_OP_LAST) {
		news_begin(news, hit);
		if (tftp_seen(c, hit, news))
			return;
	}
	head = p->payload;
	(void)span_u8(&head, &first);
	if (st->flags & UDP_LOOKED) {
		if ((st->flags & IS_SIP) && sip_letter(first) &&
		    setup_sip(p->payload) == PARSE_DONE) {
			news_begin(news, hit);
			sip_media(c, hit);
			news->what |= NEWS_SETUP;
		}
		return;
	}
	if (++st->looked >= UDP_LOOK)
		st->flags |= UDP_LOOKED;
	if (sip_letter(first) && setup_sip(p->payload) == PARSE_DONE) {
		news_begin(news, hit);
		st->flags |= IS_SIP;
		sip_media(c, hit);
		news->what |= NEWS_SETUP;
		return;
	}
	if (first < SETUP_STUN_END && (setup_stun(p->payload, p->payload_wire) ||
	    setup_dtls(p->payload, p->payload_wire))) {
		news_begin(news, hit);
		if (!(st->flags & SAID_SETUP))
			news->what |= NEWS_SETUP;
		st->flags |= SAID_SETUP;
		return;
	}
	if (!(st->flags & (uint16_t)(HEARD << hit->dir))) {
		news_begin(news, hit);
		look_for_tunnel(st, hit, news);
	}
	if (!(st->flags & SAID_TUNNEL) && (ike_message(p->payload, p->payload_wire) ||
	    ((p->sport == PORT_ESP || p->dport == PORT_ESP) &&
	    esp_goes_on(st, hit->dir, p->payload, p->payload_wire)))) {
		news_begin(news, hit);
		tunnel_news(st, news, TUNNEL_IPSEC);
	}
	if (!(st->flags & said_rtp) && rtp_packet(st->rtp[hit->dir].slot, p->payload,
	    p->payload_wire, &type, &ssrc)) {
		if (news->what == 0)
			news_begin(news, hit);
		news->rtp_type = type;
		news->rtp_ssrc = ssrc;
		st->flags |= said_rtp;
		rtp_news(c, hit, news);
		rtp_stands(st, hit, p->payload, news);
	}
}

/* ---- streams ---- */

/* A mail whose first part was judged: its next part, or the next mail, starts in this
 * packet. One packet at a time: a client waits for the answer to a mail. */
static bool
mail_goes_on(struct state *st, const struct flow_hit *hit)
{
	struct span p = hit->pkt->payload;
	const uint8_t *at;

	if (hit->offset < st->next[hit->dir])
		return false;
	if (st->end[hit->dir] != 0 && st->end[hit->dir] != UINT64_MAX &&
	    hit->offset + hit->pkt->payload_wire > st->end[hit->dir]) {
		/* the form is over: the next request */
		st->next[hit->dir] = st->end[hit->dir];
		st->in[hit->dir] = IN_NOTHING;
		return true;
	}
	if (text_starts(p, "mail from:") || text_starts(p, "rset\r\n")) {
		st->next[hit->dir] = hit->offset;
		st->in[hit->dir] = IN_NOTHING;
		return true;
	}
	at = text_starts(p, "--") ? p.at : span_find(p, "\n--", 3);
	if (at == NULL)
		return false;
	st->next[hit->dir] = hit->offset + (uint64_t)(at - p.at) + (*at == '\n');
	st->in[hit->dir] = IN_PART;
	return true;
}

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
		    note_find(c, NOTE_FTP, &hit->flow->server, hit->flow->server_port,
		    p->frame->time) != NULL)
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
	case MODE_MAIL:
		if (!mail_goes_on(st, hit))
			return;
		/* fallthrough */
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
	head_settled(h, hit->offset, hit->acked);
	if (h->have == h->parsed && !head_final(h))
		return;
	if (h->parses >= PARSES_EACH && (h->have - h->parsed) * PARSE_GROWTH < h->have &&
	    !head_final(h))
		return;
	h->parsed = h->have;
	h->parses++;
	for (int i = 0; i < PIECES_EACH; i++) {
		bool moved;

		stream_read(c, st, hit, news);
		moved = st->head[dir] != h;
		/* This segment may reach further than the head that was read, and the next
		 * piece begin in it. */
		if (st->mode[dir] == MODE_NEXT && st->head[dir] == NULL &&
		    hit->offset + p->payload_wire > st->next[dir]) {
			st->head[dir] = head_take(c, st, dir, st->next[dir]);
			st->mode[dir] = st->head[dir] == NULL ? MODE_DONE : MODE_READ;
			st->start[dir] = 0;
			moved = true;
		}
		h = st->head[dir];
		if (h == NULL || !moved)
			break;
		head_put(h, hit->offset, p->payload, p->payload_wire);
		head_settled(h, hit->offset, hit->acked);
		if (news->what != 0)
			break;
		h->parsed = h->have;
		h->parses++;
	}
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
