/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * setup: the first bytes by which a call is arranged (SIP, STUN, DTLS) and by which a
 * tunnel opens (SSH, OpenVPN, WireGuard). Owns recognising them; refuses reading further.
 */
#include "classify/content/parse.h"

#include <string.h>

/* RFC 8489, 5: two zero bits, a length in fours, the magic cookie. */
bool
setup_stun(struct span p, uint32_t wire)
{
	uint16_t type, len;
	uint32_t cookie;

	return span_u16(&p, &type) && span_u16(&p, &len) && span_u32(&p, &cookie) &&
	    type < 0x4000 && len % 4 == 0 && cookie == 0x2112a442 && wire == 20U + len;
}

/* RFC 6347, 4.1: a handshake record of DTLS 1.0 or 1.2 (1.3 says 1.2 on the wire). */
bool
setup_dtls(struct span p, uint32_t wire)
{
	uint8_t type, major, minor;
	uint16_t epoch, len;

	return span_u8(&p, &type) && span_u8(&p, &major) && span_u8(&p, &minor) &&
	    type == 22 && major == 0xfe && (minor == 0xff || minor == 0xfd) &&
	    span_u16(&p, &epoch) && span_skip(&p, 6) && span_u16(&p, &len) && len > 0 &&
	    wire >= 13U + len;
}

enum parse
setup_sip(struct span p)
{
	static const char *const methods[] = { "invite ", "ack ", "bye ", "cancel ",
		"options ", "register ", "prack ", "subscribe ", "notify ", "publish ",
		"info ", "refer ", "message ", "update " };
	bool may;

	if (p.left > 0 && !sip_letter(p.at[0]))
		return PARSE_NOT;
	may = text_may_become(p, "sip/2.0 ");
	if (text_starts(p, "sip/2.0 "))
		return PARSE_DONE;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct span rest = p;

		may |= text_may_become(p, methods[i]);
		if (!text_starts(p, methods[i]))
			continue;
		(void)span_skip(&rest, strlen(methods[i]));
		if (text_starts(rest, "sip:") || text_starts(rest, "sips:") ||
		    text_starts(rest, "tel:"))
			return PARSE_DONE;
		return text_may_become(rest, "sips:") || text_may_become(rest, "tel:") ?
		    PARSE_MORE : PARSE_NOT;
	}
	return may ? PARSE_MORE : PARSE_NOT;
}

/* RFC 4253, 4.2; 1.99 is a server that also speaks the first version. */
enum parse
setup_ssh(struct span p)
{
	if (text_starts(p, "ssh-2.0-") || text_starts(p, "ssh-1.99-"))
		return PARSE_DONE;
	return text_may_become(p, "ssh-2.0-") || text_may_become(p, "ssh-1.99-") ?
	    PARSE_MORE : PARSE_NOT;
}

/* Operation (five bits) and key id 0: P_CONTROL_HARD_RESET_CLIENT_V2 7, _V3 10,
 * _SERVER_V2 8; behind it at least session id, acknowledgement count and packet id. */
bool
openvpn_hello(struct span p, uint32_t wire, bool server)
{
	uint8_t op;
	uint32_t number;

	if (wire < 14 || !span_u8(&p, &op))
		return false;
	if (server || op == 0x38)
		return op == (server ? 0x40 : 0x38);
	/* _V3 comes wrapped (tls-crypt-v2): session id, then a packet number that starts
	 * at 1, below a byte that 2.6 uses for what it can do */
	return op == 0x50 && wire >= 54 && span_skip(&p, 8) && span_u32(&p, &number) &&
	    (number & 0xffffffU) < 64;
}

bool
openvpn_tcp_hello(struct span p, bool server)
{
	uint16_t len;

	return span_u16(&p, &len) && len >= 14 && len <= 1500 &&
	    openvpn_hello(p, len, server);
}

/* Handshake initiation and its answer have one length each. */
bool
wireguard_hello(struct span p, uint32_t wire, bool server)
{
	uint32_t type;

	return wire == (server ? 92U : 148U) && span_le32(&p, &type) &&
	    type == (server ? 2U : 1U);
}
