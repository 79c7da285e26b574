/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bodies: what the bodies of a flow were seen to be, and how many of its bytes that
 * explains. Owns which of several bodies speaks for the flow, and upload.unseen. Bytes
 * are explained by a body's own first bytes, never by what it is called, and never more
 * than its length, what its header declares, or the limit content.plain.max: a picture
 * with a recording behind it, or before one, hides nothing.
 */
#include "classify/observer/state.h"

#include <string.h>

/* Of `up` bytes: those that are seen to be something else than sound. */
static uint64_t
plain_bytes(const struct flow_more *m, uint64_t up)
{
	uint64_t to = up < m->plain_end ? up : m->plain_end;

	return m->plain_done + (to > m->plain_from ? to - m->plain_from : 0);
}

uint32_t
body_explains(const struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	const struct flow_more *m = more_of(o, flow_user(f));
	uint64_t up = flow_true_bytes(&f->count[hit->dir]), from, n;

	if (m->plain_text || up < hit->fresh)
		return 0;
	from = up - hit->fresh;
	if (o->news.body && (int)o->news.body_dir == f->up && m->plain_from < from)
		from = m->plain_from;
	n = plain_bytes(m, up) - plain_bytes(m, from);
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* What only claims to be text is that when the payloads are. */
static void
record_unseen(struct observer *o, struct observation *r, const struct flow_ext *x,
    const struct pair_ext *px)
{
	const struct flow_more *m = more_of(o, x);
	struct observation text = { .kind = 0 };
	uint64_t plain = plain_bytes(m, r->upload);

	/* the socket's meter sees every payload, the pair's the heads of bursts */
	if (m->plain_text && x->meter != NULL && x->meter->serial == x->meter_serial)
		text_observe(&x->meter->text, o->o.hearing, &text);
	else if (m->plain_text && px != NULL)
		text_observe(pieces_text(o, px), o->o.hearing, &text);
	if (m->plain_text && !(observation_known(&text, FIELD_text_plain) && text.text_plain))
		plain = m->plain_done;
	OBSERVATION_SET(r, unseen, r->upload - (plain < r->upload ? plain : r->upload));
}

/* A body that went on to the end of the flow was as long as what was sent; a stream that was
 * seen to be sound lasted as long as the flow. */
static void
record_sound(struct observation *r, const struct flow *f, const struct flow_more *m)
{
	double ns = 0;

	if (m->content_rate > 0)
		OBSERVATION_SET(r, content_rate, m->content_rate);
	if (m->content_ns > 0)
		ns = (double)m->content_ns;
	else if (r->kind == OBSERVATION_CLOSE && m->content_to_end && m->content_rate >= 1)
		ns = (double)r->upload * 8 / m->content_rate * NS_PER_S;
	else if (r->kind == OBSERVATION_CLOSE && m->class == CONTENT_AUDIO &&
	    m->format == FORMAT_RTP && m->proof == PROOF_RTP)
		ns = (double)(f->last.ns - f->first.ns);
	if (ns >= 1 && ns < 9e18)
		OBSERVATION_SET(r, content_seconds, (int64_t)ns);
}

/* Sound stays sound, whatever else the flow carries before or behind it; what a second
 * look does not tell stays as the first one had it. */
void
body_content(struct observer *o, struct flow *f)
{
	struct flow_more *m = more_get(o, flow_user(f));
	const struct content_news *n = &o->news;
	bool same = n->same_body && m->content_seen;

	if (n->taken_back && (m->class != CONTENT_VIDEO || m->format != FORMAT_RTP))
		return;			/* something else is told by now */
	if (m->content_seen && !n->taken_back && (n->class != CONTENT_AUDIO || same) &&
	    (n->class == CONTENT_UNKNOWN || m->class == CONTENT_AUDIO)) {
		if (!same || (m->class == CONTENT_AUDIO && n->class == CONTENT_VIDEO))
			return;
	} else {
		m->class = (uint16_t)n->class;
		m->format = (uint16_t)n->format;
		m->proof = (uint16_t)n->proof;
	}
	m->content_seen = true;
	if (same && class_is_plain((enum content_word)m->class) &&
	    m->content_length < UINT64_MAX / 4)
		m->plain_end = m->plain_from + m->content_length;
	if (!same || n->codec != CODED_UNKNOWN)
		m->codec = (uint16_t)n->codec;
	if (!same || n->rate > 0)
		m->content_rate = n->rate;
	if (!same || n->sound_ns > 0)
		m->content_ns = n->sound_ns;
	if (!same || n->name.left > 0)
		name_set(o, &m->content_name, n->name);
	if (!same) {
		name_set(o, &m->content_type, n->type);
		m->content_length = n->length;
		m->content_to_end = n->to_end;
	}
	record_flow(o, record_new(o, OBSERVATION_CONTENT, o->now, o->ordinal), f);
}

/* A body begins: the one before it ends, however long it wanted to be. */
void
body_begins(struct observer *o, struct flow *f)
{
	struct flow_more *m;
	const struct content_news *n = &o->news;
	uint64_t limit = o->o.hearing == NULL ? 0 : o->o.hearing->plain_max;
	uint64_t up, length = n->length, most = n->body_plain;

	if (f->up < 0 || (int)n->body_dir != f->up)
		return;
	m = more_get(o, flow_user(f));
	up = flow_true_bytes(&f->count[f->up]);
	up -= n->body_seen < up ? n->body_seen : up;
	m->plain_done = plain_bytes(m, up);
	m->plain_from = m->plain_end = up;
	m->plain_text = n->class == CONTENT_TEXT && n->proof == PROOF_TYPE;
	if (m->plain_text)
		most = length;
	/* a picture's points may be any number, in four bytes */
	if (most == UINT64_MAX || (n->class == CONTENT_IMAGE && most > limit))
		most = limit;
	if (most > length)
		most = length;
	m->plain_end = up + (most < UINT64_MAX / 4 ? most : UINT64_MAX / 4);
}

void
body_record(struct observer *o, struct observation *r, struct flow *f)
{
	const struct flow_ext *x = flow_user(f);
	const struct flow_more *m = more_of(o, x);
	const struct pair_ext *px = f->pair == NULL ? NULL : pair_user(f->pair);

	record_unseen(o, r, x, px);
	if (m->content_seen) {
		OBSERVATION_SET(r, content, m->class);
		OBSERVATION_SET(r, content_format, m->format);
		OBSERVATION_SET(r, content_proof, m->proof);
		if (m->content_type != 0)
			OBSERVATION_SET(r, content_type, m->content_type);
		if (m->content_name != 0)
			OBSERVATION_SET(r, content_name, m->content_name);
		if (m->content_length != UINT64_MAX)
			OBSERVATION_SET(r, content_length, m->content_length);
		if (m->codec != CODED_UNKNOWN)
			OBSERVATION_SET(r, content_codec, m->codec);
		record_sound(r, f, m);
	}
}
