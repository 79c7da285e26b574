/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene: the whole pipe on a stage. Frames are written byte by byte, rules are rules/std
 * from disk and what a test adds as text; what was told is kept. Time is the frames'.
 */
#ifndef TESTS_UNIT_RULES_SCENE_H
#define TESTS_UNIT_RULES_SCENE_H

#include "rules/cli/pipe.h"
#include "rules/cli/rulefiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0 (INT64_C(1790000000) * NS_PER_S)
#define SCENE_TOLD 512
#define DLT_IS_ETHERNET 1

struct told {
	char rule[32], src[ADDR_TEXT], dest[ADDR_TEXT];
	enum severity severity;
	bool update;
	uint64_t suppressed, first;
	double at;			/* seconds from T0 */
};

struct scene {
	struct rule_files *files;
	struct program *program;
	struct pipe *pipe;
	uint64_t ordinal;
	uint64_t dice;
	uint8_t bytes[2048];
	struct told told[SCENE_TOLD];
	unsigned n;
	char alias[2][INTERN_MAX + 1];	/* of the last device record that had one */
	unsigned aliases;
	bool one_side;			/* the tap shows nothing that comes in */
};

struct scene_options {
	const char *rules;		/* text of a rule file of its own; NULL: none */
	const char *inventory;		/* CSV; NULL: none */
	const char *home;		/* NULL: the default */
	bool nothing;			/* without rules/std */
	uint64_t key;			/* of the hash tables */
};

static struct event_ref
scene_told(void *arg, const struct verdict *v)
{
	struct scene *s = arg;
	struct told *t = &s->told[s->n++];

	assert_true(s->n <= SCENE_TOLD);
	(void)snprintf(t->rule, sizeof(t->rule), "%s", v->rule->name);
	addr_print(&v->o->src_ip, t->src);
	addr_print(&v->o->dest_ip, t->dest);
	t->severity = v->severity;
	t->update = v->update;
	t->suppressed = v->suppressed;
	t->first = v->first.seq;
	t->at = (double)(v->o->time - T0) / 1e9;
	return (struct event_ref){ 0, 0, s->n };
}

static void
scene_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct scene *s = arg;

	if (o->kind != OBSERVATION_DEVICE || !observation_known(o, FIELD_device_was))
		return;
	s->aliases++;
	(void)snprintf(s->alias[0], sizeof(s->alias[0]), "%s",
	    (const char *)intern_get(strings, o->device_was).at);
	(void)snprintf(s->alias[1], sizeof(s->alias[1]), "%s",
	    (const char *)intern_get(strings, o->device_key).at);
}

