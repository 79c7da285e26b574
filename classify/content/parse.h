/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse: the small parsers of the room, one file each. They are pure: bytes in, spans
 * into those bytes (or into memory the caller lends) out. Every one takes what is there
 * so far and answers one of three words; a stream parser is simply asked again from the
 * start when more bytes came.
 */
#ifndef CLASSIFY_CONTENT_PARSE_H
#define CLASSIFY_CONTENT_PARSE_H

#include "classify/content/content.h"

enum parse {
	PARSE_NOT,		/* it is something else */
	PARSE_MORE,		/* it may be, more bytes are needed */
	PARSE_DONE,
};

/* ---- text (words.c) ---- */
/* One line without its CR LF; false when no LF is there. */
bool line_take(struct span *s, struct span *line);
bool text_starts(struct span s, const char *lower);	/* without case */
bool text_is(struct span s, const char *lower);
bool text_has(struct span s, const char *lower);
/* s is shorter than the word and equal as far as it goes. */
bool text_may_become(struct span s, const char *lower);
struct span text_trim(struct span s);
bool text_number(struct span *s, uint64_t *v);		/* decimal digits, saturating */
const uint8_t *span_find(struct span s, const void *what, size_t n);

/* ---- MIME headers (mime.c); HTTP's are of the same kind ---- */
struct mime {
	struct span host, type, name, boundary, encoding;
	uint64_t length;	/* UINT64_MAX: not declared */
	bool chunked, base64;
};

/* Reads headers to the empty line. PARSE_DONE: s stands behind it. PARSE_MORE: out holds
 * the headers that were whole. */
enum parse mime_headers(struct span *s, struct mime *out);
/* "; name=value" of a header's value, quotes off; also RFC 2231's name*= and name*0=. */
/* The first part of a multipart body that carries a file (a name, or a type that is
 * neither text nor multipart), nested ones too. *body: from its first byte to the end of
 * what is there, or to the next boundary (then *whole). */
enum parse mime_attachment(struct span s, struct span boundary, struct mime *out,
    struct span *body, bool *whole);
/* Decodes what it can; stops at the first byte that cannot be base64.
 * Returns bytes written. */
size_t base64_decode(struct span text, uint8_t *out, size_t room);

/* ---- TLS (tls.c): the server name of a client hello; scratch is lent,
 * sni may point there */
enum parse tls_sni(struct span head, uint8_t scratch[HEAD_BYTES], struct span *sni);

/* ---- HTTP/1 requests (http.c) ---- */
struct http_request {
	struct span method, path;
	struct mime head;
	bool whole;		/* the empty line was there */
	size_t body_at;		/* bytes before the body, when whole */
};

/* PARSE_MORE with a request line read fills what is known so far. */
enum parse http_request(struct span head, struct http_request *out);
bool http_has_body(const struct http_request *r);
/* "[2001:db8::1]:443", "host:443", "host" -> the host alone */
struct span http_host_only(struct span authority);
/* The last piece of the path, without a query */
struct span http_path_name(struct span path);

/* ---- SMTP (smtp.c) ---- */
struct smtp_mail {
	struct mime part;
	struct span body;
	bool whole;
	size_t tls_at;		/* not 0: STARTTLS was said and TLS begins here */
};
enum parse smtp_mail(struct span head, struct smtp_mail *out);

/* ---- FTP's control connection (ftp.c), line by line ---- */
enum ftp_word { FTP_NOTHING, FTP_PASSIVE, FTP_ACTIVE, FTP_STORE };
struct ftp_said {
	enum ftp_word word;
	uint16_t port;		/* PASSIVE, ACTIVE */
	struct span name;	/* STORE; empty for STOU */
};
/* A command that only FTP knows starts here. */
enum parse ftp_command(struct span head);
/* Takes lines of one packet until one matters; false when none is left. */
bool ftp_next(struct span *lines, bool from_server, struct ftp_said *out);

/* ---- SOCKS 4, 4a, 5 (socks.c) ---- */
struct socks_request {
	char text[ADDR_TEXT];	/* where an address was given */
	struct span target;	/* points into the head, or is empty: then text */
	size_t end;		/* bytes of the requests; the stream behind starts here */
};
enum parse socks_request(struct span head, struct socks_request *out);

/* ---- datagrams (rtp.c, setup.c, dhcp.c) ---- */
struct rtp_slot {
	uint32_t ssrc;
	uint16_t seq;
	uint8_t good, missed;	/* steps of +1, and others */
};
#define RTP_SLOTS 2		/* sound and picture share a socket in WebRTC */
/* True when, with this packet, a stream stands: at least 4 packets,
 * 3 of 4 steps are +1. */
bool rtp_packet(struct rtp_slot slot[RTP_SLOTS], struct span p, uint32_t wire,
    uint8_t *type, uint32_t *ssrc);
enum content_word rtp_class(uint8_t type);

bool setup_stun(struct span p, uint32_t wire);
bool setup_dtls(struct span p, uint32_t wire);
enum parse setup_sip(struct span p);
enum parse setup_ssh(struct span p);
/* Bytes that open a tunnel, from the client, and the server's answer. */
bool openvpn_hello(struct span p, uint32_t wire, bool server);
bool openvpn_tcp_hello(struct span p, bool server);
bool wireguard_hello(struct span p, uint32_t wire, bool server);

/* A client's BOOTP message with a host name. */
bool dhcp_client(struct span p, struct content_news *news);

/* ---- magic (magic.c) ---- */
/* More bytes could change what magic_of said. */
bool magic_wants_more(struct span body);
/* No format starts with these bytes, however many follow. */
bool magic_hopeless(struct span body);

#endif
