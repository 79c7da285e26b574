/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcp: what one DHCP message says about a device: RFC 2131 and 2132 (options 12, 50, 51,
 * 53, 55, 60, 61, 81), and for IPv6 RFC 8415 (client id, IA_NA, ORO, vendor class, RFC
 * 4704's name, RFC 6939's link-layer address, relay messages). Pure: bytes in, spans into
 * them out. Refuses to believe: who may say such things is the caller's question.
 */
#ifndef CLASSIFY_CONTENT_DHCP_H
#define CLASSIFY_CONTENT_DHCP_H

#include "capture/base/addr.h"
#include "capture/base/span.h"

enum dhcp_word {
	DHCP_ASKS,		/* a client: what it is called, what it asks for */
	DHCP_GIVES,		/* a server grants the address to the client */
	DHCP_ENDS,		/* a client gives it back, or found it taken */
};

struct dhcp_message {
	enum dhcp_word word;
	bool relayed;			/* it did not come from the client's own card */
	bool looking;			/* ASKS: for any address it may have */
	bool again;			/* GIVES: the client had this address already */
	uint64_t mac;			/* the client's; 0: it does not say */
	bool has_addr;
	struct addr addr;		/* asked for, in use, or given */
	uint32_t seconds;		/* GIVES: the lease; 0: not said */
	struct span name;		/* of the host; empty: none */
	struct span system;		/* vendor class: "android-dhcp-14", "MSFT 5.0" */
	/* What tells one kind of client from another: the options it asks for, in its
	 * order. And what tells one client from another, if it holds on to it when its
	 * MAC changes: an identifier without that MAC in it. 0: not said. */
	uint64_t print, id;
};

bool dhcp_parse(struct span p, struct dhcp_message *out);
/* direct: the MAC of the frame it came in, the client's own unless it was relayed; 0: not
 * seen. */
bool dhcp6_parse(struct span p, uint64_t direct, struct dhcp_message *out);

#endif
