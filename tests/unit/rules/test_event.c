/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of every type, from records and rules built by hand. `test_event events` prints
 * the lines it makes and `test_event schema` the schema, for
 * tests/tools/validate-events.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/decode/decode.h"
#include "rules/event/event.h"
#include "tests/unit/rules/json_check.h"
#include "tests/unit/rules/sample.h"

#include <stdio.h>
#include <stdlib.h>

#define KEPT 64

struct sink {
	unsigned n, refuse;		/* refuse: so many puts from now on */
	struct event_head head[KEPT];
	char *json[KEPT], *text[KEPT];
};

static bool
put(void *arg, const struct event_head *h, const char *json, const char *text)
{
	struct sink *s = arg;

	assert_int_equal(h->json_len, strlen(json));
	assert_int_equal(h->text_len, strlen(text));
	assert_true(h->json_len <= EVENT_BYTES);
	assert_true(h->json_len > 0);
	if (s->refuse > 0) {
		s->refuse--;
		return false;
	}
	assert_true(s->n < KEPT);
	s->head[s->n] = *h;
	s->json[s->n] = strdup(json);
	s->text[s->n++] = strdup(text);
	return true;
}

struct desk {
	struct sink sink;
	struct intern *strings;
	struct arena *arena;
	struct emitter *emitter;
	struct expr x[8];
	const struct expr *leaf[4];
	struct reason reason[4];
	struct named_list list;
	struct rule rule;
	struct program program;
	struct verdict verdict;
	struct observation o;
	const char *note[2];
};

static void
desk_open_as(struct desk *d, bool live, bool colour)
{
	static const char *const iface[] = { "eth0", "eth1" };
	struct emitter_options o = { .sensor = "sensor-1", .boot = "file-0123abcd",
		.version = "0.1.0", .rules_version = "0123456789abcdef", .text = true,
		.flows = true, .colour = colour, .arg = &d->sink, .put = put };

	memset(d, 0, sizeof(*d));
	d->strings = intern_create(&sample_hash, 512);
	d->arena = arena_create(1 << 16);
	if (live) {
		o.iface = iface;
		o.ifaces = 2;
	} else {
		o.input = "meeting.pcap";
	}
	d->emitter = emitter_create(&o, NULL);
	assert_non_null(d->emitter);
}

static void
desk_open(struct desk *d)
{
	desk_open_as(d, false, false);
}

static void
desk_close(struct desk *d)
{
	for (unsigned i = 0; i < d->sink.n; i++) {
		free(d->sink.json[i]);
		free(d->sink.text[i]);
	}
	emitter_destroy(d->emitter);
	intern_destroy(d->strings);
	arena_destroy(d->arena);
}

static uint32_t
word(struct desk *d, const char *s)
{
	return intern_put(d->strings, s, strlen(s));
}

/* when upload >= 1 MB within 1 h per device,
 * dest and not dest in known and app = "tls" and dest.new */
