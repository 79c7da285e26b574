/* SPDX-License-Identifier: GPL-3.0-or-later */
/* super_say: what a person reads of a run, on standard error, and the exit code. Refuses
 * to decide anything. */
#include "rules/cli/super.h"

#include <stdio.h>

void
super_tell_parts(struct super *s)
{
	unsigned there = __atomic_load_n(&s->report->tellings, __ATOMIC_ACQUIRE);

	if (s->said < there)
		progress_erase(&s->progress);
	for (; s->said < there; s->said++)
		if (s->said < SENSOR_TOLD)
			log_fault(&s->log, LOG_LEVEL_WARN, &s->report->told[s->said]);
}

int
super_say_end(struct super *s)
{
	const struct sensor_report *r = s->report;
	const struct launch_options *o = s->o;
	uint64_t alerts = 0;
	int64_t secs = (r->last_ns - r->first_ns) / NS_PER_S;

	super_tell_parts(s);
	progress_erase(&s->progress);
	if (r->tellings > SENSOR_TOLD)
		log_line(&s->log, LOG_LEVEL_WARN,
		    "%u more captures were not read whole", r->tellings - SENSOR_TOLD);
	for (int i = 0; i < SEVERITY_COUNT; i++)
		alerts += r->alerts[i];
	if (s->text) {
		fprintf(stderr,
		    "\n%llu alert%s, %llu suspect%s in %llu packets over %lld s",
		    (unsigned long long)alerts, alerts == 1 ? "" : "s",
		    (unsigned long long)r->suspects, r->suspects == 1 ? "" : "s",
		    (unsigned long long)r->packets, (long long)secs);
		if (r->packets > r->used)
			fprintf(stderr, "; %llu could not be read",
			    (unsigned long long)(r->packets - r->used));
		if (r->lost > 0)
			fprintf(stderr, "; %llu LOST before the sensor saw them",
			    (unsigned long long)r->lost);
		fputc('\n', stderr);
	}
	if (!o->quiet && r->packets > 0 && !r->crossed && alerts == 0)
		log_line(&s->log, LOG_LEVEL_WARN,
		    "nothing went between inside and outside: "
		    "name the office's networks with --home");
	if (s->text && !s->reload.counts.inventory)
		fprintf(stderr, "no inventory: the rule about unknown devices is off "
		    "(--inventory csv:FILE)\n");
	if (r->breaker)
		log_line(&s->log, LOG_LEVEL_WARN,
		    "the classifier died too often and rested for "
		    "a while: see the anomalies");
	if (r->failed) {
		log_fault(&s->log, LOG_LEVEL_WARN, &r->why);
		return EXIT_COULD_NOT;
	}
	if (s->outlet_status != 0 || r->harmed)
		return EXIT_COULD_NOT;
	if (r->worst < o->fail_on)
		return EXIT_ALERTS;
	return EXIT_DONE;
}
