/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: rule files, checked. Compiled, shared, immutable, free of the parse tree; it
 * lives in one arena and is destroyed as a whole. The grammar stands in GRAMMAR.md; a
 * program knows nothing of files: they are read through a provider that the caller gives.
 */
#ifndef RULES_LANG_PROGRAM_H
#define RULES_LANG_PROGRAM_H

#include "capture/base/fault.h"
#include "capture/flow/observation.h"
#include "classify/endpoint/hostlist.h"
#include "classify/endpoint/inventory.h"
#include "classify/endpoint/places.h"
#include "classify/endpoint/vendors.h"
#include "classify/shape/hearing.h"
#include "rules/lang/tz.h"

/* What an event can be about: `kind` in a rule, earshot.kind in an event.
 * X(id, name, meaning) */
#define EVENT_KINDS(X) \
	X(LIVE_AUDIO, "live-audio", "one-way audio that is being sent as it happens") \
	X(CHUNKED_AUDIO, "chunked-audio", "recorded, then sent piece by piece") \
	X(AUDIO_UPLOAD, "audio-upload", "an audio file, proven by clear text") \
	X(BULK_UPLOAD, "bulk-upload", "much was sent; content unknown") \
	X(TUNNEL, "tunnel", "a tunnel that carries what a recorder would send") \
	X(NEW_DEVICE, "new-device", "a device that is in no inventory") \
	X(UNKNOWN_DESTINATION, "unknown-destination", "an endpoint nobody knows") \
	X(BUDGET, "budget", "more than the device may send") \
	X(INCIDENT, "incident", "correlated over sensors") \
	X(GAP, "gap", "events that were lost on the way") \
	X(SENSOR, "sensor", "the sensor's own state")

enum event_kind {
#define X(id, name, meaning) EVENT_##id,
	EVENT_KINDS(X)
#undef X
	EVENT_KIND_COUNT
};

/* Most urgent first. In events: critical 1, high 1, medium 2, low 3, info 4. */
#define SEVERITIES(X) X(CRITICAL, "critical") X(HIGH, "high") X(MEDIUM, "medium") \
	X(LOW, "low") X(INFO, "info")

enum severity {
#define X(id, name) SEVERITY_##id,
	SEVERITIES(X)
#undef X
	SEVERITY_COUNT
};

const char *event_kind_name(enum event_kind k);
const char *event_kind_meaning(enum event_kind k);
const char *severity_name(enum severity s);

enum expr_op {
	EXPR_AND, EXPR_OR,	/* a, b */
	EXPR_NOT,		/* a */
	EXPR_BOOL,		/* field, a bool */
	EXPR_COMPARE,		/* field cmp value */
	EXPR_IN_SET,		/* field in { values }: any equals;
				 * text by glob, address by net */
	EXPR_IN_LIST,		/* field in LIST (text or address field) */
	EXPR_DEST_IN_LIST,	/* `dest in LIST`: address, or any name known of it */
	EXPR_KNOWN,		/* field is known (never unknown itself) */
	EXPR_EMPTY,		/* LIST is empty */
	EXPR_SUM,		/* field cmp value within window
				 * per keys; see rules/eval */
};

/* What an EXPR_SUM sums. */
enum sum_of {
	SUM_BYTES,		/* what a counter of flows grew by */
	SUM_DAY,		/* the same, today, against the same weekdays before */
	SUM_DISTINCT,		/* how many different values of a text or address */
	SUM_AFTER,		/* how long ago expr.a was true, before this record (ns) */
};

#define USUAL_WEEKS 4		/* as many weekdays make the usual, at most... */
#define USUAL_LEAST 2		/* ...and at least */

#define PROGRAM_LEAVES_MAX 512U		/* of one expression: an
					 * evaluator may size by it */

enum compare_op { CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_EQ, CMP_NE };
const char *compare_op_text(enum compare_op op);	/* "<" "<=" ">" ">=" "=" "!=" */