static void
desk_bulk(struct desk *d)
{
	static const char lines[] = "domain partner.example\n";
	static const char *const mitre[] = { "T1048.002" },
	    *const related[] = { "T1123", "T1429" };
	static const enum field keys[] = { FIELD_device_key, FIELD_dest_key };

	d->list = (struct named_list){ .name = "known",
		.hosts = hostlist_parse(d->arena, span_of(lines, sizeof(lines) - 1), NULL,
		    NULL) };
	assert_non_null(d->list.hosts);
	d->x[0] = (struct expr){ .op = EXPR_AND, .a = &d->x[1], .b = &d->x[2] };
	d->x[1] = (struct expr){ .op = EXPR_SUM, .field = FIELD_upload, .cmp = CMP_GE,
		.value = { .type = FIELD_BYTES, .u = SAMPLE_MB },
		.window = 3600 * NS_PER_S, .key = keys, .key_n = 2,
		.text = "upload >= 1 MB within 1 h per device, dest" };
	d->x[2] = (struct expr){ .op = EXPR_AND, .a = &d->x[3], .b = &d->x[5] };
	d->x[3] = (struct expr){ .op = EXPR_NOT, .a = &d->x[4] };
	d->x[4] = (struct expr){ .op = EXPR_DEST_IN_LIST, .leaf = 1,
		.text = "dest in known" };
	d->x[5] = (struct expr){ .op = EXPR_AND, .a = &d->x[6], .b = &d->x[7] };
	d->x[6] = (struct expr){ .op = EXPR_COMPARE, .field = FIELD_app, .cmp = CMP_EQ,
		.value = { .type = FIELD_TEXT, .text = "tls" }, .leaf = 2,
		.text = "app = tls" };
	d->x[7] = (struct expr){ .op = EXPR_BOOL, .field = FIELD_dest_new, .leaf = 3,
		.text = "dest.new" };
	d->leaf[0] = &d->x[1];
	d->leaf[1] = &d->x[4];
	d->leaf[2] = &d->x[6];
	d->leaf[3] = &d->x[7];
	d->rule = (struct rule){ .name = "bulk-upload-unlisted", .id = 9100008, .rev = 2,
		.severity = SEVERITY_HIGH, .kind = EVENT_BULK_UPLOAD, .mitre = mitre,
		.mitre_n = 1,
		.related = related, .related_n = 2, .when = &d->x[0], .leaves = 4,
		.leaf = d->leaf, .explain =
		    "{device} sent {upload} to {dest} ({app}, {vlan})" };
	d->program = (struct program){ .list = &d->list, .lists = 1, .rule = &d->rule,
		.rules = 1, .sums = 1 };
	d->o = sample_record(d->strings, OBSERVATION_PART, 60);
	sample_counters(&d->o, 20 * SAMPLE_MB);
	OBSERVATION_SET(&d->o, app, word(d, "tls"));
	OBSERVATION_SET(&d->o, app_category, word(d, "web"));
	OBSERVATION_SET(&d->o, app_confidence, CONFIDENCE_DPI);
	OBSERVATION_SET(&d->o, app_risks, 1);
	OBSERVATION_SET(&d->o, tls_sni, word(d, "files.example"));
	OBSERVATION_SET(&d->o, device_mac, 0x3c5282110a11ULL);
	OBSERVATION_SET(&d->o, device_owner, word(d, "Facilities"));
	OBSERVATION_SET(&d->o, device_role, word(d, "conference phone"));
	OBSERVATION_SET(&d->o, device_vendor, word(d, "Polycom"));
	OBSERVATION_SET(&d->o, device_random, 0);
	OBSERVATION_SET(&d->o, device_known, 0);
	OBSERVATION_SET(&d->o, device_seen, SAMPLE_T0 - 3600 * NS_PER_S);
	OBSERVATION_SET(&d->o, dest_looked_up, 1);
	OBSERVATION_SET(&d->o, dest_devices, 1);
	OBSERVATION_SET(&d->o, dest_name_source, NAME_SOURCE_SNI);
	OBSERVATION_SET(&d->o, dest_name, word(d, "files.example"));
	d->reason[0] = (struct reason){ .leaf = &d->x[1], .truth = TRUTH_TRUE,
		.observed_known = true,
		.observed = { .type = FIELD_BYTES, .u = 20200000 } };
	d->reason[1] = (struct reason){ .leaf = &d->x[4], .truth = TRUTH_FALSE,
		.observed_known = true,
		.observed = { .type = FIELD_TEXT, .text = "files.example" } };
	d->reason[2] = (struct reason){ .leaf = &d->x[6], .truth = TRUTH_TRUE,
		.observed_known = true, .observed = { .type = FIELD_TEXT,
		.text = "tls" } };
	d->reason[3] = (struct reason){ .leaf = &d->x[7], .truth = TRUTH_UNKNOWN };
	d->note[0] = "content unknown: it is encrypted";
	d->verdict = (struct verdict){ .program = &d->program, .rule = &d->rule,
		.severity = SEVERITY_MEDIUM, .o = &d->o, .strings = d->strings,
		.reason = d->reason, .reasons = 4, .note = d->note, .notes = 1,
		.has_sum = true, .sum = 20200000, .sum_window = 3600 * NS_PER_S,
		.sum_since = SAMPLE_T0 - 600 * NS_PER_S };
}

