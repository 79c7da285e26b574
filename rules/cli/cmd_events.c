/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot redis init|show SINK` and `earshot schema`. */
#include "rules/cli/commands.h"
#include "rules/cli/launch.h"
#include "rules/event/redis_admin.h"
#include "rules/event/redis_login.h"

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

int
command_redis(int argc, char **argv)
{
	static const char usage[] = "usage: earshot redis init|show "
	    "[--redis-password-file FILE] [--redis-plain]\n"
	    "\t[--redis-ca FILE] [--redis-cert FILE --redis-key FILE] "
	    "[--redis-tls-name NAME]\n"
	    "\tredis://[USER@]HOST[:PORT] | rediss://.. | redis:unix:PATH\n";
	const char *what = argc > 1 ? argv[1] : "", *file = NULL;
	bool init = strcmp(what, "init") == 0, plain = false, wrong = false;
	struct secret secret = { "" };
	struct tls_files tls = { NULL, NULL, NULL, NULL };
	struct redis_access a = { .secret = &secret, .tls = &tls };
	const struct { const char *option, **at; } takes[] = {
		{ "--redis-password-file", &file }, { "--redis-ca", &tls.ca },
		{ "--redis-cert", &tls.cert }, { "--redis-key", &tls.key },
		{ "--redis-tls-name", &tls.name },
	};
	struct fault why = { 0 };
	struct sink_spec spec;
	int rc, servers = 1;

	for (int i = 2; i < argc; i++) {
		size_t k = 0;

		while (k < sizeof(takes) / sizeof(takes[0]) &&
		    strcmp(argv[i], takes[k].option) != 0)
			k++;
		if (strcmp(argv[i], "--redis-plain") == 0)
			plain = true;
		else if (k < sizeof(takes) / sizeof(takes[0]) && i + 1 < argc)
			*takes[k].at = argv[++i];
		else if (a.target == NULL && argv[i][0] != '-')
			a.target = argv[i];
		else
			wrong = true;
	}
	if (wrong || a.target == NULL || (!init && strcmp(what, "show") != 0)) {
		bool help = argc == 2 && strcmp(what, "-h") == 0;

		fputs(usage, help ? stdout : stderr);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	rc = sink_parse(a.target, &spec, &why);
	if (rc == 0 && spec.kind != SINK_REDIS) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (rc == 0)
		rc = secret_read(file, &secret, &why);
	if (rc == 0)
		rc = redis_login_check(&spec, &secret, plain, &why);
	if (rc == 0 && init)
		rc = servers = redis_init(&a, &why);
	else if (rc == 0)
		rc = redis_summary(&a, stream_line, NULL, &why);
	secret_forget(&secret);
	if (rc >= 0) {
		if (init && servers > 1)
			printf("the cluster is set up: the library 'earshot' of each of its "
			    "%d masters takes events\n", servers);
		else if (init)
			puts("the Redis is set up: its library 'earshot' takes events");
		return EXIT_DONE;
	}
	fprintf(stderr, "earshot redis: %s\n", why.what);
	if (why.remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why.remedy);
	return EXIT_COULD_NOT;
}
