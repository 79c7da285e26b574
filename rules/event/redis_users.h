/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_users: who may do what in a Redis of ours, as users of its ACL. One table: what is
 * printed, what is created, and what the tests try to break.
 */
#ifndef RULES_EVENT_REDIS_USERS_H
#define RULES_EVENT_REDIS_USERS_H

#include "rules/event/redis_admin.h"

#define REDIS_USERS 4

struct redis_user {
	const char *name, *what;
	const char *rules;		/* as ACL SETUSER takes them, behind a password */
};

extern const struct redis_user redis_users[REDIS_USERS];

/* Creates them on every master, or brings them up to date. A password that is not there yet
 * is made and written to FOLDER/NAME.password, mode 0600. On how many servers, or -1. */
int redis_users_create(const struct redis_access *a, const char *folder,
    struct fault *why);

/* Another machine may have the name of this sensor from now on. In how many partitions it
 * was somebody's, or -1. */
int redis_forget(const struct redis_access *a, const char *sensor, struct fault *why);

#endif
