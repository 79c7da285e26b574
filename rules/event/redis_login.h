/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_login: the first thing said to a Redis that wants to know who we are. */
#ifndef RULES_EVENT_REDIS_LOGIN_H
#define RULES_EVENT_REDIS_LOGIN_H

#include "rules/event/secret.h"
#include "rules/event/sink.h"

/* AUTH [USER] PASSWORD into argv; how many words, 0: there is nothing to say. The words
 * are lent. */
static inline int
redis_login_argv(const char *user, const struct secret *secret, const char *argv[3])
{
	int argc = 0;

	if (secret == NULL || secret->text[0] == '\0')
		return 0;
	argv[argc++] = "AUTH";
	if (user != NULL && user[0] != '\0')
		argv[argc++] = user;
	argv[argc++] = secret->text;
	return argc;
}

/* A password to another host without TLS crosses the network as it is: refused unless told. A user
 * without a password makes no sense. 0, or -1 and *why. */
int redis_login_check(const struct sink_spec *s, const struct secret *secret, bool plain,
    struct fault *why);

#endif
