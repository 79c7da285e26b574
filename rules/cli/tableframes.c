/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tableframes: senders, each a flow that knows when its next packet is due, in a heap by
 * that time. */
#include "rules/cli/tableframes.h"

#include "capture/decode/decode.h"
#include "capture/flow/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MONDAY INT64_C(1795392000)	/* 2026-11-23 */
#define FRAMES_MAX 20000000U
#define SEGMENT 1400U
#define LARGE_SEGMENT 28000U		/* as a card's offloading hands them up */
#define LARGE_UPLOAD UINT64_C(20000000)
#define FAST 1e6			/* bytes a second */
#define NAMES_MAX 240U			/* inside and outside */
#define OPENING (20 * NS_PER_MS)
#define CHATTER (10 * NS_PER_S)

enum phase { OPEN, STREAM, BULK, REST, ANSWER, CLOSE, DONE };

struct sender {
	const struct table_row *row;
	const struct table_parties *party;
	enum phase phase;
	int64_t start, due, chatter;
	uint64_t message;		/* of the stream */
	uint64_t sent, received, dice;
	unsigned burst;
	uint16_t port;
	uint32_t up_seq, down_seq;
	bool asks;			/* for the name */
};

struct maker {
	struct table_frames *t;
	struct sender *sender, **heap;
	size_t n, frames;
	uint8_t bytes[65600];
};

static uint32_t
dice(struct sender *s)		/* xorshift64*, Vigna 2016 */
{
	s->dice ^= s->dice >> 12;
	s->dice ^= s->dice << 25;
	s->dice ^= s->dice >> 27;
	return (uint32_t)(s->dice * UINT64_C(2685821657736338717) >> 32);
}

static uint8_t *
be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *
be32(uint8_t *p, uint32_t v)
{
	return be16(be16(p, v >> 16), v & 0xffff);
}

/* ---- frames ---- */

static size_t
l4_at(const struct addr *a)
{
	return addr_is_v4(a) ? 34 : 54;
}

/* Outside is behind the router's MAC address, inside everybody has his own. */
static void
address(const struct maker *m, uint8_t mac[6], const struct addr *a)
{
	struct zone z = { m->t->program->home.n > 0 ? m->t->program->home :
	    zone_default_home };

	mac[0] = 2;
	mac[3] = zone_inside(&z, a) ? 1 : 0;
	mac[4] = mac[3] == 1 ? a->b[14] : 0;
	mac[5] = mac[3] == 1 ? a->b[15] : 1;
}

/* Ethernet and IP around the n bytes of layer 4 that are there already. */
static void
emit(struct maker *m, int64_t at, const struct addr *src, const struct addr *dst,
    uint8_t proto, size_t n)
{
	uint8_t *p = m->bytes;
	struct frame f = { .time = { at }, .ordinal = ++m->frames,
		.link_type = LINK_ETHERNET, .bytes = p };

	memset(p, 0, l4_at(src));
	address(m, p, dst);
	address(m, p + 6, src);
	if (addr_is_v4(src)) {
		(void)be16(p + 12, 0x0800);
		p[14] = 0x45;
		(void)be16(p + 16, (unsigned)(20 + n));
		(void)be16(p + 18, (unsigned)m->frames & 0xffff);
		p[22] = 64;
		p[23] = proto;
		memcpy(p + 26, src->b + 12, 4);
		memcpy(p + 30, dst->b + 12, 4);
	} else {
		(void)be16(p + 12, 0x86dd);
		p[14] = 0x60;
		(void)be16(p + 18, (unsigned)n);
		p[20] = proto;
		p[21] = 64;
		memcpy(p + 22, src->b, 16);
		memcpy(p + 38, dst->b, 16);
	}
	f.cap = f.wire = (uint32_t)(l4_at(src) + n);
	m->t->on_frame(m->t->arg, &f);
}

static void
udp(struct maker *m, int64_t at, const struct addr *src, unsigned sport,
    const struct addr *dst, unsigned dport, size_t n)
{
	uint8_t *p = m->bytes + l4_at(src);

	p = be16(be16(p, sport), dport);
	p = be16(p, (unsigned)(8 + n));
	(void)be16(p, 0);
	emit(m, at, src, dst, IPPROTO_IS_UDP, 8 + n);
}

