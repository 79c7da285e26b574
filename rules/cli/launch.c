/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch: forks cell, outlet and sensor, waits for their ends and decides what an end
 * means. Owns exit codes and the words at the end; refuses to
 * look at a packet or an event. */
#include "rules/cli/launch.h"

#include "rules/cli/progress.h"
#include "rules/cli/sensor.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES ((size_t)8 * 1024 * 1024)
#define CRASHES 5			/* this many within CRASH_WINDOW_S
					 * and we give up */
#define CRASH_WINDOW_S 60
#define OUTLET_READY_MS 10000

struct super {
	const struct launch_options *o;
	struct log log;
	struct rule_files *files;
	struct program *program;
	struct dpi_cell *cell;
	struct ring *ring;
	struct sensor_report *report;
	struct sink_spec sink[LAUNCH_SINKS];
	unsigned sinks;
	bool text, redis, tty;
	char name[72], boot[40], spool[4096];
	bool spool_is_private;
	pid_t outlet, sensor;
	struct progress progress;
	unsigned said;			/* of the report's tellings */
	time_t crash[CRASHES];
	unsigned crashes;
};

static int prepare(struct super *s, struct fault *why);
static int choose_sinks(struct super *s, struct fault *why);
static int choose_spool(struct super *s, struct fault *why);
static int start_outlet(struct super *s, struct fault *why);
static int start_sensor(struct super *s, struct fault *why);
static int watch(struct super *s);
static void tell_parts(struct super *s);
static int say_end(struct super *s, int outlet_status);
static void remove_spool(struct super *s);
static void say(const struct super *s, const struct fault *why);

