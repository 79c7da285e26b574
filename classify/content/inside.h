/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inside: what content.c, stream.c and walk.c of this room share: the state of a flow, the
 * buffers, the notes. Nobody else includes it.
 */
#ifndef CLASSIFY_CONTENT_INSIDE_H
#define CLASSIFY_CONTENT_INSIDE_H

#include "classify/content/head.h"
#include "classify/content/parse.h"

#define FTP_NAME 128

/* A direction goes NEW -> READ (it has a head) -> DONE, NEXT (something begins at a known
 * offset: a later request, a chunk, a message), MAIL (until the next mail or part) or
 * FTP (lines, packet by packet). */
enum mode { MODE_NEW, MODE_READ, MODE_DONE, MODE_NEXT, MODE_FTP, MODE_DNS, MODE_MAIL };

/* What a stream was found to be made of; walk.c goes from piece to piece. */
enum inside {
	IN_NOTHING, IN_CHUNKS, IN_MQTT, IN_MQTT5, IN_SMB, IN_RTSP, IN_PART,
	IN_FRAMES,			/* RTP, each behind its length (RFC 4571) */
	IN_AGAIN,			/* a second look at a body: its index, its next entry */
	IN_WEB,				/* WebSocket */
	IN_H2,				/* HTTP/2 without TLS */
	IN_RTSP_LOST,			/* which packet begins where was not seen: until a
					 * segment begins with one */
};

enum {
	SAID_HTTP = 1 << 0,		/* and << 1 for the other direction */
	SAID_SETUP = 1 << 2,
	SAID_RTP = 1 << 3,		/* and << 1 */
	SAID_TUNNEL = 1 << 5,
	IS_FTP_DATA = 1 << 6,
	IS_SIP = 1 << 7,
	HELLO_OPENVPN = 1 << 8, HELLO_WIREGUARD = 1 << 9,
	UDP_LOOKED = 1 << 10,
	STARTED = 1 << 11,
	HEARD = 1 << 12,		/* a datagram of this direction; and << 1 */
	UNTOLD = 1 << 14,		/* a body of which nothing is known; and << 1 */
	/* of TCP, where those of UDP mean nothing */
	IS_SEALED = HELLO_WIREGUARD,	/* sealed.c follows it */
	SEALED_ASKED = UDP_LOOKED,
};

enum { SEALED_TLS = 1, SEALED_13 };

/* sealed.c: a connection that cannot be read, by the lengths of its records. */
struct sealed {
	uint32_t next[2];		/* where the next header begins or goes on */
	uint16_t cell;			/* a record of one cell; 0: none yet */
	uint16_t down;			/* answered to the hello inside */
	uint16_t asked, told;		/* bytes of the question at hand and its answer */
	struct { uint8_t have, type, high; } part[2];	/* of a header */
	uint8_t one[2], other;		/* records of cells, by direction; and not */
	uint8_t stage, over;		/* of the handshake inside; what is added to it */
	uint8_t questions, longer, records;
	uint8_t tls;			/* records of it; SEALED_13: those of TLS 1.3 */
	bool nameless;
};

struct state {
	struct head *head[2];
	uint64_t next[2];		/* NEXT, DNS: offset of the next message */
	union {
		union {
			struct rtp_slot slot[RTP_SLOTS];
			struct rtp_look look;	/* once it stands */
		} rtp[2];
		struct {
			uint16_t port;		/* of the data connection
						 * announced last */
			bool at_client;
			bool rest;		/* the next file goes on where one stopped */
		} ftp;
		/* CHUNKS, SMB, MQTT, WEB, H2: a body in pieces. A second look at it is
		 * wanted at its offset end[]; remain: we stand there, in a piece of
		 * which so many bytes are left. H2: pos and remain are the streams
		 * judged. */
		struct {
			uint64_t pos[2];	/* CHUNKS: in the body */
			uint32_t remain[2];
			uint16_t read;		/* SMB: low bits of the message id of a
						 * READ at 0 */
			uint16_t file;		/* SMB: a sum of the FileId */
			bool asked;
			uint8_t format[2];	/* of the body that is looked at again */
		} in_pieces;
		struct sealed sealed;
	};
	uint16_t start[2];		/* in the head: behind a CONNECT,
					 * a SOCKS request */
	uint16_t flags, looked;
	uint8_t mode[2], in[2];
	uint8_t told[2];		/* MQTT: class of a payload; AGAIN: the format */
	uint8_t look[2];		/* AGAIN: how many, << 2, and tracks seen.
					 * RTSP: packets of sound */
	uint64_t end[2];		/* AGAIN, MAIL in a form: where the body ends; 0 or
					 * UINT64_MAX: unknown. RTP: since when pictures are
					 * looked for. CHUNKS, SMB: the offset in the body
					 * of the next look; 0: none */
} __attribute__((may_alias));

