/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_login: what may be sent where. */
#include "rules/event/redis_login.h"

int
redis_login_check(const struct sink_spec *s, const struct secret *secret, bool plain,
    struct fault *why)
{
	bool has = secret != NULL && secret->text[0] != '\0';
	char name[SINK_TEXT];

	if (!sink_is_redis(s))
		return 0;
	if (s->user[0] != '\0' && !has)
		return fault_set(why, "name its password file with --redis-password-file",
		    "cannot log in to '%s' as '%s' without a password",
		    sink_name(s, name, sizeof(name)), s->user);
	if (has && !plain && !s->tls && !sink_is_near(&s->at))
		return fault_set(why, "rediss://HOST, with TLS; or --redis-plain if that "
		    "network is yours alone",
		    "cannot send the password to '%s': it would cross the network in "
		    "clear text", sink_name(s, name, sizeof(name)));
	return 0;
}
