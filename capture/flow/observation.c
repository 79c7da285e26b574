/* SPDX-License-Identifier: GPL-3.0-or-later */
/* observation: the tables of names behind OBSERVATION_FIELDS and the vocabularies. */
#include "capture/flow/observation.h"

const struct field_info observation_field[FIELD_COUNT_ALL] = {
#define X(m, w, t, v, u, mean, unk) \
	[FIELD_##m] = { #m, w, FIELD_##t, VOCABULARY_##v, u, mean, unk, \
		offsetof(struct observation, m) },
	OBSERVATION_FIELDS(X)
#undef X
};

#define X(m, w, t, ...) | (FIELD_##t == FIELD_TEXT && FIELD_##m / 64 == WORD ? \
	    UINT64_C(1) << (FIELD_##m % 64) : 0)
const uint64_t observation_texts[3] = {
#define WORD 0
	0 OBSERVATION_FIELDS(X),
#undef WORD
#define WORD 1
	0 OBSERVATION_FIELDS(X),
#undef WORD
#define WORD 2
	0 OBSERVATION_FIELDS(X),
#undef WORD
};
#undef X

_Static_assert(sizeof(struct observation_name) <= sizeof(struct observation),
    "a name record fits a record");

const char *
observation_kind_name(enum observation_kind k)
{
	static const char *const name[] = {
#define X(id, n, meaning) n,
		OBSERVATION_KINDS(X)
#undef X
	};

	return k < OBSERVATION_KIND_COUNT ? name[k] : "?";
}

#define X(id, name) name,
static const char *const transport[] = { WORDS_TRANSPORT(X) };
static const char *const scope[] = { WORDS_SCOPE(X) };
static const char *const confidence[] = { WORDS_CONFIDENCE(X) };
static const char *const name_source[] = { WORDS_NAME_SOURCE(X) };
static const char *const content[] = { WORDS_CONTENT(X) };
static const char *const format[] = { WORDS_FORMAT(X) };
static const char *const proof[] = { WORDS_PROOF(X) };
static const char *const tunnel[] = { WORDS_TUNNEL(X) };
static const char *const pace[] = { WORDS_PACE(X) };
static const char *const flow_end[] = { WORDS_FLOW_END(X) };
static const char *const weekday[] = { WORDS_WEEKDAY(X) };
#undef X
#define X(id, name, human) name,
static const char *const codec[] = { WORDS_CODEC(X) };
#undef X

static const struct {
	const char *const *word;
	unsigned n;
} vocabulary[] = {
#define LIST(a) { a, sizeof(a) / sizeof(a[0]) }
	[VOCABULARY_NONE] = { NULL, 0 },
	[VOCABULARY_TRANSPORT] = LIST(transport),
	[VOCABULARY_SCOPE] = LIST(scope),
	[VOCABULARY_CONFIDENCE] = LIST(confidence),
	[VOCABULARY_NAME_SOURCE] = LIST(name_source),
	[VOCABULARY_CONTENT] = LIST(content),
	[VOCABULARY_FORMAT] = LIST(format),
	[VOCABULARY_PROOF] = LIST(proof),
	[VOCABULARY_TUNNEL] = LIST(tunnel),
	[VOCABULARY_PACE] = LIST(pace),
	[VOCABULARY_FLOW_END] = LIST(flow_end),
	[VOCABULARY_CODEC] = LIST(codec),
	[VOCABULARY_WEEKDAY] = LIST(weekday),
	[VOCABULARY_RISK] = { NULL, 0 },
#undef LIST
};

const char *
vocabulary_word(enum vocabulary v, unsigned n)
{
	if ((unsigned)v >= sizeof(vocabulary) / sizeof(vocabulary[0]) ||
	    n >= vocabulary[v].n)
		return NULL;
	return vocabulary[v].word[n];
}

const char *
codec_human(unsigned n)
{
	static const char *const name[] = {
#define X(id, word, human) human,
		WORDS_CODEC(X)
#undef X
	};

	return n < CODED_WORD_COUNT ? name[n] : name[0];
}