static void
desk_voice(struct desk *d)
{
	desk_bulk(d);
	d->rule.name = "live-microphone";
	d->rule.kind = EVENT_LIVE_AUDIO;
	d->rule.explain =
	    "{device} has been sending one-way voice to {dest} for {voice.seconds}";
	d->verdict.has_sum = false;
	d->verdict.severity = SEVERITY_CRITICAL;
	d->verdict.reasons = 1;
	d->rule.leaves = 1;
	d->x[0] = (struct expr){ .op = EXPR_COMPARE, .field = FIELD_voice_score,
		.cmp = CMP_GE,
		.value = { .type = FIELD_NUMBER, .n = 9.16 },
		.text = "voice.score >= 9.16" };
	d->leaf[0] = &d->x[0];
	d->reason[0] = (struct reason){ .leaf = &d->x[0], .truth = TRUTH_TRUE,
		.observed_known = true, .observed = { .type = FIELD_NUMBER, .n = 9.92 } };
	d->o = sample_record(d->strings, OBSERVATION_WINDOW, 40);
	OBSERVATION_SET(&d->o, transport, TRANSPORT_UDP);
	OBSERVATION_SET(&d->o, dest_port, 5004);
	OBSERVATION_SET(&d->o, app, word(d, "rtp"));
	OBSERVATION_SET(&d->o, scope, SCOPE_SOCKET);
	OBSERVATION_SET(&d->o, voice_rate, 64000);
	OBSERVATION_SET(&d->o, voice_score, 9.92);
	OBSERVATION_SET(&d->o, voice_constant, 1);
	OBSERVATION_SET(&d->o, voice_period, 20 * NS_PER_MS);
	OBSERVATION_SET(&d->o, voice_seconds, 40 * NS_PER_S);
	OBSERVATION_SET(&d->o, voice_first, SAMPLE_T0);
	OBSERVATION_SET(&d->o, voice_upload, 320000);
	OBSERVATION_SET(&d->o, rtp_type, 8);
	OBSERVATION_SET(&d->o, rtp_codec, CODED_PCMA);
	OBSERVATION_SET(&d->o, dest_looked_up, 0);
	OBSERVATION_SET(&d->o, vlan, 20);
	d->o.seen = SEEN_LOSS | SEEN_MIDSTREAM;
	d->o.source = 1;
}

static void
desk_chunks(struct desk *d)
{
	desk_voice(d);
	d->rule.name = "voice-memo-suspect";
	d->rule.kind = EVENT_CHUNKED_AUDIO;
	d->rule.suspect = true;
	d->rule.explain = NULL;
	d->o = sample_record(d->strings, OBSERVATION_WINDOW, 900);
	d->o.flow_id = 0;
	d->o.known[0] &= ~(UINT64_C(1) << FIELD_src_port | UINT64_C(1) <<
	    FIELD_dest_port | UINT64_C(1) << FIELD_transport);
	OBSERVATION_SET(&d->o, chunks_period, 60 * NS_PER_S);
	OBSERVATION_SET(&d->o, chunks_size, 240000);
	OBSERVATION_SET(&d->o, chunks_rate, 32000);
	OBSERVATION_SET(&d->o, chunks_span, 600 * NS_PER_S);
	OBSERVATION_SET(&d->o, chunks_upload, 2400000);
	d->reason[0].truth = TRUTH_UNKNOWN;
	d->reason[0].observed_known = false;
}

static void
flow_event(struct desk *d)
{
	struct observation o = d->o;

	o.kind = OBSERVATION_CLOSE;
	OBSERVATION_SET(&o, flow_end, FLOW_END_FIN);
	OBSERVATION_SET(&o, content, CONTENT_AUDIO);
	OBSERVATION_SET(&o, content_format, FORMAT_MP3);
	OBSERVATION_SET(&o, content_proof, PROOF_MAGIC);
	OBSERVATION_SET(&o, content_type, word(d, "audio/mpeg"));
	OBSERVATION_SET(&o, content_name, word(d, "talk.mp3"));
	OBSERVATION_SET(&o, content_length, 20000000);
	OBSERVATION_SET(&o, content_rate, 64000);
	OBSERVATION_SET(&o, content_seconds, 2500 * NS_PER_S);
	OBSERVATION_SET(&o, http_host, word(d, "files.example"));
	OBSERVATION_SET(&o, http_method, word(d, "PUT"));
	OBSERVATION_SET(&o, quic_sni, word(d, "quic.example"));
	OBSERVATION_SET(&o, tunnel, TUNNEL_CONNECT);
	emitter_flow(d->emitter, &o, d->strings);
}

static void
stats_event(struct desk *d)
{
	static const uint64_t drops[DROP_COUNT] = { [DROP_CUT_IPV4] = 7 };
	struct sensor_stats s = { .now = { SAMPLE_T0 }, .packets = 1000, .used = 993,
		.drops = drops, .kernel_drops = UINT64_MAX, .iface_drops = 4,
		.lag_ns = -1, .seccomp = true, .landlock_abi = 2 };
	static const struct source_iface iface[2] = {
		{ .name = "eth0", .packets = 900, .kernel_drops = UINT64_MAX },
		{ .name = "eth1", .state = SOURCE_IFACE_AWAY, .packets = 100,
		  .kernel_drops = UINT64_MAX, .iface_drops = 4 },
	};

	s.iface = iface;
	s.ifaces = 2;
	emitter_stats(d->emitter, &s);
}

