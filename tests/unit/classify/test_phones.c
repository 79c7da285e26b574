/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What DHCP says of a device, for both versions of IP; who holds an address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "capture/base/intern.h"
#include "classify/endpoint/endpoint.h"

#define ROUTER 0x001517200a01U
#define PC 0x3c5282110a13U
#define PHONE 0x061122334401U
#define LATER 0x0a1122334402U

struct desk {
	struct intern *strings;
	struct endpoint *e;
};

static int
setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct siphash_key k = { 3, 4 };
	struct endpoint_options o = { .hash = k, .max_devices = 64 };

	assert_non_null(d);
	d->strings = intern_create(&k, 256);
	o.strings = d->strings;
	d->e = endpoint_create(&o);
	*state = d;
	return d->e == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct desk *d = *state;

	endpoint_destroy(d->e);
	intern_destroy(d->strings);
	free(d);
	return 0;
}

static struct pkt_time
sec(int64_t s)
{
	return (struct pkt_time){ s * NS_PER_S };
}

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

/* The key of the device that a flow from there belongs to, begun then. */
static const char *
key_then(struct desk *d, const char *at, uint64_t mac, int64_t then, int64_t now)
{
	struct addr a = ip(at);
	const struct device *v = endpoint_device(d->e, &a, mac, sec(then), sec(now));

	return (const char *)intern_get(d->strings, v->key).at;
}

static const char *
key(struct desk *d, const char *at, uint64_t mac, int64_t s)
{
	return key_then(d, at, mac, s, s);
}

static void
ask(struct desk *d, uint64_t mac, const char *name, uint64_t print, int64_t s)
{
	struct dhcp_message m = { .word = DHCP_ASKS, .mac = mac, .print = print,
		.name = span_of(name, strlen(name)) };

	endpoint_dhcp(d->e, &m, mac, sec(s));
}

static void
give(struct desk *d, uint64_t mac, const char *at, uint32_t lease, int64_t s)
{
	struct dhcp_message m = { .word = DHCP_GIVES, .mac = mac, .has_addr = true,
		.addr = ip(at), .seconds = lease, .relayed = true };

	endpoint_dhcp(d->e, &m, ROUTER, sec(s));
}

static void
test_a_face_follows_until_both_speak(void **state)
{
	struct desk *d = *state;

	ask(d, PHONE, "Annas-Phone", 7, 1);
	assert_string_equal(key(d, "10.20.0.61", PHONE, 2), "06:11:22:33:44:01");
	ask(d, LATER, "annas-phone", 7, 100);	/* names have no case */
	assert_string_equal(key(d, "10.20.0.62", LATER, 101), "06:11:22:33:44:01");
	endpoint_speaks(d->e, PHONE, sec(101));	/* on its way when the other came */
	assert_string_equal(key(d, "10.20.0.62", LATER, 102), "06:11:22:33:44:01");
	ask(d, PHONE, "annas-phone", 7, 200);	/* back again: it asked */
	endpoint_speaks(d->e, PHONE, sec(210));
	assert_string_equal(key(d, "10.20.0.61", PHONE, 211), "06:11:22:33:44:01");
	endpoint_speaks(d->e, LATER, sec(220));	/* and that one did not */
	assert_string_equal(key(d, "10.20.0.62", LATER, 221), "0a:11:22:33:44:02");
	assert_string_equal(key(d, "10.20.0.61", PHONE, 222), "06:11:22:33:44:01");
	ask(d, LATER, "annas-phone", 7, 300);
	assert_string_equal(key(d, "10.20.0.62", LATER, 301), "0a:11:22:33:44:02");
}

static void
test_no_face_without_name_and_print_and_none_for_a_makers_mac(void **state)
{
	struct desk *d = *state;

	ask(d, PHONE, "phone", 0, 1);
	ask(d, LATER, "phone", 0, 10);
	assert_string_equal(key(d, "10.20.0.62", LATER, 11), "0a:11:22:33:44:02");
	ask(d, PHONE, "phone", 7, 20);
	ask(d, PC, "phone", 7, 30);
	assert_string_equal(key(d, "10.20.0.13", PC, 31), "3c:52:82:11:0a:13");
}

