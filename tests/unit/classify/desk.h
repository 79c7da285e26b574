/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desk: an observer with somebody who writes down what it says. Packets are made by hand
 * (tests/unit/capture/packets.h). Of every record the desk checks what holds for all of
 * them: its head, the order, that a string is named once and before its id is used, that
 * counters of a flow never fall, and that fields which are never unknown are known.
 */
#ifndef TESTS_UNIT_CLASSIFY_DESK_H
#define TESTS_UNIT_CLASSIFY_DESK_H

#include "classify/observer/observer.h"
#include "tests/unit/capture/packets.h"
#include "tests/unit/classify/limits.h"

#include <stdio.h>
#include <stdlib.h>

#define DESK_NAMES 16384
#define DESK_FLOWS 8192
#define DESK_STEPS 8192

#define INSIDE v4(10, 20, 0, 13)
#define OTHER v4(10, 20, 0, 14)
#define RESOLVER v4(10, 20, 0, 1)
#define OUTSIDE v4(203, 0, 113, 7)
#define ELSEWHERE v4(198, 51, 100, 9)

struct desk {
	struct observer *o;
	uint64_t ordinal;
	struct observation *r;		/* in the order told; names are among them */
	size_t n, cap;
	char name[DESK_NAMES][64];	/* by string id; "" was not named */
	struct {
		uint64_t id, up, down, wire, pkts;
	} flow[DESK_FLOWS];
	unsigned flows;
	int64_t step[DESK_STEPS];
	unsigned steps;
	size_t told[DESK_STEPS];	/* records told before that step */
};

static const struct siphash_key desk_hash = { 0x0123456789abcdef, 0xfedcba9876543210 };

static void
desk_counts(struct desk *d, const struct observation *r)
{
	unsigned i = 0;

	if (r->flow_id == 0 || !observation_known(r, FIELD_upload))
		return;
	while (i < d->flows && d->flow[i].id != r->flow_id)
		i++;
	assert_true(i < DESK_FLOWS);
	if (i == d->flows) {
		d->flows++;
		d->flow[i].id = r->flow_id;
	}
	assert_true(r->upload >= d->flow[i].up && r->download >= d->flow[i].down);
	assert_true(r->wire_up >= d->flow[i].wire && r->pkts_up >= d->flow[i].pkts);
	d->flow[i].up = r->upload;
	d->flow[i].down = r->download;
	d->flow[i].wire = r->wire_up;
	d->flow[i].pkts = r->pkts_up;
}

static void
desk_record(void *arg, const struct observation *r, const struct intern *strings)
{
	struct desk *d = arg;

	assert_int_equal(r->size, sizeof(*r));
	assert_int_equal(r->version, OBSERVATION_VERSION);
	assert_true(r->kind < OBSERVATION_KIND_COUNT);
	if (d->n > 0) {
		const struct observation *last = &d->r[d->n - 1];

		assert_true(r->time > last->time ||
		    (r->time == last->time && r->ordinal >= last->ordinal));
	}
	if (d->steps > 0)
		assert_true(r->time >= d->step[d->steps - 1]);
	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 256 : d->cap * 2;
		d->r = realloc(d->r, d->cap * sizeof(*d->r));
		assert_non_null(d->r);
	}
	d->r[d->n++] = *r;
	if (r->kind == OBSERVATION_NAME) {
		struct observation_name name;
		struct span s;

		memcpy(&name, r, sizeof(name));
		assert_true(name.id > 0 && name.id < DESK_NAMES && name.len > 0);
		assert_string_equal(d->name[name.id], "");
		s = intern_get(strings, name.id);
		assert_int_equal(s.left, name.len);
		assert_memory_equal(s.at, name.bytes, name.len);
		memcpy(d->name[name.id], name.bytes, name.len < 63 ? name.len : 63);
		return;
	}
	if (r->kind == OBSERVATION_LOSS)
		return;
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++) {
		const struct field_info *f = &observation_field[i];
		uint32_t id;

		/* A device record is about a device: it has no far end. */
		if (strcmp(f->unknown, "never") == 0 && !observation_known(r,
		    (enum field)i) && (r->kind != OBSERVATION_DEVICE ||
		    i == FIELD_src_ip || i == FIELD_device_key || i == FIELD_device_seen))
			fail_msg("%s is unknown in a record of kind %s", f->word,
			    observation_kind_name((enum observation_kind)r->kind));
		if (f->type != FIELD_TEXT || !observation_known(r, (enum field)i))
			continue;
		memcpy(&id, (const uint8_t *)r + f->offset, sizeof(id));
		assert_true(id > 0 && id < DESK_NAMES);
		assert_string_not_equal(d->name[id], "");
	}
	assert_false(r->quarantined);
	assert_false((r->seen & SEEN_QUARANTINED) != 0);
	desk_counts(d, r);
}

