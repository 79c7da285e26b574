/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sixteen bytes of address, then a database. */
#include "classify/endpoint/places.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(struct span s, const uint8_t *from, size_t size)
{
	if (s.left > 0 && (s.at < from || s.at + s.left > from + size))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr a = { { 0 } }, four = { { [10] = 0xff, [11] = 0xff } };
	struct place_file f;
	struct location p = { 0 };
	struct fault why;
	uint8_t *copy;

	if (size < sizeof(a))
		return 0;
	memcpy(&a, data, sizeof(a));
	memcpy(four.b + 12, data, 4);
	size -= sizeof(a);
	copy = malloc(size == 0 ? 1 : size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + sizeof(a), size);
	if (place_file_open(&f, span_of(copy, size), &why)) {
		(void)place_find(&f, &a, &p);
		(void)place_find(&f, &four, &p);
		inside(p.as_org, copy, size);
		inside(p.country, copy, size);
	}
	free(copy);
	return 0;
}
