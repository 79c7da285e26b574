/* SPDX-License-Identifier: GPL-3.0-or-later */
/* why: the conditions of a rule as rows of an event. Private to rules/event. */
#ifndef RULES_EVENT_WHY_H
#define RULES_EVENT_WHY_H

#include "rules/event/fields.h"

/* Field F_WHY_... of condition i. A condition below `not` is told with it: "not dest in
 * known" passes when `dest in known` is false. */
bool why_get(const struct verdict *v, enum event_field f, unsigned i,
    struct event_value *out);

/* Passed, as above. */
enum truth why_passed(const struct verdict *v, unsigned i);

#endif
