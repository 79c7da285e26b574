/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: the two calls, compile and print; the version; the one exit when memory ends.
 */
#include "rules/lang/check.h"

#include <stdio.h>
#include <string.h>

/* The program stands first, so that its pointer is the holder's. */
struct holder {
	struct program p;
	struct arena *arena;
};

/* SipHash over blocks, each of which begins with the hash so far. */
struct digest {
	uint64_t state;
	size_t n;
	unsigned char block[4096];
};

static void
digest_flush(struct digest *g)
{
	/* The version names rules, not secrets: the key is part of the format. */
	static const struct siphash_key key = { 0x6561727368, 0x72756c6573 };

	for (unsigned i = 0; i < 8; i++)
		g->block[i] = (unsigned char)(g->state >> (8 * i));
	g->state = siphash13(&key, g->block, g->n);
	g->n = 8;
}

static void
digest_write(void *arg, const char *s, size_t n)
{
	struct digest *g = arg;

	while (n > 0) {
		size_t room = sizeof(g->block) - g->n, part = n < room ? n : room;

		memcpy(g->block + g->n, s, part);
		g->n += part;
		s += part;
		n -= part;
		if (g->n == sizeof(g->block))
			digest_flush(g);
	}
}

/* What the files said that are in use; those of a replaced default were not read. */
static void
digest_file(struct digest *g, const struct decl *d)
{
	uint64_t n = d->bytes.left;

	if (d->bytes.at == NULL)
		return;
	digest_write(g, (const char *)&n, sizeof(n));
	digest_write(g, (const char *)d->bytes.at, d->bytes.left);
}

static void
set_version(struct check *c)
{
	struct digest *g = lang_alloc(c->l, c->l->work, sizeof(*g));
	struct writer w = { digest_write, g };

	g->n = 8;
	tree_print(c->tree, true, &w);
	for (const struct decl *d = c->tree->first; d != NULL; d = d->next)
		digest_file(g, d);
	digest_flush(g);
	(void)snprintf(c->p->version, sizeof(c->p->version), "%016llx",
	    (unsigned long long)g->state);
}

/* ---- the frame of both calls ---- */

struct call {
	struct lang l;
	struct tree tree;
	struct check check;
	struct holder *holder; /* compile */
	struct writer out; /* print */
};

static void
compile_body(struct call *k)
{
	struct lang *l = &k->l;

	tree_parse(l, &k->tree);
	k->holder = lang_alloc(l, l->keep, sizeof(*k->holder));
	k->holder->arena = l->keep;
	k->check = (struct check){ .l = l, .p = &k->holder->p, .tree = &k->tree };
	check_program(&k->check);
	if (l->errors->n == 0)
		set_version(&k->check);
}

static void
print_body(struct call *k)
{
	tree_parse(&k->l, &k->tree);
	if (k->l.errors->n == 0)
		tree_print(&k->tree, false, &k->out);
}

/* Everything that may be left by longjmp is called from here; nothing here changes in
 * between but through k. */
static bool
guarded(struct call *k, void (*body)(struct call *k))
{
	if (setjmp(k->l.no_memory) != 0)
		return false;
	body(k);
	return true;
}

static void
tell_memory(const struct compile_options *o, size_t memory)
{
	char what[120];
	struct diag d = { DIAG_ERROR, o->files > 0 ? o->file[0].name : "", 0, 0, 0, what,
		"are the lists and inventories the right files?", "" };

	if (o->diag == NULL)
		return;
	(void)snprintf(
	    what, sizeof(what), "rule files need more memory than %zu MiB", memory >> 20);
	o->diag(o->diag_arg, &d);
}

/* True when there was no error; the keep arena is the caller's then. */
static bool
run(struct call *k, const struct compile_options *o, void (*body)(struct call *k))
{
	size_t memory = o->memory == 0 ? LANG_MEMORY : o->memory;
	bool good = false;

	k->l.o = o;
	k->l.file = o->file;
	k->l.files = o->files;
	/* The tree is gone when the program begins to work: either may use it all. */
	k->l.work = arena_create(memory);
	k->l.keep = arena_create(memory);
	if (k->l.work != NULL && k->l.keep != NULL) {
		k->l.errors = arena_alloc(k->l.work, sizeof(*k->l.errors));
		k->l.warnings = arena_alloc(k->l.work, sizeof(*k->l.warnings));
	}
	if (k->l.warnings == NULL || k->l.errors == NULL || !guarded(k, body)) {
		tell_memory(o, memory);
	} else {
		good = k->l.errors->n == 0;
		lang_tell(&k->l);
	}
	arena_destroy(k->l.work);
	if (!good)
		arena_destroy(k->l.keep);
	return good;
}

struct program *
program_compile(const struct compile_options *o)
{
	struct call k = { 0 };

	return run(&k, o, compile_body) ? &k.holder->p : NULL;
}

void
program_destroy(struct program *p)
{
	if (p != NULL)
		arena_destroy(((struct holder *)p)->arena);
}

bool
program_print(const struct compile_options *o,
    void (*write)(void *arg, const char *s, size_t n), void *arg)
{
	struct call k = { .out = { write, arg } };

	if (!run(&k, o, print_body))
		return false;
	arena_destroy(k.l.keep);
	return true;
}
