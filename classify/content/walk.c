/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * walk: streams that are made of pieces whose ends are known (chunks of HTTP, packets of
 * MQTT, frames of SMB and RTSP, parts of a mail): from piece to piece, and what a piece
 * carries is judged. Owns that, and the notes: names said on one connection or in one
 * message whose bytes come in another. A piece that is not wanted is passed over by its
 * length; nothing of it is kept.
 */
#include "classify/content/inside.h"

#include "capture/base/table.h"

#include <string.h>

#define NOTE_WAIT (60 * NS_PER_S)
#define SDP_WAIT (300 * NS_PER_S)	/* a telephone rings before it speaks */
#define FRAMES_LOOK 256			/* of RTSP, in which RTP says what it is */
#define FRAMES_SOUND 4			/* of RTSP, of a type described as sound */
#define AGAIN_LOOK 2048			/* bytes of a second look */
#define FTP_LINE 512
#define AGAIN_MAX 60			/* at one body */

static enum step mqtt_step(struct content *c, struct state *st, unsigned dir,
    struct span s, bool final, uint64_t *size, struct content_news *news);
static enum step smb_step(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span s, bool final, uint64_t *size, struct content_news *news);
static enum step rtsp_step(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span s, uint64_t *size, struct content_news *news);
static enum step rtsp_back(struct state *st, unsigned dir, struct span s);
static void rtsp_lost(struct content *c, struct state *st, const struct flow_hit *hit,
    size_t at, struct content_news *news);
static enum step frame_step(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span s, uint64_t *size, struct content_news *news);
static void part_step(struct content *c, struct state *st, unsigned dir, struct span s,
    bool final, struct content_news *news);
static void again_step(struct content *c, struct state *st, unsigned dir, struct span s,
    bool final, struct content_news *news);

enum parse
walk_opens(struct content *c, struct state *st, const struct flow_hit *hit,
    struct span left)
{
	unsigned dir = hit->dir, other = 1 - dir;
	struct content_news none = { 0 };
	struct smb_frame frame;
	bool v5 = false;
	enum parse p, q, r, t, u;

	if (hit->flow->flags & FLOW_MIDSTREAM)
		return PARSE_NOT;
	/* a broker's answers look like nothing: the client has said what it is, and nobody
	 * says it for the client */
	if (from_server(hit) && (st->in[other] == IN_MQTT || st->in[other] == IN_MQTT5 ||
	    st->in[other] == IN_H2)) {
		st->in[dir] = st->in[other];
	} else if ((u = h2_opens(left)) == PARSE_DONE) {
		st->in[dir] = IN_H2;
		st->start[dir] = (uint16_t)(st->start[dir] + sizeof(H2_HELLO) - 1);
	} else if ((p = mqtt_connect(left, &v5)) == PARSE_DONE) {
		st->in[dir] = v5 ? IN_MQTT5 : IN_MQTT;
	} else if ((q = smb_frame(left, true, &frame)) == PARSE_DONE) {
		st->in[dir] = IN_SMB;
	} else if ((r = rtsp_opens(left)) == PARSE_DONE) {
		st->in[dir] = IN_RTSP;
	} else if ((t = rtp_frames(left)) == PARSE_DONE) {
		st->in[dir] = IN_FRAMES;
	} else {
		return u == PARSE_MORE || p == PARSE_MORE || q == PARSE_MORE || r == PARSE_MORE ||
		    t == PARSE_MORE ? PARSE_MORE : PARSE_NOT;
	}
	stream_next(c, st, dir, st->start[dir], &none);
	return PARSE_DONE;
}

static bool
stands_in_piece(const struct state *st, unsigned dir)
{
	enum inside in = (enum inside)st->in[dir];

	return (in == IN_CHUNKS || in == IN_SMB || in == IN_MQTT || in == IN_MQTT5) &&
	    st->in_pieces.remain[dir] > 0;
}

