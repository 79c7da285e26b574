/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The office's devices, from the files an office has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "classify/endpoint/inventory.h"

struct faults {
	unsigned n, line[8], column[8];
	char what[8][80];
};

static void
note(void *arg, unsigned line, unsigned column, const char *what, const char *remedy)
{
	struct faults *f = arg;

	assert_true(strlen(remedy) > 0);
	if (f->n < 8) {
		f->line[f->n] = line;
		f->column[f->n] = column;
		strncpy(f->what[f->n], what, sizeof(f->what[0]) - 1);
	}
	f->n++;
}

static struct inventory *
parse(struct arena *a, enum inventory_format format, const char *text, struct faults *f)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1);
	struct inventory *inv;

	assert_non_null(copy);
	memcpy(copy, text, n);
	memset(f, 0, sizeof(*f));
	inv = inventory_parse(a, format, span_of(copy, n), note, f);
	free(copy);
	return inv;
}

static int
setup(void **state)
{
	*state = arena_create(4 << 20);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	arena_destroy(*state);
	return 0;
}

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static void
test_a_spreadsheet_gives_its_devices(void **state)
{
	struct faults f;
	struct addr a = ip("10.20.0.16");
	const struct inventory_device *d;
	const struct inventory *inv = parse(*state, INVENTORY_CSV, "\xef\xbb\xbf"
	    "MAC,ip,Name,owner,role,price\r\n"
	    "3c:52:82:11:0a:16,10.20.0.16,ws-legal,\"Office of the \"\"Legal\"\", 2nd floor\","
	    "workstation,10\r\n"
	    "00-1B-A9-77-31-41,10.20.0.41,printer-2f,IT,printer,\r\n"
	    "\r\n"
	    "3C5282110A17,,,,,\r\n"
	    ",2001:db8::5,,,,\r\n", &f);

	assert_non_null(inv);
	assert_int_equal(f.n, 0);
	assert_int_equal(inv->n, 4);
	d = inventory_by_mac(inv, 0x3c5282110a16);
	assert_non_null(d);
	assert_string_equal(d->id, "ws-legal");
	assert_string_equal(d->owner, "Office of the \"Legal\", 2nd floor");
	assert_string_equal(d->role, "workstation");
	assert_ptr_equal(inventory_by_ip(inv, &a), d);
	assert_string_equal(inventory_by_mac(inv, 0x001ba9773141)->name, "printer-2f");
	assert_string_equal(inventory_by_mac(inv, 0x3c5282110a17)->id,
	    "3c:52:82:11:0a:17");
	a = ip("2001:db8::5");
	assert_string_equal(inventory_by_ip(inv, &a)->id, "2001:db8::5");
	assert_null(inventory_by_mac(inv, 1));
	a = ip("10.20.0.17");
	assert_null(inventory_by_ip(inv, &a));
}

static void
test_each_mistake_is_named_with_its_place_and_the_rest_stays(void **state)
{
	struct faults f;
	const struct inventory *inv = parse(*state, INVENTORY_CSV,
	    "id;mac;ip\n"
	    "a;3c:52:82:11:0a:01;10.0.0.1\n"
	    "b;3c:52:82:11:0a;10.0.0.2\n"
	    "c;3c:52:82:11:0a:03;10.0.0.300\n"
	    "d;;\n"
	    "e;3C-52-82-11-0A-01;10.0.0.5\n"
	    "\"f\"x;3c:52:82:11:0a:06;\n"
	    "g;3c:52:82:11:0a:07;\n"
	    "\"h;3c:52:82:11:0a:08\n", &f);

	assert_non_null(inv);
	assert_int_equal(inv->n, 2);
	assert_string_equal(inv->device[0].id, "a");
	assert_string_equal(inv->device[1].id, "g");
	assert_int_equal(f.n, 6);
	assert_int_equal(f.line[0], 3);
	assert_int_equal(f.column[0], 3);
	assert_string_equal(f.what[0], "not a MAC address");
	assert_int_equal(f.line[1], 4);
	assert_int_equal(f.column[1], 21);
	assert_int_equal(f.line[2], 5);
	assert_int_equal(f.line[3], 7);
	assert_string_equal(f.what[4], "a quote is never closed");
	assert_int_equal(f.line[5], 6);
	assert_string_equal(f.what[5], "this MAC address stands in an earlier line");
}

