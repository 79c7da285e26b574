/* SPDX-License-Identifier: GPL-3.0-or-later */
/* versus: see versus.h. */
#include "rules/cli/versus.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct program *
versus_rules(const struct rule_choice *base, char *const *word, unsigned words,
    struct rule_files **f, struct fault *why)
{
	struct rule_choice c = *base;
	struct program *p;

	*f = NULL;
	why->what[0] = '\0';
	for (unsigned i = 0; i < words; i++) {
		struct stat st;

		if (stat(word[i], &st) == -1) {
			(void)fault_set(why, NULL, "cannot read rules '%s': %s", word[i],
			    strerror(errno));
			return NULL;
		}
		if (c.replaces == RULE_PATHS || c.overs == RULE_PATHS) {
			(void)fault_set(why, "a folder", "too many files");
			return NULL;
		}
		if (S_ISDIR(st.st_mode))
			c.replace[c.replaces++] = word[i];
		else
			c.over[c.overs++] = word[i];
	}
	*f = rule_files_read(&c, why);
	if (*f == NULL)
		return NULL;
	p = rule_files_compile(*f, false, NULL);
	if (p == NULL)
		why->what[0] = '\0';
	return p;
}

static int
on_begin(void *arg, unsigned run, const char *name, struct fault *why)
{
	struct versus *v = arg;

	(void)name;
	v->run = run;
	return replay_begin(v->replay, why);
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	replay_record(((struct versus *)arg)->replay, o, strings);
}

static void
on_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	replay_step(((struct versus *)arg)->replay, now, strings);
}

static void
on_end(void *arg)
{
	replay_end(((struct versus *)arg)->replay);
}

static void
on_verdict(void *arg, unsigned which, const struct verdict *verdict)
{
	struct versus *v = arg;
	unsigned rule = (unsigned)(verdict->rule - v->program->rule);

	(void)which;
	if (rule < v->rules)
		alerts_take(v->alerts[0], v->run, verdict->rule->id, verdict);
	else
		alerts_take(v->alerts[rule - v->rules + 1], v->run, v->swept, verdict);
}

int
versus_run(struct versus *v, struct fault *why)
{
	/* The same key each time: the same input gives the same answer. */
	struct replay_options ro = { .hash = { 0x6261636b, 0x74657374 },
		.program = &v->program, .programs = 1, .arg = v,
		.on_verdict = on_verdict, .always = -1 };
	struct feed_sink sink = { .arg = v, .begin = on_begin, .on_record = on_record,
		.on_step = on_step, .end = on_end };
	int rc;

	v->replay = replay_create(&ro, why);
	if (v->replay == NULL)
		return -1;
	rc = feed(v->b, v->heard_by, &sink, v->who, &v->read, why);
	replay_get_counts(v->replay, &v->counts);
	replay_destroy(v->replay);
	v->replay = NULL;
	return rc;
}
