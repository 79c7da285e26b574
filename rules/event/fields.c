/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fields: the value of each field of an event. Nothing is invented: what the record does
 * not know is absent. See event_table.h for the rows, why.c for the conditions of a rule.
 */
#include "rules/event/fields.h"

#include "capture/decode/packet.h"
#include "classify/dpi/vocabulary.h"
#include "rules/eval/truth.h"
#include "rules/event/human.h"
#include "rules/event/snapshot.h"
#include "rules/event/why.h"

#include <stdio.h>
#include <string.h>

#define SCHEMA_NAME "earshot-event/1.0"

static bool get_common(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out);
static bool get_flow(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out);
static bool get_alert(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out);
static bool get_ends(const struct event_source *s, enum event_field f,
    struct event_value *out);
static bool get_heard(const struct event_source *s, enum event_field f,
    struct event_value *out);
static bool get_rest(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out);
static bool of_field(const struct event_source *s, enum field f, struct event_value *out);

static bool
text(struct event_value *out, const void *bytes, size_t n)
{
	out->kind = VALUE_TEXT;
	out->text = span_of(bytes, n);
	return true;
}

static bool
text_z(struct event_value *out, const char *z)
{
	return z != NULL && text(out, z, strlen(z));
}

static bool
name(struct event_value *out, const char *z)
{
	out->kind = VALUE_NAME;
	out->name = z;
	return z != NULL;
}

static bool
uint_of(struct event_value *out, uint64_t u)
{
	out->kind = VALUE_UINT;
	out->u = u;
	return true;
}

static bool
version_of(struct event_value *out, int n)
{
	return uint_of(out, n < 0 ? 0 : (uint64_t)n);
}

static bool
number(struct event_value *out, double n)
{
	out->kind = VALUE_NUMBER;
	out->n = n;
	return n == n && n - n == 0;
}

static bool
flag(struct event_value *out, bool b)
{
	out->kind = VALUE_BOOL;
	out->b = b;
	return true;
}

static bool
moment(struct event_value *out, int64_t ns)
{
	out->kind = VALUE_TIME;
	out->time = ns;
	return true;
}

bool
event_get(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	if (f < F_FLOW_ID)
		return get_common(s, f, i, out);
	if (f < F_ALERT_ACTION)
		return s->rec != NULL && get_flow(s, f, i, out);
	if (f < F_S_PACKETS)
		return get_alert(s, f, i, out);
	if (f < F_SCHEMA)
		return s->stats != NULL && event_get_stats(s->stats, f, i, out);
	if (f >= F_DEVICE_KEY && f <= F_DEST_DEVICES)
		return s->rec != NULL && i == 0 && get_ends(s, f, out);
	if (f >= F_WINDOW_START && f <= F_ENDED)
		return s->rec != NULL && i == 0 && get_heard(s, f, out);
	if (f >= F_WHY_COND && f <= F_WHY_PASSED)
		return s->v != NULL && i < s->v->reasons && why_get(s->v, f, i, out);
	return get_rest(s, f, i, out);
}

static bool
get_common(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	switch ((unsigned)f) {
	case F_TIMESTAMP:
		return moment(out, s->time.ns);
	case F_EVENT_TYPE:
		return name(out, event_type_name(s->type));
	case F_HOST:
		return name(out, s->o->sensor);
	case F_IN_IFACE:
		if (s->iface != NULL)
			return text_z(out, s->iface);
		return s->rec != NULL && s->o->iface != NULL &&
		    s->rec->source < s->o->ifaces &&
		    text_z(out, s->o->iface[s->rec->source]);
	case F_PCAP:
		return text_z(out, s->o->input);
	case F_VLAN:
		return i == 0 && s->rec != NULL && of_field(s, FIELD_vlan, out);
	}
	return false;
}

/* ICMP keeps type and code where ports are; they are no ports in an event. */
static bool
has_ports(const struct observation *o)
{
	return observation_known(o, FIELD_transport) &&
	    (o->transport == TRANSPORT_TCP || o->transport == TRANSPORT_UDP);
}

