/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables: one walk over each answer's JSON. */
#include "rules/cli/tables.h"

#include "rules/cli/ruleset.h"
#include "rules/event/human.h"
#include "rules/event/json.h"

#include <stdlib.h>
#include <string.h>

#define CELL 320

/* The text at a path, safe to show; "-" when there is none. */
static const char *
text(const struct json_value *o, const char *path, char buf[CELL])
{
	char raw[512];
	struct json_value v;
	size_t at = 0;
	struct span s;

	if (!parse_get(o, path, &v) || v.type == 'n')
		return "-";
	if (v.type != '"') {
		at = v.raw.left < CELL - 1 ? v.raw.left : CELL - 1;
		memcpy(buf, v.raw.at, at);
		buf[at] = '\0';
		return buf;
	}
	s = span_of(raw, parse_text(&v, raw, sizeof(raw)));
	while (s.left > 0) {
		uint32_t c;
		bool valid;
		size_t n = utf8_next(s, &c, &valid);

		if (at + n + 1 > CELL)
			break;
		if (valid && utf8_plain(c))
			memcpy(buf + at, s.at, n);
		else
			memset(buf + at, '?', n);
		at += n;
		(void)span_skip(&s, n);
	}
	buf[at] = '\0';
	return buf;
}

static uint64_t
number(const struct json_value *o, const char *path)
{
	struct json_value v;
	uint64_t n = 0;

	if (parse_get(o, path, &v))
		(void)parse_uint(&v, &n);
	return n;
}

static const char *
bytes(const struct json_value *o, const char *path, char buf[24])
{
	return human_bytes(number(o, path), buf);
}

static const char *
span_of_time(uint64_t seconds, char buf[32])
{
	return human_duration((int64_t)seconds * NS_PER_S, buf);
}

static struct span
list(const struct json_value *o, const char *path)
{
	struct json_value v;

	return parse_get(o, path, &v) && v.type == '[' ? parse_inside(&v) :
	    span_of(NULL, 0);
}

/* A rate with one decimal; "-" when it is unknown. */
static const char *
rate(const struct json_value *o, const char *path, char buf[CELL])
{
	const char *t = text(o, path, buf);
	double n;
	char *end;

	n = strtod(t, &end);
	if (end != t && *end == '\0')
		(void)snprintf(buf, CELL, n == 0 ? "0" : n < 0.1 ? "%.3f" : "%.1f", n);
	return t;
}

/* Words for what is true or false; anything else is unknown. */
static const char *
either(const struct json_value *o, const char *path, const char *yes, const char *no)
{
	struct json_value v;

	if (!parse_get(o, path, &v) || (v.type != 't' && v.type != 'f'))
		return "-";
	return v.type == 't' ? yes : no;
}

/* Name, else key, of an end. */
static const char *
end(const struct json_value *o, const char *name, const char *key, char buf[CELL])
{
	const char *t = text(o, name, buf);

	return strcmp(t, "-") == 0 ? text(o, key, buf) : t;
}

static void
flows(const struct json_value *a, FILE *out)
{
	struct span rows = list(a, "flows");
	struct json_value f;
	char up[24], down[24], age[32], dev[CELL], dest[CELL], app[CELL], port[CELL];

	fprintf(out, "%9s %9s %8s  %-24s %-34s %-6s %s\n", "UP", "DOWN", "AGE", "DEVICE",
	    "DESTINATION", "PORT", "APP");
	while (rows.left > 0 && parse_element(&rows, &f))
		fprintf(out, "%9s %9s %8s  %-24.24s %-34.34s %-6s %s\n",
		    bytes(&f, "bytes_up", up), bytes(&f, "bytes_down", down),
		    span_of_time(number(&f, "age_s"), age),
		    end(&f, "device.name", "device.key", dev),
		    end(&f, "dest.name", "dest.key", dest), text(&f, "dest_port", port),
		    end(&f, "app", "proto", app));
	fprintf(out, "%llu of %llu flows; %s up, %s down in all that match. "
	    "AGE: how old the figures are\n", (unsigned long long)number(a, "shown"),
	    (unsigned long long)number(a, "matched"), bytes(a, "bytes_up", up),
	    bytes(a, "bytes_down", down));
}

/* "180 kB = 1 min of speech at 24 kbit/s" beside a column that says 180 kB. */
static const char *
after_equals(const char *speech)
{
	const char *at = strstr(speech, " = ");

	return at == NULL ? speech : at + 3;
}

