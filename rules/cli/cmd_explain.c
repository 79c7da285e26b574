/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot explain`: why an alert was told, or how near a rule came that told none. Events are
 * found by their number, in what lies in a store or a file, or by reading a capture again as
 * `earshot read` does; misses are measured by rules/bench/near.h. */
#define _GNU_SOURCE			/* memmem, pipe2 */
#include "rules/bench/alerts.h"
#include "rules/bench/replay.h"
#include "rules/bench/rows.h"
#include "rules/cli/commands.h"
#include "rules/cli/feed.h"
#include "rules/lang/lang.h"
#include "rules/trace/read.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MOST 65536
#define FIRED_SHOWN 5

static const char usage[] =
	"usage: earshot explain EVENT-ID [OPTIONS] [CAPTURE|EVENTS|STORE ...]\n"
	"       earshot explain --near N [--rule NAME] [OPTIONS] [CAPTURE|EVENTS|STORE ...]\n"
	"       (without an input: the store of this machine's sensor)";

struct explainer {
	struct bench_options b;
	const char *id;			/* of an event; NULL: near misses */
	char *found;			/* its JSON */
	struct program *program;
	struct replay *replay;
	struct near *near;
	struct intern *names;
	struct alerts *fired;
	struct feed_counts read;
	int rule;			/* -1: all */
	unsigned run;
	uint64_t records;		/* of that device and destination */
};

/* sensor:boot:lane:partition:seq, and no file of that name. */
static bool
is_event_id(const char *word)
{
	unsigned colons = 0;

	for (const char *at = word; *at != '\0'; at++)
		colons += *at == ':';
	return colons == 4 && strchr(word, '/') == NULL && access(word, F_OK) == -1;
}

static int
take_words(struct explainer *x, struct fault *why)
{
	struct bench_options *b = &x->b;

	for (int i = 0; i < b->n; i++) {
		const char *word = b->words[i];
		char inner[4200];
		struct stat st;

		if (is_event_id(word)) {
			if (x->id != NULL)
				return fault_set(why, NULL, "two events: '%s' and '%s'", x->id,
				    word);
			x->id = word;
			continue;
		}
		if (stat(word, &st) == -1)
			return fault_set(why, usage, "cannot read '%s': %s", word,
			    strerror(errno));
		(void)snprintf(inner, sizeof(inner), "%.4000s/store", word);
		if (S_ISDIR(st.st_mode) && (trace_store_size(word) != -1 ||
		    trace_store_size(inner) != -1)) {
			b->store = true;
			(void)snprintf(b->store_dir, sizeof(b->store_dir), "%.4000s", word);
		} else if (S_ISDIR(st.st_mode) || source_named_capture(word)) {
			if (b->captures == BENCH_INPUTS)
				return fault_set(why, "name a folder", "too many captures");
			b->capture[b->captures++] = word;
		} else {
			if (b->event_files == BENCH_INPUTS)
				return fault_set(why, NULL, "too many files of events");
			b->events[b->event_files++] = word;
		}
	}
	if (x->id == NULL && b->near == 0 && b->rule == NULL)
		return fault_set(why, usage, "neither an event nor --near N is named");
	if (x->id != NULL && (b->near > 0 || b->rule != NULL))
		return fault_set(why, usage,
		    "an event and --near or --rule: one of them");
	if (!feed_named(b)) {
		char *words[] = { b->passed[0], (char *)(uintptr_t)"--store" };
		struct bench_options only;

		/* What --store alone would say. */
		if (bench_options(2, words, FOR_EXPLAIN, usage, &only) != 0)
			return fault_set(why, NULL, "no input");
		b->store = true;
		memcpy(b->store_dir, only.store_dir, sizeof(b->store_dir));
		bench_options_free(&only);
	}
	return 0;
}

/* ---- one event ---- */

static bool
is_it(const struct explainer *x, struct span json)
{
	struct json_value doc, v;
	char id[256];

	return json.left < LINE_MOST &&
	    memmem(json.at, json.left, x->id, strlen(x->id)) != NULL &&
	    parse_document(json, &doc) && parse_get(&doc, "earshot.event_id", &v) &&
	    parse_text(&v, id, sizeof(id)) > 0 && strcmp(id, x->id) == 0;
}

static void
on_event(void *arg, struct span json)
{
	struct explainer *x = arg;

	if (x->found != NULL || !is_it(x, json))
		return;
	x->found = malloc(json.left + 1);
	if (x->found == NULL)
		return;
	memcpy(x->found, json.at, json.left);
	x->found[json.left] = '\0';
}

/* The capture read again by this program, with the same rules: the same events. */
static int
read_again(struct explainer *x, struct fault *why)
{
	const struct bench_options *b = &x->b;
	char **argv = calloc((size_t)b->passed_n + b->captures + 8, sizeof(*argv));
	bool flow = strstr(x->id, ":flow:") != NULL;
	char *line = NULL;
	size_t room = 0;
	int p[2] = { -1, -1 }, n = 0, status;
	ssize_t got;
	FILE *in;
	pid_t pid;

	if (argv == NULL || pipe2(p, O_CLOEXEC) == -1) {
		free(argv);
		return fault_set(why, NULL, "cannot read the capture again: %s",
		    strerror(errno));
	}
	argv[n++] = (char *)(uintptr_t)"earshot";
	argv[n++] = (char *)(uintptr_t)"read";
	argv[n++] = (char *)(uintptr_t)"--format=json";
	if (flow)
		argv[n++] = (char *)(uintptr_t)"--flows";
	for (int i = 1; i < b->passed_n - b->n; i++)
		argv[n++] = b->passed[i];
	for (unsigned i = 0; i < b->captures; i++)
		argv[n++] = (char *)(uintptr_t)b->capture[i];
	pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], STDOUT_FILENO);
		(void)execv("/proc/self/exe", argv);
		_exit(127);
	}
	close(p[1]);
	free(argv);
	in = pid == -1 ? NULL : fdopen(p[0], "r");
	if (in == NULL) {
		close(p[0]);
		return fault_set(why, NULL, "cannot read the capture again: %s",
		    strerror(errno));
	}
	while ((got = getline(&line, &room, in)) > 0)
		on_event(x, span_of(line, (size_t)got - (line[got - 1] == '\n')));
	free(line);
	fclose(in);
	if (waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fault_set(why, NULL, "reading the capture again failed");
	return 0;
}

static const char *
text_at(const struct json_value *doc, const char *path, char *buf, size_t size)
{
	struct json_value v;
	char raw[1024] = "";

	if (parse_get(doc, path, &v) && v.type == '"')
		(void)parse_text(&v, raw, sizeof(raw));
	else if (parse_get(doc, path, &v) && v.raw.left < 40)
		(void)snprintf(raw, sizeof(raw), "%.*s", (int)v.raw.left,
		    (const char *)v.raw.at);
	return plain_text(raw, buf, size);
}

static size_t
rows_of(const struct json_value *doc, struct bench_row *row, size_t most)
{
	struct json_value why, e;
	struct span in;
	size_t n = 0;

	if (!parse_get(doc, "earshot.why", &why) || why.type != '[')
		return 0;
	in = parse_inside(&why);
	while (n < most && in.left > 0 && parse_element(&in, &e))
		n += row_of_why(&e, &row[n]);
	return n;
}

static void
print_row_json(const struct bench_row *r, bool first)
{
	printf("%s{\"cond\":", first ? "" : ",");
	json_string(stdout, r->cond);
	printf(",\"passed\":%s", r->passed == TRUTH_UNKNOWN ? "null" :
	    r->passed == TRUTH_TRUE ? "true" : "false");
	if (r->observed[0] != '\0') {
		fputs(",\"observed\":", stdout);
		json_string(stdout, r->observed);
	}
	if (r->limit[0] != '\0') {
		fputs(",\"limit\":", stdout);
		json_string(stdout, r->limit);
	}
	if (r->share >= 0)
		printf(",\"share\":%.4f", r->share);
	putchar('}');
}

static int
tell_event(const struct explainer *x)
{
	struct bench_row row[128];
	struct json_value doc, v, e;
	struct span in;
	char a[256], b[256], c[256], when[64], text[1024];
	size_t n;

	if (!parse_document(span_of(x->found, strlen(x->found)), &doc))
		return EXIT_COULD_NOT;
	n = rows_of(&doc, row, sizeof(row) / sizeof(row[0]));
	if (x->b.json) {
		printf("{\"event\":%s,\"conditions\":[", x->found);
		for (size_t i = 0; i < n; i++)
			print_row_json(&row[i], i == 0);
		puts("]}");
		return EXIT_DONE;
	}
	(void)text_at(&doc, "timestamp", when, sizeof(when));
	(void)text_at(&doc, "event_type", a, sizeof(a));
	printf("%s\n", x->id);
	if (strcmp(a, "flow") == 0) {
		printf("a flow, told at %s: no rule speaks here\n  try: earshot explain "
		    "--near 5 --device %s --dest %s\n", when,
		    text_at(&doc, "src_ip", b, sizeof(b)),
		    text_at(&doc, "dest_ip", c, sizeof(c)));
		return EXIT_DONE;
	}
	printf("%s (%s rev %s), %s, %s\n", text_at(&doc, "earshot.rule.name", a, sizeof(a)),
	    text_at(&doc, "earshot.rule.id", b, sizeof(b)),
	    text_at(&doc, "earshot.rule.rev", c, sizeof(c)),
	    text_at(&doc, "earshot.severity", text, 64), when);
	printf("%s\n\n", text_at(&doc, "earshot.explain", text, sizeof(text)));
	if (n == 0)
		puts("  (it says no conditions: it is about the sensor itself)");
	else
		rows_print(stdout, row, n);
	if (parse_get(&doc, "earshot.notes", &v) && v.type == '[')
		for (in = parse_inside(&v); in.left > 0 && parse_element(&in, &e);) {
			char raw[512];

			(void)parse_text(&e, raw, sizeof(raw));
			printf("  note: %s\n", plain_text(raw, text, sizeof(text)));
		}
	if (parse_get(&doc, "earshot.seen", &v) && v.type == '{') {
		struct json_value k;

		for (in = parse_inside(&v); in.left > 0 && parse_member(&in, &k, &e);)
			if (e.type == 't') {
				(void)parse_text(&k, a, sizeof(a));
				printf("  not all was seen: %s\n",
				    plain_text(a, text, sizeof(text)));
			}
	}
	if (parse_get(&doc, "earshot.related", &v) && v.type == '[')
		for (in = parse_inside(&v); in.left > 0 && parse_element(&in, &e);) {
			char raw[256];

			(void)parse_text(&e, raw, sizeof(raw));
			printf("  belongs to: %s\n", plain_text(raw, text, sizeof(text)));
		}
	return EXIT_DONE;
}

static int
explain_event(struct explainer *x, struct fault *why)
{
	struct feed_sink sink = { .arg = x, .on_event = on_event };
	struct bench_options kept = x->b;

	kept.captures = 0;
	if (feed_named(&kept) &&
	    feed(&kept, x->program, &sink, "explain", &x->read, why) == -1)
		return bench_mistake("explain", why, EXIT_COULD_NOT);
	if (x->found == NULL && x->b.captures > 0 && read_again(x, why) == -1)
		return bench_mistake("explain", why, EXIT_COULD_NOT);
	if (x->found == NULL) {
		(void)fault_set(why, x->b.captures > 0 ? "the same rules, lists and options as "
		    "when it was told: its number depends on them" : "is it of this sensor, and "
		    "not older than the store keeps (--store-age)?",
		    "no event '%s' was found", x->id);
		return bench_mistake("explain", why, EXIT_COULD_NOT);
	}
	return tell_event(x);
}

/* ---- near misses ---- */

static int
on_begin(void *arg, unsigned run, const char *name, struct fault *why)
{
	struct explainer *x = arg;

	(void)name;
	x->run = run;
	near_run(x->near, run);
	return replay_begin(x->replay, why);
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct explainer *x = arg;

	x->records += near_is_device(x->b.device, o, strings) &&
	    near_is_dest(x->b.dest, o, strings);
	replay_record(x->replay, o, strings);
}

static void
on_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	struct explainer *x = arg;

	replay_step(x->replay, now, strings);
}

static void
on_end(void *arg)
{
	struct explainer *x = arg;

	replay_end(x->replay);
}

static void
on_verdict(void *arg, unsigned which, const struct verdict *v)
{
	struct explainer *x = arg;

	(void)which;
	if ((x->rule == -1 || v->rule == &x->program->rule[x->rule]) &&
	    near_is_device(x->b.device, v->o, v->strings) &&
	    near_is_dest(x->b.dest, v->o, v->strings))
		alerts_take(x->fired, x->run, v->rule->id, v);
}

static void
on_judged(void *arg, unsigned which, struct eval *e, unsigned rule, bool fired,
    const struct observation *o, const struct intern *strings)
{
	struct explainer *x = arg;

	(void)which;
	near_take(x->near, e, rule, fired, o, strings);
}

static const char *
name_of(const struct explainer *x, uint32_t id, char *buf, size_t size)
{
	struct span s = intern_get(x->names, id);
	char raw[INTERN_MAX + 1];

	memcpy(raw, s.at, s.left);
	raw[s.left] = '\0';
	return plain_text(raw, buf, size);
}

static void
tell_case_json(const struct explainer *x, const struct near_case *c, bool first)
{
	const struct rule *r = &x->program->rule[c->rule];
	struct bench_row row;
	char when[PKT_TIME_TEXT];

	(void)pkt_time_print((struct pkt_time){ c->time }, when);
	printf("%s{\"rule\":\"%s\",\"id\":%u,\"input\":", first ? "" : ",", r->name, r->id);
	json_string(stdout, x->read.name[c->run]);
	fputs(",\"device\":", stdout);
	json_string(stdout, c->device);
	printf(",\"src_ip\":\"%s\",\"dest\":", c->address);
	json_string(stdout, c->dest);
	printf(",\"dest_ip\":\"%s\",\"time\":\"%s\",\"flow_id\":%llu,\"near\":%.4f,"
	    "\"conditions\":[", c->dest_address, when, (unsigned long long)c->flow_id,
	    fmax(0, 1 - c->lacks));
	for (unsigned i = 0; i < c->leaves; i++) {
		row_of_case(x->program, c, i, &row);
		print_row_json(&row, i == 0);
	}
	fputs("]}", stdout);
}

static void
tell_case(const struct explainer *x, const struct near_case *c, unsigned n)
{
	const struct rule *r = &x->program->rule[c->rule];
	struct bench_row row[NEAR_LEAVES];
	char a[NEAR_NAME], b[NEAR_NAME], when[PKT_TIME_TEXT], text[600];

	if (n > 0)
		printf("%2u. ", n);
	if (c->lacks < 1)
		printf("%.0f %%  ", floor(100 * (1 - c->lacks)));
	printf("%s%s%s (%u rev %u): %s\n", r->name, r->suspect ? ", a suspect" : "",
	    r->trial ? ", on trial" : "", r->id, r->rev,
	    case_lacks(x->program, c, text, sizeof(text)));
	printf("    %s", plain_text(c->device, a, sizeof(a)));
	if (c->address[0] != '\0' && strcmp(c->address, c->device) != 0)
		printf(" (%s)", c->address);
	printf(" to %s", plain_text(c->dest, b, sizeof(b)));
	if (c->dest_address[0] != '\0' && strcmp(c->dest_address, c->dest) != 0)
		printf(" (%s)", c->dest_address);
	printf(", %s", moment_text(c->time, when));
	if (x->read.runs > 1)
		printf(", %s", x->read.name[c->run]);
	puts("\n");
	for (unsigned i = 0; i < c->leaves; i++)
		row_of_case(x->program, c, i, &row[i]);
	rows_print(stdout, row, c->leaves);
	if (r->leaves > c->leaves)
		printf("  and %u conditions more\n", r->leaves - c->leaves);
	putchar('\n');
}

/* What it did tell, before what it did not. */
static void
tell_fired(const struct explainer *x, const struct replay_counts *c)
{
	unsigned n = alerts_count(x->fired);
	char device[128], dest[128], when[PKT_TIME_TEXT];

	if (x->rule == -1) {
		printf("%u fired", n);
		if (c->folded + c->excepted + c->trial > 0)
			printf(" (%llu more folded by limits, %llu taken out by exceptions, "
			    "%llu on trial)", (unsigned long long)c->folded,
			    (unsigned long long)c->excepted, (unsigned long long)c->trial);
		puts("\n");
		return;
	}
	if (n == 0) {
		printf("%s did not fire%s\n\n", x->program->rule[x->rule].name,
		    c->excepted > 0 ? ", or an exception took it out" : "");
		return;
	}
	printf("%s fired:\n", x->program->rule[x->rule].name);
	for (unsigned i = 0; i < n && i < FIRED_SHOWN; i++) {
		const struct alert *a = alerts_get(x->fired, i);

		printf("  %s  %s to %s\n", moment_text(a->time, when),
		    name_of(x, a->device, device, sizeof(device)),
		    name_of(x, a->dest, dest, sizeof(dest)));
	}
	if (n > FIRED_SHOWN)
		printf("  and %u times more\n", n - FIRED_SHOWN);
	putchar('\n');
}

static int
find_rule(struct explainer *x, struct fault *why)
{
	const char *want = x->b.rule;
	char *end;
	unsigned long id = strtoul(want, &end, 10);
	char remedy[200];
	struct guess g = guess_start(want);

	for (unsigned i = 0; i < x->program->rules; i++) {
		const struct rule *r = &x->program->rule[i];

		if (strcmp(r->name, want) == 0 || (*end == '\0' && r->id == id)) {
			x->rule = (int)i;
			return 0;
		}
		guess_try(&g, r->name);
	}
	return fault_set(why, guess_remedy(&g, "'earshot rules print' shows the rules", remedy,
	    sizeof(remedy)), "no rule is called '%s'", want);
}

static int
explain_near(struct explainer *x, struct fault *why)
{
	static const struct siphash_key fixed = { 0x6e656172, 0x6d697373 };
	const struct program *programs[] = { x->program };
	struct replay_options ro = { .program = programs, .programs = 1, .arg = x,
		.hash = fixed, .on_verdict = on_verdict, .on_judged = on_judged, .always = -1 };
	struct near_options no = { .program = x->program, .hash = fixed,
		.device = x->b.device, .dest = x->b.dest };
	struct feed_sink sink = { .arg = x, .begin = on_begin, .on_record = on_record,
		.on_step = on_step, .end = on_end };
	struct replay_counts c;
	unsigned n, most;

	if (x->b.rule != NULL && find_rule(x, why) == -1)
		return bench_mistake("explain", why, EXIT_USAGE);
	ro.always = x->rule;
	if (x->rule != -1)
		no.most = 1e9;		/* whatever it lacks: it was asked for */
	x->names = intern_create(&fixed, 65536);
	x->fired = x->names == NULL ? NULL : alerts_create(x->names);
	x->near = near_create(&no);
	x->replay = replay_create(&ro, why);
	if (x->fired == NULL || x->near == NULL || x->replay == NULL) {
		(void)fault_set(why, NULL, "not enough memory");
		return bench_mistake("explain", why, EXIT_COULD_NOT);
	}
	if (feed(&x->b, x->program, &sink, "explain", &x->read, why) == -1)
		return bench_mistake("explain", why, EXIT_COULD_NOT);
	replay_get_counts(x->replay, &c);
	n = near_finish(x->near);
	most = x->b.near > 0 ? (unsigned)x->b.near : 1;
	n = n < most ? n : most;
	if (x->b.json) {
		printf("{\"records\":%llu,\"fired\":%u,\"folded\":%llu,\"excepted\":%llu,"
		    "\"near\":[", (unsigned long long)c.records, alerts_count(x->fired),
		    (unsigned long long)c.folded, (unsigned long long)c.excepted);
		for (unsigned i = 0; i < n; i++)
			tell_case_json(x, near_get(x->near, i), i == 0);
		puts("]}");
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
	}
	printf("%llu records, ", (unsigned long long)c.records);
	if (x->rule == -1)
		printf("%u rules: ", x->program->rules);
	tell_fired(x, &c);
	if (x->records == 0)
		puts("nothing is there of that device and destination");
	else if (n == 0)
		puts("nothing came near: where a rule was silent, more than a figure was missing\n"
		    "  try: --rule NAME says what one rule lacked");
	for (unsigned i = 0; i < n; i++)
		tell_case(x, near_get(x->near, i), x->rule == -1 || most > 1 ? i + 1 : 0);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

int
command_explain(int argc, char **argv)
{
	struct explainer *x = calloc(1, sizeof(*x));
	struct rule_files *f = NULL;
	struct fault why = { "", "" };
	int rc = EXIT_COULD_NOT;

	if (x == NULL)
		return EXIT_COULD_NOT;
	x->rule = -1;
	rc = bench_options(argc, argv, FOR_EXPLAIN, usage, &x->b);
	if (rc != 0) {
		free(x);
		return rc - 1;
	}
	if (take_words(x, &why) == -1) {
		rc = bench_mistake("explain", &why, EXIT_USAGE);
		goto out;
	}
	rc = EXIT_COULD_NOT;
	f = rule_files_read(&x->b.o.rules, &why);
	if (f == NULL) {
		rc = bench_mistake("explain", &why, EXIT_COULD_NOT);
		goto out;
	}
	x->program = rule_files_compile(f, false, NULL);
	if (x->program != NULL)
		rc = x->id != NULL ? explain_event(x, &why) : explain_near(x, &why);
out:
	free(x->found);
	replay_destroy(x->replay);
	near_destroy(x->near);
	alerts_destroy(x->fired);
	intern_destroy(x->names);
	feed_free(&x->read);
	program_destroy(x->program);
	rule_files_free(f);
	bench_options_free(&x->b);
	free(x);
	return rc;
}
