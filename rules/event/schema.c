/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema: the rows of event_table.h as a JSON schema (draft 2020-12), one definition for
 * each event type, and as a table for the manual.
 * Words come from the vocabularies themselves.
 */
#include "rules/event/event.h"

#include "classify/dpi/vocabulary.h"
#include "rules/event/event_table.h"
#include "rules/event/fields.h"

#include <stdio.h>
#include <string.h>

struct out {
	void (*write)(void *arg, const char *s, size_t n);
	void *arg;
};

#define STAMP "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\\\.[0-9]{6}Z$"
#define NAME_CHARS "[A-Za-z0-9._-]{1,64}"

static void say(const struct out *o, const char *s);
static void object(const struct out *o, unsigned type, const char *prefix);
static void leaf(const struct out *o, unsigned type, unsigned f);
static void rule_of(const struct out *o, unsigned type, enum event_rule r);
static void words(const struct out *o, enum vocabulary v);
static bool below(unsigned f, unsigned type, const char *prefix);

void
event_schema_print(void (*write)(void *arg, const char *s, size_t n), void *arg)
{
	struct out o = { write, arg };

	say(&o, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	    "\"$id\":\"urn:earshot:event:1.0\",\"title\":\"earshot event\","
	    "\"description\":\"One line of earshot's output.\",\n\"oneOf\":[");
	for (unsigned t = 0; t < EVENT_TYPE_COUNT; t++) {
		say(&o, t == 0 ? "" : ",");
		say(&o, "{\"$ref\":\"#/$defs/");
		say(&o, event_type_name((enum event_type)t));
		say(&o, "\"}");
	}
	say(&o, "],\n\"$defs\":{");
	for (unsigned t = 0; t < EVENT_TYPE_COUNT; t++) {
		say(&o, t == 0 ? "\n\"" : ",\n\"");
		say(&o, event_type_name((enum event_type)t));
		say(&o, "\":");
		object(&o, t, "");
	}
	say(&o, "\n}}\n");
}

void
event_fields_print(void (*write)(void *arg, const char *s, size_t n), void *arg)
{
	static const char *const type[] = { "text", "word", "time", "integer", "number",
		"true/false", "texts", "integers", "objects", "value",
		"true/false/null" };
	struct out o = { write, arg };

	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++) {
		char line[256];

		(void)snprintf(line, sizeof(line), "%-36s %-16s %s\n",
		    event_field[f].path,
		    type[event_field[f].type], event_field[f].meaning);
		say(&o, line);
	}
}

static void
say(const struct out *o, const char *s)
{
	o->write(o->arg, s, strlen(s));
}

/* Texts of the table hold no control characters; quotes and backslashes are escaped. */
static void
say_text(const struct out *o, const char *s)
{
	say(o, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			o->write(o->arg, "\\", 1);
		o->write(o->arg, s, 1);
	}
	say(o, "\"");
}

static bool
below(unsigned f, unsigned type, const char *prefix)
{
	return (event_field[f].have & 1U << type) != 0 &&
	    strncmp(event_field[f].path, prefix, strlen(prefix)) == 0;
}

/* The next component of a path behind prefix, and whether more follows: 0 a leaf, 1 an
 * object, 2 a member of an array's objects (told by the array). */
static int
component(const char *path, const char *prefix, char out[64])
{
	const char *at = path + strlen(prefix);
	size_t n = strcspn(at, ".[");

	memcpy(out, at, n);
	out[n] = '\0';
	return at[n] == '\0' ? 0 : at[n] == '.' ? 1 : 2;
}

static void
object(const struct out *o, unsigned type, const char *prefix)
{
	char last[64] = "", part[64], deeper[160];
	bool first = true;

