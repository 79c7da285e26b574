/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * value: literals and their units; see value.h. What does not fit is told in words that
 * name both sides: what the field holds, and what was written.
 */
#include "classify/dpi/vocabulary.h"
#include "rules/lang/value.h"

#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define KILO UINT64_C(1000)
#define KIBI UINT64_C(1024)

/* Families from the smallest unit to the largest. */
static const struct unit units[] = {
	{ "B", UNIT_BYTES, 1 },
	{ "kB", UNIT_BYTES, KILO },
	{ "MB", UNIT_BYTES, KILO *KILO },
	{ "GB", UNIT_BYTES, KILO *KILO *KILO },
	{ "TB", UNIT_BYTES, KILO *KILO *KILO *KILO },
	{ "KiB", UNIT_BINARY, KIBI },
	{ "MiB", UNIT_BINARY, KIBI *KIBI },
	{ "GiB", UNIT_BINARY, KIBI *KIBI *KIBI },
	{ "bit/s", UNIT_RATE, 1 },
	{ "kbit/s", UNIT_RATE, KILO },
	{ "Mbit/s", UNIT_RATE, KILO *KILO },
	{ "Gbit/s", UNIT_RATE, KILO *KILO *KILO },
	{ "ms", UNIT_DURATION, NS_PER_MS },
	{ "s", UNIT_DURATION, NS_PER_S },
	{ "min", UNIT_DURATION, 60 * NS_PER_S },
	{ "h", UNIT_DURATION, 3600 * NS_PER_S },
	{ "d", UNIT_DURATION, 86400 * NS_PER_S },
	{ "%", UNIT_PERCENT, 1 },
	{ "/s", UNIT_PACE, 1 },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

const struct unit *
unit_find(const char *s, size_t n)
{
	for (size_t i = 0; i < UNITS; i++)
		if (strlen(units[i].word) == n && memcmp(units[i].word, s, n) == 0)
			return &units[i];
	return NULL;
}

const char *
unit_remedy(const char *wrong, char *buf, size_t size)
{
	static const char *const meant[][2] = {
		{ "kb", "kB" },
		{ "KB", "kB" },
		{ "K", "kB" },
		{ "k", "kB" },
		{ "mb", "MB" },
		{ "Mb", "MB" },
		{ "M", "MB" },
		{ "gb", "GB" },
		{ "Gb", "GB" },
		{ "G", "GB" },
		{ "tb", "TB" },
		{ "b", "B" },
		{ "byte", "B" },
		{ "bytes", "B" },
		{ "kib", "KiB" },
		{ "mib", "MiB" },
		{ "gib", "GiB" },
		{ "bps", "bit/s" },
		{ "bits/s", "bit/s" },
		{ "kbps", "kbit/s" },
		{ "Kbps", "kbit/s" },
		{ "kb/s", "kbit/s" },
		{ "Kbit/s", "kbit/s" },
		{ "kbit", "kbit/s" },
		{ "mbps", "Mbit/s" },
		{ "Mbps", "Mbit/s" },
		{ "Mb/s", "Mbit/s" },
		{ "mbit/s", "Mbit/s" },
		{ "Mbit", "Mbit/s" },
		{ "msec", "ms" },
		{ "milliseconds", "ms" },
		{ "sec", "s" },
		{ "secs", "s" },
		{ "second", "s" },
		{ "seconds", "s" },
		{ "m", "min" },
		{ "mins", "min" },
		{ "minute", "min" },
		{ "minutes", "min" },
		{ "hour", "h" },
		{ "hours", "h" },
		{ "hr", "h" },
		{ "hrs", "h" },
		{ "day", "d" },
		{ "days", "d" },
		{ "percent", "%" },
	};

	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++) {
		if (strcmp(meant[i][0], wrong) == 0) {
			(void)snprintf(buf, size, "did you mean '%s'?", meant[i][1]);
			return buf;
		}
	}
	(void)snprintf(buf, size,
	    "units are B kB MB GB TB KiB MiB GiB, bit/s kbit/s Mbit/s "
	    "Gbit/s, ms s min h d, %%");
	return buf;
}

