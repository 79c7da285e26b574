/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `earshot selftest`: four small captures through the shipped rules to the alert, once
 * from the file and, as root, once over a wire of our own (tap.h), where they have no
 * network to touch. Over the wire frames come as fast as it takes them and keep the times
 * their capture gave them: 50 s of a microphone need a second, not 50.
 */
#include "rules/cli/commands.h"
#include "rules/cli/launch.h"
#include "rules/cli/pipe.h"
#include "rules/cli/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* X(capture, rule that must tell, or "" for nothing at all; what it is) */
#define SELFTESTS(X) \
	X("live-microphone", "live-microphone", \
	    "50 s of a microphone left open, as RTP") \
	X("chunked-recorder", "chunked-recorder", \
	    "a recorder that sends a piece every 20 s over TLS") \
	X("audio-in-clear", "audio-file-in-clear", "an MP3 file by HTTP in clear text") \
	X("two-way-call", "", "a minute of a telephone call, which is nobody's business")

static const struct selftest {
	const char *name, *rule, *what;
} selftest[] = {
#define X(name, rule, what) { name, rule, what },
	SELFTESTS(X)
#undef X
};

#define SELFTEST_N (sizeof(selftest) / sizeof(selftest[0]))
#define FRAMES_MOST 20000
#define BYTES_MOST ((size_t)16 * 1024 * 1024)
#define TOLD_MOST 8

/* A capture in memory: read once, played twice. */
struct film {
	struct frame *frame;
	size_t n;
	uint8_t *bytes;
	size_t used;
	bool full;
};

/* What was told on the way. */
struct told {
	const char *rule[TOLD_MOST];	/* each once */
	unsigned rules;
	uint64_t alerts, events;	/* judged; written as events */
	struct emitter *emitter;
};

struct show {
	bool json;
	unsigned n, good;
	char no_tap[512];	/* why there is none; "": there is */
};

static int play(const struct program *program, struct dpi_cell *cell, const char *folder,
    struct show *show, struct fault *why);
static int film_read(struct film *f, const char *path, struct fault *why);
static void film_free(struct film *f);
static int run(const struct program *program, struct dpi_cell *cell, const struct film *f,
    struct tap *tap, struct tap_counts *counts, struct told *told, struct fault *why);
static void say(struct show *show, const char *way, const struct selftest *t,
    const struct film *f, const struct told *told, const struct tap_counts *counts,
    const struct fault *why);

static const char usage[] = "usage: earshot selftest [--format text|json]";

int
command_selftest(int argc, char **argv)
{
	struct rule_choice choice = { 0 };
	struct show show = { 0 };
	char std[4096], captures[4096];
	struct rule_files *files = NULL;
	struct program *program = NULL;
	struct dpi_cell *cell = NULL;
	struct fault why = { 0 };
	unsigned errors = 0;
	int rc = EXIT_COULD_NOT;

	if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		puts(usage);
		return EXIT_DONE;
	}
	if (argc == 3 && strcmp(argv[1], "--format") == 0 &&
	    (strcmp(argv[2], "json") == 0 || strcmp(argv[2], "text") == 0)) {
		show.json = strcmp(argv[2], "json") == 0;
	} else if (argc != 1) {
		fprintf(stderr, "%s\n", usage);
		return EXIT_USAGE;
	}
	/* The shipped rules alone: a site may have silenced what must be heard here. */
	choice.replace[0] = rules_std_folder(std, sizeof(std));
	choice.replaces = 1;
	if (choice.replace[0] == NULL ||
	    selftest_folder(captures, sizeof(captures)) == NULL) {
		(void)fault_set(&why, "run 'make install'", "cannot find the %s",
		    choice.replace[0] == NULL ? "shipped rules" :
		    "captures of the self-test");
		goto fail;
	}
	files = rule_files_read(&choice, &why);
	if (files == NULL)
		goto fail;
	program = rule_files_compile(files, false, &errors);
	if (program == NULL) {
		(void)fault_set(&why, "run 'make install' again",
		    "cannot use the shipped rules: %u errors", errors);
		goto fail;
	}
	cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, &why);
	if (cell == NULL || play(program, cell, captures, &show, &why) == -1)
		goto fail;
	rc = show.good == show.n ? EXIT_DONE : EXIT_COULD_NOT;
	goto out;
