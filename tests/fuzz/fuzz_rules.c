/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_rules: bytes as a rule file. What compiles must print; the print must compile, to
 * the same version, and print to the same bytes. Problems are printed too: their places
 * are ours.
 */
#include "rules/lang/program.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	char *at;
	size_t n;
};

static void
add(void *arg, const char *s, size_t n)
{
	struct text *t = arg;
	char *at = realloc(t->at, t->n + n + 1);

	if (at == NULL)
		abort();
	memcpy(at + t->n, s, n);
	t->at = at;
	t->n += n;
}

static void
told(void *arg, const struct diag *d)
{
	char buf[1500];

	(void)arg;
	(void)diag_print(d, buf, sizeof(buf));
	(void)diag_print(d, buf, 20);
}

static bool
provide(
    void *arg, const char *from, const char *path, struct span *out, struct fault *why)
{
	static const char list[] = "domain meet.example\nnet 10.0.0.0/8\n";

	(void)arg;
	(void)from;
	if (path[0] == 'x') {
		(void)fault_set(why, NULL, "no");
		return false;
	}
	*out = span_of(list, sizeof(list) - 1);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text copy = { 0 }, first = { 0 }, second = { 0 };
	struct source_file file = { .name = "fuzz.rules", .len = size };
	struct compile_options o = { .file = &file,
		.files = 1,
		.provide = provide,
		.diag = told,
		.memory = 16 << 20 };
	struct program *p, *q;
	bool printed;

	copy.at = malloc(size > 0 ? size : 1);
	if (copy.at == NULL)
		return 0;
	if (size > 0)
		memcpy(copy.at, data, size);
	file.bytes = copy.at;
	p = program_compile(&o);
	printed = program_print(&o, add, &first);
	if (p != NULL && !printed)
		abort();
	if (printed && first.n > 0) {
		file.bytes = first.at;
		file.len = first.n;
		if (!program_print(&o, add, &second) || second.n != first.n ||
		    memcmp(first.at, second.at, first.n) != 0)
			abort();
		if (p != NULL) {
			q = program_compile(&o);
			if (q == NULL || strcmp(p->version, q->version) != 0)
				abort();
			program_destroy(q);
		}
	}
	program_destroy(p);
	free(copy.at);
	free(first.at);
	free(second.at);
	return 0;
}
