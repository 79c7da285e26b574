/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observation: the one record in the middle. Everything to the right of capture works
 * from it and from nothing else.
 *
 * OBSERVATION_FIELDS is the single source of the struct, the rule words, the JSON schema,
 * `earshot rules fields` and the manual. A record has a fixed size and no pointers;
 * strings are ids (capture/base/intern.h) that a `name` record carried before. Counters
 * are cumulative, never deltas: a lost record costs resolution, not bytes.
 *
 * Kinds
 *   open     a flow began
 *   window   ten seconds of one meter that had something to judge; window.scope says of
 *            what: a socket (inside host, outside host, transport, inside port), a pair
 *            of hosts, or a logical destination (inside host, domain or proxy target)
 *   part     a flow's counters, every 60 s while bytes move, and after every 256 KiB up
 *   name     a string: id and bytes (struct observation_name)
 *   content  clear-text evidence was found in a flow
 *   device   a device was seen for the first time, or is now known by another key
 *   loss     the sensor missed something: one per step in which it did
 *   close    a flow ended; its last counters
 *   sum      what the store keeps of small flows; no sensor makes one, no rule sees one
 *
 * `loss` and `device` records have no far end and none of its fields.
 * A field is known when its bit is set (observation_known); what unknown means stands in
 * the table. Rules run on records in (time, ordinal) order.
 */
#ifndef CAPTURE_FLOW_OBSERVATION_H
#define CAPTURE_FLOW_OBSERVATION_H

#include "capture/base/addr.h"
#include "capture/base/intern.h"
#include "capture/base/ptime.h"

#define OBSERVATION_VERSION 1
#define FIELDS_SINCE "0.1"	/* of earshot: the first that had all of them */

/* X(enum suffix, name, meaning) */
#define OBSERVATION_KINDS(X) \
	X(OPEN, "open", "a flow began") \
	X(WINDOW, "window", "ten seconds of one meter") \
	X(PART, "part", "counters of a flow that goes on") \
	X(NAME, "name", "a string and its id") \
	X(CONTENT, "content", "clear-text evidence in a flow") \
	X(DEVICE, "device", "a device seen first, or under another key") \
	X(LOSS, "loss", "the sensor missed something") \
	X(CLOSE, "close", "a flow ended") \
	X(SUM, "sum", "small flows of a device to a destination, ten minutes of them")

enum observation_kind {
#define X(id, name, meaning) OBSERVATION_##id,
	OBSERVATION_KINDS(X)
#undef X
	OBSERVATION_KIND_COUNT
};

/* What the sensor could not see, in every record and every event. */
enum {
	SEEN_LOSS = 1 << 0,		/* packets were lost at the sensor
					 * while this was observed */
	SEEN_HALF = 1 << 1,		/* the tap shows one direction */
	SEEN_TRUNCATED = 1 << 2,	/* payload was cut by the snap length */
	SEEN_QUARANTINED = 1 << 3,	/* the flow killed its classifier */
	SEEN_MIDSTREAM = 1 << 4,	/* the flow began before the capture */
};

/* How a value is held, printed and compared. The rule language's types are these. */
enum field_type {
	FIELD_BOOL,		/* uint8_t 0, 1 */
	FIELD_COUNT,		/* uint64_t */
	FIELD_BYTES,		/* uint64_t, bytes */
	FIELD_NUMBER,		/* double, a ratio or a plain number */
	FIELD_RATE,		/* double, bit/s */
	FIELD_DURATION,		/* int64_t, ns */
	FIELD_MOMENT,		/* int64_t, ns since 1970 */
	FIELD_TEXT,		/* uint32_t, string id; 0 = empty */
	FIELD_ADDRESS,		/* struct addr */
	FIELD_PORT,		/* uint16_t */
	FIELD_MAC,		/* uint64_t */
	FIELD_WORD,		/* uint16_t, one word of a vocabulary */
	FIELD_WORDS,		/* uint64_t, a set of words of a
				 * vocabulary (bit n = word n) */
};

enum vocabulary {
	VOCABULARY_NONE, VOCABULARY_TRANSPORT, VOCABULARY_SCOPE, VOCABULARY_CONFIDENCE,
	VOCABULARY_NAME_SOURCE, VOCABULARY_CONTENT, VOCABULARY_FORMAT, VOCABULARY_PROOF,
	VOCABULARY_TUNNEL, VOCABULARY_PACE, VOCABULARY_FLOW_END, VOCABULARY_CODEC, VOCABULARY_WEEKDAY,
	VOCABULARY_RISK,	/* words in classify/dpi/vocabulary.h */
};