static bool
has(const char *json, const char *part)
{
	if (strstr(json, part) != NULL)
		return true;
	(void)fprintf(stderr, "no %s in\n%s\n", part, json);
	return false;
}

/* One event of each type and many kinds; what the validator reads. */
static void
all_events(struct desk *d)
{
	desk_bulk(d);
	(void)emitter_verdict(d->emitter, &d->verdict);
	d->verdict.update = true;
	d->verdict.suppressed = 41;
	d->verdict.first = (struct event_ref){ LANE_ALERT, 3, 1 };
	(void)emitter_verdict(d->emitter, &d->verdict);
	flow_event(d);
	desk_voice(d);
	(void)emitter_verdict(d->emitter, &d->verdict);
	desk_chunks(d);
	(void)emitter_verdict(d->emitter, &d->verdict);
	desk_bulk(d);
	OBSERVATION_SET(&d->o, transport, TRANSPORT_ICMP);
	OBSERVATION_SET(&d->o, src_port, 0x0800);
	OBSERVATION_SET(&d->o, dest_port, 0);
	OBSERVATION_SET(&d->o, dns_queries, 100);
	OBSERVATION_SET(&d->o, dns_bytes, 12000);
	OBSERVATION_SET(&d->o, dest_logical, word(d, "t.example"));
	(void)emitter_verdict(d->emitter, &d->verdict);
	stats_event(d);
	emitter_anomaly(d->emitter, (struct pkt_time){ SAMPLE_T0 }, SEVERITY_HIGH,
	    "classifier-off", "the classifier died 20 times in 10 s and rests for 60 s");
	d->sink.refuse = 1;
	emitter_anomaly(d->emitter, (struct pkt_time){ SAMPLE_T0 }, SEVERITY_INFO, "lost",
	    "lost");
	emitter_anomaly(d->emitter, (struct pkt_time){ SAMPLE_T0 }, SEVERITY_INFO, "next",
	    "next");
}

static void
test_every_event_is_one_valid_line(void **state)
{
	(void)state;
	for (int live = 0; live < 2; live++) {
		struct desk d;

		desk_open_as(&d, live != 0, false);
		all_events(&d);
		assert_int_equal(d.sink.n, 10);
		for (unsigned i = 0; i < d.sink.n; i++) {
			assert_true(json_check(d.sink.json[i], strlen(d.sink.json[i])));
			assert_memory_equal(d.sink.json[i], "{\"timestamp\":\"", 14);
			assert_true(has(d.sink.json[i],
			    live ? "sensor-1" : "meeting.pcap"));
		}
		desk_close(&d);
	}
}

static void
test_an_alert_says_who_to_whom_how_much_and_why(void **state)
{
	struct desk d;
	const char *j;

	(void)state;
	desk_open(&d);
	desk_bulk(&d);
	(void)emitter_verdict(d.emitter, &d.verdict);
	j = d.sink.json[0];
	assert_true(has(j,
	    "{\"timestamp\":\"2025-11-22T05:48:00.000000Z\",\"event_type\":\"alert\","
	    "\"host\":\"sensor-1\",\"pcap_filename\":\"meeting.pcap\",\"flow_id\":4711,"));
	assert_true(has(j, "\"src_ip\":\"10.20.0.13\",\"src_port\":40000,"
	    "\"dest_ip\":\"203.0.113.9\",\"dest_port\":443,\"proto\":\"TCP\",\"app_proto\":\"tls\""));
	assert_true(has(j, "\"tls\":{\"sni\":\"files.example\"},\"ether\":{"
	    "\"src_mac\":\"3c:52:82:11:0a:11\"}"));
	assert_true(has(j, "\"pkts_toserver\":14286,\"pkts_toclient\":7143,"
	    "\"bytes_toserver\":21000000,\"bytes_toclient\":400000,"));
	assert_true(has(j, "\"alert\":{\"action\":\"allowed\",\"gid\":1,"
	    "\"signature_id\":9100008,\"rev\":2,\"signature\":\"bulk-upload-unlisted\","));
	assert_true(has(j,
	    "\"severity\":2,\"metadata\":{\"mitre_technique_id\":[\"T1048.002\"],"
	    "\"mitre_related\":[\"T1123\",\"T1429\"]}}"));
	assert_true(has(j,
	    "\"severity\":\"medium\",\"explain\":\"meeting-room-3 sent 20.2 MB to "
	    "files.example (tls, unknown)\""));
	assert_true(has(j, "\"window\":{\"start\":\"2025-11-22T05:37:00.000000Z\","
	    "\"end\":\"2025-11-22T05:48:00.000000Z\",\"seconds\":660,\"bytes_up\":20200000}"));
	assert_true(has(j, "\"speech\":\"20.2 MB = 1 h 52 min of speech at 24 kbit/s\""));
	assert_true(has(j,
	    "\"why\":[{\"cond\":\"upload >= 1 MB within 1 h per device, dest\","
	    "\"op\":\">=\",\"limit\":1000000,\"observed\":20200000,\"unit\":\"B\","
	    "\"passed\":true},"));
	assert_true(has(j,
	    "{\"cond\":\"not dest in known\",\"op\":\"in\",\"limit\":\"known\","
	    "\"observed\":\"files.example\",\"passed\":true}"));
	assert_true(has(j, "{\"cond\":\"dest.new\",\"op\":\"is\",\"passed\":null}"));
	assert_true(has(j, "\"vendor\":\"Polycom\",\"random\":false,\"ip\":"));
	assert_true(has(j, "\"known\":false,\"looked_up\":true,\"devices\":1}"));
	assert_true(has(j, "\"suppressed_count\":0,\"update\":false,\"rules_version\""));
	assert_null(strstr(j, "dest.new\",\"op\":\"is\",\"observed"));
	desk_close(&d);
}

