/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of the limits, made from HEARING_LIMITS. Their values are in rule files. */
#include "classify/shape/hearing.h"

#include <stddef.h>

const struct hearing_info hearing_info[HEARING_COUNT] = {
#define X(m, w, t, lo, hi, mean) \
	[HEARING_##m] = { w, FIELD_##t, lo, hi, mean, offsetof(struct hearing, m) },
	HEARING_LIMITS(X)
#undef X
};