static void
device(const struct json_value *d, FILE *out)
{
	struct span rows;
	struct json_value r;
	char a[CELL], b[CELL], c[CELL], e[CELL], why[CELL], up[24], down[24];

	fprintf(out, "%s", end(d, "name", "key", a));
	fprintf(out, "  key %s  ip %s  mac %s\n", text(d, "key", a), text(d, "ip", b),
	    text(d, "mac", c));
	fprintf(out, "  owner %s, role %s, in the inventory: %s\n", text(d, "owner", a),
	    text(d, "role", b), text(d, "in_inventory", c));
	fprintf(out, "  first seen %s, last %s\n", text(d, "first_seen", a),
	    text(d, "last_seen", b));
	fprintf(out, "  sent %s, received %s\n\n", text(d, "speech", a),
	    bytes(d, "bytes_down", down));
	fprintf(out, "%9s %9s  %-40s %s\n", "UP", "DOWN", "DESTINATION", "AS SPEECH");
	rows = list(d, "destinations");
	while (rows.left > 0 && parse_element(&rows, &r))
		fprintf(out, "%9s %9s  %-40.40s %s\n", bytes(&r, "bytes_up", up),
		    bytes(&r, "bytes_down", down), end(&r, "name", "key", a),
		    after_equals(text(&r, "speech", b)));
	rows = list(d, "alerts");
	if (rows.left == 0)
		fputs("\nno alerts\n", out);
	else
		fputs("\nalerts\n", out);
	while (rows.left > 0 && parse_element(&rows, &r))
		fprintf(out, "  %s  %-8s %-14s %s\n      %s\n", text(&r, "time", a),
		    text(&r, "severity", b), text(&r, "kind", c), text(&r, "signature", e),
		    text(&r, "explain", why));
}

static bool
devices(const struct json_value *a, const struct request *q, FILE *out)
{
	struct span rows = list(a, "devices");
	struct json_value d;
	char from[CELL];

	if (rows.left == 0) {
		fprintf(stderr, "earshot device: nothing was heard of '%s' in the last "
		    "day\n  try: earshot flows inside IP, or the key that an alert "
		    "names\n", q->device);
		return false;
	}
	fprintf(out, "since %s%s\n\n", text(a, "from", from), number(a, "matched") > 8 ?
	    "; the first eight devices of this name" : "");
	while (rows.left > 0 && parse_element(&rows, &d))
		device(&d, out);
	return true;
}

static void
stats(const struct json_value *a, FILE *out)
{
	struct json_value loss, key, v, in;
	struct span rows;
	char word[CELL], total[CELL], per[CELL], unit[CELL];

	fprintf(out, "over %s s\n%-12s %16s %14s\n", rate(a, "interval_s", total), "",
	    "TOTAL", "PER SECOND");
	fprintf(out, "%-12s %16s %14s\n", "packets", text(a, "packets.total", total),
	    rate(a, "packets.per_s", per));
	fprintf(out, "%-12s %16s %14s\n\nlost\n", "bytes", text(a, "bytes.total", total),
	    rate(a, "bytes.per_s", per));
	rows = parse_get(a, "loss", &loss) ? parse_inside(&loss) : span_of(NULL, 0);
	while (rows.left > 0 && parse_member(&rows, &key, &v)) {
		(void)parse_text(&key, word, sizeof(word));
		in = v;
		fprintf(out, "  %-10s %16s %14s  %s\n", word, text(&in, "total", total),
		    rate(&in, "per_s", per), text(&in, "unit", unit));
	}
	fputs("\n-: unknown\n", out);
}