static wide
ten_to(unsigned n)
{
	wide v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* amount / 10^decimals, without zeros at the end. */
static void
print_decimal(const struct writer *w, bool negative, wide amount, unsigned decimals)
{
	char buf[64];
	size_t i = sizeof(buf);
	unsigned at = 0;

	while (decimals > 0 && amount % 10 == 0) {
		amount /= 10;
		decimals--;
	}
	negative = negative && amount != 0;
	do {
		if (at == decimals && at > 0)
			buf[--i] = '.';
		buf[--i] = (char)('0' + (int)(amount % 10));
		amount /= 10;
		at++;
	} while (amount != 0 || at <= decimals);
	if (negative)
		buf[--i] = '-';
	w->write(w->arg, buf + i, sizeof(buf) - i);
}

/* The largest unit that divides the amount; NULL when none does. */
static const struct unit *
family_best(enum unit_kind kind, wide amount, wide one)
{
	const struct unit *best = NULL;

	for (size_t i = 0; i < UNITS && amount != 0; i++)
		if (units[i].kind == kind && amount % (units[i].times * one) == 0)
			best = &units[i];
	return best;
}

static void
number_print(const struct literal *v, const struct writer *w)
{
	wide amount = v->mantissa, one = ten_to(v->decimals);
	const struct unit *u = v->unit, *best = NULL;

	if (u == NULL || u->kind == UNIT_PERCENT) {
		print_decimal(w, v->negative, amount, v->decimals);
		writer_text(w, u == NULL ? "" : " %");
		return;
	}
	amount *= u->times;
	best = family_best(u->kind, amount, one);
	if (best == NULL && u->kind == UNIT_BINARY)
		best = family_best(UNIT_BYTES, amount, one); /* 1.5 KiB are 1536 B */
	/* 0.5 ms stay what they are. Every unit is a multiple of its family's smallest.
	 */
	for (size_t i = 0; i < UNITS && best == NULL; i++)
		if (units[i].kind == (u->kind == UNIT_BINARY ? UNIT_BYTES : u->kind))
			best = &units[i];
	if (best == NULL)
		best = u;
	print_decimal(w, v->negative, amount / best->times, v->decimals);
	writer_format(w, u->kind == UNIT_PACE ? "%s" : " %s", best->word);
}

static void
word_print(const char *s, const struct writer *w)
{
	char buf[PREFIX_TEXT], mac_text[MAC_TEXT];
	struct prefix p;
	uint64_t mac;
	size_t n = strlen(s);

	if (mac_parse(s, n, &mac))
		writer_text(w, mac_print(mac, mac_text));
	else if (prefix_parse(s, n, &p))
		writer_text(
		    w, p.bits == 128 ? addr_print(&p.net, buf) : prefix_print(&p, buf));
	else
		writer_text(w, s);
}

/* Where a word touches the dots with one of its own, they stand apart. */
static bool
dotted(const struct literal *v)
{
	const char *s = v->kind == LITERAL_WORD ? v->text : "";

	return s[0] == '.' || (s[0] != '\0' && s[strlen(s) - 1] == '.');
}

static void
one_print(const struct literal *v, const struct writer *w)
{
	if (v->kind == LITERAL_NUMBER) {
		number_print(v, w);
	} else if (v->kind == LITERAL_WORD) {
		word_print(v->text, w);
	} else if (v->kind == LITERAL_STRING) {
		w->write(w->arg, "\"", 1);
		for (const char *s = v->text; *s != '\0'; s++) {
			if (*s == '"' || *s == '\\')
				w->write(w->arg, "\\", 1);
			if (*s == '\n' || *s == '\t')
				writer_text(w, *s == '\n' ? "\\n" : "\\t");
			else
				w->write(w->arg, s, 1);
		}
		w->write(w->arg, "\"", 1);
	}
}

void
literal_print(const struct literal *v, const struct writer *w)
{
	one_print(v, w);
	if (v->to == NULL)
		return;
	writer_text(w, dotted(v) || dotted(v->to) ? " .. " : "..");
	one_print(v->to, w);
}

struct buffer {
	char *at;
	size_t n;
};

static void
buffer_write(void *arg, const char *s, size_t n)
{
	struct buffer *b = arg;

	if (n > 200 - b->n)
		n = 200 - b->n;
	memcpy(b->at + b->n, s, n);
	b->n += n;
}

const char *
literal_quote(const struct literal *v, char buf[QUOTE_TEXT])
{
	char raw[200];
	struct buffer b = { raw, 0 };
	struct writer w = { buffer_write, &b };

	literal_print(v, &w);
	return quote(buf, raw, b.n);
}

/* Whole, in base units; unit NULL counts as 1. */
static bool
base_units(const struct literal *v, uint64_t most, uint64_t *out)
{
	wide amount = (wide)v->mantissa * (v->unit == NULL ? 1 : v->unit->times);
	wide one = ten_to(v->decimals);

	if (v->kind != LITERAL_NUMBER || amount % one != 0 || amount / one > most ||
	    (v->negative && amount != 0))
		return false;
	*out = (uint64_t)(amount / one);
	return true;
}

bool
literal_whole(const struct literal *v, uint64_t most, uint64_t *out)
{
	return v->unit == NULL && base_units(v, most, out);
}

/* As strtod would read it: both steps are exact up to 2^53 and rounded once beyond. */
static double
real(const struct literal *v, double times)
{
	wide amount = v->mantissa;
	unsigned decimals = v->decimals;
	double r;

	while (decimals > 0 && amount % 10 == 0) {
		amount /= 10;
		decimals--;
	}
	r = (double)amount * times / (double)ten_to(decimals);
	return v->negative ? -r : r;
}

static bool
digits(const char **s, unsigned n, unsigned least, unsigned most, unsigned *out)
{
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = v * 10 + (unsigned)(**s - '0');
	}
	*out = v;
	return v >= least && v <= most;
}

