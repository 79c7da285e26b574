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

static event_getter get_plain, get_common, get_flow, get_alert, get_stats, get_ends, get_heard,
    get_why, get_rest;

/* Fields that are one of the record's own, as it is; `with` must be known, too. Behind them
 * those that are worked out, and absent without `with`. (No event has field 0.) */
static const struct {
	uint8_t value, with;
} source[EVENT_FIELD_COUNT] = {
	[F_VLAN] = { FIELD_vlan, FIELD_vlan },
	[F_APP_PROTO] = { FIELD_app, FIELD_app },
	[F_NDPI_PROTO] = { FIELD_app, FIELD_app },
	[F_NDPI_CATEGORY] = { FIELD_app_category, FIELD_app_category },
	[F_NDPI_CONFIDENCE] = { FIELD_app_confidence, FIELD_app },
	[F_TLS_SNI] = { FIELD_tls_sni, FIELD_tls_sni },
	[F_QUIC_SNI] = { FIELD_quic_sni, FIELD_quic_sni },
	[F_DNS_RRNAME] = { FIELD_dest_logical, FIELD_dns_queries },
	[F_HTTP_HOST] = { FIELD_http_host, FIELD_http_host },
	[F_HTTP_METHOD] = { FIELD_http_method, FIELD_http_method },
	[F_SRC_MAC] = { FIELD_device_mac, FIELD_device_mac },
	[F_DEVICE_NAME] = { FIELD_device_name, FIELD_device_name },
	[F_DEVICE_MAC] = { FIELD_device_mac, FIELD_device_mac },
	[F_DEVICE_VENDOR] = { FIELD_device_vendor, FIELD_device_vendor },
	[F_DEVICE_RANDOM] = { FIELD_device_random, FIELD_device_random },
	[F_DEVICE_FIRST_MAC] = { FIELD_device_first_mac, FIELD_device_first_mac },
	[F_DEVICE_SYSTEM] = { FIELD_device_system, FIELD_device_system },
	[F_DEVICE_OWNER] = { FIELD_device_owner, FIELD_device_owner },
	[F_DEVICE_ROLE] = { FIELD_device_role, FIELD_device_role },
	[F_DEVICE_ROOM] = { FIELD_device_room, FIELD_device_room },
	[F_DEVICE_KNOWN] = { FIELD_device_known, FIELD_device_known },
	[F_DEVICE_SINCE] = { FIELD_device_seen, FIELD_device_seen },
	[F_DEST_NAME] = { FIELD_dest_name, FIELD_dest_name },
	[F_DEST_SOURCE] = { FIELD_dest_name_source, FIELD_dest_name_source },
	[F_DEST_CLAIMED] = { FIELD_dest_claimed, FIELD_dest_claimed },
	[F_DEST_CERTIFICATE] = { FIELD_tls_certificate, FIELD_tls_certificate },
	[F_DEST_LOGICAL] = { FIELD_dest_logical, FIELD_dest_logical },
	[F_DEST_LOOKED_UP] = { FIELD_dest_looked_up, FIELD_dest_looked_up },
	[F_DEST_FIRST_SEEN] = { FIELD_dest_since, FIELD_dest_since },
	[F_DEST_NEW] = { FIELD_dest_new, FIELD_dest_new },
	[F_DEST_NEW_TO_DEVICE] = { FIELD_dest_new_to_device, FIELD_dest_new_to_device },
	[F_DEST_ASN] = { FIELD_dest_asn, FIELD_dest_asn },
	[F_DEST_AS_ORG] = { FIELD_dest_as_org, FIELD_dest_as_org },
	[F_DEST_COUNTRY] = { FIELD_dest_country, FIELD_dest_country },
	[F_DEST_DEVICES] = { FIELD_dest_devices, FIELD_dest_devices },
	[F_CONTENT_CLASS] = { FIELD_content, FIELD_content },
	[F_CONTENT_FORMAT] = { FIELD_content_format, FIELD_content },
	[F_CONTENT_PROOF] = { FIELD_content_proof, FIELD_content },
	[F_CONTENT_TYPE] = { FIELD_content_type, FIELD_content },
	[F_CONTENT_NAME] = { FIELD_content_name, FIELD_content },
	[F_CONTENT_LENGTH] = { FIELD_content_length, FIELD_content },
	[F_CONTENT_CODEC] = { FIELD_content_codec, FIELD_content_codec },
	[F_CONTENT_SECONDS] = { FIELD_content_seconds, FIELD_content_seconds },
	[F_UNSEEN] = { FIELD_unseen, FIELD_content },
	[F_ENDED] = { FIELD_flow_end, FIELD_flow_end },
	[F_SRC_PORT] = { 0, FIELD_src_port },
	[F_DEST_PORT] = { 0, FIELD_dest_port },
	[F_PROTO] = { 0, FIELD_transport },
	[F_NDPI_RISK] = { 0, FIELD_app_risks },
	[F_PKTS_UP] = { 0, FIELD_pkts_up },
	[F_PKTS_DOWN] = { 0, FIELD_pkts_up },
	[F_BYTES_UP] = { 0, FIELD_pkts_up },
	[F_BYTES_DOWN] = { 0, FIELD_pkts_up },
	[F_FLOW_START] = { 0, FIELD_flow_start },
	[F_FLOW_END] = { 0, FIELD_flow_start },
	[F_FLOW_AGE] = { 0, FIELD_flow_start },
	[F_FLOW_STATE] = { 0, FIELD_pkts_up },
	[F_AUDIO_SCORE] = { 0, FIELD_voice_score },
	[F_AUDIO_FRAME] = { 0, FIELD_voice_period },
	[F_CONTENT_RATE] = { 0, FIELD_content_rate },
	[F_TUNNEL] = { 0, FIELD_tunnel },
};

