/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * addr: IP addresses, prefixes and sets of prefixes; MAC addresses as 48-bit numbers.
 *
 * One form for both families: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
 * Prefix lengths are always those of the 128-bit form inside; text says /24,
 * the set stores /120.
 */
#ifndef CAPTURE_BASE_ADDR_H
#define CAPTURE_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct addr {
	uint8_t b[16];
};

struct prefix {
	struct addr net;	/* host bits zero */
	uint8_t bits;		/* 0..128 */
};

/* A set of prefixes, in the order given. It borrows the array. */
struct prefix_set {
	const struct prefix *p;
	size_t n;
};

#define ADDR_TEXT 48		/* longest address text and NUL */
#define PREFIX_TEXT 52
#define MAC_TEXT 18		/* "3c:52:82:11:0a:11" and NUL */

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

static inline int
addr_cmp(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static inline bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) == 0;
}

struct addr addr_from_v4(const uint8_t v4[4]);

/* Multicast, broadcast (255.255.255.255), unspecified: nobody in particular. */
bool addr_is_group(const struct addr *a);

/* Dotted quad or RFC 5952 text. Returns buf. */
const char *addr_print(const struct addr *a, char buf[ADDR_TEXT]);
/* The same; returns how long it is. */
size_t addr_text(const struct addr *a, char buf[ADDR_TEXT]);
const char *prefix_print(const struct prefix *p, char buf[PREFIX_TEXT]);

/* Text of n bytes, no NUL needed. False when it is not an address / a prefix; an address
 * alone is a prefix of full length; host bits that are set are refused. */
bool addr_parse(const char *text, size_t n, struct addr *out);
bool prefix_parse(const char *text, size_t n, struct prefix *out);

bool prefix_has(const struct prefix *p, const struct addr *a);
bool prefix_set_has(const struct prefix_set *s, const struct addr *a);

/* "3c:52:82:11:0a:11", "3C-52-82-11-0A-11" and "3c52.8211.0a11". 0 is no MAC. */
bool mac_parse(const char *text, size_t n, uint64_t *out);
const char *mac_print(uint64_t mac, char buf[MAC_TEXT]);

static inline uint64_t
mac_from_bytes(const uint8_t b[6])
{
	return (uint64_t)b[0] << 40 | (uint64_t)b[1] << 32 | (uint64_t)b[2] << 24 |
	    (uint64_t)b[3] << 16 | (uint64_t)b[4] << 8 | b[5];
}

#endif
