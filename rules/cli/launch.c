/* SPDX-License-Identifier: GPL-3.0-or-later */
/* launch: from options to a running program: rules, name, sinks, spool, shared memory;
 * then the supervisor's loop (super.h). Owns exit codes; refuses to look at a packet or
 * an event. */
#include "rules/cli/settings_read.h"
#include "rules/cli/super.h"

#include "rules/event/metrics_server.h"
#include "rules/event/redis_login.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES ((size_t)8 * 1024 * 1024)
#define OBSERVATIONS_BYTES ((size_t)16 * 1024 * 1024)	/* some 18,000 of them */

static int prepare(struct super *s, struct fault *why);
static int choose_sinks(struct super *s, struct fault *why);
static int choose_state(struct super *s, struct fault *why);
static int choose_spool(struct super *s, struct fault *why);
static int remember(struct super *s, struct fault *why);
static void asked(struct super *s, int fd);
static void answered(void *arg, const char *json);
static void remove_spool(struct super *s);
static void say(const struct super *s, const struct fault *why);

int
launch(const struct launch_options *o)
{
	struct super s = { .o = o, .ask = { -1, -1 }, .log = { s.who, o->verbosity } };
	struct fault why = { 0 };
	int rc = EXIT_COULD_NOT;

	(void)snprintf(s.who, sizeof(s.who), "earshot%s%s%s", o->several ? "[" : "",
	    o->several ? o->name : "", o->several ? "]" : "");
	if (prepare(&s, &why) == -1)
		goto fail;
	if (o->test_only) {
		rc = EXIT_DONE;
		goto out;
	}
	/* Signals are taken one by one in the loop; children set their own masks. */
	if (super_signals(&s, &why) == -1)
		goto fail;
	s.tty = isatty(STDOUT_FILENO) == 1;
	progress_begin(&s.progress, o->files > 0 && !o->quiet);
	/* A cell outlives its zygote by a moment: it is ours to bury, not init's. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	s.cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, &why);
	super_sums_check(&s);
	if (s.cell == NULL || super_service(&s, &why) == -1 ||
	    super_start_outlet(&s, &why) == -1 || super_start_sensor(&s, &why) == -1)
		goto fail;
	rc = super_watch(&s);
	goto out;
fail:
	say(&s, &why);
out:
	if (s.outlet > 0) {
		super_close_rings(&s);
		(void)waitpid(s.outlet, NULL, 0);
	}
	dpi_cell_stop(s.cell);
	remove_spool(&s);
	super_reload_end(&s);
	ring_destroy(s.ring);
	ring_destroy(s.observations);
	for (int i = 0; i < 2; i++)
		if (s.ask[i] != -1)
			(void)close(s.ask[i]);
	boards_destroy(&s.boards);
	if (s.report != NULL)
		(void)munmap(s.report, sizeof(*s.report));
	return rc;
}

static int
prepare(struct super *s, struct fault *why)
{
	const struct launch_options *o = s->o;
	uint64_t random;

	if (super_rules(s, why) == -1)
		return -1;
	if (o->name != NULL)
		(void)snprintf(s->name, sizeof(s->name), "%s", o->name);
	else if (o->files > 0)
		(void)snprintf(s->name, sizeof(s->name), "file");
	else if (gethostname(s->name, sizeof(s->name) - 1) == -1)
		(void)snprintf(s->name, sizeof(s->name), "sensor");
	if (!settings_name_ok(s->name))
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
	if (boards_create(&s->boards, why) == -1)
		return -1;
	s->ring = ring_create(RING_BYTES, true, why);
	if (s->ring == NULL)
		return -1;
	return remember(s, why);
}

/* A live sensor can always be asked what it hears; a reading remembers when there is a
 * store to remember in. */
static int
remember(struct super *s, struct fault *why)
{
	const struct launch_options *o = s->o;

	if (o->test_only || (o->files > 0 && (s->state[0] == '\0' || o->store_bytes == 0)))
		return 0;
	s->observations = ring_create(OBSERVATIONS_BYTES, true, why);
	if (s->observations == NULL)
		return -1;
	if (o->files == 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    s->ask) == -1)
		return fault_set(why, NULL, "cannot make a pair of sockets: %s",
		    strerror(errno));
	return o->files == 0 ? super_hear(s, s->ask[0], asked) : 0;
}

