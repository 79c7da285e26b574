/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer_flows: the live table under a filter, and a device's day. */
#include "rules/event/answer.h"

#include "capture/base/span.h"

#include <stdlib.h>
#include <string.h>

#define DEVICES_SHOWN 8			/* that one name may mean */
#define DESTS_SHOWN 200
#define ALERTS_SHOWN 200
#define FLOW_ROW_MOST (10u << 10)	/* five names of the wire, each byte up to six */
#define NS_IN(ns) ((ns) > 0 ? (uint64_t)((ns) / NS_PER_S) : 0)

static bool
lower_same(uint8_t a, uint8_t b)
{
	if (a >= 'A' && a <= 'Z')
		a = (uint8_t)(a + 32);
	if (b >= 'A' && b <= 'Z')
		b = (uint8_t)(b + 32);
	return a == b;
}

/* `part` stands somewhere in s, whatever the case of its letters. */
static bool
holds(struct span s, const char *part)
{
	size_t n = strlen(part);

	for (size_t at = 0; at + n <= s.left; at++) {
		size_t i = 0;

		while (i < n && lower_same(s.at[at + i], (uint8_t)part[i]))
			i++;
		if (i == n)
			return true;
	}
	return false;
}

static bool
is(struct span s, const char *text)
{
	return s.left == strlen(text) && holds(s, text);
}

static void
text_of(struct json *j, const char *key, const struct intern *strings, uint32_t id)
{
	struct span s = intern_get(strings, id);

	if (s.left == 0)
		return;
	json_key(j, key);
	json_text(j, s.at, s.left);
}

static void
address(struct json *j, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	answer_name(j, key, addr_print(a, text));
}

static bool
end_matches(const struct intern *strings, const char *part, uint32_t name, uint32_t key,
    const struct addr *a)
{
	char text[ADDR_TEXT];

	if (part[0] == '\0')
		return true;
	addr_print(a, text);
	return holds(intern_get(strings, name), part) ||
	    holds(intern_get(strings, key), part) ||
	    holds(span_of(text, strlen(text)), part);
}

static bool
matches(const struct intern *strings, const struct request *q, const struct live_flow *f)
{
	return (q->proto == -1 || f->transport == q->proto) && f->up >= q->min &&
	    (!q->has_inside || prefix_has(&q->inside, &f->src)) &&
	    (q->app[0] == '\0' || is(intern_get(strings, f->app), q->app)) &&
	    end_matches(strings, q->device, f->device_name, f->device_key, &f->src) &&
	    end_matches(strings, q->dest, f->dest_name, f->dest_key, &f->dest);
}

/* The flow that is to stand before the other; the older first when they are alike. */
static bool
before(const struct live_flow *a, const struct live_flow *b, char sort)
{
	uint64_t x = sort == 'd' ? a->down : sort == 'l' ? (uint64_t)a->last : a->up;
	uint64_t y = sort == 'd' ? b->down : sort == 'l' ? (uint64_t)b->last : b->up;

	if (x != y)
		return x > y;
	return a->first != b->first ? a->first < b->first : a->id < b->id;
}

