/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The doctor's judgement on facts written by hand, and its hearing on frames built by
 * hand. What a kernel and a real wire add is in tests/live/test_doctor.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/doctor/tell.h"
#include "rules/event/redis_function.h"
#include "tests/unit/rules/json_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A sensor of which nothing bad can be said. */
static struct doctor_facts *
healthy(void)
{
	struct doctor_facts *f = calloc(1, sizeof(*f));
	struct iface_facts *i = &f->iface[0];

	f->ifaces = 1;
	snprintf(i->name, sizeof(i->name), "eth0");
	i->exists = i->up = i->carrier = i->opened = i->offloads_known = true;
	i->mtu = 1500;
	i->snaplen = 262144;
	i->frames = 10000;
	i->longest = 1514;
	f->may_capture = f->listened = true;
	f->listened_ns = 10 * NS_PER_S;
	f->heard = (struct heard_counts){ .frames = 10000, .bytes = 9000000,
		.encrypted = 4500000, .unread_most = "", .others = 9990, .crossed = 8000,
		.judged = 9990, .untagged = 9990, .tcp = 80, .two_ways = 90,
		.openings = 100, .openings_most = 12, .opener_ttls = 1,
		.sums_other = 5000 };
	f->clock_known = f->clock_synchronised = f->offset_known = true;
	f->offset_ns = 90 * NS_PER_MS;
	snprintf(f->state, sizeof(f->state), "/var/lib/earshot");
	f->state_free = UINT64_C(20) << 30;
	f->rules_compile = f->inventory = f->inventory_age_known = true;
	f->rules = 13;
	f->devices = 40;
	f->inventory_age_s = 86400;
	snprintf(f->inventory_path, sizeof(f->inventory_path), "assets.csv");
	f->outputs = 1;
	snprintf(f->output[0].name, sizeof(f->output[0].name), "file:/var/log/e.json");
	f->redises = 1;
	f->redis[0].reached = true;
	snprintf(f->redis[0].target, sizeof(f->redis[0].target), "redis:unix:/r.sock");
	f->redis[0].look = (struct redis_look){ .version = "7.0.15",
		.policy = "noeviction", .user = "default", .persistence_known = true,
		.aof = true, .near = true, .open_to_all = true,
		.function_version = EARSHOT_FUNCTION_VERSION, .streams_known = true,
		.streams = 3, .groups = 1, .entries = 900, .lag = 2 };
	return f;
}

/* The one finding of this check that is neither OK nor unknown. */
static const struct finding *
bad(const struct findings *f, enum check c)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->f[i].check == c && (f->f[i].grade == GRADE_WARN ||
		    f->f[i].grade == GRADE_FAIL))
			return &f->f[i];
	return NULL;
}

/* Judges, frees the facts: exactly this check is wrong, this much, and says this. */
static void
one_wrong(struct doctor_facts *facts, enum check c, enum grade g, const char *says,
    const char *remedy)
{
	struct findings *f = calloc(1, sizeof(*f));
	const struct finding *x;

	doctor_judge(facts, f);
	x = bad(f, c);
	if (x == NULL)
		fail_msg("nothing is wrong with %s", check_name(c));
	if (strstr(x->what, says) == NULL || strstr(x->remedy, remedy) == NULL)
		fail_msg("%s says '%s', try '%s'", check_name(c), x->what, x->remedy);
	assert_int_equal(x->grade, g);
	assert_int_equal(findings_of(f, GRADE_WARN) + findings_of(f, GRADE_FAIL), 1);
	free(f);
	free(facts);
}

static void
test_doctor_finds_nothing_wrong_with_what_is_healthy(void **state)
{
	struct doctor_facts *facts = healthy();
	struct findings *f = calloc(1, sizeof(*f));

	(void)state;
	doctor_judge(facts, f);
	for (unsigned i = 0; i < f->n; i++) {
		if (f->f[i].grade != GRADE_OK)
			fail_msg("%s: %s", check_name(f->f[i].check), f->f[i].what);
		assert_string_equal(f->f[i].remedy, "");
	}
	/* Every check has said something, in the order of the table. */
	assert_int_equal(f->n, CHECK_COUNT);
	for (unsigned i = 0; i < f->n; i++)
		assert_int_equal(f->f[i].check, i);
	assert_true(f->blinds >= 4);
	free(f);
	free(facts);
}

