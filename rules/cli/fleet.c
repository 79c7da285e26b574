/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fleet: starts supervisors, passes signals on, waits. Refuses to start one again: a
 * supervisor that ended has said why, and the others go on. */
#include "rules/cli/fleet.h"

#include "capture/proc/privilege.h"
#include "rules/cli/notify.h"
#include "rules/cli/pidfile.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAID_BYTES 512			/* of one datagram of a supervisor */

struct ship {
	const char *name;
	pid_t pid;			/* 0: gone */
	struct notify says;		/* what it tells us: our end, and its own */
	int heard;
	bool ready, reloading;
	int64_t fed;			/* its last WATCHDOG=1 */
	char status[160];
};

struct fleet {
	struct log log;
	const struct notify *manager;
	unsigned n, alive;
	struct ship ship[SETTINGS_SENSORS];
	int worst, signals;
	bool ready, stopping;
};

static int64_t
monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* A file that both write, or NULL. */
static const char *
one_file(const struct launch_options *a, const struct launch_options *b)
{
	for (unsigned i = 0; i < a->sinks; i++)
		for (unsigned k = 0; k < b->sinks; k++)
			if (a->sink[i].kind == SINK_FILE &&
			    b->sink[k].kind == SINK_FILE &&
			    strcmp(a->sink[i].target, b->sink[k].target) == 0)
				return a->sink[i].target;
	return NULL;
}

/* What only one of two can have. */
static int
distinct_pair(const struct launch_options *a, const struct launch_options *b,
    struct fault *why)
{
	const char *file = one_file(a, b);

	if (strcmp(a->state, b->state) == 0)
		return fault_set(why, "leave 'state' out of one: it has a folder of its "
		    "name then", "sensors '%s' and '%s' have one state folder: '%s'",
		    a->name, b->name, a->state);
	if (a->metrics != NULL && b->metrics != NULL &&
	    strcmp(a->metrics, b->metrics) == 0)
		return fault_set(why, "write 'metrics' into each one's block",
		    "sensors '%s' and '%s' have one address for metrics: '%s'", a->name,
		    b->name, a->metrics);
	if (file != NULL)
		return fault_set(why, "write 'output' into each one's block",
		    "sensors '%s' and '%s' have one output file: '%s'", a->name, b->name,
		    file);
	return 0;
}

static int
distinct(const struct launch_options *o, unsigned n, struct fault *why)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = i + 1; k < n; k++)
			if (distinct_pair(&o[i], &o[k], why) == -1)
				return -1;
	return 0;
}

static void
start(struct fleet *f, unsigned i, struct launch_options *o, const sigset_t *before)
{
	struct ship *s = &f->ship[i];
	pid_t parent = getpid();
	int pair[2] = { -1, -1 };

	s->name = o->name;
	s->heard = -1;
	s->says.fd = -1;
	if (f->manager->fd != -1 &&
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    pair) == 0) {
		s->heard = pair[0];
		s->says.fd = pair[1];
		s->says.watchdog_ns = f->manager->watchdog_ns;
	}
	o->notify = &s->says;
	s->pid = fork();
	if (s->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)close(f->signals);
		for (unsigned k = 0; k <= i; k++)
			if (f->ship[k].heard != -1)
				(void)close(f->ship[k].heard);
		(void)sigprocmask(SIG_SETMASK, before, NULL);
		_exit(getppid() == parent ? launch(o) : EXIT_COULD_NOT);
	}
	notify_close(&s->says);
	if (s->pid == -1) {
		log_line(&f->log, LOG_LEVEL_WARN, "cannot start sensor '%s': %s", o->name,
		    strerror(errno));
		f->worst = EXIT_COULD_NOT;
		s->pid = 0;
		return;
	}
	f->alive++;
}

/* ---- what they tell, as one ---- */