static bool
get_flow(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	const struct observation *o = s->rec;
	bool counted = observation_known(o, FIELD_pkts_up) &&
	    observation_known(o, FIELD_wire_up);
	bool timed = observation_known(o, FIELD_flow_start) &&
	    observation_known(o, FIELD_flow_last) && counted;

	if (i > 0 && f != F_NDPI_RISK)
		return false;
	switch ((unsigned)f) {
	case F_FLOW_ID:
		return o->flow_id != 0 &&
		    uint_of(out, o->flow_id & ((UINT64_C(1) << 51) - 1));
	case F_COMMUNITY:
		return s->community[0] != '\0' && name(out, s->community);
	case F_SRC_IP:
		return name(out, addr_print(&o->src_ip, out->buf));
	case F_SRC_PORT:
		return has_ports(o) && of_field(s, FIELD_src_port, out);
	case F_DEST_IP:
		return name(out, addr_print(&o->dest_ip, out->buf));
	case F_DEST_PORT:
		return has_ports(o) && of_field(s, FIELD_dest_port, out);
	case F_PROTO:
		if (!observation_known(o, FIELD_transport))
			return false;
		return name(out, o->transport == TRANSPORT_TCP ? "TCP" :
		    o->transport == TRANSPORT_UDP ? "UDP" :
		    o->transport != TRANSPORT_ICMP ? NULL :
		    addr_is_v4(&o->src_ip) ? "ICMP" : "IPv6-ICMP");
	case F_APP_PROTO:
	case F_NDPI_PROTO:
		return of_field(s, FIELD_app, out);
	case F_NDPI_CATEGORY:
		return of_field(s, FIELD_app_category, out);
	case F_NDPI_CONFIDENCE:
		return observation_known(o, FIELD_app) &&
		    of_field(s, FIELD_app_confidence, out);
	case F_NDPI_RISK:
		if (!observation_known(o, FIELD_app_risks))
			return false;
		for (unsigned bit = 0; bit < 64; bit++)
			if ((o->app_risks >> bit & 1) != 0 && risk_word(bit) != NULL &&
			    i-- == 0)
				return text_z(out, risk_word(bit));
		return false;
	case F_TLS_SNI:
		return of_field(s, FIELD_tls_sni, out);
	case F_QUIC_SNI:
		return of_field(s, FIELD_quic_sni, out);
	case F_DNS_RRNAME:
		return observation_known(o, FIELD_dns_queries) &&
		    of_field(s, FIELD_dest_logical, out);
	case F_HTTP_HOST:
		return of_field(s, FIELD_http_host, out);
	case F_HTTP_METHOD:
		return of_field(s, FIELD_http_method, out);
	case F_SRC_MAC:
		return of_field(s, FIELD_device_mac, out);
	case F_PKTS_UP:
		return counted && uint_of(out, o->pkts_up);
	case F_PKTS_DOWN:
		return counted && uint_of(out, o->pkts_down);
	case F_BYTES_UP:
		return counted && uint_of(out, o->wire_up);
	case F_BYTES_DOWN:
		return counted && uint_of(out, o->wire_down);
	case F_FLOW_START:
		return timed && moment(out, o->flow_start);
	case F_FLOW_END:
		return timed && moment(out, o->flow_last);
	case F_FLOW_AGE:
		return timed && uint_of(out, o->flow_last < o->flow_start ? 0 :
		    (uint64_t)(o->flow_last - o->flow_start) / NS_PER_S);
	case F_FLOW_STATE:
		if (!counted)
			return false;
		if (observation_known(o, FIELD_flow_end) &&
		    (o->flow_end == FLOW_END_FIN || o->flow_end == FLOW_END_RST))
			return name(out, "closed");
		return name(out, o->pkts_up > 0 &&
		    o->pkts_down > 0 ? "established" : "new");
	}
	return false;
}

