/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames that no wire carries: what a card puts together before the capture or cuts up
 * behind it (GRO, LRO, TSO), up to 512 KiB, with IP lengths of 0. From their bytes to the
 * flow's.
 */
#include "capture/decode/decode.h"
#include "capture/flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ETHERNET 14U
#define SUPER_MOST (512U * 1024U)

struct told {
	struct flow flow;
	unsigned packets, flows;
	uint32_t fresh, acked_unseen;
};

static void
on_packet(void *arg, const struct flow_hit *hit)
{
	struct told *t = arg;

	t->flow = *hit->flow;
	t->packets++;
	t->flows += hit->is_new;
	t->fresh = hit->fresh;
	t->acked_unseen += hit->acked_unseen;
}

struct card {
	struct flowtab *tab;
	struct told told;
	uint8_t *b;
	int64_t now;
};

static void
card_open(struct card *c)
{
	struct flow_options o = { .key = { 1, 2 }, .max_flows = 16, .max_pairs = 16,
		.on = { .arg = &c->told, .packet = on_packet } };

	memset(c, 0, sizeof(*c));
	c->tab = flowtab_create(&o, NULL);
	c->b = malloc(SUPER_MOST + 256);
	assert_non_null(c->tab);
	assert_non_null(c->b);
}

static void
card_close(struct card *c)
{
	flowtab_destroy(c->tab);
	free(c->b);
}

static void
u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
u32(uint8_t *p, uint32_t v)
{
	u16(p, v >> 16);
	u16(p + 2, v);
}

enum form {
	IP4_WHOLE,			/* its total length fits 16 bits */
	IP4_ZERO,			/* total length 0 */
	IP6_ZERO,			/* payload length 0 */
	IP6_JUMBO,			/* and a jumbo option (RFC 2675) */
};

/* A TCP segment of n bytes; at most cap bytes of the frame are captured. */
static void
card_tcp(struct card *c, enum form form, bool back, uint32_t seq, uint32_t ack,
    uint8_t flags, uint32_t n, uint32_t cap)
{
	const uint32_t head = form <= IP4_ZERO ? 20 : form == IP6_ZERO ? 40 : 48;
	uint8_t *ip = c->b + ETHERNET, *tcp = ip + head;
	const uint32_t whole = ETHERNET + head + 20 + n;
	struct frame f = { .link_type = 1, .wire = whole, .bytes = c->b,
		.cap = cap < whole ? cap : whole };
	struct packet p;

	assert_true(n <= SUPER_MOST);
	memset(c->b, 0, ETHERNET + head + 20);
	u16(c->b + 12, form <= IP4_ZERO ? 0x0800 : 0x86dd);
	if (form <= IP4_ZERO) {
		ip[0] = 0x45;
		u16(ip + 2, form == IP4_ZERO ? 0 : head + 20 + n);
		ip[8] = 64;
		ip[9] = 6;
		u32(ip + 12, back ? 0xcb007109U : 0x0a000001U);
		u32(ip + 16, back ? 0x0a000001U : 0xcb007109U);
	} else {
		ip[0] = 0x60;
		ip[6] = form == IP6_JUMBO ? 0 : 6;
		ip[7] = 64;
		ip[8] = back ? 0x20 : 0xfd;
		ip[23] = 1;
		ip[24] = back ? 0xfd : 0x20;
		ip[39] = 1;
		if (form == IP6_JUMBO) {
			ip[40] = 6;
			ip[42] = 0xc2;
			ip[43] = 4;
			u32(ip + 44, 8 + 20 + n);
		}
	}
	u16(tcp, back ? 443 : 50000);
	u16(tcp + 2, back ? 50000 : 443);
	u32(tcp + 4, seq);
	u32(tcp + 8, ack);
	tcp[12] = 0x50;
	tcp[13] = flags;
	f.time.ns = c->now += NS_PER_MS;
	assert_int_equal(decode_frame(&f, &p), DROP_NONE);
	assert_int_equal(p.payload_wire, n);
	assert_int_equal(p.payload.left, f.cap <= whole - n ? 0 : f.cap - (whole - n));
	flowtab_packet(c->tab, &p);
}