#define WORDS_TRANSPORT(X) X(TCP, "tcp") X(UDP, "udp") X(ICMP, "icmp") X(OTHER, "other")
#define WORDS_SCOPE(X) X(SOCKET, "socket") X(PAIR, "pair") X(DOMAIN, "domain") \
	X(OWNER, "owner")
#define WORDS_CONFIDENCE(X) X(NONE, "none") X(PORT, "port") X(GUESS, "guess") X(DPI, "dpi")
#define WORDS_NAME_SOURCE(X) \
	X(NONE, "none") X(DNS, "dns") X(SNI, "sni") X(HTTP, "http") X(QUIC, "quic") \
	X(QUERY, "query") X(CONNECT, "connect") X(SOCKS, "socks") \
	X(CERTIFICATE, "certificate") X(INVENTORY, "inventory")
#define WORDS_CONTENT(X) \
	X(UNKNOWN, "unknown") X(AUDIO, "audio") X(VIDEO, "video") X(IMAGE, "image") \
	X(DOCUMENT, "document") X(ARCHIVE, "archive") X(TEXT, "text") X(PROGRAM, "program") \
	X(PACKAGE, "package") X(DATABASE, "database") X(DISK, "disk-image") \
	X(SOURCE, "source") X(SCREEN, "screen")
#define WORDS_FORMAT(X) \
	X(UNKNOWN, "unknown") X(MP3, "mp3") X(AAC, "aac") X(OPUS, "ogg-opus") \
	X(VORBIS, "ogg-vorbis") X(SPEEX, "ogg-speex") X(FLAC, "flac") X(WAV, "wav") \
	X(AIFF, "aiff") X(AU, "au") X(M4A, "m4a") X(MP4, "mp4") X(AMR, "amr") \
	X(AMR_WB, "amr-wb") X(CAF, "caf") X(MATROSKA, "matroska") X(WMA, "wma") X(RTP, "rtp") \
	X(JPEG, "jpeg") X(PNG, "png") X(GIF, "gif") X(PDF, "pdf") X(ZIP, "zip") X(GZIP, "gzip") \
	X(SEVENZIP, "7z") X(RAR, "rar") X(TAR, "tar") X(ELF, "elf") X(EXE, "exe") X(DEB, "deb") \
	X(TIFF, "tiff") X(BMP, "bmp") X(WEBP, "webp") X(HEIF, "heif") X(DICOM, "dicom") \
	X(AVI, "avi") X(FLV, "flv") X(MPEG, "mpeg") X(MPEG_TS, "mpeg-ts") X(OGV, "ogg-video") \
	X(OFFICE, "office") X(OLE, "ms-office") X(RTF, "rtf") X(POSTSCRIPT, "postscript") \
	X(XZ, "xz") X(ZSTD, "zstd") X(BZIP2, "bzip2") X(LZ4, "lz4") X(RPM, "rpm") \
	X(JAR, "jar") X(MACHO, "mach-o") X(JAVA, "java-class") X(SQLITE, "sqlite") \
	X(ISO, "iso-9660") X(QCOW, "qcow2") X(VMDK, "vmdk") X(VHD, "vhd") X(GIT, "git-pack") \
	X(PCAP, "pcap") X(DICTATION, "dss") X(QCP, "qcp") X(MUSEPACK, "musepack") \
	X(WAVPACK, "wavpack") X(APE, "ape") X(EVS, "evs") X(AC3, "ac3") X(RFB, "rfb")
/* What the sound is coded with; the third is how people write it. */
#define WORDS_CODEC(X) \
	X(UNKNOWN, "unknown", "sound") X(PCM, "pcm", "PCM") X(PCMU, "g711-ulaw", "G.711") \
	X(PCMA, "g711-alaw", "G.711") X(ADPCM, "adpcm", "ADPCM") X(GSM, "gsm", "GSM") \
	X(MPA, "mpeg-audio", "MPEG audio") X(MP3, "mp3", "MP3") X(AAC, "aac", "AAC") \
	X(OPUS, "opus", "Opus") X(VORBIS, "vorbis", "Vorbis") X(SPEEX, "speex", "Speex") \
	X(FLAC, "flac", "FLAC") X(ALAC, "alac", "ALAC") X(AMR, "amr", "AMR") \
	X(AMR_WB, "amr-wb", "AMR-WB") X(EVS, "evs", "EVS") X(WMA, "wma", "WMA") \
	X(AC3, "ac3", "AC-3") X(G722, "g722", "G.722") X(G723, "g723", "G.723.1") \
	X(G726, "g726", "G.726") X(G728, "g728", "G.728") X(G729, "g729", "G.729") \
	X(ILBC, "ilbc", "iLBC") X(DVI4, "dvi4", "DVI4") X(LPC, "lpc", "LPC") \
	X(L16, "l16", "PCM") X(QCELP, "qcelp", "QCELP") X(NOISE, "comfort-noise", "silence") \
	X(DSS, "dss", "dictation (DSS)") X(MUSEPACK, "musepack", "Musepack") \
	X(WAVPACK, "wavpack", "WavPack") X(APE, "ape", "Monkey's Audio") \
	X(EVENTS, "telephone-event", "key tones") X(VIDEO, "video", "video")
