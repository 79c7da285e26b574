/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot doctor`: takes what `run` takes, starts nothing, looks at everything `run`
 * would rest on, and says what is not right and what mends it. */
#include "rules/cli/commands.h"
#include "rules/cli/options.h"
#include "rules/cli/settings_read.h"
#include "rules/doctor/look.h"
#include "rules/doctor/tell.h"
#include "rules/event/redis_login.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] = "usage: earshot doctor [-i IF] [OPTIONS of run]";

static volatile sig_atomic_t stop;

static void look_rules(struct doctor_facts *facts, const struct launch_options *o,
    struct zone *zone, struct rule_files **files, struct program **program);
static void look_sinks(struct doctor_facts *facts, const struct launch_options *o);

static void
on_interrupt(int sig)
{
	(void)sig;
	stop = 1;
}

/* A file may hold several sensors; each stands elsewhere. */
static int
one_sensor(const struct options *o)
{
	if (o->n > 0) {
		fprintf(stderr, "earshot doctor: '%s' is no option\n  try: %s\n",
		    o->words[0], usage);
		return EXIT_USAGE + 1;
	}
	if (settings_sensors(o->settings) > 1) {
		fprintf(stderr, "earshot doctor: the settings hold %u sensors\n"
		    "  try: --sensor NAME, one at a time\n",
		    settings_sensors(o->settings));
		return EXIT_USAGE + 1;
	}
	return 0;
}

int
command_doctor(int argc, char **argv)
{
	struct options all = { 0 };
	struct launch_options o = { 0 };
	struct doctor_facts *facts = calloc(1, sizeof(*facts));
	struct findings *found = calloc(1, sizeof(*found));
	struct listen_options lo = { .stop = &stop };
	struct rule_files *files = NULL;
	struct program *program = NULL;
	int rc;

	rc = options_read(argc, argv, FOR_RUN | FOR_DOCTOR, usage, &all);
	if (rc == EXIT_DONE + 1) {
		puts("\nIt looks at:");
		tell_checks(stdout);
	}
	if (rc == 0)
		rc = options_settle(&all, argv[0]);
	if (rc == 0)
		rc = one_sensor(&all);
	if (rc != 0 || facts == NULL || found == NULL) {
		rc = rc != 0 ? rc - 1 : EXIT_COULD_NOT;
		goto out;
	}
	settings_fill(all.settings, 0, &o);
	look_rules(facts, &o, &lo.zone, &files, &program);
	look_rights(facts);
	look_clock(facts);
	if (o.state != NULL)
		(void)snprintf(facts->state, sizeof(facts->state), "%s", o.state);
	else
		(void)state_folder(facts->state, sizeof(facts->state));
	look_disk(facts);
	look_sinks(facts, &o);
	look_ifaces(facts, o.iface);
	lo.ns = o.listen_ns;
	lo.filter = o.filter;
	if (facts->ifaces > 0) {
		/* An interrupt ends the listening, not the telling. */
		(void)signal(SIGINT, on_interrupt);
		(void)signal(SIGTERM, on_interrupt);
		if (isatty(STDERR_FILENO) == 1 && !o.quiet)
			fprintf(stderr, "listening on %s for %lld s\n", o.iface,
			    (long long)(lo.ns / NS_PER_S));
		listen_ifaces(facts, &lo);
	}
	doctor_judge(facts, found);
	rc = o.format == FORMAT_JSON ? tell_json(stdout, found) :
	    tell_text(stdout, found);
	rc = rc == -1 || findings_of(found, GRADE_FAIL) > 0 ? EXIT_COULD_NOT : EXIT_DONE;
out:
	program_destroy(program);
	rule_files_free(files);
	options_free(&all);
	free(found);
	free(facts);
	return rc;
}

/* The zone borrows from the program, which the caller keeps. */
static void
look_rules(struct doctor_facts *facts, const struct launch_options *o, struct zone *zone,
    struct rule_files **files, struct program **program)
{
	const struct program *p;
	const char *slash;
	struct stat st;

	zone->home = zone_default_home;
	*files = rule_files_read(&o->rules, &facts->rules_why);
	if (*files == NULL)
		return;
	*program = rule_files_compile(*files, false, &facts->rule_errors);
	p = *program;
	if (p == NULL)
		return;
	facts->rules_compile = true;
	facts->rules = p->rules;
	facts->home_said = p->home.n > 0;
	if (facts->home_said)
		zone->home = p->home;
	if (p->inventory == NULL)
		return;
	facts->inventory = true;
	facts->devices = (unsigned)p->inventory->n;
	slash = strrchr(p->inventory_from, '/');
	if (p->inventory_path[0] == '/' || slash == NULL)
		(void)snprintf(facts->inventory_path, sizeof(facts->inventory_path), "%s",
		    p->inventory_path);
	else
		(void)snprintf(facts->inventory_path, sizeof(facts->inventory_path),
		    "%.*s/%s", (int)(slash - p->inventory_from), p->inventory_from,
		    p->inventory_path);
	if (stat(facts->inventory_path, &st) == 0) {
		facts->inventory_age_known = true;
		facts->inventory_age_s = (int64_t)time(NULL) - st.st_mtime;
	}
}

static void
look_sinks(struct doctor_facts *facts, const struct launch_options *o)
{
	struct secret secret = { "" };
	struct redis_access a = { .secret = &secret, .tls = &o->redis_tls,
		.plain = o->redis_plain };
	struct fault no_secret = { "", "" };
	int got = secret_read(o->redis_password, &secret, &no_secret);

	for (unsigned i = 0; i < o->sinks && facts->redises < DOCTOR_SINKS; i++) {
		struct redis_facts *r = &facts->redis[facts->redises];

		if (o->sink[i].kind == SINK_FILE || o->sink[i].kind == SINK_UNIX) {
			bool is_socket = o->sink[i].kind == SINK_UNIX;
			char name[256];

			look_output(facts, sink_name(&o->sink[i], name, sizeof(name)),
			    is_socket ? o->sink[i].at.path : o->sink[i].target,
			    is_socket);
		}
		if (o->sink[i].kind != SINK_REDIS)
			continue;
		facts->redises++;
		(void)sink_name(&o->sink[i], r->target, sizeof(r->target));
		a.target = o->sink[i].target;
		r->why = no_secret;
		r->reached = got == 0 && redis_login_check(&o->sink[i], &secret,
		    o->redis_plain, &r->why) == 0 &&
		    redis_look(&a, &r->look, &r->why) == 0;
	}
	secret_forget(&secret);
}