static bool
get_alert(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	static const uint8_t urgency[SEVERITY_COUNT] = { 1, 1, 2, 3, 4 };
	const struct rule *r = s->v == NULL ? NULL : s->v->rule;

	if (f == F_ANOMALY_TYPE && s->type == EVENT_TYPE_ANOMALY)
		return name(out, r != NULL ? "suspect" : "sensor");
	if (f == F_ANOMALY_EVENT && s->type == EVENT_TYPE_ANOMALY)
		return text_z(out, r != NULL ? r->name : s->signature);
	if (s->type != EVENT_TYPE_ALERT || r == NULL)
		return false;
	switch ((unsigned)f) {
	case F_ALERT_ACTION:
		return name(out, "allowed");
	case F_ALERT_GID:
		return uint_of(out, 1);
	case F_ALERT_SID:
		return uint_of(out, r->id);
	case F_ALERT_REV:
		return uint_of(out, r->rev);
	case F_ALERT_SIGNATURE:
		return text_z(out, r->name);
	case F_ALERT_CATEGORY:
		return text_z(out, event_kind_meaning(r->kind));
	case F_ALERT_SEVERITY:
		return uint_of(out, urgency[s->v->severity % SEVERITY_COUNT]);
	case F_ALERT_MITRE:
		return i < r->mitre_n && text_z(out, r->mitre[i]);
	case F_ALERT_RELATED:
		return i < r->related_n && text_z(out, r->related[i]);
	}
	return false;
}

unsigned
event_items(const struct event_source *s, enum event_field f)
{
	if (f == F_WHY)
		return s->v == NULL ? 0 : s->v->reasons;
	if (f == F_S_OUTPUTS)
		return s->stats == NULL || s->stats->outlet == NULL ? 0 :
		    s->stats->outlet->sinks;
	if (f == F_S_IFACES)
		return s->stats == NULL ? 0 : s->stats->ifaces;
	return 0;
}

static bool
get_output(const struct sink_state *k, enum event_field f, struct event_value *out)
{
	switch ((unsigned)f) {
	case F_S_OUT_TO: return text_z(out, k->name);
	case F_S_OUT_UP: return flag(out, k->up);
	case F_S_OUT_SENT: return uint_of(out, k->sent);
	case F_S_OUT_LOST: return uint_of(out, k->lost);
	case F_S_OUT_WAITING: return uint_of(out, k->waiting);
	case F_S_OUT_RECONNECTS: return uint_of(out, k->reconnects);
	case F_S_OUT_ERROR: return k->error[0] != '\0' && text_z(out, k->error);
	}
	return false;
}

static bool
get_iface(const struct source_iface *n, enum event_field f, struct event_value *out)
{
	switch ((unsigned)f) {
	case F_S_IF_NAME: return text_z(out, n->name);
	case F_S_IF_STATE: return name(out, source_iface_state_name(n->state));
	case F_S_IF_PACKETS: return uint_of(out, n->packets);
	case F_S_IF_KERNEL:
		return n->kernel_drops != UINT64_MAX && uint_of(out, n->kernel_drops);
	case F_S_IF_IFACE:
		return n->iface_drops != UINT64_MAX && uint_of(out, n->iface_drops);
	}
	return false;
}

