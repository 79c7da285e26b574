/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is at each end: devices, routers, names, destinations. */
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
#define STRANGER 0x02aabbccdd01U

struct desk {
	struct arena *arena;
	struct intern *strings;
	struct endpoint *e;
};

static const char assets[] = "mac,ip,name,owner,role\n"
    "3c:52:82:11:0a:13,10.20.0.13,pc-press,Press,workstation\n"
    "00:15:17:20:0a:01,10.20.0.1,gateway,IT,router\n"
    ",10.30.0.5,branch-pc,IT,workstation\n"
    "3c:52:82:11:0a:14,10.20.0.14,laptop,IT,laptop\n";
static const char ethers[] = "3c:52:82:11:0a:13 pc-press\n00:15:17:20:0a:01 gateway\n";

static const struct inventory *
load(struct desk *d, enum inventory_format f, const char *text)
{
	struct inventory *inv = inventory_parse(d->arena, f, span_of(text, strlen(text)),
	    NULL, NULL);

	assert_non_null(inv);
	return inv;
}

static int
setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct siphash_key k = { 3, 4 };
	struct endpoint_options o = { .hash = k, .max_devices = 64, .max_names = 4,
		.max_dests = 8 };

	assert_non_null(d);
	d->arena = arena_create(1 << 20);
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
	arena_destroy(d->arena);
	free(d);
	return 0;
}

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static struct pkt_time
sec(int64_t s)
{
	return (struct pkt_time){ s * NS_PER_S };
}

/* A client's own message by DHCP. */
static void
dhcp_name(struct desk *d, uint64_t mac, const char *name, int64_t s)
{
	struct dhcp_message m = { .word = DHCP_ASKS, .mac = mac,
		.name = span_of(name, strlen(name)) };

	endpoint_dhcp(d->e, &m, mac, sec(s));
}

static const struct device *
look(struct desk *d, const char *at, uint64_t mac, int64_t s)
{
	struct addr a = ip(at);

	return endpoint_device(d->e, &a, mac, sec(s), sec(s));
}

static const char *
text(struct desk *d, uint32_t id)
{
	struct span s = intern_get(d->strings, id);

	return id == 0 ? "" : (const char *)s.at;
}

static void
test_a_key_is_the_id_then_the_mac_then_the_address(void **state)
{
	struct desk *d = *state;
	const struct device *v;

	v = look(d, "10.20.0.13", PC, 1);
	assert_string_equal(text(d, v->key), "3c:52:82:11:0a:13");
	assert_false(v->known_valid);
	assert_true(v->is_new);
	endpoint_set_inventory(d->e, load(d, INVENTORY_CSV, assets), NULL);
	v = look(d, "10.20.0.99", PC, 2);	/* DHCP gave it another address */
	assert_string_equal(text(d, v->key), "pc-press");
	assert_string_equal(text(d, v->owner), "Press");
	assert_true(v->known && v->known_valid && v->is_new);
	assert_true(v->mac == PC);
	v = look(d, "fd00:20::13", PC, 3);
	assert_string_equal(text(d, v->key), "pc-press");
	assert_false(v->is_new);
	assert_true(v->since.ns == sec(2).ns);
	v = look(d, "10.20.0.143", STRANGER, 4);
	assert_string_equal(text(d, v->key), "02:aa:bb:cc:dd:01");
	assert_true(v->known_valid);
	assert_false(v->known);
	v = look(d, "10.20.0.143", 0, 5);	/* the MAC is remembered */
	assert_string_equal(text(d, v->key), "02:aa:bb:cc:dd:01");
	assert_false(v->is_new);
	v = look(d, "10.20.0.200", 0, 6);
	assert_string_equal(text(d, v->key), "10.20.0.200");
}

static void
test_another_device_at_a_known_address_is_unknown(void **state)
{
	struct desk *d = *state;
	const struct device *v;

	endpoint_set_inventory(d->e, load(d, INVENTORY_CSV, assets), NULL);
	v = look(d, "10.20.0.14", STRANGER, 1);
	assert_false(v->known);
	assert_string_equal(text(d, v->key), "02:aa:bb:cc:dd:01");
	v = look(d, "10.20.0.14", 0x3c5282110a14U, 2);
	assert_true(v->known);
}

