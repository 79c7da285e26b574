/* SPDX-License-Identifier: GPL-3.0-or-later */
/* near: measures what each record lacked, and keeps the least of every case. */
#include "rules/bench/near.h"

#include "capture/base/table.h"
#include "rules/eval/truth.h"
#include "rules/event/human.h"

#include <stdlib.h>
#include <string.h>

#define CASES 2048
#define FIRED 65536

struct near_key {
	uint32_t rule, run;
	uint64_t device, dest;
};

struct kept {
	struct near_key key;
	struct near_case c;
};

struct near {
	struct near_options o;
	struct table *cases, *fired;
	unsigned run, n;
	struct kept *best[NEAR_MOST];	/* in no order until near_finish */
	double worst;			/* of them, once they are NEAR_MOST */
};

/* One measurement under way. */
struct look {
	struct eval *e;
	const struct observation *o;
	const struct intern *strings;
};

static void forget(struct near *n, const struct near_key *key);
static void gone(void *arg, const void *key, void *value);
static double less(double a, double b);
static double lacks(const struct look *l, const struct expr *x, bool negated, double stop);
static double leaf_lacks(const struct reason *r, bool negated);
static void fill(struct near_case *c, const struct look *l, const struct rule *r);
static void polarities(const struct expr *x, bool negated, bool *out, unsigned n);

struct near *
near_create(const struct near_options *o)
{
	struct table_options to = { .hash = o->hash, .key_size = sizeof(struct near_key),
		.value_size = sizeof(struct near_case), .max = CASES, .evict = gone };
	struct near *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->o = *o;
	n->o.most = o->most > 0 ? o->most : 1;
	to.arg = n;
	n->cases = table_create(&to);
	to.value_size = 1;
	to.max = FIRED;
	to.evict = NULL;
	n->fired = table_create(&to);
	if (n->cases == NULL || n->fired == NULL) {
		near_destroy(n);
		return NULL;
	}
	return n;
}

void
near_destroy(struct near *n)
{
	if (n == NULL)
		return;
	for (unsigned i = 0; i < n->n; i++)
		free(n->best[i]);
	table_destroy(n->cases);
	table_destroy(n->fired);
	free(n);
}

void
near_run(struct near *n, unsigned run)
{
	n->run = run;
}

static uint64_t
name_hash(const struct near *n, struct span s)
{
	return siphash13(&n->o.hash, s.at, s.left);
}

static void
keep(char *out, size_t size, struct span s)
{
	size_t k = s.left < size - 1 ? s.left : size - 1;

	if (k > 0)
		memcpy(out, s.at, k);
	out[k] = '\0';
}

void
near_take(struct near *n, struct eval *e, unsigned rule, bool fired,
    const struct observation *o, const struct intern *strings)
{
	const struct rule *r = &n->o.program->rule[rule];
	struct look l = { e, o, strings };
	struct near_key key = { .rule = rule, .run = n->run };
	struct near_case *c;
	char a[ADDR_TEXT], b[ADDR_TEXT];
	struct span device, dest;
	double got;
	bool is_new;

	if (!near_is_device(n->o.device, o, strings) || !near_is_dest(n->o.dest, o, strings))
		return;
	got = fired ? 0 : lacks(&l, r->when, false, n->o.most);
	if (got >= n->o.most)
		return;
	device = device_label(o, strings, a);
	dest = dest_label(o, strings, b);
	key.device = name_hash(n, device);
	key.dest = name_hash(n, dest);
	if (fired) {
		forget(n, &key);
		return;
	}
	if (table_find(n->fired, &key) != NULL)
		return;
	/* Full of nearer ones, and this case is not there: it would leave again. */
	if (n->n == NEAR_MOST && got >= n->worst && table_find(n->cases, &key) == NULL)
		return;
	c = table_use(n->cases, &key, &is_new);
	c->records++;
	if (!is_new && c->lacks <= got)
		return;
	c->rule = rule;
	c->run = n->run;
	c->time = o->time;
	c->kind = (enum observation_kind)o->kind;
	c->flow_id = o->flow_id;
	c->lacks = got;
	keep(c->device, sizeof(c->device), device);
	keep(c->dest, sizeof(c->dest), dest);
	c->address[0] = c->dest_address[0] = '\0';
	if (observation_known(o, FIELD_src_ip))
		(void)addr_print(&o->src_ip, c->address);
	if (observation_known(o, FIELD_dest_ip))
		(void)addr_print(&o->dest_ip, c->dest_address);
	fill(c, &l, r);
}

