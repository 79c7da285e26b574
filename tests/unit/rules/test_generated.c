/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lang, eval: ten thousand programs written by lot, with odd spaces, comments and units, and
 * defaults left out. Each compiles; the print of its print is equal to the byte; the
 * printed program has the same version, and tells the same of the same records.
 */
#include "tests/unit/rules/eval_bench.h"

#include "classify/dpi/vocabulary.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PROGRAMS 10000U
#define RECORDS 24U

static uint64_t state_of_dice;
static char text[65536];
static size_t used;

static unsigned
roll(unsigned n)		/* xorshift64*, Vigna 2016 */
{
	state_of_dice ^= state_of_dice >> 12;
	state_of_dice ^= state_of_dice << 25;
	state_of_dice ^= state_of_dice >> 27;
	return (unsigned)(state_of_dice * UINT64_C(2685821657736338717) >> 33) % n;
}

static void __attribute__((format(printf, 1, 2)))
put(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof(text) - used);
	used += (size_t)n;
}

static const char *
one_of(const char *const *list, unsigned n)
{
	return list[roll(n)];
}
#define ONE(...) one_of((const char *const[]){ __VA_ARGS__ }, \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* White space of some kind; newlines and comments are white space. */
static void
gap(void)
{
	put("%s", ONE(" ", " ", " ", "  ", "\t", "\n", "\n\t", " # a comment { \" \n", "\r\n"));
}

static enum field
field_of(unsigned types)
{
	static const char *const meter[] = { "voice.", "text.", "way.", "chunks.", "call." };

	for (;;) {
		enum field f = (enum field)roll(FIELD_COUNT_ALL);
		bool heard = false;

		for (unsigned i = 0; i < 5; i++)
			heard = heard || strncmp(observation_field[f].word, meter[i],
			    strlen(meter[i])) == 0;
		if (!heard && (types >> observation_field[f].type & 1) != 0)
			return f;
	}
}

static unsigned number;		/* of the value that was put last, for ranges that go up */

static void
value(enum field f, bool larger)
{
	const struct field_info *i = &observation_field[f];
	unsigned n = larger ? number + 1 + roll(50) : 1 + roll(60);

	number = n;
	switch (i->type) {
	case FIELD_BYTES:
		put("%u%s%s", n, ONE("", " ", "  "), larger ? "GB" : ONE("B", "kB", "MB", "KiB",
		    "MiB"));
		return;
	case FIELD_COUNT:
	case FIELD_PORT:
		put("%u", f == FIELD_hour ? n % 24 : n);
		return;
	case FIELD_NUMBER:
		put("%u%s", n, ONE("", ".0", ".50"));
		return;
	case FIELD_RATE:
		put("%u %s", n, larger ? "Gbit/s" : ONE("bit/s", "kbit/s", "Mbit/s"));
		return;
	case FIELD_DURATION:
		put("%u%s%s", n, ONE("", " "), larger ? "d" : ONE("ms", "s", "min", "h"));
		return;
	case FIELD_MOMENT:
		put("20%02u-0%u-%02u%s", n % 99, 1 + roll(9), 1 + roll(28), ONE("",
		    "T01:02:03Z", "T23:59:00+02:00"));
		return;
	case FIELD_TEXT:
		put("%s", ONE("tls", "\"a b\"", "*.example", "a*b", "\"\\\"q\\\\\"", "\"and\"",
		    "x-1", "\"\""));
		return;
	case FIELD_ADDRESS:
		if (larger)
			put("10.0.0.%u", 150 + n % 100);
		else
			put("%s", ONE("10.0.0.1", "10.20.0.0/16", "2001:db8::/32", "fe80::1",
			    "::ffff:10.1.2.3"));
		return;
	case FIELD_MAC:
		put("%s", ONE("3c:52:82:11:0a:11", "3C-52-82-11-0A-11", "3c52.8211.0a11"));
		return;
	case FIELD_WORD:
	case FIELD_WORDS: {
		const char *w = NULL;

		while (w == NULL)
			w = any_word(i->vocabulary, roll(12));
		put("\"%s\"", w);
		return;
	}
	case FIELD_BOOL:
		break;
	}
}

#define ORDERED (1U << FIELD_COUNT | 1U << FIELD_BYTES | 1U << FIELD_NUMBER | \
	1U << FIELD_RATE | 1U << FIELD_DURATION | 1U << FIELD_PORT)
#define EQUAL (ORDERED | 1U << FIELD_MOMENT | 1U << FIELD_TEXT | 1U << FIELD_ADDRESS | \
	1U << FIELD_MAC | 1U << FIELD_WORD | 1U << FIELD_WORDS)

static void
keys(void)
{
	if (roll(4) > 0)
		put(" per %s", ONE("device", "dest", "device, dest", "src.ip,dest.name", "app"));
}

