/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Castagnoli checksum: known values, and the instruction says what the tables say. */
#include "capture/base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_crc32c_has_the_values_of_rfc_3720(void **state)
{
	uint8_t zeros[32] = { 0 }, ones[32], up[32];
	struct crc32c c;

	(void)state;
	crc32c_make(&c);
	memset(ones, 0xff, sizeof(ones));
	for (unsigned i = 0; i < sizeof(up); i++)
		up[i] = (uint8_t)i;
	for (int tables = 0; tables < 2; tables++) {
		assert_int_equal(crc32c_add(&c, 0, "123456789", 9), 0xe3069283);
		assert_int_equal(crc32c_add(&c, 0, zeros, 32), 0x8a9136aa);
		assert_int_equal(crc32c_add(&c, 0, ones, 32), 0x62a8ab43);
		assert_int_equal(crc32c_add(&c, 0, up, 32), 0x46dd794e);
		assert_int_equal(crc32c_add(&c, 7, "", 0), 7);
		c.instruction = false;
	}
}

static void
test_crc32c_is_the_same_by_instruction_and_by_tables(void **state)
{
	uint8_t bytes[300];
	struct crc32c fast, slow;

	(void)state;
	crc32c_make(&fast);
	slow = fast;
	slow.instruction = false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i * 31 + 7);
	for (size_t at = 0; at < 9; at++)
		for (size_t n = 0; at + n <= sizeof(bytes); n++) {
			uint32_t whole = crc32c_add(&slow, 0, bytes + at, n);
			uint32_t part = crc32c_add(&fast, 0, bytes + at, n / 3);

			assert_int_equal(crc32c_add(&fast, 0, bytes + at, n), whole);
			assert_int_equal(crc32c_add(&fast, part, bytes + at + n / 3, n - n / 3),
			    whole);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c_has_the_values_of_rfc_3720),
		cmocka_unit_test(test_crc32c_is_the_same_by_instruction_and_by_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
