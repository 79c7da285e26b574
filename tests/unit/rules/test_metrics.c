/* SPDX-License-Identifier: GPL-3.0-or-later */
/* metrics: every figure of the stats event is told, whatever stands in a label; and what
 * is asked for, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rules/event/fields.h"
#include "rules/event/metrics.h"
#include "rules/event/metrics_server.h"

#include <stdio.h>
#include <string.h>

struct page {
	size_t n;
	char text[65536];
};

static void
add(void *arg, const char *s, size_t n)
{
	struct page *p = arg;

	assert_true(p->n + n < sizeof(p->text));
	memcpy(p->text + p->n, s, n);
	p->n += n;
	p->text[p->n] = '\0';
}

static struct sensor_snapshot now;
static struct outlet_snapshot out;
static struct page page;

static void
print(void)
{
	struct metrics_view v = { .sensor = "s", .version = "1", .now = &now, .out = &out,
		.time = { 5 * NS_PER_S } };

	now.stats.drops = now.drops;
	now.posted.ns = 3 * NS_PER_S;
	page.n = 0;
	metrics_print(&v, add, &page);
}

static void
test_every_figure_of_the_stats_event_is_told(void **state)
{
	unsigned samples = 0, figures = 0;

	(void)state;
	memset(&now, 0, sizeof(now));
	memset(&out, 0, sizeof(out));
	now.stats.packets = 12;
	now.stats.lag_ns = 2500 * NS_PER_MS;
	now.drops[DROP_CUT_IPV4] = 7;
	print();
	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++)
		if (strncmp(event_field[f].path, "stats.", 6) == 0 &&
		    strchr(event_field[f].path, '[') == NULL &&
		    event_field[f].type != JSON_OBJECTS && (f < F_S_SPOOL ||
		    f > F_S_REDIS_CLONED))
			figures++;
	for (const char *at = page.text; (at = strchr(at, '\n')) != NULL; at++)
		samples += at[1] != '#' && at[1] != '\0';
	/* Beside them: build_info, age, five metrics of outputs without one, two of the
	 * spool, three of the store, three of Redis, refused. */
	assert_int_equal(samples, figures + 11);
	assert_null(strstr(page.text, " untyped\n"));
	assert_non_null(strstr(page.text, "\nearshot_packets_total 12\n"));
	assert_non_null(strstr(page.text, "\nearshot_lag_seconds 2.5\n"));
	assert_non_null(strstr(page.text,
	    "\nearshot_packets_refused_total{reason=\"cut-ipv4\"} 7\n"));
	assert_non_null(strstr(page.text, "\nearshot_snapshot_age_seconds 2.000\n"));
}

static void
test_labels_hold_whatever_an_interface_or_output_is_called(void **state)
{
	(void)state;
	now.ifaces = 1;
	(void)snprintf(now.iface[0].name, sizeof(now.iface[0].name), "a\"b\\c\n\xff");
	now.iface[0].kernel_drops = 3;
	now.iface[0].iface_drops = UINT64_MAX;
	out.sinks = 2;
	print();
	assert_non_null(strstr(page.text,
	    "\nearshot_interface_lost_packets_total{interface=\"a\\\"b\\\\c\\n?\","
	    "cause=\"kernel\"} 3\n"));
	assert_null(strstr(page.text, "cause=\"interface\""));
	assert_non_null(strstr(page.text, "\nearshot_output_up{output=\"2\",to=\"\"} 0\n"));
}

static void
test_a_request_is_one_of_few(void **state)
{
	static const struct {
		const char *text;
		int status;
	} row[] = {
		{ "", 0 }, { "GET /metrics HTTP/1.1\r\n", 0 },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n", 0 },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
		{ "GET /metrics HTTP/1.0\n\n", 200 },
		{ "GET /metrics?x=1 HTTP/1.1\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\n\r\n", 404 }, { "GET /metricsx HTTP/1.1\r\n\r\n", 404 },
		{ "POST /metrics HTTP/1.1\r\n\r\n", 405 },
		{ "HEAD /metrics HTTP/1.1\r\n\r\n", 405 },
		{ "GET /metrics\r\n\r\n", 400 }, { "GET  HTTP/1.1\r\n\r\n", 404 },
		{ "GET /metrics HTTP/2\r\n\r\n", 400 }, { "\r\n\r\n", 400 }, { "\n\n", 400 },
		{ "x\n\n", 400 }, { " / HTTP/1.1\r\n\r\n", 400 },
	};
	static char longest[METRICS_REQUEST + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(metrics_request(row[i].text, strlen(row[i].text)),
		    row[i].status);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(metrics_request(longest, METRICS_REQUEST), 0);
	assert_int_equal(metrics_request(longest, METRICS_REQUEST + 1), 431);
}

static void
test_metrics_are_for_this_machine(void **state)
{
	static const char *const good[] = { "127.0.0.1:9108", "127.5.0.1:1", "[::1]:9108",
		"localhost:9108", "unix:/run/x" };
	static const char *const bad[] = { "0.0.0.0:9108", "10.0.0.1:9108", "[::]:9108",
		"9108", "127.0.0.1", "127.0.0.1:0", "localhost", "unix:", "host:1", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(metrics_where_check(good[i], NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(metrics_where_check(bad[i], NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_figure_of_the_stats_event_is_told),
		cmocka_unit_test(test_labels_hold_whatever_an_interface_or_output_is_called),
		cmocka_unit_test(test_a_request_is_one_of_few),
		cmocka_unit_test(test_metrics_are_for_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
