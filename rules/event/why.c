/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * why: a rule's conditions, and what several fields of an event are worked out from:
 * window, community id, speech, sentence, ids.
 */
#include "rules/event/why.h"

#include "capture/decode/packet.h"
#include "classify/dpi/vocabulary.h"
#include "rules/eval/truth.h"
#include "rules/event/human.h"

#include <stdio.h>
#include <string.h>

const char *const condition_ops[] = { "<", "<=", ">", ">=", "=", "!=", "is", "in",
	"known", "empty", NULL };

static bool scalar(const struct value *v, enum field f, struct event_value *out);
static int polarity(const struct expr *x, unsigned leaf, bool negated);
static void event_id(const struct event_source *s, uint32_t lane, uint32_t partition,
    uint64_t seq, char out[EVENT_ID_TEXT]);
static void set_window(struct event_source *s);
static void set_community(struct event_source *s);

static const char *
condition_op(const struct expr *x)
{
	switch (x->op) {
	case EXPR_COMPARE:
	case EXPR_SUM:
		return condition_ops[x->cmp];
	case EXPR_IN_SET:
	case EXPR_IN_LIST:
	case EXPR_DEST_IN_LIST:
		return "in";
	case EXPR_KNOWN:
		return "known";
	case EXPR_EMPTY:
		return "empty";
	default:
		return "is";
	}
}

static bool
leaf_negated(const struct rule *r, unsigned leaf)
{
	return polarity(r->when, leaf, false) == 1;
}

size_t
condition_text(const struct rule *r, const struct expr *x, char *buf, size_t size)
{
	bool negated = leaf_negated(r, x->leaf);
	int n;

	if (negated && x->op == EXPR_KNOWN)
		n = snprintf(buf, size, "%s is unknown",
		    observation_field[x->field].word);
	else
		n = snprintf(buf, size, "%s%s", negated ? "not " : "", x->text);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* 1 negated, 0 not, -1 not in this part. */
static int
polarity(const struct expr *x, unsigned leaf, bool negated)
{
	int found;

	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		found = polarity(x->a, leaf, negated);
		return found >= 0 ? found : polarity(x->b, leaf, negated);
	case EXPR_NOT:
		return polarity(x->a, leaf, !negated);
	default:
		return x->leaf == leaf ? negated : -1;
	}
}

enum truth
why_passed(const struct verdict *v, unsigned i)
{
	enum truth t = v->reason[i].truth;

	return leaf_negated(v->rule, v->reason[i].leaf->leaf) ? truth_not(t) : t;
}

bool
why_get(const struct verdict *v, enum event_field f, unsigned i, struct event_value *out)
{
	const struct reason *r = &v->reason[i];
	const struct expr *x = r->leaf;
	const char *unit = observation_field[x->field].unit;
	bool counts = x->op == EXPR_COMPARE || x->op == EXPR_SUM;
	enum truth t;

	switch ((unsigned)f) {
	case F_WHY_COND:
		out->kind = VALUE_TEXT;
		out->text = span_of(out->buf, condition_text(v->rule, x, out->buf,
		    sizeof(out->buf)));
		return true;
	case F_WHY_OP:
		out->kind = VALUE_NAME;
		out->text = span_of(condition_op(x), strlen(condition_op(x)));
		return true;
	case F_WHY_LIMIT:
		if (r->has_limit)
			return scalar(&r->limit, x->field, out);
		if (counts && !(x->op == EXPR_SUM && x->sums == SUM_DAY))
			return scalar(&x->value, x->field, out);
		if (x->op != EXPR_IN_LIST && x->op != EXPR_DEST_IN_LIST &&
		    x->op != EXPR_EMPTY)
			return false;
		out->kind = VALUE_TEXT;
		out->text = span_of(v->program->list[x->list].name,
		    strlen(v->program->list[x->list].name));
		return true;
	case F_WHY_OBSERVED:
		return r->observed_known && scalar(&r->observed, x->field, out);
	case F_WHY_UNIT:
		out->kind = VALUE_NAME;
		out->text = span_of(unit, strlen(unit));
		return counts && unit[0] != '\0';
	case F_WHY_PASSED:
		t = why_passed(v, i);
		out->kind = t == TRUTH_UNKNOWN ? VALUE_NULL : VALUE_BOOL;
		out->b = t == TRUTH_TRUE;
		return true;
	}
	return false;
}

/* A value as JSON has it: numbers in the field's unit,
 * everything else as a rule writes it. */
static bool
scalar(const struct value *v, enum field f, struct event_value *out)
{
	switch (v->type) {
	case FIELD_BOOL:
		out->kind = VALUE_BOOL;
		out->b = v->b;
		return true;
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_PORT:
		out->kind = VALUE_UINT;
		out->u = v->u;
		return true;
	case FIELD_NUMBER:
	case FIELD_RATE:
		out->kind = VALUE_NUMBER;
		out->n = v->n;
		return v->n == v->n && v->n - v->n == 0;
	case FIELD_DURATION:
		out->kind = VALUE_NUMBER;
		out->n = (double)v->i / 1e9;
		return true;
	case FIELD_MOMENT:
		out->kind = VALUE_TIME;
		out->time = v->i;
		return true;
	case FIELD_TEXT:
		out->kind = VALUE_TEXT;
		out->text = v->text == NULL ? span_of("", 0) :
		    span_of(v->text, strlen(v->text));
		return true;
	case FIELD_ADDRESS:
	case FIELD_MAC:
	case FIELD_WORD:
	case FIELD_WORDS:
		(void)human_value(v, f, out->buf);
		out->kind = VALUE_TEXT;
		out->text = span_of(out->buf, strlen(out->buf));
		return true;
	}
	return false;
}