static void
tcp(struct maker *m, struct sender *s, int64_t at, bool up, uint8_t flags, size_t n)
{
	const struct addr *src = up ? &s->party->src : &s->party->dst;
	const struct addr *dst = up ? &s->party->dst : &s->party->src;
	uint8_t *p = m->bytes + l4_at(src);
	uint32_t *seq = up ? &s->up_seq : &s->down_seq;

	p = be16(be16(p, up ? s->port : s->row->port), up ? s->row->port : s->port);
	p = be32(be32(p, *seq), flags == TCP_SYN ? 0 : up ? s->down_seq : s->up_seq);
	*p++ = 0x50;
	*p++ = flags;
	p = be16(p, 65000);
	(void)be32(p, 0);
	*seq += (uint32_t)n + ((flags & (TCP_SYN | TCP_FIN)) != 0);
	emit(m, at, src, dst, IPPROTO_IS_TCP, 20 + n);
}

static uint8_t *
payload(struct maker *m, const struct sender *s)
{
	return m->bytes + l4_at(&s->party->src) + (s->row->udp ? 8 : 20);
}

static void
fill(struct sender *s, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(dice(s) | 0x80);
}

/* ---- what goes before a flow ---- */

static uint8_t *
dns_name(uint8_t *p, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		*p++ = (uint8_t)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	return p;
}

/* The inside resolver is asked for the name, and answers with the address. */
static void
look_up(struct maker *m, struct sender *s, int64_t at)
{
	const struct table_parties *who = s->party;
	bool v4 = addr_is_v4(&who->dst);

	for (unsigned answer = 0; answer < 2; answer++) {
		const struct addr *src = answer ? &m->t->resolver : &who->src;
		const struct addr *dst = answer ? &who->src : &m->t->resolver;
		uint8_t *begin = m->bytes + l4_at(src) + 8, *p = begin;

		p = be16(be16(p, s->port), answer ? 0x8180 : 0x0100);
		p = be16(be16(p, 1), answer);
		p = be32(p, 0);
		p = be16(be16(dns_name(p, who->dest), v4 ? 1 : 28), 1);
		if (answer) {
			p = be16(be16(be16(p, 0xc00c), v4 ? 1 : 28), 1);
			p = be16(be32(p, 300), v4 ? 4 : 16);
			memcpy(p, v4 ? who->dst.b + 12 : who->dst.b, v4 ? 4 : 16);
			p += v4 ? 4 : 16;
		}
		udp(m, at + answer * NS_PER_MS, src, answer ? 53 : s->port, dst,
		    answer ? s->port : 53, (size_t)(p - begin));
	}
}

/* RFC 8446, 4.1.2; with the name, and TLS 1.3 and 1.2. */
static size_t
client_hello(struct sender *s, uint8_t *begin, const char *name)
{
	uint8_t *p = begin + 9, *ext, *end;
	size_t n = strlen(name);

	p = be16(p, 0x0303);
	fill(s, p, 32);
	p += 32;
	*p++ = 0;
	p = be16(be16(be16(p, 4), 0x1301), 0xc02f);
	*p++ = 1;
	*p++ = 0;
	ext = p;
	p += 2;
	if (n > 0) {
		p = be16(be16(be16(p, 0), (unsigned)n + 5), (unsigned)n + 3);
		*p++ = 0;
		p = be16(p, (unsigned)n);
		memcpy(p, name, n);
		p += n;
	}
	p = be16(be16(p, 43), 5);
	*p++ = 4;
	end = be16(be16(p, 0x0304), 0x0303);
	(void)be16(ext, (unsigned)(end - ext - 2));
	begin[0] = 0x16;
	(void)be16(be16(begin + 1, 0x0301), (unsigned)(end - begin - 5));
	begin[5] = 1;
	begin[6] = 0;
	(void)be16(begin + 7, (unsigned)(end - begin - 9));
	return (size_t)(end - begin);
}

