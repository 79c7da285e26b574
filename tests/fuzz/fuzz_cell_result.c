/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results as the sensor gets them from a cell that may have been taken over. */
#include "classify/dpi/cell.h"
#include "classify/dpi/vocabulary.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_word(const char *word, size_t room)
{
	size_t n = strnlen(word, room);

	if (n >= room)
		abort();
	for (size_t i = 0; i < n; i++)
		if (!(word[i] >= 'a' && word[i] <= 'z') &&
		    !(word[i] >= '0' && word[i] <= '9') &&
		    word[i] != '.' && word[i] != '-')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct cell_result r;
	struct dpi_result words;
	uint32_t slots = 1000;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	if (cell_result_parse(span_of(copy, size), slots, &r)) {
		if (r.slot == 0 || r.slot > slots)
			abort();
		cell_result_words(&r, &words);
		check_word(words.app, sizeof(words.app));
		check_word(words.master, sizeof(words.master));
		check_word(words.category, sizeof(words.category));
		if (memchr(words.host, '\0', sizeof(words.host)) == NULL)
			abort();
		if (words.confidence >= CONFIDENCE_WORD_COUNT)
			abort();
		(void)tunnel_from_app(words.app);
	}
	free(copy);
	return 0;
}