bool
event_get_stats(const struct sensor_stats *t, enum event_field f, unsigned i,
    struct event_value *out)
{
	if (f > F_S_IFACES && f <= F_S_IF_IFACE)
		return i < t->ifaces && get_iface(&t->iface[i], f, out);
	if (f > F_S_OUTPUTS && f <= F_S_OUT_ERROR)
		return t->outlet != NULL && i < t->outlet->sinks &&
		    get_output(&t->outlet->sink[i], f, out);
	if (i > 0)
		return false;
	switch ((unsigned)f) {
#define X(id, path, type, have, must, rule, meaning) \
	case F_##id: \
		return t->drops != NULL && uint_of(out, t->drops[id]);
	DROPS(EVENT_DROP_ROW)
#undef X
	case F_S_PACKETS: return uint_of(out, t->packets);
	case F_S_USED: return uint_of(out, t->used);
	case F_S_BYTES: return uint_of(out, t->bytes);
	case F_S_SPOOL:
		return t->outlet != NULL && uint_of(out, t->outlet->spool_bytes);
	case F_S_KERNEL:
		return t->kernel_drops != UINT64_MAX && uint_of(out, t->kernel_drops);
	case F_S_IFACE:
		return t->iface_drops != UINT64_MAX && uint_of(out, t->iface_drops);
	case F_S_FLOWS: return uint_of(out, t->flows);
	case F_S_FLOWS_NOW: return uint_of(out, t->flows_now);
	case F_S_PAIRS_NOW: return uint_of(out, t->pairs_now);
	case F_S_EVICTED: return uint_of(out, t->evicted);
	case F_S_ORPHAN: return uint_of(out, t->fragments_orphan);
	case F_S_TAP_DUPLICATES: return flag(out, t->tap_duplicates);
	case F_S_COPIES: return uint_of(out, t->copies);
	case F_S_COPIES_KEPT: return uint_of(out, t->copies_kept);
	case F_S_COPIES_CROWDED: return uint_of(out, t->copies_crowded);
	case F_S_HALF: return uint_of(out, t->half_flows);
	case F_S_TAGS_DIFFER: return uint_of(out, t->tags_differ);
	case F_S_RECORDS: return uint_of(out, t->records);
	case F_S_VERDICTS: return uint_of(out, t->verdicts);
	case F_S_SUPPRESSED: return uint_of(out, t->suppressed);
	case F_S_SUM_KEYS: return uint_of(out, t->sum_keys);
	case F_S_SUM_EVICTED: return uint_of(out, t->sum_evicted);
	case F_S_SUM_ERROR: return uint_of(out, t->sum_error);
	case F_S_CELL_PACKETS: return uint_of(out, t->cell_packets);
	case F_S_CELL_DEATHS: return uint_of(out, t->cell_deaths);
	case F_S_CELL_HANGS: return uint_of(out, t->cell_hangs);
	case F_S_CELL_QUARANTINED: return uint_of(out, t->cell_quarantined);
	case F_S_BREAKER: return uint_of(out, t->breaker_trips);
	case F_S_RING_LOST: return uint_of(out, t->ring_lost);
	case F_S_OBSERVATIONS_LOST: return uint_of(out, t->observations_lost);
	case F_S_GAP_BYTES: return uint_of(out, t->gap_bytes);
	case F_S_NO_HEAD: return uint_of(out, t->no_head);
	case F_S_CALLS: return uint_of(out, t->calls_forgotten);
	case F_S_DEVICES: return uint_of(out, t->ends.devices);
	case F_S_DEVICES_LOST: return uint_of(out, t->ends.devices_forgotten);
	case F_S_LEASES: return uint_of(out, t->ends.leases);
	case F_S_LEASES_LOST: return uint_of(out, t->ends.leases_forgotten);
	case F_S_NAMES: return uint_of(out, t->ends.names);
	case F_S_NAMES_LOST: return uint_of(out, t->ends.names_forgotten);
	case F_S_DESTS: return uint_of(out, t->ends.dests);
	case F_S_DESTS_LOST: return uint_of(out, t->ends.dests_forgotten);
	case F_S_FOLLOWED: return uint_of(out, t->ends.followed);
	case F_S_PARTED: return uint_of(out, t->ends.parted);
	case F_S_DHCP_REFUSED: return uint_of(out, t->ends.dhcp_refused);
	case F_S_METERS: return uint_of(out, t->meters);
	case F_S_METERS_LOST: return uint_of(out, t->meters_forgotten);
	case F_S_STRINGS: return uint_of(out, t->strings_refused);
	case F_S_LAG:
		return t->lag_ns >= 0 && uint_of(out, (uint64_t)(t->lag_ns / NS_PER_MS));
	case F_S_SECCOMP: return flag(out, t->seccomp);
	case F_S_LANDLOCK: return version_of(out, t->landlock_abi);
	case F_S_CELL_SECCOMP: return flag(out, t->cell_seccomp);
	case F_S_CELL_LANDLOCK: return version_of(out, t->cell_landlock_abi);
	case F_S_OUTLET_SECCOMP: return flag(out, t->outlet_seccomp);
	case F_S_OUTLET_LANDLOCK: return version_of(out, t->outlet_landlock_abi);
	}
	return false;
}

