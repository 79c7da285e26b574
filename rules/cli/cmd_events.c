/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot redis init|show SINK` and `earshot schema`. */
#include "rules/cli/commands.h"
#include "rules/cli/launch.h"
#include "rules/event/redis_admin.h"

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
	static const char usage[] = "usage: earshot redis init|show redis:unix:PATH\n";
	struct sink_spec spec;
	struct fault why = { 0 };
	int rc;

	if (argc != 3 || (strcmp(argv[1], "init") != 0 && strcmp(argv[1], "show") != 0)) {
		bool help = argc == 2 && strcmp(argv[1], "-h") == 0;

		fputs(usage, help ? stdout : stderr);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	rc = sink_parse(argv[2], &spec, &why);
	if (rc == 0 && spec.kind != SINK_REDIS) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (rc == 0 && strcmp(argv[1], "init") == 0)
		rc = redis_init(spec.target, &why);
	else if (rc == 0)
		rc = redis_summary(spec.target, stream_line, NULL, &why);
	if (rc == 0) {
		if (strcmp(argv[1], "init") == 0)
			puts("the Redis is set up: its library 'earshot' takes events");
		return EXIT_DONE;
	}
	fprintf(stderr, "earshot redis: %s\n", why.what);
	if (why.remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why.remedy);
	return EXIT_COULD_NOT;
}