static bool
sign(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* Days since 1970 of a date in the proleptic Gregorian calendar. */
static int64_t
days_since_1970(unsigned year, unsigned month, unsigned day)
{
	static const unsigned before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273,
		304, 334 };
	int64_t y = (int64_t)year - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + (int64_t)before[month - 1] +
	    (leap && month > 2 ? 1 : 0) + (int64_t)day - 1;
}

bool
moment_parse(const char *s, int64_t *ns, bool *day)
{
	static const unsigned length[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	unsigned y, mo, d, h, mi, sec, zh, zm, scale = 100000000;
	int64_t t, way;

	/* 2200 is well before 64 bits of nanoseconds end. */
	if (!digits(&s, 4, 1970, 2200, &y) || !sign(&s, '-') ||
	    !digits(&s, 2, 1, 12, &mo) || !sign(&s, '-') ||
	    !digits(&s, 2, 1, length[mo - 1], &d))
		return false;
	if (mo == 2 && d == 29 && !((y % 4 == 0 && y % 100 != 0) || y % 400 == 0))
		return false;
	t = days_since_1970(y, mo, d) * 86400;
	*ns = t * NS_PER_S;
	*day = true;
	if (*s == '\0')
		return true;
	*day = false;
	if (!sign(&s, 'T') || !digits(&s, 2, 0, 23, &h) || !sign(&s, ':') ||
	    !digits(&s, 2, 0, 59, &mi) || !sign(&s, ':') || !digits(&s, 2, 0, 60, &sec))
		return false;
	t = (t + h * 3600 + mi * 60 + sec) * NS_PER_S;
	if (sign(&s, '.')) {
		if (*s < '0' || *s > '9')
			return false;
		for (; *s >= '0' && *s <= '9'; s++, scale /= 10)
			t += (int64_t)scale * (*s - '0');
	}
	if (sign(&s, 'Z')) {
		*ns = t;
		return *s == '\0';
	}
	if (*s != '+' && *s != '-')
		return false;
	way = *s++ == '-' ? 1 : -1;
	if (!digits(&s, 2, 0, 23, &zh) || !sign(&s, ':') || !digits(&s, 2, 0, 59, &zm))
		return false;
	t += way * (int64_t)(zh * 3600 + zm * 60) * NS_PER_S;
	*ns = t;
	return *s == '\0';
}

bool
prefix_mend(const char *s, struct prefix *out)
{
	const char *slash = strchr(s, '/');
	struct addr a;
	char text[PREFIX_TEXT];

	if (slash == NULL || !addr_parse(s, (size_t)(slash - s), &a))
		return false;
	/* Clear bits from the right until it is a network. */
	for (unsigned i = 0; i < 128; i++) {
		char host[ADDR_TEXT];

		a.b[15 - i / 8] = (uint8_t)(a.b[15 - i / 8] & ~(1U << (i % 8)));
		(void)snprintf(text, sizeof(text), "%s%.4s", addr_print(&a, host), slash);
		if (prefix_parse(text, strlen(text), out))
			return true;
	}
	return false;
}

const char *
type_example(enum field_type t)
{
	switch (t) {
	case FIELD_COUNT:
		return "a whole number like '12'";
	case FIELD_BYTES:
		return "bytes like '200 kB', '5 MB' or '1 GiB'";
	case FIELD_NUMBER:
		return "a number like '0.4' or '80 %'";
	case FIELD_RATE:
		return "a rate like '32 kbit/s' or '4 Mbit/s'";
	case FIELD_DURATION:
		return "a duration like '250 ms', '30 s', '10 min', '1 h' or '7 d'";
	case FIELD_MOMENT:
		return "a date like '2027-03-31' or '2027-03-31T18:00:00Z'";
	case FIELD_TEXT:
		return "text like \"tablet\" or *.example.net";
	case FIELD_ADDRESS:
		return "an address like '10.20.0.13' or a network like '10.20.0.0/24'";
	case FIELD_PORT:
		return "a port from 0 to 65535";
	case FIELD_MAC:
		return "a MAC address like '3c:52:82:11:0a:11'";
	case FIELD_WORD:
	case FIELD_WORDS:
		return "one of its words";
	default:
		return "";
	}
}

const char *
type_is(enum field_type t)
{
	switch (t) {
	case FIELD_BOOL:
		return "is yes or no";
	case FIELD_COUNT:
		return "is a count";
	case FIELD_BYTES:
		return "holds bytes";
	case FIELD_NUMBER:
		return "is a plain number";
	case FIELD_RATE:
		return "is a rate";
	case FIELD_DURATION:
		return "is a duration";
	case FIELD_MOMENT:
		return "is a moment";
	case FIELD_TEXT:
		return "is text";
	case FIELD_ADDRESS:
		return "is an address";
	case FIELD_PORT:
		return "is a port";
	case FIELD_MAC:
		return "is a MAC address";
	case FIELD_WORD:
		return "is one word of a list";
	case FIELD_WORDS:
		return "is a set of words";
	default:
		return "";
	}
}

static const char *
literal_is(const struct literal *v)
{
	int64_t ns;
	uint64_t mac;
	struct prefix p;
	bool day;

	if (v->kind == LITERAL_STRING)
		return "is text";
	if (v->kind == LITERAL_NUMBER && v->unit == NULL)
		return v->decimals > 0 ? "is a plain number" : "has no unit";
	if (v->kind == LITERAL_NUMBER)
		return v->unit->kind == UNIT_RATE  ? "is a rate" :
		    v->unit->kind == UNIT_DURATION ? "is a duration" :
		    v->unit->kind == UNIT_PERCENT  ? "is a share" :
		    v->unit->kind == UNIT_PACE	   ? "is a pace" :
						     "is an amount of bytes";
	if (moment_parse(v->text, &ns, &day))
		return "is a moment";
	if (strspn(v->text, "0123456789") == 4 && v->text[4] == '-')
		return "is not a date there is";
	if (mac_parse(v->text, strlen(v->text), &mac))
		return "is a MAC address";
	return prefix_parse(v->text, strlen(v->text), &p) ? "is an address" : "is a word";
}

static bool
mismatch(struct lang *l, const struct target *t, const struct literal *v)
{
	char q[QUOTE_TEXT], remedy[160];
	bool bare = v->kind == LITERAL_NUMBER && v->unit == NULL && v->decimals == 0;

	(void)snprintf(remedy, sizeof(remedy), "write %s", type_example(t->type));
	if (bare &&
	    (t->type == FIELD_BYTES || t->type == FIELD_RATE ||
		t->type == FIELD_DURATION))
		(void)snprintf(remedy, sizeof(remedy), "write '%s %s', or %s",
		    literal_quote(v, q),
		    t->type == FIELD_BYTES    ? "B" :
			t->type == FIELD_RATE ? "bit/s" :
						"s",
		    type_example(t->type));
	if (bare && t->type != FIELD_BYTES && t->type != FIELD_RATE &&
	    t->type != FIELD_DURATION)
		lang_error(l, &v->at, remedy, "'%s' %s, but '%s' is a number", t->word,
		    type_is(t->type), literal_quote(v, q));
	else
		lang_error(l, &v->at, remedy, "'%s' %s, but '%s' %s", t->word,
		    type_is(t->type), literal_quote(v, q), literal_is(v));
	return false;
}

static bool
out_of_range(
    struct lang *l, const struct target *t, const struct literal *v, const char *what)
{
	char q[QUOTE_TEXT], remedy[160];

	(void)snprintf(remedy, sizeof(remedy), "write %s", type_example(t->type));
	lang_error(l, &v->at, remedy, "'%s' %s, and '%s' is %s", t->word,
	    type_is(t->type), literal_quote(v, q), what);
	return false;
}

/* BYTES, RATE, DURATION, COUNT, PORT: an amount in whole base units. 0 needs no unit. */
static bool
amount_of(struct lang *l, const struct target *t, const struct literal *v, uint64_t most,
    uint64_t *out)
{
	enum unit_kind k = v->unit == NULL ? UNIT_PERCENT : v->unit->kind;
	bool fits = t->type == FIELD_BYTES ? k == UNIT_BYTES || k == UNIT_BINARY :
	    t->type == FIELD_DURATION	   ? k == UNIT_DURATION :
					     v->unit == NULL;

	if (v->kind != LITERAL_NUMBER ||
	    (!fits && !(v->unit == NULL && v->mantissa == 0)))
		return mismatch(l, t, v);
	if (v->negative && v->mantissa != 0)
		return out_of_range(l, t, v, "below zero");
	if (base_units(v, most, out))
		return true;
	if (base_units(v, UINT64_MAX, out) || v->mantissa > most)
		return out_of_range(l, t, v, "too large");
	if (v->decimals > 0 && t->type != FIELD_DURATION)
		return out_of_range(l, t, v, "not whole");
	return out_of_range(l, t, v, "too large or too fine");
}

static const char *
word_of(enum vocabulary v, unsigned n)
{
	if (v == VOCABULARY_RISK)
		return n < risk_count() ? risk_word(n) : NULL;
	return vocabulary_word(v, n);
}

static bool
vocabulary_of(
    struct lang *l, const struct target *t, const struct literal *v, struct value *out)
{
	struct guess g;
	char q[QUOTE_TEXT], all[256], remedy[256];
	size_t n = 0;
	const char *word;

	if (v->kind == LITERAL_NUMBER)
		return mismatch(l, t, v);
	g = guess_start(v->text);
	all[0] = '\0';
	for (unsigned i = 0; i < 64 && (word = word_of(t->vocabulary, i)) != NULL; i++) {
		if (strcmp(word, v->text) == 0) {
			out->u = t->type == FIELD_WORDS ? UINT64_C(1) << i : i;
			return true;
		}
		guess_try(&g, word);
		if (n < sizeof(all) - 40)
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%.32s",
			    i > 0 ? ", " : "its words are ", word);
		else if (all[n - 1] != '.')
			n += (size_t)snprintf(all + n, sizeof(all) - n, ", ...");
	}
	lang_error(l, &v->at, guess_remedy(&g, all, remedy, sizeof(remedy)),
	    "'%s' has no word '%s'", t->word, quote(q, v->text, strlen(v->text)));
	return false;
}

