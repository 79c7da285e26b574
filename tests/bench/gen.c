/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gen: the traffic that `make bench` measures on, the same each time.
 *
 *	gen SET PACKETS FILE [CAPTURE ...]	writes FILE, prints "packets bytes flows"
 *
 *	elephant  64 uploads over TLS: 16 KiB records in segments of 1448, an ACK for two
 *	voice     flows of 200 packets of RTP G.711 every 20 ms, half of them two-way
 *	small     10,000 UDP flows of 60 bytes, payload and order random; small:N, N flows
 *	mice      short flows, each with its own name: TLS 60 %, DNS 25 %, HTTP 5 %, QUIC
 *	          10 % as the capture's (its Initials can be decrypted; one name for all);
 *	          20,000 alive at a time, 13,600 new each second
 *	real      the captures together, on and on with other addresses inside
 *
 * Frames are whole but for what the captures have cut; addresses, lengths and IP
 * checksums are right, TCP and UDP checksums are absent: nobody measured here looks at
 * them.
 */
#include "tests/tools/film.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 14
#define ROOM 1600

struct out {
	FILE *f;
	uint64_t packets, bytes, flows;
	int64_t ns;
};

struct end {
	uint32_t a, b;			/* addresses; a is inside */
	uint16_t aport, bport;
	uint32_t seq[2];
};

static uint64_t seed = 0x9e3779b97f4a7c15ULL;

/* xorshift64* (Vigna 2016) */
static uint32_t
dice(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)(seed * UINT64_C(2685821657736338717) >> 32);
}

static void
put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

static void
record(struct out *o, const uint8_t *frame, uint32_t cap, uint32_t wire)
{
	write_record(o->f, o->ns, frame, cap, wire);
	o->packets++;
	o->bytes += wire;
}

/* One packet of a conversation: way 0 from inside. flags 0: UDP. */
static void
packet(struct out *o, struct end *e, int way, uint8_t flags, const void *data, size_t n)
{
	static uint16_t ident;
	uint8_t f[ROOM + 64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	uint8_t *ip = f + HEAD, *l4 = ip + 20;
	size_t head = flags != 0 ? 20 : 8, len = HEAD + 20 + head + n;
	uint32_t sum = 0;

	put32(f + 8, way == 0 ? e->a : 1);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(20 + head + n));
	put16(ip + 4, ++ident);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = flags != 0 ? 6 : 17;
	put32(ip + 12, way == 0 ? e->a : e->b);
	put32(ip + 16, way == 0 ? e->b : e->a);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, (unsigned)~(sum + (sum >> 16)) & 0xffff);
	put16(l4, way == 0 ? e->aport : e->bport);
	put16(l4 + 2, way == 0 ? e->bport : e->aport);
	if (flags != 0) {
		put32(l4 + 4, e->seq[way]);
		put32(l4 + 8, e->seq[1 - way]);
		l4[12] = 0x50;
		l4[13] = flags;
		put16(l4 + 14, 64000);
		e->seq[way] += (uint32_t)n + ((flags & 3) != 0);
	} else {
		put16(l4 + 4, (unsigned)(8 + n));
	}
	memcpy(l4 + head, data, n);
	if (len < 60)
		len = 60;
	record(o, f, (uint32_t)len, (uint32_t)len);
}

static struct end
new_end(struct out *o, uint16_t port)
{
	uint32_t n = (uint32_t)o->flows++;

	return (struct end){ .a = 0x0a140000U + 10 + n % 4000,
		.b = 0xc6336400U + (n / 4000 * 7 + n) % 0x10000, .bport = port,
		.aport = (uint16_t)(10000 + n / 4000 * 13 + dice() % 13),
		.seq = { dice(), dice() } };
}

#define SYN 2
#define ACK 16
#define PUSH 24
#define FIN 17

/* A ClientHello of TLS 1.3 with a name; returns its length. */
static size_t
client_hello(uint8_t *b, const char *name)
{
	static const uint8_t suites[] = { 0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0 };
	static const uint8_t rest[] = { 0, 0x2b, 0, 3, 2, 3, 4,	/* versions: 1.3 */
		0, 0x0a, 0, 4, 0, 2, 0, 0x1d,			/* groups: x25519 */
		0, 0x0d, 0, 4, 0, 2, 4, 3,			/* signatures */
		0, 0x10, 0, 5, 0, 3, 2, 'h', '2',		/* ALPN */
		0, 0x33, 0, 0x26, 0, 0x24, 0, 0x1d, 0, 0x20 };	/* key share */
	size_t n = strlen(name), at = 9;

	put16(b + at, 0x0303);
	for (at += 2; at < 43; at++)
		b[at] = (uint8_t)dice();
	b[at++] = 0;
	memcpy(b + at, suites, sizeof(suites));
	at += sizeof(suites);
	put16(b + at, (unsigned)(9 + n + sizeof(rest) + 32));
	put16(b + at + 2, 0);
	put16(b + at + 4, (unsigned)(n + 5));
	put16(b + at + 6, (unsigned)(n + 3));
	b[at + 8] = 0;
	put16(b + at + 9, (unsigned)n);
	memcpy(b + at + 11, name, n);
	at += 11 + n;
	memcpy(b + at, rest, sizeof(rest));
	at += sizeof(rest);
	for (int i = 0; i < 32; i++)
		b[at++] = (uint8_t)dice();
	b[0] = 22;
	put16(b + 1, 0x0301);
	put16(b + 3, (unsigned)(at - 5));
	b[5] = 1;
	b[6] = 0;
	put16(b + 7, (unsigned)(at - 9));
	return at;
}