fail:
	fprintf(stderr, "earshot selftest: %s\n%s%s%s", why.what,
	    why.remedy[0] != '\0' ? "  try: " : "", why.remedy,
	    why.remedy[0] != '\0' ? "\n" : "");
out:
	dpi_cell_stop(cell);
	program_destroy(program);
	rule_files_free(files);
	return rc;
}

/* Every capture from its file; then, as root, every one over a tap. */
static int
play(const struct program *program, struct dpi_cell *cell, const char *folder,
    struct show *show, struct fault *why)
{
	struct film film[SELFTEST_N] = { 0 };
	struct tap_counts counts = { 0 };
	struct fault one = { 0 };
	struct tap *tap = NULL;
	struct told told;
	char path[4200];
	int rc = -1;

	if (show->json)
		fputs("{\"tests\":[", stdout);
	for (size_t i = 0; i < SELFTEST_N; i++) {
		one = (struct fault){ 0 };
		(void)snprintf(path, sizeof(path), "%s/%s.pcap.zst", folder,
		    selftest[i].name);
		memset(&told, 0, sizeof(told));
		if (film_read(&film[i], path, &one) == 0)
			(void)run(program, cell, &film[i], NULL, NULL, &told, &one);
		say(show, "file", &selftest[i], &film[i], &told, NULL, &one);
	}
	one = (struct fault){ 0 };
	if (geteuid() != 0)
		(void)fault_set(&one, NULL, "as root also over a tap");
	else
		tap = tap_open(&one);
	/* What this host does not allow is told, but says nothing against the sensor. */
	if (tap == NULL)
		(void)snprintf(show->no_tap, sizeof(show->no_tap), "%s", one.what);
	for (size_t i = 0; tap != NULL && i < SELFTEST_N; i++) {
		one = (struct fault){ 0 };
		memset(&told, 0, sizeof(told));
		(void)run(program, cell, &film[i], tap, &counts, &told, &one);
		say(show, "tap", &selftest[i], &film[i], &told, &counts, &one);
	}
	if (show->json)
		printf("],\"passed\":%u,\"of\":%u,\"tap\":%s}\n", show->good, show->n,
		    tap != NULL ? "true" : "false");
	else
		printf("%u of %u%s%s%s\n", show->good, show->n, tap != NULL ? "" : " (",
		    show->no_tap, tap != NULL ? "" : ")");
	rc = fflush(stdout) == 0 ? 0 : fault_set(why, NULL, "cannot write the result");
	tap_close(tap);
	for (size_t i = 0; i < SELFTEST_N; i++)
		film_free(&film[i]);
	return rc;
}

static void
keep_frame(void *arg, const struct frame *f)
{
	struct film *film = arg;

	if (film->n == FRAMES_MOST || film->used + f->cap > BYTES_MOST) {
		film->full = true;
		return;
	}
	film->frame[film->n] = *f;
	film->frame[film->n++].bytes = film->bytes + film->used;
	memcpy(film->bytes + film->used, f->bytes, f->cap);
	film->used += f->cap;
}

static int
film_read(struct film *f, const char *path, struct fault *why)
{
	struct source *s = source_open_file(path, NULL, why);
	int n = SOURCE_FAULT;

	f->frame = calloc(FRAMES_MOST, sizeof(*f->frame));
	f->bytes = malloc(BYTES_MOST);
	if (s == NULL || f->frame == NULL || f->bytes == NULL)
		goto out;
	while ((n = source_dispatch(s, 4096, keep_frame, f, why)) >= 0)
		continue;
	if (f->full)
		n = fault_set(why, "run 'make install' again",
		    "'%s' is not the capture we ship: it is too large", path) - 1;
out:
	source_destroy(s);
	return n == SOURCE_END ? 0 : -1;
}

static void
film_free(struct film *f)
{
	free(f->frame);
	free(f->bytes);
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct told *t = arg;
	bool known = v->update || v->rule->suspect;

	if (!known)
		t->alerts++;
	for (unsigned i = 0; i < t->rules && !known; i++)
		known = strcmp(t->rule[i], v->rule->name) == 0;
	if (!known && t->rules < TOLD_MOST)
		t->rule[t->rules++] = v->rule->name;
	return emitter_verdict(t->emitter, v);
}

