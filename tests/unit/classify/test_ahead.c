/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking ahead changes nothing: the same packets, looked at ahead in batches of any size and
 * one by one, make the same records. A small table, so that what was found ahead has ended by
 * the time of its packet; fragments, whose key is not theirs; copies; packets that never come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/observer/observer.h"
#include "tests/unit/capture/packets.h"
#include "tests/unit/classify/limits.h"

#include <stdlib.h>

#define PACKETS 40000
#define IP_BYTES 52

struct play {
	struct packet pkt[PACKETS];
	struct frame frame[PACKETS];
	uint8_t ip[PACKETS][IP_BYTES];
	bool comes[PACKETS];		/* else it was somebody's own */
};

struct sum {
	struct siphash_key key;
	uint64_t of;
	unsigned n;
};

static void
on_record(void *arg, const struct observation *r, const struct intern *strings)
{
	struct sum *s = arg;

	(void)strings;
	s->key.k0 = s->of;
	s->of = siphash13(&s->key, r, sizeof(*r));
	s->n++;
}

static void
make_packet(struct play *p, size_t i, uint64_t *seed, int64_t ns)
{
	static const uint16_t port[4] = { 53, 443, 5004, 40000 };
	uint32_t d = dice(seed), len = 20 + dice(seed) % 1200;
	struct addr in = v4(10, 20, 0, (uint8_t)(d % 23)), out = v4(203, 0, 113, (uint8_t)(d >> 5) % 29);
	bool up = (d >> 10 & 3) != 0, tcp = (d >> 12 & 1) != 0;
	uint16_t inner = (uint16_t)(40000 + (d >> 13) % 5), outer = port[d >> 16 & 3];
	struct crate c;

	if (tcp)
		crate_tcp(&c, ns, up ? in : out, up ? inner : outer, up ? out : in,
		    up ? outer : inner, (d >> 20) % 16 == 0 ? TCP_SYN : (d >> 20) % 16 == 1 ?
		    TCP_RST : TCP_ACK, (uint32_t)i * 700, (uint32_t)i * 300, len);
	else
		crate_udp(&c, ns, up ? in : out, up ? inner : outer, up ? out : in,
		    up ? outer : inner, len);
	p->pkt[i] = c.pkt;
	p->frame[i] = c.frame;
	p->frame[i].ordinal = i + 1;
	if ((d >> 24 & 15) == 0) {
		p->pkt[i].frag = true;
		p->pkt[i].frag_id = d % 7;
		p->pkt[i].frag_first = (d >> 28 & 1) != 0;
		if (!p->pkt[i].frag_first)
			p->pkt[i].sport = p->pkt[i].dport = 0;
	}
	p->ip[i][0] = 0x45;
	p->ip[i][4] = (uint8_t)(i >> 8);
	p->ip[i][5] = (uint8_t)i;
	p->ip[i][30] = (uint8_t)(i >> 16);
}

static struct play *
make_play(unsigned copies)		/* one in so many is the one before it again; 0: none */
{
	struct play *p = calloc(1, sizeof(*p));
	uint64_t seed = 0x9e3779b97f4a7c15;
	int64_t ns = 1000 * NS_PER_S;

	assert_non_null(p);
	for (size_t i = 0; i < PACKETS; i++) {
		ns += dice(&seed) % (3 * NS_PER_MS);
		make_packet(p, i, &seed, ns);
		if (i > 0 && copies > 0 && dice(&seed) % copies == 0) {
			p->pkt[i] = p->pkt[i - 1];
			memcpy(p->ip[i], p->ip[i - 1], IP_BYTES);
		}
		if (dice(&seed) % 50 == 0)
			p->pkt[i].class = PACKET_OTHER;
		p->pkt[i].frame = &p->frame[i];
		p->pkt[i].l3 = span_of(p->ip[i], IP_BYTES);
		p->pkt[i].l3_wire = IP_BYTES;
		p->comes[i] = dice(&seed) % 40 != 0;
	}
	return p;
}

static struct sum
watch(const struct play *p, unsigned most, struct observer_stats *stats)
{
	struct sum s = { { 0, 1 }, 0, 0 };
	struct observer_options o = { .hash = { 3, 4 }, .zone = { zone_default_home },
		.hearing = &limits, .max_flows = 48, .arg = &s, .on_record = on_record };
	struct observer *ob = observer_create(&o, NULL);
	struct observer_glance glance[5 * OBSERVER_AHEAD];
	uint64_t seed = 77;
	size_t n;

	assert_non_null(ob);
	for (size_t i = 0; i < PACKETS; i += n) {
		n = most == 0 ? 1 : 1 + dice(&seed) % most;
		if (n > PACKETS - i)
			n = PACKETS - i;
		for (size_t k = 0; k < n; k++)
			observer_glance(ob, &p->pkt[i + k], &glance[k]);
		if (most > 0)
			observer_ahead(ob, &p->pkt[i], glance, n);
		for (size_t k = i; k < i + n; k++)
			if (p->comes[k])
				(void)observer_packet(ob, &p->pkt[k]);
	}
	observer_finish(ob);
	observer_get_stats(ob, stats);
	observer_destroy(ob);
	return s;
}

static void
same_with(unsigned copies)
{
	static const unsigned batch[] = { 1, 3, OBSERVER_AHEAD, 5 * OBSERVER_AHEAD };
	struct play *p = make_play(copies);
	struct observer_stats one, many;
	struct sum want = watch(p, 0, &one), got;

	assert_true(want.n > 5000);
	assert_true(one.flow.evicted_half + one.flow.evicted_tiny + one.flow.evicted_idle +
	    one.flow.evicted_uploading > 1000);
	assert_int_equal(one.duplicates.starts > 0, copies > 0);
	for (size_t i = 0; i < sizeof(batch) / sizeof(batch[0]); i++) {
		got = watch(p, batch[i], &many);
		assert_int_equal(got.n, want.n);
		assert_true(got.of == want.of);
		assert_memory_equal(&many, &one, sizeof(one));
	}
	free(p);
}

static void
test_the_same_records(void **state)
{
	(void)state;
	same_with(0);
}

static void
test_the_same_on_a_tap_that_duplicates(void **state)
{
	(void)state;
	same_with(3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_records),
		cmocka_unit_test(test_the_same_on_a_tap_that_duplicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