/* It fired after all. */
static void
forget(struct near *n, const struct near_key *key)
{
	void *c = table_find(n->cases, key);
	bool is_new;

	(void)table_use(n->fired, key, &is_new);
	if (!is_new)
		return;
	if (c != NULL)
		table_remove(n->cases, c);
	for (unsigned i = 0; i < n->n; i++)
		if (memcmp(&n->best[i]->key, key, sizeof(*key)) == 0) {
			free(n->best[i]);
			n->best[i] = n->best[--n->n];
			n->worst = 0;
			return;
		}
}

/* A case makes room: it stays when it is among the nearest. */
static void
gone(void *arg, const void *k, void *value)
{
	struct near *n = arg;
	const struct near_key *key = k;
	const struct near_case *c = value;
	unsigned at = 0, worst = 0;

	for (; at < n->n; at++) {
		if (memcmp(&n->best[at]->key, key, sizeof(*key)) == 0)
			break;
		if (n->best[at]->c.lacks > n->best[worst]->c.lacks)
			worst = at;
	}
	if (at == n->n && n->n == NEAR_MOST)
		at = worst;
	if (at < n->n) {
		if (n->best[at]->c.lacks > c->lacks)
			*n->best[at] = (struct kept){ *key, *c };
	} else {
		n->best[at] = malloc(sizeof(**n->best));
		if (n->best[at] == NULL)
			return;
		*n->best[n->n++] = (struct kept){ *key, *c };
	}
	n->worst = 0;
	for (unsigned i = 0; i < n->n; i++)
		if (n->best[i]->c.lacks > n->worst)
			n->worst = n->best[i]->c.lacks;
}

static int
by_nearness(const void *va, const void *vb)
{
	const struct near_case *a = &(*(struct kept *const *)va)->c;
	const struct near_case *b = &(*(struct kept *const *)vb)->c;
	int names;

	if (a->lacks != b->lacks)
		return a->lacks < b->lacks ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	names = strcmp(a->device, b->device);
	return names != 0 ? names : strcmp(a->dest, b->dest);
}

unsigned
near_finish(struct near *n)
{
	void *c;

	while ((c = table_oldest(n->cases)) != NULL) {
		gone(n, table_key(c), c);
		table_remove(n->cases, c);
	}
	qsort(n->best, n->n, sizeof(*n->best), by_nearness);
	return n->n;
}

const struct near_case *
near_get(const struct near *n, unsigned i)
{
	return i < n->n ? &n->best[i]->c : NULL;
}

static double
summed(const struct near_case *c, const struct expr *x, bool negated)
{
	double a, b;

	switch (x->op) {
	case EXPR_NOT:
		return summed(c, x->a, !negated);
	case EXPR_AND:
	case EXPR_OR:
		a = summed(c, x->a, negated);
		b = summed(c, x->b, negated);
		return (x->op == EXPR_OR) == negated ? a + b : less(a, b);
	default:
		return x->leaf < c->leaves ? c->leaf[x->leaf].lacks : 0;
	}
}

static void
mark(const struct near_case *c, const struct expr *x, bool negated, bool *needed)
{
	switch (x->op) {
	case EXPR_NOT:
		mark(c, x->a, !negated, needed);
		return;
	case EXPR_AND:
	case EXPR_OR:
		if ((x->op == EXPR_OR) == negated) {
			mark(c, x->a, negated, needed);
			mark(c, x->b, negated, needed);
		} else {
			mark(c, summed(c, x->b, negated) < summed(c, x->a, negated) ?
			    x->b : x->a, negated, needed);
		}
		return;
	default:
		if (x->leaf < c->leaves && c->leaf[x->leaf].lacks > 0)
			needed[x->leaf] = true;
	}
}

void
near_needed(const struct near_case *c, const struct rule *r, bool needed[NEAR_LEAVES])
{
	memset(needed, 0, NEAR_LEAVES * sizeof(*needed));
	mark(c, r->when, false, needed);
}

unsigned
near_first(const struct near_case *c, const struct rule *r)
{
	bool needed[NEAR_LEAVES];
	unsigned i = 0;

	near_needed(c, r, needed);
	while (i < c->leaves && !needed[i])
		i++;
	return i;
}

/* ---- what is lacking ---- */

static double
less(double a, double b)
{
	return a < b ? a : b;
}

/* No more is asked once it is `stop` or more. The rule's tree is as deep as the parser
 * allows, not as a packet says. */
static double
lacks(const struct look *l, const struct expr *x, bool negated, double stop)
{
	struct reason r;
	double a, b;

	switch (x->op) {
	case EXPR_NOT:
		return lacks(l, x->a, !negated, stop);
	case EXPR_AND:
	case EXPR_OR:
		a = lacks(l, x->a, negated, stop);
		if ((x->op == EXPR_OR) == negated) {		/* all of them */
			if (a >= stop)
				return a;
			return a + lacks(l, x->b, negated, stop - a);
		}
		if (a == 0)
			return 0;
		b = lacks(l, x->b, negated, less(a, stop));
		return less(a, b);
	default:
		r = eval_leaf(l->e, x, l->o, l->strings);
		return leaf_lacks(&r, negated);
	}
}