#define WORDS_PROOF(X) \
	X(NONE, "none") X(MAGIC, "magic bytes") X(TYPE, "content type") X(NAME, "file name") \
	X(RTP, "rtp headers")
#define WORDS_TUNNEL(X) \
	X(NONE, "none") X(OPENVPN, "openvpn") X(WIREGUARD, "wireguard") X(IPSEC, "ipsec") \
	X(SSH, "ssh") X(TOR, "tor") X(SOCKS, "socks") X(DNS, "dns") X(ICMP, "icmp") \
	X(CONNECT, "http-connect") X(GRE, "gre") X(OTHER, "other") \
	X(DOH, "dns-encrypted") X(PROXY, "encrypted-proxy")
#define WORDS_PACE(X) \
	X(NONE, "none") X(EVEN, "even") X(LATE, "late") X(ELAPSED, "elapsed") X(LOOSE, "loose")
#define WORDS_FLOW_END(X) \
	X(FIN, "fin") X(RST, "rst") X(IDLE, "timeout") X(EVICTED, "evicted") X(INPUT, "end")

#define WORDS_WEEKDAY(X) \
	X(MONDAY, "monday") X(TUESDAY, "tuesday") X(WEDNESDAY, "wednesday") \
	X(THURSDAY, "thursday") X(FRIDAY, "friday") X(SATURDAY, "saturday") X(SUNDAY, "sunday")

#define X(id, name) TRANSPORT_##id,
enum transport_word { WORDS_TRANSPORT(X) TRANSPORT_WORD_COUNT };
#undef X
#define X(id, name) SCOPE_##id,
enum scope_word { WORDS_SCOPE(X) SCOPE_WORD_COUNT };
#undef X
#define X(id, name) CONFIDENCE_##id,
enum confidence_word { WORDS_CONFIDENCE(X) CONFIDENCE_WORD_COUNT };
#undef X
#define X(id, name) NAME_SOURCE_##id,
enum name_source_word { WORDS_NAME_SOURCE(X) NAME_SOURCE_WORD_COUNT };
#undef X
#define X(id, name) CONTENT_##id,
enum content_word { WORDS_CONTENT(X) CONTENT_WORD_COUNT };
#undef X
#define X(id, name) FORMAT_##id,
enum format_word { WORDS_FORMAT(X) FORMAT_WORD_COUNT };
#undef X
#define X(id, name) PROOF_##id,
enum proof_word { WORDS_PROOF(X) PROOF_WORD_COUNT };
#undef X
#define X(id, name, human) CODED_##id,
enum coded_word { WORDS_CODEC(X) CODED_WORD_COUNT };
#undef X
#define X(id, name) TUNNEL_##id,
enum tunnel_word { WORDS_TUNNEL(X) TUNNEL_WORD_COUNT };
#undef X
#define X(id, name) PACE_##id,
enum pace_word { WORDS_PACE(X) PACE_WORD_COUNT };
#undef X
#define X(id, name) FLOW_END_##id,
enum flow_end { WORDS_FLOW_END(X) FLOW_END_WORD_COUNT };
#undef X

/*
 * X(member, rule word, type, vocabulary, unit, meaning, when unknown)
 * All of them since FIELDS_SINCE. Members are ordered by size in the struct by the
 * compiler's alignment alone; the order here is the order people read.
 */