static bool
put(void *arg, const struct event_head *h, const char *json, const char *text)
{
	struct told *t = arg;

	(void)json;
	(void)text;
	if (h->type == EVENT_TYPE_ALERT && strstr(json, "\"update\":true") == NULL)
		t->events++;
	return true;
}

static int
run(const struct program *program, struct dpi_cell *cell, const struct film *f,
    struct tap *tap, struct tap_counts *counts, struct told *told, struct fault *why)
{
	struct pipe_options po = { .program = program, .cell = cell, .arg = told,
		.on_verdict = on_verdict };
	struct emitter_options eo = { .sensor = "selftest", .boot = "selftest",
		.version = EARSHOT_VERSION, .rules_version = program->version,
		.input = "selftest", .arg = told, .put = put };
	struct pipe *p = NULL;
	int rc = -1;

	if (getrandom(&po.hash, sizeof(po.hash), 0) != (ssize_t)sizeof(po.hash) ||
	    (told->emitter = emitter_create(&eo, why)) == NULL ||
	    (p = pipe_create(&po, why)) == NULL)
		goto out;
	rc = 0;
	if (tap != NULL)
		rc = tap_play(tap, f->frame, f->n, pipe_frame, p, counts, why);
	for (size_t i = 0; tap == NULL && i < f->n; i++)
		pipe_frame(p, &f->frame[i]);
	pipe_finish(p);
out:
	pipe_destroy(p);
	emitter_destroy(told->emitter);
	told->emitter = NULL;
	return rc;
}

static bool
was_told(const struct told *t, const char *rule)
{
	for (unsigned i = 0; i < t->rules; i++)
		if (strcmp(t->rule[i], rule) == 0)
			return true;
	return false;
}

static bool
passed(const struct selftest *t, const struct film *f, const struct told *told,
    const struct tap_counts *counts, const struct fault *why)
{
	if (why->what[0] != '\0' || f->n == 0 || told->events != told->alerts)
		return false;
	if (counts != NULL && (counts->came != f->n || counts->odd_times > 0))
		return false;
	return t->rule[0] == '\0' ? told->alerts == 0 : was_told(told, t->rule);
}

/* Our own words only: nothing here needs escaping. */
static void
say_came(
    const struct told *told, const char *quote, const char *between, const char *none)
{
	if (told->rules == 0)
		fputs(none, stdout);
	for (unsigned i = 0; i < told->rules; i++)
		printf("%s%s%s%s", i == 0 ? "" : between, quote, told->rule[i], quote);
}

static void
say(struct show *show, const char *way, const struct selftest *t, const struct film *f,
    const struct told *told, const struct tap_counts *counts, const struct fault *why)
{
	bool good = passed(t, f, told, counts, why);
	size_t came = counts == NULL ? f->n : counts->came;

	if (show->json) {
		printf("%s{\"by\":\"%s\",\"name\":\"%s\",\"passed\":%s,"
		       "\"expected\":[%s%s%s],\"came\":[",
		    show->n == 0 ? "" : ",", way, t->name, good ? "true" : "false",
		    t->rule[0] == '\0' ? "" : "\"", t->rule,
		    t->rule[0] == '\0' ? "" : "\"");
		say_came(told, "\"", ",", "");
		printf("],\"frames\":%zu,\"frames_came\":%zu}", f->n, came);
	} else {
		printf("%s  by %-4s  %-16s  expected %s, came ", good ? "ok  " : "FAIL",
		    way, t->name, t->rule[0] == '\0' ? "nothing" : t->rule);
		say_came(told, "", ", ", "nothing");
		if (counts != NULL)
			printf(" (%zu of %zu frames)", came, f->n);
		putchar('\n');
		if (why->what[0] == '\0' && counts != NULL && counts->odd_times > 0)
			printf(
			    "      %zu frames were stamped with a time that is not now\n",
			    counts->odd_times);
	}
	if (why->what[0] != '\0')
		fprintf(stderr, "earshot selftest: %s\n%s%s%s", why->what,
		    why->remedy[0] != '\0' ? "  try: " : "", why->remedy,
		    why->remedy[0] != '\0' ? "\n" : "");
	show->n++;
	show->good += good;
}
