/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * super_reload: the supervisor's half of a reload (reload.h has the sensor's). It reads
 * the files, packs them, sends them, and hears the answer. The sensor decides.
 *
 * What the sensor accepted last is kept, so that one that is started again begins with
 * it. Settings are not read again: where the files lie is what the command line said.
 */
#define _GNU_SOURCE	/* SOCK_CLOEXEC */
#include "rules/cli/notify.h"
#include "rules/cli/super.h"

#include "rules/event/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_answer(struct super *s, int fd);
static struct rule_files *read_files(const struct super *s, struct fault *why);
static int send_ask(struct super *s, const struct reload_ask *ask, int fd,
    struct fault *why);
static void end_pending(struct super *s, const struct reload_answer *a);

/* Under a service manager nobody looks on: then files must be ours. */
static struct rule_files *
read_files(const struct super *s, struct fault *why)
{
	struct rule_choice c = s->o->rules;

	c.guarded = s->o->notify != NULL && s->o->notify->fd != -1;
	return rule_files_read(&c, why);
}

int
super_rules(struct super *s, struct fault *why)
{
	struct reload_state *r = &s->reload;
	unsigned errors = 0;
	struct rule_files *files = read_files(s, why);
	struct program *p;
	int rc = -1;

	r->rules_fd = r->pending_fd = r->told_fd = r->ask[0] = r->ask[1] = -1;
	if (files == NULL)
		return -1;
	p = rule_files_check(files, s->o->test_only, &errors);
	if (p == NULL) {
		(void)fault_set(why,
		    "'earshot rules check' checks them without a sensor",
		    "cannot use the rules: %u error%s", errors, errors == 1 ? "" : "s");
		goto out;
	}
	rule_counts_of(p, &r->counts);
	r->generation = 1;
	r->rules_fd = rule_files_pack(files, why);
	if (r->rules_fd == -1)
		goto out;
	if (s->o->files == 0 && !s->o->test_only) {
		r->board = board_create(sizeof(struct reload_answer), why);
		r->told_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (r->board == NULL || r->told_fd == -1 ||
		    super_hear(s, r->told_fd, on_answer) == -1) {
			(void)fault_set(why, NULL, "cannot prepare for a reload: %s",
			    strerror(errno));
			goto out;
		}
	}
	rc = 0;
out:
	program_destroy(p);
	rule_files_free(files);
	return rc;
}

int
super_reload_pair(struct super *s, struct fault *why)
{
	struct reload_state *r = &s->reload;

	if (s->o->files > 0)
		return 0;
	/* One pair for each sensor: nothing that was meant for a dead one comes to
	 * another. */
	for (int i = 0; i < 2; i++)
		if (r->ask[i] != -1)
			close(r->ask[i]);
	r->ask[0] = r->ask[1] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, r->ask) == -1)
		return fault_set(why, NULL, "cannot talk to the sensor: %s",
		    strerror(errno));
	(void)shutdown(r->ask[0], SHUT_RD);	/* the sensor says nothing here */
	return 0;
}

void
super_reload_lost(struct super *s, bool died)
{
	struct reload_state *r = &s->reload;
	struct reload_answer *a;

	if (r->pending_fd == -1 || (a = calloc(1, sizeof(*a))) == NULL)
		return;
	if (died)
		(void)fault_set(&a->why, "please report it with the rules",
		    "the sensor died while it took the rules");
	else
		(void)fault_set(&a->why, NULL, "the sensor ended before it took the "
		    "rules");
	end_pending(s, a);
	free(a);
}

void
super_reload_again(struct super *s)
{
	if (!s->reload.again)
		return;
	s->reload.again = false;
	super_reload(s, "HUP", NULL, NULL);
}

void
super_reload_end(struct super *s)
{
	struct reload_state *r = &s->reload;
	int *fd[] = { &r->rules_fd, &r->pending_fd, &r->told_fd, &r->ask[0], &r->ask[1] };

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		if (*fd[i] > 0)
			close(*fd[i]);
	board_destroy(r->board);
}

void
super_reload(struct super *s, const char *who, reload_reply_fn *reply, void *arg)
{
	struct reload_state *r = &s->reload;
	struct reload_ask ask = { .number = r->number + 1, .kind = RELOAD_RULES,
		.generation = r->generation + 1 };
	struct reload_answer *a = calloc(1, sizeof(*a));
	struct rule_files *files = NULL;
	char json[512];

	if (a == NULL || s->sensor <= 0 || s->stopping || r->pending_fd != -1) {
		/* A hang-up while another is under way asks for one after it; while no
		 * sensor is there, for one when the next has begun. */
		if (reply == NULL)
			r->again = !s->stopping;
		else
			reply(arg, reload_refused_json(r->pending_fd != -1 ?
			    "another reload is under way" : "the sensor is not running",
			    json, sizeof(json)));
		free(a);
		return;
	}
	super_service_says(s, SERVICE_RELOADING);
	(void)snprintf(r->who, sizeof(r->who), "%s", who);
	memcpy(ask.who, r->who, sizeof(ask.who));
	r->reply = reply;
	r->reply_arg = arg;
	r->number = ask.number;
	files = read_files(s, &a->why);
	if (files != NULL) {
		rule_files_collect(files);
		r->pending_fd = rule_files_pack(files, &a->why);
	}
	rule_files_free(files);
	if (r->pending_fd == -1) {
		ask.kind = RELOAD_REFUSED;
		ask.why = a->why;
		(void)send_ask(s, &ask, -1, NULL);	/* an event tells it */
		end_pending(s, a);
	} else if (send_ask(s, &ask, r->pending_fd, &a->why) == -1) {
		end_pending(s, a);
	}
	free(a);
}

