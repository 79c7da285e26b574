/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tell: findings for a person and for a program; and the table of checks. Text from
 * outside (names, paths, a server's words) is made harmless in both. */
#ifndef RULES_DOCTOR_TELL_H
#define RULES_DOCTOR_TELL_H

#include "rules/doctor/check.h"

#include <stdio.h>

void tell_checks(FILE *out);
/* 0, or -1: it could not be written. */
int tell_text(FILE *out, const struct findings *f);
int tell_json(FILE *out, const struct findings *f);

#endif
