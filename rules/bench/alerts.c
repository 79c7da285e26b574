/* SPDX-License-Identifier: GPL-3.0-or-later */
/* alerts: a growing list; compared by sorting both. */
#include "rules/bench/alerts.h"

#include "rules/event/human.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)

struct alerts {
	struct intern *names;
	struct alert *x;
	unsigned n, room;
	uint64_t lost;
};

struct alerts *
alerts_create(struct intern *names)
{
	struct alerts *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->names = names;
	return a;
}

void
alerts_destroy(struct alerts *a)
{
	if (a == NULL)
		return;
	free(a->x);
	free(a);
}

static struct alert *
more(struct alerts *a)
{
	if (a->n == a->room) {
		unsigned room = a->room == 0 ? 256 : a->room * 2;
		struct alert *x = a->room >= ALERTS_MOST ? NULL :
		    realloc(a->x, room * sizeof(*x));

		if (x == NULL) {
			a->lost++;
			return NULL;
		}
		a->x = x;
		a->room = room;
	}
	memset(&a->x[a->n], 0, sizeof(*a->x));
	return &a->x[a->n++];
}

static uint32_t
name(struct alerts *a, struct span s)
{
	uint32_t id = s.left == 0 ? 0 : intern_put(a->names, s.at, s.left);

	a->lost += id == 0 && s.left > 0;	/* no room for its name */
	intern_hold(a->names, id);
	return id;
}

static uint32_t
address(struct alerts *a, const struct observation *o, enum field f, const struct addr *ip)
{
	char text[ADDR_TEXT];

	if (!observation_known(o, f))
		return 0;
	(void)addr_print(ip, text);
	return name(a, span_of(text, strlen(text)));
}

/* Is the rule's limit by a field that begins so? No limit tells everything apart. */
static bool
limited_by(const struct rule *r, const char *begin, const char *also)
{
	if (r->limit_every == 0 || r->limit_key_n == 0)
		return true;
	for (unsigned i = 0; i < r->limit_key_n; i++) {
		const char *word = observation_field[r->limit_key[i]].word;

		if (strncmp(word, begin, strlen(begin)) == 0 || strcmp(word, also) == 0)
			return true;
	}
	return false;
}

void
alerts_take(struct alerts *a, unsigned run, uint32_t id, const struct verdict *v)
{
	const struct observation *o = v->o;
	char b1[ADDR_TEXT], b2[ADDR_TEXT];
	struct alert *x = v->update ? NULL : more(a);
	uint64_t lost = a->lost;

	if (x == NULL)
		return;
	x->id = id;
	x->run = run;
	x->rule = name(a, span_of(v->rule->name, strlen(v->rule->name)));
	x->device = name(a, device_label(o, v->strings, b1));
	x->dest = name(a, dest_label(o, v->strings, b2));
	x->address = address(a, o, FIELD_src_ip, &o->src_ip);
	x->dest_address = address(a, o, FIELD_dest_ip, &o->dest_ip);
	if (observation_known(o, FIELD_dest_key))
		x->dest_key = name(a, intern_get(v->strings, o->dest_key));
	a->lost = a->lost > lost ? lost + 1 : lost;
	x->time = o->time;
	x->every = v->rule->limit_every;
	x->by_device = limited_by(v->rule, "device", "src.ip");
	x->by_dest = limited_by(v->rule, "dest", "flow.id");
	x->suspect = v->rule->suspect;
	x->severity = (uint8_t)v->severity;
	x->kind = (uint8_t)v->rule->kind;
	x->has_sum = v->has_sum;
	x->sum = v->sum;
}

void
alerts_join(struct alerts *a, const struct alerts *b,
    bool (*keep)(void *arg, const struct alert *x), void *arg)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct alert *x = keep == NULL || keep(arg, &b->x[i]) ? more(a) : NULL;

		if (x != NULL)
			*x = b->x[i];
	}
}

unsigned
alerts_count(const struct alerts *a)
{
	return a->n;
}

const struct alert *
alerts_get(const struct alerts *a, unsigned i)
{
	return &a->x[i];
}

uint64_t
alerts_lost(const struct alerts *a)
{
	return a->lost;
}

static int
by_number(const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return a < b ? -1 : a > b;
}

unsigned
alerts_devices(const struct alerts *a)
{
	uint64_t *id = calloc(a->n + 1, sizeof(*id));
	unsigned n = 0;

	if (id == NULL)
		return 0;
	for (unsigned i = 0; i < a->n; i++)
		id[i] = (uint64_t)a->x[i].run << 32 | a->x[i].device;
	qsort(id, a->n, sizeof(*id), by_number);
	for (unsigned i = 0; i < a->n; i++)
		n += i == 0 || id[i] != id[i - 1];
	free(id);
	return n;
}

static int
order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* What is the same in both lists stands at the same place, whatever limits say: what they
 * leave out does not take part. */
static int
by_group(const struct alert *a, const struct alert *b)
{
	int c = order(a->run, b->run);

	c = c != 0 ? c : order(a->id, b->id);
	if (c == 0 && a->by_device && b->by_device)
		c = order(a->device, b->device);
	if (c == 0 && a->by_dest && b->by_dest)
		c = order(a->dest, b->dest);
	return c;
}

static int
by_group_and_time(const void *va, const void *vb)
{
	int c = by_group(va, vb);
	const struct alert *a = va, *b = vb;

	if (c == 0)
		c = a->time < b->time ? -1 : a->time > b->time;
	if (c == 0)
		c = order(a->device, b->device);
	return c != 0 ? c : order(a->dest, b->dest);
}

static int
by_time(const void *va, const void *vb)
{
	const struct alert_pair *pa = va, *pb = vb;
	const struct alert *a = pa->a != NULL ? pa->a : pa->b;
	const struct alert *b = pb->a != NULL ? pb->a : pb->b;
	int c = order(a->run, b->run);

	if (c == 0)
		c = a->time < b->time ? -1 : a->time > b->time;
	return c != 0 ? c : by_group_and_time(a, b);
}

struct alert_pair *
alerts_compare(struct alerts *a, struct alerts *b, unsigned *n)
{
	struct alert_pair *out = calloc((size_t)a->n + b->n + 1, sizeof(*out));
	unsigned i = 0, k = 0;

	*n = 0;
	if (out == NULL)
		return NULL;
	/* An empty list has no memory to sort. */
	if (a->n > 0)
		qsort(a->x, a->n, sizeof(*a->x), by_group_and_time);
	if (b->n > 0)
		qsort(b->x, b->n, sizeof(*b->x), by_group_and_time);
	while (i < a->n || k < b->n) {
		const struct alert *x = i < a->n ? &a->x[i] : NULL;
		const struct alert *y = k < b->n ? &b->x[k] : NULL;
		int c = x == NULL ? 1 : y == NULL ? -1 : by_group(x, y);
		int64_t near;

		if (c == 0) {
			near = x->every > y->every ? x->every : y->every;
			near = near > HOUR ? near : HOUR;
			if (x->time > y->time + near)
				c = 1;
			else if (y->time > x->time + near)
				c = -1;
		}
		out[*n].a = c <= 0 ? x : NULL;
		out[*n].b = c >= 0 ? y : NULL;
		i += c <= 0;
		k += c >= 0;
		(*n)++;
	}
	qsort(out, *n, sizeof(*out), by_time);
	return out;
}
