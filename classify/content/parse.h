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
/* A name that says what is in it: "voice-memos", "rec-20261122-1403". */
bool speaks_of_recordings(struct span name);
const uint8_t *span_find(struct span s, const void *what, size_t n);

/* ---- MIME headers (mime.c); HTTP's are of the same kind ---- */
struct mime {
	struct span host, type, name, boundary, encoding;
	uint64_t length;	/* UINT64_MAX: not declared */
	uint64_t range_at;	/* Content-Range: where the body begins in its file */
	uint64_t range_all;	/* how long that is; UINT64_MAX: not said */
	struct span destination;	/* of MOVE and COPY */
	bool chunked, base64, quoted, ice;
	bool websocket;		/* Upgrade: */
};

/* Reads headers to the empty line. PARSE_DONE: s stands behind it. PARSE_MORE: out holds
 * the headers that were whole. */
enum parse mime_headers(struct span *s, struct mime *out);
/* The parts of a multipart body that carry files (a name, or a type that is neither text
 * nor multipart nor JSON), nested ones too. *body: from its first byte to the end of
 * what is there, or to the next boundary (then p->whole). */
#define MIME_BOUNDARIES 4
struct mime_parts {
	struct span left, known[MIME_BOUNDARIES];
	size_t n;
	bool whole, ended;	/* the part; all of them */
	const uint8_t *cut;	/* the boundary line before headers that are not whole */
};
void mime_parts_start(struct mime_parts *p, struct span s, struct span boundary);
enum parse mime_attachment(struct mime_parts *p, struct mime *out, struct span *body);
bool mime_is_file(const struct mime *m);
/* Decodes what it can; stops at the first byte that cannot be base64.
 * Returns bytes written. */
size_t base64_decode(struct span text, uint8_t *out, size_t room);
size_t quoted_decode(struct span text, uint8_t *out, size_t room);	/* RFC 2045, 6.7 */

/* ---- TLS (tls.c): the server name of a client hello; scratch is lent,
 * sni may point there */
enum parse tls_sni(struct span head, uint8_t scratch[HEAD_BYTES], struct span *sni);
/* Does a whole hello offer HTTP/2 and name no host? */
bool tls_nameless_h2(struct span head, uint8_t scratch[HEAD_BYTES]);
/* Handshake bytes of consecutive records of type 22, as many as are there; returns how
 * many. *over: another record follows. */
size_t tls_handshake(struct span s, uint8_t out[HEAD_BYTES], bool *over);
/* ---- a server's certificate (certificate.c); names may point into scratch */
enum parse tls_certificate(struct span head, bool final, uint8_t scratch[HEAD_BYTES],
    struct tls_names *out);

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
/* The other way: a status line and headers. */
struct http_answer {
	unsigned status;
	struct mime head;
	size_t body_at;
};
enum parse http_answer(struct span head, struct http_answer *out);
/* The bytes of a chunked body that are here; *ended: and no more come. */
struct span http_unchunk(struct span s, uint8_t out[HEAD_BYTES], bool *ended);
/* One chunk with its line (RFC 9112, 7.1); the last one with its trailers. */
enum parse http_chunk(struct span s, uint64_t *size, bool *last);
/* "[2001:db8::1]:443", "host:443", "host" -> the host alone */
struct span http_host_only(struct span authority);
/* The last piece of the path, without a query */
struct span http_path_name(struct span path);

/* ---- SMTP (smtp.c) ---- */
struct smtp_mail {
	struct mime part;	/* the message's headers */
	struct span body;	/* behind them */
	bool whole;		/* to its end */
	uint64_t size;		/* SIZE= of RFC 1870; UINT64_MAX: not said */
	size_t tls_at;		/* not 0: STARTTLS was said and TLS begins here */
};
enum parse smtp_mail(struct span head, struct smtp_mail *out);

/* ---- MQTT 3.1 to 5 (mqtt.c) ---- */
/* A client's CONNECT starts here. */
enum parse mqtt_connect(struct span s, bool *v5);
struct mqtt_packet {
	uint64_t size;
	bool publish;
	struct span topic, payload, type;
	uint64_t length;	/* of the payload */
	bool whole;		/* it is all here */
};
enum parse mqtt_packet(struct span s, bool v5, struct mqtt_packet *out);

