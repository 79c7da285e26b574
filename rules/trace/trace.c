/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace: tables of open flows and of pairs, histograms for the chances, the best finds. */
#include "rules/trace/trace.h"

#include "capture/base/table.h"
#include "rules/eval/truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLOWS 131072
#define PAIRS 65536
#define NEAR (60 * NS_PER_S)
#define FAR (1200 * NS_PER_S)
#define SPAN 0.75
#define BINS 512			/* of an eighth of an octave */

struct flow_key {
	uint64_t sensor, flow;
};

struct run {				/* what followed one another */
	int64_t start, last;
	uint64_t up, down, packets, rolled;
	unsigned flows, pieces;
	uint32_t seen;
	uint64_t flow[TRACE_IDS];
	char event[96];
};

struct pair_key {
	uint64_t device, dest;
};

struct trace_pair {
	char device[TRACE_NAME], name[TRACE_NAME], dest[TRACE_NAME], dest_name[TRACE_NAME];
	struct addr src, dst;
	uint16_t port;
	bool listed;
	struct run near, far;
};

struct trace_flow {
	struct pair_key pair;
	int64_t start, last;
	uint64_t up, down, packets;
	bool datagrams, other;
	enum content_word content;
	int64_t sound;
	uint32_t seen;
	char event[96];
};

struct trace {
	struct trace_want want;
	struct siphash_key hash;
	struct table *flows, *pairs;
	uint64_t size_bin[BINS], length_bin[BINS], near_bin[BINS], far_bin[BINS];
	struct trace_find best[TRACE_BEST];
	unsigned n;
	struct trace_counts counts;
};

static void flow_gone(void *arg, const void *key, void *value);
static void pair_gone(void *arg, const void *key, void *value);
static void flow_ended(struct trace *t, const struct flow_key *k, struct trace_flow *f);
static void run_add(struct trace *t, struct trace_pair *p, struct run *r, bool far,
    const struct trace_record *rec, uint64_t up, uint64_t down, uint64_t packets,
    bool is_new);
static void run_ended(struct trace *t, struct trace_pair *p, struct run *r, bool far);

struct trace *
trace_create(const struct trace_want *want, const struct siphash_key *hash)
{
	struct trace *t = calloc(1, sizeof(*t));
	struct table_options o = { .hash = *hash, .key_size = sizeof(struct flow_key),
		.value_size = sizeof(struct trace_flow), .max = FLOWS, .evict = flow_gone,
		.arg = t };

	if (t == NULL)
		return NULL;
	t->want = *want;
	t->hash = *hash;
	t->flows = table_create(&o);
	o.key_size = sizeof(struct pair_key);
	o.value_size = sizeof(struct trace_pair);
	o.max = PAIRS;
	o.evict = pair_gone;
	t->pairs = table_create(&o);
	if (t->flows == NULL || t->pairs == NULL) {
		trace_destroy(t);
		return NULL;
	}
	return t;
}

void
trace_destroy(struct trace *t)
{
	if (t == NULL)
		return;
	table_destroy(t->flows);
	table_destroy(t->pairs);
	free(t);
}

static void
keep(char out[TRACE_NAME], struct span s)
{
	size_t n = s.left < TRACE_NAME - 1 ? s.left : TRACE_NAME - 1;

	if (n > 0)
		memcpy(out, s.at, n);
	out[n] = '\0';
}

static bool
asked_for(const struct trace *t, const struct trace_record *r)
{
	const char *d = t->want.device;
	char text[ADDR_TEXT];

	return d == NULL || text_glob(d, r->device) || text_glob(d, r->name) ||
	    text_glob(d, span_of(text, strlen(addr_print(&r->src, text))));
}

static struct trace_pair *
pair_of(struct trace *t, const struct trace_record *r, struct pair_key *k)
{
	struct trace_pair *p;
	bool is_new;

	k->device = r->device.left > 0 ? siphash13(&t->hash, r->device.at, r->device.left) :
	    siphash13(&t->hash, &r->src, sizeof(r->src));
	k->dest = r->dest.left > 0 ? siphash13(&t->hash, r->dest.at, r->dest.left) :
	    siphash13(&t->hash, &r->dst, sizeof(r->dst));
	p = table_use(t->pairs, k, &is_new);
	if (is_new) {
		keep(p->device, r->device);
		keep(p->dest, r->dest);
	}
	/* As they are called now; an address may have become another since. */
	if (is_new || r->name.left > 0)
		keep(p->name, r->name);
	if (is_new || r->dest_name.left > 0)
		keep(p->dest_name, r->dest_name);
	p->src = r->src;
	p->dst = r->dst;
	if (r->port != 0)
		p->port = r->port;
	if (r->listed_known)
		p->listed = r->listed;
	return p;
}

