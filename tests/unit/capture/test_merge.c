/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge: several scripted sources as one; and the names an operator may give. */
#include "capture/source/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT 50			/* ms, as the interfaces' */
#define LARGEST 64

/* A source of steps: a frame of one byte at a time in ms, nothing to show, the end, or a
 * fault. Behind its last step it has nothing to show. */
enum { NOTHING = -1, END = -2, FAULT = -3 };

struct play {
	int64_t step[40];		/* in ms; text[i] is its byte */
	const char *text;
	size_t steps, at, asked;
	int fd;				/* what it is polled on */
	uint64_t lost;
	unsigned destroyed;
	char lent;			/* gone with the next question */
};

static struct merge_time now;
static char got[80];
static uint64_t ordinal;
static uint32_t iface[80];

static int
play_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct play *p = src;
	struct frame f = { .cap = 1, .wire = 7, .bytes = (uint8_t *)&p->lent,
		.ordinal = 99, .iface = 77 };
	int64_t step;

	p->asked++;
	p->lent = '!';
	if (budget < 1 || p->at == p->steps)
		return 0;
	step = p->step[p->at];
	if (step == END)
		return SOURCE_END;
	if (step == FAULT)
		return fault_set(why, NULL, "fault of %s", p->text), SOURCE_FAULT;
	p->lent = p->text[p->at++];
	if (step == NOTHING)
		return 0;
	f.time.ns = step * NS_PER_MS;
	fn(arg, &f);
	p->lent = '!';
	return 1;
}

static int
play_wait(void *src, int *fds, int most, int *ms)
{
	(void)ms;
	if (most > 0)
		fds[0] = ((struct play *)src)->fd;
	return 1;
}

static void
play_loss(void *src, struct source_loss *out)
{
	out->kernel_drops = ((struct play *)src)->lost;
	out->iface_drops = UINT64_MAX;
}

static int
play_ifaces(void *src, struct source_iface *out, int most)
{
	struct play *p = src;

	if (most > 0)
		*out = (struct source_iface){ .name = "p", .kernel_drops = p->lost };
	return 1;
}

static void
play_destroy(void *src)
{
	((struct play *)src)->destroyed++;
}

static const struct source_ops play_ops = {
	.name = "play", .dispatch = play_dispatch, .loss = play_loss, .wait = play_wait,
	.ifaces = play_ifaces, .destroy = play_destroy,
};

static struct merge_time
clock_of_test(void *arg)
{
	(void)arg;
	return now;
}

static void
at_ms(int64_t ms)
{
	now = (struct merge_time){ { ms * NS_PER_MS }, { ms * NS_PER_MS } };
}

static struct source *
merged(struct play *p, size_t n)
{
	struct merge_options o = { .wait = WAIT * NS_PER_MS, .largest = LARGEST,
		.clock = clock_of_test };
	struct source *in[SOURCE_IFACES_MOST];

	got[0] = '\0';
	ordinal = 0;
	for (size_t i = 0; i < n; i++)
		in[i] = source_wrap(&play_ops, &p[i]);
	return source_merge(in, n, &o, NULL);
}

static void
see(void *arg, const struct frame *f)
{
	size_t n = strlen(got);

	(void)arg;
	assert_int_equal(f->ordinal, ++ordinal);
	assert_int_equal(f->wire, 7);
	assert_in_range(f->cap, 1, LARGEST);
	iface[n] = f->iface;
	got[n] = (char)f->bytes[0];
	got[n + 1] = '\0';
}

static int
step(struct source *s, int budget)
{
	struct fault why;

	return source_dispatch(s, budget, see, NULL, &why);
}

static void
test_frames_come_in_the_order_of_time(void **state)
{
	struct play p[2] = {
		{ .step = { 10, 11, 30, 31 }, .text = "abcd", .steps = 4 },
		{ .step = { 5, 20, 21, 40 }, .text = "WXYZ", .steps = 4 },
	};
	struct source *s = merged(p, 2);

	(void)state;
	at_ms(1000);
	assert_int_equal(step(s, 100), 8);
	assert_string_equal(got, "WabXYcdZ");
	assert_int_equal(iface[0], 1);
	assert_int_equal(iface[1], 0);
	assert_int_equal(iface[7], 1);
	assert_int_equal(step(s, 100), 0);
	source_destroy(s);
	assert_int_equal(p[0].destroyed + p[1].destroyed, 2);
}

