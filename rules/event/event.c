/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event: walks the rows of event_table.h and writes those that have a value. Objects are
 * opened when their first member is there and closed when the path leaves them.
 *
 * A flow event is some 1,400 bytes and is due for every flow: what a row needs is laid out
 * before (struct encoder), so that writing one is a test, a copy of its key and its value.
 */
#include "rules/event/encode.h"

#include <assert.h>
#include <string.h>

const struct event_field_info event_field[EVENT_FIELD_COUNT] = {
#define X(id, path, type, have, must, rule, meaning) \
	[F_##id] = { path, JSON_##type, HAS_##have, HAS_##must, RULE_##rule, meaning },
	EVENT_FIELDS(X)
#undef X
};

/* Behind the last bit of known[], for fields that ask for none. */
#define ALWAYS_WORD 3
#define ALWAYS_BIT UINT64_C(1)

static size_t encode_at(struct encoder *e, const struct event_source *s, char *buf,
    size_t text_max, unsigned items_max);
static void encode_texts(struct encoder *e, struct json *j, const struct event_source *s,
    enum event_field f, unsigned items_max);
static void encode_objects(struct encoder *e, struct json *j, const struct event_source *s,
    enum event_field f, unsigned items_max);

const char *
lane_name(enum lane l)
{
	return l == LANE_FLOW ? "flow" : "alert";
}

const char *
event_type_name(enum event_type t)
{
	static const char *const name[EVENT_TYPE_COUNT] = { "alert", "flow", "stats",
		"anomaly" };

	return t < EVENT_TYPE_COUNT ? name[t] : "?";
}

size_t
event_encode(struct encoder *e, struct event_source *s, char buf[ENCODE_ROOM])
{
	/* Texts are shortened before conditions are left out; the last row fits always,
	 * as an event has some 120 fields of less than 60 bytes each at that length. */
	static const struct {
		size_t text;
		unsigned items;
	} room[] = { { 1024, 64 }, { 256, 64 }, { 96, 32 }, { 32, 8 } };
	size_t n = 0;

	event_prepare(s);
	for (size_t i = 0; n == 0 && i < sizeof(room) / sizeof(room[0]); i++)
		n = encode_at(e, s, buf, room[i].text, room[i].items);
	return n;
}

/* The length of the part of path that names objects: "a.b.c" -> 4 ("a.b."). */
static size_t
parent_len(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL ? 0 : (size_t)(dot - path) + 1;
}

static void
add(struct piece *p, const char *text, size_t n)
{
	assert(p->n + n <= JSON_PIECE);	/* a longer path than any of the table */
	memcpy(p->text + p->n, text, n);
	p->n = (uint8_t)(p->n + n);
}

/* From the objects of one path to those of another: closes, a comma, opens. */
static void
make_way(struct piece *p, const char *from, size_t from_len, const char *to,
    size_t to_len)
{
	size_t common = 0;
	bool comma = true;

	for (size_t i = 0; i < from_len && i < to_len && from[i] == to[i]; i++)
		if (from[i] == '.')
			common = i + 1;
	for (size_t i = common; i < from_len; i++)
		if (from[i] == '.')
			add(p, "}", 1);
	for (size_t at = common; at < to_len;) {
		size_t n = strcspn(to + at, ".");

		add(p, ",\"", comma ? 2 : 0);
		add(p, "\"", comma ? 0 : 1);
		add(p, to + at, n);
		add(p, "\":{", 3);
		comma = false;
		at += n + 1;
	}
}

void
encoder_make(struct encoder *e)
{
	const char *object[ENCODE_OBJECTS] = { "" };
	size_t len[ENCODE_OBJECTS] = { 0 };
	unsigned objects = 1, fixed = 0;

	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < ENCODE_SECONDS; i++)
		e->moment[i].second = INT64_MIN;
	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++) {
		const struct event_field_info *fi = &event_field[f];
		const char *key = fi->path + parent_len(fi->path);
		const struct event_access a = event_access((enum event_field)f);
		struct event_row row = { .bit = UINT64_C(1) << (a.gate % 64),
			.word = (uint8_t)(a.gate / 64), .get = a.get,
			.field = (uint16_t)f, .type = (uint8_t)fi->type, .fixed = 255,
			.value = a.value == FIELD_COUNT_ALL ? 255 : (uint8_t)a.value,
			.many = fi->type == JSON_OBJECTS || fi->type == JSON_TEXTS ||
			    fi->type == JSON_UINTS };
		unsigned o = 0;
		add(&e->key[f], ",\"", 2);
		add(&e->key[f], key, strlen(key));
		add(&e->key[f], "\":", 2);
		if (strstr(fi->path, "[]") != NULL)
			continue;
		while (o < objects && (len[o] != parent_len(fi->path) ||
		    memcmp(object[o], fi->path, len[o]) != 0))
			o++;
		if (o == objects) {
			assert(o < ENCODE_OBJECTS);	/* the table has fewer */
			object[o] = fi->path;
			len[o] = parent_len(fi->path);
			objects++;
		}
		row.object = (uint8_t)o;
		if (a.gate == FIELD_COUNT_ALL) {
			row.bit = ALWAYS_BIT;
			row.word = ALWAYS_WORD;
		}
		if (a.fixed) {
			assert(fixed < ENCODE_FIXED);
			row.fixed = (uint8_t)fixed++;
		}
		for (unsigned t = 0; t < EVENT_TYPE_COUNT; t++)
			if ((fi->have & 1U << t) != 0)
				e->row[t][e->rows[t]++] = row;
	}
	for (unsigned a = 0; a < objects; a++)
		for (unsigned b = 0; b < objects; b++)
			make_way(&e->way[a][b], object[a], len[a], object[b], len[b]);
}

