/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_table: the table of flows of a test. Works out what a row leaves open: of `up`,
 * `for`, `cadence` and `size` three give the fourth, and what is left out is said here and
 * nowhere else. Refuses rows that contradict themselves.
 */
#include "rules/lang/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY (86400 * NS_PER_S)
#define FAST 1e6 /* bytes a second of a row that does not say: 8 Mbit/s */
#define LONGEST (366 * DAY)
#define SIZE_MOST 1e9 /* bytes of a message */

/* "10:00", "9:05:30.5", as ns since midnight. 24:00 is the end of the day. */
bool
time_of_day(const char *s, int64_t *ns)
{
	unsigned part[3] = { 0, 0, 0 }, n = 0, digits;
	int64_t scale = NS_PER_S / 10, fraction = 0;

	for (;; n++) {
		if (n == 3)
			return false;
		for (digits = 0; *s >= '0' && *s <= '9' && digits < 2; s++, digits++)
			part[n] = part[n] * 10 + (unsigned)(*s - '0');
		if (digits == 0 || (n > 0 && digits != 2))
			return false;
		if (*s != ':')
			break;
		s++;
	}
	if (n == 2 && *s == '.')
		for (s++; *s >= '0' && *s <= '9' && scale > 0; s++, scale /= 10)
			fraction += scale * (*s - '0');
	*ns = ((int64_t)part[0] * 3600 + part[1] * 60 + part[2]) * NS_PER_S + fraction;
	return *s == '\0' && n >= 1 && part[1] < 60 && part[2] < 60 && *ns <= DAY;
}

static bool
amount(struct check *c, const struct tree_row *t, enum row_word k, enum field_type type,
    struct value *out)
{
	struct target target = { row_word[k], type, VOCABULARY_NONE, "B" };

	*out = (struct value){ .type = type };
	return t->clause[k].line == 0 || value_of(c->l, &target, &t->amount[k], out);
}

static bool
pace(struct check *c, const struct tree_row *t, double *out)
{
	const struct literal *v = &t->amount[ROW_CADENCE];
	char q[QUOTE_TEXT];

	*out = 0;
	if (t->clause[ROW_CADENCE].line == 0)
		return true;
	if (v->unit != NULL && v->unit->kind == UNIT_PACE && !v->negative) {
		*out = (double)v->mantissa / pow(10, v->decimals);
	} else if (v->unit != NULL && v->unit->kind == UNIT_DURATION && v->mantissa > 0 &&
	    !v->negative) {
		*out = 1e9 * pow(10, v->decimals) /
		    ((double)v->mantissa * (double)v->unit->times);
	}
	if (*out > 0 && *out <= 10000)
		return true;
	lang_error(c->l, &v->at, "write 50/s, or how far apart: 20 ms",
	    "'cadence' cannot be '%s'", literal_quote(v, q));
	return false;
}

/* When, after the Monday; rows stand in the order of time. */
static bool
when(struct check *c, const struct tree_row *t, int64_t *last)
{
	int64_t day = *last / DAY, at;
	uint64_t n;
	char q[QUOTE_TEXT];

	if (!time_of_day(t->time.s, &at)) {
		lang_error(c->l, &t->time.at, "write 10:00 or 10:00:30",
		    "'%s' is no time of day", quote(q, t->time.s, strlen(t->time.s)));
		return false;
	}
	if (t->weekday.s != NULL)
		for (unsigned i = 0; i < 7; i++)
			if (strcmp(vocabulary_word(VOCABULARY_WEEKDAY, i),
				t->weekday.s) == 0)
				day = i;
	if (t->day.kind != LITERAL_NONE) {
		if (!literal_whole(&t->day, 366, &n) || n == 0) {
			lang_error(c->l, &t->day.at, "the first is 'day 1', a Monday",
			    "'day' goes from 1 to 366");
			return false;
		}
		day = (int64_t)n - 1;
	}
	at += day * DAY;
	if (at < *last) {
		lang_error(c->l, &t->at, "write 'day 2 00:10', or sort the rows",
		    "the row begins before the row above it");
		return false;
	}
	*last = at;
	return true;
}

static bool
contradicts(struct check *c, const struct tree_row *t, enum row_word k, const char *what)
{
	lang_error(c->l, &t->clause[k], NULL, "%s", what);
	return false;
}

