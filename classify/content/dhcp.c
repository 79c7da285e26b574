/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcp: the host name a client gives itself (RFC 2131, RFC 2132: options 12, 50). Owns
 * client messages only: what a server answers holds no name worth having.
 */
#include "classify/content/parse.h"

#include <string.h>

enum { OPTION_PAD = 0, OPTION_NAME = 12, OPTION_ADDRESS = 50, OPTION_END = 255 };

static bool
take_addr(struct span v, struct content_news *news)
{
	if (v.left != 4 || memcmp(v.at, "\0\0\0\0", 4) == 0)
		return false;
	news->dhcp_addr = addr_from_v4(v.at);
	news->dhcp_has_addr = true;
	return true;
}

bool
dhcp_client(struct span p, struct content_news *news)
{
	struct span ciaddr, mac, value;
	uint8_t op, htype, hlen, hops, option, n;
	uint32_t cookie;

	if (!span_u8(&p, &op) || !span_u8(&p, &htype) || !span_u8(&p, &hlen) ||
	    !span_u8(&p, &hops) || op != 1 || !span_skip(&p, 8) ||
	    !span_take(&p, 4, &ciaddr) || !span_skip(&p, 12) ||
	    !span_take(&p, 16, &mac) ||
	    !span_skip(&p, 192) || !span_u32(&p, &cookie) || cookie != 0x63825363)
		return false;
	if (htype == 1 && hlen == 6)
		news->dhcp_mac = mac_from_bytes(mac.at);
	(void)take_addr(ciaddr, news);
	while (span_u8(&p, &option) && option != OPTION_END) {
		if (option == OPTION_PAD)
			continue;
		if (!span_u8(&p, &n) || !span_take(&p, n, &value))
			break;
		if (option == OPTION_NAME)
			news->dhcp_name = value;
		else if (option == OPTION_ADDRESS)
			(void)take_addr(value, news);
	}
	/* some clients count a final NUL in */
	while (news->dhcp_name.left > 0 &&
	    news->dhcp_name.at[news->dhcp_name.left - 1] == 0)
		news->dhcp_name.left--;
	return news->dhcp_name.left > 0;
}