int
launch(const struct launch_options *o)
{
	struct super s = { .o = o, .log = { "earshot", o->verbosity } };
	struct fault why = { 0 };
	int rc = EXIT_COULD_NOT;
	sigset_t set;

	if (prepare(&s, &why) == -1)
		goto fail;
	if (o->test_only) {
		rc = EXIT_DONE;
		goto out;
	}
	/* Signals are taken one by one in watch(); children set their own masks. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	s.tty = isatty(STDOUT_FILENO) == 1;
	progress_begin(&s.progress, o->files > 0 && !o->quiet);
	/* A cell outlives its zygote by a moment: it is ours to bury, not init's. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	s.cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, &why);
	if (s.cell == NULL || start_outlet(&s, &why) == -1 ||
	    start_sensor(&s, &why) == -1)
		goto fail;
	rc = watch(&s);
	goto out;
fail:
	say(&s, &why);
out:
	if (s.outlet > 0) {
		ring_close(s.ring);
		(void)waitpid(s.outlet, NULL, 0);
	}
	dpi_cell_stop(s.cell);
	remove_spool(&s);
	program_destroy(s.program);
	rule_files_free(s.files);
	ring_destroy(s.ring);
	if (s.report != NULL)
		(void)munmap(s.report, sizeof(*s.report));
	return rc;
}

static bool
name_is_safe(const char *s)
{
	size_t n = strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= 64 && s[n] == '\0';
}

static int
prepare(struct super *s, struct fault *why)
{
	const struct launch_options *o = s->o;
	unsigned errors = 0;
	uint64_t random;

	s->files = rule_files_read(&o->rules, why);
	if (s->files == NULL)
		return -1;
	s->program = rule_files_compile(s->files, o->test_only, &errors);
	if (s->program == NULL)
		return fault_set(why,
		    "'earshot rules check' checks them without a sensor",
		    "cannot use the rules: %u error%s", errors, errors == 1 ? "" : "s");
	if (o->name != NULL)
		(void)snprintf(s->name, sizeof(s->name), "%s", o->name);
	else if (o->files > 0)
		(void)snprintf(s->name, sizeof(s->name), "file");
	else if (gethostname(s->name, sizeof(s->name) - 1) == -1)
		(void)snprintf(s->name, sizeof(s->name), "sensor");
	if (!name_is_safe(s->name))
		return fault_set(why,
		    "--name takes letters, digits, dot, dash and underscore, "
		    "up to 64", "cannot call this sensor '%.80s'", s->name);
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return fault_set(why, NULL, "cannot draw a random number: %s",
		    strerror(errno));
	(void)snprintf(s->boot, sizeof(s->boot), "%08llx%04llx",
	    (unsigned long long)time(NULL), (unsigned long long)(random & 0xffff));
	if (choose_sinks(s, why) == -1)
		return -1;
	s->report = mmap(NULL, sizeof(*s->report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->report == MAP_FAILED) {
		s->report = NULL;
		return fault_set(why, NULL, "cannot share memory: %s", strerror(errno));
	}
	s->ring = ring_create(RING_BYTES, true, why);
	return s->ring == NULL ? -1 : 0;
}

static int
choose_sinks(struct super *s, struct fault *why)
{
	const struct launch_options *o = s->o;

	s->text = o->format == 't' || (o->format == 0 && isatty(STDOUT_FILENO) == 1);
	if (o->quiet)
		s->text = false;
	memcpy(s->sink, o->sink, sizeof(s->sink));
	s->sinks = o->sinks;
	if (s->sinks == 0)
		s->sink[s->sinks++].kind = SINK_STDOUT_JSON;
	for (unsigned i = 0; i < s->sinks; i++) {
		if (s->sink[i].kind == SINK_STDOUT_JSON && s->text)
			s->sink[i].kind = SINK_STDOUT_TEXT;
		if (s->sink[i].kind == SINK_REDIS)
			s->redis = true;
	}
	return s->redis ? choose_spool(s, why) : 0;
}

/* `read` spools to a private folder that goes with it; `run` below the state folder. */
static int
choose_spool(struct super *s, struct fault *why)
{
	const char *dir = s->o->state;
	const char *home = getenv("HOME"), *tmp = getenv("TMPDIR");

	if (s->o->files > 0 && dir == NULL) {
		(void)snprintf(s->spool, sizeof(s->spool), "%s/earshot-spool-XXXXXX",
		    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
		if (mkdtemp(s->spool) == NULL)
			return fault_set(why, "set TMPDIR, or --state DIR",
			    "cannot make the spool '%s': %s", s->spool, strerror(errno));
		s->spool_is_private = true;
		return 0;
	}
	if (dir == NULL)
		dir = getenv("STATE_DIRECTORY");
	if (dir != NULL)
		(void)snprintf(s->spool, sizeof(s->spool), "%s", dir);
	else if (geteuid() == 0)
		(void)snprintf(s->spool, sizeof(s->spool), "/var/lib/earshot");
	else
		(void)snprintf(s->spool, sizeof(s->spool), "%s/.local/state/earshot",
		    home == NULL ? "." : home);
	for (char *p = s->spool + 1; ; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(s->spool, 0750) == -1 && errno != EEXIST)
			return fault_set(why, "--state DIR names another place",
			    "cannot make the state folder '%s': %s", s->spool,
			    strerror(errno));
		*p = was;
		if (was == '\0')
			break;
	}
	(void)strncat(s->spool, "/spool", sizeof(s->spool) - strlen(s->spool) - 1);
	if (mkdir(s->spool, 0700) == -1 && errno != EEXIST)
		return fault_set(why, "--state DIR names another place",
		    "cannot make the spool '%s': %s", s->spool, strerror(errno));
	return 0;
}

/* A child of ours: it goes when we go. What asks us to end stays blocked until the child
 * has said how it wants to be asked; a terminal that hangs up is for us to judge. */
static pid_t
child(void)
{
	pid_t parent = getpid(), pid = fork();
	sigset_t ends;

	if (pid == 0) {
		(void)signal(SIGHUP, SIG_IGN);
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

static int
start_outlet(struct super *s, struct fault *why)
{
	int ready[2];
	struct pollfd p;
	char byte;

	if (pipe(ready) == -1)
		return fault_set(why, NULL, "cannot start the outlet: %s",
		    strerror(errno));
	s->outlet = child();
	if (s->outlet == 0) {
		struct log log = { "earshot-outlet", s->log.level };
		struct outlet_options oo = { .ring = s->ring, .sink = s->sink,
			.sinks = s->sinks, .sensor = s->name,
			.spool_dir = s->redis ? s->spool : NULL,
			.redis_flows = s->o->flows,
			.keep_spool = s->o->files == 0 || !s->spool_is_private,
			.log = &log, .ready_fd = ready[1] };

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

static int
start_sensor(struct super *s, struct fault *why)
{
	s->sensor = child();
	if (s->sensor == -1)
		return fault_set(why, NULL, "cannot start the sensor: %s",
		    strerror(errno));
	if (s->sensor == 0) {
		struct sensor_options so = { .program = s->program, .cell = s->cell,
			.ring = s->ring, .report = s->report, .log = &s->log,
			.file = s->o->file, .files = s->o->files, .iface = s->o->iface,
			.filter = s->o->filter,
			.name = s->name, .boot = s->boot, .text = s->text,
			.colour = s->text && isatty(STDOUT_FILENO) == 1 &&
			    getenv("NO_COLOR") == NULL,
			.clear = s->progress.on && s->text && s->tty,
			.flows = s->o->flows, .quiet = s->o->quiet && s->o->sinks == 0,
			.stats = s->o->stats,
			.drop_when_full = s->o->files == 0 };

		(void)prctl(PR_SET_NAME, "earshot-sensor", 0, 0, 0);
		ring_resume(s->ring);
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
bury_other(struct super *s, pid_t pid, int status, bool stopping)
{
	struct fault why = { "", "" };

	if (!dpi_cell_buried(s->cell, pid, &why) || stopping || s->sensor <= 0)
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
outlet_again(struct super *s, int status, bool stopping)
{
	struct fault why = { "", "" };
	bool again;

	if (WIFEXITED(status))
		return false;	/* it has said why */
	again = s->o->files == 0 && s->sensor > 0 && !stopping && !too_many_crashes(s);
	log_line(&s->log, LOG_LEVEL_WARN, "the outlet died (signal %d): %s",
	    WTERMSIG(status),
	    again ? "starting it again" : "what it had not delivered is lost");
	return again && start_outlet(s, &why) == 0;
}

static int
watch(struct super *s)
{
	struct fault why = { 0 };
	sigset_t set;
	int status, sig, outlet_status = 0;
	bool stopping = false;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	while (s->sensor > 0 || s->outlet > 0) {
		sig = sigtimedwait(&set, NULL, s->progress.on ? &progress_pace : NULL);
		tell_parts(s);
		if (s->sensor > 0)
			progress_draw(&s->progress, s->report);
		if (sig == -1)
			continue;
		/* Nothing is read again on a hang-up yet;
		 * a terminal that is gone ends us. */
		if (sig == SIGHUP && (!s->tty || isatty(STDOUT_FILENO) == 1))
			continue;
		if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP) {
			stopping = true;
			if (s->sensor > 0)
				(void)kill(s->sensor, SIGTERM);
			continue;
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == s->outlet) {
				s->outlet = 0;
				outlet_status = WIFEXITED(status) ? WEXITSTATUS(status) :
				    1;
				if (outlet_again(s, status, stopping))
					continue;
				if (s->sensor <= 0)
					continue;
				/* Nobody takes events any more:
				 * the sensor need not go on. */
				ring_close(s->ring);
				(void)kill(s->sensor, SIGTERM);
			} else if (pid == s->sensor) {
				s->sensor = 0;
				if (WIFEXITED(status))
					continue;
				if (s->o->files == 0 && !stopping &&
				    !too_many_crashes(s)) {
					log_line(&s->log, LOG_LEVEL_WARN,
					    "the sensor died (signal %d): "
					    "starting it again",
					    WTERMSIG(status));
					(void)snprintf(s->boot, sizeof(s->boot),
					    "%08llx%04x",
					    (unsigned long long)time(NULL), s->crashes);
					if (start_sensor(s, &why) == 0)
						continue;
				}
				s->report->failed = true;
				(void)fault_set(&s->report->why,
				    "please report it with the capture that led to it",
				    "the sensor died (signal %d)", WTERMSIG(status));
				ring_close(s->ring);
			} else {
				bury_other(s, pid, status, stopping);
			}
		}
	}
	return say_end(s, outlet_status);
}

/* What was wrong with one file among many, as soon as it is known. */
static void
tell_parts(struct super *s)
{
	unsigned there = __atomic_load_n(&s->report->tellings, __ATOMIC_ACQUIRE);

	if (s->said < there)
		progress_erase(&s->progress);
	for (; s->said < there; s->said++)
		if (s->said < SENSOR_TOLD)
			log_fault(&s->log, LOG_LEVEL_WARN, &s->report->told[s->said]);
}

static int
say_end(struct super *s, int outlet_status)
{
	const struct sensor_report *r = s->report;
	const struct launch_options *o = s->o;
	uint64_t alerts = 0;
	int64_t secs = (r->last_ns - r->first_ns) / NS_PER_S;

	tell_parts(s);
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
	if (s->text && s->program->inventory == NULL)
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
	if (outlet_status != 0 || r->harmed)
		return EXIT_COULD_NOT;
	if (o->fail_on >= 0 && r->worst <= o->fail_on)
		return EXIT_ALERTS;
	return EXIT_DONE;
}

/* The private spool of `read` is gone when all was delivered; what is left is kept and
 * the outlet has said so. An empty folder is nobody's. */
static void
remove_spool(struct super *s)
{
	struct dirent *e;
	DIR *d;
	bool left = false;

	if (!s->spool_is_private || (d = opendir(s->spool)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".seg") != NULL)
			left = true;
	if (!left) {
		rewinddir(d);
		while ((e = readdir(d)) != NULL)
			if (e->d_name[0] != '.')
				(void)unlinkat(dirfd(d), e->d_name, 0);
		(void)rmdir(s->spool);
	}
	closedir(d);
}

static void
say(const struct super *s, const struct fault *why)
{
	log_fault(&s->log, LOG_LEVEL_FATAL, why);
}