static void
flow_row(const struct answer_source *a, struct json *j, const struct live_flow *f)
{
	const struct intern *strings = recorder_strings(a->recorder);
	char speech[48];

	json_open(j, NULL, '{');
	answer_uint(j, "flow_id", f->id);
	answer_time(j, "first", f->first);
	answer_time(j, "last", f->last);
	answer_uint(j, "age_s", NS_IN(a->wall - f->last));
	json_open(j, "device", '{');
	text_of(j, "key", strings, f->device_key);
	text_of(j, "name", strings, f->device_name);
	json_close(j, '{');
	address(j, "src_ip", &f->src);
	answer_uint(j, "src_port", f->src_port);
	json_open(j, "dest", '{');
	text_of(j, "key", strings, f->dest_key);
	text_of(j, "name", strings, f->dest_name);
	json_close(j, '{');
	address(j, "dest_ip", &f->dest);
	answer_uint(j, "dest_port", f->dest_port);
	answer_name(j, "proto", vocabulary_word(VOCABULARY_TRANSPORT,
	    f->transport < TRANSPORT_WORD_COUNT ? f->transport : TRANSPORT_OTHER));
	text_of(j, "app", strings, f->app);
	if (f->vlan >= 0)
		answer_uint(j, "vlan", (uint64_t)f->vlan);
	answer_bool(j, "outbound", f->outbound);
	answer_uint(j, "bytes_up", f->up);
	answer_uint(j, "bytes_down", f->down);
	answer_uint(j, "packets_up", f->pkts_up);
	answer_uint(j, "packets_down", f->pkts_down);
	if (f->last > f->before && f->up >= f->before_up) {
		json_key(j, "up_bps");
		json_number(j, (double)(f->up - f->before_up) * 8e9 /
		    (double)(f->last - f->before));
	}
	if (f->outbound && f->up > 0)
		answer_name(j, "speech", speech_text(f->up, 0, speech));
	if (f->has_voice) {
		json_key(j, "voice_score");
		json_number(j, f->voice_score);
		answer_uint(j, "voice_s", NS_IN(f->voice_seconds));
	}
	if (f->content > CONTENT_UNKNOWN && f->content < CONTENT_WORD_COUNT)
		answer_name(j, "content", vocabulary_word(VOCABULARY_CONTENT, f->content));
	json_close(j, '{');
}

void
answer_flows(const struct answer_source *a, const struct request *q, struct json *j)
{
	const struct intern *strings = recorder_strings(a->recorder);
	const struct live *l = recorder_live(a->recorder);
	const struct live_flow *best[REQUEST_ROWS];
	unsigned rows = 0, limit = q->limit < REQUEST_ROWS ? q->limit : REQUEST_ROWS;
	uint64_t matched = 0, up = 0, down = 0;

	for (const struct live_flow *f = live_first(l); f != NULL; f = live_next(l, f)) {
		unsigned at;

		if (!matches(strings, q, f))
			continue;
		matched++;
		up += f->up;
		down += f->down;
		/* The rows that are shown, in order; one that is too small for them
		 * costs one comparison. */
		if (rows == limit && !before(f, best[rows - 1], q->sort))
			continue;
		if (rows < limit)
			rows++;
		for (at = rows - 1; at > 0 && before(f, best[at - 1], q->sort); at--)
			best[at] = best[at - 1];
		best[at] = f;
	}
	json_open(j, NULL, '{');
	answer_name(j, "command", "flows");
	answer_time(j, "time", a->wall);
	answer_uint(j, "flows_now", live_count(l));
	answer_uint(j, "matched", matched);
	answer_uint(j, "shown", rows);
	answer_uint(j, "bytes_up", up);
	answer_uint(j, "bytes_down", down);
	json_open(j, "flows", '[');
	for (unsigned i = 0; i < rows; i++) {
		/* Beside rows as long as rows can be there is no room for a thousand. */
		if (j->size - j->len < FLOW_ROW_MOST)
			break;
		flow_row(a, j, best[i]);
	}
	json_close(j, '[');
	json_close(j, '{');
}

/* ---- device ---- */

struct dest_row {
	uint32_t dest, name;
	uint64_t up, down;
	int64_t first, last;
};

struct gather {
	uint32_t device;
	uint32_t *slot;			/* row + 1 by hash of the destination: a device
					 * that scans has as many as the tables hold */
	struct dest_row *row;
	size_t rows, room;
};

#define SLOTS (1u << 18)		/* more than all tables together hold */

static struct dest_row *
row_for(struct gather *g, uint32_t dest)
{
	uint32_t at = dest * 2654435761u % SLOTS;

	if (g->slot == NULL && (g->slot = calloc(SLOTS, sizeof(*g->slot))) == NULL)
		return NULL;
	for (; g->slot[at] != 0; at = (at + 1) % SLOTS)
		if (g->row[g->slot[at] - 1].dest == dest)
			return &g->row[g->slot[at] - 1];
	if (g->rows == g->room) {
		size_t room = g->room == 0 ? 64 : 2 * g->room;
		struct dest_row *row = realloc(g->row, room * sizeof(*row));

		if (row == NULL)
			return NULL;
		g->row = row;
		g->room = room;
	}
	g->row[g->rows] = (struct dest_row){ .dest = dest };
	g->slot[at] = (uint32_t)g->rows + 1;
	return &g->row[g->rows++];
}