void
walk(struct content *c, struct state *st, const struct flow_hit *hit, struct span left,
    bool final, struct content_news *news)
{
	unsigned dir = hit->dir;
	size_t at = 0;

	if (st->in[dir] == IN_PART) {
		part_step(c, st, dir, left, final, news);
		return;
	}
	if (st->in[dir] == IN_AGAIN) {
		again_step(c, st, dir, left, final, news);
		return;
	}
	if ((st->in[dir] == IN_RTSP || st->in[dir] == IN_RTSP_LOST) && left.left == 0 &&
	    final) {
		rtsp_lost(c, st, hit, 0, news);
		return;
	}
	while (left.left > 0) {
		enum step step = STEP_END;
		bool over = final && at == 0;	/* more of it will not come */
		uint64_t size = 0;

		switch (stands_in_piece(st, dir) ? IN_NOTHING : st->in[dir]) {
		case IN_NOTHING:
			step = inside_step(c, st, dir, left, over, &size, news);
			break;
		case IN_WEB:
			step = web_step(c, st, dir, left, over, &size, news);
			break;
		case IN_H2:
			step = h2_step(c, st, dir, left, over, &size, news);
			break;
		case IN_CHUNKS:
			step = chunk_step(st, dir, left, &size);
			break;
		case IN_MQTT:
		case IN_MQTT5:
			step = mqtt_step(c, st, dir, left, over, &size, news);
			break;
		case IN_SMB:
			step = smb_step(c, st, hit, left, over, &size, news);
			break;
		case IN_RTSP_LOST:
			step = rtsp_back(st, dir, left);
			break;
		case IN_RTSP:
			step = rtsp_step(c, st, hit, left, &size, news);
			break;
		case IN_FRAMES:
			step = frame_step(c, st, hit, left, &size, news);
			break;
		default:
			break;
		}
		if (step == STEP_LOST || (step == STEP_WAIT && over &&
		    (st->in[dir] == IN_RTSP || st->in[dir] == IN_RTSP_LOST))) {
			rtsp_lost(c, st, hit, at, news);
			return;
		}
		if (step == STEP_END || (step == STEP_WAIT && over)) {
			if (st->in[dir] == IN_RTSP)
				rtp_stops(st, dir, news);
			stream_done(c, st, dir);
			return;
		}
		if (step == STEP_WAIT) {
			if (at > 0)
				stream_next(c, st, dir, at, news);
			return;
		}
		if (size > left.left || news->what != 0 || st->in[dir] == IN_NOTHING) {
			stream_next(c, st, dir, at + size, news);
			return;
		}
		at += (size_t)size;
		(void)span_skip(&left, (size_t)size);
	}
	stream_next(c, st, dir, at, news);
}

static enum step
mqtt_step(struct content *c, struct state *st, unsigned dir, struct span s, bool final,
    uint64_t *size, struct content_news *news)
{
	struct mqtt_packet m;
	enum parse p = mqtt_packet(s, st->in[dir] == IN_MQTT5, &m);

	if (p != PARSE_DONE)
		return p == PARSE_MORE ? STEP_WAIT : STEP_END;
	*size = m.size;
	if (!m.publish)
		return STEP_ON;
	news->length = m.length;	/* explains no more than that */
	if (!judge(c, m.payload, m.whole || final, m.type, http_path_name(m.topic), news))
		return STEP_WAIT;
	/* readings are no files, and a format is told once */
	if ((news->what & NEWS_CONTENT) && (news->class == CONTENT_TEXT ||
	    st->told[dir] == news->class))
		news->what &= ~(unsigned)NEWS_CONTENT;
	if (news->what & NEWS_CONTENT)
		st->told[dir] = (uint8_t)news->class;
	pieces_again(c, st, dir);
	*size = piece_size(st, dir, m.size - m.length, 0, m.length, m.size);
	return STEP_ON;
}