static bool
is_other(enum content_word c)
{
	return c != CONTENT_UNKNOWN && c != CONTENT_AUDIO && c != CONTENT_ARCHIVE;
}

void
trace_take(struct trace *t, const struct trace_record *r)
{
	struct trace_want *w = &t->want;
	struct flow_key k = { r->sensor, r->flow };
	struct trace_counts *c = &t->counts;
	struct trace_flow *f, alone;
	struct trace_pair *p;
	struct pair_key pk;
	uint64_t up, down, packets;
	bool is_new = true;

	c->records++;
	if (c->first == 0 || r->start < c->first)
		c->first = r->start;
	if (r->last > c->last)
		c->last = r->last;
	c->loss += (r->seen & SEEN_LOSS) != 0;
	c->half += (r->seen & SEEN_HALF) != 0;
	if ((w->from != 0 && r->last < w->from) || (w->to != 0 && r->start > w->to) ||
	    !asked_for(t, r))
		return;
	p = pair_of(t, r, &pk);
	if (r->sum) {
		c->sums++;
		c->up += r->up;
		run_add(t, p, &p->far, true, r, r->up, r->down, r->packets, false);
		p->far.rolled += r->up;
		return;
	}
	/* Most flows end with their first record: those need no place. */
	f = table_find(t->flows, &k);
	is_new = f == NULL;
	if (is_new && r->closed) {
		memset(&alone, 0, sizeof(alone));
		f = &alone;
	} else if (is_new) {
		f = table_use(t->flows, &k, &is_new);
	}
	/* The same number again with another beginning is another flow (a sensor that was
	 * started anew). */
	if (!is_new && f->start != r->start) {
		flow_ended(t, &k, f);
		memset(f, 0, sizeof(*f));
		is_new = true;
	}
	up = r->up > f->up ? r->up - f->up : 0;
	down = r->down > f->down ? r->down - f->down : 0;
	packets = r->packets > f->packets ? r->packets - f->packets : 0;
	c->flows += is_new;
	c->up += up;
	f->pair = pk;
	f->start = r->start;
	f->last = r->last;
	f->up += up;
	f->down += down;
	f->packets += packets;
	f->datagrams = r->datagrams;
	f->seen |= r->seen;
	if (r->content != CONTENT_UNKNOWN)
		f->content = r->content;
	if (r->sound > 0)
		f->sound = r->sound;
	if (r->event.left < sizeof(f->event) && r->event.left > 0) {
		memcpy(f->event, r->event.at, r->event.left);
		f->event[r->event.left] = '\0';
	}
	if (!is_other(f->content)) {
		run_add(t, p, &p->near, false, r, up, down, packets, is_new);
		run_add(t, p, &p->far, true, r, up, down, packets, is_new);
	}
	if (r->closed) {
		flow_ended(t, &k, f);
		if (f != &alone)
			table_remove(t->flows, f);
	}
}

/* ---- finds ---- */

static unsigned
bin_of(double v)
{
	double at = v >= 1 ? log2(v) * 8 : 0;

	return at < BINS - 1 ? (unsigned)at : BINS - 1;
}

/* How many lie within an octave either way, for each e-fold. */
static double
density(const uint64_t bin[BINS], double at)
{
	unsigned mid = bin_of(at), lo = mid > 8 ? mid - 8 : 0,
	    hi = mid + 8 < BINS ? mid + 8 : BINS - 1;
	uint64_t n = 0;

	for (unsigned i = lo; i <= hi; i++)
		n += bin[i];
	return (double)n / ((hi - lo + 1) * log(2) / 8);
}

/* What clear text says. Sound of a length that is not told is a little more than nothing. */
static double
by_content(const struct trace_find *f)
{
	if (!f->audio)
		return 1;
	return f->proven ? 0.001 : f->sound > 0 ? 10 : 0.5;
}

