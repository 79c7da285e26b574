/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main: which command. Everything else is a room's.
 */
#include "rules/cli/commands.h"
#include "rules/cli/launch.h"

#include <stdio.h>
#include <string.h>

/* X(name, function, what it does) */
#define COMMANDS(X) \
	X("read", command_read, "captures to explained alerts: earshot read x.pcap") \
	X("run", command_run, "the sensor: earshot run -i eth0") \
	X("status", command_control, "how a running sensor is") \
	X("flows", command_control, "the flows it hears now: earshot flows app tls min 1MB") \
	X("device", command_control, "what a device did in 24 h: earshot device NAME|IP|MAC") \
	X("stats", command_control, "what it counted, and lost by cause") \
	X("reload", command_control, "it reads its rules, lists and inventory again") \
	X("trace", command_trace, "which flow carried this recording? --length 43m10s") \
	X("rules", command_rules, "check, print, test or list what rules may say") \
	X("explain", command_explain, "why an alert, or why none: earshot explain --near 5 x.pcap") \
	X("backtest", command_backtest, "what another limit would have told, and missed") \
	X("redis", command_redis, "set a Redis up for events, look what lies there") \
	X("doctor", command_doctor, "what is not right here, and what mends it") \
	X("selftest", command_selftest, "four small captures to the alert, without a network") \
	X("settings", command_settings, "every setting, as a commented settings file") \
	X("schema", command_schema, "the JSON schema of an event")

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} command[] = {
#define X(name, fn, what) { name, fn, what },
	COMMANDS(X)
#undef X
};

#define COMMAND_N (sizeof(command) / sizeof(command[0]))

static void
usage(FILE *out)
{
	fputs("earshot hears when recordings leave the building.\n\n"
	    "usage: earshot COMMAND ...\n",
	    out);
	for (size_t i = 0; i < COMMAND_N; i++)
		fprintf(out, "  %-8s %s\n", command[i].name, command[i].what);
	fputs("  -r FILE  the same as 'read FILE'; -V version; "
	    "'COMMAND -h' for its options\n",
	    out);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		puts("earshot " EARSHOT_VERSION);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (strncmp(argv[1], "-r", 2) == 0)
		return command_read(argc, argv);
	for (size_t i = 0; i < COMMAND_N; i++)
		if (strcmp(argv[1], command[i].name) == 0)
			return command[i].run(argc - 1, argv + 1);
	fprintf(stderr, "earshot: '%s' is no command\n  try: earshot -h\n", argv[1]);
	return EXIT_USAGE;
}
