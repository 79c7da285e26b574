/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * records: the observations of a capture as a table, for figures and for questions that no
 * event answers.
 *
 *	records CAPTURE KIND FIELD... -- RULES...
 *
 * One line for each observation of KIND (window, part, close, ...): its fields, set apart by
 * tabs, "-" where one is unknown. Fields are rule words: `earshot rules fields` lists them.
 * RULES are files or folders, rules/std for the shipped ones.
 */
#include "rules/cli/pipe.h"
#include "rules/cli/rulefiles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAX_FIELDS 64

struct table {
	const char *kind;
	enum field field[MAX_FIELDS];
	unsigned n;
};

static void
print_field(const struct observation *o, const struct field_info *f,
    const struct intern *strings)
{
	const void *at = (const char *)o + f->offset;
	char text[ADDR_TEXT];
	struct span s;

	switch (f->type) {
	case FIELD_BOOL:
		fputs(*(const FIELD_C_BOOL *)at != 0 ? "1" : "0", stdout);
		break;
	case FIELD_COUNT:
	case FIELD_BYTES:
		printf("%" PRIu64, *(const FIELD_C_COUNT *)at);
		break;
	case FIELD_NUMBER:
	case FIELD_RATE:
		printf("%.6g", *(const FIELD_C_NUMBER *)at);
		break;
	case FIELD_DURATION:
	case FIELD_MOMENT:
		printf("%.9f", (double)*(const FIELD_C_MOMENT *)at / (double)NS_PER_S);
		break;
	case FIELD_TEXT:
		s = intern_get(strings, *(const FIELD_C_TEXT *)at);
		printf("%.*s", (int)s.left, (const char *)s.at);
		break;
	case FIELD_ADDRESS:
		fputs(addr_print(at, text), stdout);
		break;
	case FIELD_PORT:
		printf("%u", *(const FIELD_C_PORT *)at);
		break;
	case FIELD_MAC:
		printf("%012" PRIx64, *(const FIELD_C_MAC *)at);
		break;
	case FIELD_WORD:
		fputs(vocabulary_word(f->vocabulary, *(const FIELD_C_WORD *)at), stdout);
		break;
	case FIELD_WORDS:
		printf("%" PRIx64, *(const FIELD_C_WORDS *)at);
		break;
	default:
		break;
	}
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	(void)arg;
	(void)v;
	return (struct event_ref){ 0 };
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	const struct table *t = arg;

	if (o->kind == OBSERVATION_NAME ||
	    strcmp(observation_kind_name((enum observation_kind)o->kind), t->kind) != 0)
		return;
	for (unsigned i = 0; i < t->n; i++) {
		if (i > 0)
			putchar('\t');
		if (observation_known(o, t->field[i]))
			print_field(o, &observation_field[t->field[i]], strings);
		else
			putchar('-');
	}
	putchar('\n');
}

static void
add_field(struct table *t, const char *word)
{
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++)
		if (strcmp(observation_field[i].word, word) == 0 && t->n < MAX_FIELDS) {
			t->field[t->n++] = (enum field)i;
			return;
		}
	fprintf(stderr, "records: no field '%s'\n", word);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct rule_choice choice = { .replaces = 0 };
	struct table t = { 0 };
	struct pipe_options po = { .arg = &t, .on_record = on_record,
		.on_verdict = on_verdict };
	struct fault why = { 0 };
	struct rule_files *files = NULL;
	struct program *program = NULL;
	struct source *s = NULL;
	struct pipe *pipe = NULL;
	int n = SOURCE_FAULT, i;

	if (argc < 6) {
		fputs("usage: records CAPTURE KIND FIELD... -- RULES...\n", stderr);
		return 2;
	}
	t.kind = argv[2];
	for (i = 3; i < argc && strcmp(argv[i], "--") != 0; i++)
		add_field(&t, argv[i]);
	for (i++; i < argc && choice.replaces < RULE_PATHS; i++)
		choice.replace[choice.replaces++] = argv[i];
	if (choice.replaces == 0 || (files = rule_files_read(&choice, &why)) == NULL ||
	    (program = rule_files_compile(files, false, NULL)) == NULL)
		goto out;
	po.program = program;
	po.cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, &why);
	if (po.cell == NULL ||
	    getrandom(&po.hash, sizeof(po.hash), 0) != sizeof(po.hash) ||
	    (s = source_open_file(argv[1], NULL, &why)) == NULL ||
	    (pipe = pipe_create(&po, &why)) == NULL)
		goto out;
	while ((n = source_dispatch(s, 4096, pipe_frame, pipe, &why)) >= 0)
		continue;
	pipe_finish(pipe);
out:
	if (n != SOURCE_END)
		fprintf(stderr, "records: %s\n", why.what);
	pipe_destroy(pipe);
	source_destroy(s);
	dpi_cell_stop(po.cell);
	program_destroy(program);
	rule_files_free(files);
	return n == SOURCE_END ? 0 : 1;
}
