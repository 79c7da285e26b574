/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sealed: tunnels told by the lengths of what cannot be read. Ciphers hide what is said and
 * add a few bytes, always as many; so what has one length before has one length after.
 *
 * Tor sends cells of 514 bytes (512 before 2013): the records of its TLS are one or more of
 * them, both ways. Through a proxy in TLS, Trojan or Shadowsocks goes the handshake of
 * another TLS, and the first and the third of its messages have few lengths (Xue and others,
 * USENIX Security 2024). HTTP/2 to a host without a name, small questions and longer
 * answers and nothing else, is DNS over HTTPS.
 *
 * Owns the first records of a connection; refuses names and ports. A tunnel's name accuses
 * nobody: rules ask what goes through it.
 */
#include "classify/content/inside.h"

#include <string.h>

#define RECORD_HEADER 5
#define RECORDS 96		/* what has no form by then has none */
#define RECORD_APP 23

/* Tor: a record of one cell, with what a cipher adds. */
enum { CELL = 514, CELL_OLD = 512, CELL_LEAST = 528, CELL_MOST = 562,
	CELL_SMALL = 60,	/* the empty record that TLS 1.0 sends before, tickets' like */
	CHUNK_LEAST = 4000, CHUNK_MOST = 4200,	/* its buffers, where more waits */
	CELLS_EACH = 3, CELLS_BOTH = 8 };

/* A handshake in the handshake's stream: hellos are padded to 512 bytes behind a header of
 * five, and what ends one has the length of its keys. */
#define INNER_HELLO 517
#define INNER_BEGINS 16		/* among so many records */
#define INNER_ANSWER 120	/* the shortest, when a session is taken up again */
enum stage { STAGE_NONE, STAGE_OPEN, STAGE_HELLO, STAGE_ANSWER, STAGE_DONE };

/* RFC 8484 in HTTP/2: the longest question and answer, in records. */
enum { ASKED_MOST = 330, TOLD_MOST = 1300, QUESTIONS = 5 };

#define RAW_LEAST 64		/* bytes that look like nothing */
#define RAW_HELLO (INNER_HELLO + 18)

static void record(struct state *st, unsigned dir, uint16_t n, struct content_news *news);
static bool cells(struct sealed *q, unsigned dir, uint16_t n);
static bool inner(struct sealed *q, unsigned dir, uint16_t n);
static bool questions(struct sealed *q, unsigned dir, uint16_t n);
static void raw(struct state *st, const struct flow_hit *hit, struct content_news *news);
static void records(struct state *st, const struct flow_hit *hit, struct content_news *news);

static void
drop(struct state *st)
{
	st->flags &= (uint16_t)~(unsigned)IS_SEALED;
}

/* The bytes that end a handshake: TLS 1.3 with SHA-256 and SHA-384, with and without the
 * change of ciphers before; TLS 1.2 with curves of 32 and 65 bytes, AES and ChaCha. */
static bool
ends_handshake(int n)
{
	static const uint8_t lengths[] = { 58, 64, 74, 80, 85, 93, 118, 126 };

	for (size_t i = 0; i < sizeof(lengths); i++)
		if (n == lengths[i])
			return true;
	return false;
}

/* Do all bytes come about as often as all others (chi-square, five deviations), and as many
 * bits 1 as 0? Ciphers and salts do so, what is compressed nearly never in its head. */
static bool
random_like(struct span s)
{
	uint16_t count[256] = { 0 };
	int64_t n = (int64_t)(s.left < 4096 ? s.left : 4096), squares = 0, ones = 0;

	if (n < RAW_LEAST)
		return false;
	for (int64_t i = 0; i < n; i++) {
		count[s.at[i]]++;
		ones += __builtin_popcount(s.at[i]);
	}
	for (unsigned i = 0; i < 256; i++)
		squares += (int64_t)count[i] * count[i];
	/* 256 squares / n - n <= 255 + 5 sqrt(510); (ones - 4n)^2 <= 16 * 2n */
	return 256 * squares <= n * (n + 368) && (ones - 4 * n) * (ones - 4 * n) <= 32 * n;
}

