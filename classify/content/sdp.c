/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdp: what a session description (RFC 8866) says of the media to come: which sockets,
 * and which payload type is which codec there. Owns reading it and the notes that RTP is
 * named by; refuses everything else in it.
 *
 * A note's name is pairs: a payload type, with SOUND where the media is that (its codec may
 * be one that nobody knows), and the codec. SIP's media have ports of their own and a note
 * each. RTSP's have them from SETUP: one note has the types of all media, which differ, and
 * a type that means two things means nothing.
 */
#include "capture/base/table.h"
#include "classify/content/inside.h"

#include <string.h>

#define SOUND 0x80

static bool
key(struct span *line, const char *lower)
{
	return text_starts(*line, lower) && span_skip(line, strlen(lower));
}

/* "IN IP4 192.0.2.1/127" */
static void
connection(struct span line, struct sdp_media *m)
{
	size_t n = 0;

	if (!key(&line, "in ip4 ") && !key(&line, "in ip6 "))
		return;
	while (n < line.left && line.at[n] > ' ' && line.at[n] != '/')
		n++;
	if (n == 0 || n >= sizeof(m->address))
		return;
	memcpy(m->address, line.at, n);
	m->address[n] = '\0';
}

/* "49170 RTP/AVP 0 8 101" */
static void
media(struct span line, struct sdp_media *m)
{
	uint64_t v;

	if (text_number(&line, &v) && v <= 65535)
		m->port = (uint16_t)v;
	while (line.left > 0 && line.at[0] != ' ')
		(void)span_skip(&line, 1);
	(void)span_skip(&line, 1);
	while (line.left > 0 && line.at[0] != ' ')	/* the transport */
		(void)span_skip(&line, 1);
	while (m->n < SDP_TYPES && span_skip(&line, 1) && text_number(&line, &v)) {
		if (v > 127)
			continue;
		m->type[m->n] = (uint8_t)v;
		m->codec[m->n++] = m->picture ? CODED_VIDEO : (uint8_t)rtp_codec((uint8_t)v);
	}
}

/* "96 opus/48000/2" */
static void
map(struct span line, struct sdp_media *m)
{
	uint64_t v;
	size_t n = 0;

	if (!text_number(&line, &v) || !span_skip(&line, 1))
		return;
	while (n < line.left && line.at[n] != '/')
		n++;
	line.left = n;
	for (unsigned i = 0; i < m->n; i++)
		if (m->type[i] == v && m->sound)
			m->codec[i] = (uint8_t)rtp_codec_named(line);
}

bool
sdp_next(struct span *s, struct span all, struct sdp_media *out)
{
	struct span line, before;
	bool in = false;

	memset(out, 0, sizeof(*out));
	/* the session's own address stands before the first media */
	while (line_take(&all, &line) && !text_starts(line, "m="))
		if (key(&line, "c="))
			connection(line, out);
	for (before = *s; line_take(s, &line); before = *s) {
		if (text_starts(line, "m=")) {
			if (in) {
				*s = before;
				return true;
			}
			in = true;
			out->sound = key(&line, "m=audio ");
			out->picture = !out->sound && key(&line, "m=video ");
			if (out->sound || out->picture)
				media(line, out);
		} else if (in && key(&line, "c=")) {
			connection(line, out);
		} else if (in && key(&line, "a=rtpmap:")) {
			map(line, out);
		}
	}
	return in;
}

/* Adds the types of a media; returns how many bytes there are then. */
static size_t
pairs_add(uint8_t pair[FTP_NAME], size_t n, const struct sdp_media *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		uint8_t type = (uint8_t)(m->type[i] | (m->sound ? SOUND : 0));
		size_t k = 0;

		while (k < n && (pair[k] & ~SOUND) != m->type[i])
			k += 2;
		if (k == n && n + 2 <= FTP_NAME) {
			pair[n++] = type;
			pair[n++] = m->codec[i];
		} else if (k < n && (pair[k] != type || pair[k + 1] != m->codec[i])) {
			pair[k] = m->type[i];
			pair[k + 1] = CODED_UNKNOWN;
		}
	}
	return n;
}

void
sdp_note(struct content *c, const struct flow_hit *hit, struct span sdp)
{
	struct pkt_time now = hit->pkt->frame->time;
	struct span all = sdp;
	struct sdp_media m;

	for (int i = 0; i < 8 && sdp_next(&sdp, all, &m); i++) {
		uint8_t pair[FTP_NAME];
		size_t n = pairs_add(pair, 0, &m);
		struct addr a;

		if ((!m.sound && !m.picture) || m.port == 0)
			continue;
		/* said in the text, and, behind a translator, from where it was sent */
		if (addr_parse(m.address, strlen(m.address), &a))
			(void)note_make(c, NOTE_SDP, &a, m.port, now, span_of(pair, n));
		(void)note_make(c, NOTE_SDP, &hit->pkt->src, m.port, now, span_of(pair, n));
	}
}