#define OBSERVATION_FIELDS(X) \
	/* who and where */ \
	X(outbound, "outbound", BOOL, NONE, "", \
	    "bytes go from an inside host to an outside one", "never") \
	X(src_ip, "src.ip", ADDRESS, NONE, "", \
	    "the inside host (the client when nothing crosses)", "never") \
	X(src_port, "src.port", PORT, NONE, "", "its port", "window of a pair or domain") \
	X(dest_ip, "dest.ip", ADDRESS, NONE, "", "the outside host as on the wire", "never") \
	X(dest_port, "dest.port", PORT, NONE, "", "its port", "window of a pair") \
	X(transport, "transport", WORD, TRANSPORT, "", "tcp, udp, icmp or other", \
	    "window of a pair or domain") \
	X(vlan, "vlan", COUNT, NONE, "", "VLAN id", "no tag") \
	X(scope, "window.scope", WORD, SCOPE, "", "what the window is of", "not a window") \
	X(window_start, "window.start", MOMENT, NONE, "", "the window's first moment", \
	    "not a window") \
	X(window_length, "window.length", DURATION, NONE, "s", "how long it was", "not a window") \
	/* the device */ \
	X(device_key, "device.key", TEXT, NONE, "", "inventory id, else MAC, else address", \
	    "never") \
	X(device_identity, "device.identity", TEXT, NONE, "", \
	    "the key it was first seen under, when it has another now: what is summed and " \
	    "limited per device goes by this one", "it is device.key") \
	X(device_name, "device.name", TEXT, NONE, "", "its name in the inventory or by DHCP", \
	    "no name") \
	X(device_mac, "device.mac", MAC, NONE, "", "its MAC address", "not seen, or a router's") \
	X(device_vendor, "device.vendor", TEXT, NONE, "", "who made its network card", \
	    "MAC not seen, a random one, or no table (ieee-data)") \
	X(device_random, "device.random", BOOL, NONE, "", \
	    "its MAC address is no maker's: drawn by lot, or a virtual machine's", \
	    "MAC not seen, or a router's") \
	X(device_first_mac, "device.first_mac", MAC, NONE, "", \
	    "the MAC address it had first: it drew another, and was recognised by what it " \
	    "says by DHCP", "it has the one it had, or not seen") \
	X(device_system, "device.system", TEXT, NONE, "", \
	    "what its DHCP client calls itself (vendor class): android-dhcp-14, MSFT 5.0", \
	    "not said") \
	X(device_known, "device.known", BOOL, NONE, "", "it is in the inventory", "no inventory") \
	X(device_owner, "device.owner", TEXT, NONE, "", "owner, from the inventory", "not stated") \
	X(device_role, "device.role", TEXT, NONE, "", "role, from the inventory", "not stated") \
	X(device_room, "device.room", TEXT, NONE, "", "room or site, from the inventory", \
	    "not stated") \
	X(device_was, "device.was", TEXT, NONE, "", \
	    "the key it had before, in a device record", "it had none, or the same") \
	X(device_seen, "device.since", MOMENT, NONE, "", "first seen by this sensor", "never") \
	X(device_new, "device.new", BOOL, NONE, "", \
	    "this sensor had not seen it before the last 24 h", \
	    "in a capture, and in a sensor's first seven days") \
	/* the destination */ \
	X(dest_key, "dest.key", TEXT, NONE, "", \
	    "registrable domain, else target, else address: what bytes are summed by", "never") \
	X(dest_name, "dest.name", TEXT, NONE, "", "its name", "no name was seen") \
	X(dest_name_source, "dest.name_source", WORD, NAME_SOURCE, "", "where the name came from", \
	    "never") \
	X(dest_claimed, "dest.claimed", BOOL, NONE, "", \
	    "the name is the client's word alone: no DNS answer gave it this address, or the " \
	    "server's certificate is for others", \
	    "no name by the client, or its DNS was not heard for claim.after") \
	X(dest_logical, "dest.logical", TEXT, NONE, "", \
	    "target behind a resolver or proxy (DNS domain, CONNECT or SOCKS target)", "none") \
	X(dest_settled, "dest.settled", BOOL, NONE, "", \
	    "no further name can come: 12 packets of the flow were read", "never") \
	X(dest_looked_up, "dest.looked_up", BOOL, NONE, "", \
	    "somebody inside resolved this address, the flow named its host, it named itself " \
	    "by mDNS or LLMNR, or the inventory has it", \
	    "not seen to be, and the flow began before the capture") \
	X(dest_since, "dest.since", MOMENT, NONE, "", \
	    "somebody inside talked to it first, as far as this sensor knows", "never") \
	X(dest_new, "dest.new", BOOL, NONE, "", \
	    "nobody inside talked to it before the last 24 h", \
	    "in a capture, and in a sensor's first seven days") \
	X(dest_asn, "dest.asn", COUNT, NONE, "", \
	    "the autonomous system its address lies in", "no asn database, or not in it") \
	X(dest_as_org, "dest.as_org", TEXT, NONE, "", "who runs that", "as dest.asn") \
	X(dest_country, "dest.country", TEXT, NONE, "", "the country of its address: CH, SE", \
	    "no country database, or not in it") \
	X(dest_devices, "dest.devices", COUNT, NONE, "", "inside hosts that talked to it", \
	    "never") \
	X(dest_new_to_device, "dest.new_to_device", BOOL, NONE, "", \
	    "this device did not talk to it before the last 24 h", \
	    "as dest.new, and where sixteen others were there before it") \
	/* what it is */ \
	X(app, "app", TEXT, NONE, "", "application protocol", "not classified (yet)") \
	X(app_category, "app.category", TEXT, NONE, "", "its category", "not classified (yet)") \
	X(app_confidence, "app.confidence", WORD, CONFIDENCE, "", "how it was classified", \
	    "window of a pair or domain") \
	X(app_risks, "app.risks", WORDS, RISK, "", "what the classifier found odd", \
	    "not classified") \
	X(tunnel, "tunnel.kind", WORD, TUNNEL, "", "the tunnel this flow is", \
	    "not classified (yet)") \
	X(tls_sni, "tls.sni", TEXT, NONE, "", "server name of the TLS client hello", "not seen") \
	X(tls_certificate, "tls.certificate", TEXT, NONE, "", \
	    "a name in the server's certificate, the one that fits if one does", \
	    "not seen: TLS 1.3 encrypts it") \
	X(quic_sni, "quic.sni", TEXT, NONE, "", "server name inside QUIC's initial", "not seen") \
	X(http_host, "http.host", TEXT, NONE, "", "Host of the first HTTP request", "not seen") \
	X(http_method, "http.method", TEXT, NONE, "", "method of the first HTTP request", \
	    "not seen") \
	/* how much */ \
	X(flow_start, "flow.start", MOMENT, NONE, "", "first packet", \
	    "window of a pair or domain") \
	X(flow_last, "flow.last", MOMENT, NONE, "", "last packet", "window of a pair or domain") \
	X(flow_end, "flow.end", WORD, FLOW_END, "", "how the flow ended", "not a close") \
	X(upload, "upload", BYTES, NONE, "B", "payload sent outside, true bytes", \
	    "window of a pair or domain") \
	X(download, "download", BYTES, NONE, "B", "payload received, true bytes", \
	    "window of a pair or domain") \
	X(captured_up, "upload.captured", BYTES, NONE, "B", "payload sent and captured", \
	    "as upload") \
	X(captured_down, "download.captured", BYTES, NONE, "B", "payload received and captured", \
	    "as upload") \
	X(wire_up, "wire.up", BYTES, NONE, "B", "frame bytes sent", "as upload") \
	X(wire_down, "wire.down", BYTES, NONE, "B", "frame bytes received", "as upload") \
	X(pkts_up, "packets.up", COUNT, NONE, "", "packets sent", "as upload") \
	X(pkts_down, "packets.down", COUNT, NONE, "", "packets received", "as upload") \
	X(retrans_up, "retransmitted.up", BYTES, NONE, "B", "payload sent again", "as upload") \
	X(gaps_up, "gaps.up", BYTES, NONE, "B", \
	    "payload the capture missed, proven by acknowledgements", "as upload") \
	X(pair_up, "pair.upload", BYTES, NONE, "B", \
	    "payload sent between the two hosts, all flows", \
	    "nothing crosses, or window of a domain") \
	X(pair_down, "pair.download", BYTES, NONE, "B", "payload received between them", \
	    "as pair.upload") \
	/* T1-T3 and the decision: does it keep time */ \
	X(voice_rate, "voice.rate", RATE, NONE, "bit/s", "payload rate of the window", \
	    "not a window of a socket") \
	X(voice_packets, "voice.packets", NUMBER, NONE, "1/s", "data packets per second", \
	    "as voice.rate") \
	X(voice_size, "voice.size", NUMBER, NONE, "B", "mean payload of a packet", \
	    "as voice.rate") \
	X(voice_size_cv, "voice.size_cv", NUMBER, NONE, "", \
	    "coefficient of variation of the sizes", "as voice.rate") \
	X(voice_constant, "voice.constant", BOOL, NONE, "", \
	    "every packet has the same size: constant-rate voice or telemetry", "as voice.rate") \
	X(voice_fano, "voice.fano", NUMBER, NONE, "", \
	    "T1: variance over mean of packets per second", "as voice.rate") \
	X(voice_bytes, "voice.bytes_fano", NUMBER, NONE, "", \
	    "T1: variance of bytes per second over mean square sum", "as voice.rate") \
	X(voice_filled, "voice.filled", COUNT, NONE, "", "seconds of the ten with a packet", \
	    "as voice.rate") \
	X(voice_held, "voice.held", BOOL, NONE, "", \
	    "the link sets its pace: full segments, and always more to send", "as voice.rate") \
	X(voice_pass, "voice.pass", BOOL, NONE, "", \
	    "the window keeps time (T1 with its gates, or T3)", "as voice.rate") \
	X(voice_steady, "voice.steady", NUMBER, NONE, "", \
	    "T2: the smaller of both figures over ten 4-s bins", \
	    "as voice.rate, or sooner than steady.bins bins of 4 s") \
	X(voice_clock, "voice.clock", NUMBER, NONE, "", \
	    "T3: strongest vector strength among the codec clocks", \
	    "as voice.rate, or under 30 packets or 4 active seconds") \
	X(voice_period, "voice.period", DURATION, NONE, "s", "the clock it stands at", \
	    "as voice.clock") \
	X(voice_clocked, "voice.clocked", NUMBER, NONE, "", \
	    "share of passing windows in which T3 stands", \
	    "as voice.rate, or no window passed") \
	X(voice_score, "voice.score", NUMBER, NONE, "", \
	    "the sequential decision: sum of log likelihoods", "as voice.rate") \
	X(voice_windows, "voice.windows", COUNT, NONE, "", "windows judged", "as voice.rate") \
	X(voice_passed, "voice.passed", COUNT, NONE, "", "windows that passed", "as voice.rate") \
	X(voice_seconds, "voice.seconds", DURATION, NONE, "s", \
	    "seconds of audio so far: ten per passing window, and up to thirty between two", "as voice.rate") \
	X(voice_first, "voice.since", MOMENT, NONE, "", "first packet of the meter", \
	    "as voice.rate") \
	X(voice_within, "voice.within", BOOL, NONE, "", \
	    "the window is of packets of a few sizes inside a tunnel, beside other traffic", \
	    "as voice.rate, or of all packets") \
	X(voice_upload, "voice.upload", BYTES, NONE, "B", "payload the meter saw go up", \
	    "as voice.rate") \
	X(voice_stays, "voice.stays", BOOL, NONE, "", \
	    "T2: its variance does not grow (voice.steady is at most steady.max)", \
	    "as voice.steady") \
	X(voice_framed, "voice.framed", BOOL, NONE, "", \
	    "packets of one size are as far apart as some codec's", "voice.constant is not true") \
	/* T4 */ \
	X(text_printable, "text.printable", NUMBER, NONE, "", \
	    "T4: printable share of payload heads", \
	    "not a window of a socket or pair, or payload not captured") \
	X(text_outside, "text.outside", NUMBER, NONE, "", \
	    "T4: share of characters outside base64's", "as text.printable") \
	X(text_plain, "text.plain", BOOL, NONE, "", "T4: uncoded text is not sound", \
	    "as text.printable") \
	/* T5 */ \
	X(way_bytes, "way.bytes", NUMBER, NONE, "", \
	    "T5: bytes down over bytes up on the pair's transport", \
	    "nothing crosses, window of a domain, or datagrams whose answers may be unseen") \
	X(way_packets, "way.packets", NUMBER, NONE, "", \
	    "T5: packets down over up in windows down that keep time, from any host " \
	    "to the same socket", "not a window of a socket, or as way.bytes") \
	X(way_two, "way.two", BOOL, NONE, "", "T5: it is a conversation", "as way.packets") \
	X(way_half, "way.half", BOOL, NONE, "", "the tap shows one direction of this host", \
	    "nothing crosses, neither is proven, or window of a domain") \
	X(way_setup, "way.setup", BOOL, NONE, "", \
	    "call set-up (SIP, STUN, DTLS) was seen on the pair, or shortly before by the " \
	    "inside host", \
	    "nothing crosses, or window of a domain") \
	X(way_turned, "way.turned", DURATION, NONE, "s", \
	    "T5: since it was last a conversation, by the minute before", \
	    "as way.packets, or it never was one") \
	X(way_media, "way.media", DURATION, NONE, "s", "since the first packet of the meter", \
	    "as voice.rate") \
	X(way_shared, "way.shared", DURATION, NONE, "s", \
	    "T5: since the same sound was last seen to go to a call of this device", \
	    "it never was seen, or it is a call itself") \
	/* T6 */ \
	X(chunks_count, "chunks.count", COUNT, NONE, "", "T6: bursts in a row that fit", \
	    "not a window of a pair") \
	X(chunks_period, "chunks.period", DURATION, NONE, "s", "median gap between bursts", \
	    "under three bursts") \
	X(chunks_size, "chunks.size", BYTES, NONE, "B", "median burst", "under three bursts") \
	X(chunks_rate, "chunks.rate", RATE, NONE, "bit/s", "median size over median gap", \
	    "under three bursts") \
	X(chunks_gaps, "chunks.even_gaps", NUMBER, NONE, "", "share of gaps near the median", \
	    "under three bursts") \
	X(chunks_sizes, "chunks.even_sizes", NUMBER, NONE, "", "share of sizes near the median", \
	    "under three bursts") \
	X(chunks_span, "chunks.span", DURATION, NONE, "s", "from the first to the last of them", \
	    "under three bursts") \
	X(chunks_regular, "chunks.regular", BOOL, NONE, "", \
	    "T6: their pace is a recorder's, see chunks.pace", "not a window of a pair") \
	X(chunks_pace, "chunks.pace", WORD, PACE, "", \
	    "T6: even gaps and sizes; or even sizes, each late by some of the period; or sizes " \
	    "that follow the time elapsed (voice-activated)", "under three bursts") \
	X(chunks_equal, "chunks.equal_bytes", BOOL, NONE, "", \
	    "equal pieces: rate limiter or fixed-rate recorder", "under three bursts") \
	X(chunks_slope, "chunks.slope", NUMBER, NONE, "", "correlation of size with elapsed time", \
	    "under twelve bursts") \
	X(chunks_upload, "chunks.upload", BYTES, NONE, "B", "bytes in the bursts", \
	    "not a window of a pair") \
	X(chunks_spread, "chunks.spread", NUMBER, NONE, "", \
	    "spread of the sizes: standard deviation over mean", "under three bursts") \
	X(chunks_seconds, "chunks.seconds", DURATION, NONE, "s", \
	    "speech in the bursts: bytes over their rate", "their pace is no recorder's") \
	X(chunks_way, "chunks.way", NUMBER, NONE, "", \
	    "bytes down over bytes up of the bursts, without what opens connections", \
	    "under three bursts, or half seen") \
	/* T7 */ \
	X(dns_queries, "dns.queries", COUNT, NONE, "", \
	    "T7: queries for the domain in the last 60 s", "not a window of a domain") \
	X(dns_bytes, "dns.bytes", BYTES, NONE, "B", \
	    "T7: query bytes for the domain in the last 60 s", "not a window of a domain") \
	X(dns_mean, "dns.mean", BYTES, NONE, "B", "T7: mean query", "not a window of a domain") \
	X(dns_held, "dns.held", BYTES, NONE, "B", \
	    "T7: what different names held below the domain in the last hour, beyond 32 bytes each", \
	    "not a window of a domain") \
	/* content */ \
	X(content, "content", WORD, CONTENT, "", "what the clear text is", \
	    "encrypted or not seen") \
	X(content_format, "content.format", WORD, FORMAT, "", "file or stream format", \
	    "encrypted or not seen") \
	X(content_proof, "content.proof", WORD, PROOF, "", "what proves it", \
	    "encrypted or not seen") \
	X(content_type, "content.type", TEXT, NONE, "", "declared content type", "not declared") \
	X(content_name, "content.name", TEXT, NONE, "", "file name", "not seen") \
	X(content_length, "content.length", BYTES, NONE, "B", "declared length", "not declared") \
	X(content_rate, "content.rate", RATE, NONE, "bit/s", \
	    "rate of the sound, by its container's header or first frames", "not told") \
	X(content_seconds, "content.seconds", DURATION, NONE, "s", \
	    "length of the sound, by its container's header, or by the rate and the " \
	    "declared length", "not told") \
	X(content_codec, "content.codec", WORD, CODEC, "", \
	    "what the sound is coded with, by its container's header", "not told") \
	X(unseen, "upload.unseen", BYTES, NONE, "B", \
	    "upload without what is seen to be something else than sound; of that never more " \
	    "than a body's length and what its own header declares, or content.plain.max", \
	    "as upload") \
	X(rtp_codec, "rtp.codec", WORD, CODEC, "", \
	    "by the payload type, or by the SDP that was seen before it", \
	    "no RTP, or a type that was agreed on unseen") \
	X(rtp_type, "rtp.type", COUNT, NONE, "", "RTP payload type", "no RTP") \
	X(rtp_ssrc, "rtp.ssrc", COUNT, NONE, "", "RTP source", "no RTP") \
	/* a call and its recording; in the record of a close */ \
	X(call_fits, "call.fits", BOOL, NONE, "", \
	    "the upload is as long as a call of the device or its room that had just ended", \
	    "no call before it, or not a close") \
	X(call_length, "call.length", DURATION, NONE, "s", "that call's length", "fits none") \
	X(call_rate, "call.rate", RATE, NONE, "bit/s", "the rate at which it fits", "fits none") \
	X(call_ago, "call.ago", DURATION, NONE, "s", "from the call's end to the upload's begin", \
	    "fits none") \
	/* what was not seen */ \
	X(quarantined, "quarantined", BOOL, NONE, "", "the flow killed its classifier", "never") \
	X(loss_packets, "loss.packets", COUNT, NONE, "", \
	    "packets lost by kernel, interface and rings so far", "no live wire") \
	/* when, at the site; the judge sets them, no sensor room knows a time zone */ \
	X(hour, "hour", COUNT, NONE, "", "hour of the day, 0 to 23, in the time zone 'tz'", \
	    "no 'tz' was declared") \
	X(weekday, "weekday", WORD, WEEKDAY, "", "day of the week, in the time zone 'tz'", \
	    "no 'tz' was declared")

