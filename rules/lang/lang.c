/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lang: memory, text and names of one compilation. Knows nothing of the language itself.
 */
#include "rules/lang/lang.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
lang_no_memory(struct lang *l)
{
	longjmp(l->no_memory, 1);
}

void *
lang_alloc(struct lang *l, struct arena *a, size_t n)
{
	void *at = arena_alloc(a, n);

	if (at == NULL)
		lang_no_memory(l);
	return at;
}

const char *
lang_text(struct lang *l, struct arena *a, const char *s, size_t n)
{
	const char *at = arena_text(a, s, n);

	if (at == NULL)
		lang_no_memory(l);
	return at;
}

void
writer_text(const struct writer *w, const char *s)
{
	w->write(w->arg, s, strlen(s));
}

void
writer_format(const struct writer *w, const char *fmt, ...)
{
	char buf[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n > 0)
		w->write(
		    w->arg, buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1);
}

static void
text_write(void *arg, const char *s, size_t n)
{
	struct text *t = arg;

	if (n >= t->cap - t->n) {
		size_t cap = (t->n + n + 1) * 2;
		char *at = lang_alloc(t->l, t->arena, cap < 64 ? 64 : cap);

		if (t->n > 0)
			memcpy(at, t->at, t->n);
		t->at = at;
		t->cap = cap < 64 ? 64 : cap;
	}
	memcpy(t->at + t->n, s, n);
	t->n += n;
	t->at[t->n] = '\0';
}

struct writer
text_writer(struct text *t)
{
	return (struct writer){ text_write, t };
}

/* The names are the operator's own, so a fixed key will do. */
static size_t
name_hash(const char *name)
{
	static const struct siphash_key key = { 1, 2 };

	return (size_t)siphash13(&key, name, strlen(name));
}

static struct name_slot *
name_find(const struct names *t, const char *name)
{
	size_t i = name_hash(name) & (t->cap - 1);

	while (t->slot[i].name != NULL && strcmp(t->slot[i].name, name) != 0)
		i = (i + 1) & (t->cap - 1);
	return &t->slot[i];
}

void *
names_get(const struct names *t, const char *name)
{
	return t->cap == 0 ? NULL : name_find(t, name)->value;
}

void
names_put(struct lang *l, struct names *t, const char *name, void *value)
{
	struct name_slot *s;

	if (t->n * 2 >= t->cap) {
		struct names bigger = { .cap = t->cap == 0 ? 32 : t->cap * 2 };

		bigger.slot = lang_alloc(l, l->work, bigger.cap * sizeof(*bigger.slot));
		for (size_t i = 0; i < t->cap; i++)
			if (t->slot[i].name != NULL)
				*name_find(&bigger, t->slot[i].name) = t->slot[i];
		bigger.n = t->n;
		*t = bigger;
	}
	s = name_find(t, name);
	if (s->name == NULL)
		t->n++;
	s->name = name;
	s->value = value;
}

void
names_each(const struct names *t, void (*fn)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < t->cap; i++)
		if (t->slot[i].name != NULL)
			fn(arg, t->slot[i].name);
}
