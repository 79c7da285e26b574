/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any line on the control socket, and any bytes as JSON, as an alert, as a message of the
 * observations' ring: refused with a sentence, or within its bounds. */
#include "rules/event/carry.h"
#include "rules/event/day.h"
#include "rules/event/parse.h"
#include "rules/event/request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct siphash_key key = { 1, 2 };
	struct intern *strings = intern_create(&key, 256);
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct fault why = { "", "" };
	struct json_value v, inner;
	struct observation o;
	struct request q;
	char text[32];
	uint32_t start;
	bool live;

	memcpy(copy, data, size);
	if (request_parse(span_of(copy, size), &q, &why) == -1) {
		if (why.what[0] == '\0')
			abort();
	} else if (q.command >= REQUEST_COMMAND_COUNT || q.limit < 1 ||
	    q.limit > REQUEST_ROWS ||
	    memchr(q.device, '\0', sizeof(q.device)) == NULL) {
		abort();
	}
	if (parse_document(span_of(copy, size), &v)) {
		struct span in = parse_inside(&v);

		if (v.raw.left > size)
			abort();
		while (v.type == '{' ? parse_member(&in, &inner, &inner) :
		    parse_element(&in, &inner)) {
			if (parse_text(&inner, text, sizeof(text)) >= sizeof(text))
				abort();
			(void)parse_number(&inner);
		}
		(void)parse_get(&v, "earshot.device.key", &inner);
	}
	if (carry_take(span_of(copy, size), strings, &start, &live, &o))
		carry_drop(strings, &o);
	free(copy);
	intern_destroy(strings);
	return 0;
}
