/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slicing by eight: M. Kounavis, F. Berry, "A systematic approach to building high
 * performance software-based CRC generators", ISCC 2005. */
#include "capture/base/crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u		/* Castagnoli, reflected */

void
crc32c_make(struct crc32c *c)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int k = 0; k < 8; k++)
			v = (v & 1) != 0 ? v >> 1 ^ POLYNOMIAL : v >> 1;
		c->t[0][i] = v;
	}
	for (unsigned i = 0; i < 256; i++)
		for (unsigned k = 1; k < 8; k++)
			c->t[k][i] = c->t[k - 1][i] >> 8 ^ c->t[0][c->t[k - 1][i] & 0xff];
#ifdef __x86_64__
	c->instruction = __builtin_cpu_supports("sse4.2");
#else
	c->instruction = false;
#endif
}

#ifdef __x86_64__
/* A fifth of the tables' time: an outlet spends as much of its own in here. */
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t wide = ~crc, eight;

	for (; n >= sizeof(eight); n -= sizeof(eight), p += sizeof(eight)) {
		memcpy(&eight, p, sizeof(eight));
		wide = __builtin_ia32_crc32di(wide, eight);
	}
	crc = (uint32_t)wide;
	for (; n > 0; n--, p++)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return ~crc;
}
#endif

uint32_t
crc32c_add(const struct crc32c *c, uint32_t crc, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

#ifdef __x86_64__
	if (c->instruction)
		return by_instruction(crc, p, n);
#endif
	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		    (uint32_t)p[3] << 24;
		crc = c->t[7][crc & 0xff] ^ c->t[6][crc >> 8 & 0xff] ^
		    c->t[5][crc >> 16 & 0xff] ^ c->t[4][crc >> 24] ^ c->t[3][p[4]] ^
		    c->t[2][p[5]] ^ c->t[1][p[6]] ^ c->t[0][p[7]];
	}
	for (; n > 0; n--, p++)
		crc = crc >> 8 ^ c->t[0][(crc ^ *p) & 0xff];
	return ~crc;
}
