/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdp: what a session description (RFC 8866) says of the media to come: which sockets,
 * and which payload type is which codec there. Owns reading it and the notes that RTP is
 * named by; refuses everything else in it.
 */
#include "capture/base/table.h"
#include "classify/content/inside.h"

#include <string.h>

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

void
sdp_note(struct content *c, const struct flow_hit *hit, struct span sdp)
{
	struct pkt_time now = hit->pkt->frame->time;
	struct span all = sdp;
	struct sdp_media m;

	for (int i = 0; i < 8 && sdp_next(&sdp, all, &m); i++) {
		uint8_t pair[2 * SDP_TYPES];
		struct addr a;

		if ((!m.sound && !m.picture) || m.port == 0)
			continue;
		for (unsigned k = 0; k < m.n; k++) {
			pair[2 * k] = m.type[k];
			pair[2 * k + 1] = m.codec[k];
		}
		/* said in the text, and, behind a translator, from where it was sent */
		if (addr_parse(m.address, strlen(m.address), &a))
			(void)note_make(c, NOTE_SDP, &a, m.port, now, span_of(pair, 2U * m.n));
		(void)note_make(c, NOTE_SDP, &hit->pkt->src, m.port, now,
		    span_of(pair, 2U * m.n));
	}
}

/* Who receives has said which type is what; else who sends, which is nearly always the
 * same. */
static enum coded_word
agreed(const struct content *c, const struct flow_hit *hit, uint8_t type)
{
	const struct packet *p = hit->pkt;
	struct pkt_time now = p->frame->time;
	const struct ftp_data *d[2] = {
		note_find(c, NOTE_SDP, &p->dst, p->dport, now),
		note_find(c, NOTE_SDP, &p->src, p->sport, now),
	};

	for (int i = 0; i < 2; i++)
		for (size_t k = 0; d[i] != NULL && k + 1 < d[i]->name_len; k += 2)
			if (d[i]->name[k] == type && d[i]->name[k + 1] < CODED_WORD_COUNT)
				return (enum coded_word)d[i]->name[k + 1];
	return CODED_UNKNOWN;
}

void
rtp_news(struct content *c, const struct flow_hit *hit, struct content_news *news)
{
	news->what |= NEWS_RTP;
	news->rtp_codec = table_used(c->ftp) == 0 ? CODED_UNKNOWN :
	    agreed(c, hit, news->rtp_type);
	if (news->rtp_codec == CODED_UNKNOWN)
		news->rtp_codec = rtp_codec(news->rtp_type);
	news->class = news->rtp_codec == CODED_VIDEO ? CONTENT_VIDEO :
	    news->rtp_codec != CODED_UNKNOWN ? CONTENT_AUDIO : rtp_class(news->rtp_type);
	news->format = FORMAT_RTP;
	news->proof = PROOF_RTP;
}