/* Of how much, how long, how often and how large. */
static bool
work_out(struct check *c, const struct tree_row *t, struct table_row *r)
{
	bool size = t->clause[ROW_SIZE].line != 0, up = t->clause[ROW_UP].line != 0;
	bool during = t->clause[ROW_FOR].line != 0;
	double mean = (double)(r->size + r->size_to) / 2, seconds, ns;

	if (r->cadence == 0) {
		if (size)
			return contradicts(c, t, ROW_SIZE,
			    "'size' says how large the messages of a 'cadence' are, and "
			    "the row has none");
		seconds = (double)(r->up > r->down ? r->up : r->down) / FAST;
		if (!during && seconds * 1e9 > (double)LONGEST)
			return contradicts(c, t, up ? ROW_UP : ROW_DOWN,
			    "at 8 Mbit/s this lasts longer than a year");
		if (!during)
			r->during = (int64_t)(seconds * 1e9) + NS_PER_MS;
		return true;
	}
	if (!during && !(up && size))
		return contradicts(c, t, ROW_CADENCE,
		    "the row says how often and not how long: add 'for 40 s'");
	if (!size && !up)
		return contradicts(c, t, ROW_CADENCE,
		    "the row says how often and not how much: add 'size 80'");
	ns = ceil((double)r->up / mean) / r->cadence * 1e9;
	if (!during && !(ns <= (double)LONGEST))
		return contradicts(c, t, ROW_CADENCE,
		    "as much as 'up' says, so slowly, lasts longer than a year");
	if (!during)
		r->during = (int64_t)ns;
	seconds = (double)r->during / 1e9;
	if (!size) {
		if (!((double)r->up / (seconds * r->cadence) <= SIZE_MOST))
			return contradicts(c, t, ROW_UP,
			    "messages of more than 1 GB: send less, more often or longer");
		r->size = (uint64_t)((double)r->up / (seconds * r->cadence) + 0.5);
		r->size_to = r->size = r->size == 0 ? 1 : r->size;
	} else if (!up) {
		r->up = UINT64_MAX; /* as much as the stream carries */
	} else if (during && (double)r->up < mean * floor(seconds * r->cadence) * 0.9) {
		return contradicts(c, t, ROW_UP,
		    "messages of this size, so often and so long, are more than 'up' says");
	}
	return true;
}

/* `with`: fields, each with its value. */
static bool
states(const struct expr *x)
{
	switch (x->op) {
	case EXPR_AND:
		return states(x->a) && states(x->b);
	case EXPR_NOT:
		return x->a->op == EXPR_BOOL || x->a->op == EXPR_KNOWN;
	case EXPR_BOOL:
		return true;
	case EXPR_COMPARE:
		return x->cmp == CMP_EQ && x->value.type == observation_field[x->field].type &&
		    (x->value.type != FIELD_TEXT || strchr(x->value.text, '*') == NULL) &&
		    (x->value.type != FIELD_ADDRESS || x->value.net.bits == 128);
	default:
		return false;
	}
}