static double
chance_of(const struct trace *t, const struct trace_find *f)
{
	double each = f->fit.width * f->fit.forms, seconds = (double)(f->last - f->start) / 1e9;
	double n = 0;

	switch (f->kind) {
	case TRACE_WHOLE:
		n = density(t->size_bin, (double)f->up);
		break;
	case TRACE_FLOWS:
		n = density(t->near_bin, (double)f->up);
		break;
	case TRACE_CHUNKS:
		n = density(t->far_bin, (double)f->up);
		break;
	case TRACE_LIVE:
	case TRACE_LONGER:
		/* Lengths as near as this, and rates that are a codec's. */
		n = density(t->length_bin, seconds) * fmax(0.02, fabs(log(seconds /
		    fmax(1, (double)t->want.length / 1e9))));
		each = fmin(1, each / log(100));
		if (f->kind == TRACE_LONGER)
			each *= 3;
		break;
	}
	n *= each;
	if (f->listed)
		n *= 3;
	/* What carries a recording away brings little back. */
	if ((double)f->down >= 0.4 * (double)f->up)
		n *= 5;
	return n * by_content(f);
}

/* Before the chances are known, the narrowness says which are kept. */
static double
rank(const struct trace_find *f)
{
	double r = f->fit.width * f->fit.forms;

	if (f->kind == TRACE_LONGER)
		r *= 10;
	if ((double)f->down >= 0.4 * (double)f->up)
		r *= 5;
	return r * by_content(f);
}

static void
found(struct trace *t, const struct trace_find *f)
{
	unsigned worst = 0;

	t->counts.candidates++;
	if (t->n < TRACE_BEST) {
		t->best[t->n++] = *f;
		return;
	}
	for (unsigned i = 1; i < TRACE_BEST; i++)
		if (rank(&t->best[i]) > rank(&t->best[worst]))
			worst = i;
	if (rank(f) < rank(&t->best[worst]))
		t->best[worst] = *f;
}

static void
name_ends(struct trace_find *f, const struct trace_pair *p)
{
	memcpy(f->device, p->device, TRACE_NAME);
	memcpy(f->name, p->name, TRACE_NAME);
	(void)addr_print(&p->src, f->src);
	memcpy(f->dest, p->dest, TRACE_NAME);
	memcpy(f->dest_name, p->dest_name, TRACE_NAME);
	(void)addr_print(&p->dst, f->dst);
	if (f->device[0] == '\0')
		memcpy(f->device, f->src, ADDR_TEXT);
	if (f->dest[0] == '\0')
		memcpy(f->dest, f->dst, ADDR_TEXT);
	f->port = p->port;
	f->listed = p->listed;
}

static void
flow_ended(struct trace *t, const struct flow_key *k, struct trace_flow *f)
{
	const struct trace_pair *p;
	double seconds = (double)(f->last - f->start) / 1e9;
	struct trace_find o = { .start = f->start, .last = f->last, .up = f->up,
		.down = f->down, .packets = f->packets, .flows = 1, .pieces = 1,
		.datagrams = f->datagrams, .seen = f->seen, .flow = { k->flow } };
	bool longer, bulk, live;
	struct fit as_live;

	if (is_other(f->content)) {
		t->counts.other++;
		return;
	}
	t->size_bin[bin_of((double)f->up)]++;
	if (seconds > 0 && (double)f->up * 8 / seconds >= 3000 &&
	    (double)f->up * 8 / seconds <= 420000)
		t->length_bin[bin_of(seconds)]++;
	bulk = fit_bulk(&t->want, f->up, (struct way_out){ .connections = 1,
		.datagrams = f->datagrams ? f->packets : 0 }, &o.fit);
	live = fit_live(&t->want, seconds, f->up, f->packets, f->datagrams, &longer, &as_live);
	if (!bulk && !live)
		return;
	p = table_find(t->pairs, &f->pair);
	if (p == NULL)
		return;
	name_ends(&o, p);
	memcpy(o.event, f->event, sizeof(o.event));
	o.audio = f->content == CONTENT_AUDIO;
	o.sound = o.audio && t->want.length > 0 ? f->sound : 0;
	o.proven = o.sound > 0 && llabs(o.sound - t->want.length) <= t->want.length / 50;
	if (bulk)
		found(t, &o);
	o.kind = longer ? TRACE_LONGER : TRACE_LIVE;
	o.fit = as_live;
	if (live)
		found(t, &o);
}

/* ---- runs ---- */

