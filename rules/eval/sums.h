/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sums: how much, within how long, per key: one ledger for each EXPR_SUM of a program,
 * and what of each flow's counter was already added to it. Private to rules/eval.
 *
 * A flow's counter is cumulative. What is added is its growth since it was last added
 * here, so that a flow whose destination became known late is counted whole then, and a
 * lost record costs nothing. An entry lives until its flow closes; beyond the limit the
 * flow that was not seen for longest is forgotten (counted),
 * and would be counted whole again.
 *
 * A sum of today against the usual (SUM_DAY) is a ledger of sixty days, a bin each, by
 * local time; the usual is the median of the same weekday in the last USUAL_WEEKS weeks,
 * and unknown while fewer than USUAL_LEAST of them are known.
 *
 * A sequence (SUM_AFTER) keeps, for each key, when the record was that met what stands before
 * its `then`: a table as large as a sum's, which lets the key go that was met longest ago,
 * and counts that as a sum's eviction.
 *
 * What is written down to outlive the process (eval_save) is one item for each key:
 *	le64 expr.sum_id, an entry of ledger.h or distinct.h
 */
#ifndef RULES_EVAL_SUMS_H
#define RULES_EVAL_SUMS_H

#include "classify/ledger/distinct.h"
#include "rules/eval/eval.h"

/* What fields are called in a key; made once, as it is asked for often. */
struct field_names {
	uint32_t name[FIELD_COUNT_ALL];
};
void field_names_make(struct field_names *n);

/* A 128-bit name of the values that `per` fields have in a record. False when one of them
 * is unknown; with `blank` an unknown one counts as empty and the
 * answer is always true. */
bool key_of_fields(const struct field_names *names, const enum field *field, unsigned n,
    bool blank, const struct observation *o, const struct intern *strings, struct ledger_key *out);

struct sum_value {
	bool known;
	bool estimated;			/* SUM_DISTINCT: to DISTINCT_ERROR */
	uint64_t sum;
	uint64_t error;			/* so much more at most, as the ledger was full */
	uint64_t limit;			/* SUM_DAY: what the usual comes to */
	unsigned weeks;			/* SUM_DAY: weekdays known of it */
	int64_t since;			/* ns */
};

struct sums;

struct sums *sums_create(const struct program *p, const struct siphash_key *hash,
    size_t max);
void sums_destroy(struct sums *s);

/* What is asked from here on is asked of another record: keys are made anew. */
void sums_turn(struct sums *s);
/* Reads the sum x as of record o; adds first when `add` is set and the record can add. */
struct sum_value sums_ask(struct sums *s, const struct expr *x,
    const struct observation *o, const struct intern *strings, bool add);
/* What stands before the `then` of x is true of this record. */
void sums_met(struct sums *s, const struct expr *x, const struct observation *o,
    const struct intern *strings);
/* A flow ended: nothing more will be added for it. */
void sums_close(struct sums *s, uint64_t flow_id);
/* Takes over what `old` counted for its sum `from`; old has the fresh one then. Both were
 * made with the same hash, max and window. */
void sums_adopt(struct sums *s, unsigned to, struct sums *old, unsigned from);
uint64_t sums_forgotten(const struct sums *s);
void sums_state(const struct sums *s, struct eval_counts *out);

/* A slice of the places of sum c->sum; as eval_save. */
bool sums_save(struct sums *s, struct eval_cursor *c, size_t slice, eval_save_fn *write,
    void *arg);
bool sums_restore(struct sums *s, uint64_t sum_id, struct span entry);

#endif
