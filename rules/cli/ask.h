/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask: a running sensor's control socket, from the other side. Waits for the answer. */
#ifndef RULES_CLI_ASK_H
#define RULES_CLI_ASK_H

#include "capture/base/fault.h"

#include <stddef.h>

/* One line (without its newline) there, one line back: *reply is malloc'd, NUL behind it,
 * the caller frees it. -1 and *why with a remedy. */
int ask_sensor(const char *path, const char *line, char **reply, size_t *len,
    struct fault *why);

#endif
