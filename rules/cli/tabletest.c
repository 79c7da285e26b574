/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tabletest: from packets of a table to verdicts: decoder, observer and evaluator, and
 * what a row states written over between the last two. */
#include "rules/cli/tabletest.h"

#include "capture/decode/decode.h"
#include "classify/observer/observer.h"
#include "rules/cli/tableframes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS 4096

struct table {
	const struct table_run *o;
	struct table_frames frames;
	struct observer *observer;
	struct eval *eval;
	struct intern *strings;		/* of the records as the rules see them */
};

struct program *
table_program(const struct program *p, const struct rule_test *t)
{
	struct {
		struct program p;
		struct named_list list[];
	} *copy = calloc(1, sizeof(*copy) + (p->lists + 1) * sizeof(copy->list[0]));

	if (copy == NULL)
		return NULL;
	copy->p = *p;
	memcpy(copy->list, p->list, p->lists * sizeof(copy->list[0]));
	for (unsigned i = 0; i < t->lists; i++)
		copy->list[t->list[i].list].hosts = t->list[i].hosts;
	copy->p.list = copy->list;
	if (t->tz != NULL)
		copy->p.tz = *t->tz;
	return &copy->p;
}

static void
know(struct observation *o, enum field f, bool known)
{
	uint64_t bit = UINT64_C(1) << (f % 64);

	o->known[f / 64] = known ? o->known[f / 64] | bit : o->known[f / 64] & ~bit;
}

static void
set_text(struct table *t, struct observation *o, enum field f, const char *s)
{
	uint32_t id = intern_put(t->strings, s, strlen(s));

	memcpy((uint8_t *)o + observation_field[f].offset, &id, sizeof(id));
	know(o, f, true);
}

static void
set_value(struct table *t, struct observation *o, enum field f, const struct value *v)
{
	uint8_t *at = (uint8_t *)o + observation_field[f].offset;
	uint16_t small = (uint16_t)v->u;

	know(o, f, true);
	switch (v->type) {
	case FIELD_BOOL:
		*at = v->b;
		return;
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_MAC:
	case FIELD_WORDS:
		memcpy(at, &v->u, sizeof(v->u));
		return;
	case FIELD_PORT:
	case FIELD_WORD:
		memcpy(at, &small, sizeof(small));
		return;
	case FIELD_NUMBER:
	case FIELD_RATE:
		memcpy(at, &v->n, sizeof(v->n));
		return;
	case FIELD_DURATION:
	case FIELD_MOMENT:
		memcpy(at, &v->i, sizeof(v->i));
		return;
	case FIELD_ADDRESS:
		memcpy(at, &v->net.net, sizeof(v->net.net));
		return;
	case FIELD_TEXT:
		set_text(t, o, f, v->text);
		return;
	}
}

/* Fields, each with its value: the checker has seen to it. */
static void
state(struct table *t, struct observation *o, const struct expr *x)
{
	struct value v = { .type = FIELD_BOOL };

	switch (x->op) {
	case EXPR_AND:
		state(t, o, x->a);
		state(t, o, x->b);
		return;
	case EXPR_BOOL:
		v.b = true;
		set_value(t, o, x->field, &v);
		return;
	case EXPR_NOT:
		if (x->a->op == EXPR_KNOWN)
			know(o, x->a->field, false);
		else
			set_value(t, o, x->a->field, &v);
		return;
	case EXPR_COMPARE:
		set_value(t, o, x->field, &x->value);
		return;
	default:
		return;
	}
}

/* Of the row whose port it has, else of the first between the same two; -1: of no row. */
static int
row_of(const struct table *t, const struct observation *o)
{
	int found = -1;

	for (unsigned i = 0; i < t->frames.test->rows; i++) {
		const struct table_parties *p = &t->frames.party[i];

		if (!addr_eq(&p->src, &o->src_ip) || (observation_known(o, FIELD_dest_ip) &&
		    !addr_eq(&p->dst, &o->dest_ip)))
			continue;
		if (found == -1)
			found = (int)i;
		if (observation_known(o, FIELD_src_port) && o->src_port >= p->first &&
		    o->src_port < p->first + t->frames.test->row[i].times)
			return (int)i;
	}
	return found;
}

static void
on_record(void *arg, const struct observation *seen, const struct intern *strings)
{
	struct table *t = arg;
	struct observation o = *seen;
	int row;

	if (o.kind == OBSERVATION_NAME || (row = row_of(t, &o)) == -1)
		return;
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		uint8_t *at = (uint8_t *)&o + observation_field[f].offset;
		struct span text;
		uint32_t id;

		if (observation_field[f].type != FIELD_TEXT || !observation_known(&o,
		    (enum field)f))
			continue;
		memcpy(&id, at, sizeof(id));
		text = intern_get(strings, id);
		id = text.left == 0 ? 0 : intern_put(t->strings, text.at, text.left);
		memcpy(at, &id, sizeof(id));
	}
	if (t->frames.party[row].device != NULL)
		set_text(t, &o, FIELD_device_name, t->frames.party[row].device);
	if (t->o->test->row[row].app != NULL)
		set_text(t, &o, FIELD_app, t->o->test->row[row].app);
	if (t->o->test->row[row].with != NULL)
		state(t, &o, t->o->test->row[row].with);
	if (t->o->on_record != NULL)
		t->o->on_record(t->o->arg, &o, t->strings);
	eval_observe(t->eval, &o, t->strings);
}

static void
on_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	struct table *t = arg;

	(void)strings;
	eval_step(t->eval, now, t->strings);
}

static void
on_frame(void *arg, const struct frame *f)
{
	struct table *t = arg;
	struct packet pkt;

	if (decode_frame(f, &pkt) == DROP_NONE)
		(void)observer_packet(t->observer, &pkt);
}

int
table_run(const struct table_run *o, struct fault *why)
{
	struct table t = { .o = o };
	struct program *p = table_program(o->program, o->test);
	struct observer_options oo = { .hash = o->hash, .max_flows = TABLE_FLOWS_MAX,
		.cell = o->cell, .arg = &t, .on_record = on_record, .on_step = on_step };
	int rc = -1;

	t.strings = intern_create(&o->hash, STRINGS);
	t.frames.party = calloc(o->test->rows + 1, sizeof(*t.frames.party));
	if (p == NULL || t.strings == NULL || t.frames.party == NULL) {
		(void)fault_set(why, NULL, "no memory for a table of flows");
		goto out;
	}
	t.frames.program = p;
	t.frames.test = o->test;
	t.frames.arg = &t;
	t.frames.on_frame = on_frame;
	oo.zone = (struct zone){ p->home.n > 0 ? p->home : zone_default_home };
	oo.hearing = &p->hearing;
	oo.inventory = p->inventory;
	oo.vendors = p->vendors;
	oo.asn = p->asn;
	oo.country = p->country;
	if (table_parties_find(&t.frames, why) == -1)
		goto out;
	t.observer = observer_create(&oo, why);
	if (t.observer == NULL)
		goto out;
	t.eval = eval_create(&(struct eval_options){ .hash = o->hash, .program = p,
	    .keys = 8192, .arg = o->arg, .on_verdict = o->on_verdict }, why);
	if (t.eval == NULL)
		goto out;
	rc = table_frames_make(&t.frames, why);
	observer_finish(t.observer);
	eval_finish(t.eval, observer_now(t.observer), t.strings);
out:
	eval_destroy(t.eval);
	observer_destroy(t.observer);
	intern_destroy(t.strings);
	free(t.frames.party);
	free(p);
	return rc;
}