static void
test_doctor_names_what_is_wrong_with_an_interface(void **state)
{
	struct doctor_facts *f;

	(void)state;
	f = healthy();
	f->iface[0].carrier = false;
	one_wrong(f, CHECK_INTERFACE, GRADE_FAIL, "plugged in", "cable");
	f = healthy();
	f->iface[0].opened = false;
	f->listened = false;
	(void)fault_set(&f->iface[0].refused, "another one", "its link type is 147");
	one_wrong(f, CHECK_INTERFACE, GRADE_FAIL, "link type is 147", "another one");
	f = healthy();
	f->iface[0].gro = true;
	one_wrong(f, CHECK_OFFLOADS, GRADE_WARN, "GRO is on", "ethtool -K eth0 gro off");
	f = healthy();
	f->iface[0].lro = true;
	one_wrong(f, CHECK_OFFLOADS, GRADE_WARN, "LRO is on", "ethtool -K eth0");
	f = healthy();
	f->iface[0].joined = 5;
	one_wrong(f, CHECK_OFFLOADS, GRADE_WARN, "5 of 10000 frames", "tso off");
	f = healthy();
	f->iface[0].mtu = 9000;
	f->iface[0].snaplen = 1600;
	one_wrong(f, CHECK_MTU, GRADE_WARN, "snap length of 1600", "snap length");
	f = healthy();
	f->iface[0].cut = 7;
	one_wrong(f, CHECK_MTU, GRADE_WARN, "cuts 7 of 10000", "snap length");
	f = healthy();
	f->iface[0].mtu = 1400;
	one_wrong(f, CHECK_MTU, GRADE_WARN, "MTU 1400", "ip link set eth0 mtu 1500");
	f = healthy();
	f->iface[0].too_long = 3;
	one_wrong(f, CHECK_MTU, GRADE_FAIL, "3 frames were refused",
	    "ip link set eth0 mtu 9216");
	f = healthy();
	f->iface[0].kernel_drops = 90;
	one_wrong(f, CHECK_LOSS, GRADE_WARN, "dropped 90 of 10090", "filter");
	f = healthy();
	f->iface[0].iface_drops = 9;
	one_wrong(f, CHECK_LOSS, GRADE_WARN, "dropped 9 packets", "ethtool -G eth0");
	f = healthy();
	f->may_capture = false;
	f->iface[0].opened = f->listened = false;
	snprintf(f->program, sizeof(f->program), "/usr/bin/earshot");
	one_wrong(f, CHECK_CAPABILITY, GRADE_FAIL, "CAP_NET_RAW",
	    "setcap cap_net_raw+ep /usr/bin/earshot");
	/* Listened to or not, what is down is down and what is missing is missing. */
	f = healthy();
	f->iface[0].up = f->iface[0].opened = f->listened = false;
	one_wrong(f, CHECK_INTERFACE, GRADE_FAIL, "switched off", "ip link set eth0 up");
	f = healthy();
	f->iface[0].exists = f->iface[0].opened = f->listened = false;
	one_wrong(f, CHECK_INTERFACE, GRADE_FAIL, "no such interface", "ip link");
}

