/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carry: an observation on its way from the sensor to the outlet, over a ring.
 *
 *	le32 start, u8 live, struct observation, for each of its texts u8 n and n bytes
 *
 * A message brings its strings along: one that is lost, and an outlet or a sensor that
 * was started again, leave no id behind that nobody can read. `start` counts the sensor's
 * starts: flows of an earlier one are over. `live` is 1 for what only says how a flow
 * stands now and is no record to be kept. The taker believes nothing: it may have been
 * written by a sensor that was taken over.
 */
#ifndef RULES_EVENT_CARRY_H
#define RULES_EVENT_CARRY_H

#include "capture/base/span.h"
#include "capture/flow/observation.h"

#define CARRY_MAX (5 + sizeof(struct observation) + 24 * (1 + INTERN_MAX))

/* The bytes of it; at has room for carry_size. */
size_t carry_size(const struct observation *o, const struct intern *strings);
void carry_put(uint8_t *at, uint32_t start, bool live, const struct observation *o,
    const struct intern *strings);

/* False: it is none. Texts are put into strings and held: carry_drop lets them go. */
bool carry_take(struct span message, struct intern *strings, uint32_t *start,
    bool *live, struct observation *out);
void carry_hold(struct intern *strings, const struct observation *o);
void carry_drop(struct intern *strings, const struct observation *o);

#endif