	say(o, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++) {
		int more;

		if (!below(f, type, prefix))
			continue;
		more = component(event_field[f].path, prefix, part);
		if (more == 2 || strcmp(part, last) == 0)
			continue;
		(void)snprintf(last, sizeof(last), "%s", part);
		say(o, first ? "\n" : ",\n");
		first = false;
		say_text(o, part);
		say(o, ":");
		(void)snprintf(deeper, sizeof(deeper), "%s%s.", prefix, part);
		if (more == 1)
			object(o, type, deeper);
		else
			leaf(o, type, f);
	}
	say(o, "},\"required\":[");
	first = true;
	last[0] = '\0';
	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++) {
		unsigned must = event_field[f].must;
		int more;

		if (!below(f, type, prefix))
			continue;
		more = component(event_field[f].path, prefix, part);
		/* A member that is always there makes the objects around it required. */
		if (more == 2 || strcmp(part, last) == 0 ||
		    !((must & 1U << type) != 0 || (more == 0 && (must & HAS_P) != 0)))
			continue;
		(void)snprintf(last, sizeof(last), "%s", part);
		say(o, first ? "" : ",");
		first = false;
		say_text(o, part);
	}
	say(o, "]}");
}

static void
leaf(const struct out *o, unsigned type, unsigned f)
{
	const struct event_field_info *fi = &event_field[f];
	char deeper[160];

	say(o, "{\"description\":");
	say_text(o, fi->meaning);
	switch (fi->type) {
	case JSON_TEXT:
	case JSON_NAME:
		say(o, ",\"type\":\"string\"");
		break;
	case JSON_TIME:
		say(o, ",\"type\":\"string\",\"pattern\":\"" STAMP "\"");
		break;
	case JSON_UINT:
		say(o, ",\"type\":\"integer\",\"minimum\":0");
		break;
	case JSON_NUMBER:
		say(o, ",\"type\":\"number\"");
		break;
	case JSON_BOOL:
		say(o, ",\"type\":\"boolean\"");
		break;
	case JSON_SCALAR:
		say(o, ",\"type\":[\"string\",\"number\",\"boolean\"]");
		break;
	case JSON_TRUTH:
		say(o, ",\"type\":[\"boolean\",\"null\"]");
		break;
	case JSON_OBJECTS:
		(void)snprintf(deeper, sizeof(deeper), "%s[].", fi->path);
		say(o, ",\"type\":\"array\",\"items\":");
		object(o, type, deeper);
		say(o, "}");
		return;
	case JSON_TEXTS:
	case JSON_UINTS:
		say(o, ",\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":");
		say(o, fi->type == JSON_TEXTS ? "\"string\"" :
		    "\"integer\",\"minimum\":0");
		rule_of(o, type, fi->rule);
		say(o, "}}");
		return;
	}
	rule_of(o, type, fi->rule);
	say(o, "}");
}

static void
rule_of(const struct out *o, unsigned type, enum event_rule r)
{
	switch (r) {
	case RULE_NONE:
		return;
	case RULE_TYPE:
		say(o, ",\"const\":");
		say_text(o, event_type_name((enum event_type)type));
		return;
	case RULE_HOST:
		say(o, ",\"pattern\":\"^" NAME_CHARS "$\"");
		return;
	case RULE_VLAN:
		say(o, ",\"maximum\":4095");
		return;
	case RULE_FLOW_ID:
		say(o, ",\"maximum\":2251799813685247");
		return;
	case RULE_COMMUNITY:
		say(o, ",\"pattern\":\"^1:[A-Za-z0-9+/]{27}=$\"");
		return;
	case RULE_ADDRESS:
		say(o, ",\"pattern\":\"^[0-9a-f:.]{2,45}$\"");
		return;
	case RULE_PORT:
		say(o, ",\"maximum\":65535");
		return;
	case RULE_PROTO:
		say(o, ",\"enum\":[\"TCP\",\"UDP\",\"ICMP\",\"IPv6-ICMP\"]");
		return;
	case RULE_CONFIDENCE:
		words(o, VOCABULARY_CONFIDENCE);
		return;
	case RULE_RISK:
		words(o, VOCABULARY_RISK);
		return;
	case RULE_MAC:
		say(o, ",\"pattern\":\"^([0-9a-f]{2}:){5}[0-9a-f]{2}$\"");
		return;
	case RULE_STATE:
		say(o, ",\"enum\":[\"new\",\"established\",\"closed\"]");
		return;
	case RULE_IFACE_STATE:
		for (unsigned i = 0; i < SOURCE_IFACE_STATES; i++) {
			say(o, i == 0 ? ",\"enum\":[" : ",");
			say_text(o, source_iface_state_name((enum source_iface_state)i));
		}
		say(o, "]");
		return;
	case RULE_ACTION:
		say(o, ",\"const\":\"allowed\"");
		return;
	case RULE_GID:
		say(o, ",\"const\":1");
		return;
	case RULE_URGENCY:
		say(o, ",\"exclusiveMinimum\":0,\"maximum\":4");
		return;
	case RULE_ANOMALY:
		say(o, ",\"enum\":[\"suspect\",\"sensor\"]");
		return;
	case RULE_SCHEMA:
		say(o, ",\"const\":\"earshot-event/1.0\"");
		return;
	case RULE_EVENT_ID:
		say(o, ",\"pattern\":\"^" NAME_CHARS ":" NAME_CHARS
		    ":(alert|flow):[0-9]{1,2}:[1-9][0-9]*$\"");
		return;
	case RULE_SEQ:
		say(o, ",\"exclusiveMinimum\":0");
		return;
	case RULE_LANE:
		say(o, ",\"enum\":[\"alert\",\"flow\"]");
		return;
	case RULE_PARTITION:
		say(o, ",\"maximum\":15");
		return;
	case RULE_KIND:
		say(o, ",\"enum\":[");
		for (unsigned k = 0; k < EVENT_KIND_COUNT; k++) {
			say(o, k == 0 ? "" : ",");
			say_text(o, event_kind_name((enum event_kind)k));
		}
		say(o, "]");
		return;
	case RULE_SEVERITY:
		say(o, ",\"enum\":[");
		for (unsigned k = 0; k < SEVERITY_COUNT; k++) {
			say(o, k == 0 ? "" : ",");
			say_text(o, severity_name((enum severity)k));
		}
		say(o, "]");
		return;
	case RULE_NAME_SOURCE:
		words(o, VOCABULARY_NAME_SOURCE);
		return;
	case RULE_SHAPE:
		say(o, ",\"enum\":[\"constant\",\"variable\",\"pieces\"]");
		return;
	case RULE_CONTENT:
		words(o, VOCABULARY_CONTENT);
		return;
	case RULE_FORMAT:
		words(o, VOCABULARY_FORMAT);
		return;
	case RULE_CODEC:
		words(o, VOCABULARY_CODEC);
		return;
	case RULE_PROOF:
		words(o, VOCABULARY_PROOF);
		return;
	case RULE_OP:
		say(o, ",\"enum\":[");
		for (unsigned k = 0; condition_ops[k] != NULL; k++) {
			say(o, k == 0 ? "" : ",");
			say_text(o, condition_ops[k]);
		}
		say(o, "]");
		return;
	case RULE_UNIT:
		say(o, ",\"enum\":[");
		for (unsigned f = 0, n = 0; f < FIELD_COUNT_ALL; f++) {
			unsigned before = 0;

			while (strcmp(observation_field[before].unit,
			    observation_field[f].unit) != 0)
				before++;
			if (before < f || observation_field[f].unit[0] == '\0')
				continue;
			say(o, n++ == 0 ? "" : ",");
			say_text(o, observation_field[f].unit);
		}
		say(o, "]");
		return;
	case RULE_ENDED:
		words(o, VOCABULARY_FLOW_END);
		return;
	case RULE_TUNNEL:
		words(o, VOCABULARY_TUNNEL);
		return;
	case RULE_MITRE:
		say(o, ",\"pattern\":\"^T[0-9]{4}([.][0-9]{3})?$\"");
		return;
	}
}

static void
words(const struct out *o, enum vocabulary v)
{
	const char *w;

	say(o, ",\"enum\":[");
	for (unsigned k = 0; (w = any_word(v, k)) != NULL; k++) {
		say(o, k == 0 ? "" : ",");
		say_text(o, w);
	}
	say(o, "]");
}
