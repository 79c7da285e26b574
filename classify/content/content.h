/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * content: clear-text evidence. What a flow itself says about what it carries.
 *
 * Owns: the first bytes of each direction of a flow put in order (HEAD_BYTES, TCP by
 * stream offset, holes waited for), and the parsers that read them: TLS client hello
 * (SNI), HTTP/1 request line, headers and the body's first bytes (chunked, the files of a
 * multipart form, base64 in JSON, behind a CONNECT), FTP (PASV, EPSV, PORT, EPRT and the
 * name of STOR, APPE), SMTP and LMTP (DATA, MIME parts, base64, mail after mail), SMB 2 and
 * 3 (CREATE, WRITE and READ at 0), MQTT (PUBLISH), RTSP (ANNOUNCE, RTP between messages),
 * TFTP, SOCKS 4/5, RTP by its own headers (four consistent packets at least), SIP, STUN,
 * DTLS handshakes (call set-up), SDP, RTP over TCP (RFC 4571), SSH and OpenVPN by their
 * first bytes, media magic, names in archives, headers of containers.
 * Refuses: decryption, decompression, reading past the head (but for a second look at
 * an offset that the head names: the index of an MP4, the next entry of an archive). A magic counts only where a
 * body starts. Bodies start: after HTTP headers, after a MIME part's headers, at
 * offset 0 of what SMB writes, in a PUBLISH, in TFTP's block 1, at the start of a value in
 * JSON, at byte 0 of an FTP data connection, and at byte 0 of a connection that carries a
 * raw file.
 *
 * The state of a flow lies in a pool from its first payload that is worth a note to the
 * last (struct content_flow says where), and, while the head of a
 * direction is being read, a buffer in another. When the pool is empty the buffer held
 * longest is taken from its flow, which is then not read on (counted): many flows that
 * say one byte and wait must not blind us for the next. So content_end has to be called
 * for every flow that ends.
 */
#ifndef CLASSIFY_CONTENT_CONTENT_H
#define CLASSIFY_CONTENT_CONTENT_H

#include "capture/flow/flow.h"
#include "classify/content/dhcp.h"
#include "classify/content/dns.h"

#define HEAD_BYTES 4096

/* What became known with this packet. */
enum {
	NEWS_SNI = 1 << 0,		/* text: the name */
	NEWS_HTTP = 1 << 1,		/* host, method, type, name, length */
	NEWS_CONTENT = 1 << 2,		/* class, format, proof, name, type, length */
	NEWS_TARGET = 1 << 3,		/* target: host of CONNECT or SOCKS; via */
	NEWS_DNS = 1 << 4,		/* dns: a query or response (port 53); or with
					 * dns_own a host's own name (5353, 5355) */
	NEWS_RTP = 1 << 5,		/* the stream stands as RTP: rtp_type, rtp_ssrc */
	NEWS_SETUP = 1 << 6,		/* call set-up: SIP, STUN or a DTLS handshake */
	NEWS_TUNNEL = 1 << 7,		/* tunnel: SSH or OpenVPN or
					 * SOCKS by its first bytes */
	NEWS_DHCP = 1 << 8,		/* dhcp: a client's message, or an address
					 * given to one */
	NEWS_CERTIFICATE = 1 << 9,	/* certificate: of a TLS server, in clear */
};

/* For whom a certificate was made, by itself. */
#define TLS_NAMES 64
struct tls_names {
	struct span name[TLS_NAMES];
	unsigned n;
	bool whole;			/* these are all */
};

/* Lent until the next call. Texts are spans of raw bytes. */
struct content_news {
	unsigned what;
	struct span sni;
	struct span host, method, path;
	struct span target;
	enum name_source_word via;
	enum content_word class;
	enum format_word format;
	enum proof_word proof;
	struct span type, name;
	uint64_t length;		/* UINT64_MAX: not declared */
	enum coded_word codec;
	double rate;			/* of the sound, bit/s; 0: unknown */
	int64_t sound_ns;		/* how long it is; 0: unknown */
	bool to_end;			/* the body goes on to the end of the flow */
	bool taken_back;		/* content that was told is told no longer */
	bool same_body;			/* a later look at the body told before: what is
					 * unknown here stays as it was */
	/* A body was judged, with NEWS_CONTENT or without (then nothing is known of it).
	 * Of a plain one (class_is_plain, by its own bytes) so many bytes are that;
	 * UINT64_MAX: its header does not say; 0: it is not plain, or only claims to be. */
	bool body;
	uint64_t body_plain;
	uint32_t body_seen;		/* bytes of it that are here */
	bool dns_own;			/* a host's own name, by mDNS or LLMNR */
	uint32_t dns_bytes;		/* payload bytes of the DNS message on the wire */
	uint8_t rtp_type;
	enum coded_word rtp_codec;	/* by the type, or by SDP seen before; or UNKNOWN */
	uint32_t rtp_ssrc;
	enum tunnel_word tunnel;
	/* NEWS_CONTENT, NEWS_RTP: the direction in which the content goes. NEWS_RTP comes
	 * once for each direction that stands, with class by payload type (dynamic types:
	 * unknown), format and proof RTP, and is no NEWS_CONTENT. */
	enum flow_dir body_dir;
	/* Each holds something only when `what` says so; NEWS_DNS, _DHCP, _CERTIFICATE. */
	struct dns_message dns;
	struct dhcp_message dhcp;
	struct tls_names certificate;
};

struct content_flow {
	uint32_t place;			/* owned by content.c; zeroed is new */
};

#define CONTENT_OVER UINT32_MAX		/* the place of a flow of which all was read */

struct content;

struct content_options {
	struct siphash_key hash;
	size_t heads;			/* heads (one a direction)
					 * read at a time; 0: 8192 */
	size_t flows;			/* that are looked at at a time; 0: 65536 */
};

struct content *content_create(const struct content_options *o);
void content_destroy(struct content *c);

/* Any packet of a flow (payload or not). Returns news->what. */
unsigned content_packet(struct content *c, struct content_flow *f,
    const struct flow_hit *hit, struct content_news *news);
/* Brings near what a packet of it will touch. */
void content_near(const struct content *c, const struct content_flow *f);
/* Gives the buffer back. */
void content_end(struct content *c, struct content_flow *f);
uint64_t content_no_head(const struct content *c);	/* heads lost to newer ones */

/* The media magic alone, for bodies of any carrier: what starts here? Needs at most the
 * first 512 bytes; FORMAT_UNKNOWN when it cannot say. MP3 and ADTS need a second
 * frame. */
enum format_word magic_of(struct span body, enum content_word *class);
/* What a declared content type or a file name says; CONTENT_UNKNOWN when nothing. */
enum content_word class_of_type(struct span type);
enum content_word class_of_name(struct span name);
/* Of these classes the first bytes tell what the rest is; an archive or a disk image may
 * hold anything. */
bool class_is_plain(enum content_word class);

#endif
