/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bytes: a message or a file under construction. Include cmocka.h before. */
#ifndef TESTS_UNIT_CLASSIFY_BYTES_H
#define TESTS_UNIT_CLASSIFY_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	uint8_t at[65536];
	size_t n;
};

static inline void
add(struct bytes *b, const void *what, size_t n)
{
	assert_true(b->n + n <= sizeof(b->at));
	memcpy(b->at + b->n, what, n);
	b->n += n;
}

static inline void
text(struct bytes *b, const char *s)
{
	add(b, s, strlen(s));
}

static inline void
number(struct bytes *b, uint64_t v, unsigned n, bool little)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned place = little ? i : n - 1 - i;
		uint8_t c = (uint8_t)(place < 8 ? v >> 8 * place : 0);

		add(b, &c, 1);
	}
}

#endif
