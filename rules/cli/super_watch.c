/* SPDX-License-Identifier: GPL-3.0-or-later */
/* super_watch: the supervisor's loop. Owns what a signal means; refuses to sleep where a
 * descriptor can wake it. */
#define _GNU_SOURCE	/* ppoll */
#include "rules/cli/super.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_signal(struct super *s, int fd);

int
super_signals(struct super *s, struct fault *why)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1)
		return fault_set(why, NULL, "cannot listen for signals: %s",
		    strerror(errno));
	return super_hear(s, fd, on_signal);
}

int
super_hear(struct super *s, int fd, super_ready_fn *ready)
{
	if (s->heards == SUPER_FDS)
		return -1;
	s->heard[s->heards].fd = fd;
	s->heard[s->heards++].ready = ready;
	return 0;
}

void
super_unhear(struct super *s, int fd)
{
	for (unsigned i = 0; i < s->heards; i++)
		if (s->heard[i].fd == fd)
			s->heard[i--] = s->heard[--s->heards];
}

static void
on_signal(struct super *s, int fd)
{
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGCHLD:
			super_bury(s);
			break;
		case SIGUSR1:
			if (s->outlet > 0)
				(void)kill(s->outlet, SIGUSR1);
			break;
		case SIGHUP:
			/* A terminal that is gone ends us; else somebody wants the rules
			 * read again, which a file that is being read does not do. */
			if (s->tty && isatty(STDOUT_FILENO) == 0)
				super_stop(s);
			else if (s->o->files == 0)
				super_reload(s, "HUP", NULL, NULL);
			break;
		default:
			super_stop(s);
		}
	}
}

int
super_watch(struct super *s)
{
	struct pollfd p[SUPER_FDS];

	while (s->sensor > 0 || s->outlet > 0) {
		unsigned n = s->heards;

		for (unsigned i = 0; i < n; i++)
			p[i] = (struct pollfd){ .fd = s->heard[i].fd, .events = POLLIN };
		if (ppoll(p, n, s->progress.on ? &progress_pace : NULL, NULL) == -1)
			n = 0;
		super_tell_parts(s);
		if (s->sensor > 0)
			progress_draw(&s->progress, s->report);
		for (unsigned i = 0; i < n; i++) {
			if (p[i].revents == 0)
				continue;
			/* One before it may have let it go. */
			for (unsigned k = 0; k < s->heards; k++)
				if (s->heard[k].fd == p[i].fd) {
					s->heard[k].ready(s, p[i].fd);
					break;
				}
		}
	}
	return super_say_end(s);
}