#define FIELD_C_BOOL uint8_t
#define FIELD_C_COUNT uint64_t
#define FIELD_C_BYTES uint64_t
#define FIELD_C_NUMBER double
#define FIELD_C_RATE double
#define FIELD_C_DURATION int64_t
#define FIELD_C_MOMENT int64_t
#define FIELD_C_TEXT uint32_t
#define FIELD_C_ADDRESS struct addr
#define FIELD_C_PORT uint16_t
#define FIELD_C_MAC uint64_t
#define FIELD_C_WORD uint16_t
#define FIELD_C_WORDS uint64_t

/* FIELD_outbound, FIELD_src_ip, ...: the field's number and its bit. */
enum field {
#define X(m, w, t, v, u, mean, unk) FIELD_##m,
	OBSERVATION_FIELDS(X)
#undef X
	FIELD_COUNT_ALL
};

struct observation {
	uint16_t size;			/* sizeof(struct observation) */
	uint8_t version, kind;
	uint32_t seen;			/* SEEN_ bits */
	int64_t time;			/* ns, packet time of the observation */
	uint64_t ordinal;		/* of the packet that led to it */
	uint64_t flow_id, pair_id;	/* 0: none */
	uint32_t source;		/* interface index of the source */
	uint32_t reserved;
	uint64_t known[3];		/* bit n: field n is known */
#define X(m, w, t, v, u, mean, unk) FIELD_C_##t m;
	OBSERVATION_FIELDS(X)
#undef X
};

