/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_sum: what remembers: sums, counts of different values, today against the usual, and
 * sequences. */
#include "rules/lang/check.h"

#include <string.h>

/* What a flow counts and never takes back: only these can be summed. */
static bool
cumulative(enum field f)
{
	switch (f) {
	case FIELD_upload:
	case FIELD_unseen:
	case FIELD_download:
	case FIELD_captured_up:
	case FIELD_captured_down:
	case FIELD_wire_up:
	case FIELD_wire_down:
	case FIELD_pkts_up:
	case FIELD_pkts_down:
	case FIELD_retrans_up:
	case FIELD_gaps_up:
		return true;
	default:
		return false;
	}
}

/* Its number in this program; and the name that is the same in the next one, whatever
 * order fields, rules and files have there. A limit that is moved keeps what was summed. */
static void
number_sum(struct check *c, struct expr_use *u, const struct tree_expr *t, struct expr *x,
    const enum field *key)
{
	static const struct siphash_key fixed = { 0x6561727368737569ULL,
	    0x64656e7469666965ULL };
	uint64_t piece[2] = { 0, 0 };

	x->sums = t->sums;
	x->key = key;
	x->key_n = t->key_n;
	if (u->scratch)
		return;
	x->sum = c->sums++;
	piece[0] = (uint64_t)c->rule_id << 32 | u->sums++ << 8 | (uint64_t)x->sums;
	piece[1] = (uint64_t)x->window;
	if (x->sums == SUM_AFTER)	/* what was seen is that, and nothing else */
		piece[1] ^= siphash13(&fixed, x->text, strlen(x->text));
	x->sum_id = siphash13(&fixed, piece, sizeof(piece));
	for (unsigned i = 0; i <= x->key_n; i++) {
		const char *word = observation_field[i == 0 ? x->field : key[i - 1]].word;

		piece[0] = x->sum_id;
		piece[1] = siphash13(&fixed, word, strlen(word));
		x->sum_id = siphash13(&fixed, piece, sizeof(piece));
	}
}

/* A sum or a count as a leaf of its own; NULL: no memory. */
static struct expr *
sum_leaf(struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f,
    const struct value *limit, int64_t window, const enum field *key)
{
	struct expr *x = check_leaf(c, u, EXPR_SUM, t);

	if (x == NULL)
		return NULL;
	x->field = f;
	x->cmp = t->cmp;
	x->value = *limit;
	x->window = window;
	number_sum(c, u, t, x, key);
	return x;
}

static void
no_sum_here(struct check *c, const struct expr_use *u, const struct tree_expr *t,
    const char *what)
{
	lang_error(c->l, &t->name.at,
	    u->in_head ? "let it stand behind the last 'then'" :
			 "sums stand in a rule's 'when'",
	    u->in_head ? "%s cannot come first in a sequence" : "%s cannot be asked here",
	    what);
}

static const struct expr *
check_distinct(struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f)
{
	struct target count = { "distinct", FIELD_COUNT, VOCABULARY_NONE, "" };
	const enum field *key = NULL;
	struct value value;
	int64_t window = 0;
	bool good = true;

	if (!u->in_when) {
		no_sum_here(c, u, t, "a count");
		return NULL;
	}
	if (observation_field[f].type != FIELD_TEXT &&
	    observation_field[f].type != FIELD_ADDRESS) {
		lang_error(c->l, &t->name.at, "use dest, or a text or address field",
		    "'%s' %s: its values are not counted", t->name.s,
		    type_is(observation_field[f].type));
		return NULL;
	}
	if (t->cmp == CMP_EQ || t->cmp == CMP_NE) {
		lang_error(c->l, &t->at, "use >= or >", "a count grows past a limit");
		good = false;
	}
	good = value_of(c->l, &count, &t->value, &value) && good;
	good = check_span(c, "within", &t->window, &window) && good;
	good = check_keys(c, t->key, t->key_n, &key) && good;
	return good ? sum_leaf(c, u, t, f, &value, window, key) : NULL;
}

