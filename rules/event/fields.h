/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fields: what an event is about, and the value of each of its fields.
 * Private to rules/event.
 */
#ifndef RULES_EVENT_FIELDS_H
#define RULES_EVENT_FIELDS_H

#include "rules/event/event.h"
#include "rules/event/event_table.h"
#include "rules/event/human.h"
#include "rules/event/json.h"

#define EVENT_ID_TEXT 192
#define EXPLAIN_MAX 1200

struct gap {
	uint64_t from, to, count;
};

/* Everything one event is made from; what does not apply is NULL or zero. */
struct event_source {
	const struct emitter_options *o;
	const char *rules_version;
	enum event_type type;
	struct event_head head;
	struct pkt_time time;
	bool has_kind, has_severity;
	const struct verdict *v;		/* alert, or anomaly of a suspect */
	const struct observation *rec;		/* alert, suspect, flow */
	const struct intern *strings;
	const struct sensor_stats *stats;
	const char *signature, *text;		/* anomaly of the sensor */
	const char *iface;			/* and of this interface, or NULL */
	const struct gap *gap;
	/* filled by event_prepare */
	struct {
		bool known, up_known, down_known;
		int64_t start, end;
		uint64_t up, down;
	} window;
	enum truth dest_known;
	struct event_made *made;		/* room for it, the caller's */
};

/* Texts that are put together for one event; "" for those that do not apply. */
struct event_made {
	char community[40], speech[48];
	char id[EVENT_ID_TEXT], related[EVENT_ID_TEXT];
	char explain[EXPLAIN_MAX];
};

enum value_kind {
	VALUE_TEXT, VALUE_NAME, VALUE_TIME, VALUE_UINT, VALUE_NUMBER, VALUE_BOOL,
	VALUE_NULL, VALUE_ADDRESS, VALUE_MAC
};

struct event_value {
	enum value_kind kind;
	struct span text;		/* TEXT, NAME */
	const struct addr *addr;	/* ADDRESS; of the record */
	int64_t time;
	uint64_t u;			/* UINT, MAC */
	double n;
	bool b;
	char buf[HUMAN_TEXT];		/* room for a text */
};

/* Works out what several fields need. */
void event_prepare(struct event_source *s);

/* The value of a field; i counts the elements of arrays (and is
 * 0 else). False: absent. */
typedef bool event_getter(const struct event_source *s, enum event_field f, unsigned i,
    struct event_value *out);
event_getter event_get;

/* How a field is come by, for who asks for it again and again. */
struct event_access {
	enum field gate;		/* absent when the record does not know this one;
					 * FIELD_COUNT_ALL: not for that */
	enum field value;		/* it is this one, as it is: event_plain;
					 * FIELD_COUNT_ALL: it is worked out: get */
	event_getter *get;
	bool fixed;			/* the same in every event of a type */
};

struct event_access event_access(enum event_field f);

/* A field of the record as it is; an empty text is no text. */
bool event_plain(const struct event_source *s, enum field f, struct event_value *out);

/* How many elements an array of objects has. */
unsigned event_items(const struct event_source *s, enum event_field f);

/* The same for one of the sensor's figures alone (a row of "stats."). */
bool event_get_stats(const struct sensor_stats *t, enum event_field f, unsigned i,
    struct event_value *out);

/* "not dest in known", "way.two is unknown":
 * a condition as the rule means it. Its length. */
size_t condition_text(const struct rule *r, const struct expr *x, char *buf, size_t size);

/* The bare operators of conditions, for the schema; ends in NULL. */
extern const char *const condition_ops[];

#endif