void
event_prepare(struct event_source *s)
{
	struct event_made *made = s->made;

	made->community[0] = made->speech[0] = made->related[0] = made->explain[0] = '\0';
	event_id(s, s->head.lane, s->head.partition, s->head.seq, made->id);
	s->dest_known = TRUTH_UNKNOWN;
	if (s->v != NULL) {
		const struct program *p = s->v->program;
		const struct event_ref *first = &s->v->first;

		(void)explain_fill(s->v, made->explain, sizeof(made->explain));
		if (first->seq != 0)
			event_id(s, first->lane, first->partition, first->seq,
			    made->related);
		for (unsigned i = 0; i < p->lists; i++) {
			struct expr in = { .op = EXPR_DEST_IN_LIST, .list = i };

			if (strcmp(p->list[i].name, "known") == 0 &&
			    hostlist_size(p->list[i].hosts) > 0)
				s->dest_known = eval_expr(p, &in, s->rec, s->strings);
		}
	}
	if (s->rec == NULL)
		return;
	set_window(s);
	set_community(s);
	/* Sound that is heard is given in seconds of itself; only volume is converted. */
	if (s->window.up_known && s->window.up > 0 &&
	    !(s->has_kind && s->head.kind == EVENT_LIVE_AUDIO))
		(void)speech_text(s->window.up, 24, made->speech);
}

/* sensor:boot:lane:partition:seq */
static void
event_id(const struct event_source *s, uint32_t lane, uint32_t partition, uint64_t seq,
    char out[EVENT_ID_TEXT])
{
	const char *const part[] = { s->o->sensor, s->o->boot, lane_name((enum lane)lane) };
	char *at = out;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		size_t n = strnlen(part[i], 64);

		memcpy(at, part[i], n);
		at[n] = ':';
		at += n + 1;
	}
	at += uint_print(at, partition);
	*at++ = ':';
	at += uint_print(at, seq);
	*at = '\0';
}

/* What the event counts, and from when: the rule's sum, else what the record is of. */
static void
set_window(struct event_source *s)
{
	const struct observation *o = s->rec;
	const struct expr *sum = NULL;

	s->window.end = o->time;
	for (unsigned i = 0; s->v != NULL && s->v->has_sum && i < s->v->reasons; i++)
		if (s->v->reason[i].leaf->op == EXPR_SUM && sum == NULL)
			sum = s->v->reason[i].leaf;
	if (sum != NULL && observation_field[sum->field].type == FIELD_BYTES) {
		s->window.start = s->v->sum_since;
		s->window.known = true;
		s->window.up_known = sum->field != FIELD_download;
		s->window.down_known = sum->field == FIELD_download;
		s->window.up = s->window.down = s->v->sum;
	} else if (observation_known(o, FIELD_voice_first)) {
		s->window.start = o->voice_first;
		s->window.known = true;
		s->window.up_known = observation_known(o, FIELD_voice_upload);
		s->window.up = o->voice_upload;
	} else if (observation_known(o, FIELD_chunks_span)) {
		s->window.start = o->time - o->chunks_span;
		s->window.known = true;
		s->window.up_known = observation_known(o, FIELD_chunks_upload);
		s->window.up = o->chunks_upload;
	} else if (observation_known(o, FIELD_dns_bytes)) {
		s->window.start = o->time - 60 * NS_PER_S;
		s->window.known = true;
		s->window.up_known = true;
		s->window.up = o->dns_bytes;
	} else if (observation_known(o, FIELD_flow_start)) {
		s->window.start = o->flow_start;
		s->window.known = true;
		s->window.up_known = observation_known(o, FIELD_upload);
		s->window.up = o->upload;
		s->window.down_known = observation_known(o, FIELD_download);
		s->window.down = o->download;
	}
	if (s->window.start > s->window.end)
		s->window.start = s->window.end;
}

static void
set_community(struct event_source *s)
{
	const struct observation *o = s->rec;
	uint16_t sport, dport;
	bool v4 = addr_is_v4(&o->src_ip);

	if (!observation_known(o, FIELD_transport) ||
	    !observation_known(o, FIELD_src_port) ||
	    !observation_known(o, FIELD_dest_port))
		return;
	switch (o->transport) {
	case TRANSPORT_TCP:
	case TRANSPORT_UDP:
		community_id(&o->src_ip, &o->dest_ip, o->src_port, o->dest_port,
		    o->transport == TRANSPORT_TCP ? IPPROTO_IS_TCP : IPPROTO_IS_UDP,
		    s->made->community);
		return;
	case TRANSPORT_ICMP:
		/* Type and code stand where the port of the side that spoke first is. */
		sport = o->src_port != 0 || o->dest_port == 0 ? o->src_port :
		    o->dest_port;
		dport = sport & 0xff;
		sport = (uint16_t)(sport >> 8);
		if (o->src_port != 0 || o->dest_port == 0)
			community_id(&o->src_ip, &o->dest_ip, sport, dport,
			    v4 ? IPPROTO_IS_ICMP : IPPROTO_IS_ICMP6, s->made->community);
		else
			community_id(&o->dest_ip, &o->src_ip, sport, dport,
			    v4 ? IPPROTO_IS_ICMP : IPPROTO_IS_ICMP6, s->made->community);
		return;
	}
}
