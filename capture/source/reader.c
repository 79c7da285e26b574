/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader: one buffer over an input; owns it and the count of what went by. Refuses to
 * know a format. */
#include "capture/source/reader.h"

#include <stdlib.h>
#include <string.h>

int
reader_open(struct reader *r, struct input **in, struct fault *why)
{
	*r = (struct reader){ .in = *in };
	*in = NULL;
	r->buf = malloc(READER_ROOM);
	if (r->buf == NULL)
		return fault_set(why, NULL, "no memory to read '%s'", input_path(r->in));
	return 0;
}

void
reader_close(struct reader *r)
{
	input_destroy(r->in);
	free(r->buf);
	*r = (struct reader){ 0 };
}

long
reader_fill(struct reader *r, struct fault *why)
{
	size_t room;
	long got;

	if (r->at > 0) {
		memmove(r->buf, r->buf + r->at, r->end - r->at);
		r->base += r->at;
		r->end -= r->at;
		r->at = 0;
	}
	room = READER_ROOM - r->end;
	got = input_read(r->in, r->buf + r->end,
	    room < READER_BLOCK ? room : READER_BLOCK, why);
	if (got > 0)
		r->end += (size_t)got;
	return got;
}
