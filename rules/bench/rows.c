/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rows: see rows.h. */
#include "rules/bench/rows.h"

#include "rules/event/fields.h"
#include "rules/event/human.h"
#include "rules/event/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BAR 10
#define JSON_TEXT 4096

static const char *const verdict_word[] = { "not met", "met", "unknown" };

const char *
plain_text(const char *s, char *buf, size_t size)
{
	struct span at = span_of(s, strlen(s));
	size_t used = 0, n;
	uint32_t c;
	bool valid;

	while ((n = utf8_next(at, &c, &valid)) > 0 && used + n < size) {
		if (valid && utf8_plain(c))
			memcpy(buf + used, at.at, n);
		else
			memset(buf + used, '?', n);
		used += n;
		(void)span_skip(&at, n);
	}
	buf[used] = '\0';
	return buf;
}

const char *
moment_text(int64_t ns, char buf[PKT_TIME_TEXT])
{
	(void)pkt_time_print((struct pkt_time){ ns }, buf);
	if (strlen(buf) > 20)
		memcpy(buf + 19, "Z", 2);		/* to the second */
	buf[10] = ' ';
	return buf;
}

const char *
bar_text(double share, char buf[16])
{
	/* Full is met: what is nearly there has a dot left. */
	int on = share <= 0 ? 0 : share >= 1 ? BAR : (int)(share * BAR);

	buf[0] = '[';
	memset(buf + 1, '#', (size_t)on);
	memset(buf + 1 + on, '.', (size_t)(BAR - on));
	memcpy(buf + 1 + BAR, "]", 2);
	return buf;
}

void
json_string(FILE *out, const char *s)
{
	char room[JSON_TEXT];
	struct json j;

	json_start(&j, room, sizeof(room), JSON_TEXT / 8);
	json_text(&j, s, strlen(s));
	(void)fwrite(room, 1, j.len, out);
}

static void
value_text(const struct value *v, const char *text, enum field f, char *buf, size_t size)
{
	char room[HUMAN_TEXT];
	struct value shown = *v;

	shown.text = text;
	(void)plain_text(human_value(&shown, f, room), buf, size);
}

void
row_of_case(const struct program *p, const struct near_case *c, unsigned leaf,
    struct bench_row *out)
{
	const struct rule *r = &p->rule[c->rule];
	const struct expr *x = r->leaf[leaf];
	const struct near_leaf *l = &c->leaf[leaf];
	bool counts = x->op == EXPR_COMPARE || x->op == EXPR_SUM;
	char room[480];

	*out = (struct bench_row){ .share = -1 };
	(void)condition_text(r, x, room, sizeof(room));
	(void)plain_text(room, out->cond, sizeof(out->cond));
	out->passed = l->lacks == 0 ? TRUTH_TRUE :
	    l->truth == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : TRUTH_FALSE;
	if (l->observed_known)
		value_text(&l->observed, l->text, x->field, out->observed,
		    sizeof(out->observed));
	if (l->has_limit)
		value_text(&l->limit, "", x->field, out->limit, sizeof(out->limit));
	else if (counts && !(x->op == EXPR_SUM && x->sums == SUM_DAY))
		value_text(&x->value, x->value.text, x->field, out->limit,
		    sizeof(out->limit));
	else if (x->op == EXPR_IN_LIST || x->op == EXPR_DEST_IN_LIST || x->op == EXPR_EMPTY)
		(void)plain_text(p->list[x->list].name, out->limit, sizeof(out->limit));
	if (counts && l->observed_known && l->truth != TRUTH_UNKNOWN &&
	    x->cmp != CMP_EQ && x->cmp != CMP_NE)
		out->share = 1 - l->lacks;
}

/* A number in the unit that the event says, as a person reads it. */
static void
number_text(const struct json_value *v, const char *unit, char *buf, size_t size)
{
	char room[HUMAN_TEXT];
	double n = parse_number(v);

	if (v->type == '"') {
		char raw[256];

		(void)parse_text(v, raw, sizeof(raw));
		(void)plain_text(raw, buf, size);
	} else if (v->type == 't' || v->type == 'f') {
		(void)snprintf(buf, size, "%s", v->type == 't' ? "yes" : "no");
	} else if (v->type == '0' && strcmp(unit, "B") == 0 && n >= 0 && n < 1e19) {
		(void)snprintf(buf, size, "%s", human_bytes((uint64_t)n, room));
	} else if (v->type == '0' && strcmp(unit, "bit/s") == 0) {
		(void)snprintf(buf, size, "%s", human_rate(n, room));
	} else if (v->type == '0' && strcmp(unit, "s") == 0 && n >= 0 && n < 1e9) {
		(void)snprintf(buf, size, "%s", human_duration((int64_t)(n * 1e9), room));
	} else if (v->type == '0') {
		(void)snprintf(buf, size, "%.*s", (int)v->raw.left < 40 ?
		    (int)v->raw.left : 40, (const char *)v->raw.at);
	}
}