static void
test_live_sound_is_told_in_seconds_of_itself(void **state)
{
	struct desk d;
	const char *j;

	(void)state;
	desk_open_as(&d, true, false);
	desk_voice(&d);
	(void)emitter_verdict(d.emitter, &d.verdict);
	j = d.sink.json[0];
	assert_true(has(j, "\"in_iface\":\"eth1\",\"vlan\":[20],"));
	assert_true(has(j,
	    "\"audio\":{\"score\":4.96,\"shape\":\"constant\",\"seconds\":40,"
	    "\"bitrate_bps\":64000,\"frame_ms\":20,\"codec_guess\":\"g711-alaw\"}"));
	assert_true(has(j, "for 40 s\""));
	assert_null(strstr(j, "\"speech\""));
	assert_null(strstr(j, "\"flow\":{"));
	assert_true(has(j, "\"seen\":{\"loss\":true,\"half\":false,\"truncated\":false,"
	    "\"quarantined\":false,\"midstream\":true}"));
	desk_close(&d);
}

static void
test_an_update_names_the_event_it_belongs_to(void **state)
{
	struct desk d;
	struct event_ref first;

	(void)state;
	desk_open(&d);
	desk_bulk(&d);
	first = emitter_verdict(d.emitter, &d.verdict);
	assert_int_equal(first.seq, 1);
	d.verdict.update = true;
	d.verdict.suppressed = 41;
	d.verdict.first = first;
	(void)emitter_verdict(d.emitter, &d.verdict);
	{
		char id[96];
		const char *at = strstr(d.sink.json[0], "\"event_id\":");

		assert_non_null(at);
		(void)snprintf(id, sizeof(id), "\"related\":[%.*s]",
		    (int)(strchr(at, ',') - at - 11), at + 11);
		assert_true(has(d.sink.json[1], id));
	}
	assert_true(has(d.sink.json[1], "\"suppressed_count\":41,\"update\":true"));
	assert_true(has(d.sink.text[1], "update: 41 more"));
	desk_close(&d);
}

static const struct {
	const char *bytes;
	size_t n;
	const char *want;		/* in JSON */
} hostile[] = {
#define H(s, w) { s, sizeof(s) - 1, w }
	H("a\033[31mb", "a\\u001b[31mb"),
	H("a\r\nb", "a\\u000d\\u000ab"),
	H("a\0b", "a\\u0000b"),
	H("a\xe2\x80\xae" "b", "a\\u202eb"),
	H("a\xe2\x80\x8b" "b\xef\xbb\xbf", "a\\u200bb\\ufeff"),
	H("a\xc2\x9b" "31m", "a\\u009b31m"),
	H("\xc0\xaf", "\\u00c0\\u00af"),	/* overlong '/' */
	H("\xe0\x80\xaf", "\\u00e0\\u0080\\u00af"),
	H("\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"),
	H("\xed\xa0\x80", "\\u00ed\\u00a0\\u0080"),	/* a lone surrogate */
	H("\xff\xfe", "\\u00ff\\u00fe"),
	H("cut \xe2\x82", "cut \\u00e2\\u0082"),
	H("\"\\", "\\\"\\\\"),
	H("</script>", "\\u003c/script>"),
	H("\xf3\xa0\x81\x81", "\\udb40\\udc41"),	/* a tag character */
	H("\x7f", "\\u007f"),
	H("\xc3\xa9\xf0\x9f\x8e\xa4", "\xc3\xa9\xf0\x9f\x8e\xa4"),
#undef H
};