static bool
figure(const struct value *v, double *out)
{
	switch (v->type) {
	case FIELD_COUNT:
	case FIELD_BYTES:
		*out = (double)v->u;
		return true;
	case FIELD_NUMBER:
	case FIELD_RATE:
		*out = v->n;
		return v->n == v->n;
	case FIELD_DURATION:
		*out = (double)v->i;
		return true;
	default:
		return false;
	}
}

static double
leaf_lacks(const struct reason *r, bool negated)
{
	const struct expr *x = r->leaf;
	const struct value *limit = r->has_limit ? &r->limit : &x->value;
	enum compare_op cmp = x->cmp;
	double got, want, share;

	if (r->truth == TRUTH_UNKNOWN)
		return 1;
	if ((r->truth == TRUTH_TRUE) != negated)
		return 0;
	if ((x->op != EXPR_COMPARE && x->op != EXPR_SUM) || !r->observed_known ||
	    cmp == CMP_EQ || cmp == CMP_NE || !figure(&r->observed, &got) ||
	    !figure(limit, &want) || got < 0 || want < 0)
		return 1;
	if ((cmp == CMP_LT || cmp == CMP_LE) != negated)
		share = got > 0 ? want / got : 0;
	else
		share = want > 0 ? got / want : 0;
	/* At the limit itself, where more was asked for: next to nothing is lacking. */
	return share < 0.999 ? 1 - share : 0.001;
}

static void
fill(struct near_case *c, const struct look *l, const struct rule *r)
{
	bool negated[NEAR_LEAVES] = { false };

	c->leaves = r->leaves < NEAR_LEAVES ? r->leaves : NEAR_LEAVES;
	polarities(r->when, false, negated, c->leaves);
	for (unsigned i = 0; i < c->leaves; i++) {
		struct reason got = eval_leaf(l->e, r->leaf[i], l->o, l->strings);
		struct near_leaf *n = &c->leaf[i];

		n->truth = got.truth;
		n->lacks = leaf_lacks(&got, negated[i]);
		n->observed_known = got.observed_known;
		n->observed = got.observed;
		n->has_limit = got.has_limit;
		n->limit = got.limit;
		n->text[0] = '\0';
		if (got.observed_known && got.observed.type == FIELD_TEXT &&
		    got.observed.text != NULL)
			keep(n->text, sizeof(n->text), span_of(got.observed.text,
			    strlen(got.observed.text)));
		n->observed.text = NULL;
		n->limit.text = NULL;
	}
}

static void
polarities(const struct expr *x, bool negated, bool *out, unsigned n)
{
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		polarities(x->a, negated, out, n);
		polarities(x->b, negated, out, n);
		return;
	case EXPR_NOT:
		polarities(x->a, !negated, out, n);
		return;
	default:
		if (x->leaf < n)
			out[x->leaf] = negated;
	}
}

/* ---- names ---- */

static bool
any_matches(const char *glob, const struct observation *o, const struct intern *strings,
    const enum field *f, size_t n, enum field address, const struct addr *ip)
{
	char text[ADDR_TEXT];
	struct prefix net;
	struct value v;
	struct span s;

	for (size_t i = 0; i < n; i++)
		if (field_value(o, f[i], strings, &v, &s) && text_glob(glob, s))
			return true;
	if (!observation_known(o, address))
		return false;
	if (prefix_parse(glob, strlen(glob), &net))
		return prefix_has(&net, ip);
	(void)addr_print(ip, text);
	return text_glob(glob, span_of(text, strlen(text)));
}

bool
near_is_device(const char *glob, const struct observation *o, const struct intern *strings)
{
	static const enum field f[] = { FIELD_device_name, FIELD_device_key };

	return glob == NULL || any_matches(glob, o, strings, f, sizeof(f) / sizeof(f[0]),
	    FIELD_src_ip, &o->src_ip);
}

bool
near_is_dest(const char *glob, const struct observation *o, const struct intern *strings)
{
	static const enum field f[] = { FIELD_dest_name, FIELD_dest_key, FIELD_dest_logical,
		FIELD_tls_sni, FIELD_quic_sni, FIELD_http_host };

	return glob == NULL || any_matches(glob, o, strings, f, sizeof(f) / sizeof(f[0]),
	    FIELD_dest_ip, &o->dest_ip);
}