static void
test_a_mac_of_many_addresses_is_a_router(void **state)
{
	static const char *const behind[] = { "10.30.0.1", "10.30.0.2", "10.30.0.3",
		"10.30.0.4", "10.30.0.6" };
	struct desk *d = *state;
	const struct device *v;

	for (int i = 0; i < 4; i++)
		(void)look(d, behind[i], STRANGER, i);
	(void)look(d, behind[3], STRANGER, 5);
	assert_false(endpoint_is_router(d->e, STRANGER));
	v = look(d, behind[4], STRANGER, 6);
	assert_true(endpoint_is_router(d->e, STRANGER));
	assert_string_equal(text(d, v->key), "10.30.0.6");
	assert_true(v->mac == 0);
	v = look(d, behind[0], STRANGER, 7);
	assert_string_equal(text(d, v->key), "10.30.0.1");
}

static void
test_addresses_over_more_than_an_hour_make_no_router(void **state)
{
	struct desk *d = *state;
	char at[] = "10.30.0.0";

	for (int i = 0; i < 10; i++) {
		at[8] = (char)('0' + i);
		(void)look(d, at, STRANGER, i * 1000);
	}
	assert_false(endpoint_is_router(d->e, STRANGER));
}

static void
test_three_ipv6_networks_are_a_host_and_four_a_router(void **state)
{
	struct desk *d = *state;

	(void)look(d, "fe80::1", STRANGER, 1);
	(void)look(d, "fd00:1::1", STRANGER, 1);
	(void)look(d, "fd00:1::2", STRANGER, 1);
	(void)look(d, "fd00:1::3", STRANGER, 1);
	(void)look(d, "fd00:2::1", STRANGER, 1);
	(void)look(d, "fd00:3::1", STRANGER, 1);
	assert_false(endpoint_is_router(d->e, STRANGER));
	(void)look(d, "fd00:4::1", STRANGER, 1);
	assert_true(endpoint_is_router(d->e, STRANGER));
}

static void
test_the_gateway_is_itself_and_nobody_behind_it(void **state)
{
	struct desk *d = *state;
	const struct device *v;

	endpoint_set_inventory(d->e, load(d, INVENTORY_CSV, assets), NULL);
	v = look(d, "10.30.0.9", ROUTER, 1);	/* before it is recognised
						 * by its addresses */
	assert_string_equal(text(d, v->key), "10.30.0.9");
	assert_false(v->known);
	v = look(d, "10.20.0.1", ROUTER, 2);
	assert_string_equal(text(d, v->key), "gateway");
	assert_true(v->known);
	v = look(d, "10.30.0.5", ROUTER, 3);	/* listed by its address alone */
	assert_string_equal(text(d, v->key), "branch-pc");
}

static void
test_outside_frames_and_arp_tell_a_router_known_by_mac_alone(void **state)
{
	struct desk *d = *state;
	const struct device *v;
	struct addr own = ip("10.20.0.1"), other = ip("10.30.0.9");

	endpoint_set_inventory(d->e, load(d, INVENTORY_ETHERS, ethers), NULL);
	endpoint_outside(d->e, ROUTER, sec(1));
	v = look(d, "10.30.0.9", ROUTER, 2);
	assert_string_equal(text(d, v->key), "10.30.0.9");
	v = look(d, "10.20.0.1", ROUTER, 3);
	assert_string_equal(text(d, v->key), "10.20.0.1");
	endpoint_neighbour(d->e, &own, ROUTER, sec(4));
	endpoint_neighbour(d->e, &other, ROUTER, sec(4));	/* proxy ARP */
	v = look(d, "10.20.0.1", ROUTER, 5);
	assert_string_equal(text(d, v->key), "gateway");
	v = look(d, "10.30.0.9", ROUTER, 6);
	assert_string_equal(text(d, v->key), "10.30.0.9");
}