static void
test_hostile_names_are_escaped_in_json_and_on_the_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct desk d;
		char want[128];

		desk_open(&d);
		desk_bulk(&d);
		OBSERVATION_SET(&d.o, tls_sni,
		    intern_put(d.strings, hostile[i].bytes, hostile[i].n));
		OBSERVATION_SET(&d.o, dest_name, d.o.tls_sni);
		OBSERVATION_SET(&d.o, device_name, d.o.tls_sni);
		OBSERVATION_SET(&d.o, device_key, d.o.tls_sni);
		(void)emitter_verdict(d.emitter, &d.verdict);
		(void)snprintf(want, sizeof(want), "\"sni\":\"%s\"", hostile[i].want);
		assert_true(has(d.sink.json[0], want));
		assert_true(json_check(d.sink.json[0], strlen(d.sink.json[0])));
		for (const char *p = d.sink.text[0]; *p != '\0'; p++)
			assert_true(*p == '\n' ||
			    ((unsigned char)*p >= 0x20 && *p != 0x7f));
		assert_null(strstr(d.sink.text[0], "\xc2\x9b"));
		assert_null(strstr(d.sink.text[0], "\xe2\x80\xae"));
		desk_close(&d);
	}
}

static void
test_what_is_too_long_is_cut_to_fit(void **state)
{
	static const char unit[] = "\xe2\x80\xae\"\\\033 x";
	struct desk d;
	char *big = malloc(65536 + 1);

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < 65536; i++)
		big[i] = unit[i % (sizeof(unit) - 1)];
	big[65536] = '\0';
	desk_open(&d);
	desk_bulk(&d);
	d.rule.name = big;
	d.rule.explain = big;
	d.note[0] = d.note[1] = big;
	d.verdict.notes = 2;
	d.x[1].text = d.x[4].text = d.x[6].text = d.x[7].text = big;
	d.reason[1].observed.text = big;
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		uint32_t id = intern_put(d.strings, big + f, INTERN_MAX);

		if (observation_field[f].type != FIELD_TEXT)
			continue;
		memcpy((uint8_t *)&d.o + observation_field[f].offset, &id, sizeof(id));
		d.o.known[f / 64] |= UINT64_C(1) << (f % 64);
	}
	(void)emitter_verdict(d.emitter, &d.verdict);
	assert_int_equal(d.sink.n, 1);
	assert_true(json_check(d.sink.json[0], strlen(d.sink.json[0])));
	assert_true(has(d.sink.json[0], "\xe2\x80\xa6\""));
	assert_true(has(d.sink.json[0], "\"event_id\":\"sensor-1:file-0123abcd:alert:"));
	emitter_anomaly(d.emitter, (struct pkt_time){ SAMPLE_T0 }, SEVERITY_LOW, big,
	    big);
	assert_true(json_check(d.sink.json[1], strlen(d.sink.json[1])));
	desk_close(&d);
	free(big);
}

