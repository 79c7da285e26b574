/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sha1: as RFC 3174 writes it down, unrolled: every flow event has one. */
#include "rules/event/sha1.h"

#include <string.h>

static inline void
put32(uint8_t *at, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	memcpy(at, b, sizeof(b));
}

static inline uint32_t
rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* One of 80 steps, the five words in their places instead of moved along: the caller names
 * them in turn. The schedule keeps its last sixteen words only. */
#define STEP(a, b, c, d, e, f, k, w) \
	e += rotl(a, 5) + (f) + (k) + (w); \
	b = rotl(b, 30)
#define WORD(t) (w[(t) & 15] = rotl(w[((t) + 13) & 15] ^ w[((t) + 8) & 15] ^ \
	w[((t) + 2) & 15] ^ w[(t) & 15], 1))
#define CHOOSE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MOST(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))
#define FIVE(t, f, k, w) \
	STEP(a, b, c, d, e, f(b, c, d), k, w(t)); \
	STEP(e, a, b, c, d, f(a, b, c), k, w((t) + 1)); \
	STEP(d, e, a, b, c, f(e, a, b), k, w((t) + 2)); \
	STEP(c, d, e, a, b, f(d, e, a), k, w((t) + 3)); \
	STEP(b, c, d, e, a, f(c, d, e), k, w((t) + 4))
#define FIRST(t) (w[t])

static void
block(uint32_t h[5], const uint8_t *p)
{
	uint32_t w[16], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (unsigned t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
		    p[3];
	FIVE(0, CHOOSE, 0x5a827999, FIRST);
	FIVE(5, CHOOSE, 0x5a827999, FIRST);
	FIVE(10, CHOOSE, 0x5a827999, FIRST);
	STEP(a, b, c, d, e, CHOOSE(b, c, d), 0x5a827999, w[15]);
	STEP(e, a, b, c, d, CHOOSE(a, b, c), 0x5a827999, WORD(16));
	STEP(d, e, a, b, c, CHOOSE(e, a, b), 0x5a827999, WORD(17));
	STEP(c, d, e, a, b, CHOOSE(d, e, a), 0x5a827999, WORD(18));
	STEP(b, c, d, e, a, CHOOSE(c, d, e), 0x5a827999, WORD(19));
	FIVE(20, PARITY, 0x6ed9eba1, WORD);
	FIVE(25, PARITY, 0x6ed9eba1, WORD);
	FIVE(30, PARITY, 0x6ed9eba1, WORD);
	FIVE(35, PARITY, 0x6ed9eba1, WORD);
	FIVE(40, MOST, 0x8f1bbcdc, WORD);
	FIVE(45, MOST, 0x8f1bbcdc, WORD);
	FIVE(50, MOST, 0x8f1bbcdc, WORD);
	FIVE(55, MOST, 0x8f1bbcdc, WORD);
	FIVE(60, PARITY, 0xca62c1d6, WORD);
	FIVE(65, PARITY, 0xca62c1d6, WORD);
	FIVE(70, PARITY, 0xca62c1d6, WORD);
	FIVE(75, PARITY, 0xca62c1d6, WORD);
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
sha1(const void *bytes, size_t n, uint8_t digest[20])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const uint8_t *p = bytes;
	uint64_t bits = (uint64_t)n * 8;
	uint8_t tail[128];
	size_t tail_n;

	for (; n >= 64; n -= 64, p += 64)
		block(h, p);
	tail_n = n < 56 ? 64 : 128;
	memset(tail, 0, tail_n);
	if (n > 0)
		memcpy(tail, p, n);
	tail[n] = 0x80;
	put32(tail + tail_n - 8, (uint32_t)(bits >> 32));
	put32(tail + tail_n - 4, (uint32_t)bits);
	block(h, tail);
	if (tail_n == 128)
		block(h, tail + 64);
	for (unsigned i = 0; i < 5; i++)
		put32(digest + 4 * i, h[i]);
}