struct value {
	enum field_type type;
	bool b;			/* BOOL */
	uint64_t u;		/* COUNT, BYTES, PORT, MAC,
				 * WORD (its number), WORDS (bits) */
	double n;		/* NUMBER, RATE */
	int64_t i;		/* DURATION, MOMENT */
	struct prefix net;	/* ADDRESS: a prefix; an address alone has full length */
	const char *text;	/* TEXT; may hold '*' as a glob in
				 * EXPR_IN_SET and with = */
	const struct value *to;	/* EXPR_IN_SET: a range, this value to that, both in it;
				 * of times of day (DURATION since midnight, about the
				 * field `hour`) the end is not. Weekdays and hours go
				 * round. NULL: none */
};

struct expr {
	enum expr_op op;
	const struct expr *a, *b;	/* SUM_AFTER: a, what came first; no part of the rule's
					 * leaves */
	enum field field;
	enum compare_op cmp;
	struct value value;
	const struct value *set;
	unsigned set_n;
	unsigned list;		/* index into program.list */
	int64_t window;		/* EXPR_SUM, ns */
	const enum field *key;	/* EXPR_SUM: device -> FIELD_device_key,
				 * dest -> FIELD_dest_key */
	unsigned key_n;
	unsigned sum;		/* EXPR_SUM: its number in the program... */
	uint64_t sum_id;	/* ...and by what it is known again, in another program
				 * or run: rule, what is summed, window, keys */
	enum sum_of sums;
	double times;		/* SUM_DAY: so often the usual */
	unsigned leaf;		/* leaves of a rule's `when` are numbered from 0, in text
				 * order; UINT_MAX elsewhere */
	const char *text;	/* canonical text of this expression;
				 * for leaves never NULL */
};

struct caveat {			/* `lower when EXPR because "..."`, `raise ...`,
				 * `note ...` */
	const struct expr *when;
	const char *because;	/* a template, as explain is */
	bool lower;		/* one severity lower as well... */
	bool raise;		/* ...or higher */
	unsigned to;			/* to a severity instead: its number and one;
					 * 0: a step */
};

#define TABLE_ROWS_MAX 1000U	/* of one test */
#define TABLE_FLOWS_MAX 40000U	/* that its rows come to: each has a port of its own */

/* A row of a test's table, worked out; see rules/cli/tabletest.h for what it comes to. */
struct table_row {
	int64_t at;		/* ns since the Monday it begins with, local time */
	const char *from, *to;	/* names or addresses */
	const char *app;	/* NULL: not said */
	uint64_t up, down;
	int64_t during;		/* ns */
	double cadence;		/* messages a second; 0: as fast as it goes */
	uint64_t size, size_to;	/* of a message, from .. to */
	bool udp;
	uint16_t port;
	unsigned times;
	int64_t every;
	const struct expr *with;	/* NULL, or `field = value` and ... */
	unsigned line;
};

struct test_list {
	unsigned list;		/* index into program.list */
	const struct hostlist *hosts;
};

struct rule_test {
	const char *name, *pcap;	/* as written; relative to the
					 * rule file. NULL: a table of flows */
	const struct table_row *row;
	unsigned rows;
	const struct test_list *list;	/* what lists hold while it runs */
	unsigned lists;
	const struct tz *tz;		/* NULL: the program's */
	unsigned expect;		/* how many alerts (or suspects,
					 * for a suspect rule) */
	enum { EXPECT_EXACTLY, EXPECT_AT_LEAST } how;
	const struct expr *where;	/* NULL: any */
	unsigned line;
};

struct rule {
	const char *name, *file;
	unsigned line;
	uint32_t id, rev;
	enum severity severity;
	enum event_kind kind;
	bool fleet;			/* of the events of all sensors: no sensor judges it */
	bool trial, suspect;		/* count only; event_type anomaly
					 * instead of alert */
	const char *const *mitre, *const *related;
	unsigned mitre_n, related_n;
	const struct expr *when;
	unsigned leaves;
	const struct expr *const *leaf;	/* by number */
	const struct caveat *caveat;
	unsigned caveats;
	unsigned limit;			/* at most so many... */
	const enum field *limit_key;	/* ...per these... */
	unsigned limit_key_n;
	int64_t limit_every;		/* ...every so long (ns) */
	const char *explain;		/* template: {device}, {dest}, {field.word} */
	const struct rule_test *test;
	unsigned tests;
	bool fields_need_hearing;
};