static void
test_what_was_refused_is_told_as_a_gap_and_numbers_go_on(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d);
	desk_bulk(&d);
	(void)emitter_verdict(d.emitter, &d.verdict);		/* 1 */
	d.sink.refuse = 4;	/* 2 is refused; then the gap for it,
				 * with 3 and 4 and 5 */
	assert_int_equal(emitter_verdict(d.emitter, &d.verdict).seq, 2);
	assert_int_equal(emitter_verdict(d.emitter, &d.verdict).seq, 3);
	assert_int_equal(emitter_verdict(d.emitter, &d.verdict).seq, 4);
	assert_int_equal(emitter_verdict(d.emitter, &d.verdict).seq, 5);
	assert_int_equal(emitter_lost(d.emitter), 4);
	assert_int_equal(d.sink.n, 1);
	assert_int_equal(emitter_verdict(d.emitter, &d.verdict).seq, 7);
	assert_int_equal(d.sink.n, 3);
	assert_int_equal(d.sink.head[1].seq, 6);
	assert_int_equal(d.sink.head[1].kind, EVENT_GAP);
	assert_int_equal(d.sink.head[1].type, EVENT_TYPE_ANOMALY);
	assert_int_equal(d.sink.head[1].partition, d.sink.head[0].partition);
	assert_true(has(d.sink.json[1], "\"gap\":{\"from\":2,\"to\":5,\"count\":4,"));
	assert_int_equal(d.sink.head[2].seq, 7);
	/* The flow lane has numbers of its own. */
	flow_event(&d);
	assert_int_equal(d.sink.head[3].seq, 1);
	assert_int_equal(d.sink.head[3].lane, LANE_FLOW);
	/* A lane that falls silent is told at the next stats. */
	d.sink.refuse = 1;
	flow_event(&d);
	stats_event(&d);
	assert_int_equal(d.sink.head[4].kind, EVENT_GAP);
	assert_int_equal(d.sink.head[4].lane, LANE_FLOW);
	assert_int_equal(d.sink.head[4].seq, 3);
	assert_int_equal(d.sink.head[5].type, EVENT_TYPE_STATS);
	desk_close(&d);
}

static void
test_numbers_are_contiguous_in_every_partition(void **state)
{
	struct desk d;
	uint64_t next[EVENT_PARTITIONS] = { 0 };
	unsigned used = 0;

	(void)state;
	desk_open(&d);
	desk_bulk(&d);
	for (unsigned i = 0; i < KEPT; i++) {
		char key[24];

		(void)snprintf(key, sizeof(key), "device-%u", i);
		OBSERVATION_SET(&d.o, device_key, word(&d, key));
		(void)emitter_verdict(d.emitter, &d.verdict);
		assert_true(d.sink.head[i].partition < EVENT_PARTITIONS);
		used += next[d.sink.head[i].partition] == 0;
		assert_int_equal(d.sink.head[i].seq, ++next[d.sink.head[i].partition]);
	}
	assert_true(used > 8);
	desk_close(&d);
}

static void
test_unknown_drop_counters_are_absent(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d);
	stats_event(&d);
	assert_true(has(d.sink.json[0], "\"cut-ipv4\":7,"));
	assert_true(has(d.sink.json[0], "\"iface_drops\":4,"));
	assert_true(has(d.sink.json[0], "\"interfaces\":["
	    "{\"name\":\"eth0\",\"state\":\"here\",\"packets\":900,"
	    "\"iface_drops\":0},"
	    "{\"name\":\"eth1\",\"state\":\"away\",\"packets\":100,"
	    "\"iface_drops\":4}]"));
	assert_null(strstr(d.sink.json[0], "kernel_drops"));
	assert_null(strstr(d.sink.json[0], "lag_ms"));
	assert_int_equal(d.sink.head[0].text_len, 0);
	desk_close(&d);
}

static void
test_the_text_fits_a_terminal_and_colour_is_asked_for(void **state)
{
	(void)state;
	for (int colour = 0; colour < 2; colour++) {
		struct desk d;

		desk_open_as(&d, false, colour != 0);
		all_events(&d);
		for (unsigned i = 0; i < d.sink.n; i++) {
			unsigned lines = 0, column = 0;

			assert_true((strchr(d.sink.text[i], '\033') != NULL) ==
			    (colour && d.sink.head[i].type != EVENT_TYPE_STATS &&
			    d.sink.head[i].type != EVENT_TYPE_FLOW));
			for (const char *p = d.sink.text[i]; *p != '\0'; p++) {
				column = *p == '\n' ? 0 : column + 1;
				lines += *p == '\n';
				assert_true(column <= (colour ? 115 : 100));
			}
			assert_true(lines <= 10);
		}
		assert_true(has(d.sink.text[0], "MEDIUM"));
		assert_true(has(d.sink.text[0], "1 h 52 min of speech"));
		assert_true(has(d.sink.text[0], "not in the inventory"));
		desk_close(&d);
	}
}

static void
test_speech_is_told_in_hours(void **state)
{
	char buf[48];

	(void)state;
	assert_string_equal(speech_text(20200000, 0, buf),
	    "20.2 MB = 1 h 52 min of speech at 24 kbit/s");
	assert_string_equal(speech_text(300, 24, buf),
	    "300 B = 0 s of speech at 24 kbit/s");
	assert_string_equal(speech_text(UINT64_C(8000000000), 178, buf),
	    "8 GB = 99 h 52 min of speech at 178 kbit/s");
	assert_string_equal(speech_text(UINT64_MAX, 24, buf),
	    "18.4 EB = over 10,000 h of speech at 24 kbit/s");
}