static int
send_ask(struct super *s, const struct reload_ask *ask, int fd, struct fault *why)
{
	struct reload_ask copy = *ask;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { &copy, sizeof(copy) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd != -1) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(s->reload.ask[0], &m, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		return fault_set(why, NULL, "cannot hand the rules to the sensor: %s",
		    strerror(errno));
	return 0;
}

static void
on_answer(struct super *s, int fd)
{
	struct reload_state *r = &s->reload;
	struct reload_answer *a;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) != (ssize_t)sizeof(n) || r->pending_fd == -1 ||
	    (a = malloc(sizeof(*a))) == NULL)
		return;
	/* The sensor wrote it, which reads packets: nothing in it is believed but that it
	 * is the sensor's. */
	if (board_read(r->board, a) && a->number == r->number) {
		a->why.what[sizeof(a->why.what) - 1] = '\0';
		a->why.remedy[sizeof(a->why.remedy) - 1] = '\0';
		a->errors[sizeof(a->errors) - 1] = '\0';
		a->counts.version[sizeof(a->counts.version) - 1] = '\0';
		end_pending(s, a);
	}
	free(a);
}

/* The errors as the rule tools print them; what may drive a terminal becomes '?'. */
static void
print_errors(const char *text)
{
	struct span s = span_of(text, strlen(text));
	uint32_t code;
	bool valid;
	size_t n;

	while ((n = utf8_next(s, &code, &valid)) > 0) {
		if (valid && (code == '\n' || code == '\t' || utf8_plain(code)))
			(void)fwrite(s.at, 1, n, stderr);
		else
			fputc('?', stderr);
		(void)span_skip(&s, n);
	}
}

static void
say_answer(const struct super *s, const struct reload_answer *a)
{
	const struct rule_counts *c = &a->counts;
	struct log log = s->log;

	if (!a->accepted) {
		print_errors(a->errors);
		log_fault(&log, LOG_LEVEL_WARN, &a->why);
		log_line(&log, LOG_LEVEL_WARN, "the rules stay as they were: generation "
		    "%llu, %s", (unsigned long long)s->reload.generation,
		    s->reload.counts.version);
		return;
	}
	/* Who asks for it wants to read that it was done. */
	if (!s->o->quiet && log.level < LOG_LEVEL_INFO)
		log.level = LOG_LEVEL_INFO;
	log_line(&log, LOG_LEVEL_INFO, "rules %s are generation %llu: %u rules, %u lists "
	    "with %llu entries, %llu devices; %.0f ms, swapped in %.3f ms",
	    c->version, (unsigned long long)a->generation, c->rules, c->lists,
	    (unsigned long long)c->hosts, (unsigned long long)c->devices,
	    (double)a->took_ns / 1e6, (double)a->swap_ns / 1e6);
}

static void
end_pending(struct super *s, const struct reload_answer *a)
{
	struct reload_state *r = &s->reload;
	struct reload_answer copy = *a;
	char json[2 * RULE_SET_ERRORS];
	bool again = r->again;

	if (a->accepted && r->pending_fd != -1) {
		close(r->rules_fd);
		r->rules_fd = r->pending_fd;
		r->counts = a->counts;
		r->generation++;
	} else if (r->pending_fd != -1) {
		close(r->pending_fd);
	}
	copy.generation = r->generation;
	r->pending_fd = -1;
	r->again = false;
	say_answer(s, &copy);
	if (r->reply != NULL)
		r->reply(r->reply_arg, reload_json(&copy, r->counts.version, json,
		    sizeof(json)));
	r->reply = NULL;
	super_service_says(s, SERVICE_RELOADED);
	if (again)
		super_reload(s, "HUP", NULL, NULL);
}

const char *
reload_json(const struct reload_answer *a, const char *running, char *buf, size_t size)
{
	const struct rule_counts *c = &a->counts;
	struct json j;

	/* A text that would not fit is cut; a quarter is what its escapes may take. */
	json_start(&j, buf, size - 1, size / 2);
	json_open(&j, NULL, '{');
	json_key(&j, "accepted");
	json_bool(&j, a->accepted);
	json_key(&j, "generation");
	json_uint(&j, a->generation);
	json_key(&j, "rules_version");
	json_name(&j, running);
	if (a->accepted) {
		json_key(&j, "rules");
		json_uint(&j, c->rules);
		json_key(&j, "exceptions");
		json_uint(&j, c->exceptions);
		json_key(&j, "lists");
		json_uint(&j, c->lists);
		json_key(&j, "list_entries");
		json_uint(&j, c->hosts);
		json_key(&j, "devices");
		json_uint(&j, c->devices);
	}
	json_key(&j, "errors");
	json_uint(&j, c->errors);
	if (!a->accepted) {
		json_key(&j, "why");
		json_text(&j, a->why.what, strlen(a->why.what));
		json_key(&j, "remedy");
		json_text(&j, a->why.remedy, strlen(a->why.remedy));
		json_key(&j, "text");
		json_text(&j, a->errors, strlen(a->errors));
	}
	json_key(&j, "compile_ms");
	json_number(&j, (double)a->compile_ns / 1e6);
	json_key(&j, "swap_ms");
	json_number(&j, (double)a->swap_ns / 1e6);
	json_key(&j, "took_ms");
	json_number(&j, (double)a->took_ns / 1e6);
	json_close(&j, '{');
	buf[j.full ? 0 : j.len] = '\0';
	return buf;
}

const char *
reload_refused_json(const char *why, char *buf, size_t size)
{
	struct json j;

	json_start(&j, buf, size - 1, 0);
	json_open(&j, NULL, '{');
	json_key(&j, "accepted");
	json_bool(&j, false);
	json_key(&j, "why");
	json_text(&j, why, strlen(why));
	json_close(&j, '{');
	buf[j.full ? 0 : j.len] = '\0';
	return buf;
}