/* A ServerHello and the encrypted rest of the server's flight. */
static size_t
server_hello(uint8_t *b)
{
	size_t at = 11;

	memset(b, 0, 1200);
	for (; at < 43; at++)
		b[at] = (uint8_t)dice();
	b[at++] = 0;
	put16(b + at, 0x1301);
	b[at + 2] = 0;
	put16(b + at + 3, 46);
	put16(b + at + 5, 0x2b);
	put16(b + at + 7, 2);
	put16(b + at + 9, 0x0304);
	put16(b + at + 11, 0x33);
	put16(b + at + 13, 36);
	put16(b + at + 15, 0x1d);
	put16(b + at + 17, 32);
	for (int i = 0; i < 32; i++)
		b[at + 19 + (size_t)i] = (uint8_t)dice();
	at += 51;
	b[0] = 22;
	put16(b + 1, 0x0303);
	put16(b + 3, (unsigned)(at - 5));
	b[5] = 2;
	put16(b + 7, (unsigned)(at - 9));
	put16(b + 9, 0x0303);
	b[at] = 23;
	put16(b + at + 1, 0x0303);
	put16(b + at + 3, 900);
	for (size_t i = at + 5; i < at + 905; i++)
		b[i] = (uint8_t)dice();
	return at + 905;
}

static void
elephants(struct out *o, uint64_t packets)
{
	struct end e[64];
	uint32_t left[64] = { 0 };
	uint8_t b[ROOM], data[1448];
	char name[64];
	size_t n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)dice();
	for (int i = 0; i < 64; i++) {
		e[i] = new_end(o, 443);
		packet(o, &e[i], 0, SYN, "", 0);
		packet(o, &e[i], 1, SYN | ACK, "", 0);
		packet(o, &e[i], 0, ACK, "", 0);
		(void)snprintf(name, sizeof(name), "up%d.store.example", i);
		n = client_hello(b, name);
		packet(o, &e[i], 0, PUSH, b, n);
		n = server_hello(b);
		packet(o, &e[i], 1, PUSH, b, n);
	}
	while (o->packets < packets) {
		unsigned i = dice() % 64;

		for (int k = 0; k < 2; k++) {
			/* A record's head stands where one begins. */
			data[0] = 23;
			put16(data + 1, left[i] == 0 ? 0x0303 : dice() & 0xffff);
			put16(data + 3, 16384);
			left[i] = (left[i] + 1) % 11;
			o->ns += 6000;		/* 2 Gbit/s in all */
			packet(o, &e[i], 0, PUSH, data, sizeof(data));
		}
		packet(o, &e[i], 1, ACK, "", 0);
	}
}

static void
voices(struct out *o, uint64_t packets)
{
	uint64_t n = packets / 200, k = 0;
	struct end *e = calloc(n + 1, sizeof(*e));
	uint8_t b[172] = { 0x80, 0 };

	if (e == NULL)
		exit(1);
	for (uint64_t i = 0; i < n; i++)
		e[i] = new_end(o, (uint16_t)(20000 + 2 * (dice() % 5000)));
	for (; o->packets < packets; k++)
		for (uint64_t i = 0; i < n; i++) {
			int way = i % 2 == 0 ? 0 : (int)(k % 2);

			o->ns += 20 * NS_PER_MS / (int64_t)n;
			put16(b + 2, (unsigned)k & 0xffff);
			put32(b + 4, (uint32_t)k * 160);
			put32(b + 8, (uint32_t)(i * 2) + (uint32_t)way);
			for (int j = 12; j < 172; j += 4)
				put32(b + j, dice());
			packet(o, &e[i], way, 0, b, sizeof(b));
		}
	free(e);
}