_Static_assert(sizeof(struct state) <= 96, "most flows have one for a while");

/* Names that were said and whose bytes come later, or on another connection. */
enum note {
	NOTE_FTP,			/* by the data connection's listener */
	NOTE_SMB,			/* by the client of the connection */
	NOTE_TFTP_WRITE, NOTE_TFTP_READ,	/* by the client's socket */
	NOTE_HTTP,			/* by the client's socket: what it asks for */
	NOTE_SDP,			/* by the socket that receives; the name is pairs of
					 * payload type and codec */
	NOTE_RTSP,			/* by the connection's client; pairs as above */
	NOTE_STREAM,			/* by a socket that its SETUP named; pairs as above */
};

struct ftp_key {
	struct addr addr;
	uint16_t port, note, pad[2];
};

struct ftp_data {
	struct pkt_time said;
	bool rest;			/* FTP: it does not begin at 0 */
	size_t name_len;
	uint8_t name[FTP_NAME];
	uint64_t length;		/* UINT64_MAX: not declared */
};

struct again {			/* of the body judged last */
	uint64_t at;			/* offset in it; 0: nothing more */
	enum format_word format;
	uint8_t tracks;
};

struct content {
	struct again again;
	struct pool *heads, *states;
	struct table *ftp;		/* notes: of files, */
	struct table *media;		/* and from NOTE_SDP on */
	struct head *oldest, *newest;	/* heads in use */
	struct head *spent[2];		/* lent with the last news;
					 * given back at the next call */
	uint64_t no_head;
	uint8_t scratch[HEAD_BYTES];	/* a hello out of its records, base64 decoded */
	uint8_t chunks[HEAD_BYTES];	/* a body without its chunk lines */
	struct socks_request socks;	/* its text is lent with the news */
	uint8_t name[FTP_NAME];
};

static inline bool
from_server(const struct flow_hit *hit)
{
	return hit->dir == FLOW_TO_CLIENT;
}

/* ---- content.c ---- */
struct head *head_take(struct content *c, struct state *st, unsigned dir, uint64_t base);
/* The bytes may be lent with this call's news: they go back with the next call. */
void head_spend(struct content *c, struct state *st, unsigned dir);
void stream_done(struct content *c, struct state *st, unsigned dir);
void tunnel_news(struct state *st, struct content_news *news, enum tunnel_word which);
/* A piece's end is known: what follows n bytes behind the head's base is another one. */
void stream_next(struct content *c, struct state *st, unsigned dir, uint64_t n,
    const struct content_news *news);

/* ---- stream.c ---- */
/* What opens the stream of this direction? Asked again whenever the head grew. */
void stream_read(struct content *c, struct state *st, const struct flow_hit *hit,
    struct content_news *news);
/* What a body is: its own bytes first, then what was said about it.
 * False: wait for more. */
bool judge(struct content *c, struct span body, bool final, struct span type,
    struct span name, struct content_news *news);
/* What was put without a word about it gets a name of sound. */
void named_sound(struct span name, struct content_news *news);
/* What is told further on in this body, from the offset of its first byte in the stream
 * to its end. False: nothing is. */
bool judge_again(struct content *c, struct state *st, unsigned dir, uint64_t body_at,
    uint64_t end, struct content_news *news);
bool judge_part(struct content *c, const struct mime *part, struct span body, bool final,
    struct content_news *news);

