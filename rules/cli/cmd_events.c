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
	    "\tredis://[USER@]HOST[:PORT] | redis:unix:PATH\n";
	const char *what = argc > 1 ? argv[1] : "", *file = NULL, *target = NULL;
	bool init = strcmp(what, "init") == 0, plain = false, wrong = false;
	struct secret secret = { "" };
	struct fault why = { 0 };
	struct sink_spec spec;
	int rc;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--redis-plain") == 0)
			plain = true;
		else if (strcmp(argv[i], "--redis-password-file") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (target == NULL && argv[i][0] != '-')
			target = argv[i];
		else
			wrong = true;
	}
	if (wrong || target == NULL || (!init && strcmp(what, "show") != 0)) {
		bool help = argc == 2 && strcmp(what, "-h") == 0;

		fputs(usage, help ? stdout : stderr);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	rc = sink_parse(target, &spec, &why);
	if (rc == 0 && spec.kind != SINK_REDIS) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (rc == 0)
		rc = secret_read(file, &secret, &why);
	if (rc == 0)
		rc = redis_login_check(&spec, &secret, plain, &why);
	if (rc == 0 && init)
		rc = redis_init(target, &secret, &why);
	else if (rc == 0)
		rc = redis_summary(target, &secret, stream_line, NULL, &why);
	secret_forget(&secret);
	if (rc == 0) {
		if (init)
			puts("the Redis is set up: its library 'earshot' takes events");
		return EXIT_DONE;
	}
	fprintf(stderr, "earshot redis: %s\n", why.what);
	if (why.remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why.remedy);
	return EXIT_COULD_NOT;
}