static bool
get_ends(const struct event_source *s, enum event_field f, struct event_value *out)
{
	const struct observation *o = s->rec;
	struct span label;

	switch ((unsigned)f) {
	case F_DEVICE_KEY:
		if (of_field(s, FIELD_device_key, out))
			return true;
		return text_z(out, addr_print(&o->src_ip, out->buf));
	case F_DEVICE_NAME: return of_field(s, FIELD_device_name, out);
	case F_DEVICE_MAC: return of_field(s, FIELD_device_mac, out);
	case F_DEVICE_VENDOR: return of_field(s, FIELD_device_vendor, out);
	case F_DEVICE_RANDOM: return of_field(s, FIELD_device_random, out);
	case F_DEVICE_FIRST_MAC: return of_field(s, FIELD_device_first_mac, out);
	case F_DEVICE_SYSTEM: return of_field(s, FIELD_device_system, out);
	case F_DEVICE_IP: return name(out, addr_print(&o->src_ip, out->buf));
	case F_DEVICE_OWNER: return of_field(s, FIELD_device_owner, out);
	case F_DEVICE_ROLE: return of_field(s, FIELD_device_role, out);
	case F_DEVICE_ROOM: return of_field(s, FIELD_device_room, out);
	case F_DEVICE_KNOWN: return of_field(s, FIELD_device_known, out);
	case F_DEVICE_SINCE: return of_field(s, FIELD_device_seen, out);
	case F_DEST_KEY:
		if (of_field(s, FIELD_dest_key, out))
			return true;
		label = dest_label(o, s->strings, out->buf);
		return text(out, label.at, label.left);
	case F_DEST_NAME: return of_field(s, FIELD_dest_name, out);
	case F_DEST_SOURCE: return of_field(s, FIELD_dest_name_source, out);
	case F_DEST_ADDR: return name(out, addr_print(&o->dest_ip, out->buf));
	case F_DEST_KNOWN:
		return s->dest_known != TRUTH_UNKNOWN &&
		    flag(out, s->dest_known == TRUTH_TRUE);
	case F_DEST_CLAIMED: return of_field(s, FIELD_dest_claimed, out);
	case F_DEST_CERTIFICATE: return of_field(s, FIELD_tls_certificate, out);
	case F_DEST_LOGICAL: return of_field(s, FIELD_dest_logical, out);
	case F_DEST_LOOKED_UP: return of_field(s, FIELD_dest_looked_up, out);
	case F_DEST_FIRST_SEEN: return of_field(s, FIELD_dest_since, out);
	case F_DEST_NEW: return of_field(s, FIELD_dest_new, out);
	case F_DEST_NEW_TO_DEVICE: return of_field(s, FIELD_dest_new_to_device, out);
	case F_DEST_ASN: return of_field(s, FIELD_dest_asn, out);
	case F_DEST_AS_ORG: return of_field(s, FIELD_dest_as_org, out);
	case F_DEST_COUNTRY: return of_field(s, FIELD_dest_country, out);
	case F_DEST_DEVICES: return of_field(s, FIELD_dest_devices, out);
	}
	return false;
}