/* ---- framed.c ---- */
/* What became of a piece. */
enum step { STEP_ON, STEP_WAIT, STEP_END, STEP_LOST };
#define H2_HELLO "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
enum parse h2_opens(struct span s);
/* The body that was judged is looked at again as c->again says, piece by piece. */
void pieces_again(struct content *c, struct state *st, unsigned dir);
/* A chunked body begins here whose first bytes were judged. */
void chunks_begin(struct content *c, struct state *st, unsigned dir);
enum step chunk_step(struct state *st, unsigned dir, struct span s, uint64_t *size);
/* The piece at hand reaches to where this body wants to be looked at again: what of it
 * stands before that, else all of it. `before`: bytes of the piece in front of the body's,
 * which are at offset `at` of it, n of them; `size`: of the piece. */
uint64_t piece_size(struct state *st, unsigned dir, uint64_t before, uint64_t at, uint64_t n,
    uint64_t size);
/* We stand in a piece (in_pieces.remain). */
enum step inside_step(struct content *c, struct state *st, unsigned dir, struct span s,
    bool final, uint64_t *size, struct content_news *news);
enum step web_step(struct content *c, struct state *st, unsigned dir, struct span s,
    bool final, uint64_t *size, struct content_news *news);
enum step h2_step(struct content *c, struct state *st, unsigned dir, struct span s,
    bool final, uint64_t *size, struct content_news *news);

/* ---- carried.c: true when it is that tunnel, by now ---- */
bool ike_message(struct span p, uint32_t wire);
bool esp_goes_on(struct state *st, unsigned dir, struct span p, uint32_t wire);

/* ---- sealed.c ---- */
void sealed_opens(struct state *st, const struct flow_hit *hit);
void sealed_packet(struct state *st, const struct flow_hit *hit, struct content_news *news);
void sealed_nameless(struct state *st);

/* ---- walk.c ---- */
/* Further on in a body of which `left` bytes follow: ON, look again *next bytes on; END,
 * all is told. */
enum step look_further(struct state *st, unsigned dir, enum format_word format,
    struct span s, uint64_t left, bool final, struct content_news *news, uint64_t *next);
/* The next pieces of a stream whose st->in is known. */
void walk(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span left, bool final, struct content_news *news);
/* Does such a stream open here? Sets st->in and the next piece, or says what it says. */
enum parse walk_opens(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span left);
void ftp_lines(struct content *c, struct state *st, const struct flow_hit *hit);
struct ftp_data *note_make(struct content *c, enum note note, const struct addr *a,
    uint16_t port, struct pkt_time now, struct span name);
struct ftp_data *note_find(const struct content *c, enum note note, const struct addr *a,
    uint16_t port, struct pkt_time now);
/* Names what RTP will carry to the sockets of this description. */
void sdp_note(struct content *c, const struct flow_hit *hit, struct span sdp);
void rtsp_note(struct content *c, const struct flow_hit *hit, struct span sdp);
void rtsp_ports(struct content *c, const struct flow_hit *hit, uint16_t client,
    uint16_t server);
/* A packet between RTSP's messages: of a type that was described as sound? */
bool rtsp_sound(struct content *c, const struct flow_hit *hit, struct span p,
    enum coded_word *codec);
void stream_is_sound(struct content_news *news, enum coded_word codec);
void rtp_news(struct content *c, const struct flow_hit *hit, struct content_news *news);
/* Pictures may still be seen, or seen to go on. */
bool rtp_looks(const struct state *st, unsigned dir);
/* A stream stands, of which rtp_news has said what is known. */
void rtp_stands(struct state *st, const struct flow_hit *hit, struct span p,
    const struct content_news *news);
bool rtp_goes_on(struct state *st, const struct flow_hit *hit, enum rtp_kind kind,
    struct span p, uint32_t wire, struct content_news *news);
/* It is looked at no longer: what were pictures are none from here on. */
void rtp_stops(struct state *st, unsigned dir, struct content_news *news);
/* A datagram of TFTP: a request is noted, its first block is judged. */
bool tftp_seen(struct content *c, const struct flow_hit *hit, struct content_news *news);

#endif
