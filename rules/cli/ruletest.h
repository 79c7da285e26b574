/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruletest: the tests that stand beside the rules, run on their captures. */
#ifndef RULES_CLI_RULETEST_H
#define RULES_CLI_RULETEST_H

#include "rules/cli/rulefiles.h"

/* Prints one line a test and a last line "N passed, N failed, N skipped". A capture is
 * read once for all tests that name it, with packets on known killers' form let through to
 * the cell (dpi.h), so that what happens then can be tested. The exit code. */
int rules_test(struct rule_files *f, bool verbose);

#endif
