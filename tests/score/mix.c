/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mix: many showings of captures as one, in order of time, each under addresses of its own.
 *
 *	mix PLAN [FIRST_SECOND] >CAPTURE	prints "packets seconds" to standard error
 *
 * A line of PLAN is a showing: the second at which its first packet goes, the capture, and
 * what is changed, all set apart by blanks; lines are in order of time:
 *
 *	28800.250 tests/captures/n01-sip-call.pcap.zst 10.20.0.31>10.20.3.7/0004f2 !10.20.0.14-198.51.100.20
 *
 *	A>B/V	the address A is B; its card is of vendor V and has B's last three bytes
 *	!A-B	what goes between A and B is left out
 *
 * Ports from 32768 on move by a step of the line's number, so that a host that does a thing
 * twice does it from other ports. ARP and IPv4 are shown, DHCP and the rest left out:
 * a host's name and lease would be another's. Payloads stay as they are. Checksums too (a
 * sensor does not look at them).
 */
#include "tests/tools/film.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHANGES 64
#define FIRST_PORT 32768
#define PORTS 28232		/* Linux: 32768 to 60999 */

struct change {
	uint8_t from[4], to[4], vendor[3];
};

struct showing {
	const struct film *film;
	size_t at;
	int64_t shift;			/* from the capture's time to the plan's */
	unsigned step;			/* of ports */
	unsigned maps, drops;
	struct change map[MAX_CHANGES], drop[MAX_CHANGES];
};

struct reels {
	char **name;
	struct film *film;
	size_t n;
};

/* Those that run, the next packet first: a binary heap. */
struct heap {
	struct showing **s;
	size_t n, room;
};

static int64_t
due(const struct showing *s)
{
	return s->film->frame[s->at].time.ns + s->shift;
}

static void
sink(struct heap *h, size_t i)
{
	for (size_t k; (k = 2 * i + 1) < h->n; i = k) {
		struct showing *up = h->s[i];

		if (k + 1 < h->n && due(h->s[k + 1]) < due(h->s[k]))
			k++;
		if (due(up) <= due(h->s[k]))
			return;
		h->s[i] = h->s[k];
		h->s[k] = up;
	}
}

static void
push(struct heap *h, struct showing *s)
{
	size_t i = h->n++;

	if (h->n > h->room) {
		h->room = h->room == 0 ? 256 : h->room * 2;
		h->s = realloc(h->s, h->room * sizeof(struct showing *));
		if (h->s == NULL)
			exit(1);
	}
	for (; i > 0 && due(s) < due(h->s[(i - 1) / 2]); i = (i - 1) / 2)
		h->s[i] = h->s[(i - 1) / 2];
	h->s[i] = s;
}

static const struct film *
film_of(struct reels *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->name[i], name) == 0)
			return &r->film[i];
	r->name = realloc(r->name, (r->n + 1) * sizeof(char *));
	r->film = realloc(r->film, (r->n + 1) * sizeof(struct film));
	if (r->name == NULL || r->film == NULL)
		exit(1);
	r->name[r->n] = strdup(name);
	r->film[r->n] = read_film(name);
	return &r->film[r->n++];
}

static void
changed(struct showing *s, const char *word, unsigned line)
{
	char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN], mark;
	bool out = word[0] == '!';
	struct change *c = out ? &s->drop[s->drops] : &s->map[s->maps];
	unsigned vendor = 0;
	int n;

	if ((out ? s->drops++ : s->maps++) >= MAX_CHANGES ||
	    (n = sscanf(word + out, "%15[0-9.]%c%15[0-9.]/%6x", a, &mark, b, &vendor)) !=
		(out ? 3 : 4) ||
	    mark != (out ? '-' : '>') || inet_pton(AF_INET, a, c->from) != 1 ||
	    inet_pton(AF_INET, b, c->to) != 1) {
		fprintf(stderr, "mix: line %u: '%s' is no change\n", line, word);
		exit(2);
	}
	for (int i = 0; i < 3; i++)
		c->vendor[i] = (uint8_t)(vendor >> (16 - 8 * i));
}

/* The next line of the plan as a showing; NULL at its end. A film is read once: the heap
 * points into reels, so that all are read before the first is shown. */
static struct showing *
planned(char *text, struct reels *r, int64_t first, unsigned line)
{
	struct showing *s = calloc(1, sizeof(*s));
	char *save = NULL, *when = strtok_r(text, " \n", &save),
	     *name = strtok_r(NULL, " \n", &save);

	if (s == NULL || when == NULL || name == NULL) {
		fprintf(stderr, "mix: line %u: no time and capture\n", line);
		exit(2);
	}
	s->film = film_of(r, name);
	s->step = line * 7919 % PORTS;
	for (char *w; (w = strtok_r(NULL, " \n", &save)) != NULL;)
		changed(s, w, line);
	if (s->film->n > 0)
		s->shift = first + (int64_t)(strtod(when, NULL) * 1e9) -
		    s->film->frame[0].time.ns;
	return s;
}