static void
sum_row(void *arg, uint32_t device, uint32_t dest, const struct store_bytes *b)
{
	struct gather *g = arg;
	struct dest_row *r;

	if (device != g->device || (r = row_for(g, dest)) == NULL)
		return;
	r->up += b->up;
	r->down += b->down;
}

static int
by_up(const void *x, const void *y)
{
	const struct dest_row *a = x, *b = y;

	if (a->up != b->up)
		return a->up > b->up ? -1 : 1;
	return a->down != b->down ? (a->down > b->down ? -1 : 1) : 0;
}

/* What the day counted, what is being summed, and what live flows said since. */
static void
gather(const struct answer_source *a, struct gather *g, uint64_t by[DAY_HOURS])
{
	const struct day *d = recorder_day(a->recorder);
	const struct live *l = recorder_live(a->recorder);
	uint64_t up, down;
	struct dest_row *r;

	for (const struct day_dest *t = day_first_dest(d); t != NULL;
	    t = day_next_dest(d, t)) {
		if (t->device != g->device || t->last < day_from(d))
			continue;
		r = row_for(g, t->dest);
		if (r == NULL)
			return;
		day_dest_bytes(d, t, &up, &down, by);
		r->up += up;
		r->down += down;
		r->name = t->name;
		r->first = t->first;
		r->last = t->last;
	}
	store_each_sum(recorder_store(a->recorder), sum_row, g);
	for (const struct live_flow *f = live_first(l); f != NULL; f = live_next(l, f)) {
		uint64_t told_up, told_down;

		if (f->device_key != g->device || (r = row_for(g, f->dest_key)) == NULL)
			continue;
		(void)day_flow_told(d, f->id, &told_up, &told_down);
		told_up = told_up > f->told_up ? told_up : f->told_up;
		told_down = told_down > f->told_down ? told_down : f->told_down;
		r->up += f->up > told_up ? f->up - told_up : 0;
		r->down += f->down > told_down ? f->down - told_down : 0;
		if (r->name == 0)
			r->name = f->dest_name;
		if (r->first == 0 || f->first < r->first)
			r->first = f->first;
		if (f->last > r->last)
			r->last = f->last;
	}
	if (g->rows > 0)
		qsort(g->row, g->rows, sizeof(g->row[0]), by_up);
}

static void
dest_rows(struct json *j, const struct intern *strings, const struct gather *g)
{
	char speech[48];

	json_open(j, "destinations", '[');
	for (size_t i = 0; i < g->rows && i < DESTS_SHOWN; i++) {
		const struct dest_row *r = &g->row[i];

		if (j->size - j->len < 8192)
			break;
		json_open(j, NULL, '{');
		text_of(j, "key", strings, r->dest);
		text_of(j, "name", strings, r->name);
		answer_uint(j, "bytes_up", r->up);
		answer_uint(j, "bytes_down", r->down);
		answer_name(j, "speech", speech_text(r->up, 0, speech));
		answer_time(j, "first", r->first);
		answer_time(j, "last", r->last);
		json_close(j, '{');
	}
	json_close(j, '[');
	answer_uint(j, "destinations_all", g->rows);
}

static void
alert_rows(struct json *j, const struct intern *strings, const struct day *d,
    uint32_t device)
{
	const struct day_alert *al;
	unsigned shown = 0;

	json_open(j, "alerts", '[');
	for (unsigned n = 0; (al = day_alert(d, n)) != NULL; n++) {
		if (al->device != device || shown == ALERTS_SHOWN || j->size - j->len < 8192)
			continue;
		shown++;
		json_open(j, NULL, '{');
		answer_time(j, "time", al->time);
		answer_time(j, "last", al->last);
		json_key(j, "kind");
		json_text(j, al->kind, strlen(al->kind));
		json_key(j, "severity");
		json_text(j, al->severity, strlen(al->severity));
		answer_bool(j, "suspect", al->suspect);
		text_of(j, "signature", strings, al->signature);
		answer_uint(j, "signature_id", al->id);
		text_of(j, "dest", strings, al->dest);
		json_key(j, "explain");
		json_text(j, al->explain, strlen(al->explain));
		json_close(j, '{');
	}
	json_close(j, '[');
}