bool
row_of_why(const struct json_value *why, struct bench_row *out)
{
	struct json_value v, w;
	char room[480], unit[16] = "", op[16] = "";
	double got, want;

	*out = (struct bench_row){ .share = -1, .passed = TRUTH_UNKNOWN };
	if (why->type != '{' || !parse_get(why, "cond", &v))
		return false;
	(void)parse_text(&v, room, sizeof(room));
	(void)plain_text(room, out->cond, sizeof(out->cond));
	if (parse_get(why, "unit", &v))
		(void)parse_text(&v, unit, sizeof(unit));
	if (parse_get(why, "op", &v))
		(void)parse_text(&v, op, sizeof(op));
	if (parse_get(why, "passed", &v) && (v.type == 't' || v.type == 'f'))
		out->passed = v.type == 't' ? TRUTH_TRUE : TRUTH_FALSE;
	if (parse_get(why, "observed", &w))
		number_text(&w, unit, out->observed, sizeof(out->observed));
	else
		w.type = 0;
	if (!parse_get(why, "limit", &v))
		return true;
	number_text(&v, unit, out->limit, sizeof(out->limit));
	if (v.type != '0' || w.type != '0' || out->passed == TRUTH_UNKNOWN ||
	    (op[0] != '<' && op[0] != '>'))
		return true;
	got = parse_number(&w);
	want = parse_number(&v);
	if (out->passed == TRUTH_TRUE)
		out->share = 1;
	else if ((op[0] == '>') == (strncmp(out->cond, "not ", 4) != 0))
		out->share = want > 0 && got > 0 ? fmin(got / want, 0.999) : 0;
	else
		out->share = got > 0 && want > 0 ? fmin(want / got, 0.999) : 0;
	return true;
}

/* How many columns a text takes, near enough: its characters. */
static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
column(FILE *out, const char *s, size_t wide)
{
	size_t n = width(s);

	fputs(s, out);
	for (; n < wide; n++)
		fputc(' ', out);
}

void
rows_print(FILE *out, const struct bench_row *row, size_t n)
{
	size_t cond = 9, observed = 8, limit = 5;
	char bar[16];

	for (size_t i = 0; i < n; i++) {
		size_t w = width(row[i].cond);

		cond = w > cond && w <= 60 ? w : cond;
		w = width(row[i].observed);
		observed = w > observed && w <= 32 ? w : observed;
		w = width(row[i].limit);
		limit = w > limit ? w : limit;
	}
	fputs("  ", out);
	column(out, "", 9);
	column(out, "condition", cond + 2);
	column(out, "observed", observed + 2);
	column(out, "limit", limit);
	fputc('\n', out);
	for (size_t i = 0; i < n; i++) {
		const struct bench_row *r = &row[i];

		fputs("  ", out);
		column(out, verdict_word[r->passed], 9);
		column(out, r->cond, cond + 2);
		column(out, r->observed[0] != '\0' ? r->observed :
		    r->passed == TRUTH_UNKNOWN ? "?" : "-", observed + 2);
		column(out, r->limit[0] != '\0' ? r->limit : "-", limit);
		if (r->share >= 0)
			fprintf(out, "  %s %3.0f %%", bar_text(r->share, bar),
			    floor(100 * r->share));
		fputc('\n', out);
	}
}

const char *
case_lacks(const struct program *p, const struct near_case *c, char *buf, size_t size)
{
	struct bench_row row;
	bool needed[NEAR_LEAVES];
	size_t at = 0;
	unsigned more = 0;

	buf[0] = '\0';
	near_needed(c, &p->rule[c->rule], needed);
	for (unsigned i = 0; i < c->leaves; i++) {
		const struct expr *x = p->rule[c->rule].leaf[i];
		int n;

		if (!needed[i])
			continue;
		if (at > 0 && at + 120 > size) {
			more++;
			continue;
		}
		row_of_case(p, c, i, &row);
		if (row.share >= 0)
			n = snprintf(buf + at, size - at, "%s%s %s of %s, %.0f %%",
			    at == 0 ? "" : "; ", observation_field[x->field].word,
			    row.observed, row.limit, floor(100 * row.share));
		else if (row.passed == TRUTH_UNKNOWN)
			n = snprintf(buf + at, size - at, "%s%.80s is unknown",
			    at == 0 ? "" : "; ", row.cond);
		else
			n = snprintf(buf + at, size - at, "%snot '%.80s'",
			    at == 0 ? "" : "; ", row.cond);
		at += n > 0 ? (size_t)n : 0;
	}
	if (more > 0 && at + 40 < size)
		(void)snprintf(buf + at, size - at, "; and %u more", more);
	return buf;
}
