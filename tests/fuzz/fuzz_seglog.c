/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a segment: whatever is taken from it is whole, numbered upwards and within
 * the bounds, and what is taken as a spooled event holds together.
 */
#include "capture/base/crc32c.h"
#include "rules/event/queue.h"
#include "rules/event/seglog.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(const struct crc32c *c, const uint8_t *data, size_t size)
{
	struct span at = span_of(data, size), bytes;
	uint64_t number, next = 1, most = 1 + size / SEGLOG_RECORD_HEAD;
	struct spooled e;

	for (;;) {
		if (!seglog_record_take(c, &at, next, most, &number, &bytes)) {
			if (!seglog_resync(c, &at, next, most))
				break;
			continue;
		}
		if (number < next || number > most || bytes.left == 0 ||
		    bytes.at + bytes.left > data + size)
			abort();
		next = number + 1;
		if (spooled_parse(bytes, &e) && (!spooled_name_ok(e.sensor) ||
		    !spooled_name_ok(e.boot) || e.json.left == 0))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crc32c c;
	struct spooled e;
	uint8_t *copy = malloc(size == 0 ? 1 : size), *sealed;

	memcpy(copy, data, size);
	crc32c_make(&c);
	walk(&c, copy, size);
	(void)spooled_parse(span_of(copy, size), &e);
	/* The same bytes behind a head that fits them: past the checksum. */
	if (size > 0 && size <= SEGLOG_RECORD_MAX) {
		sealed = malloc(SEGLOG_RECORD_HEAD + size);
		seglog_head_put(&c, sealed, 1, span_of(copy, size), span_of(copy, 0));
		memcpy(sealed + SEGLOG_RECORD_HEAD, copy, size);
		walk(&c, sealed, SEGLOG_RECORD_HEAD + size);
		free(sealed);
	}
	free(copy);
	return 0;
}