static void
status(const struct fleet *f, const char *before)
{
	char text[1024];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text), "%sSTATUS=", before);
	for (unsigned i = 0; i < f->n && n < sizeof(text) - 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s: %s",
		    i == 0 ? "" : "; ", f->ship[i].name,
		    f->ship[i].pid == 0 ? "ended" : f->ship[i].status);
	notify_say(f->manager, text);
}

/* All that are alive. */
static void
sum_up(struct fleet *f)
{
	int64_t oldest = INT64_MAX, now = monotonic();
	bool ready = f->alive > 0, reloading = false;

	for (unsigned i = 0; i < f->n; i++) {
		const struct ship *s = &f->ship[i];

		if (s->pid == 0)
			continue;
		ready = ready && s->ready;
		reloading = reloading || s->reloading;
		if (s->fed < oldest)
			oldest = s->fed;
	}
	if (ready && !reloading && !f->ready) {
		f->ready = true;
		status(f, "READY=1\n");
	}
	/* Also while rules are read again: that is no reason to be killed. */
	if ((f->ready || reloading) && now - oldest < f->manager->watchdog_ns / 2)
		notify_say(f->manager, "WATCHDOG=1");
}

static void
hear(struct fleet *f, struct ship *s)
{
	char text[SAID_BYTES], *line, *rest = text, reloading[120];
	ssize_t n = recv(s->heard, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strcmp(line, "READY=1") == 0) {
			s->ready = true;
			s->reloading = false;
		} else if (strcmp(line, "WATCHDOG=1") == 0) {
			s->fed = monotonic();
		} else if (strcmp(line, "RELOADING=1") == 0) {
			s->reloading = true;
			if (f->ready) {
				(void)snprintf(reloading, sizeof(reloading),
				    "RELOADING=1\nMONOTONIC_USEC=%lld",
				    (long long)(monotonic() / 1000));
				notify_say(f->manager, reloading);
			}
			f->ready = false;
		} else if (strncmp(line, "STATUS=", 7) == 0) {
			(void)snprintf(s->status, sizeof(s->status), "%s", line + 7);
			status(f, "");
		}
	}
	sum_up(f);
}

/* ---- signals and ends ---- */

static void
bury(struct fleet *f)
{
	int state, code;
	pid_t pid;

	while ((pid = waitpid(-1, &state, WNOHANG)) > 0)
		for (unsigned i = 0; i < f->n; i++) {
			struct ship *s = &f->ship[i];

			if (s->pid != pid)
				continue;
			s->pid = 0;
			f->alive--;
			if (s->heard != -1)
				(void)close(s->heard);
			s->heard = -1;
			code = WIFEXITED(state) ? WEXITSTATUS(state) : EXIT_COULD_NOT;
			if (code > f->worst)
				f->worst = code;
			if (!f->stopping)
				log_line(&f->log, LOG_LEVEL_WARN,
				    "sensor '%s' ended (%s %d); %u of %u go on", s->name,
				    WIFEXITED(state) ? "exit status" : "signal",
				    WIFEXITED(state) ? code : WTERMSIG(state), f->alive,
				    f->n);
		}
	if (f->alive > 0)
		sum_up(f);
}

static void
on_signal(struct fleet *f)
{
	struct signalfd_siginfo si;

	while (read(f->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			bury(f);
			continue;
		}
		if ((si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT) && !f->stopping) {
			f->stopping = true;
			notify_say(f->manager, "STOPPING=1");
		}
		for (unsigned i = 0; i < f->n; i++)
			if (f->ship[i].pid > 0)
				(void)kill(f->ship[i].pid, (int)si.ssi_signo);
	}
}

