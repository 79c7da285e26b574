/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event: walks the rows of event_table.h and writes those that have a value. Objects are
 * opened when their first member is there and closed when the path leaves them.
 */
#include "rules/event/encode.h"

#include <string.h>

const struct event_field_info event_field[EVENT_FIELD_COUNT] = {
#define X(id, path, type, have, must, rule, meaning) \
	[F_##id] = { path, JSON_##type, HAS_##have, HAS_##must, RULE_##rule, meaning },
	EVENT_FIELDS(X)
#undef X
};

static size_t encode_at(const struct event_form *form, const struct event_source *s,
    char *buf, size_t text_max, unsigned items_max);
static void encode_texts(struct json *j, const struct event_source *s, enum event_field f,
    const char *key, unsigned items_max);
static void encode_value(struct json *j, const struct event_value *v);
static void encode_objects(struct json *j, const struct event_source *s,
    enum event_field f, const char *key, unsigned items_max);

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
event_encode(const struct event_form *f, struct event_source *s, char buf[EVENT_BYTES])
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
		n = encode_at(f, s, buf, room[i].text, room[i].items);
	return n;
}

/* The length of the part of path that names objects: "a.b.c" -> 4 ("a.b."). */
static size_t
parent_len(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL ? 0 : (size_t)(dot - path) + 1;
}

void
event_form_make(struct event_form *form)
{
	memset(form, 0, sizeof(*form));
	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++) {
		const struct event_field_info *fi = &event_field[f];
		size_t parent = parent_len(fi->path);
		unsigned object = 0;

		if (strstr(fi->path, "[]") != NULL)
			continue;
		while (parent_len(event_field[object].path) != parent ||
		    memcmp(event_field[object].path, fi->path, parent) != 0)
			object++;
		for (unsigned t = 0; t < EVENT_TYPE_COUNT; t++)
			if ((fi->have & 1U << t) != 0)
				form->row[t][form->rows[t]++] = (struct event_row){
				    (uint16_t)f, (uint16_t)parent, (uint16_t)object };
	}
}

/* From the objects that are open (the first open_len bytes of `open`) to those of path. */
static void
enter(struct json *j, const char *open, size_t open_len, const char *path, size_t parent)
{
	size_t common = 0;
	char key[64];

	for (size_t i = 0; i < open_len && i < parent && open[i] == path[i]; i++)
		if (open[i] == '.')
			common = i + 1;
	for (size_t i = common; i < open_len; i++)
		if (open[i] == '.')
			json_close(j, '{');
	for (size_t at = common; at < parent;) {
		size_t n = strcspn(path + at, ".");

		memcpy(key, path + at, n);
		key[n] = '\0';
		json_open(j, key, '{');
		at += n + 1;
	}
}

static size_t
encode_at(const struct event_form *form, const struct event_source *s, char *buf,
    size_t text_max, unsigned items_max)
{
	struct json j;
	const struct event_row *open = NULL;	/* the last that was written */
	struct event_value v;

	json_start(&j, buf, EVENT_BYTES, text_max);
	json_open(&j, NULL, '{');
	for (unsigned i = 0; i < form->rows[s->type]; i++) {
		const struct event_row *r = &form->row[s->type][i];
		const struct event_field_info *fi = &event_field[r->field];
		enum event_field f = (enum event_field)r->field;

		if (fi->type == JSON_OBJECTS ? event_items(s, f) == 0 :
		    !event_get(s, f, 0, &v))
			continue;
		if (open == NULL || open->object != r->object)
			enter(&j, open == NULL ? "" : event_field[open->field].path,
			    open == NULL ? 0 : open->parent, fi->path, r->parent);
		open = r;
		if (fi->type == JSON_OBJECTS) {
			encode_objects(&j, s, f, fi->path + r->parent, items_max);
		} else if (fi->type == JSON_TEXTS || fi->type == JSON_UINTS) {
			encode_texts(&j, s, f, fi->path + r->parent, items_max);
		} else {
			json_key(&j, fi->path + r->parent);
			encode_value(&j, &v);
		}
	}
	if (open != NULL)
		enter(&j, event_field[open->field].path, open->parent, "", 0);
	json_close(&j, '{');
	return j.full ? 0 : j.len;
}

static void
encode_texts(struct json *j, const struct event_source *s, enum event_field f,
    const char *key, unsigned items_max)
{
	struct event_value v;

	json_open(j, key, '[');
	for (unsigned i = 0; i < items_max && event_get(s, f, i, &v); i++)
		encode_value(j, &v);
	json_close(j, '[');
}

static void
encode_objects(struct json *j, const struct event_source *s, enum event_field f,
    const char *key, unsigned items_max)
{
	const char *path = event_field[f].path;
	size_t n = strlen(path);
	unsigned items = event_items(s, f);

	json_open(j, key, '[');
	for (unsigned i = 0; i < items && i < items_max; i++) {
		json_open(j, NULL, '{');
		for (unsigned m = f + 1U; m < EVENT_FIELD_COUNT; m++) {
			const char *member = event_field[m].path;
			struct event_value v;

			if (strncmp(member, path, n) != 0 ||
			    strncmp(member + n, "[].", 3) != 0)
				break;
			if (!event_get(s, (enum event_field)m, i, &v))
				continue;
			json_key(j, member + n + 3);
			encode_value(j, &v);
		}
		json_close(j, '{');
	}
	json_close(j, '[');
}

static void
encode_value(struct json *j, const struct event_value *v)
{
	char text[PKT_TIME_TEXT];

	switch (v->kind) {
	case VALUE_TEXT:
		json_text(j, v->text.at, v->text.left);
		return;
	case VALUE_NAME:
		json_name(j, v->name);
		return;
	case VALUE_TIME:
		json_name(j, pkt_time_print((struct pkt_time){ v->time }, text));
		return;
	case VALUE_UINT:
		json_uint(j, v->u);
		return;
	case VALUE_NUMBER:
		json_number(j, v->n);
		return;
	case VALUE_BOOL:
		json_bool(j, v->b);
		return;
	case VALUE_NULL:
		json_null(j);
		return;
	}
}