static void
open_flow(struct maker *m, struct sender *s)
{
	const struct table_row *r = s->row;
	int64_t at = s->start;
	bool tls = !r->udp && (r->app != NULL ? strcmp(r->app, "tls") == 0 : r->port == 443);

	if (s->asks && s->party->dest[0] != '\0')
		look_up(m, s, at);
	at += 3 * NS_PER_MS;
	if (!r->udp) {
		tcp(m, s, at, true, TCP_SYN, 0);
		tcp(m, s, at + NS_PER_MS, false, TCP_SYN | TCP_ACK, 0);
		tcp(m, s, at + 2 * NS_PER_MS, true, TCP_ACK, 0);
		if (tls && r->up >= 300) {
			size_t n = client_hello(s, payload(m, s), s->party->dest);

			tcp(m, s, at + 3 * NS_PER_MS, true, TCP_ACK | TCP_PSH, n);
			tcp(m, s, at + 4 * NS_PER_MS, false, TCP_ACK, 0);
			s->sent += n;
		}
	}
	s->due = s->start + OPENING;
	s->phase = r->cadence > 0 ? STREAM : BULK;
}

/* ---- what goes on in it ---- */

/* n bytes, up or down, in segments, datagrams one by one, until it is too much of them. */
static void
send(struct maker *m, struct sender *s, int64_t at, bool up, uint64_t n)
{
	unsigned most = s->row->up != UINT64_MAX && s->row->up >= LARGE_UPLOAD ?
	    LARGE_SEGMENT : SEGMENT;
	unsigned count = 0;

	*(up ? &s->sent : &s->received) += n;
	for (; n > 0 && m->frames < FRAMES_MAX; count++) {
		size_t part = n < most ? (size_t)n : most;
		int64_t t = at + count * 50 * NS_PER_MS / 1000;

		fill(s, payload(m, s), part < 64 ? part : 64);
		if (s->row->udp)
			udp(m, t, up ? &s->party->src : &s->party->dst,
			    up ? s->port : s->row->port, up ? &s->party->dst :
			    &s->party->src, up ? s->row->port : s->port, part);
		else
			tcp(m, s, t, up, TCP_ACK, part);
		if (!s->row->udp && (count % 2 == 1 || n == part))
			tcp(m, s, t + NS_PER_MS / 50, !up, TCP_ACK, 0);
		n -= part;
	}
}

/* Something comes in for somebody else, as on every tap that shows both directions. */
static void
chatter(struct maker *m, struct sender *s)
{
	if (s->due < s->chatter)
		return;
	s->chatter = s->due + CHATTER;
	memset(m->bytes + 42, 0, 20);
	udp(m, s->due - NS_PER_MS, &m->t->outside, 9, &m->t->other, 9, 20);
}

static void
stream(struct maker *m, struct sender *s)
{
	const struct table_row *r = s->row;
	uint64_t all = (uint64_t)((double)r->during / 1e9 * r->cadence + 0.5);
	uint64_t n = r->size + (r->size_to > r->size ? dice(s) % (r->size_to - r->size + 1) :
	    0);

	if (s->message >= all || s->sent >= r->up) {
		s->phase = r->up != UINT64_MAX && s->sent < r->up ? REST :
		    s->received < r->down ? ANSWER : CLOSE;
		return;
	}
	if (r->up != UINT64_MAX && n > r->up - s->sent)
		n = r->up - s->sent;
	send(m, s, s->due, true, n);
	if (r->down > 0)
		send(m, s, s->due + NS_PER_MS, false, (r->down - s->received) /
		    (all - s->message));
	s->message++;
	s->due = s->start + OPENING + (int64_t)((double)s->message / r->cadence * 1e9);
}