static void
test_a_header_without_mac_and_ip_is_refused(void **state)
{
	struct faults f;
	const struct inventory *inv = parse(*state, INVENTORY_CSV, "a,b\n1,2\n", &f);

	assert_non_null(inv);
	assert_int_equal(inv->n, 0);
	assert_int_equal(f.n, 1);
	inv = parse(*state, INVENTORY_CSV, "", &f);
	assert_int_equal(inv->n, 0);
	assert_int_equal(f.n, 1);
}

static void
test_ethers_gives_names_and_addresses(void **state)
{
	struct faults f;
	struct addr a = ip("10.0.0.9");
	const struct inventory *inv = parse(*state, INVENTORY_ETHERS,
	    "# MAC address name\n\n3c:52:82:11:0a:11 pc-reception # desk\n"
	    "0:4:f2:9a:10:31\tphone\n00:00:00:00:00:09 10.0.0.9\nnonsense here\n"
	    "3c:52:82:11:0a:12\n", &f);

	assert_int_equal(inv->n, 3);
	assert_string_equal(inventory_by_mac(inv, 0x3c5282110a11)->id, "pc-reception");
	assert_string_equal(inventory_by_mac(inv, 0x0004f29a1031)->id, "phone");
	assert_int_equal(inventory_by_ip(inv, &a)->mac, 9);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.line[0], 6);
	assert_int_equal(f.line[1], 7);
}

static void
test_dnsmasq_gives_its_leases(void **state)
{
	struct faults f;
	struct addr a = ip("10.20.0.81");
	const struct inventory *inv = parse(*state, INVENTORY_DNSMASQ,
	    "1669090000 3c:52:82:11:0a:11 10.20.0.11 pc-reception 01:3c:52:82:11:0a:11\n"
	    "0 dc:2c:6e:10:98:81 10.20.0.81 * *\n"
	    "x y z\n"
	    "duid 00:01:00:01:2b:0c:de:ad:00:15:17:20:0a:01\n"
	    "1669090000 278137 2001:db8::7 tablet 00:01\n", &f);

	assert_int_equal(inv->n, 3);
	assert_int_equal(f.n, 1);
	assert_string_equal(inventory_by_ip(inv, &a)->id, "dc:2c:6e:10:98:81");
	a = ip("2001:db8::7");
	assert_string_equal(inventory_by_ip(inv, &a)->name, "tablet");
}

static void
test_hosts_gives_addresses_and_names_but_nobodys(void **state)
{
	struct faults f;
	struct addr a = ip("10.20.0.11"), b = ip("2001:db8::11"), lo = ip("127.0.0.1");
	const struct inventory *inv = parse(*state, INVENTORY_HOSTS,
	    "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\nff02::1 ip6-allnodes\n"
	    "255.255.255.255 broadcasthost\n\n# desks\n"
	    "10.20.0.11 pc-press.office.example. pc-press # her desk\n"
	    "2001:db8::11 pc-press.office.example\n10.20.0.12\npc-9 10.20.0.13\n", &f);

	assert_int_equal(inv->n, 2);
	assert_string_equal(inventory_by_ip(inv, &a)->id, "pc-press.office.example");
	assert_string_equal(inventory_by_ip(inv, &b)->id, "pc-press.office.example");
	assert_null(inventory_by_ip(inv, &lo));
	assert_int_equal(f.n, 2);
	assert_int_equal(f.line[0], 9);
	assert_int_equal(f.column[0], 11);
	assert_string_equal(f.what[0], "no name behind the address");
	assert_int_equal(f.line[1], 10);
	assert_int_equal(f.column[1], 1);
}

