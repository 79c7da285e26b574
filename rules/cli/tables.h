/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables: the control socket's answers for a person on a terminal. Names in them come
 * from the wire: what could drive a terminal is shown as '?'. */
#ifndef RULES_CLI_TABLES_H
#define RULES_CLI_TABLES_H

#include "rules/event/parse.h"
#include "rules/event/request.h"

#include <stdio.h>

/* The answer to `reload`: other rules hold now. */
bool reload_accepted(const struct json_value *answer);
/* False: the answer is an error, or says that rules were refused; it went to standard error. */
bool table_print(const struct request *q, const struct json_value *answer, FILE *out);

#endif
