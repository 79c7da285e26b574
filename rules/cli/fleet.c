/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fleet: starts supervisors, passes signals on, waits. Refuses to start one again: a
 * supervisor that ended has said why, and the others go on. */
#include "rules/cli/fleet.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct fleet {
	struct log log;
	unsigned n, alive;
	struct {
		const char *name;
		pid_t pid;		/* 0: gone */
	} ship[SETTINGS_SENSORS];
	int worst;
};

static int
distinct(const struct launch_options *o, unsigned n, struct fault *why)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = i + 1; k < n; k++)
			if (strcmp(o[i].state, o[k].state) == 0)
				return fault_set(why, "leave 'state' out of one: it has a "
				    "folder of its name then",
				    "sensors '%s' and '%s' have one state folder: '%s'",
				    o[i].name, o[k].name, o[i].state);
	return 0;
}

static void
start(struct fleet *f, unsigned i, const struct launch_options *o, const sigset_t *before)
{
	pid_t parent = getpid(), pid = fork();

	f->ship[i].name = o->name;
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)sigprocmask(SIG_SETMASK, before, NULL);
		_exit(getppid() == parent ? launch(o) : EXIT_COULD_NOT);
	}
	if (pid == -1) {
		log_line(&f->log, LOG_LEVEL_WARN, "cannot start sensor '%s': %s", o->name,
		    strerror(errno));
		f->worst = EXIT_COULD_NOT;
		return;
	}
	f->ship[i].pid = pid;
	f->alive++;
}

static void
pass_on(struct fleet *f, int sig)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->ship[i].pid > 0)
			(void)kill(f->ship[i].pid, sig);
}

static void
bury(struct fleet *f, bool stopping)
{
	int status, code;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < f->n; i++) {
			if (f->ship[i].pid != pid)
				continue;
			f->ship[i].pid = 0;
			f->alive--;
			code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_COULD_NOT;
			if (code > f->worst)
				f->worst = code;
			if (!stopping)
				log_line(&f->log, LOG_LEVEL_WARN,
				    "sensor '%s' ended (%s %d); %u of %u go on",
				    f->ship[i].name,
				    WIFEXITED(status) ? "exit status" : "signal",
				    WIFEXITED(status) ? code : WTERMSIG(status), f->alive,
				    f->n);
		}
}

static int
run(struct fleet *f, const struct launch_options *o)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	sigset_t set, before;
	bool stopping = false;
	int sig;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	for (unsigned i = 0; i < f->n; i++)
		start(f, i, &o[i], &before);
	while (f->alive > 0) {
		if (sigwait(&set, &sig) != 0)
			continue;
		if (sig == SIGCHLD) {
			bury(f, stopping);
			continue;
		}
		stopping = stopping || sig == SIGTERM || sig == SIGINT;
		pass_on(f, sig);
	}
	return f->worst;
}

int
fleet_run(struct settings *s)
{
	struct launch_options o[SETTINGS_SENSORS];
	struct fleet f = { .n = settings_sensors(s) };
	struct fault why = { "", "" };

	for (unsigned i = 0; i < f.n; i++)
		settings_fill(s, i, &o[i]);
	if (f.n == 1)
		return launch(&o[0]);
	f.log = (struct log){ "earshot", o[0].verbosity };
	if (distinct(o, f.n, &why) == -1) {
		log_fault(&f.log, LOG_LEVEL_FATAL, &why);
		return EXIT_COULD_NOT;
	}
	if (!o[0].test_only)
		return run(&f, o);
	for (unsigned i = 0; i < f.n; i++) {
		int rc = launch(&o[i]);

		if (rc > f.worst)
			f.worst = rc;
	}
	return f.worst;
}