static void
test_a_dhcp_name_is_used_where_the_inventory_has_none(void **state)
{
	struct desk *d = *state;
	const struct device *v;

	dhcp_name(d, STRANGER, "visitor", 1);
	v = look(d, "10.20.0.143", STRANGER, 2);
	assert_string_equal(text(d, v->name), "visitor");
	assert_true(v->is_new);
	dhcp_name(d, STRANGER, "other", 3);
	v = look(d, "10.20.0.143", STRANGER, 4);
	assert_string_equal(text(d, v->name), "other");
	assert_false(v->is_new);
	endpoint_set_inventory(d->e, load(d, INVENTORY_CSV, assets), NULL);
	dhcp_name(d, PC, "liar", 5);
	v = look(d, "10.20.0.13", PC, 6);
	assert_string_equal(text(d, v->name), "pc-press");
}

static void
test_names_come_from_answers_and_the_oldest_goes(void **state)
{
	struct desk *d = *state;
	struct addr a = ip("203.0.113.5"), me = ip("10.20.0.13"), b;
	struct dest_name n;

	assert_false(endpoint_name(d->e, &me, &a, sec(9)).looked_up);
	endpoint_answer(d->e, &me, &a, span_of("a.example", 9), 60, sec(1));
	endpoint_answer(d->e, &me, &a, span_of("b.example", 9), 60, sec(2));
	n = endpoint_name(d->e, &me, &a, sec(9));
	assert_true(n.looked_up);
	assert_string_equal(text(d, n.name), "b.example");
	for (int i = 1; i < 5; i++) {
		b = a;
		b.b[15] = (uint8_t)(100 + i);
		endpoint_answer(d->e, &me, &b, span_of("c.example", 9), 60, sec(3));
	}
	assert_false(endpoint_name(d->e, &me, &a, sec(9)).looked_up);
}

static void
test_destinations_count_their_devices(void **state)
{
	struct desk *d = *state;
	struct dest_seen s;
	uint32_t key = intern_put(d->strings, "x.example", 9);

	s = endpoint_dest(d->e, key, 1000, sec(1));
	assert_true(s.is_new);
	assert_int_equal(s.devices, 1);
	s = endpoint_dest(d->e, key, 1000, sec(2));
	assert_false(s.is_new);
	for (uint32_t i = 1; i < 16; i++)
		s = endpoint_dest(d->e, key, 1000 + i, sec(3));
	assert_int_equal(s.devices, 16);
	for (uint32_t i = 16; i < 200; i++) {
		uint32_t before = s.devices;

		s = endpoint_dest(d->e, key, 1000 + i, sec(4));
		assert_true(s.devices >= before);
	}
	assert_in_range(s.devices, 170, 230);
}

static void
test_full_tables_let_the_oldest_go_and_its_strings(void **state)
{
	struct desk *d = *state;
	for (unsigned i = 0; i < 1000; i++) {
		struct addr a = ip("10.40.0.0");

		a.b[14] = (uint8_t)(i >> 8);
		a.b[15] = (uint8_t)i;
		assert_true(endpoint_device(d->e, &a, 0, sec(i), sec(i))->key != 0);
	}
	assert_int_equal(intern_refused(d->strings), 0);
}

static void
test_a_name_is_the_clients_own_first_and_holds_for_its_time(void **state)
{
	struct desk *d = *state;
	struct addr a = ip("203.0.113.5"), b = ip("203.0.113.6");
	struct addr me = ip("10.20.0.13"), other = ip("10.20.0.14"), third = ip("10.20.0.15");
	struct dest_name n;

	endpoint_answer(d->e, &me, &a, span_of("mine.example", 12), 60, sec(0));
	endpoint_answer(d->e, &other, &a, span_of("theirs.example", 14), 7200, sec(1));
	endpoint_answer(d->e, &other, &b, span_of("long.example", 12), 700000, sec(1));
	assert_string_equal(text(d, endpoint_name(d->e, &me, &a, sec(2)).name),
	    "mine.example");
	assert_string_equal(text(d, endpoint_name(d->e, &other, &a, sec(2)).name),
	    "theirs.example");
	/* nobody told this one: what the last one was told */
	n = endpoint_name(d->e, &third, &a, sec(2));
	assert_true(n.looked_up);
	assert_string_equal(text(d, n.name), "theirs.example");
	/* an hour at least, then another's answer, then no name: but it was looked up */
	assert_string_equal(text(d, endpoint_name(d->e, &me, &a, sec(3600)).name),
	    "mine.example");
	assert_string_equal(text(d, endpoint_name(d->e, &me, &a, sec(3601)).name),
	    "theirs.example");
	n = endpoint_name(d->e, &me, &a, sec(7202));
	assert_true(n.looked_up && n.name == 0);
	/* a day at most */
	assert_true(endpoint_name(d->e, &me, &b, sec(86401)).name != 0);
	assert_int_equal(endpoint_name(d->e, &me, &b, sec(86402)).name, 0);
}

