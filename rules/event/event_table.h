/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event_table: every field of an event, once. The encoder, the JSON schema and the
 * manual's table come from these rows; the order here is the order of the keys on the
 * line.
 *
 * X(id, path, JSON type, event types that have it, those that always have it, rule,
 * meaning)
 * Event types are letters: A alert, F flow, S stats, N anomaly. P says: always, when the
 * object it stands in is there. "a.b" is b inside the object a; rows of "a[]" are the
 * members of the objects in the array a. Rows of one object stand together.
 */
#ifndef RULES_EVENT_EVENT_TABLE_H
#define RULES_EVENT_EVENT_TABLE_H

#include "capture/decode/decode.h"

enum {
	HAS_A = 1 << 0, HAS_F = 1 << 1, HAS_S = 1 << 2, HAS_N = 1 << 3,
	HAS_P = 1 << 4,
	HAS_NONE = 0, HAS_AP = HAS_A | HAS_P, HAS_AF = HAS_A | HAS_F,
	HAS_AN = HAS_A | HAS_N,
	HAS_AFN = HAS_AF | HAS_N, HAS_ALL = HAS_AFN | HAS_S,
};

/* How a value is written, and what the schema says of its type. */
enum json_type {
	JSON_TEXT,		/* string; wire or rule text,
				 * cut when the event is too long */
	JSON_NAME,		/* string of ours; short, never cut */
	JSON_TIME,		/* string, RFC 3339 */
	JSON_UINT, JSON_NUMBER, JSON_BOOL,
	JSON_TEXTS, JSON_UINTS,	/* arrays, never empty */
	JSON_OBJECTS,		/* array of objects */
	JSON_SCALAR,		/* string, number or boolean */
	JSON_TRUTH,		/* true, false, or null for unknown */
};

/* What else the schema asks of a value. */
enum event_rule {
	RULE_NONE, RULE_TYPE, RULE_HOST, RULE_VLAN, RULE_FLOW_ID, RULE_COMMUNITY,
	RULE_ADDRESS, RULE_PORT, RULE_PROTO, RULE_CONFIDENCE, RULE_RISK, RULE_MAC,
	RULE_STATE, RULE_ACTION, RULE_GID, RULE_URGENCY, RULE_ANOMALY, RULE_SCHEMA,
	RULE_EVENT_ID, RULE_SEQ, RULE_LANE, RULE_PARTITION, RULE_KIND, RULE_SEVERITY,
	RULE_NAME_SOURCE, RULE_SHAPE, RULE_CONTENT,
	RULE_FORMAT, RULE_CODEC, RULE_PROOF, RULE_OP, RULE_UNIT, RULE_ENDED, RULE_TUNNEL, RULE_MITRE,
	RULE_IFACE_STATE,
};

