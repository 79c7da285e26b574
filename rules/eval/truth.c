/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * truth: the three values, and every operator but the sum. A field that is not known
 * makes its condition unknown, whatever the operator;
 * `known` alone asks about that itself.
 */
#include "rules/eval/truth.h"

#include <string.h>

/* Every name a destination may be known by, besides its address. */
static const enum field dest_names[] = { FIELD_dest_name, FIELD_tls_sni, FIELD_quic_sni,
	FIELD_http_host, FIELD_dest_logical };

static enum truth compare(const struct expr *x, const struct value *v, struct span text);
static bool set_has(const struct program *p, const struct expr *x,
    const struct observation *o, const struct value *v, struct span text);
static enum truth dest_in_list(const struct program *p, const struct expr *x,
    const struct observation *o, const struct intern *strings, struct reason *r);
static bool ordered(int sign, enum compare_op cmp);

enum truth
truth_and(enum truth a, enum truth b)
{
	if (a == TRUTH_FALSE || b == TRUTH_FALSE)
		return TRUTH_FALSE;
	return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth
truth_or(enum truth a, enum truth b)
{
	if (a == TRUTH_TRUE || b == TRUTH_TRUE)
		return TRUTH_TRUE;
	return a == TRUTH_FALSE && b == TRUTH_FALSE ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

enum truth
truth_not(enum truth a)
{
	if (a == TRUTH_UNKNOWN)
		return TRUTH_UNKNOWN;
	return a == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

unsigned
truth_sums(const struct expr *x)
{
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		return truth_sums(x->a) + truth_sums(x->b);
	case EXPR_NOT:
		return truth_sums(x->a);
	default:
		return x->op == EXPR_SUM;
	}
}

enum truth
eval_expr(const struct program *p, const struct expr *x, const struct observation *o,
    const struct intern *strings)
{
	return truth_expr(p, x, o, strings, NULL);
}

enum truth
truth_expr(const struct program *p, const struct expr *x, const struct observation *o,
    const struct intern *strings, struct list_memo *memo)
{
	struct list_answer *l;
	enum truth a;

	switch (x->op) {
	case EXPR_AND:
		a = truth_expr(p, x->a, o, strings, memo);
		return a == TRUTH_FALSE ? a : truth_and(a,
		    truth_expr(p, x->b, o, strings, memo));
	case EXPR_OR:
		a = truth_expr(p, x->a, o, strings, memo);
		return a == TRUTH_TRUE ? a : truth_or(a,
		    truth_expr(p, x->b, o, strings, memo));
	case EXPR_NOT:
		return truth_not(truth_expr(p, x->a, o, strings, memo));
	case EXPR_SUM:
		return TRUTH_UNKNOWN;
	case EXPR_DEST_IN_LIST:
		if (memo == NULL)
			break;
		l = &memo->answer[x->list];
		if (l->record != memo->record) {
			l->record = memo->record;
			l->truth = dest_in_list(p, x, o, strings, NULL);
		}
		return l->truth;
	default:
		break;
	}
	return truth_leaf(p, x, o, strings, NULL);
}

enum truth
truth_leaf(const struct program *p, const struct expr *x, const struct observation *o,
    const struct intern *strings, struct reason *r)
{
	struct value v;
	struct span text = { NULL, 0 };
	bool known;
	enum truth t;

	switch (x->op) {
	case EXPR_DEST_IN_LIST:
		return dest_in_list(p, x, o, strings, r);
	case EXPR_EMPTY:
		memset(&v, 0, sizeof(v));
		v.type = FIELD_COUNT;
		v.u = hostlist_size(p->list[x->list].hosts);
		known = true;
		t = v.u == 0 ? TRUTH_TRUE : TRUTH_FALSE;
		break;
	case EXPR_KNOWN:
		known = field_value(o, x->field, strings, &v, &text);
		t = known ? TRUTH_TRUE : TRUTH_FALSE;
		break;
	default:
		known = field_value(o, x->field, strings, &v, &text);
		if (!known) {
			t = TRUTH_UNKNOWN;
			break;
		}
		if (x->op == EXPR_BOOL)
			t = v.b ? TRUTH_TRUE : TRUTH_FALSE;
		else if (x->op == EXPR_COMPARE)
			t = compare(x, &v, text);
		else if (x->op == EXPR_IN_SET)
			t = set_has(p, x, o, &v, text) ? TRUTH_TRUE : TRUTH_FALSE;
		else if (v.type == FIELD_ADDRESS)
			t = hostlist_has_addr(p->list[x->list].hosts, &v.net.net) ?
			    TRUTH_TRUE : TRUTH_FALSE;
		else
			t = hostlist_has_name(p->list[x->list].hosts, text) ?
			    TRUTH_TRUE : TRUTH_FALSE;
		break;
	}
	if (r != NULL) {
		r->leaf = x;
		r->truth = t;
		r->observed_known = known;
		if (known)
			r->observed = v;
	}
	return t;
}

/* The name that matched is what is shown; when none did, the best name,
 * else the address. */
static enum truth
dest_in_list(const struct program *p, const struct expr *x, const struct observation *o,
    const struct intern *strings, struct reason *r)
{
	const struct hostlist *hosts = p->list[x->list].hosts;
	struct value v, shown;
	struct span text;
	bool have = false, found = false;
	enum truth t;

	memset(&shown, 0, sizeof(shown));
	for (size_t i = 0; i < sizeof(dest_names) / sizeof(dest_names[0]) &&
	    !found; i++) {
		if (!field_value(o, dest_names[i], strings, &v, &text) || text.left == 0)
			continue;
		/* what a server says of itself opens no door */
		if (dest_names[i] == FIELD_dest_name &&
		    o->dest_name_source == NAME_SOURCE_CERTIFICATE)
			continue;
		found = hostlist_has_name(hosts, text);
		if (found || !have)
			shown = v;
		have = true;
	}
	if (!found && field_value(o, FIELD_dest_ip, strings, &v, NULL)) {
		found = hostlist_has_addr(hosts, &v.net.net);
		if (found || !have)
			shown = v;
		have = true;
	}
	if (!found && hostlist_systems(hosts) > 0 && field_value(o, FIELD_dest_asn, strings, &v,
	    NULL) && hostlist_has_as(hosts, v.u)) {
		found = true;
		shown = v;
	}
	if (found)
		t = TRUTH_TRUE;
	else if (observation_known(o, FIELD_dest_settled) && o->dest_settled != 0)
		t = TRUTH_FALSE;
	else
		t = TRUTH_UNKNOWN;
	if (r != NULL) {
		r->leaf = x;
		r->truth = t;
		r->observed_known = have;
		r->observed = shown;
	}
	return t;
}

bool
field_value(const struct observation *o, enum field f, const struct intern *strings,
    struct value *out, struct span *text)
{
	const struct field_info *fi = &observation_field[f];
	const uint8_t *at = (const uint8_t *)o + fi->offset;
	uint32_t id;
	uint16_t small;
	struct span s;

	memset(out, 0, sizeof(*out));
	if (!observation_known(o, f))
		return false;
	out->type = fi->type;
	switch (fi->type) {
	case FIELD_BOOL:
		out->b = *at != 0;
		return true;
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_MAC:
	case FIELD_WORDS:
		memcpy(&out->u, at, sizeof(out->u));
		return true;
	case FIELD_PORT:
	case FIELD_WORD:
		memcpy(&small, at, sizeof(small));
		out->u = small;
		return true;
	case FIELD_NUMBER:
	case FIELD_RATE:
		memcpy(&out->n, at, sizeof(out->n));
		return true;
	case FIELD_DURATION:
	case FIELD_MOMENT:
		memcpy(&out->i, at, sizeof(out->i));
		return true;
	case FIELD_ADDRESS:
		memcpy(&out->net.net, at, sizeof(out->net.net));
		out->net.bits = 128;
		return true;
	case FIELD_TEXT:
		break;
	}
	memcpy(&id, at, sizeof(id));
	s = intern_get(strings, id);
	if (id != 0 && s.left == 0)
		return false;		/* the string is gone: no longer known */
	out->text = (const char *)s.at;
	if (text != NULL)
		*text = s;
	return true;
}

static enum truth
compare(const struct expr *x, const struct value *v, struct span text)
{
	const struct value *want = &x->value;
	bool equal = false;

	switch (v->type) {
	case FIELD_BOOL:
		equal = v->b == want->b;
		break;
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_PORT:
		return truth_compare_u64(v->u, x->cmp, want->u) ? TRUTH_TRUE :
		    TRUTH_FALSE;
	case FIELD_NUMBER:
	case FIELD_RATE:
		if (v->n != v->n)
			return TRUTH_UNKNOWN;		/* a NaN says nothing */
		return ordered((v->n > want->n) - (v->n < want->n), x->cmp) ?
		    TRUTH_TRUE : TRUTH_FALSE;
	case FIELD_DURATION:
	case FIELD_MOMENT:
		return ordered((v->i > want->i) - (v->i < want->i), x->cmp) ?
		    TRUTH_TRUE : TRUTH_FALSE;
	case FIELD_MAC:
	case FIELD_WORD:
		equal = v->u == want->u;
		break;
	case FIELD_WORDS:
		equal = (v->u & want->u) == want->u;	/* has it, among others */
		break;
	case FIELD_ADDRESS:
		equal = prefix_has(&want->net, &v->net.net);
		break;
	case FIELD_TEXT:
		equal = want->text != NULL && text_glob(want->text, text);
		break;
	}
	return equal == (x->cmp != CMP_NE) ? TRUTH_TRUE : TRUTH_FALSE;
}

/* Local time since midnight. */
static int64_t
clock_of(const struct tz *z, int64_t time)
{
	int64_t day = 86400 * NS_PER_S, at = (time + tz_offset(z, time)) % day;

	return at < 0 ? at + day : at;
}

static bool
between(const struct value *from, const struct value *v, const struct value *to)
{
	switch (v->type) {
	case FIELD_NUMBER:
	case FIELD_RATE:
		return v->n >= from->n && v->n <= to->n;
	case FIELD_DURATION:
	case FIELD_MOMENT:
		return v->i >= from->i && v->i <= to->i;
	case FIELD_ADDRESS:
		return addr_cmp(&v->net.net, &from->net.net) >= 0 &&
		    addr_cmp(&v->net.net, &to->net.net) <= 0;
	default:
		break;
	}
	/* What ends before it begins goes round: weekdays, hours. */
	return from->u <= to->u ? v->u >= from->u && v->u <= to->u :
	    v->u >= from->u || v->u <= to->u;
}

static bool
set_has(const struct program *p, const struct expr *x, const struct observation *o,
    const struct value *v, struct span text)
{
	struct expr one = *x;

	one.op = EXPR_COMPARE;
	one.cmp = CMP_EQ;
	for (unsigned i = 0; i < x->set_n; i++) {
		const struct value *from = &x->set[i], *to = from->to;

		if (to != NULL && x->field == FIELD_hour && from->type == FIELD_DURATION) {
			int64_t at = clock_of(&p->tz, o->time);

			if (from->i <= to->i ? at >= from->i && at < to->i :
			    at >= from->i || at < to->i)
				return true;
			continue;
		}
		if (to != NULL) {
			if (between(from, v, to))
				return true;
			continue;
		}
		one.value = x->set[i];
		if (compare(&one, v, text) == TRUTH_TRUE)
			return true;
	}
	return false;
}

bool
truth_compare_u64(uint64_t a, enum compare_op cmp, uint64_t b)
{
	return ordered((a > b) - (a < b), cmp);
}

static bool
ordered(int sign, enum compare_op cmp)
{
	switch (cmp) {
	case CMP_LT:
		return sign < 0;
	case CMP_LE:
		return sign <= 0;
	case CMP_GT:
		return sign > 0;
	case CMP_GE:
		return sign >= 0;
	case CMP_EQ:
		return sign == 0;
	case CMP_NE:
		return sign != 0;
	}
	return false;
}

static unsigned
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32U : c;
}

/* Greedy with one place to return to: linear in practice,
 * never worse than glob x text. */
bool
text_glob(const char *glob, struct span text)
{
	const char *star = NULL;
	size_t at = 0, back = 0;

	while (at < text.left) {
		if (*glob == '*') {
			star = ++glob;
			back = at;
		} else if (*glob != '\0' && lower((uint8_t)*glob) == lower(text.at[at])) {
			glob++;
			at++;
		} else if (star != NULL) {
			glob = star;
			at = ++back;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}