/* Bursts of up to twenty segments, each about when its bytes are due. */
static void
bulk(struct maker *m, struct sender *s)
{
	const struct table_row *r = s->row;
	unsigned most = r->up >= LARGE_UPLOAD ? LARGE_SEGMENT : SEGMENT;
	uint64_t n = s->sent >= r->up ? 0 : r->up - s->sent;

	if (n == 0) {
		s->due = s->start + OPENING + r->during > s->due ?
		    s->start + OPENING + r->during : s->due;
		s->phase = s->received < r->down ? ANSWER : CLOSE;
		return;
	}
	if (s->burst == 0) {
		double share = ((double)s->sent + most * (dice(s) % 20)) / (double)r->up;
		int64_t at = s->start + OPENING + (int64_t)((double)r->during *
		    (share > 1 ? 1 : share));

		s->burst = 1 + dice(s) % 20;
		if (at > s->due) {
			s->due = at;
			return;
		}
	}
	s->burst--;
	send(m, s, s->due, true, n < most ? n : most);
	s->due += NS_PER_MS / 5;
}

/* What is left of up, or what comes back, at 8 Mbit/s. */
static void
rest(struct maker *m, struct sender *s, bool up)
{
	uint64_t done = up ? s->sent : s->received, all = up ? s->row->up : s->row->down;
	uint64_t n = all - done < 14000 ? all - done : 14000;

	send(m, s, s->due, up, n);
	s->due += (int64_t)((double)n / FAST * 1e9);
	if (done + n == all)
		s->phase = up && s->received < s->row->down ? ANSWER : CLOSE;
}

static void
close_flow(struct maker *m, struct sender *s)
{
	s->phase = DONE;
	if (s->row->udp)
		return;
	tcp(m, s, s->due + NS_PER_MS, true, TCP_FIN | TCP_ACK, 0);
	tcp(m, s, s->due + 2 * NS_PER_MS, false, TCP_FIN | TCP_ACK, 0);
	tcp(m, s, s->due + 3 * NS_PER_MS, true, TCP_ACK, 0);
}

static void
step(struct maker *m, struct sender *s)
{
	chatter(m, s);
	switch (s->phase) {
	case OPEN:
		open_flow(m, s);
		return;
	case STREAM:
		stream(m, s);
		return;
	case BULK:
		bulk(m, s);
		return;
	case REST:
	case ANSWER:
		rest(m, s, s->phase == REST);
		return;
	case CLOSE:
		close_flow(m, s);
		return;
	case DONE:
		return;
	}
}

/* ---- all of them ---- */

static bool
before(const struct sender *a, const struct sender *b)
{
	return a->due != b->due ? a->due < b->due : a < b;
}

static void
sift(struct maker *m, size_t i)
{
	for (;;) {
		size_t k = 2 * i + 1;
		struct sender *s = m->heap[i];

		if (k >= m->n)
			return;
		if (k + 1 < m->n && before(m->heap[k + 1], m->heap[k]))
			k++;
		if (before(s, m->heap[k]))
			return;
		m->heap[i] = m->heap[k];
		m->heap[k] = s;
		i = k;
	}
}

int
table_frames_make(struct table_frames *t, struct fault *why)
{
	struct maker *m = calloc(1, sizeof(*m));
	int64_t base;
	size_t flows = 0, n = 0;
	int rc = -1;

	for (unsigned i = 0; i < t->test->rows; i++)
		flows += t->test->row[i].times;
	if (m != NULL) {
		m->t = t;
		m->sender = calloc(flows + 1, sizeof(*m->sender));
		m->heap = calloc(flows + 1, sizeof(struct sender *));
	}
	if (m == NULL || m->sender == NULL || m->heap == NULL) {
		(void)fault_set(why, NULL, "no memory for a table of flows");
		goto out;
	}
	base = MONDAY * NS_PER_S;
	base -= tz_offset(&t->program->tz, base);
	for (unsigned i = 0; i < t->test->rows; i++)
		for (unsigned k = 0; k < t->test->row[i].times; k++, n++) {
			struct sender *s = &m->sender[n];

			s->row = &t->test->row[i];
			s->party = &t->party[i];
			s->start = s->due = base + s->row->at + k * s->row->every;
			s->chatter = s->start;
			s->port = (uint16_t)(s->party->first + k);
			s->dice = n + 1;
			s->up_seq = 1000;
			s->down_seq = 5000;
			/* An answer is good for five minutes; who comes back later asks again. */
			s->asks = k == 0 || s->row->every >= 60 * NS_PER_S;
			m->heap[n] = s;
		}
	m->n = n;
	for (size_t i = n; i-- > 0;)
		sift(m, i);
	while (m->n > 0 && m->frames < FRAMES_MAX) {
		step(m, m->heap[0]);
		if (m->heap[0]->phase == DONE)
			m->heap[0] = m->heap[--m->n];
		sift(m, 0);
	}
	if (m->n > 0)
		(void)fault_set(why, "let it send less",
		    "the table comes to more than %u packets", FRAMES_MAX);
	else
		rc = 0;
out:
	if (m != NULL) {
		free(m->sender);
		free(m->heap);
	}
	free(m);
	return rc;
}