static void
status(const struct json_value *a, FILE *out)
{
	struct span rows;
	struct json_value r;
	char b[CELL], c[CELL], d[CELL], e[CELL], f[CELL], t[32], size[24];

	fprintf(out, "%s  earshot %s, boot %s, up %s\n", text(a, "name", b),
	    text(a, "version", c), text(a, "boot", d),
	    span_of_time(number(a, "uptime_s"), t));
	rows = list(a, "interfaces");
	while (rows.left > 0 && parse_element(&rows, &r))
		fprintf(out, "  interface  %s: %s, %s lost in the kernel\n",
		    text(&r, "name", b), text(&r, "state", c), text(&r, "kernel_drops", d));
	fprintf(out, "  packets    %s, the last at %s, %s ms behind\n",
	    text(a, "packets", b), text(a, "last_packet", c), text(a, "lag_ms", d));
	fprintf(out, "  flows      %s now\n", text(a, "flows_now", b));
	fprintf(out, "  rules      %s, version %s, generation %s\n",
	    text(a, "rules.count", b), text(a, "rules.version", c),
	    text(a, "rules.generation", d));
	if (number(a, "learning_s") > 0)
		fprintf(out, "  learning   %s more, before 'first seen' means something\n",
		    span_of_time(number(a, "learning_s"), t));
	rows = list(a, "outputs");
	while (rows.left > 0 && parse_element(&rows, &r))
		fprintf(out, "  output     %s: %s, sent %s, waiting %s, lost %s\n",
		    text(&r, "name", b), either(&r, "up", "up", "down"),
		    text(&r, "sent", d), text(&r, "waiting", e), text(&r, "lost", f));
	if (strcmp(either(a, "store.on", "on", "off"), "off") == 0)
		fputs("  store      none\n", out);
	else
		fprintf(out, "  store      %s in %s, lost %s%s\n",
		    bytes(a, "store.bytes", size), text(a, "store.folder", d),
		    text(a, "store.lost", c),
		    strcmp(either(a, "store.full", "full", ""), "full") == 0 ?
		    ", its disk is FULL" : "");
	rows = list(a, "processes");
	while (rows.left > 0 && parse_element(&rows, &r))
		fprintf(out, "  process    %-10s %s  %s, Landlock %s\n",
		    text(&r, "name", b), text(&r, "pid", c),
		    either(&r, "seccomp", "system calls filtered", "calls NOT filtered"),
		    text(&r, "landlock", e));
}

/* Line by line, as the rule tools print it; what could drive a terminal is '?'. */
static void
errors(const struct json_value *a)
{
	static const char path[] = "text";
	char raw[RULE_SET_ERRORS];
	struct json_value v;
	struct span s;
	uint32_t c;
	bool valid;
	size_t n;

	if (!parse_get(a, path, &v))
		return;
	s = span_of(raw, parse_text(&v, raw, sizeof(raw)));
	while ((n = utf8_next(s, &c, &valid)) > 0) {
		if (valid && (c == '\n' || c == '\t' || utf8_plain(c)))
			(void)fwrite(s.at, 1, n, stderr);
		else
			fputc('?', stderr);
		(void)span_skip(&s, n);
	}
}

/* What it did; what was wrong goes to standard error, and the old rules hold. */
static bool
reloaded(const struct json_value *a, FILE *out)
{
	char b[CELL], c[CELL], d[CELL];

	if (reload_accepted(a)) {
		fprintf(out, "rules %s are generation %s: %llu rules, %llu lists with %llu "
		    "entries, %llu devices; %s ms, swapped in %s ms\n",
		    text(a, "rules_version", b), text(a, "generation", c),
		    (unsigned long long)number(a, "rules"),
		    (unsigned long long)number(a, "lists"),
		    (unsigned long long)number(a, "list_entries"),
		    (unsigned long long)number(a, "devices"),
		    text(a, "took_ms", d), text(a, "swap_ms", (char[CELL]){ 0 }));
		return fflush(out) == 0;
	}
	errors(a);
	fprintf(stderr, "earshot reload: %s\n", text(a, "why", b));
	if (text(a, "remedy", c)[0] != '\0' && strcmp(text(a, "remedy", c), "-") != 0)
		fprintf(stderr, "  try: %s\n", c);
	fprintf(stderr, "  the rules stay as they were\n");
	return false;
}

bool
reload_accepted(const struct json_value *answer)
{
	struct json_value v;

	return parse_get(answer, "accepted", &v) && v.type == 't';
}

bool
table_print(const struct request *q, const struct json_value *a, FILE *out)
{
	struct json_value error;
	char what[CELL], remedy[CELL];

	if (parse_get(a, "error", &error)) {
		fprintf(stderr, "earshot %s: %s\n", request_command_word[q->command],
		    text(a, "error", what));
		if (strcmp(text(a, "try", remedy), "-") != 0)
			fprintf(stderr, "  try: %s\n", remedy);
		return false;
	}
	switch (q->command) {
	case REQUEST_STATUS:
		status(a, out);
		break;
	case REQUEST_FLOWS:
		flows(a, out);
		break;
	case REQUEST_DEVICE:
		return devices(a, q, out);
	case REQUEST_STATS:
		stats(a, out);
		break;
	case REQUEST_RELOAD:
		return reloaded(a, out);
	case REQUEST_HELP:
	case REQUEST_COMMAND_COUNT:
		fwrite(a->raw.at, 1, a->raw.left, out);
		fputc('\n', out);
		break;
	}
	return fflush(out) == 0;
}
