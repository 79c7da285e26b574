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

static size_t count_lines(struct span s);
static void read_file(struct rows *r, struct vendors *out, size_t cap);
static bool plain_row(struct span *left, struct span *prefix, struct span *name);
static bool key_of(struct span prefix, uint64_t *key);
static int by_key(const void *a, const void *b);

struct vendors *
vendors_parse(struct arena *a, const struct span *file, unsigned files)
{
	struct vendors *out = arena_alloc(a, sizeof(*out));
	size_t cap = 0, kept = 0;

	for (unsigned f = 0; f < files; f++)
		cap += count_lines(file[f]);
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

static size_t
count_lines(struct span s)
{
	const uint8_t *at;
	size_t n = 0;

	while (s.left > 0 && (at = memchr(s.at, '\n', s.left)) != NULL) {
		n++;
		(void)span_skip(&s, (size_t)(at - s.at) + 1);
	}
	return n;
}

static void
read_file(struct rows *r, struct vendors *out, size_t cap)
{
	struct span prefix, name;
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

		if (plain_row(&r->left, &prefix, &name)) {
			if (name.left > 0 && out->n < cap && key_of(prefix, &key))
				out->v[out->n++] = (struct vendor){ key,
				    rows_keep(r, (const char *)name.at, name.left) };
			continue;
		}
		do {
			if (csv_cell(r, ',', &cell) && (i == 1 || i == 2))
				want[i - 1] = cell;
			i++;
		} while (csv_more(r, ','));
		if (want[1].n == 0 || out->n == cap ||
		    !key_of(span_of(want[0].text, want[0].n), &key))
			continue;
		out->v[out->n++] = (struct vendor){ key,
			rows_keep(r, want[1].text, want[1].n) };
	}
}

/* A line without a trap: what all but a few of fifty thousand are, and the start of every
 * program waits for. False: nothing was read, and the reader of cells has to. */
static bool
plain_row(struct span *left, struct span *prefix, struct span *name)
{
	const uint8_t *at = left->at, *end, *a, *b, *q;

	end = memchr(at, '\n', left->left);
	if (end == NULL)
		return false;
	q = memchr(at, '\r', (size_t)(end - at));
	if ((q != NULL && q + 1 != end) || at[0] == '"')
		return false;
	a = memchr(at, ',', (size_t)(end - at));
	b = a == NULL ? NULL : memchr(a + 1, ',', (size_t)(end - a - 1));
	if (b == NULL)
		return false;
	*prefix = span_of(a + 1, (size_t)(b - a - 1));
	for (size_t i = 0; i < prefix->left; i++)
		if (cell_hex((char)prefix->at[i]) < 0)
			return false;
	if (b[1] == '"') {
		q = memchr(b + 2, '"', (size_t)(end - b - 2));
		if (q == NULL || (q[1] != ',' && q[1] != '\r' && q[1] != '\n'))
			return false;
		*name = span_of(b + 2, (size_t)(q - b - 2));
		at = q + 1;
	} else {
		q = memchr(b + 1, ',', (size_t)(end - b - 1));
		at = q == NULL ? end - (end[-1] == '\r') : q;
		*name = span_of(b + 1, (size_t)(at - b - 1));
		if (memchr(name->at, '"', name->left) != NULL)
			return false;
	}
	/* A cell that is quoted ends in this line, and has no quotes inside. */
	while ((q = memchr(at, '"', (size_t)(end - at))) != NULL) {
		if (q[-1] != ',' ||
		    (at = memchr(q + 1, '"', (size_t)(end - q - 1))) == NULL)
			return false;
		at++;
		if (*at != ',' && *at != '\r' && *at != '\n')
			return false;
	}
	if (name->left > CELL_MAX)
		return false;
	for (size_t i = 0; i < name->left; i++)
		if (name->at[i] < ' ')
			return false;
	while (name->left > 0 && name->at[name->left - 1] == ' ')
		name->left--;
	while (name->left > 0 && name->at[0] == ' ')
		(void)span_skip(name, 1);
	(void)span_skip(left, (size_t)(end - left->at) + 1);
	return true;
}

/* Six, seven or nine hexadecimal digits. */
static bool
key_of(struct span prefix, uint64_t *key)
{
	uint64_t v = 0;

	if (prefix.left != 6 && prefix.left != 7 && prefix.left != 9)
		return false;
	for (size_t i = 0; i < prefix.left; i++) {
		int d = cell_hex((char)prefix.at[i]);

		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*key = v << (48 - 4 * prefix.left) << 8 | 4 * prefix.left;
	return true;
}