static void
test_equal_times_come_in_the_order_of_the_sources(void **state)
{
	struct play p[3] = {
		{ .step = { 10, 10, 20 }, .text = "abc", .steps = 3 },
		{ .step = { 10, 10, 20 }, .text = "MNO", .steps = 3 },
		{ .step = { 10, 20, 20 }, .text = "xyz", .steps = 3 },
	};
	struct source *s = merged(p, 3);

	(void)state;
	at_ms(1000);
	assert_int_equal(step(s, 100), 9);
	assert_string_equal(got, "abMNxcOyz");
	source_destroy(s);
}

static void
test_a_laggard_is_waited_for(void **state)
{
	struct play p[2] = {
		{ .step = { 100, 101 }, .text = "ab", .steps = 2 },
		{ .step = { NOTHING, NOTHING, 99, 102 }, .text = "--YZ", .steps = 4 },
	};
	struct source *s = merged(p, 2);

	(void)state;
	at_ms(120);
	assert_int_equal(step(s, 100), 0);
	at_ms(149);
	assert_int_equal(step(s, 100), 0);
	at_ms(149);
	assert_int_equal(step(s, 100), 3);
	assert_string_equal(got, "Yab");
	source_destroy(s);
}

static void
test_a_laggard_is_waited_for_no_longer_than_that(void **state)
{
	struct play p[2] = {
		{ .step = { 100, 120, 121 }, .text = "abc", .steps = 3 },
		{ .step = { NOTHING, NOTHING, NOTHING, 99 }, .text = "---Z", .steps = 4 },
	};
	struct source *s = merged(p, 2);

	(void)state;
	at_ms(150);
	assert_int_equal(step(s, 100), 0);
	/* What is silent now may still show what is WAIT old, but nothing older. */
	at_ms(151);
	assert_int_equal(step(s, 100), 1);
	assert_string_equal(got, "a");
	at_ms(171);
	assert_int_equal(step(s, 100), 1);
	at_ms(171);
	assert_int_equal(step(s, 100), 1);
	assert_string_equal(got, "abZ");	/* too late, and not lost */
	at_ms(172);
	assert_int_equal(step(s, 100), 1);
	assert_string_equal(got, "abZc");
	source_destroy(s);
}

static void
test_one_silent_wire_does_not_slow_the_other(void **state)
{
	struct play p[2] = { { .steps = 40 }, { .steps = 0 } };
	struct source *s;
	char text[41] = "";

	(void)state;
	for (int i = 0; i < 40; i++) {
		p[0].step[i] = i;
		text[i] = (char)('0' + i);
	}
	p[0].text = text;
	s = merged(p, 2);
	at_ms(39 + WAIT + 1);
	assert_int_equal(step(s, 100), 40);
	assert_string_equal(got, text);
	assert_int_equal(p[1].asked, 1);
	source_destroy(s);
}

static void
test_a_clock_that_was_set_back_holds_nothing_longer(void **state)
{
	struct play p[2] = {
		{ .step = { 5000 }, .text = "a", .steps = 1 },
		{ .steps = 0 },
	};
	struct source *s = merged(p, 2);

	(void)state;
	now = (struct merge_time){ { 1000 * NS_PER_MS }, { 7 * NS_PER_MS } };
	assert_int_equal(step(s, 100), 0);
	now.loop.ns = (7 + WAIT - 1) * NS_PER_MS;
	assert_int_equal(step(s, 100), 0);
	now.loop.ns = (7 + WAIT) * NS_PER_MS;
	assert_int_equal(step(s, 100), 1);
	source_destroy(s);
}

