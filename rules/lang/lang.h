/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lang: what the files of this room share: places, problems, memory, text and names.
 *
 * One struct lang lives for one call of program_compile or program_print. It has two
 * arenas: `work` (tree, texts, tables; gone when the call ends) and `keep` (the program).
 * lang_alloc never answers NULL: when an arena is full it jumps to the one exit of the
 * call, which frees both arenas; nothing in this room holds anything else.
 */
#ifndef RULES_LANG_LANG_H
#define RULES_LANG_LANG_H

#include "capture/base/arena.h"
#include "rules/lang/program.h"

#include <setjmp.h>

#define LANG_FILE_MAX                                                                    \
	(16U << 20) /* bytes of one file: a rule file is written by people */
#define LANG_TOKENS_MAX 1000000U /* of one file */
#define LANG_RULES_MAX 20000U /* a record meets those of its own values (eval/plan.h) */
#define LANG_DEPTH_MAX 64U /* parentheses, `not`s, macros inside macros */
#define LANG_THENS_MAX 16U /* of a rule: each stands for memory by key */
#define LANG_INCLUDES_DEEP 8U
#define LANG_INCLUDES_MAX 256U /* files that files include */
#define LANG_MEMORY ((size_t)768 << 20) /* an inventory of 200 MB comes to 350 */
#define LANG_PROBLEMS 20U /* told in one run; after that "more errors follow" */

/* Where something stands. file is an index into compile_options.file. */
struct place {
	unsigned file, line, column, length;
	size_t line_at; /* offset of the line's first byte */
};

struct problem {
	enum diag_level level;
	unsigned order; /* file index, for sorting; foreign files come last */
	const char *file;
	unsigned line, column, length;
	const char *source; /* not NUL-terminated */
	size_t source_n;
	char what[400], remedy[320];
};

struct problems {
	struct problem p[LANG_PROBLEMS];
	unsigned n;
	bool more;
};

struct lang {
	const struct compile_options *o;
	const struct source_file *file; /* o->file, and behind them what they include */
	unsigned files;
	struct arena *work, *keep;
	struct problems *errors, *warnings;
	bool incomplete; /* something was not read: names may be missing without fault */
	jmp_buf no_memory;
};

/* ---- memory and text (lang.c) ---- */

void *lang_alloc(struct lang *l, struct arena *a, size_t n);
const char *lang_text(struct lang *l, struct arena *a, const char *s, size_t n);
__attribute__((noreturn)) void lang_no_memory(struct lang *l);

/* Where text goes, piece by piece. */
struct writer {
	void (*write)(void *arg, const char *s, size_t n);
	void *arg;
};

void writer_text(const struct writer *w, const char *s);
void writer_format(const struct writer *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Text that grows in an arena. text_writer(&t) writes to its end. */
struct text {
	struct lang *l;
	struct arena *arena;
	char *at;
	size_t n, cap;
};

struct writer text_writer(struct text *t);

/* Names to values, for thousands of them. A zeroed struct is an empty one. */
struct names {
	struct name_slot {
		const char *name;
		void *value;
	} * slot;
	size_t n, cap;
};

void *names_get(const struct names *t, const char *name);
void names_put(struct lang *l, struct names *t, const char *name, void *value);
void names_each(
    const struct names *t, void (*fn)(void *arg, const char *name), void *arg);

/* ---- problems (diag.c) ---- */

/* remedy may be NULL. */
void lang_error(struct lang *l, const struct place *at, const char *remedy,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void lang_warning(struct lang *l, const struct place *at, const char *remedy,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* In a file that is not ours: `bytes` are its bytes, to show the line. */
void lang_foreign(struct lang *l, enum diag_level level, const char *file,
    struct span bytes, unsigned line, unsigned column, const char *what,
    const char *remedy);
/* Sorted by place, errors first; warnings only when there is no error. */
void lang_tell(struct lang *l);

#define QUOTE_TEXT 72
/* The text, printable and not too long, for a message. */
const char *quote(char buf[QUOTE_TEXT], const char *s, size_t n);

/* "did you mean": give it every candidate, then ask. */
struct guess {
	const char *wrong, *best;
	size_t wrong_n;
	unsigned distance;
};

struct guess guess_start(const char *wrong);
void guess_try(struct guess *g, const char *candidate);
/* "did you mean 'x'?", or otherwise (may be NULL) when nothing is near. Returns buf. */
const char *guess_remedy(
    const struct guess *g, const char *otherwise, char *buf, size_t size);

#endif