static void
smalls(struct out *o, uint64_t packets, size_t flows)
{
	struct end *e = calloc(flows, sizeof(*e));
	uint8_t b[18];

	if (e == NULL)
		abort();
	for (size_t i = 0; i < flows; i++)
		e[i] = new_end(o, (uint16_t)(30000 + dice() % 20000));
	for (size_t n = 0; o->packets < packets; n++) {
		for (int j = 0; j < 18; j++)
			b[j] = (uint8_t)dice();
		o->ns += 2000;
		/* Each once, then any. */
		packet(o, &e[n < flows ? n : dice() % flows], (int)(dice() % 2), 0, b,
		    sizeof(b));
	}
	free(e);
}

/* ---- what is taken from captures ---- */

static bool
is_udp(const struct frame *f)
{
	return f->cap > 42 && f->bytes[12] == 8 && f->bytes[13] == 0 &&
	    f->bytes[14] == 0x45 && f->bytes[23] == 17;
}

/* The first packets of the first QUIC connection. */
static struct film
quic_film(const char *path)
{
	struct film m = read_film(path), q = { 0 };
	uint16_t port = 0;

	for (size_t i = 0; i < m.n && q.n < 8; i++) {
		const uint8_t *b = m.frame[i].bytes;
		uint16_t s, d;

		if (!is_udp(&m.frame[i]) || m.frame[i].cap != m.frame[i].wire)
			continue;
		s = (uint16_t)(b[34] << 8 | b[35]);
		d = (uint16_t)(b[36] << 8 | b[37]);
		if (port == 0 && d == 443)
			port = s;
		if (port != 0 && ((s == port && d == 443) || (s == 443 && d == port)))
			film_keep(&q, &m.frame[i]);
	}
	if (q.n < 4) {
		fprintf(stderr, "gen: no QUIC in '%s'\n", path);
		exit(1);
	}
	return q;
}

struct mouse {
	struct end e;
	uint8_t kind, step;
	uint32_t id;
};

enum { MOUSE_NEW, MOUSE_TLS, MOUSE_DNS, MOUSE_QUIC, MOUSE_HTTP };

/* The next packet of this one; true: that was its last. */
static bool
mouse_step(struct out *o, struct mouse *m, const struct film *quic)
{
	uint8_t b[ROOM];
	char name[64];
	size_t n;

	(void)snprintf(name, sizeof(name), "n%x.d%u.example", m->id, m->id % 5000);
	if (m->kind == MOUSE_QUIC) {
		const struct frame *f = &quic->frame[m->step];
		bool back = f->bytes[34] == 1 && f->bytes[35] == 187;

		packet(o, &m->e, back, 0, f->bytes + 42, f->cap - 42);
		return ++m->step == quic->n;
	}
	if (m->kind == MOUSE_DNS) {
		size_t at = 12;

		memset(b, 0, 128);
		put16(b, m->id & 0xffff);
		put16(b + 2, m->step == 0 ? 0x0100 : 0x8180);
		b[5] = 1;
		b[7] = m->step;
		for (const char *p = name; *p != '\0';
		     p += strcspn(p, "."), p += *p == '.') {
			n = strcspn(p, ".");
			b[at++] = (uint8_t)n;
			memcpy(b + at, p, n);
			at += n;
		}
		put16(b + at + 1, 1);
		put16(b + at + 3, 1);
		at += 5;
		if (m->step == 1) {
			static const uint8_t answer[] = {
			    0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100};

			memcpy(b + at, answer, sizeof(answer));
			at += sizeof(answer);
			b[at++] = (uint8_t)m->id;
		}
		packet(o, &m->e, m->step, 0, b, at);
		return ++m->step == 2;
	}
	switch (m->step++) {
	case 0:
		packet(o, &m->e, 0, SYN, "", 0);
		return false;
	case 1:
		packet(o, &m->e, 1, SYN | ACK, "", 0);
		return false;
	case 2:
		packet(o, &m->e, 0, ACK, "", 0);
		return false;
	case 3:
		n = m->kind == MOUSE_TLS
			? client_hello(b, name)
			: (size_t)snprintf((char *)b, sizeof(b),
			      "GET /%x HTTP/1.1\r\nHost: %s\r\n"
			      "User-Agent: mouse/1.0\r\nAccept: */*\r\n\r\n",
			      m->id, name);
		packet(o, &m->e, 0, PUSH, b, n);
		return false;
	case 4:
		n = m->kind == MOUSE_TLS
			? server_hello(b)
			: (size_t)snprintf((char *)b, sizeof(b),
			      "HTTP/1.1 200 OK\r\n"
			      "Content-Type: text/html\r\nContent-Length: "
			      "15\r\n\r\n<html> </html>\n");
		packet(o, &m->e, 1, PUSH, b, n);
		return false;
	case 5:
		for (n = 0; n < 300; n++)
			b[n] = (uint8_t)dice();
		if (m->kind == MOUSE_TLS) {
			b[0] = 23;
			put16(b + 1, 0x0303);
			put16(b + 3, 295);
			packet(o, &m->e, 0, PUSH, b, n);
			return false;
		}
		/* fall through */
	case 6:
		packet(o, &m->e, 0, FIN, "", 0);
		return false;
	default:
		packet(o, &m->e, 1, FIN, "", 0);
		return true;
	}
}

