/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as the store's records: as a dictionary, and, behind a head that names our own
 * dictionary, as the names and items of a batch. What comes out is a record of ours. */
#include "rules/event/batch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(void *arg, const struct observation *o, const struct intern *strings)
{
	(void)arg;
	if (o->kind >= OBSERVATION_KIND_COUNT || o->size != sizeof(*o))
		abort();
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		uint32_t id;

		if (observation_field[f].type != FIELD_TEXT)
			continue;
		memcpy(&id, (const uint8_t *)o + observation_field[f].offset, sizeof(id));
		if (intern_get(strings, id).left > INTERN_MAX)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct siphash_key key = { 1, 2 };
	struct intern *strings = intern_create(&key, 2048);
	struct batch_reader_options o = { .strings = strings, .on_observation = look };
	struct batch_reader *r = batch_reader_create(&o);
	struct batch *b = batch_create();
	struct observation none = { .size = sizeof(none) };
	struct span head, items;
	uint8_t *record = malloc(18 + size);

	(void)batch_reader_take(r, span_of(data, size));
	(void)batch_reader_take(r, batch_dictionary(b));
	(void)batch_observation(b, &none, strings);
	batch_take(b, &head, &items);
	memcpy(record, head.at, 18);
	if (size > 0)
		memcpy(record + 18, data, size);
	(void)batch_reader_take(r, span_of(record, 18 + size));
	free(record);
	batch_destroy(b);
	batch_reader_destroy(r);
	intern_destroy(strings);
	return 0;
}