static void
test_bytes_of_super_frames_are_those_of_their_segments(void **state)
{
	static const struct { enum form form; uint32_t n; } forms[] = {
		{ IP4_WHOLE, 65495 }, { IP4_ZERO, 40000 }, { IP4_ZERO, 185000 },
		{ IP4_ZERO, SUPER_MOST }, { IP6_ZERO, 65160 }, { IP6_ZERO, 185000 },
		{ IP6_JUMBO, 185000 }, { IP6_JUMBO, SUPER_MOST },
	};

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(forms) / sizeof(forms[0]); i++) {
		const uint32_t n = forms[i / 2].n, cap = i % 2 == 0 ? UINT32_MAX : 128;
		const enum form form = forms[i / 2].form;
		const uint32_t heads = ETHERNET + 20 +
		    (form <= IP4_ZERO ? 20 : form == IP6_ZERO ? 40 : 48);
		struct card c;

		card_open(&c);
		card_tcp(&c, form, false, 99, 0, TCP_SYN, 0, cap);
		card_tcp(&c, form, true, 499, 100, TCP_SYN | TCP_ACK, 0, cap);
		card_tcp(&c, form, false, 100, 500, TCP_ACK, n, cap);
		assert_int_equal(c.told.fresh, n);
		/* Its tail again, as one segment: it came before. */
		card_tcp(&c, form, false, 100 + n - 1448, 500, TCP_ACK, 1448, cap);
		assert_int_equal(c.told.fresh, 0);
		/* Half of it again and as much that is new. */
		card_tcp(&c, form, false, 100 + n / 2, 500, TCP_ACK, n, cap);
		assert_int_equal(c.told.fresh, n / 2);
		card_tcp(&c, form, true, 500, 100 + n + n / 2, TCP_ACK, 0, cap);
		assert_int_equal(c.told.flows, 1);
		assert_int_equal(c.told.acked_unseen, 0);
		assert_int_equal(c.told.flow.count[0].captured, n + n / 2);
		assert_int_equal(c.told.flow.count[0].retrans, 1448 + n - n / 2);
		assert_int_equal(c.told.flow.count[0].gaps, 0);
		assert_int_equal(c.told.flow.count[0].pkts, 4);
		assert_int_equal(c.told.flow.count[0].wire, 4 * heads + 2 * n + 1448);
		assert_int_equal((c.told.flow.flags & FLOW_TRUNCATED) != 0, i % 2);
		card_close(&c);
	}
}

static void
test_a_super_frame_that_was_missed_is_a_gap_of_its_bytes(void **state)
{
	struct card c;

	(void)state;
	card_open(&c);
	card_tcp(&c, IP4_WHOLE, false, 99, 0, TCP_SYN, 0, UINT32_MAX);
	card_tcp(&c, IP4_WHOLE, true, 499, 100, TCP_SYN | TCP_ACK, 0, UINT32_MAX);
	card_tcp(&c, IP4_ZERO, false, 100 + 65160, 500, TCP_ACK, 40000, UINT32_MAX);
	card_tcp(&c, IP4_WHOLE, true, 500, 100 + 65160 + 40000, TCP_ACK, 0, UINT32_MAX);
	assert_int_equal(c.told.flow.count[0].captured, 40000);
	assert_int_equal(c.told.flow.count[0].gaps, 65160);
	card_close(&c);
}

/* Both lengths of 16 bits may be 0 or too small for what is here. */
static void
test_datagrams_that_were_put_together_keep_their_bytes(void **state)
{
	uint8_t *b = calloc(1, 100000);
	struct frame f = { .link_type = 1, .bytes = b };
	struct packet p;

	(void)state;
	assert_non_null(b);
	u16(b + 12, 0x0800);
	b[14] = 0x45;
	b[23] = 17;
	u16(b + 14 + 20 + 4, 0);
	f.cap = f.wire = 14 + 20 + 8 + 60000;
	assert_int_equal(decode_frame(&f, &p), DROP_NONE);
	assert_int_equal(p.payload_wire, 60000);
	u16(b + 14 + 2, 20 + 8 + 60000);
	u16(b + 14 + 20 + 4, 8 + 60000);
	assert_int_equal(decode_frame(&f, &p), DROP_NONE);
	assert_int_equal(p.payload_wire, 60000);
	/* IPv6, beyond what 16 bits can say. */
	memset(b, 0, 100);
	u16(b + 12, 0x86dd);
	b[14] = 0x60;
	b[20] = 17;
	f.cap = f.wire = 14 + 40 + 8 + 90000;
	assert_int_equal(decode_frame(&f, &p), DROP_NONE);
	assert_int_equal(p.payload_wire, 90000);
	free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_of_super_frames_are_those_of_their_segments),
		cmocka_unit_test(
		    test_a_super_frame_that_was_missed_is_a_gap_of_its_bytes),
		cmocka_unit_test(test_datagrams_that_were_put_together_keep_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
