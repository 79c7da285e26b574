/* SPDX-License-Identifier: GPL-3.0-or-later */
/* labels: see labels.h. */
#include "rules/bench/labels.h"

#include "rules/eval/truth.h"
#include "rules/event/parse.h"

#include <stdlib.h>
#include <string.h>

#define CELL 128

enum column { CAPTURE, DEVICE, DEST, EXPECT, FROM, TO, COLUMNS };

static const struct {
	const char *word;
	enum column column;
} column_word[] = { { "capture", CAPTURE }, { "src", DEVICE }, { "device", DEVICE },
	{ "dst", DEST }, { "dest", DEST }, { "expect", EXPECT }, { "from", FROM },
	{ "to", TO } };

struct label {
	char cell[COLUMNS][CELL];
	int64_t from, to;
	bool alert, quiet, found;
};

struct labels {
	struct label *row;
	unsigned n, room;
};

static bool
next_cell(struct span *line, struct span *cell)
{
	const uint8_t *tab;

	if (line->left == 0)
		return false;
	tab = memchr(line->at, '\t', line->left);
	*cell = span_of(line->at, tab == NULL ? line->left : (size_t)(tab - line->at));
	(void)span_skip(line, cell->left + (tab != NULL));
	return true;
}

static bool
next_line(struct span *s, struct span *line)
{
	const uint8_t *end;

	if (s->left == 0)
		return false;
	end = memchr(s->at, '\n', s->left);
	*line = span_of(s->at, end == NULL ? s->left : (size_t)(end - s->at));
	(void)span_skip(s, line->left + (end != NULL));
	if (line->left > 0 && line->at[line->left - 1] == '\r')
		line->left--;
	return true;
}

static void
take(char out[CELL], struct span s)
{
	size_t n = s.left < CELL - 1 ? s.left : CELL - 1;

	memcpy(out, s.at, n);
	out[n] = '\0';
}

static int
take_row(struct labels *l, struct span line, const int *place, unsigned columns,
    const char *name, unsigned number, struct fault *why)
{
	unsigned room = l->room == 0 ? 64 : l->room * 2;
	struct label *grown = l->row, *r;
	struct span cell;

	if (l->n == LABELS_MOST)
		grown = NULL;
	else if (l->n == l->room)
		grown = realloc(l->row, room * sizeof(*grown));
	if (grown == NULL)
		return fault_set(why, NULL, "'%s' has more labels than there is room for",
		    name);
	l->room = l->n == l->room ? room : l->room;
	l->row = grown;
	r = &grown[l->n];
	memset(r, 0, sizeof(*r));
	r->to = INT64_MAX;
	for (unsigned i = 0; i < columns && next_cell(&line, &cell); i++)
		if (place[i] >= 0)
			take(r->cell[place[i]], cell);
	if (r->cell[FROM][0] > '-' && !parse_time(r->cell[FROM], &r->from))
		return fault_set(why, "write it as 2026-11-22T10:00:00.000000Z",
		    "'%s' line %u: '%s' is no time", name, number, r->cell[FROM]);
	if (r->cell[TO][0] > '-' && !parse_time(r->cell[TO], &r->to))
		return fault_set(why, "write it as 2026-11-22T10:00:00.000000Z",
		    "'%s' line %u: '%s' is no time", name, number, r->cell[TO]);
	r->alert = strcmp(r->cell[EXPECT], "alert") == 0;
	r->quiet = strcmp(r->cell[EXPECT], "quiet") == 0;
	l->n++;
	return 0;
}