/* A request that the outlet passed on: a word; the answer is one JSON object. */
static void
asked(struct super *s, int fd)
{
	char word[64];

	/* There is one: the outlet asks again only when it was answered. */
	if (recv(fd, word, sizeof(word), MSG_DONTWAIT) > 0)
		super_reload(s, "the control socket", answered, s);
}

static void
answered(void *arg, const char *json)
{
	const struct super *s = arg;

	(void)send(s->ask[0], json, strlen(json), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* What the outlet would say when it starts, before anything starts. The password is
 * looked at and forgotten: no child of ours but the outlet ever has it. */
static int
check_outputs(const struct super *s, struct fault *why)
{
	const struct launch_options *o = s->o;
	struct secret secret = { "" };
	bool redis = false, tls = false;
	struct tls *t;
	int rc = o->metrics == NULL ? 0 : metrics_where_check(o->metrics, why);

	for (unsigned i = 0; i < s->sinks; i++)
		redis = redis || sink_is_redis(&s->sink[i]);
	for (unsigned i = 0; i < s->sinks; i++)
		tls = tls || s->sink[i].tls;
	if (rc == 0 && tls) {
		t = tls_create(&o->redis_tls, why);
		rc = t == NULL ? -1 : 0;
		tls_destroy(t);
	}
	if (rc == 0 && redis)
		rc = secret_read(o->redis_password, &secret, why);
	for (unsigned i = 0; rc == 0 && i < s->sinks; i++)
		rc = redis_login_check(&s->sink[i], &secret, o->redis_plain, why);
	secret_forget(&secret);
	return rc;
}

static int
choose_sinks(struct super *s, struct fault *why)
{
	const struct launch_options *o = s->o;

	s->text = o->format == FORMAT_TEXT ||
	    (o->format == 0 && isatty(STDOUT_FILENO) == 1);
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
	if (check_outputs(s, why) == -1)
		return -1;
	if (s->o->test_only)
		return 0;
	if (choose_state(s, why) == -1) {
		if (s->redis || s->state_said)
			return -1;
		/* A sensor that hears and cannot remember still hears. */
		log_fault(&s->log, LOG_LEVEL_WARN, why);
		log_line(&s->log, LOG_LEVEL_WARN,
		    "going on without a store and a control socket");
	}
	return s->redis ? choose_spool(s, why) : 0;
}

/* `run` has a state folder; `read` when it was given one. */
static int
choose_state(struct super *s, struct fault *why)
{
	char usual[4096];

	if (s->o->files > 0 && s->o->state == NULL)
		return 0;
	(void)state_folder(usual, sizeof(usual));
	(void)snprintf(s->state, sizeof(s->state), "%.4000s",
	    s->o->state != NULL ? s->o->state : usual);
	s->state_said = strcmp(s->state, usual) != 0;
	for (char *p = s->state + 1; ; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(s->state, 0750) == -1 && errno != EEXIST) {
			(void)fault_set(why, "--state DIR names another place",
			    "cannot make the state folder '%s': %s", s->state,
			    strerror(errno));
			s->state[0] = '\0';
			return -1;
		}
		*p = was;
		if (was == '\0')
			return 0;
	}
}

/* `read` spools to a private folder that goes with it; `run` below the state folder. */
static int
choose_spool(struct super *s, struct fault *why)
{
	const char *tmp = getenv("TMPDIR");

	if (s->o->files > 0 && s->o->state == NULL) {
		(void)snprintf(s->spool, sizeof(s->spool), "%s/earshot-spool-XXXXXX",
		    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
		if (mkdtemp(s->spool) == NULL)
			return fault_set(why, "set TMPDIR, or --state DIR",
			    "cannot make the spool '%s': %s", s->spool, strerror(errno));
		s->spool_is_private = true;
		return 0;
	}
	if (s->state[0] == '\0')
		return -1;
	(void)snprintf(s->spool, sizeof(s->spool), "%.4080s", s->state);
	(void)strncat(s->spool, "/spool", sizeof(s->spool) - strlen(s->spool) - 1);
	if (mkdir(s->spool, 0700) == -1 && errno != EEXIST)
		return fault_set(why, "--state DIR names another place",
		    "cannot make the spool '%s': %s", s->spool, strerror(errno));
	return 0;
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