static void
test_a_lease_holds_behind_a_router_for_its_time(void **state)
{
	struct desk *d = *state;
	struct endpoint_stats st;

	endpoint_outside(d->e, ROUTER, sec(1));
	assert_string_equal(key(d, "10.30.0.5", ROUTER, 1), "10.30.0.5");
	give(d, PC, "10.30.0.5", 7200, 2);
	assert_string_equal(key(d, "10.30.0.5", ROUTER, 3), "3c:52:82:11:0a:13");
	/* a flow of then is his, though another has the address now */
	give(d, PHONE, "10.30.0.5", 7200, 100);
	assert_string_equal(key_then(d, "10.30.0.5", ROUTER, 50, 101), "3c:52:82:11:0a:13");
	assert_string_equal(key_then(d, "10.30.0.5", ROUTER, 101, 102),
	    "06:11:22:33:44:01");
	assert_string_equal(key(d, "10.30.0.5", ROUTER, 100 + 7201), "10.30.0.5");
	/* frames are better proof than a lease */
	assert_string_equal(key(d, "10.30.0.6", PC, 8000), "3c:52:82:11:0a:13");
	give(d, PHONE, "10.30.0.6", 7200, 8001);
	assert_string_equal(key(d, "10.30.0.6", ROUTER, 8002), "3c:52:82:11:0a:13");
	endpoint_get_stats(d->e, &st);
	assert_int_equal(st.leases, 2);
	assert_int_equal(st.dhcp_refused, 0);
}

static void
test_nobody_speaks_for_another_card(void **state)
{
	struct desk *d = *state;
	struct dhcp_message m = { .word = DHCP_ASKS, .mac = PC, .name = span_of("x", 1) };
	struct endpoint_stats st;
	struct addr a = ip("10.20.0.13");

	endpoint_dhcp(d->e, &m, PHONE, sec(1));
	assert_int_equal(endpoint_device(d->e, &a, PC, sec(2), sec(2))->name, 0);
	endpoint_get_stats(d->e, &st);
	assert_int_equal(st.dhcp_refused, 1);
	m.relayed = true;
	endpoint_dhcp(d->e, &m, PHONE, sec(3));
	assert_true(endpoint_device(d->e, &a, PC, sec(4), sec(4))->name != 0);
}

static void
test_a_shared_mac_and_a_group_are_no_device(void **state)
{
	struct desk *d = *state;
	static const uint64_t nobody[] = { 0x00005e000107, 0x00005e000203, 0x00000c07ac01,
		0x00000c9ff123, 0x000573a00001, 0x0007b4000102, 0x010203040506 };
	char at[] = "10.30.0.0";

	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		at[8] = (char)('0' + i);
		assert_string_equal(key(d, at, nobody[i], 1), at);
	}
	assert_string_equal(key(d, "10.30.0.9", 0x00005e000407, 2), "00:00:5e:00:04:07");
}

/* ---- messages ---- */

static void
test_dhcp6_says_who_and_what(void **state)
{
	static const uint8_t request[] = { 3, 1, 2, 3, 0, 1, 0, 10, 0, 3, 0, 1, 0x3c, 0x52,
		0x82, 0x11, 0x0a, 0x13, 0, 6, 0, 4, 0, 23, 0, 24, 0, 16, 0, 8, 0, 0, 1,
		0x37, 0, 2, 'M', 'S', 0, 39, 0, 6, 0, 4, 'h', 'o', 's', 't' };
	uint8_t reply[] = { 7, 1, 2, 3, 0, 1, 0, 10, 0, 3, 0, 1, 0x3c, 0x52, 0x82, 0x11,
		0x0a, 0x13, 0, 3, 0, 40, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 24,
		0xfd, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 2, 0 };
	uint8_t relay[34 + 12 + 4 + sizeof(request)] = { 12 };
	struct dhcp_message m;
	struct addr a = ip("fd00:20::9");

	(void)state;
	assert_true(dhcp6_parse(span_of(request, sizeof(request)), PHONE, &m));
	assert_int_equal(m.word, DHCP_ASKS);
	assert_true(m.mac == PHONE);		/* of the frame: the DUID may be another card's */
	assert_true(m.id != 0 && m.print != 0);
	assert_int_equal(m.name.left, 4);
	assert_memory_equal(m.system.at, "MS", 2);
	assert_true(dhcp6_parse(span_of(request, sizeof(request)), PC, &m));
	assert_true(m.id == 0);			/* made of this very card: nothing more */
	assert_true(dhcp6_parse(span_of(reply, sizeof(reply)), ROUTER, &m));
	assert_int_equal(m.word, DHCP_GIVES);
	assert_true(m.mac == PC && addr_eq(&m.addr, &a));
	assert_int_equal(m.seconds, 0x200);
	memcpy(relay + 34, "\0\x4f\0\x08\0\1\x06\x11\x22\x33\x44\x01\0\x09\0", 15);
	relay[49] = sizeof(request);
	memcpy(relay + 50, request, sizeof(request));
	assert_true(dhcp6_parse(span_of(relay, sizeof(relay)), ROUTER, &m));
	assert_true(m.relayed && m.mac == PHONE);
	for (size_t n = 0; n < sizeof(relay); n++)
		(void)dhcp6_parse(span_of(relay, n), ROUTER, &m);
	reply[0] = 2;				/* an advertisement gives nothing */
	assert_false(dhcp6_parse(span_of(reply, sizeof(reply)), ROUTER, &m));
}

