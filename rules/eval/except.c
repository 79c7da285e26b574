/* SPDX-License-Identifier: GPL-3.0-or-later */
/* except: an exception names a device, a destination or both; what it does not name may be
 * any. Each counts what it keeps quiet and says so once an hour, so that a quiet sensor and a
 * silenced one are not the same. */
#include "rules/eval/except.h"

#include "rules/eval/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exceptions {
	const struct program *program;
	unsigned waiting;		/* those that have something to tell */
	struct one {
		bool device_is_net, dest_is_net;	/* it names a network, or an address */
		struct prefix device, dest;
		uint64_t id;		/* the same in the next program */
		int64_t opened;		/* the first fresh hit */
		bool changed;		/* since it was written down */
		struct exception_hits hits;
	} one[];
};

/* What it is, not where it stands: rule, device, destination, kind. Beyond 32 bits, so that
 * it is no rule's number. */
static uint64_t
id_of(const struct program *p, const struct exception *x)
{
	static const struct siphash_key key = { 0x6561727368657863ULL,
	    0x657074696f6e6964ULL };
	uint64_t part[3] = { (uint64_t)x->kind << 32 |
	    (x->rule < 0 ? 0 : p->rule[x->rule].id), 0, 0 };

	part[1] = x->device == NULL ? 0 : siphash13(&key, x->device, strlen(x->device));
	part[2] = x->dest == NULL ? 0 : siphash13(&key, x->dest, strlen(x->dest));
	return siphash13(&key, part, sizeof(part)) | UINT64_C(1) << 63;
}

struct exceptions *
exceptions_create(const struct program *p)
{
	struct exceptions *x = calloc(1, sizeof(*x) + p->exceptions * sizeof(x->one[0]));

	if (x == NULL)
		return NULL;
	x->program = p;
	for (unsigned i = 0; i < p->exceptions; i++) {
		const char *device = p->except[i].device, *dest = p->except[i].dest;
		struct one *n = &x->one[i];

		n->id = id_of(p, &p->except[i]);
		n->device_is_net = device != NULL &&
		    prefix_parse(device, strlen(device), &n->device);
		n->dest_is_net = dest != NULL &&
		    prefix_parse(dest, strlen(dest), &n->dest);
	}
	return x;
}

void
exceptions_destroy(struct exceptions *x)
{
	free(x);
}

static bool
device_is(const struct one *n, const char *name, const struct observation *o,
    const struct intern *strings)
{
	static const enum field field[] = { FIELD_device_key, FIELD_device_name };
	char text[ADDR_TEXT];
	struct value v;
	struct span s;

	for (size_t k = 0; k < sizeof(field) / sizeof(field[0]); k++)
		if (field_value(o, field[k], strings, &v, &s) && text_glob(name, s))
			return true;
	if (!observation_known(o, FIELD_src_ip))
		return false;
	return n->device_is_net ? prefix_has(&n->device, &o->src_ip) :
	    text_glob(name, span_of(text, addr_text(&o->src_ip, text)));
}

static bool
dest_is(const struct one *n, const char *name, const struct observation *o,
    const struct intern *strings)
{
	static const enum field field[] = { FIELD_dest_name, FIELD_tls_sni,
		FIELD_quic_sni, FIELD_http_host, FIELD_dest_logical };
	char text[ADDR_TEXT];
	struct value v;
	struct span s;

	for (size_t k = 0; k < sizeof(field) / sizeof(field[0]); k++)
		if (field_value(o, field[k], strings, &v, &s) &&
		    host_glob(name, strlen(name), s))
			return true;
	if (!observation_known(o, FIELD_dest_ip))
		return false;
	return n->dest_is_net ? prefix_has(&n->dest, &o->dest_ip) :
	    text_glob(name, span_of(text, addr_text(&o->dest_ip, text)));
}

/* The first that is known, or the address. */
static void
party(char *buf, size_t size, const enum field *field, const struct observation *o,
    const struct addr *ip, const struct intern *strings)
{
	char text[ADDR_TEXT];
	struct value v;
	struct span s;

	for (size_t i = 0; i < 2; i++)
		if (field_value(o, field[i], strings, &v, &s) && s.left > 0) {
			size = s.left < size ? s.left : size - 1;
			memcpy(buf, s.at, size);
			buf[size] = '\0';
			return;
		}
	(void)snprintf(buf, size, "%s", addr_print(ip, text));
}

