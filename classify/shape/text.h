/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text: T4, uncoded text is not sound.
 * Looks at the first 64 captured bytes of a payload. */
#ifndef CLASSIFY_SHAPE_TEXT_H
#define CLASSIFY_SHAPE_TEXT_H

#include "capture/base/span.h"
#include "classify/shape/hearing.h"

#define TEXT_HEAD 64

struct text_meter {		/* zeroed: nothing seen;
				 * counters halve before they overflow */
	uint32_t seen, printable, outside;
};

/* What one head holds. */
struct text_head {
	uint8_t seen, printable, outside;
};

/* Heads shorter than 8 bytes say nothing and are ignored. */
struct text_head text_look(struct span payload);
void text_add(struct text_meter *t, struct text_head head);
void text_packet(struct text_meter *t, struct span payload);	/* both */

/* Sets text.printable, text.outside and text.plain when something was seen. */
void text_observe(const struct text_meter *t, const struct hearing *h,
    struct observation *o);

#endif
