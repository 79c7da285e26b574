/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * techniques: which numbers of MITRE ATT&CK there are (Enterprise and Mobile, version 17),
 * so that a slip in a rule is told. Numbers only: what they mean is at attack.mitre.org.
 */
#ifndef RULES_LANG_TECHNIQUES_H
#define RULES_LANG_TECHNIQUES_H

#include <stdbool.h>

enum technique_state { TECHNIQUE_NONE, TECHNIQUE_IS, TECHNIQUE_REVOKED };

/* "T1048.002". *instead is what took the place of one that was revoked. */
enum technique_state technique_find(const char *id, const char **instead);

#endif