static void
desk_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	struct desk *d = arg;

	(void)strings;
	assert_true(d->steps < DESK_STEPS);
	assert_true(d->n == 0 || d->r[d->n - 1].time <= now.ns);
	d->told[d->steps] = d->n;
	d->step[d->steps++] = now.ns;
}

static struct desk *
desk_open_as(struct siphash_key hash, size_t max_flows)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct observer_options o = { .hash = hash, .zone = { zone_default_home },
		.hearing = &limits, .max_flows = max_flows, .arg = d,
		.on_record = desk_record, .on_step = desk_step };

	assert_non_null(d);
	d->o = observer_create(&o, NULL);
	assert_non_null(d->o);
	return d;
}

static inline struct desk *
desk_open(void)
{
	return desk_open_as(desk_hash, 1024);
}

static void
desk_close(struct desk *d)
{
	observer_destroy(d->o);
	free(d->r);
	free(d);
}

/* ---- packets ---- */

struct stream {			/* one direction of something, a packet `every` so long */
	double at, until, every;
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t len;
	const void *bytes;		/* NULL: zeros */
	bool tcp;
	uint32_t seq, ack;
};

static inline void
send_udp(struct desk *d, double s, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, const void *bytes, uint32_t len)
{
	struct crate c;
	struct packet *p = crate_udp(&c, at(s).ns, src, sport, dst, dport, len);

	c.frame.ordinal = ++d->ordinal;
	if (bytes != NULL)
		p->payload = span_of(bytes, len);
	observer_packet(d->o, p);
}

static inline void
send_tcp(struct desk *d, double s, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, uint8_t flags, uint32_t seq, uint32_t ack, const void *bytes,
    uint32_t len)
{
	struct crate c;
	struct packet *p = crate_tcp(&c, at(s).ns, src, sport, dst, dport, flags, seq,
	    ack, len);

	c.frame.ordinal = ++d->ordinal;
	if (bytes != NULL)
		p->payload = span_of(bytes, len);
	observer_packet(d->o, p);
}

/* 120 B every 20 ms, a telephone's clock. */
static inline struct stream
voice(double from, double until)
{
	return (struct stream){ .at = from, .until = until, .every = 0.02, .src = INSIDE,
		.dst = OUTSIDE, .sport = 40000, .dport = 5004, .len = 120 };
}

/* Plays streams against each other in the order of time; of two at once the first. */
static inline void
play(struct desk *d, struct stream *s, unsigned n)
{
	for (;;) {
		struct stream *next = NULL;

		for (unsigned i = 0; i < n; i++)
			if (s[i].at < s[i].until && (next == NULL || s[i].at < next->at))
				next = &s[i];
		if (next == NULL)
			return;
		if (next->tcp) {
			send_tcp(d, next->at, next->src, next->sport, next->dst,
			    next->dport, TCP_ACK, next->seq, next->ack, next->bytes,
			    next->len);
			next->seq += next->len;
		} else {
			send_udp(d, next->at, next->src, next->sport, next->dst,
			    next->dport, next->bytes, next->len);
		}
		next->at += next->every;
	}
}