static bool
check_row(struct check *c, const struct tree_row *t, struct table_row *r, int64_t *last)
{
	struct expr_use u = { .top = t->clause[ROW_WITH] };
	struct value up, down, during, size, times, every, port;
	const char *over = t->word[ROW_OVER - ROW_PORT - 1].s;
	const char *app = t->word[ROW_APP - ROW_PORT - 1].s;
	struct literal to;
	bool good = when(c, t, last), span = t->clause[ROW_FOR].line != 0;

	r->at = *last;
	r->line = t->at.line;
	r->from = lang_text(c->l, c->l->keep, t->from.s, strlen(t->from.s));
	r->to = lang_text(c->l, c->l->keep, t->to.s, strlen(t->to.s));
	r->app = app == NULL ? NULL : lang_text(c->l, c->l->keep, app, strlen(app));
	good = amount(c, t, ROW_UP, FIELD_BYTES, &up) && good;
	good = amount(c, t, ROW_DOWN, FIELD_BYTES, &down) && good;
	good = amount(c, t, ROW_FOR, FIELD_DURATION, &during) && good;
	good = amount(c, t, ROW_TIMES, FIELD_COUNT, &times) && good;
	good = amount(c, t, ROW_EVERY, FIELD_DURATION, &every) && good;
	good = amount(c, t, ROW_PORT, FIELD_PORT, &port) && good;
	good = pace(c, t, &r->cadence) && good;
	if (t->clause[ROW_SIZE].line != 0) {
		struct target bytes = { "size", FIELD_NUMBER, VOCABULARY_NONE, "B" };

		to = t->amount[ROW_SIZE].to != NULL ? *t->amount[ROW_SIZE].to :
						      t->amount[ROW_SIZE];
		good = value_of(c->l, &bytes, &t->amount[ROW_SIZE], &size) && good;
		if (good && size.n >= 1 && size.n <= SIZE_MOST)
			r->size = (uint64_t)size.n;
		good = good && value_of(c->l, &bytes, &to, &size);
		if (good && size.n >= 1 && size.n <= SIZE_MOST)
			r->size_to = (uint64_t)size.n;
		if (good && (r->size == 0 || r->size_to < r->size))
			good = contradicts(c, t, ROW_SIZE,
			    "'size' is bytes, or from how many to how many: 60..110");
	}
	if (over != NULL && strcmp(over, "tcp") != 0 && strcmp(over, "udp") != 0)
		good = contradicts(c, t, ROW_OVER, "flows of a table go over tcp or udp");
	if (!good)
		return false;
	/* What keeps time and is not said to be over TLS is datagrams. */
	r->udp = over != NULL ? over[0] == 'u' :
				r->cadence > 1 && (app == NULL || strcmp(app, "tls") != 0);
	r->port = (uint16_t)(t->clause[ROW_PORT].line != 0 ? port.u :
		r->udp						 ? 5004 :
								   443);
	r->up = up.u;
	r->down = down.u;
	r->during = span && during.i == 0 ? 1 : during.i;
	r->times = t->clause[ROW_TIMES].line == 0 ? 1 : (unsigned)times.u;
	r->every = every.i;
	if (during.i > LONGEST || every.i > LONGEST)
		return contradicts(c, t, during.i > LONGEST ? ROW_FOR : ROW_EVERY,
		    "a table ends after a year");
	if (times.u > TABLE_FLOWS_MAX || (t->clause[ROW_TIMES].line != 0 && times.u == 0))
		return contradicts(c, t, ROW_TIMES, "'times' goes from 1 to 40,000");
	if (every.i > LONGEST / r->times)
		return contradicts(c, t, ROW_EVERY, "a table ends after a year");
	if ((t->clause[ROW_TIMES].line == 0) != (t->clause[ROW_EVERY].line == 0))
		return contradicts(c, t,
		    t->clause[ROW_TIMES].line == 0 ? ROW_EVERY : ROW_TIMES,
		    "'times' and 'every' go together: times 30 every 20 s");
	if (t->with != NULL) {
		r->with = check_expr(c, &u, t->with);
		if (r->with != NULL && !states(r->with)) {
			lang_error(c->l, &t->clause[ROW_WITH],
			    "write with device.known and content = audio and dest.new is "
			    "unknown",
			    "'with' states what fields are, one by one");
			return false;
		}
	}
	return work_out(c, t, r);
}

static void
check_rows(struct check *c, const struct tree_test *t, struct rule_test *out)
{
	struct table_row *row;
	uint64_t flows = 0;
	int64_t last = 0;
	unsigned n = 0;

	for (const struct tree_row *r = t->row; r != NULL; r = r->next)
		n++;
	if (n == 0 || n > TABLE_ROWS_MAX) {
		lang_error(c->l, &t->name.at, "write 10:00 a -> b up 12 MB",
		    n == 0 ? "the table of flows is empty" :
			     "the table has more than 1,000 rows");
		return;
	}
	out->row = row = lang_alloc(c->l, c->l->keep, n * sizeof(*row));
	for (const struct tree_row *r = t->row; r != NULL; r = r->next, row++) {
		if (!check_row(c, r, row, &last))
			row->times = 0;
		flows += row->times;
		out->rows++;
	}
	if (flows > TABLE_FLOWS_MAX)
		lang_error(c->l, &t->name.at, "make it shorter",
		    "the table comes to more than 40,000 flows");
}

void
check_table(struct check *c, const struct tree_test *t, struct rule_test *out)
{
	struct test_list *list;
	unsigned n = 0;

	for (const struct tree_test_list *l = t->list; l != NULL; l = l->next)
		n++;
	out->list = list = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(*list));
	for (const struct tree_test_list *l = t->list; l != NULL; l = l->next) {
		const struct list_entry *e = check_find_list(c, &l->name);
		struct hostlist *hosts = hostlist_parse(
		    c->l->keep, span_of("", 0), NULL, NULL);

		if (hosts == NULL)
			lang_no_memory(c->l);
		for (unsigned i = 0; i < l->entry_n; i++)
			check_list_entry(c, hosts, &l->entry[i]);
		if (e != NULL)
			list[out->lists++] = (struct test_list){ e->index, hosts };
	}
	if (t->tz.s != NULL) {
		struct tz *tz = lang_alloc(c->l, c->l->keep, sizeof(*tz));

		if (check_zone_name(c, &t->tz, NULL, tz))
			out->tz = tz;
	}
	if (t->has_flows)
		check_rows(c, t, out);
}
