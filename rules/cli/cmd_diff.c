/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules diff OLD NEW`: which rules differ, and with an input: which alerts appear,
 * vanish and change. */
#include "rules/bench/rows.h"
#include "rules/cli/commands.h"
#include "rules/cli/versus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 262144

static const char usage[] =
	"usage: earshot rules diff [OPTIONS] OLD NEW\n"
	"       (a folder stands for the shipped rules, a file among them)";

struct diff {
	struct bench_options b;
	struct rule_files *files[2];
	struct program *program[2];
	struct intern *names;
	struct alerts *alerts[2];
	struct feed_counts read;
	unsigned same;
	bool differs, first;
};

static void
rule_line(struct diff *d, const char *what, const struct rule *r, const char *detail)
{
	d->differs = true;
	if (!d->b.json) {
		printf("rule %-8s %s (%u rev %u)%s\n", what, r->name, r->id, r->rev, detail);
		return;
	}
	printf("%s{\"what\":\"%s\",\"rule\":\"%s\",\"id\":%u}", d->first ? "" : ",", what,
	    r->name, r->id);
	d->first = false;
}

static const struct rule *
rule_of(const struct program *p, uint32_t id)
{
	for (unsigned i = 0; i < p->rules; i++)
		if (p->rule[i].id == id)
			return &p->rule[i];
	return NULL;
}

static void
tell_rules(struct diff *d)
{
	const struct program *a = d->program[0], *b = d->program[1];

	for (unsigned i = 0; i < a->rules; i++) {
		const struct rule *r = rule_of(b, a->rule[i].id);

		if (r == NULL)
			rule_line(d, "gone", &a->rule[i], "");
		else if (!rule_same(&a->rule[i], r))
			rule_line(d, "changed", r, r->rev == a->rule[i].rev ?
			    ": another text and the same rev" : "");
	}
	for (unsigned i = 0; i < b->rules; i++)
		if (rule_of(a, b->rule[i].id) == NULL)
			rule_line(d, "new", &b->rule[i], "");
}

static const char *
name_of(const struct diff *d, uint32_t id, char *buf, size_t size)
{
	struct span s = intern_get(d->names, id);
	char raw[INTERN_MAX + 1];

	memcpy(raw, s.at, s.left);
	raw[s.left] = '\0';
	return plain_text(raw, buf, size);
}

/* What of one alert is another now; false: nothing. */
static bool
changed(const struct alert *a, const struct alert *b, char *buf, size_t size)
{
	int64_t later = b->time - a->time;
	char bar[32] = "";

	buf[0] = '\0';
	if (later >= NS_PER_S || later <= -NS_PER_S)
		(void)snprintf(bar, sizeof(bar), "%s%.0f s", later > 0 ? "later by " :
		    "sooner by ", (double)(later > 0 ? later : -later) / 1e9);
	if (a->severity == b->severity && a->suspect == b->suspect && bar[0] == '\0')
		return false;
	(void)snprintf(buf, size, "%s%s%s%s%s", bar, bar[0] != '\0' &&
	    (a->severity != b->severity || a->suspect != b->suspect) ? ", " : "",
	    a->severity == b->severity ? "" : severity_name((enum severity)b->severity),
	    a->severity == b->severity ? "" : " now",
	    a->suspect == b->suspect ? "" : b->suspect ? " a suspect now" : " an alert now");
	return true;
}

static void
tell_pair(struct diff *d, const struct alert_pair *p)
{
	const struct alert *x = p->b != NULL ? p->b : p->a;
	const char *what = p->a == NULL ? "new" : p->b == NULL ? "gone" : "changed";
	char detail[96] = "", rule[80], device[128], dest[128], when[PKT_TIME_TEXT];

	if (p->a != NULL && p->b != NULL && !changed(p->a, p->b, detail, sizeof(detail))) {
		d->same++;
		return;
	}
	d->differs = true;
	(void)name_of(d, x->rule, rule, sizeof(rule));
	(void)name_of(d, x->device, device, sizeof(device));
	(void)name_of(d, x->dest, dest, sizeof(dest));
	if (!d->b.json) {
		printf("%s %-8s %s  %s, %s: %s to %s%s%s%s%s\n", x->suspect ? "suspect" : "alert",
		    what, moment_text(x->time, when), rule,
		    severity_name((enum severity)x->severity), device, dest,
		    detail[0] != '\0' ? ": " : "", detail,
		    d->read.runs > 1 ? ", " : "",
		    d->read.runs > 1 ? d->read.name[x->run] : "");
		return;
	}
	(void)pkt_time_print((struct pkt_time){ x->time }, when);
	printf("%s{\"what\":\"%s\",\"suspect\":%s,\"rule\":\"%s\",\"time\":\"%s\","
	    "\"severity\":\"%s\",\"input\":", d->first ? "" : ",", what,
	    x->suspect ? "true" : "false", rule, when,
	    severity_name((enum severity)x->severity));
	json_string(stdout, d->read.name[x->run]);
	fputs(",\"device\":", stdout);
	json_string(stdout, device);
	fputs(",\"dest\":", stdout);
	json_string(stdout, dest);
	if (detail[0] != '\0') {
		fputs(",\"change\":", stdout);
		json_string(stdout, detail);
	}
	putchar('}');
	d->first = false;
}

static int
tell_alerts(struct diff *d, struct fault *why)
{
	static const struct siphash_key fixed = { 0x6e616d65, 0x73 };
	struct alert_pair *pair;
	unsigned n;

	d->names = intern_create(&fixed, NAMES);
	for (unsigned i = 0; i < 2; i++) {
		struct versus v = { .b = &d->b, .heard_by = d->program[i],
			.program = d->program[i], .rules = d->program[i]->rules,
			.alerts = &d->alerts[i], .who = "rules diff" };

		d->alerts[i] = d->names == NULL ? NULL : alerts_create(d->names);
		if (d->alerts[i] == NULL)
			return fault_set(why, NULL, "not enough memory");
		if (versus_run(&v, why) == -1) {
			feed_free(&v.read);
			return -1;
		}
		feed_free(&d->read);
		d->read = v.read;
	}
	pair = alerts_compare(d->alerts[0], d->alerts[1], &n);
	if (pair == NULL)
		return fault_set(why, NULL, "not enough memory");
	for (unsigned i = 0; i < n; i++)
		tell_pair(d, &pair[i]);
	free(pair);
	return 0;
}

int
command_diff(int argc, char **argv)
{
	struct diff *d = calloc(1, sizeof(*d));
	struct fault why = { "", "" };
	int rc;

	if (d == NULL)
		return EXIT_COULD_NOT;
	rc = bench_options(argc, argv, FOR_DIFF, usage, &d->b);
	if (rc != 0) {
		free(d);
		return rc - 1;
	}
	rc = EXIT_USAGE;
	if (d->b.n != 2) {
		(void)fault_set(&why, usage, "two sets of rules are to be named, not %d", d->b.n);
		(void)bench_mistake("rules diff", &why, rc);
		goto out;
	}
	for (unsigned i = 0; i < 2; i++) {
		d->program[i] = versus_rules(&d->b.o.rules, d->b.words + i, 1, &d->files[i],
		    &why);
		if (d->program[i] != NULL)
			continue;
		if (why.what[0] != '\0')
			(void)bench_mistake("rules diff", &why, rc);
		goto out;
	}
	d->first = true;
	if (d->b.json)
		fputs("{\"rules\":[", stdout);
	tell_rules(d);
	if (d->b.json)
		fputs("],\"alerts\":[", stdout);
	d->first = true;
	if (feed_named(&d->b) && tell_alerts(d, &why) == -1) {
		rc = bench_mistake("rules diff", &why, rc);
		goto out;
	}
	if (d->b.json)
		printf("],\"same\":%u}\n", d->same);
	else if (feed_named(&d->b))
		printf("%s%u alert%s the same\n", d->differs ? "" : "no difference: ", d->same,
		    d->same == 1 ? "" : "s");
	else if (!d->differs)
		puts("no difference");
	rc = fflush(stdout) != 0 || d->differs ? EXIT_COULD_NOT : EXIT_DONE;
out:
	for (unsigned i = 0; i < 2; i++) {
		alerts_destroy(d->alerts[i]);
		program_destroy(d->program[i]);
		rule_files_free(d->files[i]);
	}
	intern_destroy(d->names);
	feed_free(&d->read);
	bench_options_free(&d->b);
	free(d);
	return rc;
}
