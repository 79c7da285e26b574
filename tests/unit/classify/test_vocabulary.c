/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vocabulary: the library's names go in, ours come out, whatever the library writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/dpi/cell.h"
#include "classify/dpi/vocabulary.h"

#include <string.h>

static const char *
clean(const char *name)
{
	static char buf[32];

	size_t n = app_name_clean(name, buf, sizeof(buf));

	assert_int_equal(n, strlen(buf));
	return buf;
}

static void
test_library_names_become_our_words(void **state)
{
	(void)state;
	assert_string_equal(clean("TLS"), "tls");
	assert_string_equal(clean("OpenVPN"), "openvpn");
	assert_string_equal(clean("MPEG_TS"), "mpeg-ts");
	assert_string_equal(clean("FTP_CONTROL"), "ftp");
	assert_string_equal(clean("SMBv23"), "smb");
	assert_string_equal(clean("Sina(Weibo)"), "weibo");
	assert_string_equal(clean("Z39.50"), "z39.50");
	assert_string_equal(clean("Unknown"), "");
	assert_string_equal(clean("RemoteAccess"), "remote-access");
}

static void
test_any_name_is_cut_and_cleaned(void **state)
{
	char small[4];

	(void)state;
	assert_string_equal(clean(""), "");
	assert_string_equal(clean("\x1b[31m__A  B\xff\n--"), "31m-a-b");
	assert_string_equal(clean("--__--"), "");
	assert_int_equal(strlen(clean("abcdefghijabcdefghijabcdefghijabcdefghij")), 31);
	assert_int_equal(strlen(clean("a b c d e f g h i j k l m n o p q r s t u v")),
	    31);
	assert_int_equal(app_name_clean("SMBv23", small, sizeof(small)), 3);
	assert_string_equal(small, "smb");
}

static void
test_risks_have_one_word_each_and_both_names_lead_to_it(void **state)
{
	(void)state;
	assert_true(risk_count() <= 64);
	assert_null(risk_word(risk_count()));
	for (unsigned i = 0; i < risk_count(); i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(risk_word(i), risk_word(j));
	assert_string_equal(
	    risk_word((unsigned)risk_from_library_name("Clear-Text Credentials")),
	    "clear-credentials");
	assert_int_equal(risk_from_library_name("Clear-Text Creds"),
	    risk_from_library_name("Clear-Text Credentials"));
	assert_int_equal(risk_from_library_name("no such risk"), -1);
	assert_int_equal(risk_from_library_name(NULL), -1);
	assert_string_equal(any_word(VOCABULARY_RISK, 0), "xss");
	assert_string_equal(any_word(VOCABULARY_TUNNEL, TUNNEL_SSH), "ssh");
}

static void
test_tunnels_and_ports(void **state)
{
	(void)state;
	assert_int_equal(tunnel_from_app("openvpn"), TUNNEL_OPENVPN);
	assert_int_equal(tunnel_from_app("socks"), TUNNEL_SOCKS);
	assert_int_equal(tunnel_from_app("cisco-vpn"), TUNNEL_OTHER);
	assert_int_equal(tunnel_from_app("tls"), TUNNEL_NONE);
	assert_int_equal(tunnel_from_app(""), TUNNEL_NONE);
	assert_string_equal(app_by_port(6, 443), "tls");
	assert_string_equal(app_by_port(17, 443), "quic");
	assert_string_equal(app_by_port(17, 22), "");
	assert_string_equal(app_by_port(1, 443), "");
	assert_string_equal(app_by_port(6, 0), "");
}

static void
test_results_out_of_range_are_refused(void **state)
{
	struct cell_result r = { .slot = 5, .confidence = CONFIDENCE_DPI, .app = "TLS" },
	    out;

	(void)state;
	assert_true(cell_result_parse(span_of(&r, sizeof(r)), 10, &out));
	assert_false(cell_result_parse(span_of(&r, sizeof(r) - 1), 10, &out));
	assert_false(cell_result_parse(span_of(&r, sizeof(r)), 4, &out));
	r.slot = 0;
	assert_false(cell_result_parse(span_of(&r, sizeof(r)), 10, &out));
	r.slot = 5;
	r.confidence = CONFIDENCE_WORD_COUNT;
	assert_false(cell_result_parse(span_of(&r, sizeof(r)), 10, &out));
	r.confidence = CONFIDENCE_PORT;
	r.risks = UINT64_C(1) << 63;
	assert_false(cell_result_parse(span_of(&r, sizeof(r)), 10, &out));
	r.risks = 0;
	r.quic = 2;
	assert_false(cell_result_parse(span_of(&r, sizeof(r)), 10, &out));
	r.quic = 0;
	memset(r.host, 'x', sizeof(r.host));
	assert_false(cell_result_parse(span_of(&r, sizeof(r)), 10, &out));
}

static void
test_what_the_cell_is_sent_says_how_long_it_is(void **state)
{
	static uint8_t l3[20000], out[CELL_PACKET_MAX];
	struct packet p = { .ip_version = 4, .proto = 17, .sport = 1, .dport = 2 };

	(void)state;
	memset(l3, 0xff, sizeof(l3));
	p.l3 = span_of(l3, sizeof(l3));
	p.payload = span_of(l3 + 28, sizeof(l3) - 28);
	p.payload_wire = 60000;
	assert_int_equal(cell_packet_rebuild(&p, out), CELL_PACKET_MAX);
	assert_int_equal(out[2] << 8 | out[3], CELL_PACKET_MAX);
	assert_int_equal(out[24] << 8 | out[25], CELL_PACKET_MAX - 20);
	assert_int_equal((out[6] & 0x3f) << 8 | out[7], 0);
	p.l3.left = 30;
	p.payload.left = 2;
	assert_int_equal(cell_packet_rebuild(&p, out), 30);
	assert_int_equal(out[3], 30);
	p.ip_version = 6;
	assert_int_equal(cell_packet_rebuild(&p, out), 0);
	p.l3.left = 100;
	p.payload = span_of(l3 + 48, 52);
	assert_int_equal(cell_packet_rebuild(&p, out), 100);
	assert_int_equal(out[4] << 8 | out[5], 60);
	p.payload.left = 0;
	assert_int_equal(cell_packet_rebuild(&p, out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library_names_become_our_words),
		cmocka_unit_test(test_any_name_is_cut_and_cleaned),
		cmocka_unit_test(test_risks_have_one_word_each_and_both_names_lead_to_it),
		cmocka_unit_test(test_tunnels_and_ports),
		cmocka_unit_test(test_results_out_of_range_are_refused),
		cmocka_unit_test(test_what_the_cell_is_sent_says_how_long_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