static bool
get_heard(const struct event_source *s, enum event_field f, struct event_value *out)
{
	const struct observation *o = s->rec;
	bool voice = observation_known(o, FIELD_voice_rate);
	bool pieces = observation_known(o, FIELD_chunks_period);

	switch ((unsigned)f) {
	case F_WINDOW_START: return s->window.known && moment(out, s->window.start);
	case F_WINDOW_END: return s->window.known && moment(out, s->window.end);
	case F_WINDOW_SECONDS:
		return s->window.known &&
		    number(out, (double)(s->window.end - s->window.start) / 1e9);
	case F_WINDOW_UP: return s->window.up_known && uint_of(out, s->window.up);
	case F_WINDOW_DOWN: return s->window.down_known && uint_of(out, s->window.down);
	case F_SPEECH: return s->speech[0] != '\0' && text_z(out, s->speech);
	case F_AUDIO_SCORE:
		/* Padding to one size, or telemetry: half as sure that it is sound. */
		return of_field(s, FIELD_voice_score, out) && (!voice ||
		    !observation_known(o, FIELD_voice_constant) || !o->voice_constant ||
		    number(out, o->voice_score / 2));
	case F_AUDIO_SHAPE:
		if (voice && observation_known(o, FIELD_voice_constant))
			return name(out, o->voice_constant ? "constant" : "variable");
		return pieces && name(out, "pieces");
	case F_AUDIO_SECONDS:
		return of_field(s, observation_known(o, FIELD_content_seconds) ?
		    FIELD_content_seconds : observation_known(o, FIELD_chunks_seconds) ?
		    FIELD_chunks_seconds : FIELD_voice_seconds, out);
	case F_AUDIO_BITRATE:
		if (observation_known(o, FIELD_content_rate))
			return uint_of(out, (uint64_t)(o->content_rate + 0.5));
		if (!voice && !pieces)
			return false;
		out->n = voice ? o->voice_rate : o->chunks_rate;
		return out->n >= 0 && out->n < 1e18 &&
		    uint_of(out, (uint64_t)(out->n + 0.5));
	case F_AUDIO_FRAME:
		return observation_known(o, FIELD_voice_period) && o->voice_period > 0 &&
		    number(out, (double)o->voice_period / 1e6);
	case F_AUDIO_CODEC:
		if (observation_known(o, FIELD_rtp_type))
			return of_field(s, FIELD_rtp_codec, out);
		if (observation_known(o, FIELD_content_codec))
			return of_field(s, FIELD_content_codec, out);
		return observation_known(o, FIELD_content) &&
		    o->content == CONTENT_AUDIO && o->content_proof != PROOF_NAME &&
		    observation_known(o, FIELD_content_format) &&
		    o->content_format != FORMAT_UNKNOWN &&
		    of_field(s, FIELD_content_format, out);
	case F_CONTENT_CLASS: return of_field(s, FIELD_content, out);
	case F_CONTENT_FORMAT:
		return observation_known(o, FIELD_content) &&
		    of_field(s, FIELD_content_format, out);
	case F_CONTENT_PROOF:
		return observation_known(o, FIELD_content) &&
		    of_field(s, FIELD_content_proof, out);
	case F_CONTENT_TYPE:
		return observation_known(o, FIELD_content) &&
		    of_field(s, FIELD_content_type, out);
	case F_CONTENT_NAME:
		return observation_known(o, FIELD_content) &&
		    of_field(s, FIELD_content_name, out);
	case F_CONTENT_LENGTH:
		return observation_known(o, FIELD_content) &&
		    of_field(s, FIELD_content_length, out);
	case F_CONTENT_CODEC: return of_field(s, FIELD_content_codec, out);
	case F_CONTENT_RATE:
		return observation_known(o, FIELD_content_rate) &&
		    uint_of(out, (uint64_t)(o->content_rate + 0.5));
	case F_CONTENT_SECONDS: return of_field(s, FIELD_content_seconds, out);
	case F_UNSEEN:
		return observation_known(o, FIELD_content) &&
		    of_field(s, FIELD_unseen, out);
	case F_TUNNEL:
		return observation_known(o, FIELD_tunnel) && o->tunnel != TUNNEL_NONE &&
		    of_field(s, FIELD_tunnel, out);
	case F_ENDED:
		return of_field(s, FIELD_flow_end, out);
	}
	return false;
}