/* The name of the file that was opened last: most clients copy one after the other. */
static enum step
smb_step(struct content *c, struct state *st, const struct flow_hit *hit, struct span s,
    bool final, uint64_t *size, struct content_news *news)
{
	const struct flow *f = hit->flow;
	struct pkt_time now = hit->pkt->frame->time;
	struct span none = { NULL, 0 }, name = none;
	struct smb_frame m;
	struct ftp_data *d;
	enum parse p = smb_frame(s, final, &m);

	if (p != PARSE_DONE)
		return p == PARSE_MORE ? STEP_WAIT : STEP_END;
	*size = m.size;
	if (m.created && !from_server(hit)) {
		uint8_t text[FTP_NAME];

		name = span_of(text, smb_name(m.name, text, sizeof(text)));
		if (name.left > 0)
			(void)note_make(c, NOTE_SMB, &f->client, f->client_port, now, name);
	}
	if (m.renamed && (st->flags & (UNTOLD << hit->dir)) != 0) {
		name = span_of(c->name, smb_name(m.name, c->name, sizeof(c->name)));
		if (class_of_name(name) == CONTENT_AUDIO)
			named_sound(name, news);
	}
	if (m.asked && !from_server(hit)) {
		st->in_pieces.read = (uint16_t)m.id;
		st->in_pieces.asked = true;
	}
	if (!(m.wrote && !from_server(hit)) && !(m.answered && from_server(hit) &&
	    st->in_pieces.asked && st->in_pieces.read == (uint16_t)m.answer)) {
		if (m.goes_on && m.file == st->in_pieces.file)
			*size = piece_size(st, hit->dir, m.before, m.at, m.length, m.size);
		return STEP_ON;
	}
	d = note_find(c, NOTE_SMB, &f->client, f->client_port, now);
	name = none;
	if (d != NULL) {
		memcpy(c->name, d->name, d->name_len);
		name = span_of(c->name, d->name_len);
	}
	if (!judge(c, m.body, m.whole || final, none, name, news))
		return STEP_WAIT;
	if (m.answered)
		st->in_pieces.asked = false;
	if (m.wrote && !(news->what & NEWS_CONTENT))
		st->flags |= (uint16_t)(UNTOLD << hit->dir);
	if (m.wrote) {
		st->in_pieces.file = m.file;
		pieces_again(c, st, hit->dir);
		*size = piece_size(st, hit->dir, m.before, 0, m.length, m.size);
	}
	return STEP_ON;
}

static enum step
rtsp_step(struct content *c, struct state *st, const struct flow_hit *hit, struct span s,
    uint64_t *size, struct content_news *news)
{
	unsigned dir = hit->dir;
	struct rtsp_piece m;
	enum parse p = rtsp_piece(s, &m);

	if (p != PARSE_DONE)
		return p == PARSE_MORE ? STEP_WAIT : STEP_LOST;
	*size = m.size;
	if (!m.framed && (st->flags & (SAID_RTP << dir)))
		(void)rtp_goes_on(st, hit, RTP_KIND_OTHER, s, (uint32_t)m.size, news);
	if (m.sdp.left > 0) {
		sdp_note(c, hit, m.sdp);
		rtsp_note(c, hit, m.sdp);
	}
	if (m.client_port != 0 || m.server_port != 0)
		rtsp_ports(c, hit, m.client_port, m.server_port);
	if (m.announces) {
		news->what |= NEWS_CONTENT;
		news->class = m.sound ? CONTENT_AUDIO : CONTENT_VIDEO;
		news->format = FORMAT_RTP;
		news->proof = PROOF_TYPE;
		news->type = m.type;
		news->codec = (enum coded_word)m.codec;
		news->name = (struct span){ NULL, 0 };
	} else if (m.framed) {
		uint16_t said_rtp = (uint16_t)(SAID_RTP << dir);
		enum coded_word codec = CODED_UNKNOWN;

		if (st->flags & said_rtp) {
			(void)rtp_goes_on(st, hit, RTP_KIND_READ, m.payload,
			    (uint32_t)(m.size - 4), news);
		} else if (rtp_packet(st->rtp[dir].slot, m.payload, (uint32_t)(m.size - 4),
		    &news->rtp_type, &news->rtp_ssrc)) {
			st->flags |= said_rtp;
			rtp_news(c, hit, news);
			rtp_stands(st, hit, m.payload, news);
		}
		if (st->look[dir] < FRAMES_SOUND && !(news->what & NEWS_CONTENT) &&
		    rtsp_sound(c, hit, m.payload, &codec) &&
		    ++st->look[dir] == FRAMES_SOUND)
			stream_is_sound(news, codec);
		/* pictures have to be seen again, as long as they go on */
		if (rtp_looks(st, dir))
			st->looked = 0;
		else if (++st->looked >= FRAMES_LOOK)
			return STEP_END;
	}
	return STEP_ON;
}