static void
leaf(bool when)
{
	enum field f = field_of(EQUAL);

	switch (roll(when ? 14 : 10)) {
	case 0:
		put("%s", observation_field[field_of(1U << FIELD_BOOL)].word);
		return;
	case 1:
		f = field_of(ORDERED);
		put("%s", observation_field[f].word);
		gap();
		put("%s", ONE("<", "<=", ">", ">=", "=", "!="));
		gap();
		value(f, false);
		return;
	case 2:
		put("%s %s ", observation_field[f].word, ONE("=", "!="));
		value(f, false);
		return;
	case 3:
		put("%s in {", observation_field[f].word);
		for (unsigned n = 1 + roll(9); n > 0; n--) {
			value(f, false);
			put("%s", n > 1 ? ", " : ONE("", " ,", "\n"));
		}
		put("}");
		return;
	case 4:
		f = field_of(ORDERED & ~(1U << FIELD_COUNT));
		put("%s in ", observation_field[f].word);
		value(f, false);
		put("%s", ONE("..", " .. "));
		value(f, true);
		return;
	case 5:
		put("%s", ONE("dest in known", "dest.ip in known", "known is empty",
		    "dest.name in known", "device in known"));
		return;
	case 6:
		put("%s is %s", observation_field[f].word, ONE("known", "unknown"));
		return;
	case 7:
		put("%s", ONE("device = \"a\"", "dest != b.example", "device in { \"a\", "
		    "10.0.0.1, 3c:52:82:11:0a:11 }", "dest in { b.example, 192.0.2.0/24 }"));
		return;
	case 8:
		put("%s", ONE("hour in 22:00..06:00", "weekday in friday..monday", "hour in { 7..9,"
		    " 12:00..13:30 }", "weekday in { sunday }"));
		return;
	case 9:
		put("part");
		return;
	case 10:
	case 11:
		put("%s >= %u kB within %u %s", ONE("upload", "download", "upload.unseen",
		    "wire.up"), 1 + roll(5000), 1 + roll(90), ONE("s", "min", "h", "d"));
		keys();
		return;
	case 12:
		put("distinct %s > %u within %u h", ONE("dest", "device", "dest.name"), roll(9),
		    1 + roll(40));
		keys();
		return;
	default:
		put("upload > %u.5 x usual", roll(9));
		keys();
		return;
	}
}

static void
expression(unsigned depth, bool when)
{
	switch (depth == 0 ? 0 : roll(when && depth > 1 ? 7 : 6)) {
	case 0:
	case 1:
		leaf(when);
		return;
	case 2:
		put("not ");
		if (roll(2) > 0) {
			put("(");
			expression(depth - 1, when);
			put(")");
		} else {
			leaf(when);
		}
		return;
	case 3:
		put("(");
		expression(depth - 1, when);
		put(")");
		return;
	case 4:
	case 5:
		expression(depth - 1, when);
		gap();
		put("%s", ONE("and", "or"));
		gap();
		expression(depth - 1, when);
		return;
	default:
		put("(outbound ");
		put("%s ", ONE("and", "or"));
		leaf(false);
		put(" then (");
		expression(depth - 2, when);
		put(")");
		gap();
		put("within %u min", 1 + roll(500));
		keys();
		put(")");
		return;
	}
}

static void
rule(unsigned id)
{
	put("rule r%u {", id);
	gap();
	put("kind %s", ONE("tunnel", "live-audio", "bulk-upload", "sensor"));
	gap();
	put("id %u", id);
	if (roll(2) > 0)
		put(" rev %u", 1 + roll(9));
	gap();
	put("severity %s", ONE("critical", "high", "low", "info"));
	if (roll(4) == 0)
		put(" scope sensor");
	if (roll(6) == 0)
		put(" trial");
	if (roll(3) == 0)
		put(" mitre T1048.002,T1030 related\nT1123");
	gap();
	put("when ");
	expression(3, true);
	gap();
	for (unsigned n = roll(3); n > 0; n--) {
		put("%s when ", ONE("lower", "raise", "note", "raise to critical", "lower to info"));
		expression(1, false);
		put(" because \"%s\"", ONE("so", "{upload} of {device}", "a \\\"b\\\" \\\\"));
		gap();
	}
	if (roll(2) > 0) {
		put("limit %u per %s every %u %s", 1 + roll(3), ONE("device", "device,dest", "dest.ip"),
		    1 + roll(50), ONE("s", "min", "h"));
		gap();
	}
	if (roll(2) > 0)
		put("explain \"{device} to {dest}%s\"", ONE("", ": {{ {upload}", " \\t"));
	gap();
	if (roll(2) > 0)
		put("test \"a\" { expect %s%u alerts pcap \"x\" }", ONE("", "at least "), roll(3));
	else
		put("test \"b\" { flows { %u:%02u a->b up %u kB\n day 9 1:00 c -> 192.0.2.1 size %u..99 "
		    "for 5 s cadence %u/s with dest.new } expect 1 alert where upload > 5 B }",
		    roll(24), roll(60), 1 + roll(2000), 1 + roll(80), 1 + roll(99));
	put(" }\n");
}

