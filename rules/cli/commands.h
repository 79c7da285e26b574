/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands: the subcommands of earshot. Each takes its own argv (argv[0] is its name) and
 * returns the exit code. The table in main.c names them once; help comes from there. */
#ifndef RULES_CLI_COMMANDS_H
#define RULES_CLI_COMMANDS_H

int command_read(int argc, char **argv);
int command_run(int argc, char **argv);
int command_control(int argc, char **argv);	/* status, flows, ... */
int command_rules(int argc, char **argv);
int command_redis(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_selftest(int argc, char **argv);
int command_settings(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_backtest(int argc, char **argv);
int command_diff(int argc, char **argv);		/* rules diff */
int command_check(int argc, char **argv);	/* rules check */
int command_export(int argc, char **argv);	/* rules export */
int command_fields(int argc, char **argv);	/* rules fields */
int command_new(int argc, char **argv);		/* rules new */
int command_learn(int argc, char **argv);	/* rules learn */
int command_schema(int argc, char **argv);

#endif