/* A segment that a loss or the snap length cut: where the next packet begins is not known.
 * Most senders write each with one call, and so most segments begin with one. Of pictures a
 * few may be lost so, and more where the snap length hides them: what lies `at` bytes behind
 * the head's base is something else beside them, or hidden. */
static void
rtsp_lost(struct content *c, struct state *st, const struct flow_hit *hit, size_t at,
    struct content_news *news)
{
	unsigned dir = hit->dir;
	bool cut = hit->pkt->payload.left < hit->pkt->payload_wire;
	uint64_t end = hit->offset + hit->pkt->payload_wire, from = st->head[dir]->base + at;
	uint32_t rest = from >= end ? 0 : from < hit->offset ? hit->pkt->payload_wire :
	    (uint32_t)(end - from);

	if (st->flags & (SAID_RTP << dir))
		(void)rtp_goes_on(st, hit, cut ? RTP_KIND_HIDDEN : RTP_KIND_OTHER,
		    hit->pkt->payload, rest, news);
	if (++st->looked >= FRAMES_LOOK) {
		rtp_stops(st, dir, news);
		stream_done(c, st, dir);
		return;
	}
	head_spend(c, st, dir);
	st->in[dir] = IN_RTSP_LOST;
	st->mode[dir] = MODE_NEXT;
	st->next[dir] = hit->offset + hit->pkt->payload_wire;
}

static enum step
rtsp_back(struct state *st, unsigned dir, struct span s)
{
	enum parse p = rtsp_resumes(s);

	if (p != PARSE_DONE)
		return p == PARSE_MORE ? STEP_WAIT : STEP_LOST;
	st->in[dir] = IN_RTSP;
	return STEP_ON;
}

/* RFC 4571: a length, then a packet. */
static enum step
frame_step(struct content *c, struct state *st, const struct flow_hit *hit, struct span s,
    uint64_t *size, struct content_news *news)
{
	uint16_t len;

	if (!span_u16(&s, &len) || (s.left < len && s.left < 16))
		return STEP_WAIT;
	*size = 2U + len;
	if (s.left > len)
		s.left = len;
	if (rtp_packet(st->rtp[hit->dir].slot, s, len, &news->rtp_type, &news->rtp_ssrc)) {
		rtp_news(c, hit, news);
		return STEP_END;
	}
	return ++st->looked < FRAMES_LOOK ? STEP_ON : STEP_END;
}