static void
test_dhcpd_gives_the_leases_that_hold(void **state)
{
	struct faults f;
	struct addr a = ip("10.20.0.11"), b = ip("10.20.0.12"), c = ip("10.20.0.13");
	struct addr v6 = ip("2001:db8::7"), gone = ip("2001:db8::8");
	const struct inventory *inv = parse(*state, INVENTORY_DHCPD,
	    "# The format of this file is documented in dhcpd.leases(5)\n"
	    "authoring-byte-order little-endian;\n"
	    "server-duid \"\\000\\001\\000\\001+;{}\\\"\";\n"
	    "failover peer \"a\" state {\n  my state normal at 2 2026/11/17 08:00:00;\n}\n"
	    "lease 10.20.0.11 {\n  starts 2 2026/11/17 08:00:00;\n"
	    "  binding state active;\n  next binding state free;\n"
	    "  hardware ethernet 3c:52:82:11:0a:11;\n"
	    "  set vendor-class-identifier = \"x } y\";\n"
	    "  on expiry {\n    execute (\"a\", \"b\");\n  }\n"
	    "  client-hostname \"pc-\\141\";\n}\n"
	    "lease 10.20.0.12 {\n  binding state active;\n"
	    "  hardware ethernet 3c:52:82:11:0a:12;\n}\n"
	    "lease 10.20.0.12 {\n  binding state free;\n"
	    "  hardware ethernet 3c:52:82:11:0a:12;\n}\n"
	    "lease 10.20.0.13 {\n  binding state active;\n"
	    "  hardware ethernet 3c:52:82:11:0a:11;\n}\n"
	    "ia-na \"\\001\\000;\" {\n  cltt 2 2026/11/17 08:00:00;\n"
	    "  iaaddr 2001:db8::7 {\n    binding state active;\n  }\n"
	    "  iaaddr 2001:db8::8 {\n    binding state expired;\n  }\n}\n", &f);

	assert_int_equal(f.n, 0);
	assert_int_equal(inv->n, 3);
	assert_string_equal(inventory_by_ip(inv, &a)->name, "pc-a");
	/* the same device under its newer address, which says no name */
	assert_string_equal(inventory_by_ip(inv, &c)->id, "pc-a");
	assert_true(inventory_by_mac(inv, 0x3c5282110a11)->has_ip);
	assert_true(addr_eq(&inventory_by_mac(inv, 0x3c5282110a11)->ip, &c));
	assert_null(inventory_by_ip(inv, &b));
	assert_null(inventory_by_mac(inv, 0x3c5282110a12));
	assert_string_equal(inventory_by_ip(inv, &v6)->id, "2001:db8::7");
	assert_null(inventory_by_ip(inv, &gone));
}

static void
test_dhcpd_says_what_is_no_lease(void **state)
{
	static const struct {
		const char *text, *what;
		unsigned line, column, left;
	} t[] = {
		{ "mac,ip\n1,2\n", "not a lease of dhcpd", 1, 1, 0 },
		{ "lease 10.0.0.1 {\n binding state active;\n}\n}\n",
		    "not a lease of dhcpd", 4, 1, 1 },
		{ "lease }\n", "not a lease of dhcpd", 1, 1, 0 },
		{ "lease 10.0.0.1 {\n binding state active;\n",
		    "this '{' is never closed", 1, 16, 0 },
		{ "lease ten {\n}\nlease 10.0.0.1 { }\n", "not an IP address", 1, 7, 1 },
		{ "lease 10.0.0.2 {\n  hardware ethernet x;\n}\nlease 10.0.0.1 { }\n",
		    "not a MAC address", 2, 21, 1 },
		{ "lease 10.0.0.1 {\n  client-hostname \"a\\", "this '{' is never closed",
		    1, 16, 0 },
	};
	struct faults f;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const struct inventory *inv = parse(*state, INVENTORY_DHCPD, t[i].text, &f);

		assert_int_equal(f.n, 1);
		assert_string_equal(f.what[0], t[i].what);
		assert_int_equal(f.line[0], t[i].line);
		assert_int_equal(f.column[0], t[i].column);
		assert_int_equal(inv->n, t[i].left);
	}
}

static void
test_kea_gives_the_leases_that_hold(void **state)
{
	struct faults f;
	struct addr a = ip("10.20.0.11"), b = ip("10.20.0.12"), v6 = ip("2001:db8::7");
	const struct inventory *inv = parse(*state, INVENTORY_KEA,
	    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,"
	    "hostname,state,user_context,pool_id\n"
	    "10.20.0.11,3c:52:82:11:0a:13,,4000,1669080000,1,0,0,old,0,,0\n"
	    "10.20.0.11,3c:52:82:11:0a:11,01:3c,4000,1669090000,1,0,0,pc-press.,0,"
	    "{ \"a\": 1&#x2c \"b\": 2 },0\n"
	    "10.20.0.12,3c:52:82:11:0a:12,,4000,1669090000,1,0,0,gone,0,,0\n"
	    "10.20.0.12,3c:52:82:11:0a:12,,0,1669090000,1,0,0,gone,0,,0\n"
	    "10.20.0.14,3c:52:82:11:0a:14,,4000,1669090000,1,0,0,declined,1,,0\n"
	    "\nbad,3c:52:82:11:0a:15,,4000,1669090000,1,0,0,x,0,,0\n", &f);

	assert_int_equal(inv->n, 1);
	assert_string_equal(inventory_by_ip(inv, &a)->id, "pc-press");
	assert_int_equal(inventory_by_ip(inv, &a)->mac, 0x3c5282110a11);
	assert_null(inventory_by_ip(inv, &b));
	assert_int_equal(f.n, 1);
	assert_int_equal(f.line[0], 8);
	assert_int_equal(f.column[0], 1);

	inv = parse(*state, INVENTORY_KEA,
	    "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,"
	    "prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context\n"
	    "2001:db8::7,00:01,4000,1669090000,1,3000,0,1,128,0,0,tablet,,0,\n"
	    "2001:db8:1::,00:01,4000,1669090000,1,3000,2,1,56,0,0,router,,0,\n", &f);
	assert_int_equal(f.n, 0);
	assert_int_equal(inv->n, 1);
	assert_string_equal(inventory_by_ip(inv, &v6)->id, "tablet");

	inv = parse(*state, INVENTORY_KEA, "mac,ip\n1,2\n", &f);
	assert_int_equal(inv->n, 0);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.what[0], "the first line names no 'address' column");
}