static void
device_row(const struct answer_source *a, struct json *j, const struct day_device *v)
{
	const struct intern *strings = recorder_strings(a->recorder);
	const struct day *d = recorder_day(a->recorder);
	struct gather g = { .device = v->key };
	uint64_t by[DAY_HOURS] = { 0 }, up = 0, down = 0;
	char mac[MAC_TEXT], speech[48];

	gather(a, &g, by);
	for (size_t i = 0; i < g.rows; i++) {
		up += g.row[i].up;
		down += g.row[i].down;
	}
	json_open(j, NULL, '{');
	text_of(j, "key", strings, v->key);
	text_of(j, "name", strings, v->name);
	if (v->mac != 0)
		answer_name(j, "mac", mac_print(v->mac, mac));
	if (v->has_ip)
		address(j, "ip", &v->ip);
	if (v->known >= 0)
		answer_bool(j, "in_inventory", v->known == 1);
	text_of(j, "owner", strings, v->owner);
	text_of(j, "role", strings, v->role);
	answer_time(j, "first_seen", v->since);
	answer_time(j, "last_seen", v->last);
	answer_uint(j, "bytes_up", up);
	answer_uint(j, "bytes_down", down);
	answer_name(j, "speech", speech_text(up, 0, speech));
	json_key(j, "speech_hours");
	json_number(j, (double)up / (24 * 125 * 3600.0));
	json_open(j, "up_by_hour", '[');
	for (unsigned h = 0; h < DAY_HOURS; h++)
		json_uint(j, by[h]);
	json_close(j, '[');
	dest_rows(j, strings, &g);
	alert_rows(j, strings, d, v->key);
	json_close(j, '{');
	free(g.row);
	free(g.slot);
}

static bool
device_is(const struct intern *strings, const struct day_device *v, const char *text)
{
	struct addr ip;
	uint64_t mac;

	if (is(intern_get(strings, v->name), text) || is(intern_get(strings, v->key), text))
		return true;
	if (addr_parse(text, strlen(text), &ip))
		return v->has_ip && addr_eq(&ip, &v->ip);
	return mac_parse(text, strlen(text), &mac) && mac == v->mac;
}

void
answer_device(const struct answer_source *a, const struct request *q, struct json *j)
{
	const struct intern *strings = recorder_strings(a->recorder);
	const struct day *d = recorder_day(a->recorder);
	struct store_counts c;
	unsigned n = 0;
	bool part = true;

	/* Who is named exactly; if nobody is, whose name or key holds the text. */
	for (const struct day_device *v = day_first_device(d); v != NULL && part;
	    v = day_next_device(d, v))
		part = !device_is(strings, v, q->device);
	store_get_counts(recorder_store(a->recorder), &c);
	json_open(j, NULL, '{');
	answer_name(j, "command", "device");
	answer_time(j, "time", a->wall);
	answer_time(j, "from", day_from(d));
	/* The figures grow while what lies in the store is still being read. */
	answer_bool(j, "complete", !c.replaying);
	json_open(j, "devices", '[');
	for (const struct day_device *v = day_first_device(d); v != NULL;
	    v = day_next_device(d, v)) {
		bool hit = part ? holds(intern_get(strings, v->name), q->device) ||
		    holds(intern_get(strings, v->key), q->device) :
		    device_is(strings, v, q->device);

		if (!hit)
			continue;
		if (n++ < DEVICES_SHOWN && j->size - j->len > 65536)
			device_row(a, j, v);
	}
	json_close(j, '[');
	answer_uint(j, "matched", n);
	json_close(j, '{');
}