void
encoder_forget(struct encoder *e)
{
	memset(e->fixed, 0, sizeof(e->fixed));
}

/* One length: no loop, no call. Without its comma when there is none before it. */
static inline char *
put_piece(char *at, const struct piece *p, bool first)
{
	memcpy(at, p->text + first, JSON_PIECE);
	return at + p->n - first;
}

/* A date takes a dozen divisions; most moments of an event are in the same few seconds. */
static __attribute__((noinline)) void
make_moment(struct piece *p, int64_t second)
{
	char text[PKT_TIME_TEXT];

	(void)pkt_time_print((struct pkt_time){ second * NS_PER_S }, text);
	p->n = 0;
	add(p, "\"", 1);
	add(p, text, 27);
	add(p, "\"", 1);
}

static inline char *
put_moment(struct encoder *e, char *at, int64_t ns)
{
	int64_t second = ns / NS_PER_S - (ns % NS_PER_S < 0);
	unsigned i = (unsigned)second % ENCODE_SECONDS;

	if (e->moment[i].second != second) {
		e->moment[i].second = second;
		make_moment(&e->moment[i].text, second);
	}
	(void)put_piece(at, &e->moment[i].text, 0);
	uint6_print(at + 21, (unsigned)(ns - second * NS_PER_S) / 1000);
	return at + 29;
}

static __attribute__((noinline)) void
make_quoted(struct piece *p, const struct addr *a, uint64_t mac)
{
	char text[ADDR_TEXT];

	if (a != NULL)
		(void)addr_print(a, text);
	else
		(void)mac_print(mac, text);
	p->n = 0;
	add(p, "\"", 1);
	add(p, text, strlen(text));
	add(p, "\"", 1);
}

static inline char *
put_address(struct encoder *e, char *at, const struct addr *a)
{
	unsigned i = (a->b[15] ^ a->b[14] * 5U ^ a->b[13]) % ENCODE_ADDRESSES;

	if (e->address[i].text.n == 0 || !addr_eq(a, &e->address[i].a)) {
		e->address[i].a = *a;
		make_quoted(&e->address[i].text, a, 0);
	}
	return put_piece(at, &e->address[i].text, 0);
}

static inline char *
put_mac(struct encoder *e, char *at, uint64_t mac)
{
	if (e->mac.text.n == 0 || e->mac.mac != mac) {
		e->mac.mac = mac;
		make_quoted(&e->mac.text, NULL, mac);
	}
	return put_piece(at, &e->mac.text, 0);
}

static inline char *
put_uint(char *at, uint64_t u)
{
	if (u >= 10)
		return at + uint_print(at, u);
	*at = (char)('0' + u);
	return at + 1;
}

/* At `at`, where there is room for a piece; the writer goes on behind it. Some fifty of
 * these make an event, and half of what one costs would be the call. */
static inline __attribute__((always_inline)) void
encode_value(struct encoder *e, struct json *j, char *at, const struct event_value *v)
{
	size_t max = j->text_max;

	switch (v->kind) {
	case VALUE_BOOL:
		memcpy(at, v->b ? "true " : "false", 5);
		at += v->b ? 4 : 5;
		break;
	case VALUE_UINT:
		at = put_uint(at, v->u);
		break;
	case VALUE_TIME:
		at = put_moment(e, at, v->time);
		break;
	case VALUE_ADDRESS:
		at = put_address(e, at, v->addr);
		break;
	case VALUE_MAC:
		at = put_mac(e, at, v->u);
		break;
	case VALUE_NAME:		/* never cut */
		j->len = (size_t)(at - j->buf);
		j->text_max = 0;
		json_text(j, v->text.at, v->text.left);
		j->text_max = max;
		return;
	case VALUE_TEXT:
		j->len = (size_t)(at - j->buf);
		json_text(j, v->text.at, v->text.left);
		return;
	case VALUE_NUMBER:
		j->len = (size_t)(at - j->buf);
		json_number(j, v->n);
		return;
	case VALUE_NULL:
		j->len = (size_t)(at - j->buf);
		json_null(j);
		return;
	}
	j->len = (size_t)(at - j->buf);
	j->comma = true;
}

