/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * community: the Community ID, version 1, seed 0 (Corelight's specification): the name
 * that other tools give to the same flow. "1:" and base64 of the SHA-1 over seed, the
 * lower end, the higher end, protocol, a zero, and the two ports for protocols that have
 * them.
 *
 * ICMP has no ports: the message's type stands for the first, and the type that answers
 * it for the second; a message nobody answers is one-way, keeps the direction it was sent
 * in, and its code is the second.
 */
#include "rules/event/event.h"

#include "capture/decode/packet.h"
#include "rules/event/sha1.h"

#include <string.h>

enum { PROTO_SCTP = 132 };

/* Pairs of a question and its answer, both ways. */
static const uint8_t icmp4[][2] = { { 8, 0 }, { 13, 14 }, { 15, 16 }, { 17, 18 },
    { 10, 9 } };
static const uint8_t icmp6[][2] = { { 128, 129 }, { 133, 134 }, { 135, 136 },
	{ 130, 131 }, { 139, 140 }, { 144, 145 } };

static int
counterpart(const uint8_t (*pair)[2], size_t n, unsigned type)
{
	for (size_t i = 0; i < n; i++) {
		if (pair[i][0] == type)
			return pair[i][1];
		if (pair[i][1] == type)
			return pair[i][0];
	}
	return -1;
}

static void
base64(const uint8_t in[21], char out[29])
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < 7; i++) {
		uint32_t v = (uint32_t)in[3 * i] << 16 | (uint32_t)in[3 * i + 1] << 8 |
		    in[3 * i + 2];

		out[4 * i] = digit[v >> 18];
		out[4 * i + 1] = digit[v >> 12 & 63];
		out[4 * i + 2] = digit[v >> 6 & 63];
		out[4 * i + 3] = digit[v & 63];
	}
	out[27] = '=';			/* the 21st byte is none of the digest */
	out[28] = '\0';
}

void
community_id(const struct addr *src, const struct addr *dst, uint16_t sport,
    uint16_t dport, uint8_t proto, char buf[40])
{
	uint8_t msg[2 + 16 + 16 + 2 + 4] = { 0 }, digest[21];
	bool ports = proto == IPPROTO_IS_TCP || proto == IPPROTO_IS_UDP ||
	    proto == PROTO_SCTP;
	bool one_way = false;
	size_t at = 2, n = addr_is_v4(src) && addr_is_v4(dst) ? 4 : 16;
	int order;

	if (proto == IPPROTO_IS_ICMP || proto == IPPROTO_IS_ICMP6) {
		int back = proto == IPPROTO_IS_ICMP ?
		    counterpart(icmp4, sizeof(icmp4) / sizeof(icmp4[0]), sport) :
		    counterpart(icmp6, sizeof(icmp6) / sizeof(icmp6[0]), sport);

		ports = true;
		one_way = back < 0;
		if (back >= 0)
			dport = (uint16_t)back;
	}
	order = memcmp(src->b + 16 - n, dst->b + 16 - n, n);
	if (!one_way && (order > 0 || (order == 0 && sport > dport))) {
		const struct addr *a = src;
		uint16_t p = sport;

		src = dst;
		dst = a;
		sport = dport;
		dport = p;
	}
	memcpy(msg + at, src->b + 16 - n, n);
	at += n;
	memcpy(msg + at, dst->b + 16 - n, n);
	at += n;
	msg[at++] = proto;
	msg[at++] = 0;
	if (ports) {
		msg[at++] = (uint8_t)(sport >> 8);
		msg[at++] = (uint8_t)sport;
		msg[at++] = (uint8_t)(dport >> 8);
		msg[at++] = (uint8_t)dport;
	}
	sha1(msg, at, digest);
	digest[20] = 0;
	buf[0] = '1';
	buf[1] = ':';
	base64(digest, buf + 2);
}