_Static_assert(FIELD_COUNT_ALL <= 192, "known[] is three words");

/* kind == OBSERVATION_NAME: the same head, then a string.
 * Same size as struct observation. */
struct observation_name {
	uint16_t size;
	uint8_t version, kind;
	uint32_t seen;
	int64_t time;
	uint64_t ordinal;
	uint32_t id;
	uint16_t len;
	char bytes[INTERN_MAX + 1];
};

struct field_info {
	const char *member, *word;
	enum field_type type;
	enum vocabulary vocabulary;
	const char *unit, *meaning, *unknown;
	size_t offset;
};

extern const struct field_info observation_field[FIELD_COUNT_ALL];
extern const uint64_t observation_texts[3];	/* as known[]: the fields of FIELD_TEXT */

/* Sets a member and its known bit: OBSERVATION_SET(&o, upload, 1234). */
#define OBSERVATION_SET(o, m, value) \
	((o)->m = (value), (o)->known[FIELD_##m / 64] |= UINT64_C(1) << (FIELD_##m % 64))

static inline bool
observation_known(const struct observation *o, enum field f)
{
	return (o->known[f / 64] >> (f % 64) & 1) != 0;
}

const char *observation_kind_name(enum observation_kind k);

/* How people write a codec: "AMR-WB". */
const char *codec_human(unsigned n);

/* The n-th word of a vocabulary kept here;
 * NULL past its end (and for VOCABULARY_RISK). */
const char *vocabulary_word(enum vocabulary v, unsigned n);

/* One callback per stage. Lent for the call; strings by id through `strings`. */
typedef void observe_fn(void *arg, const struct observation *o,
    const struct intern *strings);

#endif