static void
test_doctor_names_what_is_wrong_with_the_wire(void **state)
{
	struct doctor_facts *f;

	(void)state;
	f = healthy();
	f->heard = (struct heard_counts){ .unread_most = "" };
	one_wrong(
	    f, CHECK_MIRROR, GRADE_FAIL, "nothing was heard in 10 s", "port of eth0");
	f = healthy();
	f->heard.others = 0;
	one_wrong(f, CHECK_MIRROR, GRADE_FAIL, "no mirror port", "mirror");
	f = healthy();
	f->heard.unread = f->heard.frames;
	f->heard.unread_most = "cut-vlan";
	one_wrong(f, CHECK_MIRROR, GRADE_FAIL, "(cut-vlan)", "run -v -i eth0");
	f = healthy();
	f->heard.tcp_one_way = 41;
	one_wrong(f, CHECK_BOTH_WAYS, GRADE_FAIL, "41 of 80", "both directions");
	f = healthy();
	f->heard.tcp_one_way = 9;
	one_wrong(f, CHECK_BOTH_WAYS, GRADE_WARN, "9 of 80", "second router");
	f = healthy();
	f->heard.vlans = 1;
	f->heard.vlan[0] = 42;
	f->heard.half_tagged = 50;
	one_wrong(f, CHECK_VLAN, GRADE_WARN, "a tag (42) and the other none", "tags");
	f = healthy();
	f->heard.copies = 1998;
	one_wrong(
	    f, CHECK_DUPLICATES, GRADE_WARN, "20 % of packets came twice", "mirror");
	f = healthy();
	f->heard.openings_most = 91;
	(void)addr_parse("203.0.113.7", 11, &f->heard.opener);
	one_wrong(f, CHECK_NAT, GRADE_WARN, "begun by 203.0.113.7:", "inside");
	f = healthy();
	f->heard.crossed = 0;
	one_wrong(f, CHECK_HOME, GRADE_WARN, "nothing will be told", "--home");
	f = healthy();
	f->heard.sums_other_bad = 250;
	one_wrong(f, CHECK_CHECKSUMS, GRADE_WARN, "5 % of other hosts'", "cable");
}

/* Right below every limit nothing is wrong. */
static void
test_doctor_has_no_word_against_what_is_below_its_limits(void **state)
{
	struct doctor_facts *facts = healthy();
	struct findings *f = calloc(1, sizeof(*f));

	(void)state;
	facts->heard.tcp_one_way = 8;
	facts->heard.copies = 1997;
	facts->heard.openings_most = 90;
	facts->heard.sums_other_bad = 249;
	facts->heard.sums_own = facts->heard.sums_own_bad = 500;
	facts->heard.vlans = 1;
	facts->heard.half_tagged = 45;
	facts->offset_ns = -2 * NS_PER_S;
	facts->state_free = UINT64_C(1) << 30;
	facts->inventory_age_s = 31 * 86400 - 1;
	facts->redis[0].look.lag = 10000;
	doctor_judge(facts, f);
	assert_int_equal(findings_of(f, GRADE_OK), f->n);
	free(f);
	free(facts);
}

static void
test_doctor_does_not_judge_what_it_hardly_heard(void **state)
{
	struct doctor_facts *facts = healthy();
	struct findings *f = calloc(1, sizeof(*f));

	(void)state;
	facts->heard.tcp = facts->heard.tcp_one_way = 4;
	facts->heard.two_ways = facts->heard.half_tagged = 4;
	facts->heard.judged = facts->heard.copies = 99;
	facts->heard.openings = facts->heard.openings_most = 19;
	facts->heard.crossed = 0;
	facts->heard.sums_other = facts->heard.sums_other_bad = 99;
	doctor_judge(facts, f);
	assert_int_equal(findings_of(f, GRADE_WARN) + findings_of(f, GRADE_FAIL), 0);
	assert_int_equal(findings_of(f, GRADE_UNKNOWN), 4);
	free(f);
	free(facts);
}

static void
test_doctor_names_what_is_wrong_with_the_host(void **state)
{
	struct doctor_facts *f;

	(void)state;
	f = healthy();
	f->clock_synchronised = false;
	one_wrong(f, CHECK_CLOCK, GRADE_WARN, "clock", "timedatectl");
	f = healthy();
	f->offset_ns = -37 * NS_PER_S;
	one_wrong(f, CHECK_CLOCK, GRADE_FAIL, "37.0 s ahead of", "phc2sys");
	f = healthy();
	f->state_errno = EACCES;
	one_wrong(f, CHECK_DISK, GRADE_FAIL, "Permission denied", "--state");
	f = healthy();
	f->state_free = 1 << 20;
	one_wrong(f, CHECK_DISK, GRADE_FAIL, "1 MiB are free", "--state");
	f = healthy();
	f->state_free = 512 << 20;
	one_wrong(f, CHECK_DISK, GRADE_WARN, "0.50 GiB", "--state");
	f = healthy();
	f->rules_compile = false;
	f->rule_errors = 2;
	one_wrong(f, CHECK_RULES, GRADE_FAIL, "2 errors", "earshot rules check");
	f = healthy();
	f->inventory = false;
	one_wrong(f, CHECK_INVENTORY, GRADE_WARN, "there is none", "--inventory");
	f = healthy();
	f->inventory_age_s = 31 * 86400;
	one_wrong(f, CHECK_INVENTORY, GRADE_WARN, "31 days ago", "--inventory");
	f = healthy();
	f->output[0].error = ENOSPC;
	one_wrong(f, CHECK_OUTPUT, GRADE_FAIL, "No space left", "-o");
	f = healthy();
	f->output[0].error = ECONNREFUSED;
	f->output[0].socket = true;
	one_wrong(f, CHECK_OUTPUT, GRADE_WARN, "nobody listens", "-o");
	f = healthy();
	f->devices = 0;
	one_wrong(f, CHECK_INVENTORY, GRADE_WARN, "no device", "--inventory");
}

