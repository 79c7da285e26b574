/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carried: tunnels that have no opening of their own, by the form of what goes through
 * them: IKE and ESP in UDP (RFC 3948). Owns recognising them; refuses a port as the only
 * reason.
 */
#include "classify/content/inside.h"

#include <string.h>

#define ESP_NEAR 64		/* numbers that were lost in between */

/* RFC 7296, 3.1 and RFC 2408: two ids, what follows, version, exchange, flags, number and
 * the length of all of it. */
bool
ike_message(struct span p, uint32_t wire)
{
	uint32_t mark, high, low, length;
	uint8_t next, version, exchange;
	struct span end;

	/* In UDP beside ESP four bytes of 0 stand before it. */
	if (wire >= 4 && p.left >= 4 && memcmp(p.at, "\0\0\0\0", 4) == 0) {
		(void)span_u32(&p, &mark);
		wire -= 4;
	}
	/* Hardly any other datagram holds its own length there. */
	end = p;
	if (!span_skip(&end, 24) || !span_u32(&end, &length) || length != wire)
		return false;
	return span_u32(&p, &high) && span_u32(&p, &low) && (high | low) != 0 &&
	    span_skip(&p, 8) && span_u8(&p, &next) && span_u8(&p, &version) &&
	    span_u8(&p, &exchange) && (version == 0x10 || version == 0x20) &&
	    (version == 0x20 ? exchange >= 34 && exchange <= 43 :
	    (exchange >= 1 && exchange <= 6) || exchange == 32 || exchange == 33);
}

/* A number that names the association, one that counts up, and what a cipher has made as
 * long as words are. Three in a row. */
bool
esp_goes_on(struct state *st, unsigned dir, struct span p, uint32_t wire)
{
	const unsigned shift = 2 * dir;
	unsigned seen = (unsigned)st->told[0] >> shift & 3U;
	uint32_t spi, number, last = (uint32_t)st->next[dir];

	if (wire < 32 || wire % 4 != 0 || !span_u32(&p, &spi) || !span_u32(&p, &number) ||
	    spi < 256)
		return false;
	if (st->next[dir] >> 32 == spi && number > last && number - last <= ESP_NEAR)
		seen = seen < 3 ? seen + 1 : 3;
	else
		seen = 0;
	st->next[dir] = (uint64_t)spi << 32 | number;
	st->told[0] = (uint8_t)((st->told[0] & ~(3U << shift)) | seen << shift);
	return seen >= 2;
}