/* Asked once, of the client's first bytes, before anybody has read them. */
void
sealed_opens(struct state *st, const struct flow_hit *hit)
{
	struct span p = hit->pkt->payload;

	if (hit->dir != FLOW_TO_SERVER || hit->offset != 0 || p.left < 6 ||
	    (st->flags & SEALED_ASKED) != 0 || st->mode[0] != MODE_NEW)
		return;
	st->flags |= SEALED_ASKED;
	if (p.at[0] == 22 && p.at[1] == 3 && p.at[2] <= 4 && p.at[5] == 1)
		st->sealed.tls = SEALED_TLS;
	else if (hit->pkt->payload_wire < RAW_HELLO || !random_like(p))
		return;
	st->flags |= IS_SEALED;
}

void
sealed_packet(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	if (!(st->flags & IS_SEALED))
		return;
	/* somebody else knows what this is */
	if ((st->flags & (SAID_TUNNEL | IS_FTP_DATA)) || hit->offset > UINT32_MAX / 2 ||
	    st->in[0] != IN_NOTHING || st->in[1] != IN_NOTHING ||
	    st->mode[0] == MODE_FTP || st->mode[0] == MODE_DNS) {
		drop(st);
		return;
	}
	if (st->sealed.tls)
		records(st, hit, news);
	else
		raw(st, hit, news);
}

/* HTTP/2 was offered to a host that was not named. */
void
sealed_nameless(struct state *st)
{
	if ((st->flags & IS_SEALED) && st->sealed.tls)
		st->sealed.nameless = true;
}

/* ---- streams of TLS records ---- */

static void
records(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	struct sealed *q = &st->sealed;
	struct span s = hit->pkt->payload;
	uint32_t at = (uint32_t)hit->offset, end = at + hit->pkt->payload_wire;
	uint32_t *next = &q->next[hit->dir];
	bool refused = false;
	uint8_t b, *have = &q->part[hit->dir].have;

	if (end <= *next)
		return;
	if (at > *next) {		/* bytes are missing: a record may begin here */
		*next = at;
		*have = 0;
	}
	if (!span_skip(&s, *next - at))
		s.left = 0;
	while (span_u8(&s, &b)) {
		uint16_t n;

		(*next)++;
		refused = (*have == 0 && (b < 20 || b > 24)) || (*have == 1 && b != 3) ||
		    (*have == 2 && b > 4);
		if (refused)
			break;
		if (*have == 0)
			q->part[hit->dir].type = b;
		if (*have == 3)
			q->part[hit->dir].high = b;
		if (++*have < RECORD_HEADER)
			continue;
		*have = 0;
		n = (uint16_t)(q->part[hit->dir].high << 8 | b);
		*next += n;
		if (q->part[hit->dir].type == RECORD_APP)
			record(st, hit->dir, n, news);
		if (!(st->flags & IS_SEALED))
			return;
		if (!span_skip(&s, n))
			s.left = 0;
	}
	/* no record, or what the capture cut away: the next segment is tried */
	if (refused || (*next < end && hit->pkt->payload.left < hit->pkt->payload_wire)) {
		*next = end;
		*have = 0;
	}
}

static void
record(struct state *st, unsigned dir, uint16_t n, struct content_news *news)
{
	struct sealed *q = &st->sealed;

	if (q->stage == STAGE_NONE) {
		if (dir != FLOW_TO_SERVER)
			return;		/* the server's own handshake, in TLS 1.3 */
		q->stage = STAGE_OPEN;
		if (n == 53 || n == 69) {
			q->tls = SEALED_13;
			return;		/* the end of the client's, and nobody else's */
		}
	}
	if (inner(q, dir, n))
		tunnel_news(st, news, TUNNEL_PROXY);
	else if (cells(q, dir, n))
		tunnel_news(st, news, TUNNEL_TOR);
	else if (questions(q, dir, n))
		tunnel_news(st, news, TUNNEL_DOH);
	if ((st->flags & SAID_TUNNEL) || ++q->records >= RECORDS)
		drop(st);
}

