/* SPDX-License-Identifier: GPL-3.0-or-later */
/* machine: which machine this is, so that a Redis can tell two sensors of one name apart. */
#ifndef RULES_CLI_MACHINE_H
#define RULES_CLI_MACHINE_H

#include <stdbool.h>

#define MACHINE_ID 33			/* 32 hex digits and NUL */

/* Made of /etc/machine-id, which itself is told to nobody (machine-id(5)). False: there is
 * none, as in some containers. */
bool machine_id(char out[MACHINE_ID]);

#endif