static void
scene_file(char path[32], const char *text)
{
	int fd;

	(void)strcpy(path, "/tmp/scene-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* The rules of a scene, read and compiled. */
static struct program *
scene_rules(const struct scene_options *o, struct rule_files **files)
{
	struct rule_choice c = { .replace = { "rules/std" }, .replaces = 1,
		.home = o->home };
	char rules[32], csv[32], inventory[48];
	struct fault why = { 0 };
	struct program *p;

	scene_file(rules, o->rules == NULL ? "" : o->rules);
	if (o->nothing)
		c.replace[0] = rules;
	else
		c.add[c.adds++] = rules;
	if (o->inventory != NULL) {
		scene_file(csv, o->inventory);
		(void)snprintf(inventory, sizeof(inventory), "csv:%s", csv);
		c.inventory = inventory;
	}
	*files = rule_files_read(&c, &why);
	if (*files == NULL)
		fail_msg("%s", why.what);
	p = rule_files_compile(*files, false, NULL);
	assert_non_null(p);
	(void)unlink(rules);
	if (o->inventory != NULL)
		(void)unlink(csv);
	return p;
}

static struct scene *
scene_open_as(const struct scene_options *o)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct pipe_options po = { .hash = { o->key, ~o->key }, .arg = s,
		.on_verdict = scene_told, .on_record = scene_record };
	struct fault why = { 0 };

	assert_non_null(s);
	s->dice = 1;
	s->program = scene_rules(o, &s->files);
	po.program = s->program;
	s->pipe = pipe_create(&po, &why);
	assert_non_null(s->pipe);
	return s;
}

static struct scene *
scene_open(const char *rules)
{
	return scene_open_as(&(struct scene_options){ .rules = rules });
}

static void
scene_close(struct scene *s)
{
	pipe_destroy(s->pipe);
	program_destroy(s->program);
	rule_files_free(s->files);
	free(s);
}

static struct pkt_time
scene_at(double seconds)
{
	return (struct pkt_time){ T0 + (int64_t)(seconds * 1e9 + 0.5) };
}

/* ---- frames ---- */

struct host {
	uint8_t ip[4];
	uint8_t mac;		/* last byte of 02:00:00:00:00:xx; outside: a router's */
};

static const struct host mic = { { 10, 20, 0, 13 }, 13 };
static const struct host desk = { { 10, 20, 0, 14 }, 14 };
static const struct host far = { { 203, 0, 113, 7 }, 1 };
static const struct host proxy = { { 198, 51, 100, 9 }, 1 };
static const struct host resolver = { { 10, 20, 0, 1 }, 1 };

enum filling { FILL_SOUND, FILL_BASE64, FILL_TEXT };

static inline uint32_t
scene_dice(struct scene *s)	/* xorshift64*, Vigna 2016 */
{
	s->dice ^= s->dice >> 12;
	s->dice ^= s->dice << 25;
	s->dice ^= s->dice >> 27;
	return (uint32_t)(s->dice * UINT64_C(2685821657736338717) >> 32);
}

static inline void
fill(struct scene *s, uint8_t *p, size_t n, enum filling how)
{
	static const char base64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char text[] = "{\"sensor\": \"hall\", \"warmth\": 21.5, \"n\": 7} ";

	for (size_t i = 0; i < n; i++)
		p[i] = how == FILL_TEXT ? (uint8_t)text[i % (sizeof(text) - 1)] :
		    how == FILL_BASE64 ? (uint8_t)base64[scene_dice(s) % 64] :
		    (uint8_t)(scene_dice(s) | 0x80);
}

static inline void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Ethernet and IPv4 around what stands behind byte 34, and off it goes. */
static inline void
scene_frame(struct scene *s, double at, struct host a, struct host b, uint8_t proto,
    size_t l4)
{
	uint8_t *p = s->bytes;
	struct frame f = { .time = scene_at(at), .ordinal = ++s->ordinal,
		.link_type = DLT_IS_ETHERNET, .bytes = p };

	memset(p, 0, 34);
	p[0] = p[6] = 2;
	p[5] = b.mac;
	p[11] = a.mac;
	put16(p + 12, 0x0800);
	p[14] = 0x45;
	put16(p + 16, (unsigned)(20 + l4));
	p[22] = 64;
	p[23] = proto;
	memcpy(p + 26, a.ip, 4);
	memcpy(p + 30, b.ip, 4);
	f.cap = f.wire = (uint32_t)(34 + l4);
	pipe_frame(s->pipe, &f);
}

static inline void
udp(struct scene *s, double at, struct host a, uint16_t sport, struct host b,
    uint16_t dport, const void *bytes, size_t n)
{
	uint8_t *p = s->bytes + 34;

	if (bytes != NULL)
		memcpy(p + 8, bytes, n);
	put16(p, sport);
	put16(p + 2, dport);
	put16(p + 4, (unsigned)(8 + n));
	put16(p + 6, 0);
	scene_frame(s, at, a, b, 17, 8 + n);
}

static inline void
tcp(struct scene *s, double at, struct host a, uint16_t sport, struct host b,
    uint16_t dport, uint8_t flags, uint32_t seq, uint32_t ack, size_t n)
{
	uint8_t *p = s->bytes + 34;

	memset(p, 0, 20);
	put16(p, sport);
	put16(p + 2, dport);
	put16(p + 4, seq >> 16);
	put16(p + 6, seq);
	put16(p + 8, ack >> 16);
	put16(p + 10, ack);
	p[12] = 0x50;
	p[13] = flags;
	scene_frame(s, at, a, b, 6, 20 + n);
}

/* A connection that sends so many bytes up in so many seconds, acknowledged, closed. */
static inline void
upload(struct scene *s, double at, double seconds, struct host a, uint16_t port,
    struct host b, uint32_t bytes, enum filling how)
{
	uint32_t sent = 0, pieces = (bytes + 1399) / 1400, i = 0;

	tcp(s, at, a, port, b, 443, TCP_SYN, 1000, 0, 0);
	tcp(s, at + 0.001, b, 443, a, port, TCP_SYN | TCP_ACK, 5000, 1001, 0);
	for (; sent < bytes; i++) {
		uint32_t n = bytes - sent < 1400 ? bytes - sent : 1400;
		double t = at + 0.01 + seconds * i / pieces;

		fill(s, s->bytes + 54, n, how);
		tcp(s, t, a, port, b, 443, TCP_ACK, 1001 + sent, 5001, n);
		sent += n;
		if (i % 2 == 1)
			tcp(s, t + 0.0001, b, 443, a, port, TCP_ACK, 5001, 1001 + sent,
			    0);
	}
	at += 0.02 + seconds;
	tcp(s, at, a, port, b, 443, TCP_FIN | TCP_ACK, 1001 + sent, 5001, 0);
	tcp(s, at + 0.001, b, 443, a, port, TCP_FIN | TCP_ACK, 5001, 1002 + sent, 0);
}

/* One direction of datagrams on a grid of 20 ms, of 100 to 139 bytes. */
struct sound {
	double from, until;
	struct host src, dst;
	uint16_t sport, dport;
	enum filling how;
	bool pauses;			/* talk spurts and silence, still on the grid */
};

/* Something comes in for somebody else, as on every tap that shows both directions. */
static inline void
listen_to(struct scene *s, const struct sound *x, unsigned n)
{
	double end = 0, begin = x[0].from;
	bool talks[8] = { false };
	unsigned left[8] = { 0 };

	for (unsigned i = 0; i < n; i++)
		end = x[i].until > end ? x[i].until : end;
	for (unsigned k = 0; k * 0.02 < end; k++) {
		if (!s->one_side && k % 500 == 1 && k * 0.02 >= begin)
			udp(s, k * 0.02, proxy, 9, desk, 9, NULL, 20);
		for (unsigned i = 0; i < n; i++) {
			uint32_t len = 100 + scene_dice(s) % 40;

			if (k * 0.02 < x[i].from || k * 0.02 >= x[i].until)
				continue;
			if (x[i].pauses && left[i]-- == 0) {
				talks[i] = !talks[i];
				left[i] = talks[i] ? 10 + scene_dice(s) % 120 :
				    10 + scene_dice(s) % 90;
			}
			if (x[i].pauses && !talks[i])
				continue;
			fill(s, s->bytes + 42, len, x[i].how);
			udp(s, k * 0.02 + i * 0.001, x[i].src, x[i].sport, x[i].dst,
			    x[i].dport, NULL, len);
		}
	}
}

/* ---- what was told ---- */

/* The n-th thing told by a rule; NULL when there are fewer. */
static inline const struct told *
told(const struct scene *s, const char *rule, bool update, unsigned n)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->told[i].rule, rule) == 0 && s->told[i].update == update &&
		    n-- == 0)
			return &s->told[i];
	return NULL;
}

static inline unsigned
count_told(const struct scene *s, const char *rule, bool update)
{
	unsigned n = 0;

	while (told(s, rule, update, n) != NULL)
		n++;
	return n;
}

#endif
