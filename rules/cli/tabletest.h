/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tabletest: a table of flows as the sensor would see it.
 *
 *	flows { 10:00 a -> b up 12 MB app tls for 40 s cadence 50/s size 80 }
 *
 * A row becomes packets, byte for byte, which go through decoder, observer and evaluator
 * as those of a capture do: what a test proves is that these packets, so large and so
 * far apart, are heard as the rule says. What cannot be said in packets is stated: `app`
 * and `with FIELD = VALUE` are written over what was observed, in every record of the
 * row's flows, before the rules see it; about those fields a test proves the rule alone.
 *
 * What a row comes to
 *   a         inside: an address of its own in home, device.name "a"; or an address
 *   b         outside: an address of its own, resolved (seen) as b.example, or as
 *             b itself when it has a dot; or an address, which nobody looks up
 *   up, down  payload. With `cadence` in messages, each of `size`, evenly; what is left
 *             of `up` follows at 8 Mbit/s. Without, in segments of 1,400 bytes (28 kB
 *             from 20 MB on), in bursts, over `for` or at 8 Mbit/s. `down` comes back
 *             as a message for each, or behind `up`
 *   over      tcp, opened and closed; udp, the default with a cadence above one a second
 *             and no `app tls`. Port 443, or 5004 for udp. Over tcp with `app tls` or
 *             port 443 the first payload is a client hello with the name
 *   times     so many flows, one `every` so long, from ports of their own
 * Payload is random and its bytes have the upper bit set, as sound has. Something comes in
 * for another host every ten seconds, as on a tap that shows both directions. Packets are
 * the same in every run.
 */
#ifndef RULES_CLI_TABLETEST_H
#define RULES_CLI_TABLETEST_H

#include "classify/dpi/dpi.h"
#include "capture/flow/flow.h"
#include "rules/eval/eval.h"

struct table_run {
	const struct program *program;
	const struct rule_test *test;	/* one with rows */
	struct dpi_cell *cell;		/* NULL: no classifier */
	struct siphash_key hash;
	void *arg;
	observe_fn *on_record;		/* as the rules see it; NULL: nobody asks */
	/* v->program has the lists and time zone of the test: ask its `where` there. */
	struct event_ref (*on_verdict)(void *arg, const struct verdict *v);
};

/* -1 and *why. */
int table_run(const struct table_run *o, struct fault *why);

/* The program as the test wants it: its lists, its time zone. Lent parts; free(). NULL: no
 * memory. */
struct program *table_program(const struct program *p, const struct rule_test *t);

#endif
