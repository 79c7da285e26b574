/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fleet: the sensors of one settings file. One sensor is run in place; of several, each
 * gets a supervisor of its own, a child of ours, with its own boot, state and end.
 */
#ifndef RULES_CLI_FLEET_H
#define RULES_CLI_FLEET_H

#include "rules/cli/settings.h"

/* Runs, or with -T checks, all that settings_sensors says. The exit code of the worst. */
int fleet_run(struct settings *s);

#endif