static bool
left_out(const struct showing *s, const uint8_t *src, const uint8_t *dst)
{
	for (unsigned i = 0; i < s->drops; i++) {
		const struct change *c = &s->drop[i];

		if ((memcmp(c->from, src, 4) == 0 && memcmp(c->to, dst, 4) == 0) ||
		    (memcmp(c->from, dst, 4) == 0 && memcmp(c->to, src, 4) == 0))
			return true;
	}
	return false;
}

static void
map(const struct showing *s, uint8_t *addr, uint8_t *mac)
{
	for (unsigned i = 0; i < s->maps; i++)
		if (memcmp(s->map[i].from, addr, 4) == 0) {
			memcpy(addr, s->map[i].to, 4);
			if ((mac[0] & 1) == 0) {
				memcpy(mac, s->map[i].vendor, 3);
				memcpy(mac + 3, addr + 1, 3);
			}
			return;
		}
}

static unsigned
port_at(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
move_port(uint8_t *p, unsigned step)
{
	unsigned v = port_at(p);

	if (v < FIRST_PORT)
		return;
	v = FIRST_PORT + (v - FIRST_PORT + step) % PORTS;
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Frame b as this showing has it; false: it has it not. */
static bool
shown(const struct showing *s, uint8_t *b, uint32_t cap)
{
	uint8_t *ip = b + 14, *l4;

	if (cap >= 42 && b[12] == 8 && b[13] == 6) {
		map(s, b + 28, b + 22);
		memcpy(b + 6, b + 22, 6);
		map(s, b + 38, b + 32);
		return true;
	}
	if (cap < 34 || b[12] != 8 || b[13] != 0 || ip[0] >> 4 != 4 ||
	    left_out(s, ip + 12, ip + 16))
		return false;
	map(s, ip + 12, b + 6);
	map(s, ip + 16, b);
	l4 = ip + (ip[0] & 15) * 4;
	if (l4 + 4 > b + cap || (ip[6] & 0x1f) != 0 || ip[7] != 0 ||
	    (ip[9] != 6 && ip[9] != 17))
		return true;
	if (ip[9] == 17 && (port_at(l4) == 67 || port_at(l4) == 68))
		return false;
	move_port(l4, s->step);
	move_port(l4 + 2, s->step);
	return true;
}

int
main(int argc, char **argv)
{
	int64_t first = (argc > 2 ? strtoll(argv[2], NULL, 10) : 1700000000) * NS_PER_S,
		begun = 0, t = 0;
	static uint8_t bytes[1 << 18];
	struct showing **all = NULL;
	struct reels reels = { 0 };
	struct heap h = { 0 };
	uint64_t packets = 0;
	char text[8192];
	size_t n = 0, next = 0;
	FILE *plan;

	if (argc < 2 || (plan = fopen(argv[1], "r")) == NULL) {
		fputs("usage: mix PLAN [FIRST_SECOND] >CAPTURE\n", stderr);
		return 2;
	}
	/* Twice: a film's place may move while others are still read. */
	while (fgets(text, sizeof(text), plan) != NULL)
		free(planned(text, &reels, first, 1));
	rewind(plan);
	while (fgets(text, sizeof(text), plan) != NULL) {
		all = realloc(all, (n + 1) * sizeof(struct showing *));
		if (all == NULL)
			return 1;
		all[n] = planned(text, &reels, first, (unsigned)n + 1);
		n += all[n]->film->n > 0;
	}
	write_head(stdout);
	while (next < n || h.n > 0) {
		struct showing *s;
		const struct frame *f;

		while (next < n && (h.n == 0 || due(all[next]) <= due(h.s[0])))
			push(&h, all[next++]);
		s = h.s[0];
		f = &s->film->frame[s->at];
		t = due(s);
		begun = begun == 0 ? t : begun;
		if (f->cap <= sizeof(bytes)) {
			memcpy(bytes, f->bytes, f->cap);
			if (shown(s, bytes, f->cap)) {
				write_record(stdout, t, bytes, f->cap, f->wire);
				packets++;
			}
		}
		if (++s->at == s->film->n) {
			h.s[0] = h.s[--h.n];
			free(s);
		}
		sink(&h, 0);
	}
	if (fflush(stdout) != 0) {
		perror("mix");
		return 1;
	}
	fprintf(stderr, "%llu %lld\n", (unsigned long long)packets,
	    (long long)((t - begun) / NS_PER_S));
	return 0;
}
