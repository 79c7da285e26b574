/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot redis init|show|forget|users` and `earshot schema`. */
#include "rules/cli/commands.h"
#include "rules/cli/launch.h"
#include "rules/event/redis_admin.h"
#include "rules/event/redis_login.h"
#include "rules/event/redis_users.h"

#include <stdio.h>
#include <string.h>

static void
to_stdout(void *arg, const char *s, size_t n)
{
	(void)arg;
	(void)fwrite(s, 1, n, stdout);
}

int
command_schema(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "fields") == 0)
		event_fields_print(to_stdout, NULL);
	else if (argc == 2 && strcmp(argv[1], "observation") == 0)
		observation_schema_print(to_stdout, NULL);
	else if (argc == 1)
		event_schema_print(to_stdout, NULL);
	else {
		bool help = argc == 2 && strcmp(argv[1], "-h") == 0;

		fputs("usage: earshot schema [fields|observation]\n",
		    help ? stdout : stderr);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

static void
stream_line(void *arg, const char *stream, uint64_t count, const char *last,
    size_t last_len)
{
	(void)arg;
	printf("%-18s %6llu event%s\n", stream, (unsigned long long)count,
	    count == 1 ? "" : "s");
	if (last_len > 0)
		printf("  last: %.*s\n", (int)(last_len < EVENT_BYTES ? last_len :
		    EVENT_BYTES), last);
}

static int
usage_redis(bool asked)
{
	fputs("usage: earshot redis init [--users DIR] [options] SINK\n"
	    "       earshot redis show [options] SINK\n"
	    "       earshot redis forget NAME [options] SINK\n"
	    "       earshot redis users\n"
	    "options: [--redis-password-file FILE] [--redis-plain] [--redis-ca FILE]\n"
	    "\t[--redis-cert FILE --redis-key FILE] [--redis-tls-name NAME]\n"
	    "SINK: redis://[USER@]HOST[:PORT] | rediss://.. | redis:unix:PATH\n",
	    asked ? stdout : stderr);
	return asked ? EXIT_DONE : EXIT_USAGE;
}

static int
print_users(void)
{
	for (unsigned i = 0; i < REDIS_USERS; i++)
		printf("# %s\nACL SETUSER %s reset on >PASSWORD %s\n", redis_users[i].what,
		    redis_users[i].name, redis_users[i].rules);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

static int
init(const struct redis_access *a, const char *users, struct fault *why)
{
	int servers = redis_init(a, why);

	if (servers > 0 && users != NULL && redis_users_create(a, users, why) == -1)
		return -1;
	if (servers > 1)
		printf("the cluster is set up: the library 'earshot' of each of its %d "
		    "masters takes events\n", servers);
	else if (servers == 1)
		puts("the Redis is set up: its library 'earshot' takes events");
	for (unsigned i = 0; servers > 0 && users != NULL && i < REDIS_USERS; i++)
		printf("user %-18s %s; password in %s/%s.password\n", redis_users[i].name,
		    redis_users[i].what, users, redis_users[i].name);
	return servers;
}

static int
forget(const struct redis_access *a, const char *name, struct fault *why)
{
	int n = redis_forget(a, name, why);

	if (n == 0)
		printf("the name '%s' was nobody's\n", name);
	else if (n > 0)
		printf("the name '%s' is free for the next machine that uses it\n", name);
	return n;
}

int
command_redis(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *file = NULL, *users = NULL;
	const char *name = NULL;
	bool wrong = false, forgets = strcmp(what, "forget") == 0;
	struct secret secret = { "" };
	struct tls_files tls = { NULL, NULL, NULL, NULL };
	struct redis_access a = { .secret = &secret, .tls = &tls };
	const struct { const char *option, **at; } takes[] = {
		{ "--redis-password-file", &file }, { "--redis-ca", &tls.ca },
		{ "--redis-cert", &tls.cert }, { "--redis-key", &tls.key },
		{ "--redis-tls-name", &tls.name }, { "--users", &users },
	};
	struct fault why = { 0 };
	struct sink_spec spec;
	int rc;

	for (int i = 2; i < argc; i++) {
		size_t k = 0;

		while (k < sizeof(takes) / sizeof(takes[0]) &&
		    strcmp(argv[i], takes[k].option) != 0)
			k++;
		if (strcmp(argv[i], "--redis-plain") == 0)
			a.plain = true;
		else if (k < sizeof(takes) / sizeof(takes[0]) && i + 1 < argc)
			*takes[k].at = argv[++i];
		else if (forgets && name == NULL && argv[i][0] != '-')
			name = argv[i];
		else if (a.target == NULL && argv[i][0] != '-')
			a.target = argv[i];
		else
			wrong = true;
	}
	if (argc == 2 && strcmp(what, "users") == 0)
		return print_users();
	if (wrong || a.target == NULL || (users != NULL && strcmp(what, "init") != 0) ||
	    (!forgets && strcmp(what, "init") != 0 && strcmp(what, "show") != 0))
		return usage_redis(argc == 2 && strcmp(what, "-h") == 0);
	rc = sink_parse(a.target, &spec, &why);
	if (rc == 0 && spec.kind != SINK_REDIS)
		return usage_redis(false);
	if (rc == 0)
		rc = secret_read(file, &secret, &why);
	if (rc == 0)
		rc = redis_login_check(&spec, &secret, a.plain, &why);
	if (rc == 0)
		rc = forgets ? forget(&a, name, &why) : strcmp(what, "init") == 0 ?
		    init(&a, users, &why) : redis_summary(&a, stream_line, NULL, &why);
	secret_forget(&secret);
	if (rc >= 0)
		return EXIT_DONE;
	fprintf(stderr, "earshot redis: %s\n", why.what);
	if (why.remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why.remedy);
	return EXIT_COULD_NOT;
}