static inline void
play_one(struct desk *d, struct stream s)
{
	play(d, &s, 1);
}

/* A DNS message for a name; with `answer` a response that gives this IPv4 address. */
static inline uint32_t
dns_message(uint8_t *out, const char *name, const uint8_t *answer)
{
	static const uint8_t tail[] = { 0, 0, 1, 0, 1 };
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };
	uint8_t *p = out;

	memset(p, 0, 12);
	p[2] = answer == NULL ? 1 : 0x81;
	p[5] = 1;
	p[7] = answer != NULL;
	p += 12;
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		*p++ = (uint8_t)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	memcpy(p, tail, sizeof(tail));
	p += sizeof(tail);
	if (answer != NULL) {
		memcpy(p, record, sizeof(record));
		memcpy(p + sizeof(record), answer, 4);
		p += sizeof(record) + 4;
	}
	return (uint32_t)(p - out);
}

/* A TLS ClientHello with a server name, in one record. */
static inline uint32_t
client_hello(uint8_t *out, const char *name)
{
	size_t n = strlen(name), ext = n + 9, body = 2 + 32 + 1 + 4 + 2 + 2 + ext;
	uint8_t *p = out;

	memset(out, 0, 9 + body);
	*p++ = 22, *p++ = 3, *p++ = 1;
	*p++ = (uint8_t)((body + 4) >> 8), *p++ = (uint8_t)(body + 4);
	*p++ = 1, *p++ = 0, *p++ = (uint8_t)(body >> 8), *p++ = (uint8_t)body;
	*p++ = 3, *p++ = 3;
	p += 32 + 1;			/* random, no session */
	*p++ = 0, *p++ = 2, *p++ = 0x13, *p++ = 1;
	*p++ = 1, *p++ = 0;
	*p++ = (uint8_t)(ext >> 8), *p++ = (uint8_t)ext;
	p += 2;				/* server_name */
	*p++ = 0, *p++ = (uint8_t)(n + 5), *p++ = 0, *p++ = (uint8_t)(n + 3);
	*p++ = 0, *p++ = 0, *p++ = (uint8_t)n;
	memcpy(p, name, n);
	return (uint32_t)(9 + body);
}

/* ---- what was said ---- */

/* The n-th record (from 0) of a kind; windows by scope. NULL when there are fewer. */
static inline const struct observation *
said(const struct desk *d, enum observation_kind kind, int scope, unsigned n)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->r[i].kind == kind && (kind != OBSERVATION_WINDOW ||
		    d->r[i].scope == scope) && n-- == 0)
			return &d->r[i];
	return NULL;
}

static inline unsigned
count_said(const struct desk *d, enum observation_kind kind, int scope)
{
	unsigned n = 0;

	while (said(d, kind, scope, n) != NULL)
		n++;
	return n;
}

#define opens(d, n) said(d, OBSERVATION_OPEN, 0, n)
#define parts(d, n) said(d, OBSERVATION_PART, 0, n)
#define closes(d, n) said(d, OBSERVATION_CLOSE, 0, n)
#define sockets(d, n) said(d, OBSERVATION_WINDOW, SCOPE_SOCKET, n)
#define pairs(d, n) said(d, OBSERVATION_WINDOW, SCOPE_PAIR, n)
#define domains(d, n) said(d, OBSERVATION_WINDOW, SCOPE_DOMAIN, n)

/* Fields whose word begins so: are all that may be known together, or none? */
static inline unsigned
known_of(const struct observation *r, const char *prefix)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++)
		if (strncmp(observation_field[i].word, prefix, strlen(prefix)) == 0)
			n += observation_known(r, (enum field)i);
	return n;
}

static inline double
since_start(int64_t ns)
{
	return (double)(ns - START) / 1e9;
}

#endif
