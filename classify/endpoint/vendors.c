/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vendors: lines "MA-L,3C5282,Hewlett Packard,address" to a sorted array. The key of an
 * entry is the prefix, filled with zeros to 48 bits, and behind it its length in bits: so
 * one array holds all three lengths, and each is found by its own binary search.
 */
#include "classify/endpoint/vendors.h"

#include "classify/endpoint/rows.h"

#include <stdlib.h>
#include <string.h>

struct vendor {
	uint64_t key;
	const char *name;
};

struct vendors {
	struct vendor *v;
	size_t n;
};

static void read_file(struct rows *r, struct vendors *out, size_t cap);
static bool key_of(const struct cell *prefix, uint64_t *key);
static int by_key(const void *a, const void *b);

struct vendors *
vendors_parse(struct arena *a, const struct span *file, unsigned files)
{
	struct vendors *out = arena_alloc(a, sizeof(*out));
	size_t cap = 0, kept = 0;

	for (unsigned f = 0; f < files; f++)
		for (size_t i = 0; i < file[f].left; i++)
			cap += file[f].at[i] == '\n';
	if (out == NULL || cap == 0)
		return NULL;
	out->v = arena_alloc(a, cap * sizeof(*out->v));
	if (out->v == NULL)
		return NULL;
	for (unsigned f = 0; f < files; f++) {
		struct rows r = { .arena = a, .left = file[f], .line = 1, .column = 1 };

		read_file(&r, out, cap);
		if (r.full)
			return NULL;
	}
	qsort(out->v, out->n, sizeof(*out->v), by_key);
	for (size_t i = 0; i < out->n; i++)
		if (kept == 0 || out->v[i].key != out->v[kept - 1].key)
			out->v[kept++] = out->v[i];
	out->n = kept;
	return kept == 0 ? NULL : out;
}

size_t
vendors_size(const struct vendors *v)
{
	return v == NULL ? 0 : v->n;
}

bool
mac_is_random(uint64_t mac)
{
	return (mac >> 40 & 0x02) != 0;
}

const char *
vendors_find(const struct vendors *v, uint64_t mac)
{
	if (v == NULL || mac_is_random(mac))
		return NULL;
	for (unsigned bits = 36; bits >= 24; bits -= bits == 36 ? 8 : 4) {
		struct vendor want = { (mac >> (48 - bits) << (48 - bits)) << 8 | bits,
			NULL };
		const struct vendor *at = bsearch(&want, v->v, v->n, sizeof(want),
		    by_key);

		if (at != NULL)
			return at->name;
	}
	return NULL;
}

static int
by_key(const void *a, const void *b)
{
	const struct vendor *p = a, *q = b;

	return p->key < q->key ? -1 : p->key > q->key;
}

static void
read_file(struct rows *r, struct vendors *out, size_t cap)
{
	struct cell cell;
	char c;

	if (!csv_cell(r, ',', &cell) || strcmp(cell.text, "Registry") != 0)
		return;
	while (csv_more(r, ','))
		(void)csv_cell(r, ',', &cell);
	while (rows_peek(r, &c) && !r->full) {
		struct cell want[2] = { { .n = 0 }, { .n = 0 } };
		unsigned i = 0;
		uint64_t key;

		do {
			if (csv_cell(r, ',', &cell) && (i == 1 || i == 2))
				want[i - 1] = cell;
			i++;
		} while (csv_more(r, ','));
		if (want[1].n == 0 || out->n == cap || !key_of(&want[0], &key))
			continue;
		out->v[out->n++] = (struct vendor){ key,
			rows_keep(r, want[1].text, want[1].n) };
	}
}

/* Six, seven or nine hexadecimal digits. */
static bool
key_of(const struct cell *prefix, uint64_t *key)
{
	uint64_t v = 0;

	if (prefix->n != 6 && prefix->n != 7 && prefix->n != 9)
		return false;
	for (size_t i = 0; i < prefix->n; i++) {
		int d = cell_hex(prefix->text[i]);

		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*key = v << (48 - 4 * prefix->n) << 8 | 4 * prefix->n;
	return true;
}