static void
test_a_vendor_is_found_by_the_longest_prefix(void **state)
{
	struct desk *d = *state;
	static const char table[] = "Registry,Assignment,Organization Name,Address\n"
	    "MA-L,3C5282,\"Hewlett \"\"Packard\"\", Inc.\",\"1 Road, Town\"\n"
	    "MA-L,70B3D5,IEEE Registration Authority,x\nMA-M,70B3D55,Middle,x\n"
	    "MA-L,02AABB,Nobody,x\nMA-L,zzzzzz,Nobody,x\nMA-L,3C52\nMA-L,3C5282,Twin,x\n";
	static const char small[] = "Registry,Assignment,Organization Name\n"
	    "MA-S,70B3D55F2,Small one,x\n", other[] = "mac,ip\n3c:52:82,1\n";
	struct span file[3] = { span_of(table, sizeof(table) - 1),
		span_of(small, sizeof(small) - 1), span_of(other, sizeof(other) - 1) };
	const struct vendors *v = vendors_parse(d->arena, file, 3);
	const struct device *one;

	assert_int_equal(vendors_size(v), 5);
	assert_string_equal(vendors_find(v, 0x70b3d5100000), "IEEE Registration Authority");
	assert_string_equal(vendors_find(v, 0x70b3d55f1000), "Middle");
	assert_string_equal(vendors_find(v, 0x70b3d55f2fff), "Small one");
	assert_null(vendors_find(v, 0x3c5283000000));
	assert_null(vendors_find(v, STRANGER));		/* random, whatever the table says */
	assert_null(vendors_find(NULL, PC));
	assert_null(vendors_parse(d->arena, &file[2], 1));
	assert_null(vendors_parse(d->arena, NULL, 0));
	assert_true(mac_is_random(STRANGER) && !mac_is_random(PC));

	one = look(d, "10.20.0.13", PC, 1);
	assert_int_equal(one->vendor, 0);
	endpoint_set_inventory(d->e, NULL, v);
	one = look(d, "10.20.0.13", PC, 2);
	assert_int_equal(strncmp(text(d, one->vendor), "Hewlett ", 8), 0);
	assert_int_equal(one->was, 0);
	one = look(d, "10.20.0.77", STRANGER, 2);
	assert_int_equal(one->vendor, 0);
	endpoint_outside(d->e, PC, sec(3));
	one = look(d, "10.20.0.14", PC, 3);		/* behind a router: not its card */
	assert_int_equal(one->vendor, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_key_is_the_id_then_the_mac_then_the_address),
		T(test_another_device_at_a_known_address_is_unknown),
		T(test_a_mac_of_many_addresses_is_a_router),
		T(test_addresses_over_more_than_an_hour_make_no_router),
		T(test_three_ipv6_networks_are_a_host_and_four_a_router),
		T(test_the_gateway_is_itself_and_nobody_behind_it),
		T(test_outside_frames_and_arp_tell_a_router_known_by_mac_alone),
		T(test_a_dhcp_name_is_used_where_the_inventory_has_none),
		T(test_names_come_from_answers_and_the_oldest_goes),
		T(test_destinations_count_their_devices),
		T(test_full_tables_let_the_oldest_go_and_its_strings),
		T(test_a_name_is_the_clients_own_first_and_holds_for_its_time),
		T(test_a_vendor_is_found_by_the_longest_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