static void
count(struct exceptions *x, struct one *n, unsigned rule, const struct observation *o,
    const struct intern *strings)
{
	static const enum field device[] = { FIELD_device_name, FIELD_device_key };
	static const enum field dest[] = { FIELD_dest_name, FIELD_dest_key };

	if (n->hits.hits++ == 0)
		n->hits.first = o->time;
	if (n->hits.fresh++ == 0) {
		n->opened = o->time;
		x->waiting++;
		n->hits.rule = rule;
		party(n->hits.device, sizeof(n->hits.device), device, o, &o->src_ip, strings);
		party(n->hits.dest, sizeof(n->hits.dest), dest, o, &o->dest_ip, strings);
	}
	n->hits.last = o->time;
	n->changed = true;
}

bool
exceptions_hold(struct exceptions *x, unsigned rule, const struct observation *o,
    const struct intern *strings)
{
	const struct program *p = x->program;

	for (unsigned i = 0; i < p->exceptions; i++) {
		const struct exception *e = &p->except[i];
		struct one *n = &x->one[i];

		if ((e->rule >= 0 && (unsigned)e->rule != rule) ||
		    (e->kind != 0 && e->kind != p->rule[rule].kind + 1U) ||
		    (e->until != 0 && o->time > e->until) ||
		    (e->device != NULL && !device_is(n, e->device, o, strings)) ||
		    (e->dest != NULL && !dest_is(n, e->dest, o, strings)))
			continue;
		count(x, n, rule, o, strings);
		return true;
	}
	return false;
}

const struct exception_hits *
exceptions_hits(const struct exceptions *x, unsigned i)
{
	return &x->one[i].hits;
}

void
exceptions_tell(struct exceptions *x, const struct pkt_time *now,
    void (*fn)(void *arg, const struct program *p, unsigned i,
    const struct exception_hits *h), void *arg)
{
	if (x->waiting == 0)
		return;
	for (unsigned i = 0; i < x->program->exceptions; i++) {
		struct one *n = &x->one[i];

		/* A clock that went back keeps nothing waiting. */
		if (n->hits.fresh == 0 || (now != NULL && now->ns >= n->opened &&
		    now->ns - n->opened < EXCEPTED_EVERY))
			continue;
		if (fn != NULL)
			fn(arg, x->program, i, &n->hits);
		n->hits.fresh = 0;
		x->waiting--;
	}
}

void
exceptions_adopt(struct exceptions *x, struct exceptions *old)
{
	for (unsigned i = 0; i < x->program->exceptions; i++)
		for (unsigned k = 0; k < old->program->exceptions; k++) {
			struct one *from = &old->one[k], *to = &x->one[i];
			int rule = x->program->except[i].rule;

			/* Two that say the same: each takes one, none is taken over. */
			if (from->id != to->id || from->hits.hits == 0 ||
			    to->hits.hits != 0)
				continue;
			to->hits = from->hits;
			to->hits.rule = rule < 0 ? UINT32_MAX : (uint32_t)rule;
			to->opened = from->opened;
			to->changed = from->changed;
			x->waiting += to->hits.fresh > 0;
			old->waiting -= from->hits.fresh > 0;
			from->hits = (struct exception_hits){ 0 };
		}
}

/* le64 id, hits, first, last */
bool
exceptions_save(struct exceptions *x, bool all, eval_save_fn *write, void *arg)
{
	uint8_t item[32], *p;

	for (unsigned i = 0; i < x->program->exceptions; i++) {
		struct one *n = &x->one[i];

		if (n->hits.hits == 0 || (!n->changed && !all))
			continue;
		p = put_le(put_le(item, n->id, 8), n->hits.hits, 8);
		(void)put_le(put_le(p, (uint64_t)n->hits.first, 8),
		    (uint64_t)n->hits.last, 8);
		if (!write(arg, item, sizeof(item)))
			return false;
		n->changed = false;
	}
	return true;
}

bool
exceptions_restore(struct exceptions *x, uint64_t id, struct span s)
{
	uint64_t hits, first, last;

	for (unsigned i = 0; i < x->program->exceptions; i++) {
		struct exception_hits *h = &x->one[i].hits;

		if (x->one[i].id != id)
			continue;
		if (!span_le64(&s, &hits) || !span_le64(&s, &first) ||
		    !span_le64(&s, &last) || s.left > 0 || first > INT64_MAX ||
		    last > INT64_MAX)
			return false;
		h->hits = hits;
		h->first = (int64_t)first;
		h->last = (int64_t)last;
		return true;
	}
	return false;
}