static void
run_add(struct trace *t, struct trace_pair *p, struct run *r, bool far,
    const struct trace_record *rec, uint64_t up, uint64_t down, uint64_t packets, bool is_new)
{
	/* A part that follows others of its flow brings what came since the last. */
	int64_t start = is_new || rec->sum ? rec->start : rec->last;

	if (r->pieces > 0 && start - r->last > (far ? FAR : NEAR))
		run_ended(t, p, r, far);
	/* Somewhere in its ten minutes: a sum says no more of when, where flows do. */
	if (r->pieces == 0 || (!rec->sum && start < r->start))
		r->start = start;
	if ((!rec->sum || r->flows == 0) && rec->last > r->last)
		r->last = rec->last;
	r->up += up;
	r->down += down;
	r->packets += packets;
	r->pieces += up > 0;
	r->seen |= rec->seen;
	if (!is_new)
		return;
	if (r->flows < TRACE_IDS)
		r->flow[r->flows] = rec->flow;
	if (r->flows == 0 && rec->event.left < sizeof(r->event) && rec->event.left > 0) {
		memcpy(r->event, rec->event.at, rec->event.left);
		r->event[rec->event.left] = '\0';
	}
	r->flows++;
}

static void
run_ended(struct trace *t, struct trace_pair *p, struct run *r, bool far)
{
	struct trace_find o = { .kind = far ? TRACE_CHUNKS : TRACE_FLOWS, .start = r->start,
		.last = r->last, .up = r->up, .down = r->down, .packets = r->packets,
		.rolled = r->rolled, .flows = r->flows, .pieces = r->pieces,
		.seen = r->seen };
	double span = (double)(r->last - r->start) / 1e9, want = SPAN *
	    (double)t->want.length / 1e9;
	bool long_enough = t->want.length > 0 && span >= want;

	/* One flow alone was held against the recording when it ended, whatever its parts,
	 * unless it went on in pieces for as long as the recording lasts. */
	if (far ? r->pieces >= 3 && long_enough : r->flows >= 2) {
		(far ? t->far_bin : t->near_bin)[bin_of((double)r->up)]++;
		if ((far || !long_enough || r->pieces < 3) &&
		    (!far || r->flows != 1) && fit_bulk(&t->want, r->up,
		    (struct way_out){ .connections = r->flows > 0 ? r->flows : 1 }, &o.fit)) {
			name_ends(&o, p);
			memcpy(o.flow, r->flow, sizeof(o.flow));
			memcpy(o.event, r->event, sizeof(o.event));
			found(t, &o);
		}
	}
	memset(r, 0, sizeof(*r));
}

static void
flow_gone(void *arg, const void *key, void *value)
{
	struct trace *t = arg;

	t->counts.forgotten++;
	flow_ended(t, key, value);
}

static void
pair_gone(void *arg, const void *key, void *value)
{
	struct trace *t = arg;
	struct trace_pair *p = value;

	(void)key;
	/* One that was quiet for so long had ended. */
	t->counts.forgotten += p->far.pieces > 0 && t->counts.last - p->far.last < FAR;
	run_ended(t, p, &p->near, false);
	run_ended(t, p, &p->far, true);
}

static int
by_chance(const void *a, const void *b)
{
	const struct trace_find *x = a, *y = b;

	if (x->chance != y->chance)
		return x->chance < y->chance ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static bool
same_bytes(const struct trace_find *a, const struct trace_find *b)
{
	return a->up == b->up && a->start == b->start && a->last == b->last &&
	    a->flow[0] == b->flow[0] && strcmp(a->device, b->device) == 0 &&
	    strcmp(a->dest, b->dest) == 0;
}

void
trace_finish(struct trace *t)
{
	struct trace_flow *f;
	struct trace_pair *p;
	unsigned kept = 0;

	while ((f = table_oldest(t->flows)) != NULL) {
		flow_ended(t, table_key(f), f);
		table_remove(t->flows, f);
	}
	while ((p = table_oldest(t->pairs)) != NULL) {
		run_ended(t, p, &p->near, false);
		run_ended(t, p, &p->far, true);
		table_remove(t->pairs, p);
	}
	for (unsigned i = 0; i < t->n; i++)
		t->best[i].chance = chance_of(t, &t->best[i]);
	qsort(t->best, t->n, sizeof(t->best[0]), by_chance);
	/* A flow that fits in two ways is told by the better one. */
	for (unsigned i = 0; i < t->n; i++) {
		unsigned k = 0;

		while (k < kept && !same_bytes(&t->best[k], &t->best[i]))
			k++;
		if (k == kept)
			t->best[kept++] = t->best[i];
	}
	t->n = kept;
}

unsigned
trace_finds(const struct trace *t)
{
	return t->n;
}

const struct trace_find *
trace_find(const struct trace *t, unsigned i)
{
	return i < t->n ? &t->best[i] : NULL;
}

void
trace_get_counts(const struct trace *t, struct trace_counts *out)
{
	*out = t->counts;
}
