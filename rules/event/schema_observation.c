/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema_observation: the JSON schema of the record in the middle, from its table: one
 * property a rule word. A field that is not known is absent.
 */
#include "classify/dpi/vocabulary.h"
#include "rules/event/event.h"

#include <stdio.h>
#include <string.h>

static const char *
json_type(enum field_type t)
{
	switch (t) {
	case FIELD_BOOL:
		return "\"type\":\"boolean\"";
	case FIELD_COUNT:
	case FIELD_BYTES:
		return "\"type\":\"integer\",\"minimum\":0";
	case FIELD_PORT:
		return "\"type\":\"integer\",\"minimum\":0,\"maximum\":65535";
	case FIELD_NUMBER:
	case FIELD_RATE:
	case FIELD_DURATION:
		return "\"type\":\"number\"";
	case FIELD_MOMENT:
		return "\"type\":\"string\",\"format\":\"date-time\"";
	case FIELD_WORDS:
		return "\"type\":\"array\"";
	case FIELD_TEXT:
	case FIELD_ADDRESS:
	case FIELD_MAC:
	case FIELD_WORD:
		break;
	}
	return "\"type\":\"string\"";
}

void
observation_schema_print(void (*write)(void *arg, const char *s, size_t n), void *arg)
{
	char line[1024];
	const char *word;
	int n;

	n = snprintf(line, sizeof(line),
	    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	    "\"$id\":\"urn:earshot:observation:%d\",\"title\":\"earshot observation\","
	    "\"type\":\"object\",\"additionalProperties\":false,\n\"properties\":{",
	    OBSERVATION_VERSION);
	write(arg, line, (size_t)n);
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++) {
		const struct field_info *f = &observation_field[i];

		/* The table's texts hold neither quotes nor
		 * backslashes (a test says so). */
		n = snprintf(line, sizeof(line),
		    "%s\n\"%s\":{%s,\"description\":\"%s; unknown: "
		    "%s\"", i == 0 ? "" : ",", f->word, json_type(f->type), f->meaning,
		    f->unknown);
		write(arg, line, (size_t)n);
		if (f->unit[0] != '\0') {
			n = snprintf(line, sizeof(line), ",\"$comment\":\"unit: %s\"",
			    f->unit);
			write(arg, line, (size_t)n);
		}
		for (unsigned k = 0; (word = any_word(f->vocabulary, k)) != NULL; k++) {
			n = snprintf(line, sizeof(line), "%s\"%s\"", k > 0 ? "," :
			    f->type == FIELD_WORDS ? ",\"items\":{\"enum\":[" :
			    ",\"enum\":[", word);
			write(arg, line, (size_t)n);
		}
		if (any_word(f->vocabulary, 0) != NULL) {
			const char *end = f->type == FIELD_WORDS ? "]}" : "]";

			write(arg, end, strlen(end));
		}
		write(arg, "}", 1);
	}
	write(arg, "\n}}\n", 4);
}