struct labels *
labels_read(struct span bytes, const char *name, struct fault *why)
{
	struct labels *l = calloc(1, sizeof(*l));
	int place[64];
	unsigned columns = 0, number = 1;
	struct span line, cell;
	bool has[COLUMNS] = { false };

	if (l == NULL) {
		(void)fault_set(why, NULL, "not enough memory for the labels");
		return NULL;
	}
	if (!next_line(&bytes, &line))
		line = span_of("", 0);
	while (columns < 64 && next_cell(&line, &cell)) {
		place[columns] = -1;
		for (size_t i = 0; i < sizeof(column_word) / sizeof(column_word[0]); i++)
			if (strlen(column_word[i].word) == cell.left &&
			    memcmp(column_word[i].word, cell.at, cell.left) == 0)
				place[columns] = (int)column_word[i].column;
		if (place[columns] >= 0)
			has[place[columns]] = true;
		columns++;
	}
	if (!has[DEVICE] || !has[DEST] || !has[EXPECT]) {
		(void)fault_set(why, "a first line 'capture src dst expect', tabs between",
		    "'%s' has no column '%s'", name, !has[DEVICE] ? "device" :
		    !has[DEST] ? "dest" : "expect");
		goto fail;
	}
	while (next_line(&bytes, &line)) {
		number++;
		if (line.left == 0 || line.at[0] == '#')
			continue;
		if (take_row(l, line, place, columns, name, number, why) == -1)
			goto fail;
	}
	return l;
fail:
	labels_destroy(l);
	return NULL;
}

void
labels_destroy(struct labels *l)
{
	if (l == NULL)
		return;
	free(l->row);
	free(l);
}

unsigned
labels_rows(const struct labels *l)
{
	return l->n;
}

static bool
any(const char *cell)
{
	return cell[0] == '\0' || strcmp(cell, "-") == 0 || strcmp(cell, "*") == 0;
}

static bool
one_of(const char *cell, const struct intern *names, const uint32_t *id, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (id[i] != 0 && text_glob(cell, intern_get(names, id[i])))
			return true;
	return false;
}

static bool
is_run(const struct label *r, const struct label_runs *runs, uint32_t run)
{
	const char *name;
	size_t n = strlen(r->cell[CAPTURE]);

	if (any(r->cell[CAPTURE]))
		return true;
	if (run >= runs->n)
		return false;
	name = strrchr(runs->name[run], '/');
	name = name == NULL ? runs->name[run] : name + 1;
	return strncmp(name, r->cell[CAPTURE], n) == 0 && (name[n] == '\0' || name[n] == '.');
}

static bool
fits(const struct label *r, const struct alert *x, const struct intern *names,
    const struct label_runs *runs)
{
	const uint32_t device[] = { x->address, x->device };
	const uint32_t dest[] = { x->dest_address, x->dest, x->dest_key };

	return is_run(r, runs, x->run) && x->time >= r->from && x->time <= r->to &&
	    (any(r->cell[DEVICE]) || one_of(r->cell[DEVICE], names, device, 2)) &&
	    (any(r->cell[DEST]) || one_of(r->cell[DEST], names, dest, 3));
}

void
labels_score(struct labels *l, const struct alerts *a, const struct intern *names,
    const struct label_runs *runs, struct label_score *out)
{
	/* The others speak of a device or an endpoint, not of what was sent. */
	const unsigned accusing = 1u << EVENT_LIVE_AUDIO | 1u << EVENT_CHUNKED_AUDIO |
	    1u << EVENT_AUDIO_UPLOAD | 1u << EVENT_BULK_UPLOAD | 1u << EVENT_TUNNEL;

	*out = (struct label_score){ .found = 0 };
	for (unsigned i = 0; i < l->n; i++)
		l->row[i].found = false;
	for (unsigned k = 0; k < alerts_count(a); k++) {
		const struct alert *x = alerts_get(a, k);
		bool right = false, wrong = false;

		if (x->suspect)
			continue;
		for (unsigned i = 0; i < l->n; i++) {
			struct label *r = &l->row[i];

			if ((!r->alert && !r->quiet) || !fits(r, x, names, runs))
				continue;
			r->found = true;
			right = right || r->alert;
			wrong = wrong || (r->quiet && (accusing & 1u << x->kind) != 0);
		}
		out->wrong += wrong && !right;
		out->unlabelled += !wrong && !right;
	}
	for (unsigned i = 0; i < l->n; i++) {
		bool read = any(l->row[i].cell[CAPTURE]);

		/* What was not read cannot have been found. */
		for (unsigned k = 0; k < runs->n && !read; k++)
			read = is_run(&l->row[i], runs, k);
		if (!l->row[i].alert || !read)
			continue;
		out->expected++;
		out->found += l->row[i].found;
	}
}