static void
program_by_lot(unsigned seed)
{
	state_of_dice = 0x9e3779b97f4a7c15ULL * (seed + 1);
	used = 0;
	put("%s", ONE("", "\xef\xbb\xbf", "# begins\n\n", "\t\n"));
	put("%s", ONE("tz UTC\n", "", "default tz +02:00\ntz \"CET-1CEST,M3.5.0,M10.5.0/3\"\n"));
	put("list known = { %s }\n", ONE("", "b.example", "*.example, 10.0.0.0/8, x.example,"));
	put("macro part = ");
	state_of_dice += 7;
	put("%s\n", ONE("outbound", "upload > 5 kB or quarantined", "not (outbound and dest.new)"));
	for (unsigned n = 1 + roll(3); n > 0; n--)
		rule(seed * 4 + n);
	if (roll(3) == 0)
		put("except rule any device \"a\" %s until 2030-01-01 owner \"o\" reason \"r\"\n",
		    ONE("", "kind tunnel", "dest *.example"));
}

/* ---- what it comes to ---- */

struct copy {
	char *at;
	size_t n;
};

static void
add(void *arg, const char *s, size_t n)
{
	struct copy *c = arg;

	c->at = realloc(c->at, c->n + n + 1);
	assert_non_null(c->at);
	memcpy(c->at + c->n, s, n);
	c->n += n;
}

static void
said(void *arg, const struct diag *d)
{
	(void)arg;
	if (d->level == DIAG_ERROR)
		fail_msg("%u:%u: %s\n%s", d->line, d->column, d->what, text);
}

static struct event_ref
heard(void *arg, const struct verdict *v)
{
	uint64_t *hash = arg, part[5] = { *hash, v->rule->id, v->severity, v->update, v->notes };

	part[1] ^= (uint64_t)v->o->time ^ v->suppressed << 40;
	for (unsigned i = 0; i < v->reasons; i++)
		part[2] = part[2] * 31 + v->reason[i].truth * 7U + v->reason[i].observed_known;
	*hash = siphash13(&sample_hash, part, sizeof(part));
	return (struct event_ref){ 0 };
}

/* Records by lot: fields of any value, many of them unknown. */
static uint64_t
judged(const struct program *p, unsigned seed)
{
	uint64_t hash = 0;
	struct eval *e = eval_create(&(struct eval_options){ .hash = sample_hash, .program = p,
	    .keys = 16, .arg = &hash, .on_verdict = heard }, NULL);
	struct intern *strings = intern_create(&sample_hash, 256);

	assert_non_null(e);
	state_of_dice = seed + 99;
	for (unsigned n = 0; n < RECORDS; n++) {
		struct observation o = sample_record(strings, OBSERVATION_PART, n * 40);

		o.flow_id = 1 + roll(4);
		sample_counters(&o, roll(9) * UINT64_C(700000));

		for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
			const struct field_info *i = &observation_field[f];
			uint8_t *at = (uint8_t *)&o + i->offset;

			if (roll(3) > 0)
				continue;
			if (i->type == FIELD_BOOL) {
				*at = roll(2) > 0;
				o.known[f / 64] |= UINT64_C(1) << f % 64;
			} else if (roll(2) > 0) {
				o.known[f / 64] &= ~(UINT64_C(1) << f % 64);
			}
		}
		eval_observe(e, &o, strings);
		eval_step(e, (struct pkt_time){ o.time }, strings);
	}
	eval_finish(e, (struct pkt_time){ SAMPLE_T0 }, strings);
	intern_destroy(strings);
	eval_destroy(e);
	return hash;
}

static void
test_ten_thousand_programs_print_to_themselves_and_tell_the_same(void **state)
{
	unsigned told = 0;

	(void)state;
	for (unsigned seed = 0; seed < PROGRAMS; seed++) {
		struct source_file f = { "a.rules", text, 0 };
		struct compile_options o = { .file = &f, .files = 1, .diag = said,
			.memory = 8 << 20 };
		struct copy once = { 0 }, twice = { 0 };
		struct program *p, *q;
		uint64_t a, b;

		program_by_lot(seed);
		f.len = used;
		p = program_compile(&o);
		assert_non_null(p);
		assert_true(program_print(&o, add, &once));
		f = (struct source_file){ "a.rules", once.at, once.n };
		assert_true(program_print(&o, add, &twice));
		if (once.n != twice.n || memcmp(once.at, twice.at, once.n) != 0)
			fail_msg("seed %u\n%.*s\n---\n%.*s", seed, (int)once.n, once.at,
			    (int)twice.n, twice.at);
		q = program_compile(&o);
		assert_non_null(q);
		assert_string_equal(p->version, q->version);
		a = judged(p, seed);
		b = judged(q, seed);
		if (a != b)
			fail_msg("seed %u\n%.*s", seed, (int)once.n, once.at);
		told += a != 0;
		program_destroy(p);
		program_destroy(q);
		free(once.at);
		free(twice.at);
	}
	/* Programs that never tell anything would agree about anything. */
	assert_true(told > PROGRAMS / 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ten_thousand_programs_print_to_themselves_and_tell_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