enum step
look_further(struct state *st, unsigned dir, enum format_word format, struct span s,
    uint64_t left, bool final, struct content_news *news, uint64_t *next)
{
	bool archive = class_of_format(format) == CONTENT_ARCHIVE;
	struct span name = { NULL, 0 };
	struct sound sound = { .rate = 0 };
	uint64_t behind;
	bool more, whole;

	if (s.left >= left) {
		s.left = (size_t)left;
		final = true;
	}
	if (archive) {
		sound.class = archive_sound(s, format, &name, &behind) ? CONTENT_AUDIO :
		    CONTENT_UNKNOWN;
		sound.again = sound.class == CONTENT_AUDIO ? 0 : behind;
		if (behind == 0 && sound.class == CONTENT_UNKNOWN && s.left < AGAIN_LOOK &&
		    !final)
			return STEP_WAIT;
	} else {
		sound_of(s, format, left, st->look[dir] & 3, &sound);
		/* an index that is whole is all there is: nothing may come behind it */
		whole = sound.again == 0 && sound.class != CONTENT_UNKNOWN && sound.ns > 0;
		if (!final && !whole && s.left < AGAIN_LOOK && (sound.again == 0 ||
		    sound.again <= s.left))
			return STEP_WAIT;
	}
	more = sound.again > 0 && sound.again < UINT64_MAX / 4 && sound.again + 8 <= left &&
	    st->look[dir] >> 2 < AGAIN_MAX;
	if (more && sound.again <= s.left && !final)
		return STEP_WAIT;
	/* nothing more will come: what was seen of the tracks is what there is */
	if (!more && sound.class == CONTENT_UNKNOWN && sound.tracks == TRACK_SOUND)
		sound.class = CONTENT_AUDIO;
	if (sound.class != CONTENT_UNKNOWN || sound.codec != CODED_UNKNOWN ||
	    sound.rate > 0 || sound.ns > 0) {
		news->what |= NEWS_CONTENT;
		news->same_body = true;
		news->class = archive || sound_container(format) ? sound.class :
		    CONTENT_AUDIO;
		news->format = format;
		news->proof = archive ? PROOF_NAME : PROOF_MAGIC;
		news->codec = sound.codec;
		news->rate = sound.rate;
		news->sound_ns = sound.ns;
		news->name = name;
	}
	if (!more)
		return STEP_END;
	st->look[dir] = (uint8_t)(((st->look[dir] >> 2) + 1) << 2 | sound.tracks);
	*next = sound.again;
	return STEP_ON;
}

/* Further on in a body that was judged: the index of an MP4, the frames behind a tag, the
 * next entry of an archive. */
static void
again_step(struct content *c, struct state *st, unsigned dir, struct span s, bool final,
    struct content_news *news)
{
	uint64_t end = st->end[dir], next = 0;
	uint64_t left = end == UINT64_MAX ? end : end - st->head[dir]->base;

	switch (look_further(st, dir, (enum format_word)st->told[dir], s, left, final, news,
	    &next)) {
	case STEP_WAIT:
		return;
	case STEP_ON:
		stream_next(c, st, dir, next, news);
		return;
	default:
		break;
	}
	st->in[dir] = IN_NOTHING;
	if (end == UINT64_MAX)
		stream_done(c, st, dir);
	else
		stream_next(c, st, dir, left, news);
}

/* A line of two dashes in a mail: the boundary before a file, or nothing. */
static void
part_step(struct content *c, struct state *st, unsigned dir, struct span s, bool final,
    struct content_news *news)
{
	struct span body = s, line;
	struct mime part;
	const uint8_t *end;

	memset(&part, 0, sizeof(part));
	if (!line_take(&body, &line)) {
		if (!final)
			return;
	} else if (line.left > 4 && memcmp(line.at + line.left - 2, "--", 2) == 0) {
		s.left -= body.left;		/* the last boundary */
	} else if (mime_headers(&body, &part) == PARSE_MORE) {
		if (!final)
			return;
	} else if (mime_is_file(&part)) {
		end = span_find(body, "\n--", 3);
		if (end != NULL) {
			body.left = (size_t)(end - body.at);
			s.left = (size_t)(end - s.at) + 1;
		}
		if (!judge_part(c, &part, body, final || end != NULL, news))
			return;
		if (end != NULL) {	/* another part, or the end of all */
			stream_next(c, st, dir, s.left, news);
			return;
		}
	}
	st->in[dir] = IN_NOTHING;
	stream_next(c, st, dir, s.left, news);
	st->mode[dir] = MODE_MAIL;
}

/* ---- notes ---- */

static struct ftp_key
note_key(enum note note, const struct addr *a, uint16_t port)
{
	struct ftp_key k;

	memset(&k, 0, sizeof(k));
	k.addr = *a;
	k.port = port;
	k.note = (uint16_t)note;
	return k;
}

struct ftp_data *
note_make(struct content *c, enum note note, const struct addr *a, uint16_t port,
    struct pkt_time now, struct span name)
{
	struct ftp_key k = note_key(note, a, port);
	/* apart: SIP's descriptions must not push the names of files out */
	struct ftp_data *d = table_use(note >= NOTE_SDP ? c->media : c->ftp, &k, NULL);

