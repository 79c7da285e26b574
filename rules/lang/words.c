/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words: the names of the program's own enums, each from the table that declares it.
 */
#include "rules/lang/program.h"

const char *
event_kind_name(enum event_kind k)
{
	static const char *const name[] = {
#define X(id, word, meaning) [EVENT_##id] = word,
		EVENT_KINDS(X)
#undef X
	};

	return (unsigned)k < EVENT_KIND_COUNT ? name[k] : NULL;
}

const char *
event_kind_meaning(enum event_kind k)
{
	static const char *const text[] = {
#define X(id, word, meaning) [EVENT_##id] = meaning,
		EVENT_KINDS(X)
#undef X
	};

	return (unsigned)k < EVENT_KIND_COUNT ? text[k] : NULL;
}

const char *
severity_name(enum severity s)
{
	static const char *const name[] = {
#define X(id, word) [SEVERITY_##id] = word,
		SEVERITIES(X)
#undef X
	};

	return (unsigned)s < SEVERITY_COUNT ? name[s] : NULL;
}

const char *
compare_op_text(enum compare_op op)
{
	static const char *const text[] = { "<", "<=", ">", ">=", "=", "!=" };

	return (unsigned)op <= CMP_NE ? text[op] : NULL;
}

const char *
field_type_name(enum field_type t)
{
	static const char *const name[] = {
		[FIELD_BOOL] = "yes or no",
		[FIELD_COUNT] = "count",
		[FIELD_BYTES] = "bytes",
		[FIELD_NUMBER] = "number",
		[FIELD_RATE] = "rate",
		[FIELD_DURATION] = "duration",
		[FIELD_MOMENT] = "moment",
		[FIELD_TEXT] = "text",
		[FIELD_ADDRESS] = "address",
		[FIELD_PORT] = "port",
		[FIELD_MAC] = "MAC address",
		[FIELD_WORD] = "word",
		[FIELD_WORDS] = "set of words",
	};

	return (unsigned)t <= FIELD_WORDS ? name[t] : NULL;
}
