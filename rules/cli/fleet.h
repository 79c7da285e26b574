/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fleet: the sensors of one settings file, and what is the program's and not one
 * sensor's: pidfile, user, the words to a service manager. One sensor is run in place; of
 * several, each gets a supervisor of its own, a child of ours, with its own boot, state
 * and end.
 *
 * As root with a user: state folders that are not there are made and given to him, the
 * pidfile is written; then the program becomes the user, before it starts a process and
 * before it reads a rule. It keeps CAP_NET_RAW for the sensors that it starts, and starts
 * again.
 */
#ifndef RULES_CLI_FLEET_H
#define RULES_CLI_FLEET_H

#include "rules/cli/settings.h"

/* Runs, or with -T checks, all that settings_sensors says. The exit code of the worst. */
int fleet_run(struct settings *s);

#endif