/* Somewhere in an array or an object in one. */
static void
encode_next(struct encoder *e, struct json *j, const struct event_value *v)
{
	if (j->comma && !j->full && j->len < j->size)
		j->buf[j->len++] = ',';
	j->comma = false;
	if (j->full || 2 * JSON_PIECE > j->size - j->len)
		j->full = true;
	else
		encode_value(e, j, j->buf + j->len, v);
}

static void
keep(struct piece *p, const char *text, size_t n, bool first)
{
	if (n + first > JSON_PIECE)
		return;
	add(p, ",", first);
	add(p, text, n);
}

static size_t
encode_at(struct encoder *e, const struct event_source *s, char *buf, size_t text_max,
    unsigned items_max)
{
	uint64_t known[ALWAYS_WORD + 1] = { [ALWAYS_WORD] = ALWAYS_BIT };
	const struct event_row *r = e->row[s->type], *end = r + e->rows[s->type];
	bool whole = text_max >= JSON_PIECE;	/* what is kept was not cut */
	bool first = true;			/* of its object: no comma before it */
	unsigned open = 0;
	struct event_value v;
	struct json j;

	if (s->rec != NULL)
		memcpy(known, s->rec->known, sizeof(s->rec->known));
	json_start(&j, buf, ENCODE_ROOM, text_max);
	json_open(&j, NULL, '{');
	for (; r < end; r++) {
		enum event_field f = (enum event_field)r->field;
		struct piece *kept = NULL;
		char *at, *from;

		if ((known[r->word] & r->bit) == 0)
			continue;
		if (r->fixed != 255 && whole) {
			kept = &e->fixed[s->type][r->fixed];
			if (kept->n == 0 && !r->get(s, f, 0, &v))
				continue;
		} else if (r->value != 255) {
			if (!event_plain(s, (enum field)r->value, &v))
				continue;
		} else if (r->type == JSON_OBJECTS ? event_items(s, f) == 0 :
		    !r->get(s, f, 0, &v)) {
			continue;
		}
		/* Room for all that has a bound: what opens and closes objects, the key and
		 * every value but a text. */
		if (j.full || 3 * JSON_PIECE > j.size - j.len)
			return 0;
		at = buf + j.len;
		if (open != r->object) {
			at = put_piece(at, &e->way[open][r->object], 0);
			first = at[-1] == '{';
			open = r->object;
		}
		from = at;
		at = put_piece(at, kept != NULL && kept->n > 0 ? kept : &e->key[f], first);
		j.comma = false;
		if (kept != NULL && kept->n > 0) {
			j.len = (size_t)(at - buf);
		} else if (r->many) {
			j.len = (size_t)(at - buf);
			if (r->type == JSON_OBJECTS)
				encode_objects(e, &j, s, f, items_max);
			else
				encode_texts(e, &j, s, f, items_max);
		} else {
			encode_value(e, &j, at, &v);
			if (kept != NULL && !j.full)
				keep(kept, from, (size_t)(buf + j.len - from), first);
		}
		first = false;
	}
	if (j.full || 2 * JSON_PIECE > j.size - j.len)
		return 0;
	j.len = (size_t)(put_piece(buf + j.len, &e->way[open][0], 0) - buf);
	json_close(&j, '{');
	return j.full || j.len > EVENT_BYTES ? 0 : j.len;
}

static void
encode_texts(struct encoder *e, struct json *j, const struct event_source *s,
    enum event_field f, unsigned items_max)
{
	struct event_value v;

	json_open(j, NULL, '[');
	for (unsigned i = 0; i < items_max && event_get(s, f, i, &v); i++)
		encode_next(e, j, &v);
	json_close(j, '[');
}

static void
encode_objects(struct encoder *e, struct json *j, const struct event_source *s,
    enum event_field f, unsigned items_max)
{
	const char *path = event_field[f].path;
	size_t n = strlen(path);
	unsigned items = event_items(s, f), members = 0;

	for (unsigned m = f + 1U; m < EVENT_FIELD_COUNT &&
	    strncmp(event_field[m].path, path, n) == 0 &&
	    strncmp(event_field[m].path + n, "[].", 3) == 0; m++)
		members++;
	json_open(j, NULL, '[');
	for (unsigned i = 0; i < items && i < items_max; i++) {
		bool first = true;

		json_open(j, NULL, '{');
		for (unsigned m = f + 1U; m <= f + members; m++) {
			struct event_value v;

			if (!event_get(s, (enum event_field)m, i, &v))
				continue;
			if (j->full || 2 * JSON_PIECE > j->size - j->len) {
				j->full = true;
				return;
			}
			j->len = (size_t)(put_piece(j->buf + j->len, &e->key[m], first) -
			    j->buf);
			j->comma = first = false;
			encode_next(e, j, &v);
		}
		json_close(j, '{');
	}
	json_close(j, '[');
}