	d->said = now;
	d->length = UINT64_MAX;
	d->rest = false;
	d->name_len = name.left < FTP_NAME ? name.left : FTP_NAME;
	if (d->name_len > 0)
		memcpy(d->name, name.at, d->name_len);
	return d;
}

struct ftp_data *
note_find(const struct content *c, enum note note, const struct addr *a, uint16_t port,
    struct pkt_time now)
{
	struct ftp_key k = note_key(note, a, port);
	struct ftp_data *d = table_find(note >= NOTE_SDP ? c->media : c->ftp, &k);

	if (d == NULL || pkt_time_diff(now, d->said) >
	    (note >= NOTE_SDP ? SDP_WAIT : NOTE_WAIT))
		return NULL;
	return d;
}

/* A request goes to port 69, the transfer runs between the client's port and a new one. */
bool
tftp_seen(struct content *c, const struct flow_hit *hit, struct content_news *news)
{
	const struct packet *p = hit->pkt;
	struct pkt_time now = p->frame->time;
	struct span none = { NULL, 0 };
	struct tftp_said said;
	struct ftp_data *d;

	switch (tftp_packet(p->payload, &said)) {
	case TFTP_READ:
		(void)note_make(c, NOTE_TFTP_READ, &p->src, p->sport, now, said.name);
		return true;
	case TFTP_WRITE:
		d = note_make(c, NOTE_TFTP_WRITE, &p->src, p->sport, now, said.name);
		d->length = said.length;
		return true;
	case TFTP_FIRST:
		break;
	default:
		return false;
	}
	d = table_used(c->ftp) == 0 ? NULL :
	    note_find(c, NOTE_TFTP_WRITE, &p->src, p->sport, now);
	if (d == NULL && table_used(c->ftp) > 0)
		d = note_find(c, NOTE_TFTP_READ, &p->dst, p->dport, now);
	if (d == NULL)
		return false;
	memcpy(c->name, d->name, d->name_len);
	news->length = d->length;
	(void)judge(c, said.body, true, none, span_of(c->name, d->name_len), news);
	table_remove(c->ftp, d);	/* block 1 may come again */
	return true;
}

/* ---- FTP ---- */

/* Commands come one a packet; a line over two packets waits in a head. */
void
ftp_lines(struct content *c, struct state *st, const struct flow_hit *hit)
{
	const struct flow *f = hit->flow;
	unsigned dir = hit->dir;
	struct head *h = st->head[dir];
	struct span s = hit->pkt->payload, all;
	struct span none = { NULL, 0 };
	struct pkt_time now = hit->pkt->frame->time;
	struct ftp_said said;
	uint64_t at = hit->offset;

	if (h != NULL) {
		head_put(h, hit->offset, s, hit->pkt->payload_wire);
		s = head_span(h);
		at = h->base;
	}
	all = s;
	while (ftp_next(&s, from_server(hit), &said)) {
		const struct addr *a;
		struct ftp_data *d;

		if (said.word == FTP_REST) {
			st->ftp.rest = said.port != 0;
			continue;
		}
		if (said.word != FTP_STORE) {
			st->ftp.port = said.port;
			st->ftp.at_client = said.word == FTP_ACTIVE;
		}
		if (st->ftp.port == 0)
			continue;
		a = st->ftp.at_client ? &f->client : &f->server;
		if (said.word != FTP_STORE)
			(void)note_make(c, NOTE_FTP, a, st->ftp.port, now, none);
		else if (note_find(c, NOTE_FTP, a, st->ftp.port, now) != NULL) {
			d = note_make(c, NOTE_FTP, a, st->ftp.port, now, said.name);
			d->rest = st->ftp.rest;
			st->ftp.rest = false;
		}
	}
	/* the part of a line that is left */
	if (h != NULL && s.at == all.at && s.left < FTP_LINE)
		return;
	head_spend(c, st, dir);
	if (s.left == 0 || s.left >= FTP_LINE)
		return;
	at += (uint64_t)(s.at - all.at);
	h = st->head[dir] = head_take(c, st, dir, at);
	if (h != NULL)
		head_put(h, at, s, (uint32_t)s.left);
}