static void
mice(struct out *o, uint64_t packets, const char *quic_path)
{
	static struct mouse alive[20000];
	struct film quic = quic_film(quic_path);

	while (o->packets < packets) {
		struct mouse *m = &alive[dice() % 20000];
		unsigned roll = dice() % 100;

		o->ns += 10000;		/* 13,600 flows of 7.35 packets a second */
		if (m->kind == MOUSE_NEW) {
			m->kind = roll < 60   ? MOUSE_TLS
				  : roll < 85 ? MOUSE_DNS
				  : roll < 95 ? MOUSE_QUIC
					      : MOUSE_HTTP;
			m->step = 0;
			m->id = (uint32_t)o->flows;
			m->e = new_end(o, m->kind == MOUSE_DNS ? 53 :
			    m->kind == MOUSE_HTTP ? 80 : 443);
		}
		if (mouse_step(o, m, &quic))
			m->kind = MOUSE_NEW;
	}
}

struct reel {
	struct film film;
	size_t at;
	int64_t first;
	unsigned round;
};

/* All captures start together and each begins anew, as other hosts, when it is over; the
 * next packet is that of the capture whose time is nearest. Gaps are what they were. */
static void
real(struct out *o, uint64_t packets, char **path, int n)
{
	struct reel *r = calloc((size_t)n, sizeof(*r));
	int64_t *due = calloc((size_t)n, sizeof(*due)), start = o->ns;
	uint8_t b[65536 + 64];

	for (int i = 0; i < n; i++) {
		r[i].film = read_film(path[i]);
		r[i].first = r[i].film.n > 0 ? r[i].film.frame[0].time.ns : 0;
		due[i] = r[i].film.n > 0 ? 0 : INT64_MAX;
	}
	while (o->packets < packets) {
		const struct frame *f;
		int k = 0;

		for (int i = 1; i < n; i++)
			if (due[i] < due[k])
				k = i;
		f = &r[k].film.frame[r[k].at];
		o->ns = start + due[k];
		memcpy(b, f->bytes, f->cap);
		/* 10.20.0.x becomes 10.CAPTURE.ROUND.x: hosts of their own. */
		for (size_t at = 26; at <= 30 && f->cap > 34 && b[12] == 8 && b[13] == 0;
		    at += 4)
			if (b[at] == 10 && b[at + 1] == 20) {
				b[at + 1] = (uint8_t)(30 + k);
				b[at + 2] = (uint8_t)r[k].round;
			}
		record(o, b, f->cap, f->wire);
		if (++r[k].at < r[k].film.n) {
			due[k] += r[k].film.frame[r[k].at].time.ns -
			    r[k].film.frame[r[k].at - 1].time.ns;
			continue;
		}
		r[k].at = 0;
		r[k].round++;
		due[k] += NS_PER_S;
	}
	free(due);
	free(r);
}

int
main(int argc, char **argv)
{
	struct out o = { .ns = INT64_C(1700000000) * NS_PER_S };
	uint64_t packets;
	char part[4096];

	if (argc < 4 || (packets = strtoull(argv[2], NULL, 10)) == 0) {
		fputs("usage: gen elephant|voice|small|mice|real PACKETS FILE [CAPTURE "
		      "...]\n",
		    stderr);
		return 2;
	}
	(void)snprintf(part, sizeof(part), "%s.part", argv[3]);
	o.f = fopen(part, "wb");
	if (o.f == NULL) {
		perror(part);
		return 1;
	}
	write_head(o.f);
	if (strcmp(argv[1], "elephant") == 0)
		elephants(&o, packets);
	else if (strcmp(argv[1], "voice") == 0)
		voices(&o, packets);
	else if (strcmp(argv[1], "small") == 0)
		smalls(&o, packets, 10000);
	else if (strncmp(argv[1], "small:", 6) == 0 && atoi(argv[1] + 6) > 0)
		smalls(&o, packets, (size_t)atoi(argv[1] + 6));
	else if (strcmp(argv[1], "mice") == 0 && argc > 4)
		mice(&o, packets, argv[4]);
	else if (strcmp(argv[1], "real") == 0 && argc > 4)
		real(&o, packets, argv + 4, argc - 4);
	else
		return 2;
	if (fclose(o.f) != 0 || rename(part, argv[3]) != 0) {
		perror(part);
		return 1;
	}
	printf("%llu %llu %llu\n", (unsigned long long)o.packets,
	    (unsigned long long)o.bytes, (unsigned long long)o.flows);
	return 0;
}