_Static_assert(FIELD_outbound == 0 && FIELD_COUNT_ALL < 256, "a field's number is a byte");

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

static inline bool
name(struct event_value *out, const char *z)
{
	if (z == NULL)
		return false;
	out->kind = VALUE_NAME;
	out->text = span_of(z, strlen(z));
	return true;
}

static bool
address(struct event_value *out, const struct addr *a)
{
	out->kind = VALUE_ADDRESS;
	out->addr = a;
	return true;
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

static event_getter *
getter(enum event_field f)
{
	if (source[f].value != 0)
		return get_plain;
	if (f < F_FLOW_ID)
		return get_common;
	if (f < F_ALERT_ACTION)
		return get_flow;
	if (f < F_S_PACKETS)
		return get_alert;
	if (f < F_SCHEMA)
		return get_stats;
	if (f >= F_DEVICE_KEY && f <= F_DEST_DEVICES)
		return get_ends;
	if (f >= F_WINDOW_START && f <= F_ENDED)
		return get_heard;
	return f >= F_WHY_COND && f <= F_WHY_PASSED ? get_why : get_rest;
}

struct event_access
event_access(enum event_field f)
{
	struct event_access a = { FIELD_COUNT_ALL, FIELD_COUNT_ALL, getter(f),
		f == F_EVENT_TYPE || f == F_HOST || f == F_PCAP || f == F_SCHEMA ||
		f == F_BOOT || f == F_RULES_VERSION || f == F_RULES_GENERATION ||
		f == F_SENSOR_VERSION };

	if (source[f].with != 0)
		a.gate = (enum field)source[f].with;
	if (source[f].value != 0)
		a.value = (enum field)source[f].value;
	return a;
}

bool
event_get(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	return getter(f)(s, f, i, out);
}

static bool
get_plain(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	return i == 0 && s->rec != NULL &&
	    observation_known(s->rec, (enum field)source[f].with) &&
	    event_plain(s, (enum field)source[f].value, out);
}

static bool
get_stats(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	return s->stats != NULL && event_get_stats(s->stats, f, i, out);
}

static bool
get_why(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	return s->v != NULL && i < s->v->reasons && why_get(s->v, f, i, out);
}

static bool
get_common(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	if (i > 0)
		return false;
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

static inline bool
counted(const struct observation *o)
{
	return observation_known(o, FIELD_pkts_up) && observation_known(o, FIELD_wire_up);
}

static inline bool
timed(const struct observation *o)
{
	return observation_known(o, FIELD_flow_start) &&
	    observation_known(o, FIELD_flow_last) && counted(o);
}

static bool
get_flow(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	const struct observation *o = s->rec;

	if (o == NULL || (i > 0 && f != F_NDPI_RISK))
		return false;
	switch ((unsigned)f) {
	case F_FLOW_ID:
		return o->flow_id != 0 &&
		    uint_of(out, o->flow_id & ((UINT64_C(1) << 51) - 1));
	case F_COMMUNITY:
		return s->made->community[0] != '\0' && name(out, s->made->community);
	case F_SRC_IP:
		return address(out, &o->src_ip);
	case F_SRC_PORT:
		return has_ports(o) && event_plain(s, FIELD_src_port, out);
	case F_DEST_IP:
		return address(out, &o->dest_ip);
	case F_DEST_PORT:
		return has_ports(o) && event_plain(s, FIELD_dest_port, out);
	case F_PROTO:
		if (!observation_known(o, FIELD_transport))
			return false;
		return name(out, o->transport == TRANSPORT_TCP ? "TCP" :
		    o->transport == TRANSPORT_UDP ? "UDP" :
		    o->transport != TRANSPORT_ICMP ? NULL :
		    addr_is_v4(&o->src_ip) ? "ICMP" : "IPv6-ICMP");
	case F_NDPI_RISK:
		if (!observation_known(o, FIELD_app_risks))
			return false;
		for (uint64_t left = o->app_risks; left != 0; left &= left - 1) {
			const char *word = risk_word((unsigned)__builtin_ctzll(left));

			if (word != NULL && i-- == 0)
				return text_z(out, word);
		}
		return false;
	case F_PKTS_UP:
		return counted(o) && uint_of(out, o->pkts_up);
	case F_PKTS_DOWN:
		return counted(o) && uint_of(out, o->pkts_down);
	case F_BYTES_UP:
		return counted(o) && uint_of(out, o->wire_up);
	case F_BYTES_DOWN:
		return counted(o) && uint_of(out, o->wire_down);
	case F_FLOW_START:
		return timed(o) && moment(out, o->flow_start);
	case F_FLOW_END:
		return timed(o) && moment(out, o->flow_last);
	case F_FLOW_AGE:
		return timed(o) && uint_of(out, o->flow_last < o->flow_start ? 0 :
		    (uint64_t)(o->flow_last - o->flow_start) / NS_PER_S);
	case F_FLOW_STATE:
		if (!counted(o))
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
	case F_S_OUT_STATE: return name(out, k->state);
	case F_S_OUT_SENT: return uint_of(out, k->sent);
	case F_S_OUT_LOST: return uint_of(out, k->lost);
	case F_S_OUT_WAITING: return uint_of(out, k->waiting);
	case F_S_OUT_RECONNECTS: return uint_of(out, k->reconnects);
	case F_S_OUT_ERROR: return k->error[0] != '\0' && text_z(out, k->error);
	}
	return false;
}

static bool
get_health(const struct redis_health *h, enum event_field f, struct event_value *out)
{
	switch ((unsigned)f) {
	case F_S_REDIS_POLICY: return h->known && name(out, h->policy);
	case F_S_REDIS_EVICTS: return h->known && flag(out, h->evicts);
	case F_S_REDIS_AOF: return h->known && flag(out, h->appendonly);
	case F_S_REDIS_LAG: return h->lag_known && uint_of(out, h->lag);
	case F_S_REDIS_GROUP: return h->group[0] != '\0' && text_z(out, h->group);
	case F_S_REDIS_LAGS: return h->lag_known && flag(out, h->lags);
	case F_S_REDIS_CLONED: return flag(out, h->cloned);
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
	if (f == F_S_PARTITIONS)
		return i < t->partitions && uint_of(out, t->partition_events[i]);
	if (f >= F_S_REDIS_POLICY && f <= F_S_REDIS_CLONED)
		return i == 0 && t->outlet != NULL && t->outlet->redis &&
		    get_health(&t->outlet->health, f, out);
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
	case F_S_SPOOL_FULL:
		return t->outlet != NULL && t->outlet->redis &&
		    flag(out, t->outlet->spool_full);
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
	case F_S_EXCEPTED: return uint_of(out, t->excepted);
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
	case F_S_PIECES_LOST: return uint_of(out, t->pieces_forgotten);
	case F_S_HOLES_LOST: return uint_of(out, t->holes_lost);
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
get_ends(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	const struct observation *o = s->rec;
	struct span label;

	if (o == NULL || i > 0)
		return false;

	switch ((unsigned)f) {
	case F_DEVICE_KEY:
		if (event_plain(s, FIELD_device_key, out))
			return true;
		return text_z(out, addr_print(&o->src_ip, out->buf));
	case F_DEVICE_IP: return address(out, &o->src_ip);
	case F_DEST_KEY:
		if (event_plain(s, FIELD_dest_key, out))
			return true;
		label = dest_label(o, s->strings, out->buf);
		return text(out, label.at, label.left);
	case F_DEST_ADDR: return address(out, &o->dest_ip);
	case F_DEST_KNOWN:
		return s->dest_known != TRUTH_UNKNOWN &&
		    flag(out, s->dest_known == TRUTH_TRUE);
	}
	return false;
}

static bool
get_heard(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out)
{
	const struct observation *o = s->rec;
	bool voice, pieces;

	if (o == NULL || i > 0)
		return false;
	voice = observation_known(o, FIELD_voice_rate);
	pieces = observation_known(o, FIELD_chunks_period);

	switch ((unsigned)f) {
	case F_WINDOW_START: return s->window.known && moment(out, s->window.start);
	case F_WINDOW_END: return s->window.known && moment(out, s->window.end);
	case F_WINDOW_SECONDS:
		return s->window.known &&
		    number(out, (double)(s->window.end - s->window.start) / 1e9);
	case F_WINDOW_UP: return s->window.up_known && uint_of(out, s->window.up);
	case F_WINDOW_DOWN: return s->window.down_known && uint_of(out, s->window.down);
	case F_SPEECH: return s->made->speech[0] != '\0' && text_z(out, s->made->speech);
	case F_AUDIO_SCORE:
		/* Padding to one size, or telemetry: half as sure that it is sound. */
		return event_plain(s, FIELD_voice_score, out) && (!voice ||
		    !observation_known(o, FIELD_voice_constant) || !o->voice_constant ||
		    number(out, o->voice_score / 2));
	case F_AUDIO_SHAPE:
		if (voice && observation_known(o, FIELD_voice_constant))
			return name(out, o->voice_constant ? "constant" : "variable");
		return pieces && name(out, "pieces");
	case F_AUDIO_SECONDS:
		return event_plain(s, observation_known(o, FIELD_content_seconds) ?
		    FIELD_content_seconds : observation_known(o, FIELD_chunks_seconds) ?
		    FIELD_chunks_seconds : FIELD_voice_seconds, out);
	case F_AUDIO_BITRATE:
		/* a variable rate by its first frames is a guess: what goes live was measured */
		if (observation_known(o, FIELD_content_rate) && !voice)
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
			return event_plain(s, FIELD_rtp_codec, out);
		if (observation_known(o, FIELD_content_codec))
			return event_plain(s, FIELD_content_codec, out);
		return observation_known(o, FIELD_content) &&
		    o->content == CONTENT_AUDIO && o->content_proof != PROOF_NAME &&
		    observation_known(o, FIELD_content_format) &&
		    o->content_format != FORMAT_UNKNOWN &&
		    event_plain(s, FIELD_content_format, out);
	case F_CONTENT_RATE:
		return observation_known(o, FIELD_content_rate) &&
		    uint_of(out, (uint64_t)(o->content_rate + 0.5));
	case F_TUNNEL:
		return observation_known(o, FIELD_tunnel) && o->tunnel != TUNNEL_NONE &&
		    event_plain(s, FIELD_tunnel, out);
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
	case F_EVENT_ID: return name(out, s->made->id);
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
		return r != NULL ? text_z(out, s->made->explain) : text_z(out, s->text);
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
	case F_RELATED: return s->made->related[0] != '\0' &&
		    text_z(out, s->made->related);
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

bool
event_plain(const struct event_source *s, enum field f, struct event_value *out)
{
	const struct field_info *fi = &observation_field[f];
	const uint8_t *at = (const uint8_t *)s->rec + fi->offset;
	uint16_t small;
	uint32_t id;

	if (!observation_known(s->rec, f))
		return false;
	switch (fi->type) {
	case FIELD_BOOL:
		return flag(out, *at != 0);
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_WORDS:
		out->kind = VALUE_UINT;
		memcpy(&out->u, at, sizeof(out->u));
		return true;
	case FIELD_PORT:
		memcpy(&small, at, sizeof(small));
		return uint_of(out, small);
	case FIELD_WORD:
		memcpy(&small, at, sizeof(small));
		return name(out, vocabulary_word(fi->vocabulary, small));
	case FIELD_NUMBER:
	case FIELD_RATE:
		memcpy(&out->n, at, sizeof(out->n));
		return number(out, out->n);
	case FIELD_DURATION:
		memcpy(&out->time, at, sizeof(out->time));
		return number(out, (double)out->time / 1e9);
	case FIELD_MOMENT:
		out->kind = VALUE_TIME;
		memcpy(&out->time, at, sizeof(out->time));
		return true;
	case FIELD_MAC:
		out->kind = VALUE_MAC;
		memcpy(&out->u, at, sizeof(out->u));
		return out->u != 0;
	case FIELD_ADDRESS:
		return address(out, (const struct addr *)(const void *)at);
	case FIELD_TEXT:
		break;
	}
	memcpy(&id, at, sizeof(id));
	out->kind = VALUE_TEXT;
	out->text = intern_get(s->strings, id);
	return out->text.left > 0;
}
