/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow_event: one table says which member of an event is which field of a record. */
#include "rules/bench/flow_event.h"

#include "capture/base/ptime.h"
#include "capture/flow/zone.h"
#include "classify/dpi/vocabulary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 3				/* "earshot.device.key" */
#define PATH_ROOM 64

/* X(path, member): the field's own type says how it is read. */
#define FLOW_MEMBERS(X) \
	X("src_ip", src_ip) X("src_port", src_port) X("dest_ip", dest_ip) \
	X("dest_port", dest_port) X("app_proto", app) X("ndpi.category", app_category) \
	X("ndpi.confidence", app_confidence) X("ndpi.risk", app_risks) \
	X("tls.sni", tls_sni) X("quic.sni", quic_sni) \
	X("http.hostname", http_host) X("http.http_method", http_method) \
	X("flow.pkts_toserver", pkts_up) X("flow.pkts_toclient", pkts_down) \
	X("flow.bytes_toserver", wire_up) X("flow.bytes_toclient", wire_down) \
	X("flow.start", flow_start) X("flow.end", flow_last) \
	X("earshot.device.key", device_key) X("earshot.device.name", device_name) \
	X("earshot.device.mac", device_mac) X("earshot.device.vendor", device_vendor) \
	X("earshot.device.random", device_random) X("earshot.device.owner", device_owner) \
	X("earshot.device.role", device_role) X("earshot.device.room", device_room) \
	X("earshot.device.known", device_known) X("earshot.device.first_seen", device_seen) \
	X("earshot.dest.key", dest_key) X("earshot.dest.name", dest_name) \
	X("earshot.dest.name_source", dest_name_source) \
	X("earshot.dest.claimed", dest_claimed) X("earshot.dest.logical", dest_logical) \
	X("earshot.dest.certificate", tls_certificate) \
	X("earshot.dest.looked_up", dest_looked_up) \
	X("earshot.dest.first_seen", dest_since) X("earshot.dest.new", dest_new) \
	X("earshot.dest.new_to_device", dest_new_to_device) X("earshot.dest.asn", dest_asn) \
	X("earshot.dest.as_org", dest_as_org) X("earshot.dest.country", dest_country) \
	X("earshot.dest.devices", dest_devices) \
	X("earshot.window.bytes_up", upload) X("earshot.window.bytes_down", download) \
	X("earshot.content.class", content) X("earshot.content.format", content_format) \
	X("earshot.content.proof", content_proof) X("earshot.content.type", content_type) \
	X("earshot.content.name", content_name) X("earshot.content.length", content_length) \
	X("earshot.content.codec", content_codec) \
	X("earshot.content.bitrate_bps", content_rate) \
	X("earshot.content.seconds", content_seconds) \
	X("earshot.content.bytes_unseen", unseen) X("earshot.tunnel", tunnel) \
	X("earshot.ended", flow_end)

static const struct {
	const char *path;
	enum field field;
} member[] = {
#define X(path, m) { path, FIELD_##m },
	FLOW_MEMBERS(X)
#undef X
};

/* What an event says beside fields. */
struct said {
	bool flow;
	char proto[12];
	int64_t time;
};

static void
set(struct observation *o, enum field f, const void *value, size_t n)
{
	memcpy((uint8_t *)o + observation_field[f].offset, value, n);
	o->known[f / 64] |= UINT64_C(1) << f % 64;
}

static bool
word_of(const struct json_value *v, enum vocabulary from, uint16_t *out)
{
	char text[64];
	const char *word;

	(void)parse_text(v, text, sizeof(text));
	for (unsigned i = 0; (word = any_word(from, i)) != NULL; i++)
		if (strcmp(word, text) == 0) {
			*out = (uint16_t)i;
			return true;
		}
	return false;
}

static bool
time_of(const struct json_value *v, int64_t *ns)
{
	char text[48];

	return v->type == '"' && parse_text(v, text, sizeof(text)) > 0 && parse_time(text, ns);
}

static void
take(struct observation *o, enum field f, const struct json_value *v, struct intern *strings)
{
	char text[INTERN_MAX + 1];
	struct span in = parse_inside(v);
	struct json_value e;
	struct addr ip;
	uint64_t u, bits = 0;
	uint32_t id;
	uint16_t w;
	int64_t i;
	double n;

	switch (observation_field[f].type) {
	case FIELD_BOOL:
		if (v->type == 't' || v->type == 'f')
			set(o, f, &(uint8_t){ v->type == 't' }, 1);
		return;
	case FIELD_COUNT:
	case FIELD_BYTES:
		if (parse_uint(v, &u))
			set(o, f, &u, sizeof(u));
		return;
	case FIELD_NUMBER:
	case FIELD_RATE:
		n = parse_number(v);
		if (v->type == '0')
			set(o, f, &n, sizeof(n));
		return;
	case FIELD_DURATION:
		n = parse_number(v);
		i = n > 0 && n < 1e9 ? (int64_t)(n * 1e9) : 0;
		if (v->type == '0')
			set(o, f, &i, sizeof(i));
		return;
	case FIELD_MOMENT:
		if (time_of(v, &i))
			set(o, f, &i, sizeof(i));
		return;
	case FIELD_TEXT:
		if (v->type != '"')
			return;
		id = intern_put(strings, text, parse_text(v, text, sizeof(text)));
		set(o, f, &id, sizeof(id));
		return;
	case FIELD_ADDRESS:
		if (addr_parse(text, parse_text(v, text, sizeof(text)), &ip))
			set(o, f, &ip, sizeof(ip));
		return;
	case FIELD_PORT:
		w = 0;
		if (parse_uint(v, &u) && u <= UINT16_MAX) {
			w = (uint16_t)u;
			set(o, f, &w, sizeof(w));
		}
		return;
	case FIELD_MAC:
		if (mac_parse(text, parse_text(v, text, sizeof(text)), &u))
			set(o, f, &u, sizeof(u));
		return;
	case FIELD_WORD:
		if (word_of(v, observation_field[f].vocabulary, &w))
			set(o, f, &w, sizeof(w));
		return;
	case FIELD_WORDS:
		while (v->type == '[' && in.left > 0 && parse_element(&in, &e))
			if (word_of(&e, observation_field[f].vocabulary, &w) && w < 64)
				bits |= UINT64_C(1) << w;
		set(o, f, &bits, sizeof(bits));
		return;
	}
}

