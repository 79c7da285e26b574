/* SPDX-License-Identifier: GPL-3.0-or-later */
/* super_children: forks outlet and sensor, buries who ended and decides what an end means.
 * Refuses to read what they say. */
#include "rules/cli/machine.h"
#include "rules/cli/super.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTLET_READY_MS 10000
#define LIVE_DRAIN_MS 3000		/* SIGTERM ends a live sensor within five seconds */

/* A child of ours: it goes when we go. What asks us to end stays blocked until the child
 * has said how it wants to be asked; a terminal that hangs up is for us to judge. */
static pid_t
child(void)
{
	pid_t parent = getpid(), pid = fork();
	sigset_t ends;

	if (pid == 0) {
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGUSR1, SIG_IGN);
		sigemptyset(&ends);
		sigaddset(&ends, SIGTERM);
		sigaddset(&ends, SIGINT);
		(void)sigprocmask(SIG_SETMASK, &ends, NULL);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_COULD_NOT);
	}
	return pid;
}

void
super_close_rings(struct super *s)
{
	ring_close(s->ring);
	if (s->observations != NULL)
		ring_close(s->observations);
}

/* What the outlet remembers, and on which socket it is asked; live only, but for the store
 * of a reading that was given a state folder. */
static struct desk_options
desk_of(const struct super *s, const struct log *log, char store[4200],
    char control[4200], char sums[4200])
{
	bool live = s->o->files == 0;

	(void)snprintf(store, 4200, "%s/store", s->state);
	(void)snprintf(control, 4200, "%s/control", s->state);
	(void)snprintf(sums, 4200, "%s/sums", s->state);
	return (struct desk_options){ .ring = s->observations,
		.state_dir = s->state[0] != '\0' ? s->state : NULL,
		.store_dir = s->state[0] != '\0' && s->o->store_bytes > 0 ? store : NULL,
		.sums_dir = s->state[0] != '\0' ? sums : NULL,
		.store_bytes = s->o->store_bytes, .store_age = s->o->store_age,
		.control_path = live && s->state[0] != '\0' ? control : NULL,
		.ask_fd = s->ask[1], .boards = &s->boards, .sensor = s->name,
		.version = EARSHOT_VERSION, .live = live, .must = s->state_said,
		.log = log };
}

int
super_start_outlet(struct super *s, struct fault *why)
{
	int ready[2];
	struct pollfd p;
	char byte;

	if (pipe(ready) == -1)
		return fault_set(why, NULL, "cannot start the outlet: %s",
		    strerror(errno));
	s->outlet = child();
	if (s->outlet == 0) {
		char who[sizeof(s->who) + 8], machine[MACHINE_ID];
		struct log log = { who, s->log.level };
		struct outlet_options oo = { .ring = s->ring, .sink = s->sink,
			.sinks = s->sinks, .sensor = s->name, .boards = &s->boards,
			.password_file = s->o->redis_password,
			.redis_plain = s->o->redis_plain,
			.redis_tls = s->o->redis_tls, .metrics = s->o->metrics,
			.live = s->o->files == 0, .patient = s->o->files > 0,
			.drain_ms = s->o->files == 0 ? LIVE_DRAIN_MS : 0,
			.spool_dir = s->redis ? s->spool : NULL,
			.spool_bytes = s->o->spool_bytes,
			.spool_age = s->o->spool_age,
			.machine = s->o->files == 0 && machine_id(machine) ? machine : NULL,
			.partitions = (unsigned)s->o->partitions,
			.redis_length = s->o->redis_length,
			.redis_keep = s->o->redis_keep,
			.redis_flows = s->o->flows,
			.keep_spool = s->o->files == 0 || !s->spool_is_private,
			.log = &log, .ready_fd = ready[1] };
		char store[4200], control[4200], sums[4200];
		struct desk_options d = desk_of(s, &log, store, control, sums);

		if (s->observations != NULL) {
			oo.desk = &d;
			ring_resume(s->observations);
		}
		(void)snprintf(who, sizeof(who), "earshot-outlet%s",
		    s->who + strlen("earshot"));
		close(ready[0]);
		(void)prctl(PR_SET_NAME, "earshot-outlet", 0, 0, 0);
		ring_resume(s->ring);
		_exit(outlet_run(&oo));
	}
	close(ready[1]);
	p = (struct pollfd){ .fd = ready[0], .events = POLLIN };
	if (s->outlet == -1 || poll(&p, 1, OUTLET_READY_MS) != 1 ||
	    read(ready[0], &byte, 1) != 1) {
		close(ready[0]);
		/* It has said why; or it hangs. */
		if (s->outlet > 0 && kill(s->outlet, SIGKILL) == 0)
			(void)waitpid(s->outlet, NULL, 0);
		s->outlet = 0;
		return fault_set(why, NULL,
		    "cannot deliver events: the outlet did not start");
	}
	close(ready[0]);
	return 0;
}