static int
run(struct fleet *f, struct launch_options *o)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct pollfd p[1 + SETTINGS_SENSORS];
	sigset_t set, before;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	f->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f->signals == -1) {
		log_line(&f->log, LOG_LEVEL_FATAL, "cannot listen for signals: %s",
		    strerror(errno));
		return EXIT_COULD_NOT;
	}
	for (unsigned i = 0; i < f->n; i++)
		start(f, i, &o[i], &before);
	while (f->alive > 0) {
		p[0] = (struct pollfd){ .fd = f->signals, .events = POLLIN };
		for (unsigned i = 0; i < f->n; i++)
			p[1 + i] = (struct pollfd){ .fd = f->ship[i].heard,
				.events = POLLIN };
		if (poll(p, 1 + f->n, -1) == -1)
			continue;
		for (unsigned i = 0; i < f->n; i++)
			if ((p[1 + i].revents & POLLIN) != 0)
				hear(f, &f->ship[i]);
		if (p[0].revents != 0)
			on_signal(f);
	}
	(void)close(f->signals);
	return f->worst;
}

/* ---- before anything is started ---- */

/* Folders up to `path`; what was not there is the user's. */
static void
give_folder(const char *path, uid_t uid, gid_t gid)
{
	char *copy = strdup(path), was;

	/* What is wrong with one, whoever needs it will say. */
	for (char *at = copy == NULL ? NULL : copy + 1; at != NULL; at++) {
		at += strcspn(at, "/");
		was = *at;
		*at = '\0';
		if (mkdir(copy, 0750) == 0)
			(void)!lchown(copy, uid, gid);
		*at = was;
		if (was == '\0')
			break;
	}
	free(copy);
}

static int
become(const struct launch_options *o, unsigned n, struct pidfile *pid,
    struct fault *why)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (o->user != NULL && privilege_find(o->user, &uid, &gid, why) == -1)
		return -1;
	for (unsigned i = 0; i < n && o->user != NULL && geteuid() == 0; i++)
		if (o[i].state != NULL)
			give_folder(o[i].state, uid, gid);
	if (o->pidfile != NULL && !o->test_only &&
	    pidfile_take(pid, o->pidfile, uid, gid, why) == -1)
		return -1;
	if (o->user == NULL)
		return 0;
	if (privilege_drop(o->user, true, why) == -1)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (o[i].state != NULL && access(o[i].state, F_OK) == 0 &&
		    access(o[i].state, W_OK | X_OK) == -1)
			return fault_set(why, "chown -R it, or --state names another",
			    "user '%s' cannot write into the state folder '%s'",
			    o->user, o[i].state);
	return 0;
}

static int
check(const struct launch_options *o, unsigned n)
{
	int rc, worst = EXIT_DONE;

	for (unsigned i = 0; i < n; i++) {
		rc = launch(&o[i]);
		if (rc > worst)
			worst = rc;
	}
	return worst;
}

int
fleet_run(struct settings *s)
{
	struct fleet f = { .n = settings_sensors(s) };
	struct launch_options *o = calloc(f.n, sizeof(*o));
	struct pidfile pid = { .fd = -1 };
	struct notify manager = { .fd = -1 };
	struct fault why = { "", "" };
	int rc = EXIT_COULD_NOT;

	f.log = (struct log){ "earshot", LOG_LEVEL_WARN };
	if (o == NULL) {
		(void)fault_set(&why, NULL, "not enough memory");
		goto fail;
	}
	for (unsigned i = 0; i < f.n; i++) {
		settings_fill(s, i, &o[i]);
		o[i].several = f.n > 1;
	}
	f.log.level = o->verbosity;
	if ((f.n > 1 && distinct(o, f.n, &why) == -1) ||
	    become(o, f.n, &pid, &why) == -1)
		goto fail;
	if (o->files == 0 && !o->test_only)
		notify_open(&manager);
	f.manager = &manager;
	o->notify = &manager;
	rc = o->test_only ? check(o, f.n) : f.n == 1 ? launch(o) : run(&f, o);
	goto out;
fail:
	log_fault(&f.log, LOG_LEVEL_FATAL, &why);
out:
	notify_close(&manager);
	pidfile_leave(&pid);
	free(o);
	return rc;
}