static void
take_seen(struct observation *o, const char *word, bool is)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} bits[] = { { "loss", SEEN_LOSS }, { "half", SEEN_HALF },
		{ "truncated", SEEN_TRUNCATED }, { "quarantined", SEEN_QUARANTINED },
		{ "midstream", SEEN_MIDSTREAM } };

	for (size_t i = 0; is && i < sizeof(bits) / sizeof(bits[0]); i++)
		if (strcmp(word, bits[i].word) == 0)
			o->seen |= bits[i].bit;
}

static void
one(struct observation *o, struct said *said, const char *path, const struct json_value *v,
    struct intern *strings)
{
	char text[24];
	uint64_t u;

	if (strcmp(path, "event_type") == 0) {
		said->flow = parse_text(v, text, sizeof(text)) == 4 &&
		    strcmp(text, "flow") == 0;
	} else if (strcmp(path, "timestamp") == 0) {
		(void)time_of(v, &said->time);
	} else if (strcmp(path, "proto") == 0) {
		(void)parse_text(v, said->proto, sizeof(said->proto));
	} else if (strcmp(path, "flow_id") == 0) {
		if (parse_uint(v, &u))
			o->flow_id = u;
	} else if (strncmp(path, "earshot.seen.", 13) == 0) {
		take_seen(o, path + 13, v->type == 't');
	} else {
		for (size_t i = 0; i < sizeof(member) / sizeof(member[0]); i++)
			if (strcmp(member[i].path, path) == 0) {
				take(o, member[i].field, v, strings);
				return;
			}
	}
}

/* Objects in objects, to DEPTH, without recursion: where each is read on is kept. */
static void
walk(struct observation *o, struct said *said, const struct json_value *doc,
    struct intern *strings)
{
	struct span in[DEPTH] = { parse_inside(doc) };
	size_t len[DEPTH] = { 0 };
	struct json_value k, v;
	char path[PATH_ROOM];
	unsigned at = 0;

	for (;;) {
		size_t n;

		if (in[at].left == 0 || !parse_member(&in[at], &k, &v)) {
			if (at-- == 0)
				return;
			continue;
		}
		n = k.raw.left < 2 ? 0 : k.raw.left - 2;
		if (len[at] + n + 2 > sizeof(path))
			continue;
		memcpy(path + len[at], k.raw.at + 1, n);
		path[len[at] + n] = '\0';
		if (v.type == '{' && at + 1 < DEPTH) {
			path[len[at] + n] = '.';
			len[at + 1] = len[at] + n + 1;
			in[at + 1] = parse_inside(&v);
			at++;
			continue;
		}
		one(o, said, path, &v, strings);
	}
}

static uint16_t
transport_of(const char *proto)
{
	if (strcmp(proto, "TCP") == 0)
		return TRANSPORT_TCP;
	if (strcmp(proto, "UDP") == 0)
		return TRANSPORT_UDP;
	return strncmp(proto, "ICMP", 4) == 0 || strcmp(proto, "IPv6-ICMP") == 0 ?
	    TRANSPORT_ICMP : TRANSPORT_OTHER;
}

bool
flow_event_record(struct span line, const struct prefix_set *home, struct intern *strings,
    struct observation *out)
{
	struct zone zone = { home->n > 0 ? *home : zone_default_home };
	struct json_value doc;
	struct said said = { .flow = false };
	bool up;

	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->version = OBSERVATION_VERSION;
	out->kind = OBSERVATION_CLOSE;
	if (!parse_document(line, &doc) || doc.type != '{')
		return false;
	walk(out, &said, &doc, strings);
	if (!said.flow || !observation_known(out, FIELD_src_ip) ||
	    !observation_known(out, FIELD_dest_ip))
		return false;
	out->time = said.time;
	if (said.time == 0 && observation_known(out, FIELD_flow_last))
		out->time = out->flow_last;
	up = zone_inside(&zone, &out->src_ip) && !zone_inside(&zone, &out->dest_ip) &&
	    !addr_is_group(&out->dest_ip);
	OBSERVATION_SET(out, outbound, up);
	OBSERVATION_SET(out, transport, transport_of(said.proto));
	OBSERVATION_SET(out, dest_settled, true);
	OBSERVATION_SET(out, quarantined, (out->seen & SEEN_QUARANTINED) != 0);
	if (!up)
		return true;
	if (observation_known(out, FIELD_upload) && !observation_known(out, FIELD_unseen))
		OBSERVATION_SET(out, unseen, out->upload);
	if (observation_known(out, FIELD_upload) && observation_known(out, FIELD_download) &&
	    out->upload > 0 && (out->seen & SEEN_HALF) == 0)
		OBSERVATION_SET(out, way_bytes, (double)out->download / (double)out->upload);
	return true;
}