/* ---- names and addresses ---- */

/* The row above that named the same; NULL: none did. */
static const struct table_parties *
named_before(const struct table_frames *t, unsigned row, bool device)
{
	const struct table_row *r = &t->test->row[row];

	for (unsigned i = 0; i < row; i++)
		if (strcmp(device ? r->from : r->to, device ? t->test->row[i].from :
		    t->test->row[i].to) == 0)
			return &t->party[i];
	return NULL;
}

/* The n-th host of the first IPv4 network of home; false: there is none with room. */
static bool
inside_host(const struct program *p, unsigned n, struct addr *out)
{
	const struct prefix_set *home = p->home.n > 0 ? &p->home : &zone_default_home;

	for (size_t i = 0; i < home->n; i++) {
		const struct prefix *net = &home->p[i];

		if (!addr_is_v4(&net->net) || net->bits < 96 || net->bits > 120)
			continue;
		*out = net->net;
		out->b[15] = (uint8_t)n;
		if (net->bits <= 112)
			out->b[14] = 99;
		return true;
	}
	return false;
}

int
table_parties_find(struct table_frames *t, struct fault *why)
{
	static const uint8_t benchmark[] = { 198, 18, 0, 9 };	/* RFC 2544 */
	unsigned inside = 0, outside = 0, port = TABLE_FIRST_PORT;
	bool room = inside_host(t->program, 253, &t->resolver) &&
	    inside_host(t->program, 252, &t->other);

	t->outside = addr_from_v4(benchmark);
	for (unsigned i = 0; i < t->test->rows; i++) {
		const struct table_row *r = &t->test->row[i];
		struct table_parties *p = &t->party[i];
		const struct table_parties *same;
		size_t n = strlen(r->to);

		p->first = port;
		port += r->times;
		if (!addr_parse(r->from, strlen(r->from), &p->src)) {
			same = named_before(t, i, true);
			p->device = r->from;
			if (same != NULL)
				p->src = same->src;
			else if (!room || ++inside > NAMES_MAX ||
			    !inside_host(t->program, 9 + inside, &p->src))
				return fault_set(why, "write addresses, or name an IPv4 "
				    "network of at least /24 in home",
				    "'home' has no room for the names of a table");
		}
		if (!addr_parse(r->to, n, &p->dst)) {
			same = named_before(t, i, false);
			if (n > 200 || strspn(r->to, "abcdefghijklmnopqrstuvwxyz0123456789"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") != n || strstr(r->to, "..") !=
			    NULL || r->to[0] == '.' || r->to[n - 1] == '.')
				return fault_set(why, "write a name like files.example, or "
				    "an address", "'%s' is no destination", r->to);
			(void)snprintf(p->dest, sizeof(p->dest), "%s%s", r->to,
			    strchr(r->to, '.') == NULL ? ".example" : "");
			if (same != NULL) {
				p->dst = same->dst;
			} else if (++outside > NAMES_MAX) {
				return fault_set(why, NULL,
				    "a table has room for %u destinations", NAMES_MAX);
			} else {
				p->dst = t->outside;
				p->dst.b[14] = 7;
				p->dst.b[15] = (uint8_t)(9 + outside);
			}
		}
		if (addr_is_v4(&p->src) != addr_is_v4(&p->dst))
			return fault_set(why, NULL, "'%s' and '%s' are of two families of "
			    "addresses", r->from, r->to);
	}
	return 0;
}