static void
test_arpwatch_gives_the_newest_pair_of_each_address(void **state)
{
	struct faults f;
	struct addr a = ip("10.20.0.11"), b = ip("10.20.0.12"), c = ip("10.20.0.13");
	const struct inventory *inv = parse(*state, INVENTORY_ARPWATCH,
	    "3c:52:82:11:a:11\t10.20.0.11\t1669090009\tpc-press\teth0\n"
	    "3c:52:82:11:a:12\t10.20.0.11\t1669090000\tthief\teth0\n"
	    "3c:52:82:11:a:11\t10.20.0.12\t1669090001\t\teth0\n"
	    "0:4:f2:9a:10:31\t10.20.0.13\t1669090001\t\teth0\n"
	    "3c:52:82:11:a:13 10.20.0.14\n"
	    "3c:52:82:11:a:14\t10.20.0.15\tnow\n", &f);

	assert_int_equal(inv->n, 3);
	assert_int_equal(inventory_by_ip(inv, &a)->mac, 0x3c5282110a11);
	assert_string_equal(inventory_by_ip(inv, &b)->id, "pc-press");
	assert_string_equal(inventory_by_ip(inv, &c)->id, "00:04:f2:9a:10:31");
	assert_null(inventory_by_mac(inv, 0x3c5282110a12));
	assert_int_equal(f.n, 2);
	assert_int_equal(f.line[0], 5);
	assert_int_equal(f.column[0], 1);
	assert_int_equal(f.line[1], 6);
	assert_string_equal(f.what[1], "not a time");
}

static void
test_formats_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < INVENTORY_FORMAT_COUNT; i++) {
		const char *name = inventory_format_name((enum inventory_format)i);

		assert_int_equal(inventory_format_by_name(name, strlen(name)), i);
	}
	assert_int_equal(inventory_format_by_name("cs", 2), -1);
	assert_string_equal(INVENTORY_FORMAT_NAMES,
	    "csv, ethers, hosts, dnsmasq, dhcpd, kea or arpwatch");
}

static void
test_a_full_arena_says_so(void **state)
{
	struct arena *small = arena_create(256);
	struct faults f;

	(void)state;
	assert_null(parse(small, INVENTORY_ETHERS,
	    "3c:52:82:11:0a:11 a\n3c:52:82:11:0a:12 b\n"
	    "3c:52:82:11:0a:13 c\n3c:52:82:11:0a:14 d\n3c:52:82:11:0a:15 e\n", &f));
	arena_destroy(small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_spreadsheet_gives_its_devices),
		cmocka_unit_test(
		    test_each_mistake_is_named_with_its_place_and_the_rest_stays),
		cmocka_unit_test(test_a_header_without_mac_and_ip_is_refused),
		cmocka_unit_test(test_ethers_gives_names_and_addresses),
		cmocka_unit_test(test_dnsmasq_gives_its_leases),
		cmocka_unit_test(test_hosts_gives_addresses_and_names_but_nobodys),
		cmocka_unit_test(test_dhcpd_gives_the_leases_that_hold),
		cmocka_unit_test(test_dhcpd_says_what_is_no_lease),
		cmocka_unit_test(test_kea_gives_the_leases_that_hold),
		cmocka_unit_test(test_arpwatch_gives_the_newest_pair_of_each_address),
		cmocka_unit_test(test_formats_have_names),
		cmocka_unit_test(test_a_full_arena_says_so),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