static void
test_the_end_of_one_is_not_the_end(void **state)
{
	struct play p[2] = {
		{ .step = { 10, END }, .text = "a-", .steps = 2 },
		{ .step = { 5, 20, NOTHING, 30, END }, .text = "WX-Y-", .steps = 5 },
	};
	struct source *s = merged(p, 2);
	struct source_iface all[4];

	(void)state;
	at_ms(30);			/* nobody is waited for who has ended */
	assert_int_equal(step(s, 100), 3);
	assert_string_equal(got, "WaX");
	assert_int_equal(source_get_ifaces(s, all, 4), 2);
	assert_int_equal(all[0].state, SOURCE_IFACE_AWAY);
	assert_int_equal(all[1].state, SOURCE_IFACE_HERE);
	assert_int_equal(step(s, 100), 1);
	assert_int_equal(step(s, 100), SOURCE_END);
	assert_int_equal(step(s, 100), SOURCE_END);
	assert_string_equal(got, "WaXY");
	source_destroy(s);
}

static void
test_a_fault_of_one_is_said_when_all_have_ended(void **state)
{
	struct play p[3] = {
		{ .step = { FAULT }, .text = "one", .steps = 1 },
		{ .step = { 5, END }, .text = "W-", .steps = 2 },
		{ .step = { 6, 7, FAULT }, .text = "xyz", .steps = 3 },
	};
	struct source *s = merged(p, 3);
	struct fault why = { "", "" };

	(void)state;
	at_ms(1000);
	assert_int_equal(step(s, 100), 3);
	assert_string_equal(got, "Wxy");
	assert_int_equal(source_dispatch(s, 9, see, NULL, &why), SOURCE_FAULT);
	assert_string_equal(why.what, "fault of one");
	assert_int_equal(source_dispatch(s, 9, see, NULL, NULL), SOURCE_FAULT);
	source_destroy(s);
}

static void
test_the_budget_is_kept_and_the_order_over_it(void **state)
{
	struct play p[2] = {
		{ .step = { 10, 11, 12, 40 }, .text = "abcd", .steps = 4 },
		{ .step = { 13, 41, 42 }, .text = "XYZ", .steps = 3 },
	};
	struct source *s = merged(p, 2);

	(void)state;
	at_ms(1000);
	assert_int_equal(step(s, 0), 0);
	assert_int_equal(step(s, 2), 2);
	assert_int_equal(step(s, 1), 1);
	assert_string_equal(got, "abc");
	assert_int_equal(step(s, 3), 3);
	assert_int_equal(step(s, 3), 1);
	assert_string_equal(got, "abcXdYZ");
	source_destroy(s);
}

static void
test_a_frame_that_is_too_long_is_cut(void **state)
{
	static const uint8_t bytes[LARGEST + 1] = "long";
	struct frame f = { .time = { 1 }, .cap = sizeof(bytes), .wire = 7,
		.bytes = bytes };
	struct play p = { .steps = 0 };
	struct source *in[2] = { source_open_script(&f, 1), source_wrap(&play_ops, &p) };
	struct merge_options o = { .largest = LARGEST, .clock = clock_of_test };
	struct source *s;

	(void)state;
	got[0] = '\0';
	ordinal = 0;
	s = source_merge(in, 2, &o, NULL);
	assert_non_null(s);
	at_ms(1000);
	assert_int_equal(step(s, 9), 1);
	assert_string_equal(got, "l");
	source_destroy(s);
}

static void
test_only_what_has_nothing_to_show_is_polled(void **state)
{
	struct play p[3] = {
		{ .step = { 100 }, .text = "a", .steps = 1, .fd = 10 },
		{ .steps = 0, .fd = 11 },
		{ .step = { END }, .text = "-", .steps = 1, .fd = 12 },
	};
	struct source *s = merged(p, 3);
	int fds[4], ms = 100;

	(void)state;
	at_ms(110);
	assert_int_equal(step(s, 9), 0);
	assert_int_equal(source_wait(s, fds, 4, &ms), 1);
	assert_int_equal(fds[0], 11);
	assert_int_equal(ms, 40);	/* until 100 + WAIT */
	at_ms(149);
	ms = 100;
	(void)source_wait(s, fds, 4, &ms);
	assert_int_equal(ms, 10);	/* not for every frame */
	ms = 3;
	(void)source_wait(s, fds, 4, &ms);
	assert_int_equal(ms, 3);
	at_ms(151);
	assert_int_equal(step(s, 9), 1);
	assert_int_equal(step(s, 9), 0);
	ms = 100;
	assert_int_equal(source_wait(s, fds, 4, &ms), 2);
	assert_int_equal(fds[0], 10);
	assert_int_equal(ms, 100);
	source_destroy(s);
}