static void
test_doctor_names_what_is_wrong_with_a_redis(void **state)
{
	struct doctor_facts *f;

	(void)state;
	f = healthy();
	f->redis[0].reached = false;
	(void)fault_set(&f->redis[0].why, "is it there?", "cannot reach it");
	one_wrong(f, CHECK_REDIS, GRADE_FAIL, "cannot reach it", "is it there?");
	f = healthy();
	f->redis[0].look.replica = true;
	one_wrong(f, CHECK_REDIS, GRADE_FAIL, "replica", "master");
	f = healthy();
	snprintf(f->redis[0].look.version, sizeof(f->redis[0].look.version), "6.2.14");
	one_wrong(f, CHECK_REDIS_VERSION, GRADE_FAIL, "Redis 6.2.14", "7.0");
	f = healthy();
	snprintf(f->redis[0].look.policy, sizeof(f->redis[0].look.policy), "allkeys-lru");
	one_wrong(f, CHECK_REDIS_POLICY, GRADE_WARN, "allkeys-lru", "noeviction");
	f = healthy();
	snprintf(f->redis[0].look.policy, sizeof(f->redis[0].look.policy), "allkeys-lru");
	f->redis[0].look.maxmemory = 1 << 30;
	one_wrong(f, CHECK_REDIS_POLICY, GRADE_FAIL, "when full", "noeviction");
	f = healthy();
	f->redis[0].look.maxmemory = 1000;
	f->redis[0].look.used_memory = 901;
	one_wrong(f, CHECK_REDIS_POLICY, GRADE_WARN, "it is full", "maxmemory");
	f = healthy();
	f->redis[0].look.aof = false;
	one_wrong(f, CHECK_REDIS_PERSISTENCE, GRADE_WARN, "loses all", "appendonly");
	f = healthy();
	f->redis[0].look.aof = false;
	f->redis[0].look.snapshots = true;
	one_wrong(f, CHECK_REDIS_PERSISTENCE, GRADE_WARN, "snapshots only", "appendonly");
	f = healthy();
	f->redis[0].look.write_failed = true;
	one_wrong(f, CHECK_REDIS_PERSISTENCE, GRADE_FAIL, "disk failed", "its disk");
	f = healthy();
	f->redis[0].look.near = false;
	one_wrong(f, CHECK_REDIS_ACL, GRADE_WARN, "no password", "ACL SETUSER");
	f = healthy();
	snprintf(f->redis[0].look.not_permitted, sizeof(f->redis[0].look.not_permitted),
	    "FCALL");
	one_wrong(f, CHECK_REDIS_ACL, GRADE_FAIL, "may not run FCALL", "ACL SETUSER");
	f = healthy();
	f->redis[0].look.function_version = -1;
	one_wrong(f, CHECK_REDIS_FUNCTION, GRADE_WARN, "not loaded",
	    "earshot redis init redis:unix:/r.sock");
	f = healthy();
	f->redis[0].look.function_version = 0;
	one_wrong(f, CHECK_REDIS_FUNCTION, GRADE_WARN, "version 0", "earshot redis init");
	f = healthy();
	f->redis[0].look.lag = 10001;
	snprintf(f->redis[0].look.lag_group, sizeof(f->redis[0].look.lag_group), "desk");
	one_wrong(f, CHECK_REDIS_LAG, GRADE_WARN, "group 'desk' is 10001", "XGROUP");
}