static void
test_dhcp_answers_and_ends(void **state)
{
	uint8_t b[260] = { 2, 1, 6 };
	struct dhcp_message m;

	(void)state;
	memcpy(b + 16, "\x0a\x14\0\x0d", 4);
	memcpy(b + 28, "\x3c\x52\x82\x11\x0a\x13", 6);
	memcpy(b + 236, "\x63\x82\x53\x63\x35\1\5\x33\4\0\0\x0e\x10\xff", 14);
	assert_true(dhcp_parse(span_of(b, sizeof(b)), &m));
	assert_true(m.word == DHCP_GIVES && m.mac == PC && m.has_addr && !m.again);
	assert_int_equal(m.seconds, 3600);
	memcpy(b + 12, b + 16, 4);
	assert_true(dhcp_parse(span_of(b, sizeof(b)), &m) && m.again);
	b[242] = 2;				/* an offer is not yet one */
	assert_false(dhcp_parse(span_of(b, sizeof(b)), &m));
	b[0] = 1;
	b[242] = 7;
	assert_true(dhcp_parse(span_of(b, sizeof(b)), &m) && m.word == DHCP_ENDS);
	b[242] = 1;
	assert_true(dhcp_parse(span_of(b, sizeof(b)), &m) && m.looking);
}

static int64_t
handed(struct desk *d, const char *at)
{
	struct addr a = ip(at);

	return endpoint_handed(d->e, &a).ns / NS_PER_S;
}

static void
test_an_address_is_handed_to_another_device_and_not_to_a_mac(void **state)
{
	struct desk *d = *state;

	give(d, PC, "10.20.0.61", 3600, 1);
	give(d, PC, "10.20.0.61", 3600, 100);
	assert_int_equal(handed(d, "10.20.0.61"), 0);
	give(d, PHONE, "10.20.0.61", 3600, 200);
	assert_int_equal(handed(d, "10.20.0.61"), 200);
	give(d, PC, "10.20.0.61", 3600, 300);
	assert_int_equal(handed(d, "10.20.0.61"), 300);
	/* two cards of one host take turns */
	for (int64_t s = 10; s < 20; s++)
		(void)key(d, "10.20.0.70", s % 2 == 0 ? PC + 1 : PC + 2, 400 + s);
	assert_int_equal(handed(d, "10.20.0.70"), 411);
	/* a telephone draws another MAC and keeps its address */
	ask(d, PHONE, "annas-phone", 7, 500);
	give(d, PHONE, "10.20.0.62", 3600, 500);
	ask(d, LATER, "annas-phone", 7, 600);
	give(d, LATER, "10.20.0.62", 3600, 600);
	assert_int_equal(handed(d, "10.20.0.62"), 0);
}

/* A phone that drew another MAC is one device of two; each question is answered with the MAC
 * it asked about, also within the second that an answer is remembered for. */
static void
test_each_card_is_answered_by_its_own_mac(void **state)
{
	struct desk *d = *state;
	struct addr one = ip("10.20.0.1"), two = ip("10.20.0.2");

	ask(d, PHONE, "phone", 77, 1000);
	(void)endpoint_device(d->e, &one, PHONE, sec(1000), sec(1000));
	ask(d, LATER, "phone", 77, 1005);
	for (int i = 0; i < 3; i++) {
		const struct device *v = endpoint_device(d->e, &two, LATER, sec(1010),
		    sec(1010));

		assert_true(v->mac == LATER);
		assert_true(v->first_mac == PHONE);
		v = endpoint_device(d->e, &one, PHONE, sec(1010), sec(1010));
		assert_true(v->mac == PHONE);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_face_follows_until_both_speak),
		T(test_no_face_without_name_and_print_and_none_for_a_makers_mac),
		T(test_a_lease_holds_behind_a_router_for_its_time),
		T(test_nobody_speaks_for_another_card),
		T(test_each_card_is_answered_by_its_own_mac),
		T(test_a_shared_mac_and_a_group_are_no_device),
		T(test_an_address_is_handed_to_another_device_and_not_to_a_mac),
		cmocka_unit_test(test_dhcp6_says_who_and_what),
		cmocka_unit_test(test_dhcp_answers_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
