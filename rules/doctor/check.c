/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: the table's words, and findings put together from them. */
#include "rules/doctor/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *looks_at, *remedy;
} check[] = {
#define X(id, name, looks_at, remedy) { name, looks_at, remedy },
	CHECKS(X)
#undef X
};

static const char *const grade[] = {
#define X(id, name) name,
	GRADES(X)
#undef X
};

const char *
check_name(enum check c)
{
	return check[c].name;
}

const char *
check_looks_at(enum check c)
{
	return check[c].looks_at;
}

const char *
check_remedy(enum check c)
{
	return check[c].remedy;
}

const char *
grade_name(enum grade g)
{
	return grade[g];
}

static int
by_table(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	return strcmp(x->about, y->about);
}

void
doctor_judge(const struct doctor_facts *facts, struct findings *out)
{
	out->n = out->blinds = 0;
	judge_ifaces(facts, out);
	judge_wire(facts, out);
	judge_host(facts, out);
	judge_redis(facts, out);
	judge_blind(facts, out);
	qsort(out->f, out->n, sizeof(out->f[0]), by_table);
}

unsigned
findings_of(const struct findings *f, enum grade g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++)
		n += f->f[i].grade == g;
	return n;
}

/* The word that stands for what the finding is about. */
static void
put_in(const char *remedy, const char *about, char *out, size_t size)
{
	static const char *const word[] = { "IF", "SINK", "PROGRAM" };
	const char *at = NULL;
	size_t len = 0;

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]) && at == NULL; i++) {
		at = strstr(remedy, word[i]);
		len = strlen(word[i]);
	}
	if (at == NULL || about[0] == '\0')
		(void)snprintf(out, size, "%s", remedy);
	else
		(void)snprintf(out, size, "%.*s%s%s", (int)(at - remedy), remedy, about,
		    at + len);
}

struct finding *
find(struct findings *out, enum check c, enum grade g, const char *about, const char *fmt,
    ...)
{
	struct finding *f =
	    &out->f[out->n < FINDINGS_MOST ? out->n++ : FINDINGS_MOST - 1];
	va_list ap;

	memset(f, 0, sizeof(*f));
	f->check = c;
	f->grade = g;
	(void)snprintf(f->about, sizeof(f->about), "%s", about);
	va_start(ap, fmt);
	(void)vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	if (g == GRADE_WARN || g == GRADE_FAIL)
		put_in(check[c].remedy, about, f->remedy, sizeof(f->remedy));
	return f;
}

void
find_remedy(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}