/* ---- SMB 2 and 3 (smb.c) ---- */
struct smb_frame {
	uint64_t size;		/* with the four bytes before it */
	bool created, wrote, asked, answered, renamed;
	struct span name;	/* CREATE, SET_INFO: UTF-16LE */
	uint32_t id, answer;	/* READ at 0: asked for; answered */
	struct span body;	/* wrote, answered */
	bool whole;
	bool goes_on;		/* WRITE, not at 0 */
	uint16_t file;		/* WRITE: a sum of its FileId */
	uint64_t before, at, length;	/* WRITE: bytes of the frame before the file's; where
				 * in the file they go, and how many */
};
enum parse smb_frame(struct span s, bool final, struct smb_frame *out);
/* The last piece of a path in UTF-16LE as UTF-8; returns bytes. */
size_t smb_name(struct span utf16, uint8_t *out, size_t room);

/* ---- RTSP (rtsp.c) ---- */
struct rtsp_piece {
	uint64_t size;
	bool announces, sound;		/* a stream; with sound */
	bool framed;			/* payload is a packet of RTP or RTCP */
	struct span payload, type, sdp;
	unsigned codec;			/* CODEC_: of the sound announced */
	uint16_t client_port, server_port;	/* of RTP, as SETUP or its answer says */
};
enum parse rtsp_opens(struct span s);
/* A segment in the middle of a stream begins with a message, or a packet between them. */
enum parse rtsp_resumes(struct span s);
enum parse rtsp_piece(struct span s, struct rtsp_piece *out);

/* ---- TFTP (tftp.c) ---- */
enum tftp_word { TFTP_NOTHING, TFTP_READ, TFTP_WRITE, TFTP_FIRST };
struct tftp_said {
	struct span name;	/* READ, WRITE */
	uint64_t length;	/* tsize; UINT64_MAX: not said */
	struct span body;	/* FIRST: block 1 */
};
enum { TFTP_OP_FIRST = 1, TFTP_OP_LAST = 3 };	/* its first word; no other says anything */
enum tftp_word tftp_packet(struct span p, struct tftp_said *out);