static void
test_losses_are_summed_and_known_by_interface(void **state)
{
	struct play p[3] = { { .lost = 3 }, { .lost = UINT64_MAX }, { .lost = 4 } };
	struct source *s = merged(p, 3);
	struct source_iface all[4];
	struct source_loss loss;

	(void)state;
	source_get_loss(s, &loss);
	assert_int_equal(loss.kernel_drops, 7);
	assert_int_equal(loss.iface_drops, UINT64_MAX);
	assert_int_equal(source_get_ifaces(s, all, 2), 2);
	assert_int_equal(source_get_ifaces(s, all, 4), 3);
	assert_int_equal(all[0].kernel_drops, 3);
	assert_int_equal(all[1].kernel_drops, UINT64_MAX);
	assert_int_equal(all[2].kernel_drops, 4);
	source_destroy(s);
}

static void
refused(const char *list, const char *what)
{
	struct iface_names l = { .name = { "lan" }, .n = 1 }, before = l;
	struct fault why = { "", "" };

	assert_int_equal(iface_names_add(&l, list, &why), -1);
	assert_string_equal(why.what, what);
	assert_true(why.remedy[0] != '\0');
	assert_memory_equal(&l, &before, sizeof(l));
}

static void
test_a_list_of_interfaces_names_each_once(void **state)
{
	struct iface_names l = { .n = 0 };
	char many[80] = "";

	(void)state;
	assert_int_equal(iface_names_add(&l, "eth0,eth1", NULL), 0);
	assert_int_equal(iface_names_add(&l, "enp0s31f6.1234_", NULL), 0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.name[1], "eth1");
	assert_string_equal(l.name[2], "enp0s31f6.1234_");
	l.n = 0;
	assert_int_equal(iface_names_add(&l, "any", NULL), 0);
	assert_int_equal(iface_names_add(&l, "eth0", NULL), -1);
	refused("", "an interface has no name");
	refused("eth0,", "an interface has no name");
	refused(",eth0", "an interface has no name");
	refused("eth0,lan", "interface 'lan' is named twice");
	refused("eth0,eth1,eth0", "interface 'eth0' is named twice");
	refused("any", "'any' is every interface already");
	refused("enp0s31f6.1234_x",
	    "'enp0s31f6.1234_x' is no interface: a name has at most 15 characters");
	for (int i = 0; i < SOURCE_IFACES_MOST; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "%sw%x",
		    i > 0 ? "," : "", (unsigned)i);
	l.n = 0;
	assert_int_equal(iface_names_add(&l, many, NULL), 0);
	assert_int_equal(l.n, SOURCE_IFACES_MOST);
	refused(many, "interface 'wf' is one too many (16 at most)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_come_in_the_order_of_time),
		cmocka_unit_test(test_equal_times_come_in_the_order_of_the_sources),
		cmocka_unit_test(test_a_laggard_is_waited_for),
		cmocka_unit_test(test_a_laggard_is_waited_for_no_longer_than_that),
		cmocka_unit_test(test_one_silent_wire_does_not_slow_the_other),
		cmocka_unit_test(test_a_clock_that_was_set_back_holds_nothing_longer),
		cmocka_unit_test(test_the_end_of_one_is_not_the_end),
		cmocka_unit_test(test_a_fault_of_one_is_said_when_all_have_ended),
		cmocka_unit_test(test_the_budget_is_kept_and_the_order_over_it),
		cmocka_unit_test(test_a_frame_that_is_too_long_is_cut),
		cmocka_unit_test(test_only_what_has_nothing_to_show_is_polled),
		cmocka_unit_test(test_losses_are_summed_and_known_by_interface),
		cmocka_unit_test(test_a_list_of_interfaces_names_each_once),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