#define EVENT_DROP_ROW(id, name, meaning) \
	X(DROP_##id, "stats.drops." name, UINT, S, P, NONE, "packets refused: " meaning)

#define EVENT_FIELDS(X) \
	X(TIMESTAMP, "timestamp", TIME, ALL, ALL, NONE, "packet time, UTC") \
	X(EVENT_TYPE, "event_type", NAME, ALL, ALL, TYPE, "alert, flow, stats or anomaly") \
	X(HOST, "host", NAME, ALL, ALL, HOST, "name of the sensor") \
	X(IN_IFACE, "in_iface", TEXT, AFN, NONE, NONE, "interface that saw it") \
	X(PCAP, "pcap_filename", TEXT, ALL, NONE, NONE, "capture that was read") \
	X(VLAN, "vlan", UINTS, AFN, NONE, VLAN, "VLAN ids") \
	X(FLOW_ID, "flow_id", UINT, AFN, NONE, FLOW_ID, "the flow, within this sensor") \
	X(COMMUNITY, "community_id", NAME, AFN, NONE, COMMUNITY, \
	    "Community ID v1, seed 0: the flow, on every sensor") \
	X(SRC_IP, "src_ip", NAME, AFN, AF, ADDRESS, \
	    "the uploading device, whoever opened the flow") \
	X(SRC_PORT, "src_port", UINT, AFN, NONE, PORT, "its port") \
	X(DEST_IP, "dest_ip", NAME, AFN, AF, ADDRESS, "where to, as on the wire") \
	X(DEST_PORT, "dest_port", UINT, AFN, NONE, PORT, "its port") \
	X(PROTO, "proto", NAME, AFN, NONE, PROTO, "transport") \
	X(APP_PROTO, "app_proto", TEXT, AFN, NONE, NONE, "application protocol") \
	X(NDPI_PROTO, "ndpi.proto", TEXT, AFN, NONE, NONE, "application protocol") \
	X(NDPI_CATEGORY, "ndpi.category", TEXT, AFN, NONE, NONE, "its category") \
	X(NDPI_CONFIDENCE, "ndpi.confidence", NAME, AFN, NONE, CONFIDENCE, \
	    "how it was classified") \
	X(NDPI_RISK, "ndpi.risk", TEXTS, AFN, NONE, RISK, "what the classifier found odd") \
	X(TLS_SNI, "tls.sni", TEXT, AFN, P, NONE, "server name in the TLS client hello") \
	X(QUIC_SNI, "quic.sni", TEXT, AFN, P, NONE, "server name inside QUIC's initial") \
	X(DNS_RRNAME, "dns.rrname", TEXT, AFN, P, NONE, "domain that was asked for") \
	X(HTTP_HOST, "http.hostname", TEXT, AFN, NONE, NONE, "Host of the first request") \
	X(HTTP_METHOD, "http.http_method", TEXT, AFN, NONE, NONE, \
	    "method of the first request") \
	X(SRC_MAC, "ether.src_mac", NAME, AFN, P, MAC, "MAC address of the device") \
	X(PKTS_UP, "flow.pkts_toserver", UINT, AFN, P, NONE, "packets up: from src to dest") \
	X(PKTS_DOWN, "flow.pkts_toclient", UINT, AFN, P, NONE, "packets down") \
	X(BYTES_UP, "flow.bytes_toserver", UINT, AFN, P, NONE, "frame bytes up") \
	X(BYTES_DOWN, "flow.bytes_toclient", UINT, AFN, P, NONE, "frame bytes down") \
	X(FLOW_START, "flow.start", TIME, AFN, NONE, NONE, "first packet") \
	X(FLOW_END, "flow.end", TIME, AFN, NONE, NONE, "last packet") \
	X(FLOW_AGE, "flow.age", UINT, AFN, NONE, NONE, "seconds between them") \
	X(FLOW_STATE, "flow.state", NAME, AFN, P, STATE, "new, established or closed") \
	X(ALERT_ACTION, "alert.action", NAME, A, A, ACTION, "earshot only listens") \
	X(ALERT_GID, "alert.gid", UINT, A, A, GID, "always 1") \
	X(ALERT_SID, "alert.signature_id", UINT, A, A, NONE, "the rule's id") \
	X(ALERT_REV, "alert.rev", UINT, A, A, NONE, "the rule's revision") \
	X(ALERT_SIGNATURE, "alert.signature", TEXT, A, A, NONE, "the rule's name") \
	X(ALERT_CATEGORY, "alert.category", TEXT, A, A, NONE, "what the kind means") \
	X(ALERT_SEVERITY, "alert.severity", UINT, A, A, URGENCY, "1 is worst, 4 least") \
	X(ALERT_MITRE, "alert.metadata.mitre_technique_id", TEXTS, A, NONE, MITRE, \
	    "ATT&CK techniques that were seen") \
	X(ALERT_RELATED, "alert.metadata.mitre_related", TEXTS, A, NONE, MITRE, \
	    "techniques that may stand behind it") \
	X(ANOMALY_TYPE, "anomaly.type", NAME, N, N, ANOMALY, \
	    "suspect: of a rule; sensor: the sensor's own state") \
	X(ANOMALY_EVENT, "anomaly.event", TEXT, N, N, NONE, "the rule's name, or what happened") \
	X(S_PACKETS, "stats.packets", UINT, S, S, NONE, "packets seen") \
	X(S_USED, "stats.used", UINT, S, S, NONE, "packets understood") \
	X(S_BYTES, "stats.bytes", UINT, S, S, NONE, "frame bytes seen") \
	DROPS(EVENT_DROP_ROW) \
	X(S_KERNEL, "stats.kernel_drops", UINT, S, NONE, NONE, "lost in the kernel's ring") \
	X(S_IFACE, "stats.iface_drops", UINT, S, NONE, NONE, "lost at the interface") \
	X(S_FLOWS, "stats.flows", UINT, S, S, NONE, "flows ever") \
	X(S_FLOWS_NOW, "stats.flows_now", UINT, S, S, NONE, "flows in the table") \
	X(S_PAIRS_NOW, "stats.pairs_now", UINT, S, S, NONE, "host pairs in the table") \
	X(S_EVICTED, "stats.evicted", UINT, S, S, NONE, "flows that made room for others") \
	X(S_ORPHAN, "stats.fragments_orphan", UINT, S, S, NONE, \
	    "fragments whose first was not seen") \
	X(S_TAP_DUPLICATES, "stats.tap_duplicates", BOOL, S, S, NONE, \
	    "the tap shows packets twice: copies are drops.duplicate") \
	X(S_COPIES, "stats.copies", UINT, S, S, NONE, \
	    "packets like one at most 20 ms before, dropped or not") \
	X(S_COPIES_KEPT, "stats.copies_kept", UINT, S, S, NONE, \
	    "copies counted in flows that ended before the tap was known to duplicate") \
	X(S_COPIES_CROWDED, "stats.copies_crowded", UINT, S, S, NONE, \
	    "packets whose copy could not be told from a packet: too many at once") \
	X(S_HALF, "stats.half_flows", UINT, S, S, NONE, \
	    "TCP flows of which one direction was not seen, though acknowledged") \
	X(S_TAGS_DIFFER, "stats.tags_differ", UINT, S, S, NONE, \
	    "flows with another VLAN tag one way than the other, or none") \
	X(S_RECORDS, "stats.records", UINT, S, S, NONE, "observations that were judged") \
	X(S_VERDICTS, "stats.verdicts", UINT, S, S, NONE, "verdicts that were told") \
	X(S_SUPPRESSED, "stats.suppressed", UINT, S, S, NONE, "verdicts folded by limits") \
	X(S_EXCEPTED, "stats.excepted", UINT, S, S, NONE, "verdicts kept quiet by exceptions") \
	X(S_SUM_KEYS, "stats.sum_keys", UINT, S, S, NONE, \
	    "devices, and pairs of device and destination, whose bytes are summed now") \
	X(S_SUM_EVICTED, "stats.sum_evicted", UINT, S, S, NONE, \
	    "of these had to go, the smallest first, as there was no room for more") \
	X(S_SUM_ERROR, "stats.sum_error", UINT, S, S, NONE, \
	    "bytes a sum may be short by for that; 0: sums are exact") \
	X(S_CELL_PACKETS, "stats.cell_packets", UINT, S, S, NONE, \
	    "packets the classifier read") \
	X(S_CELL_DEATHS, "stats.cell_deaths", UINT, S, S, NONE, "times it died") \
	X(S_CELL_HANGS, "stats.cell_hangs", UINT, S, S, NONE, "times it hung") \
	X(S_CELL_QUARANTINED, "stats.cell_quarantined", UINT, S, S, NONE, \
	    "flows that killed it") \
	X(S_BREAKER, "stats.breaker_trips", UINT, S, S, NONE, \
	    "times it was switched off for a while") \
	X(S_RING_LOST, "stats.ring_lost", UINT, S, S, NONE, \
	    "events that found no room on the way out") \
	X(S_OBSERVATIONS_LOST, "stats.observations_lost", UINT, S, S, NONE, \
	    "observations that found no room on the way to the store") \
	X(S_GAP_BYTES, "stats.gap_bytes", UINT, S, S, NONE, \
	    "TCP bytes that were acknowledged and never captured") \
	X(S_NO_HEAD, "stats.no_head", UINT, S, S, NONE, "flows whose content was not read") \
	X(S_CALLS, "stats.calls_forgotten", UINT, S, S, NONE, \
	    "devices and rooms whose last calls made room for others'") \
	X(S_PIECES_LOST, "stats.pieces_forgotten", UINT, S, S, NONE, \
	    "pairs of hosts whose bursts made room for others'") \
	X(S_HOLES_LOST, "stats.holes_lost", UINT, S, S, NONE, \
	    "times that gaps in a TCP stream found no room: what fills them is no news") \
	X(S_DEVICES, "stats.devices_now", UINT, S, S, NONE, "devices in the table") \
	X(S_DEVICES_LOST, "stats.devices_forgotten", UINT, S, S, NONE, \
	    "devices, MACs and addresses that made room for others") \
	X(S_LEASES, "stats.leases_now", UINT, S, S, NONE, "devices that said something by DHCP") \
	X(S_LEASES_LOST, "stats.leases_forgotten", UINT, S, S, NONE, \
	    "those that made room for others") \
	X(S_NAMES, "stats.names_now", UINT, S, S, NONE, "addresses with a name by DNS") \
	X(S_NAMES_LOST, "stats.names_forgotten", UINT, S, S, NONE, \
	    "answers of DNS that made room for others") \
	X(S_DESTS, "stats.dests_now", UINT, S, S, NONE, "destinations in the table") \
	X(S_DESTS_LOST, "stats.dests_forgotten", UINT, S, S, NONE, \
	    "those that made room for others: one of them would be new again") \
	X(S_FOLLOWED, "stats.devices_followed", UINT, S, S, NONE, \
	    "times a device was recognised by DHCP under another MAC") \
	X(S_PARTED, "stats.devices_parted", UINT, S, S, NONE, \
	    "times that turned out to be two devices") \
	X(S_DHCP_REFUSED, "stats.dhcp_refused", UINT, S, S, NONE, \
	    "DHCP messages that one device said for another") \
	X(S_METERS, "stats.meters_now", UINT, S, S, NONE, "sockets that are listened to") \
	X(S_METERS_LOST, "stats.meters_forgotten", UINT, S, S, NONE, \
	    "those that made room for others") \
	X(S_STRINGS, "stats.strings_refused", UINT, S, S, NONE, "names that found no room") \
	X(S_LAG, "stats.lag_ms", UINT, S, NONE, NONE, "wall clock minus packet time, live") \
	X(S_SECCOMP, "stats.seccomp", BOOL, S, S, NONE, \
	    "the sensor's system calls are filtered") \
	X(S_LANDLOCK, "stats.landlock_abi", UINT, S, S, NONE, \
	    "its version of Landlock; 0: none") \
	X(S_CELL_SECCOMP, "stats.cell_seccomp", BOOL, S, S, NONE, "the classifier's") \
	X(S_CELL_LANDLOCK, "stats.cell_landlock_abi", UINT, S, S, NONE, \
	    "the classifier's") \
	X(S_OUTLET_SECCOMP, "stats.outlet_seccomp", BOOL, S, S, NONE, "the outlet's") \
	X(S_OUTLET_LANDLOCK, "stats.outlet_landlock_abi", UINT, S, S, NONE, \
	    "the outlet's") \
	X(S_IFACES, "stats.interfaces", OBJECTS, S, NONE, NONE, \
	    "each interface, in the order they were named; live") \
	X(S_IF_NAME, "stats.interfaces[].name", TEXT, S, P, NONE, "as it was named") \
	X(S_IF_STATE, "stats.interfaces[].state", NAME, S, P, IFACE_STATE, \
	    "here, down, renamed, or away: removed, and looked for") \
	X(S_IF_PACKETS, "stats.interfaces[].packets", UINT, S, P, NONE, "packets seen") \
	X(S_IF_KERNEL, "stats.interfaces[].kernel_drops", UINT, S, NONE, NONE, \
	    "lost in the kernel's ring") \
	X(S_IF_IFACE, "stats.interfaces[].iface_drops", UINT, S, NONE, NONE, \
	    "lost at the interface") \
	X(S_OUTPUTS, "stats.outputs", OBJECTS, S, NONE, NONE, \
	    "how each output stands, in the order they were named; live") \
	X(S_OUT_TO, "stats.outputs[].to", TEXT, S, P, NONE, "the output") \
	X(S_OUT_UP, "stats.outputs[].up", BOOL, S, P, NONE, \
	    "there is a connection, or a file") \
	X(S_OUT_STATE, "stats.outputs[].state", NAME, S, P, NONE, \
	    "ready, or what stands in the way: connecting, authenticating, asking, " \
	    "no-functions, loading, master-down, read-only, out-of-memory, cannot-save, " \
	    "not-permitted, no-password, wrong-password, cluster-down, cloned, ..") \
	X(S_OUT_SENT, "stats.outputs[].sent", UINT, S, P, NONE, "events that are out") \
	X(S_OUT_LOST, "stats.outputs[].lost", UINT, S, P, NONE, \
	    "events that found no room and are not out") \
	X(S_OUT_WAITING, "stats.outputs[].waiting", UINT, S, P, NONE, "events that wait") \
	X(S_OUT_RECONNECTS, "stats.outputs[].reconnects", UINT, S, P, NONE, \
	    "connections made after the first") \
	X(S_OUT_ERROR, "stats.outputs[].error", TEXT, S, NONE, NONE, \
	    "what was wrong last") \
	X(S_SPOOL, "stats.spool_bytes", UINT, S, NONE, NONE, \
	    "size of the spool on the disk, live") \
	X(S_SPOOL_FULL, "stats.spool_full", BOOL, S, NONE, NONE, \
	    "its disk has no room, live") \
	X(S_PARTITIONS, "stats.partition_events", UINTS, S, S, NONE, \
	    "events made for each partition, from the first on") \
	X(S_REDIS_POLICY, "stats.redis.policy", NAME, S, NONE, NONE, \
	    "how the Redis of the streams evicts, if it lets us ask; live") \
	X(S_REDIS_EVICTS, "stats.redis.evicts", BOOL, S, NONE, NONE, \
	    "full, it would throw streams away") \
	X(S_REDIS_AOF, "stats.redis.appendonly", BOOL, S, NONE, NONE, \
	    "what it has outlives it; without, a crash loses events") \
	X(S_REDIS_LAG, "stats.redis.lag", UINT, S, NONE, NONE, \
	    "events that the consumer group which is most behind has not read") \
	X(S_REDIS_GROUP, "stats.redis.lag_group", TEXT, S, NONE, NONE, "that group") \
	X(S_REDIS_LAGS, "stats.redis.lags", BOOL, S, NONE, NONE, \
	    "it is half of what a stream keeps, or more: what it has not read will be gone") \
	X(S_REDIS_CLONED, "stats.redis.cloned", BOOL, S, NONE, NONE, \
	    "our events are refused: another machine has our name") \
	X(SCHEMA, "earshot.schema", NAME, ALL, ALL, SCHEMA, "version of this format") \
	X(EVENT_ID, "earshot.event_id", NAME, ALL, ALL, EVENT_ID, \
	    "sensor:boot:lane:partition:seq; no two events share one") \
	X(SEQ, "earshot.seq", UINT, ALL, ALL, SEQ, \
	    "contiguous from 1 in each boot, lane and partition") \
	X(BOOT, "earshot.boot", NAME, ALL, ALL, HOST, "one start of the sensor, or one input") \
	X(LANE, "earshot.lane", NAME, ALL, ALL, LANE, "alert or flow") \
	X(PARTITION, "earshot.partition", UINT, ALL, ALL, PARTITION, "hash of the device") \
	X(KIND, "earshot.kind", NAME, ALL, HAS_KIND, KIND, "what the event is about") \
	X(SEVERITY, "earshot.severity", NAME, AN, AN, SEVERITY, "after caveats") \
	X(EXPLAIN, "earshot.explain", TEXT, AN, AN, NONE, "one sentence") \
	X(RULE_ID, "earshot.rule.id", UINT, AN, P, NONE, "the rule's id") \
	X(RULE_REV, "earshot.rule.rev", UINT, AN, P, NONE, "its revision") \
	X(RULE_NAME, "earshot.rule.name", TEXT, AN, P, NONE, "its name") \
	X(DEVICE_KEY, "earshot.device.key", TEXT, AFN, P, NONE, \
	    "inventory id, else MAC, else address") \
	X(DEVICE_NAME, "earshot.device.name", TEXT, AFN, NONE, NONE, \
	    "in the inventory or by DHCP") \
	X(DEVICE_MAC, "earshot.device.mac", NAME, AFN, NONE, MAC, "its MAC address") \
	X(DEVICE_VENDOR, "earshot.device.vendor", TEXT, AFN, NONE, NONE, \
	    "who made its network card") \
	X(DEVICE_RANDOM, "earshot.device.random", BOOL, AFN, NONE, NONE, \
	    "its MAC address was drawn by lot, or is a virtual machine's") \
	X(DEVICE_FIRST_MAC, "earshot.device.first_mac", NAME, AFN, NONE, MAC, \
	    "the MAC address it had before it drew another") \
	X(DEVICE_SYSTEM, "earshot.device.system", TEXT, AFN, NONE, NONE, \
	    "what its DHCP client calls itself") \
	X(DEVICE_IP, "earshot.device.ip", NAME, AFN, NONE, ADDRESS, "its address") \
	X(DEVICE_OWNER, "earshot.device.owner", TEXT, AFN, NONE, NONE, "from the inventory") \
	X(DEVICE_ROLE, "earshot.device.role", TEXT, AFN, NONE, NONE, "from the inventory") \
	X(DEVICE_ROOM, "earshot.device.room", TEXT, AFN, NONE, NONE, \
	    "room or site, from the inventory") \
	X(DEVICE_KNOWN, "earshot.device.known", BOOL, AFN, NONE, NONE, \
	    "it is in the inventory; absent without one") \
	X(DEVICE_SINCE, "earshot.device.first_seen", TIME, AFN, NONE, NONE, \
	    "first seen by this sensor") \
	X(DEST_KEY, "earshot.dest.key", TEXT, AFN, P, NONE, \
	    "registrable domain, else proxy target, else address") \
	X(DEST_NAME, "earshot.dest.name", TEXT, AFN, NONE, NONE, "its name") \
	X(DEST_SOURCE, "earshot.dest.name_source", NAME, AFN, NONE, NAME_SOURCE, \
	    "where the name came from") \
	X(DEST_ADDR, "earshot.dest.ip", NAME, AFN, NONE, ADDRESS, "its address") \
	X(DEST_KNOWN, "earshot.dest.known", BOOL, AFN, NONE, NONE, \
	    "the list 'known' has it; absent while that is open") \
	X(DEST_CLAIMED, "earshot.dest.claimed", BOOL, AFN, NONE, NONE, \
	    "the name is the client's word alone; false: DNS gave it") \
	X(DEST_CERTIFICATE, "earshot.dest.certificate", TEXT, AFN, NONE, NONE, \
	    "a name in the server's certificate") \
	X(DEST_LOGICAL, "earshot.dest.logical", TEXT, AFN, NONE, NONE, \
	    "target behind a resolver or proxy") \
	X(DEST_LOOKED_UP, "earshot.dest.looked_up", BOOL, AFN, NONE, NONE, \
	    "somebody inside resolved it") \
	X(DEST_FIRST_SEEN, "earshot.dest.first_seen", TIME, AFN, NONE, NONE, \
	    "somebody inside talked to it first, as far as this sensor knows") \
	X(DEST_NEW, "earshot.dest.new", BOOL, AFN, NONE, NONE, \
	    "nobody inside talked to it before the last 24 h") \
	X(DEST_NEW_TO_DEVICE, "earshot.dest.new_to_device", BOOL, AFN, NONE, NONE, \
	    "this device did not talk to it before the last 24 h") \
	X(DEST_ASN, "earshot.dest.asn", UINT, AFN, NONE, NONE, \
	    "the autonomous system of its address") \
	X(DEST_AS_ORG, "earshot.dest.as_org", TEXT, AFN, NONE, NONE, "who runs that") \
	X(DEST_COUNTRY, "earshot.dest.country", TEXT, AFN, NONE, NONE, \
	    "the country of its address") \
	X(DEST_DEVICES, "earshot.dest.devices", UINT, AFN, NONE, NONE, \
	    "inside hosts that talked to it") \
	X(WINDOW_START, "earshot.window.start", TIME, AFN, P, NONE, "what is counted, from") \
	X(WINDOW_END, "earshot.window.end", TIME, AFN, P, NONE, "to") \
	X(WINDOW_SECONDS, "earshot.window.seconds", NUMBER, AFN, P, NONE, "how long that is") \
	X(WINDOW_UP, "earshot.window.bytes_up", UINT, AFN, NONE, NONE, "payload sent in it") \
	X(WINDOW_DOWN, "earshot.window.bytes_down", UINT, AFN, NONE, NONE, \
	    "payload received in it") \
	X(SPEECH, "earshot.speech", TEXT, AFN, NONE, NONE, \
	    "bytes_up as hours of recorded speech") \
	X(AUDIO_SCORE, "earshot.audio.score", NUMBER, AFN, NONE, NONE, \
	    "the sequential decision: sum of log likelihoods; half of it when sizes are constant") \
	X(AUDIO_SHAPE, "earshot.audio.shape", NAME, AFN, NONE, SHAPE, \
	    "packets of one size, of many sizes, or pieces") \
	X(AUDIO_SECONDS, "earshot.audio.seconds", NUMBER, AFN, NONE, NONE, \
	    "seconds of sound so far") \
	X(AUDIO_BITRATE, "earshot.audio.bitrate_bps", UINT, AFN, NONE, NONE, "bits per second") \
	X(AUDIO_FRAME, "earshot.audio.frame_ms", NUMBER, AFN, NONE, NONE, \
	    "the codec clock it keeps") \
	X(AUDIO_CODEC, "earshot.audio.codec_guess", NAME, AFN, NONE, NONE, \
	    "by RTP payload type or format") \
	X(CONTENT_CLASS, "earshot.content.class", NAME, AFN, P, CONTENT, \
	    "what the clear text is") \
	X(CONTENT_FORMAT, "earshot.content.format", NAME, AFN, NONE, FORMAT, \
	    "file or stream format") \
	X(CONTENT_PROOF, "earshot.content.proof", NAME, AFN, NONE, PROOF, "what proves it") \
	X(CONTENT_TYPE, "earshot.content.type", TEXT, AFN, NONE, NONE, "declared content type") \
	X(CONTENT_NAME, "earshot.content.name", TEXT, AFN, NONE, NONE, "file name") \
	X(CONTENT_LENGTH, "earshot.content.length", UINT, AFN, NONE, NONE, "declared length") \
	X(CONTENT_CODEC, "earshot.content.codec", NAME, AFN, NONE, CODEC, \
	    "what the sound is coded with, by its header") \
	X(CONTENT_RATE, "earshot.content.bitrate_bps", UINT, AFN, NONE, NONE, \
	    "of the sound, by its header or first frames") \
	X(CONTENT_SECONDS, "earshot.content.seconds", NUMBER, AFN, NONE, NONE, \
	    "length of the sound, by its header or its rate") \
	X(UNSEEN, "earshot.content.bytes_unseen", UINT, AFN, NONE, NONE, \
	    "sent, and not seen to be something else than sound") \
	X(TUNNEL, "earshot.tunnel", NAME, AFN, NONE, TUNNEL, "the tunnel the flow is") \
	X(ENDED, "earshot.ended", NAME, F, NONE, ENDED, "how the flow ended") \
	X(WHY, "earshot.why", OBJECTS, AN, A, NONE, "the rule's conditions, in its order") \
	X(WHY_COND, "earshot.why[].cond", TEXT, AN, P, NONE, "the condition as written") \
	X(WHY_OP, "earshot.why[].op", NAME, AN, P, OP, "how it compares") \
	X(WHY_LIMIT, "earshot.why[].limit", SCALAR, AN, NONE, NONE, "with what") \
	X(WHY_OBSERVED, "earshot.why[].observed", SCALAR, AN, NONE, NONE, \
	    "what was observed; absent when unknown") \
	X(WHY_UNIT, "earshot.why[].unit", NAME, AN, NONE, UNIT, "unit of limit and observed") \
	X(WHY_PASSED, "earshot.why[].passed", TRUTH, AN, P, NONE, "null: unknown") \
	X(NOTES, "earshot.notes", TEXTS, AN, NONE, NONE, "what to keep in mind") \
	X(SEEN_LOSS, "earshot.seen.loss", BOOL, AFN, P, NONE, "packets were lost meanwhile") \
	X(SEEN_HALF, "earshot.seen.half", BOOL, AFN, P, NONE, "the tap shows one direction") \
	X(SEEN_TRUNCATED, "earshot.seen.truncated", BOOL, AFN, P, NONE, "payload was cut") \
	X(SEEN_QUARANTINED, "earshot.seen.quarantined", BOOL, AFN, P, NONE, \
	    "the flow killed its classifier") \
	X(SEEN_MIDSTREAM, "earshot.seen.midstream", BOOL, AFN, P, NONE, \
	    "the flow began before the capture") \
	X(GAP_FROM, "earshot.gap.from", UINT, N, P, SEQ, "first sequence number that is lost") \
	X(GAP_TO, "earshot.gap.to", UINT, N, P, SEQ, "last one") \
	X(GAP_COUNT, "earshot.gap.count", UINT, N, P, SEQ, "how many") \
	X(GAP_REASON, "earshot.gap.reason", TEXT, N, P, NONE, "why") \
	X(GAP_KINDS, "earshot.gap.kinds", OBJECTS, N, NONE, NONE, \
	    "of those that were seen before they were lost: how many of each kind") \
	X(GAP_KIND, "earshot.gap.kinds[].kind", NAME, N, P, NONE, \
	    "a kind, or flow") \
	X(GAP_KIND_COUNT, "earshot.gap.kinds[].count", UINT, N, P, SEQ, "how many") \
	X(GAP_SEVERITIES, "earshot.gap.severities", OBJECTS, N, NONE, NONE, \
	    "the same by severity") \
	X(GAP_SEVERITY, "earshot.gap.severities[].severity", NAME, N, P, SEVERITY, \
	    "a severity") \
	X(GAP_SEVERITY_COUNT, "earshot.gap.severities[].count", UINT, N, P, SEQ, "how many") \
	X(SUPPRESSED, "earshot.suppressed_count", UINT, AN, A, NONE, \
	    "verdicts folded into this one by the rule's limit") \
	X(UPDATE, "earshot.update", BOOL, AN, A, NONE, "closes a limit window, or got worse within it; not a new alert") \
	X(RELATED, "earshot.related", TEXTS, AN, NONE, EVENT_ID, \
	    "events it belongs to; the first one first") \
	X(RULES_VERSION, "earshot.rules_version", TEXT, ALL, ALL, NONE, \
	    "hash of rules, lists and inventories") \
	X(RULES_GENERATION, "earshot.rules_generation", UINT, ALL, ALL, NONE, \
	    "1 at the start, one more with each reload accepted; 0: told by the outlet") \
	X(SENSOR_VERSION, "earshot.sensor_version", TEXT, ALL, ALL, NONE, \
	    "version of the sensor")

#define HAS_HAS_KIND (HAS_A | HAS_S | HAS_N)

enum event_field {
#define X(id, path, type, have, must, rule, meaning) F_##id,
	EVENT_FIELDS(X)
#undef X
	EVENT_FIELD_COUNT
};

struct event_field_info {
	const char *path;
	enum json_type type;
	unsigned have, must;
	enum event_rule rule;
	const char *meaning;
};

extern const struct event_field_info event_field[EVENT_FIELD_COUNT];

#endif
