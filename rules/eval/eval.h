/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eval: a checked program against observations, to verdicts and their reasons.
 *
 * Three values. A field that is not known makes its condition unknown; `not` of unknown
 * is unknown; `and` is false when one side is, `or` true when one side is. A rule fires
 * on true. `dest in L` is true when the address or any name known of the destination
 * (dest.name, tls.sni, quic.sni, http.host, dest.logical) matches; when none does it is
 * unknown while dest.settled is not true, then false.
 *
 * Sums: `upload >= 1 MB within 1 h per device, dest` adds what a flow's cumulative
 * counter grew by since it was last counted here, for records whose other conditions in
 * the same `and` are true. A record that carries no flow's counters (a window) asks no
 * sum: there it is unknown. A flow whose destination became known late is counted whole
 * then.
 *
 * Limits: `limit 1 per device, dest every 1 h`: the first verdicts of a key are told at
 * once, what follows within the window is counted and told once, as an update, when the
 * window ends and at the end of the input. The first that a `raise` holds for is told at
 * once, as an update. An exception that matches suppresses and counts.
 *
 * Pure: no clock, no descriptor; time comes with records and steps. Tables are bounded
 * (64 Ki keys a sum, 16 Ki limits) and count what they forget.
 */
#ifndef RULES_EVAL_EVAL_H
#define RULES_EVAL_EVAL_H

#include "rules/lang/program.h"

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

/* One condition of the rule, as it stood. */
struct reason {
	const struct expr *leaf;	/* text, op, limit, unit from the field table */
	enum truth truth;
	bool observed_known;
	struct value observed;		/* TEXT: .text lent for the call */
	bool has_limit;			/* the limit was worked out (4 x usual)... */
	struct value limit;		/* ...and came to this */
};

/* Where the first event of an alert went, so that updates can name it.
 * Filled by on_verdict. */
struct event_ref {
	uint32_t lane, partition;
	uint64_t seq;			/* 0: none */
};

struct verdict {
	const struct program *program;
	const struct rule *rule;
	enum severity severity;		/* after caveats */
	bool update;			/* not new: closes a limit window, or has got
					 * worse since it was told (`raise`) */
	uint64_t suppressed;		/* folded since the event before */
	struct event_ref first;		/* of an update: the event it belongs to */
	const struct observation *o;	/* of an update: the last
					 * record that was folded */
	const struct intern *strings;
	const struct reason *reason;	/* one per leaf, in rule order;
					 * for an update as of o */
	unsigned reasons;
	const char *const *note;	/* caveats that hold */
	unsigned notes;
	bool has_sum;			/* the first EXPR_SUM leaf: */
	uint64_t sum;			/* what it came to... */
	int64_t sum_window;		/* ...within (ns) */
	int64_t sum_since;		/* ns since 1970: first addition in it */
	uint64_t sum_error;		/* so much more at most; see ledger.h */
};

/* What an exception kept quiet. */
struct exception_hits {
	uint64_t hits;			/* verdicts that were not told, ever... */
	uint64_t fresh;			/* ...and since on_excepted said so */
	int64_t first, last;		/* ns; of those ever */
	uint32_t rule;			/* the first of the fresh: index into program.rule;
					 * UINT32_MAX: not known any more... */
	char device[64], dest[128];	/* ...and who, to whom */
};

#define EXCEPTED_EVERY (3600 * NS_PER_S)	/* what is kept quiet is told once an hour */

struct eval_options {
	struct siphash_key hash;
	const struct program *program;	/* lent */
	/* The program this one is to follow; NULL: none. Lent until eval_adopt; what both
	 * have in common is found here, so that the swap itself is short. */
	const struct program *follows;
	size_t keys;			/* entries per sum and for limits; 0: 65536 */
	void *arg;
	/* A rule that the record could have fired by what is known in it: did it? Also when a
	 * limit or an exception keeps that from being told. NULL: nobody asks. It may ask
	 * eval_leaf. */
	void (*on_judged)(void *arg, unsigned rule, bool fired, const struct observation *o,
	    const struct intern *strings);
	struct event_ref (*on_verdict)(void *arg, const struct verdict *v);
	/* An hour after its first hit, and at the end of the input: what an exception kept
	 * quiet. May be NULL. */
	void (*on_excepted)(void *arg, const struct program *p, unsigned exception,
	    const struct exception_hits *h);
};

struct eval_counts {
	uint64_t records, verdicts, updates, suppressed, excepted, trial, forgotten;
	uint64_t keys, evicted;		/* of the sums: kept now; had to go */
	uint64_t error;			/* the largest that a sum may be short by, in bytes */
};

struct eval;

struct eval *eval_create(const struct eval_options *o, struct fault *why);
void eval_destroy(struct eval *e);
/* A reload, between two steps: e takes the place of old, which judged by e's `follows`.
 * A rule with the same id and the same text keeps its sums and its open limits; what is
 * due for the others is told now, by old. Pointers move; nothing is allocated. old may
 * only be destroyed afterwards. */
void eval_adopt(struct eval *e, struct eval *old);
void eval_observe(struct eval *e, const struct observation *o,
    const struct intern *strings);
void eval_step(struct eval *e, struct pkt_time now, const struct intern *strings);
void eval_finish(struct eval *e, struct pkt_time now, const struct intern *strings);
void eval_get_counts(const struct eval *e, struct eval_counts *out);
/*
 * What is summed and which limits are open, written down item by item to outlive the
 * process. A slice looks at so many places, and writes what changed since it was written
 * last, or with c->all everything. True when the round is whole: *c is at the beginning
 * again, with `all` as it was. write says false when it has no room; the next call goes on
 * there. Items are at most EVAL_ITEM_MAX bytes and mean the same to another run and
 * another build, as long as a rule's id, and what it sums by, stay.
 */
#define EVAL_ITEM_MAX 2048
struct eval_cursor {
	unsigned sum;
	size_t place;
	bool all;
};
typedef bool eval_save_fn(void *arg, const void *item, size_t n);
bool eval_save(struct eval *e, struct eval_cursor *c, size_t slice, eval_save_fn *write,
    void *arg);
/* False: of no rule that is here, or no item. Before the first record; safe on any bytes. */
bool eval_restore(struct eval *e, struct span item);

/* By index into program.except; they outlive a reload and a restart as sums do, as long as
 * the exception names the same. */
const struct exception_hits *eval_exception(const struct eval *e, unsigned exception);

/* One leaf of a rule's `when`, by the record that was observed last: sums as they stand,
 * nothing is added. For explain. */
struct reason eval_leaf(struct eval *e, const struct expr *leaf,
    const struct observation *o, const struct intern *strings);

/* How often each rule fired (trial ones too), by index into program.rule. */
uint64_t eval_fired(const struct eval *e, unsigned rule);

/* One expression against one record, for explain and for `where` of tests.
 * Sums are unknown. */
enum truth eval_expr(const struct program *p, const struct expr *x,
    const struct observation *o, const struct intern *strings);

#endif