const struct expr *
check_sum(struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f)
{
	const enum field *key = NULL;
	struct value value;
	struct expr *x;
	int64_t window = 0;
	bool good = true;

	u->has_sum = true;
	if (t->sums == SUM_DISTINCT)
		return check_distinct(c, u, t, f);
	if (!u->in_when) {
		no_sum_here(c, u, t, "a sum");
		return NULL;
	}
	if (!cumulative(f)) {
		lang_error(c->l, &t->name.at,
		    "use upload, upload.unseen, download, wire.up, wire.down, "
		    "packets.up, packets.down, upload.captured, download.captured, "
		    "retransmitted.up or gaps.up",
		    "'%s' cannot be summed: it is not a counter of a flow", t->name.s);
		return NULL;
	}
	if (t->cmp == CMP_EQ || t->cmp == CMP_NE) {
		lang_error(c->l, &t->at, "use >= or >",
		    "a sum grows past a limit, it is not met "
		    "to the byte");
		good = false;
	}
	if (t->sums == SUM_DAY) {
		struct target times = { "usual", FIELD_NUMBER, VOCABULARY_NONE, "" };

		if (!value_of(c->l, &times, &t->value, &value))
			return NULL;
		window = 86400 * NS_PER_S;
	} else {
		good = (check_compare(c, t, f, &value) && good);
		good = check_span(c, "within", &t->window, &window) && good;
	}
	good = check_keys(c, t->key, t->key_n, &key) && good;
	if (!good || (x = sum_leaf(c, u, t, f, &value, window, key)) == NULL)
		return NULL;
	if (t->sums == SUM_DAY) {
		x->times = value.n;
		x->value = (struct value){ .type = observation_field[f].type };
	}
	return x;
}

/* `A then B` is B, and A at most so long before: a leaf that remembers when A was met. */
const struct expr *
check_then(struct check *c, struct expr_use *u, const struct tree_expr *t)
{
	struct expr_use head = { .in_head = true, .scratch = u->scratch,
		.macros = u->macros, .sums = u->sums, .top = u->top };
	struct tree_expr after = *t;
	const struct expr *a, *b;
	const enum field *key = NULL;
	struct leaf_link *link;
	struct expr *leaf, *x;
	int64_t window = 0;
	bool good;

	if (!u->in_when && !u->in_head) {
		lang_error(c->l, &t->at, "write it into the rule's 'when'",
		    "a sequence cannot be asked here");
		return NULL;
	}
	/* Before either side is gone into: macros that double would be gone into for long. */
	if (u->thens == LANG_THENS_MAX) {
		u->over = true;
		lang_error(c->l, u->macros == 0 ? &t->at : &u->top, "make it two rules",
		    "with its macros, the expression has more than %u 'then'",
		    LANG_THENS_MAX);
		return NULL;
	}
	head.thens = ++u->thens;
	a = check_expr(c, &head, t->a);
	u->thens = head.thens;
	u->over = u->over || head.over;
	b = check_expr(c, u, t->b);
	u->hears = u->hears || head.hears;
	u->sums = head.sums > u->sums ? head.sums : u->sums;
	good = check_span(c, "within", &t->window, &window);
	good = check_keys(c, t->key, t->key_n, &key) && good;
	if (a == NULL || b == NULL || !good)
		return NULL;
	after.op = TREE_AFTER;
	after.sums = SUM_AFTER;
	if ((leaf = check_leaf(c, u, EXPR_SUM, &after)) == NULL)
		return NULL;
	leaf->a = a;
	leaf->field = FIELD_window_length; /* for its unit */
	leaf->cmp = CMP_LE;
	leaf->value = (struct value){ .type = FIELD_DURATION, .i = window,
		.u = (uint64_t)window };
	leaf->window = window;
	number_sum(c, u, &after, leaf, key);
	if (!u->scratch) {
		link = lang_alloc(c->l, c->l->work, sizeof(*link));
		link->x = leaf;
		link->next = c->heads;
		c->heads = link;
	}
	x = check_node(c, u, EXPR_AND);
	x->a = b;
	x->b = leaf;
	return x;
}