int
super_start_sensor(struct super *s, struct fault *why)
{
	struct iface_names ifaces = { .n = 0 };
	int sums;

	/* The command line was checked: there is nothing to refuse here. */
	if (s->o->iface != NULL && iface_names_add(&ifaces, s->o->iface, why) == -1)
		return -1;
	if (super_reload_pair(s, why) == -1)
		return -1;
	s->starts++;
	sums = super_sums_open(s);
	s->sensor = child();
	if (s->sensor != 0 && sums != -1)
		(void)close(sums);
	if (s->sensor == -1)
		return fault_set(why, NULL, "cannot start the sensor: %s",
		    strerror(errno));
	if (s->sensor == 0) {
		struct sensor_options so = { .cell = s->cell,
			.rules_fd = s->reload.rules_fd,
			.generation = s->reload.generation,
			.ask_fd = s->reload.ask[1], .told_fd = s->reload.told_fd,
			.reloaded = s->reload.board,
			.ring = s->ring, .observations = s->observations,
			.sums_fd = sums, .start = s->starts, .report = s->report, .boards = &s->boards,
			.log = &s->log,
			.file = s->o->file, .files = s->o->files, .ifaces = &ifaces,
			.again = s->sensor_again,
			.filter = s->o->filter,
			.name = s->name, .boot = s->boot, .text = s->text,
			.colour = s->text && isatty(STDOUT_FILENO) == 1 &&
			    getenv("NO_COLOR") == NULL,
			.clear = s->progress.on && s->text && s->tty,
			.flows = s->o->flows,
			.partitions = (unsigned)s->o->partitions, .split_vlans = s->o->split_vlans,
			.memory = s->o->memory,
			.quiet = s->o->quiet && s->o->sinks == 0,
			.stats = s->o->stats != 0,
			.drop_when_full = s->o->files == 0 };

		(void)prctl(PR_SET_NAME, "earshot-sensor", 0, 0, 0);
		ring_resume(s->ring);
		if (s->observations != NULL)
			ring_resume(s->observations);
		_exit(sensor_run(&so));
	}
	return 0;
}

static bool
too_many_crashes(struct super *s)
{
	time_t now = time(NULL);
	unsigned i = s->crashes++ % CRASHES;
	bool many = s->crashes > CRASHES && now - s->crash[i] < CRASH_WINDOW_S;

	s->crash[i] = now;
	return many;
}

/* The zygote, whose place the next one takes; the cells of a dead one come here too. */
static void
bury_other(struct super *s, pid_t pid, int status)
{
	struct fault why = { "", "" };

	if (!dpi_cell_buried(s->cell, pid, &why) || s->stopping || s->sensor <= 0)
		return;
	if (WIFSIGNALED(status))
		log_line(&s->log, LOG_LEVEL_WARN,
		    "the classifier's keeper died (signal %d): "
		    "starting it again", WTERMSIG(status));
	if (!too_many_crashes(s) && dpi_cell_again(s->cell, &why) == 0)
		return;
	if (why.what[0] == '\0')
		(void)fault_set(&why, NULL, "the classifier's keeper died too often");
	log_fault(&s->log, LOG_LEVEL_WARN, &why);
	log_line(&s->log, LOG_LEVEL_WARN,
	    "packets are classified by port from here on; rules "
	    "that need no classifier go on");
}

/* A live sensor goes on with another outlet;
 * the ring keeps what the dead one did not take. */
static bool
outlet_again(struct super *s, int status)
{
	struct fault why = { "", "" };
	bool again;

	if (WIFEXITED(status))
		return false;	/* it has said why */
	again = s->o->files == 0 && s->sensor > 0 && !s->stopping && !too_many_crashes(s);
	log_line(&s->log, LOG_LEVEL_WARN, "the outlet died (signal %d): %s",
	    WTERMSIG(status),
	    again ? "starting it again" : "what it had not delivered is lost");
	return again && super_start_outlet(s, &why) == 0;
}

static void
outlet_ended(struct super *s, int status)
{
	s->outlet = 0;
	s->outlet_status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	if (outlet_again(s, status) || s->sensor <= 0)
		return;
	/* Nobody takes events any more: the sensor need not go on. */
	super_close_rings(s);
	(void)kill(s->sensor, SIGTERM);
}

static void
sensor_ended(struct super *s, int status)
{
	struct fault why = { 0 };

	s->sensor = 0;
	super_reload_lost(s, WIFSIGNALED(status));
	if (WIFEXITED(status))
		return;
	if (s->o->files == 0 && !s->stopping && !too_many_crashes(s)) {
		log_line(&s->log, LOG_LEVEL_WARN,
		    "the sensor died (signal %d): starting it again",
		    WTERMSIG(status));
		(void)snprintf(s->boot, sizeof(s->boot), "%08llx%04x",
		    (unsigned long long)time(NULL), s->crashes);
		s->sensor_again = true;
		if (super_start_sensor(s, &why) == 0) {
			super_reload_again(s);
			return;
		}
	}
	s->report->failed = true;
	(void)fault_set(&s->report->why,
	    "please report it with the capture that led to it",
	    "the sensor died (signal %d)", WTERMSIG(status));
	super_close_rings(s);
}

void
super_bury(struct super *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->outlet)
			outlet_ended(s, status);
		else if (pid == s->sensor)
			sensor_ended(s, status);
		else
			bury_other(s, pid, status);
	}
}

void
super_stop(struct super *s)
{
	if (!s->stopping)
		super_service_says(s, SERVICE_STOPPING);
	s->stopping = true;
	if (s->sensor > 0)
		(void)kill(s->sensor, SIGTERM);
}