/* ---- FTP's control connection (ftp.c), line by line ---- */
enum ftp_word { FTP_NOTHING, FTP_PASSIVE, FTP_ACTIVE, FTP_STORE, FTP_REST };
struct ftp_said {
	enum ftp_word word;
	uint16_t port;		/* PASSIVE, ACTIVE; REST: 1 when not at the start */
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

/* ---- datagrams (rtp.c, setup.c) ---- */
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

/* Of the stream that stands: is it pictures (pictures.c)? In the place of its slots, and
 * `since` beside them: when the look began, in ms, << 32, and the stamp then. */
struct rtp_look {
	uint32_t stamp;			/* of the packet before */
	uint16_t source;		/* low bits of its ssrc; who makes up two that share
					 * them is judged as one */
	uint8_t open;			/* frames behind one without a marker at its
					 * end, or of one small packet */
	uint8_t state;
	unsigned packets : 12, frames : 12;	/* frames: stamps that changed from one packet
					 * to its next, none between them unseen */
	unsigned seq : 8;		/* of the packet before, its low bits */
	unsigned bytes : 20;		/* of all that was sent, in 16; at most */
	unsigned others : 12;		/* packets that are not the source's, in
					 * sixteenths; at most */
};
void rtp_look_start(struct rtp_look *l, uint64_t *since, struct span p, int64_t ms);
/* PICTURES: they were not seen before; STILL: another look saw them; DOUBT: one did not;
 * OTHER: they are none any longer; AGAIN: they are again. */
enum rtp_seen { RTP_SEEN_NOTHING, RTP_SEEN_PICTURES, RTP_SEEN_PICTURES_STILL, RTP_SEEN_DOUBT,
	RTP_SEEN_OTHER, RTP_SEEN_PICTURES_AGAIN };
/* What a further packet may be. HIDDEN: cut off before its first byte of RTP, which the
 * snap length or a loss took. */
enum rtp_kind { RTP_KIND_READ, RTP_KIND_OTHER, RTP_KIND_HIDDEN };
/* A further packet of the direction, RTP or not. *bytes: of all in a look that ends with it. */
enum rtp_seen rtp_look(struct rtp_look *l, uint64_t *since, enum rtp_kind kind, struct span p,
    uint32_t wire, int64_t ms, uint32_t *bytes);
enum content_word rtp_class(uint8_t type);
/* RFC 4571: frames of RTP, each behind two bytes of length, start here. */
enum parse rtp_frames(struct span s);
/* By the types that RFC 3551 gives for good; by the names that SDP has for the others. */
enum coded_word rtp_codec(uint8_t type);
enum coded_word rtp_codec_named(struct span name);

/* ---- SDP (sdp.c): the media of a session ---- */
#define SDP_TYPES 12
struct sdp_media {
	bool sound, picture;
	char address[ADDR_TEXT];	/* "": none said */
	uint16_t port;
	uint8_t n;
	uint8_t type[SDP_TYPES], codec[SDP_TYPES];
};
/* The next media line of the description and what belongs to it. */
bool sdp_next(struct span *s, struct span all, struct sdp_media *out);

#define SETUP_STUN_END 0x40		/* STUN's and DTLS's first bytes are below */
bool setup_stun(struct span p, uint32_t wire);
bool setup_dtls(struct span p, uint32_t wire);

/* A letter with which one of SIP's first words begins, in either case? Asked of every
 * datagram of a flow that is not known yet. */
static inline bool
sip_letter(uint8_t c)
{
	const uint32_t letters = 1U << ('i' - 'a') | 1U << ('a' - 'a') |
	    1U << ('b' - 'a') | 1U << ('c' - 'a') | 1U << ('o' - 'a') |
	    1U << ('r' - 'a') | 1U << ('p' - 'a') | 1U << ('s' - 'a') |
	    1U << ('n' - 'a') | 1U << ('m' - 'a') | 1U << ('u' - 'a');

	c = (uint8_t)((c | 0x20) - 'a');
	return c < 26 && (letters >> c & 1) != 0;
}

enum parse setup_sip(struct span p);
enum parse setup_ssh(struct span p);
/* Bytes that open a tunnel, from the client, and the server's answer. */
bool openvpn_hello(struct span p, uint32_t wire, bool server);
bool openvpn_tcp_hello(struct span p, bool server);
bool wireguard_hello(struct span p, uint32_t wire, bool server);

/* ---- magic (magic.c) ---- */
/* More bytes could change what magic_of said. */
bool magic_wants_more(struct span body);
/* ISO 11172-3, 2.4.2.3: one frame's header. */
struct mpeg_frame {
	size_t bytes;
	uint32_t kind, hertz, samples;
	unsigned layer;
	bool mpeg1, mono;
};
bool mpeg_frame(struct span b, struct mpeg_frame *out);
bool adts_sync(struct span b, size_t *frame, uint32_t *kind);
/* No format starts with these bytes, however many follow. */
bool magic_hopeless(struct span body);
/* How long such a file is by its own header; UINT64_MAX when that does not say. */
uint64_t magic_length(struct span body, enum format_word format);
enum content_word class_of_format(enum format_word format);

/* ---- names in archives (archive.c) ---- */
/* ZIP, TAR, RAR, gzip: the first entry here whose name speaks of sound. *again: where in
 * these bytes, or behind them, the next entry stands; 0: nothing more is told. */
bool archive_sound(struct span b, enum format_word format, struct span *name,
    uint64_t *again);

/* ---- what the container's header tells (sound.c) ---- */
enum { TRACK_SOUND = 1, TRACK_PICTURE = 2 };
struct sound {
	double rate;			/* bit/s; 0: unknown */
	int64_t ns;			/* 0: unknown */
	uint64_t again;			/* offset at which it goes on; 0: nowhere */
	enum coded_word codec;
	enum content_word class;	/* by the tracks of a container; else UNKNOWN */
	uint8_t tracks;			/* TRACK_ bits */
};
/* length: of the whole file, UINT64_MAX when not declared. tracks: those seen in an
 * earlier look at the same file. */
void sound_of(struct span body, enum format_word format, uint64_t length, uint8_t tracks,
    struct sound *out);
bool sound_container(enum format_word format);	/* its tracks tell what it is */

#endif