static bool
cells(struct sealed *q, unsigned dir, uint16_t n)
{
	unsigned all;

	if (n < CELL_SMALL)
		return false;
	/* the first that may be some cells says what is added; one alone knows better */
	if (q->cell == 0 && n >= CELL_LEAST && n < CHUNK_LEAST &&
	    n % CELL >= CELL_LEAST % CELL && n % CELL <= CELL_MOST % CELL)
		q->cell = (uint16_t)(CELL + n % CELL);
	if (n >= CELL_LEAST && n <= CELL_MOST && q->one[0] + q->one[1] < CELLS_EACH)
		q->cell = n;
	if (q->cell != 0 && n >= q->cell && ((n - q->cell) % CELL == 0 ||
	    (n - q->cell) % CELL_OLD == 0))
		q->one[dir]++;
	else if (n < CHUNK_LEAST || n > CHUNK_MOST)
		q->other++;
	all = q->one[0] + (unsigned)q->one[1];
	return q->one[0] >= CELLS_EACH && q->one[1] >= CELLS_EACH && all >= CELLS_BOTH &&
	    q->other * 4U <= all;
}

static bool
inner(struct sealed *q, unsigned dir, uint16_t n)
{
	/* TLS 1.3; TLS 1.2 with ChaCha and with GCM; HTTP/2 adds nine */
	static const uint8_t adds[] = { 17, 26, 16, 24, 25, 33 };
	const size_t from = q->tls == SEALED_13 ? 0 : 2, to = q->tls == SEALED_13 ? 2 : 6;

	if (q->stage == STAGE_DONE)
		return false;
	if (dir != FLOW_TO_SERVER) {
		if (q->stage == STAGE_HELLO || q->stage == STAGE_ANSWER) {
			q->stage = STAGE_ANSWER;
			q->down = q->down > UINT16_MAX - n ? UINT16_MAX :
			    (uint16_t)(q->down + n);
		}
		return false;
	}
	if (q->stage == STAGE_ANSWER && q->down >= INNER_ANSWER && ends_handshake(n - q->over))
		return true;
	q->stage = q->records < INNER_BEGINS ? STAGE_OPEN : STAGE_DONE;
	for (size_t i = from; i < to && q->stage == STAGE_OPEN; i++) {
		if (n != INNER_HELLO + adds[i])
			continue;
		q->stage = STAGE_HELLO;
		q->over = adds[i];
		q->down = 0;
	}
	return false;
}

/* What goes up until something comes down is a question, what comes down then its answer. */
static bool
questions(struct sealed *q, unsigned dir, uint16_t n)
{
	bool yes;

	if (!q->nameless)
		return false;
	if (n > (dir == FLOW_TO_SERVER ? ASKED_MOST : TOLD_MOST)) {
		q->nameless = false;
		return false;
	}
	if (dir != FLOW_TO_SERVER) {
		q->told = q->told > UINT16_MAX - n ? UINT16_MAX : (uint16_t)(q->told + n);
		return false;
	}
	if (q->told > 0) {
		q->questions++;
		q->longer = (uint8_t)(q->longer + (q->told > q->asked));
		q->asked = q->told = 0;
	}
	yes = q->questions >= QUESTIONS && q->longer * 4U >= q->questions * 3U;
	q->asked = q->asked > UINT16_MAX - n ? UINT16_MAX : (uint16_t)(q->asked + n);
	return yes;
}

/* ---- streams of which every byte looks like chance ---- */

static void
raw(struct state *st, const struct flow_hit *hit, struct content_news *news)
{
	struct sealed *q = &st->sealed;
	uint32_t n = hit->pkt->payload_wire;

	if (hit->offset < q->next[hit->dir])
		return;
	q->next[hit->dir] = (uint32_t)hit->offset + n;
	if (hit->dir == FLOW_TO_SERVER) {
		if (q->stage != STAGE_ANSWER)
			return;		/* the rest of its hello */
		/* Shadowsocks adds a length and two tags to a message, VMess one */
		if (ends_handshake((int)n - 34) || ends_handshake((int)n - 18))
			tunnel_news(st, news, TUNNEL_PROXY);
		drop(st);
	} else if (q->stage != STAGE_ANSWER) {
		q->stage = STAGE_ANSWER;
		if (n < INNER_ANSWER || !random_like(hit->pkt->payload))
			drop(st);
	}
}