static void
test_doctor_tells_in_json_whatever_the_bytes_are(void **state)
{
	struct doctor_facts *facts = healthy();
	struct findings *f = calloc(1, sizeof(*f));
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	facts->redis[0].reached = false;
	memset(facts->redis[0].target, '\x01', sizeof(facts->redis[0].target) - 1);
	(void)fault_set(
	    &facts->redis[0].why, "\"\\", "it says \x1b[2J \xff\xfe \"quoted\"");
	doctor_judge(facts, f);
	assert_int_equal(tell_json(out, f), 0);
	fclose(out);
	assert_true(n > 0 && text[n - 1] == '\n');
	assert_true(json_check(text, n - 1));
	free(text);
	out = open_memstream(&text, &n);
	assert_int_equal(tell_text(out, f), 0);
	fclose(out);
	assert_null(memchr(text, '\x1b', n));
	assert_non_null(strstr(text, "what this sensor cannot see"));
	free(text);
	free(f);
	free(facts);
}

/* ---- hearing ---- */

static uint16_t
sum_of(const uint8_t *at, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* TCP from 10.0.0.a to 192.0.2.b or back, 4 bytes of payload, checksum right but for
 * `wrong`; vlan 0: no tag. */
static void
tcp(struct heard *h, int64_t ns, int a, int b, bool back, uint8_t flags, uint16_t id,
    uint16_t vlan, bool wrong)
{
	uint8_t byte[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint8_t *ip = byte + (vlan ? 18 : 14), *t = ip + 20;
	const uint8_t in[4] = {10, 0, 0, (uint8_t)a}, out[4] = {192, 0, 2, (uint8_t)b};
	uint16_t sum;
	struct frame f = { .time = { ns }, .link_type = 1, .bytes = byte };

	byte[12] = vlan ? 0x81 : 8;
	if (vlan) {
		byte[14] = (uint8_t)(vlan >> 8);
		byte[15] = (uint8_t)vlan;
		byte[16] = 8;
	}
	ip[0] = 0x45;
	ip[3] = 44;
	ip[4] = (uint8_t)(id >> 8);
	ip[5] = (uint8_t)id;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, back ? out : in, 4);
	memcpy(ip + 16, back ? in : out, 4);
	t[back ? 2 : 0] = 0x9c;
	t[back ? 3 : 1] = (uint8_t)a;
	t[back ? 0 : 2] = 1;
	t[back ? 1 : 3] = 187;
	t[12] = 0x50;
	t[13] = flags;
	memcpy(t + 20, "abcd", 4);
	sum = sum_of(t, 24, 24 + 6 + ((uint32_t)ip[12] << 8 | ip[13]) +
	    ((uint32_t)ip[14] << 8 | ip[15]) + ((uint32_t)ip[16] << 8 | ip[17]) +
	    ((uint32_t)ip[18] << 8 | ip[19]));
	sum ^= wrong ? 1 : 0;
	t[16] = (uint8_t)(sum >> 8);
	t[17] = (uint8_t)sum;
	f.cap = f.wire = (uint32_t)(t + 24 - byte);
	heard_frame(h, &f);
}

static struct heard *
ears(void)
{
	struct heard_options o = { .zone = { .home = zone_default_home }, .owns = 1 };

	(void)addr_parse("10.0.0.99", 9, &o.own[0]);
	return heard_create(&o);
}

static void
test_heard_tells_directions_and_who_began(void **state)
{
	struct heard *h = ears();
	struct heard_counts c;

	(void)state;
	for (int a = 1; a <= 6; a++)
		for (int k = 0; k < 6; k++) {
			bool back = k % 2 == 1;

			if (back && a > 4)
				continue;
			tcp(h, k, a, 1, back, k == 0 ? 2 : 16, (uint16_t)(a * 10 + k), 0,
			    false);
		}
	/* Three packets one way are too few to miss the other; no SYN, no opening. */
	for (int k = 0; k < 3; k++)
		tcp(h, k, 7, 1, false, 16, (uint16_t)(900 + k), 0, false);
	heard_counts(h, &c);
	assert_int_equal(c.tcp, 4);	/* 5 and 6 sent three packets each */
	assert_int_equal(c.tcp_one_way, 0);
	tcp(h, 9, 5, 1, false, 16, 990, 0, false);
	heard_counts(h, &c);
	assert_int_equal(c.tcp, 5);
	assert_int_equal(c.tcp_one_way, 1);
	assert_int_equal(c.two_ways, 4);
	assert_int_equal(c.openings, 6);
	assert_int_equal(c.openings_most, 1);
	assert_int_equal(c.crossed, c.frames);
	assert_int_equal(c.others, c.frames);
	assert_int_equal(c.copies, 0);
	heard_destroy(h);
}

static void
test_heard_counts_copies_within_20_ms(void **state)
{
	struct heard *h = ears();
	struct heard_counts c;

	(void)state;
	tcp(h, 0, 1, 1, false, 16, 1, 0, false);
	tcp(h, 20 * NS_PER_MS, 1, 1, false, 16, 1, 0, false);	/* a copy */
	tcp(h, 21 * NS_PER_MS, 1, 1, false, 16, 2, 0, false);	/* another packet */
	tcp(h, 22 * NS_PER_MS, 1, 1, false, 16, 2, 7, false);	/* a copy with a tag */
	tcp(h, 60 * NS_PER_MS, 1, 1, false, 16, 2, 0, false);	/* too late for one */
	heard_counts(h, &c);
	assert_int_equal(c.judged, 5);
	assert_int_equal(c.copies, 2);
	heard_destroy(h);
}

static void
test_heard_sees_tags_on_one_side_only(void **state)
{
	struct heard *h = ears();
	struct heard_counts c;

	(void)state;
	for (int k = 0; k < 4; k++) {
		tcp(h, k, 1, 1, k % 2 == 1, 16, (uint16_t)k, k % 2 == 1 ? 42 : 0, false);
		tcp(h, k, 2, 1, k % 2 == 1, 16, (uint16_t)(k + 10), 42, false);
		tcp(h, k, 3, 1, k % 2 == 1, 16, (uint16_t)(k + 20), 0, false);
	}
	heard_counts(h, &c);
	assert_int_equal(c.two_ways, 3);
	assert_int_equal(c.half_tagged, 1);
	assert_int_equal(c.vlans, 1);
	assert_int_equal(c.vlan[0], 42);
	assert_int_equal(c.tagged, 6);
	heard_destroy(h);
}

static void
test_heard_knows_this_hosts_unfinished_checksums(void **state)
{
	struct heard *h = ears();
	struct heard_counts c;

	(void)state;
	tcp(h, 1, 99, 1, false, 16, 1, 0, true);
	tcp(h, 2, 99, 1, true, 16, 2, 0, false);
	tcp(h, 3, 3, 1, false, 16, 3, 0, false);
	tcp(h, 4, 3, 1, false, 16, 4, 7, true);
	heard_counts(h, &c);
	assert_int_equal(c.sums_own, 1);
	assert_int_equal(c.sums_own_bad, 1);
	assert_int_equal(c.sums_other, 3);
	assert_int_equal(c.sums_other_bad, 1);
	assert_int_equal(c.own, 2);
	assert_int_equal(c.others, 2);
	heard_destroy(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_doctor_finds_nothing_wrong_with_what_is_healthy),
	    cmocka_unit_test(test_doctor_names_what_is_wrong_with_an_interface),
	    cmocka_unit_test(test_doctor_names_what_is_wrong_with_the_wire),
	    cmocka_unit_test(test_doctor_has_no_word_against_what_is_below_its_limits),
	    cmocka_unit_test(test_doctor_does_not_judge_what_it_hardly_heard),
	    cmocka_unit_test(test_doctor_names_what_is_wrong_with_the_host),
	    cmocka_unit_test(test_doctor_names_what_is_wrong_with_a_redis),
	    cmocka_unit_test(test_doctor_tells_in_json_whatever_the_bytes_are),
	    cmocka_unit_test(test_heard_tells_directions_and_who_began),
	    cmocka_unit_test(test_heard_counts_copies_within_20_ms),
	    cmocka_unit_test(test_heard_sees_tags_on_one_side_only),
	    cmocka_unit_test(test_heard_knows_this_hosts_unfinished_checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
