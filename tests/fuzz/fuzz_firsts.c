/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as items of who was first seen when: each behind its length (one byte). What
 * was believed is written, read by another, and written by that alike.
 */
#include "capture/base/intern.h"
#include "classify/endpoint/endpoint.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct written {
	struct endpoint *to;
	size_t items, bytes;
};

static bool
copy(void *arg, const void *item, size_t n)
{
	struct written *w = arg;
	uint8_t *bytes = malloc(n);

	if (bytes == NULL || n > ENDPOINT_ITEM_MAX)
		abort();
	memcpy(bytes, item, n);
	if (w->to != NULL && !endpoint_restore(w->to, span_of(bytes, n)))
		abort();
	free(bytes);
	w->items++;
	w->bytes += n;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct endpoint_options o = { .hash = { 1, 2 }, .max_devices = ITEMS,
		.max_names = 4, .max_dests = ITEMS };
	struct intern *strings = intern_create(&o.hash, 8 * ITEMS);
	struct endpoint *e, *f;
	struct endpoint_cursor c = { .all = true };
	struct written first = { 0 }, second = { 0 };
	struct span s = span_of(data, size), item;
	uint8_t n;

	o.strings = strings;
	e = endpoint_create(&o);
	f = endpoint_create(&o);
	if (e == NULL || f == NULL)
		abort();
	for (int i = 0; i < ITEMS && span_u8(&s, &n) && span_take(&s, n, &item); i++) {
		uint8_t *bytes = malloc(n == 0 ? 1 : n);

		if (bytes == NULL)
			abort();
		memcpy(bytes, item.at, n);
		(void)endpoint_restore(e, span_of(bytes, n));
		free(bytes);
	}
	first.to = f;
	while (!endpoint_save(e, &c, 7, copy, &first))
		continue;
	while (!endpoint_save(f, &c, 5, copy, &second))
		continue;
	if (first.items != second.items || first.bytes != second.bytes)
		abort();
	endpoint_destroy(e);
	endpoint_destroy(f);
	intern_destroy(strings);
	return 0;
}
