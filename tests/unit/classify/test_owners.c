/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The observer's pieces: whose bursts go together, and when one is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define MANY 700		/* names; the domains of 1024 strings are kept */

/* A burst of 14,000 bytes. */
static void
burst(struct desk *d, double t, struct addr to, uint16_t port)
{
	play_one(d, (struct stream){ .at = t, .until = t + 0.095, .every = 0.01,
	    .src = INSIDE, .dst = to, .sport = port, .dport = 443, .len = 1400,
	    .tcp = true });
}

static void
test_addresses_without_a_name_go_together_by_their_network(void **state)
{
	struct desk *d = desk_open_as(desk_hash, 8192);
	uint8_t hello[512];
	char name[32];
	unsigned told = 0;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		burst(d, 5.0 * i, v4(203, 0, 113, (uint8_t)(10 + i % 2)),
		    (uint16_t)(40000 + i));
		/* Meanwhile the office meets names it never met before. */
		for (unsigned k = 0; k < MANY; k++) {
			snprintf(name, sizeof(name), "www.a%u.com", i * MANY + k);
			send_tcp(d, 5.0 * i + 0.2 + 0.001 * k, OTHER,
			    (uint16_t)(1024 + i * MANY + k), ELSEWHERE, 443, TCP_ACK, 1,
			    1, hello, client_hello(hello, name));
		}
	}
	observer_advance(d->o, at(40));
	for (size_t i = 0; i < d->n; i++)
		if (d->r[i].kind == OBSERVATION_WINDOW &&
		    d->r[i].scope == SCOPE_OWNER && d->r[i].chunks_regular)
			told++;
	assert_int_equal(told, 3);	/* the sixth to the eighth */
	desk_close(d);
}

static void
test_a_burst_is_over_its_gap_after_its_last_packet(void **state)
{
	struct hearing patient = limits;
	struct desk *d = calloc(1, sizeof(*d));
	struct observer_options o = { .hash = desk_hash, .zone = { zone_default_home },
		.hearing = &patient, .max_flows = 64, .arg = d,
		.on_record = desk_record, .on_step = desk_step };

	(void)state;
	assert_non_null(d);
	patient.burst_gap = 100 * NS_PER_S;
	d->o = observer_create(&o, NULL);
	assert_non_null(d->o);
	/* It goes on when its place in the list is first looked at. */
	burst(d, 0, OUTSIDE, 40000);
	burst(d, 90, OUTSIDE, 40001);
	observer_advance(d->o, at(188));
	assert_null(pairs(d, 0));
	observer_advance(d->o, at(192));
	assert_non_null(pairs(d, 0));
	assert_int_equal(pairs(d, 0)->chunks_upload, 28000);
	desk_close(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_without_a_name_go_together_by_their_network),
		cmocka_unit_test(test_a_burst_is_over_its_gap_after_its_last_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
