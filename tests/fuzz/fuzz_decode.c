/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes under any link type, with captured and wire length independent of each other.
 * Input: link type (1 byte, below), captured length (2, little endian, cut at what
 * follows), wire length (4, little endian), bytes. What is a packet is shown twice: the
 * second is a suspect, or both have no IP header to compare.
 */
#include "capture/base/span.h"
#include "capture/decode/decode.h"
#include "capture/flow/duplicates.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct packet *p);

#define MUST(c) do { if (!(c)) __builtin_trap(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = { 1, 113, 276, 0, 108, 12, 14, 101, 228, 229, 105, 127,
		119, 163, 9, 50, 204, 189 };
	struct span s = span_of(data, size);
	struct packet p;
	struct frame f = { 0 };
	uint16_t cap;
	uint8_t link, *copy;
	uint32_t wire, most;

	if (!span_u8(&s, &link) || !span_le16(&s, &cap) || !span_le32(&s, &wire))
		return 0;
	if (cap > s.left)
		cap = (uint16_t)s.left;
	copy = malloc(cap == 0 ? 1 : cap);
	if (copy == NULL)
		return 0;
	memcpy(copy, s.at, cap);
	f.link_type = links[link % (sizeof(links) / sizeof(links[0]))];
	f.cap = cap;
	f.wire = wire;
	f.bytes = copy;
	most = wire < cap ? cap : wire;
	if (decode_frame(&f, &p) == DROP_NONE) {
		MUST(p.frame == &f);
		MUST(p.l3_wire <= most && p.payload_wire <= most);
		MUST(p.l3.left <= p.l3_wire && p.payload.left <= p.payload_wire);
		MUST(p.l3.left == 0 ||
		    (p.l3.at >= copy && p.l3.at + p.l3.left <= copy + cap));
		MUST(p.payload.left == 0 || (p.payload.at >= p.l3.at &&
		    p.payload.at + p.payload.left <= p.l3.at + p.l3.left));
		MUST(p.vlan == VLAN_NONE || p.vlan < 4096);
		MUST(p.depth <= 8);
		MUST(p.class == PACKET_FLOW ? p.ip_version != 0 : 1);
		if (p.class == PACKET_FLOW)
			compare(&p);
	}
	free(copy);
	return 0;
}

static void
compare(const struct packet *p)
{
	static const struct siphash_key key = { 5, 6 };
	struct duplicates *d = duplicates_create(&key);
	struct duplicates_stats s;

	if (d == NULL)
		return;
	MUST(duplicates_packet(d, p) == DUPLICATES_FIRST);
	(void)duplicates_packet(d, p);
	duplicates_get_stats(d, &s);
	MUST(s.seen == 1 && !s.on);
	duplicates_destroy(d);
}
