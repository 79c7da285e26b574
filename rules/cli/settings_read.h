/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings_read: a settings file and its drop-ins from disk. FILE is read first, then
 * FILE.d/ *.conf by name, as C sorts them. The supervisor alone reads them: no other
 * process knows that there is a file.
 */
#ifndef RULES_CLI_SETTINGS_READ_H
#define RULES_CLI_SETTINGS_READ_H

#include "rules/cli/settings.h"

/* Where state lies when nobody says: $STATE_DIRECTORY, else /var/lib/earshot for root,
 * else ~/.local/state/earshot. Returns buf. */
const char *state_folder(char *buf, size_t size);

/* -1 and *why; faults in the files are told on standard error. */
int settings_read(struct settings *s, const char *path, struct fault *why);

#endif
