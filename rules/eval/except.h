/* SPDX-License-Identifier: GPL-3.0-or-later */
/* except: what exceptions keep quiet, and what is counted of it. Private to rules/eval. */
#ifndef RULES_EVAL_EXCEPT_H
#define RULES_EVAL_EXCEPT_H

#include "rules/eval/eval.h"

struct exceptions;

struct exceptions *exceptions_create(const struct program *p);
void exceptions_destroy(struct exceptions *x);

/* A rule fired: does one hold? It is counted; the first that holds is the one. */
bool exceptions_hold(struct exceptions *x, unsigned rule, const struct observation *o,
    const struct intern *strings);
const struct exception_hits *exceptions_hits(const struct exceptions *x, unsigned i);

/* Tells those whose hour is over; without `now` all that have something to tell. */
void exceptions_tell(struct exceptions *x, const struct pkt_time *now,
    void (*fn)(void *arg, const struct program *p, unsigned i,
    const struct exception_hits *h), void *arg);
/* Takes over what was counted for the same exceptions. */
void exceptions_adopt(struct exceptions *x, struct exceptions *old);

bool exceptions_save(struct exceptions *x, bool all, eval_save_fn *write, void *arg);
bool exceptions_restore(struct exceptions *x, uint64_t id, struct span s);

#endif