void
rtsp_note(struct content *c, const struct flow_hit *hit, struct span sdp)
{
	const struct flow *f = hit->flow;
	struct span all = sdp;
	uint8_t pair[FTP_NAME];
	struct sdp_media m;
	size_t n = 0;

	for (int i = 0; i < 8 && sdp_next(&sdp, all, &m); i++)
		n = pairs_add(pair, n, &m);
	(void)note_make(c, NOTE_RTSP, &f->client, f->client_port, hit->pkt->frame->time,
	    span_of(pair, n));
}

/* SETUP, or its answer: where the RTP of this connection's description will go. */
void
rtsp_ports(struct content *c, const struct flow_hit *hit, uint16_t client, uint16_t server)
{
	const struct flow *f = hit->flow;
	struct pkt_time now = hit->pkt->frame->time;
	const struct ftp_data *d = note_find(c, NOTE_RTSP, &f->client, f->client_port, now);
	struct ftp_data said;

	if (d == NULL)
		return;
	said = *d;		/* a note that is made may push one out */
	if (client != 0)
		(void)note_make(c, NOTE_STREAM, &f->client, client, now,
		    span_of(said.name, said.name_len));
	if (server != 0)
		(void)note_make(c, NOTE_STREAM, &f->server, server, now,
		    span_of(said.name, said.name_len));
}

/* What the note says of the type; false: nothing. */
static bool
type_said(const struct ftp_data *d, uint8_t type, enum coded_word *codec, bool *sound)
{
	for (size_t k = 0; d != NULL && k + 1 < d->name_len; k += 2) {
		if ((d->name[k] & ~SOUND) != type || d->name[k + 1] >= CODED_WORD_COUNT)
			continue;
		*codec = (enum coded_word)d->name[k + 1];
		*sound = (d->name[k] & SOUND) != 0;
		return true;
	}
	return false;
}

/* Who receives has said which type is what; else who sends, which is nearly always the
 * same. */
static enum coded_word
agreed(const struct content *c, const struct flow_hit *hit, enum note note, uint8_t type,
    bool *sound)
{
	const struct packet *p = hit->pkt;
	struct pkt_time now = p->frame->time;
	enum coded_word codec = CODED_UNKNOWN;

	if (!type_said(note_find(c, note, &p->dst, p->dport, now), type, &codec, sound))
		(void)type_said(note_find(c, note, &p->src, p->sport, now), type, &codec,
		    sound);
	return codec;
}

void
stream_is_sound(struct content_news *news, enum coded_word codec)
{
	news->what |= NEWS_CONTENT;
	news->class = CONTENT_AUDIO;
	news->format = FORMAT_RTP;
	news->proof = PROOF_RTP;
	news->codec = codec;
}

/* Between the messages of RTSP; a marker is no part of the type. */
bool
rtsp_sound(struct content *c, const struct flow_hit *hit, struct span p,
    enum coded_word *codec)
{
	const struct flow *f = hit->flow;
	bool sound = false;

	return p.left > 12 && p.at[0] >> 6 == 2 && table_used(c->media) > 0 &&
	    type_said(note_find(c, NOTE_RTSP, &f->client, f->client_port,
	    hit->pkt->frame->time), p.at[1] & 0x7f, codec, &sound) && sound;
}

void
rtp_news(struct content *c, const struct flow_hit *hit, struct content_news *news)
{
	enum coded_word fixed = rtp_codec(news->rtp_type), codec;
	bool sound = false, call = false;

	news->what |= NEWS_RTP;
	news->rtp_codec = CODED_UNKNOWN;
	if (table_used(c->media) > 0) {
		news->rtp_codec = agreed(c, hit, NOTE_SDP, news->rtp_type, &call);
		codec = agreed(c, hit, NOTE_STREAM, news->rtp_type, &sound);
		if (news->rtp_codec == CODED_UNKNOWN)
			news->rtp_codec = codec;
	}
	/* a type that RFC 3551 gave for good is no other by anybody's word */
	if (fixed != CODED_UNKNOWN) {
		news->rtp_codec = fixed;
		sound = sound && fixed != CODED_VIDEO;
	}
	news->class = news->rtp_codec == CODED_VIDEO ? CONTENT_VIDEO :
	    news->rtp_codec != CODED_UNKNOWN ? CONTENT_AUDIO : rtp_class(news->rtp_type);
	news->format = FORMAT_RTP;
	news->proof = PROOF_RTP;
	/* a call is what both sides say, a stream what one does */
	if (sound)
		stream_is_sound(news, news->rtp_codec);
}
