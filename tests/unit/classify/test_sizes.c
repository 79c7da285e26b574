/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a flow costs: contrib/docs/limits.md says it, and nothing grows in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/flow/life.h"
#include "classify/observer/state.h"

static void
test_a_flow_and_a_pair_cost_what_the_documents_say(void **state)
{
	(void)state;
	assert_true(ROOM(struct flow_entry) + sizeof(struct flow_ext) <= 304);
	assert_true(sizeof(struct tcp_entry) <= 48);
	assert_true(sizeof(struct holes) <= 128);
	assert_true(ROOM(struct pair_entry) + sizeof(struct pair_ext) <= 160);
	assert_true(sizeof(struct slot) <= 8);
}

/* The setting `memory` divides by it: a flow, its connection, its holes (an eighth of the
 * flows have some), what is read of it, the rest of it, its pair and what that sends, two
 * (an eighth of them two bursts), two places in indexes at most a quarter full, two lists of what is due, a name of 56 bytes. */
static void
test_all_that_a_flow_can_have_is_within_what_the_setting_reckons_with(void **state)
{
	size_t most = 304 + sizeof(struct tcp_entry) + sizeof(struct holes) / 8 + 96 +
	    sizeof(struct flow_more) + 160 + sizeof(struct piece) + sizeof(struct burst) +
	    sizeof(struct piece_full) / 8 + 2 * 4 * sizeof(struct slot) + 8 + 24 + 8 + 56;

	(void)state;
	assert_true(most <= OBSERVER_FLOW_MOST);
}

static void
test_what_few_need_is_given_to_few(void **state)
{
	(void)state;
	assert_true(sizeof(struct flow_more) <= 112);
	assert_true(sizeof(struct piece) <= 80);
	assert_true(sizeof(struct burst) <= 24);
	assert_true(sizeof(struct piece_full) <= 544);
	assert_true(sizeof(struct meter_ext) <= 832);
	assert_true(sizeof(struct socket_ext) <= 784);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flow_and_a_pair_cost_what_the_documents_say),
		cmocka_unit_test(
		    test_all_that_a_flow_can_have_is_within_what_the_setting_reckons_with),
		cmocka_unit_test(test_what_few_need_is_given_to_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