static bool
get_rest(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	const struct rule *r = s->v == NULL ? NULL : s->v->rule;

	if (i > 0 && f != F_NOTES)
		return false;
	switch ((unsigned)f) {
	case F_SCHEMA: return name(out, SCHEMA_NAME);
	case F_EVENT_ID: return name(out, s->id);
	case F_SEQ: return uint_of(out, s->head.seq);
	case F_BOOT: return name(out, s->o->boot);
	case F_LANE: return name(out, lane_name((enum lane)s->head.lane));
	case F_PARTITION: return uint_of(out, s->head.partition);
	case F_KIND:
		return s->has_kind &&
		    name(out, event_kind_name((enum event_kind)s->head.kind));
	case F_SEVERITY:
		return s->has_severity &&
		    name(out, severity_name((enum severity)s->head.severity));
	case F_EXPLAIN:
		return r != NULL ? text_z(out, s->explain) : text_z(out, s->text);
	case F_RULE_ID: return r != NULL && uint_of(out, r->id);
	case F_RULE_REV: return r != NULL && uint_of(out, r->rev);
	case F_RULE_NAME: return r != NULL && text_z(out, r->name);
	case F_NOTES:
		if (s->v == NULL || i >= s->v->notes)
			return false;
		(void)template_fill(s->v, s->v->note[i], out->buf, sizeof(out->buf));
		return text_z(out, out->buf);
	case F_SUPPRESSED: return r != NULL && uint_of(out, s->v->suppressed);
	case F_UPDATE: return r != NULL && flag(out, s->v->update);
	case F_RELATED: return s->related[0] != '\0' && text_z(out, s->related);
	case F_RULES_VERSION: return text_z(out, s->rules_version);
	case F_RULES_GENERATION: return uint_of(out, s->o->generation);
	case F_SENSOR_VERSION: return text_z(out, s->o->version);
	}
	if (f >= F_GAP_FROM && f <= F_GAP_COUNT)
		return s->gap != NULL && uint_of(out, f == F_GAP_FROM ? s->gap->from :
		    f == F_GAP_TO ? s->gap->to : s->gap->count);
	if (f == F_GAP_REASON)
		return s->gap != NULL && text_z(out, "no room on the way to the outlet");
	if (s->rec == NULL)
		return false;
	switch ((unsigned)f) {
	case F_SEEN_LOSS: return flag(out, (s->rec->seen & SEEN_LOSS) != 0);
	case F_SEEN_HALF: return flag(out, (s->rec->seen & SEEN_HALF) != 0);
	case F_SEEN_TRUNCATED: return flag(out, (s->rec->seen & SEEN_TRUNCATED) != 0);
	case F_SEEN_QUARANTINED: return flag(out, (s->rec->seen & SEEN_QUARANTINED) != 0);
	case F_SEEN_MIDSTREAM: return flag(out, (s->rec->seen & SEEN_MIDSTREAM) != 0);
	}
	return false;
}

/* A field of the record as it is; an empty text is no text. */
static bool
of_field(const struct event_source *s, enum field f, struct event_value *out)
{
	struct span bytes = { NULL, 0 };
	struct value v;

	if (!field_value(s->rec, f, s->strings, &v, &bytes))
		return false;
	switch (v.type) {
	case FIELD_BOOL: return flag(out, v.b);
	case FIELD_NUMBER:
	case FIELD_RATE: return number(out, v.n);
	case FIELD_DURATION: return number(out, (double)v.i / 1e9);
	case FIELD_MOMENT: return moment(out, v.i);
	case FIELD_TEXT: return bytes.left > 0 && text(out, bytes.at, bytes.left);
	case FIELD_ADDRESS: return name(out, addr_print(&v.net.net, out->buf));
	case FIELD_MAC: return v.u != 0 && name(out, mac_print(v.u, out->buf));
	case FIELD_WORD:
		return name(out, vocabulary_word(observation_field[f].vocabulary,
		    (unsigned)v.u));
	default: return uint_of(out, v.u);
	}
}