static bool
wants_stats(void *arg, enum event_type type)
{
	(void)arg;
	return type == EVENT_TYPE_STATS;
}

static void
test_what_nobody_wants_has_its_number_and_is_not_made(void **state)
{
	struct sink sink = { 0 };
	struct emitter_options o = { .sensor = "a", .boot = "1", .arg = &sink, .put = put,
		.wanted = wants_stats };
	struct emitter *e = emitter_create(&o, NULL);
	const struct sensor_stats stats = { .lag_ns = -1 };

	(void)state;
	assert_non_null(e);
	emitter_anomaly(e, (struct pkt_time){ 1 }, SEVERITY_LOW, "x", "y");
	assert_int_equal(sink.n, 0);
	emitter_stats(e, &stats);
	assert_int_equal(sink.n, 1);
	assert_int_equal(sink.head[0].seq, 2);
	assert_int_equal(emitter_lost(e), 0);
	free(sink.json[0]);
	free(sink.text[0]);
	emitter_destroy(e);
}

static void
test_a_sensor_name_that_cannot_be_in_an_id_is_refused(void **state)
{
	struct emitter_options o = { .sensor = "a:b", .boot = "1", .put = put };
	struct fault why = { "", "" };

	(void)state;
	assert_null(emitter_create(&o, &why));
	assert_true(why.what[0] != '\0');
	o.sensor = "";
	assert_null(emitter_create(&o, &why));
}

struct bytes {
	char *buf;
	size_t len;
};

static void
keep_bytes(void *arg, const char *s, size_t n)
{
	struct bytes *to = arg;

	memcpy(to->buf + to->len, s, n);
	to->len += n;
	to->buf[to->len] = '\0';
}

static void
test_schema_and_field_table_print_every_path(void **state)
{
	struct bytes to = { malloc(1 << 20), 0 };
	size_t n = 0;

	(void)state;
	assert_non_null(to.buf);
	event_schema_print(keep_bytes, &to);
	for (size_t i = 0; i < to.len; i++)	/* its line breaks are
						 * the only spaces it needs */
		if (to.buf[i] != '\n')
			to.buf[n++] = to.buf[i];
	assert_true(json_check(to.buf, n));
	to.buf[n] = '\0';
	assert_true(has(to.buf, "\"codec_guess\":{"));
	to.len = 0;
	event_fields_print(keep_bytes, &to);
	assert_true(has(to.buf, "earshot.why[].passed"));
	assert_true(has(to.buf, "stats.drops.cut-ipv4"));
	free(to.buf);
}

static void
to_stdout(void *arg, const char *s, size_t n)
{
	(void)arg;
	(void)fwrite(s, 1, n, stdout);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_event_is_one_valid_line),
		cmocka_unit_test(test_an_alert_says_who_to_whom_how_much_and_why),
		cmocka_unit_test(test_live_sound_is_told_in_seconds_of_itself),
		cmocka_unit_test(test_an_update_names_the_event_it_belongs_to),
		cmocka_unit_test(
		    test_hostile_names_are_escaped_in_json_and_on_the_terminal),
		cmocka_unit_test(test_what_is_too_long_is_cut_to_fit),
		cmocka_unit_test(
		    test_what_was_refused_is_told_as_a_gap_and_numbers_go_on),
		cmocka_unit_test(test_numbers_are_contiguous_in_every_partition),
		cmocka_unit_test(test_unknown_drop_counters_are_absent),
		cmocka_unit_test(test_the_text_fits_a_terminal_and_colour_is_asked_for),
		cmocka_unit_test(test_speech_is_told_in_hours),
		cmocka_unit_test(test_what_nobody_wants_has_its_number_and_is_not_made),
		cmocka_unit_test(test_a_sensor_name_that_cannot_be_in_an_id_is_refused),
		cmocka_unit_test(test_schema_and_field_table_print_every_path),
	};

	if (argc > 1 && strcmp(argv[1], "schema") == 0) {
		event_schema_print(to_stdout, NULL);
		return 0;
	}
	if (argc > 1) {
		for (int live = 0; live < 2; live++) {
			struct desk d;

			desk_open_as(&d, live != 0, strcmp(argv[1], "colour") == 0);
			all_events(&d);
			for (unsigned i = 0; i < d.sink.n; i++)
				(void)puts(strcmp(argv[1], "events") == 0 ?
				    d.sink.json[i] : d.sink.text[i]);
			desk_close(&d);
		}
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
