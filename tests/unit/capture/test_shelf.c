/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture/base: texts of many lengths below one cap, alone and as interned strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/base/intern.h"
#include "capture/base/shelf.h"

#include <stdio.h>
#include <string.h>

static const struct siphash_key key = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };

#define MANY 4000

static void
test_pieces_of_all_lengths_keep_what_was_put_in_them(void **state)
{
	static struct { uint32_t piece; uint16_t n; uint8_t mark; } had[MANY];
	struct shelf *s = shelf_create(256 * 1024);
	uint32_t dice = 1, taken = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		dice = dice * 1664525U + 1013904223U;
		unsigned k = (dice >> 8) % MANY;

		if (had[k].piece != 0) {
			const uint8_t *p = shelf_at(s, had[k].piece);

			for (unsigned j = 0; j < had[k].n; j++)
				assert_int_equal(p[j], had[k].mark);
			shelf_give(s, had[k].piece, had[k].n);
			had[k].piece = 0;
			continue;
		}
		had[k].n = (uint16_t)(1 + (dice >> 20) % SHELF_MAX % (i % 7 == 0 ? 512 : 60));
		had[k].mark = (uint8_t)i;
		had[k].piece = shelf_take(s, had[k].n);
		if (had[k].piece == 0)
			continue;
		taken++;
		memset(shelf_at(s, had[k].piece), had[k].mark, had[k].n);
	}
	assert_true(taken > 40000);
	shelf_destroy(s);
}

/* What short texts held, long ones can have. */
static void
test_a_page_that_was_given_back_is_cut_anew(void **state)
{
	static uint32_t piece[8192 + 1];	/* and the one that is refused */
	struct shelf *s = shelf_create(64 * 1024);

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		for (size_t n = 1; n <= SHELF_MAX; n += 37) {
			size_t got = 0;

			while ((piece[got] = shelf_take(s, n)) != 0)
				got++;
			assert_int_equal(got, 16 * (4096 / ((n + 7) / 8 * 8)));
			while (got > 0)
				shelf_give(s, piece[--got], n);
		}
	}
	shelf_destroy(s);
	assert_null(shelf_create(0));
	assert_null(shelf_create((size_t)1 << 36));
}

static void
test_names_share_their_bytes_and_long_ones_push_out_idle_ones(void **state)
{
	struct intern *t = intern_create_within(&key, 1000, 64 * 1024);
	char text[256];
	uint32_t held[4], id;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof(text), "held-%u", i);
		held[i] = intern_put(t, text, strlen(text));
		intern_hold(t, held[i]);
	}
	for (unsigned i = 0; i < 5000; i++) {
		int n = snprintf(text, sizeof(text), "host-%u.example.net", i);

		id = intern_put(t, text, (size_t)n);
		assert_int_not_equal(id, 0);
		assert_memory_equal(intern_get(t, id).at, text, (size_t)n + 1);
	}
	assert_int_equal(intern_refused(t), 0);
	memset(text, 'x', 255);
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(text, &i, sizeof(i));
		id = intern_put(t, text, 255);
		if (id != 0)
			assert_memory_equal(intern_get(t, id).at, text, 255);
	}
	/* of sixteen pages some are still cut small, for those that are held */
	assert_true(intern_refused(t) < 100);
	for (unsigned i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof(text), "held-%u", i);
		assert_int_equal(intern_put(t, text, strlen(text)), held[i]);
	}
	intern_destroy(t);
}

/* More bytes of names that are held than there is room for: refused and counted. */
static void
test_names_without_room_are_refused_and_counted(void **state)
{
	struct intern *t = intern_create_within(&key, 100000, 40 * 4096);
	unsigned kept = 0;
	char text[64];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		int n = snprintf(text, sizeof(text), "a-name-of-31-bytes-%012u", i);
		uint32_t id = intern_put(t, text, (size_t)n);

		assert_int_equal(n, 31);
		intern_hold(t, id);
		kept += id != 0;
	}
	assert_int_equal(kept, 40 * 128);
	assert_int_equal(intern_refused(t), 10000 - 40 * 128);
	intern_destroy(t);
}

/* What a million names may cost is part of the budget of a million flows. */
static void
test_a_name_costs_no_more_than_its_bytes_and_thirty_two(void **state)
{
	struct intern *t = intern_create_within(&key, 1 << 20, 4096);

	(void)state;
	assert_true(intern_bytes(t) - 4096 <= (size_t)32 << 20);
	intern_destroy(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_of_all_lengths_keep_what_was_put_in_them),
		cmocka_unit_test(test_a_page_that_was_given_back_is_cut_anew),
		cmocka_unit_test(test_names_share_their_bytes_and_long_ones_push_out_idle_ones),
		cmocka_unit_test(test_names_without_room_are_refused_and_counted),
		cmocka_unit_test(test_a_name_costs_no_more_than_its_bytes_and_thirty_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