static bool
address_of(
    struct lang *l, const struct target *t, const struct literal *v, struct value *out)
{
	char q[QUOTE_TEXT], text[PREFIX_TEXT], remedy[100];
	struct prefix p;

	if (v->kind == LITERAL_NUMBER)
		return mismatch(l, t, v);
	if (prefix_parse(v->text, strlen(v->text), &out->net))
		return true;
	if (!prefix_mend(v->text, &p))
		return mismatch(l, t, v);
	(void)snprintf(remedy, sizeof(remedy), "write '%s'", prefix_print(&p, text));
	lang_error(l, &v->at, remedy, "'%s' is not a network: bits of a host are set",
	    quote(q, v->text, strlen(v->text)));
	return false;
}

bool
value_of(
    struct lang *l, const struct target *t, const struct literal *v, struct value *out)
{
	bool day;

	*out = (struct value){ .type = t->type };
	switch (t->type) {
	case FIELD_COUNT:
	case FIELD_BYTES:
		return amount_of(l, t, v, INT64_MAX, &out->u);
	case FIELD_PORT:
		return amount_of(l, t, v, 65535, &out->u);
	case FIELD_DURATION: {
		uint64_t ns;

		if (!amount_of(l, t, v, INT64_MAX, &ns))
			return false;
		out->i = (int64_t)ns;
		return true;
	}
	case FIELD_RATE:
		if (v->kind != LITERAL_NUMBER ||
		    (v->unit == NULL ? v->mantissa != 0 : v->unit->kind != UNIT_RATE))
			return mismatch(l, t, v);
		out->n = real(v, v->unit == NULL ? 1 : (double)v->unit->times);
		return true;
	case FIELD_NUMBER:
		if (v->kind != LITERAL_NUMBER)
			return mismatch(l, t, v);
		if (v->unit != NULL && v->unit->kind == UNIT_PERCENT) {
			struct literal share = *v;

			share.decimals += 2;
			share.unit = NULL;
			out->n = real(&share, 1);
			return true;
		}
		if (v->unit != NULL &&
		    (strcmp(t->unit, "B") != 0 ||
			(v->unit->kind != UNIT_BYTES && v->unit->kind != UNIT_BINARY)))
			return mismatch(l, t, v);
		out->n = real(v, v->unit == NULL ? 1 : (double)v->unit->times);
		return true;
	case FIELD_MOMENT:
		return (v->kind != LITERAL_NUMBER &&
			   moment_parse(v->text, &out->i, &day)) ||
		    mismatch(l, t, v);
	case FIELD_MAC:
		return (v->kind != LITERAL_NUMBER &&
			   mac_parse(v->text, strlen(v->text), &out->u)) ||
		    mismatch(l, t, v);
	case FIELD_ADDRESS:
		return address_of(l, t, v, out);
	case FIELD_WORD:
	case FIELD_WORDS:
		return vocabulary_of(l, t, v, out);
	case FIELD_TEXT:
		if (v->kind == LITERAL_NUMBER)
			return mismatch(l, t, v);
		out->text = lang_text(l, l->keep, v->text, strlen(v->text));
		return true;
	case FIELD_BOOL:
		break;
	}
	return mismatch(l, t, v);
}
