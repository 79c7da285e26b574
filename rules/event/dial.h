/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dial: one stream connection to another program, made again whenever it breaks. A name
 * is looked up without waiting (DNS and /etc/hosts), its addresses are tried in turn; a
 * round that reached nobody is followed by a pause of 0.05 to 5 s, growing, with jitter,
 * so that a hundred sensors do not come back at once. With TLS it is there when the other
 * side has shown a certificate that is believed. What is said on the connection is
 * the caller's business.
 *
 * A TCP connection is published before its first packet leaves (snapshot.h), so that the
 * sensor on the same wire does not hear us.
 */
#ifndef RULES_EVENT_DIAL_H
#define RULES_EVENT_DIAL_H

#include "rules/event/sink.h"
#include "rules/event/snapshot.h"

struct event_base;
struct evdns_base;
struct dial;
struct tls;

/* The outlet's connections, for the board. */
struct own_register {
	struct board *board;		/* NULL: nobody listens */
	unsigned dials;			/* each has two entries: its connection, and the
					 * one before, whose end may still be heard */
	struct own_connections own;
};

struct dial_options {
	struct event_base *base;
	struct evdns_base *dns;		/* lent; needed for names */
	const struct sink_address *to;	/* lent */
	struct own_register *own;	/* lent; may be NULL */
	unsigned own_place;		/* of one that comes and goes: its place in the
					 * register, above SNAPSHOT_SINKS; 0: a new one */
	uint64_t seed;			/* of the jitter */
	const struct tls *tls;		/* lent; NULL: plain */
	bool loopback_only;		/* a secret goes over it: no other host */
	void *arg;
	/* There is a connection; bytes of the other side (-1: hang up, *why says why);
	 * nothing we wrote is waiting any more; there is none (*why: what broke it, or
	 * why none could be made). No function may destroy the dial. `up` and `down` come
	 * in turn, except that several `down` follow each other while nobody is reached.
	 * drained may be NULL. */
	void (*up)(void *arg, struct loop_time now);
	int (*heard)(void *arg, const void *bytes, size_t n, struct loop_time now,
	    struct fault *why);
	void (*drained)(void *arg, struct loop_time now);
	void (*down)(void *arg, const struct fault *why, struct loop_time now);
};

struct dial *dial_create(const struct dial_options *o, struct fault *why);
void dial_destroy(struct dial *d);		/* hangs up; calls nobody */

void dial_write(struct dial *d, const void *bytes, size_t n);	/* up only; copies */
/* Bytes the kernel has not taken; when there is no connection, of the last one. */
size_t dial_unsent(const struct dial *d);
bool dial_is_up(const struct dial *d);
void dial_hang_up(struct dial *d, const struct fault *why);	/* calls down */
/* The other side is of use: the next pause is a short one again. */
void dial_is_good(struct dial *d);
uint64_t dial_reconnects(const struct dial *d);	/* connections made after the first */

/* Where it is connected to; false: a unix socket, or nowhere. */
bool dial_peer(const struct dial *d, struct sink_address *out);

/* Whether a host is an address as it stands, without being looked up. */
bool dial_is_literal(const char *host);

#endif