struct exception {
	int rule;			/* index into program.rule; -1: every rule */
	unsigned kind;			/* number of an event_kind and one; 0: every kind */
	const char *device;		/* glob over device key, name and
					 * address, or a network; NULL: any */
	const char *dest;		/* glob over names, or a network; NULL: any */
	int64_t until;			/* ns since 1970, the end
					 * of that day; 0: for good */
	const char *owner, *reason, *file;
	unsigned line;
};

struct named_list {
	const char *name;
	const struct hostlist *hosts;
	const char *path;		/* NULL: written in the rule file */
};

struct program {
	struct prefix_set home;		/* empty: nobody said, the default holds */
	const struct inventory *inventory;	/* NULL: none */
	const char *inventory_path;	/* as written... */
	const char *inventory_from;	/* ...in this rule file */
	const struct vendors *vendors;	/* NULL: no table was there */
	const struct place_file *asn, *country;	/* NULL: none was given */
	const struct named_list *list;
	unsigned lists;
	struct tz tz;
	struct hearing hearing;
	bool hearing_set[HEARING_COUNT];
	const struct rule *rule;
	unsigned rules;
	const struct exception *except;
	unsigned exceptions;
	unsigned sums;
	const struct expr *const *after;	/* every SUM_AFTER */
	unsigned afters;
	char version[17];		/* 16 hex digits over the
					 * canonical print and all lists */
};

/* Two rules, of two programs: same id and same text, macros taken for what they stand
 * for. Then what was counted for one goes on for the other (eval_adopt). */
bool rule_same(const struct rule *a, const struct rule *b);

/* ---- making one ---- */

/* One problem, with its place. Text is lent. */
enum diag_level { DIAG_ERROR, DIAG_WARNING };
struct diag {
	enum diag_level level;
	const char *file;
	unsigned line, column, length;	/* from 1, in bytes; length of the token under the
					 * caret; line 0: the file as a whole */
	const char *what, *remedy;	/* remedy may be "" */
	const char *source;		/* the line itself, no newline;
					 * "" when there is none */
};
typedef void diag_fn(void *arg, const struct diag *d);

/* home.rules:12:19: error: ... / the line / the caret / = the remedy. Into buf;
 * returns length. */
size_t diag_print(const struct diag *d, char *buf, size_t size);

struct source_file {
	const char *name;		/* as shown in errors */
	const char *bytes;
	size_t len;
};

/* Bytes of a file that a rule file names (list, inventory): `path` as written in the file
 * `from`. The bytes live as long as the provider.
 * false and *why when it cannot be read. */
typedef bool provide_fn(void *arg, const char *from, const char *path, struct span *out,
    struct fault *why);

struct compile_options {
	const struct source_file *file;
	unsigned files;
	provide_fn *provide;
	void *provide_arg;
	/* Tables of vendors (vendors.h), asked of provide like the others, NULL at the end;
	 * one that is not there is no mistake. NULL: none. */
	const char *const *vendors;
	bool vendors_unread;		/* they are asked for, and who compiles for good
					 * reads them */
	/* Databases of networks and countries (places.h), lent as the lists are; no name:
	 * none. */
	struct source_file asn, country;
	diag_fn *diag;
	void *diag_arg;
	size_t memory;			/* cap of the arena; 0: 768 MiB */
	const char *language;		/* for messages; NULL: "the rule language" */
	/* Words of settings files, NULL at the end, so that one that strayed into a rule
	 * file is sent home; NULL: none. */
	const char *const *settings;
};

/* NULL when there was an error; every error was told through diag, several in one go. */
struct program *program_compile(const struct compile_options *o);
void program_destroy(struct program *p);

/* The program in canonical form, file by file: print of print is equal to the byte, and
 * the printed program gives the same events. Lists and inventories stay references. write
 * gets the text in pieces. False: the files do not parse (diag was told). */
bool program_print(const struct compile_options *o,
    void (*write)(void *arg, const char *s, size_t n), void *arg);

/* The words a rule may use, from the observation table: for `rules fields`. */
const char *field_type_name(enum field_type t);

#endif
