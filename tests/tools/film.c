/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "film.h"

#include <stdlib.h>
#include <string.h>

void
film_keep(void *arg, const struct frame *f)
{
	struct film *m = arg;
	uint8_t *bytes = malloc(f->cap + 1);

	if (m->n == m->room) {
		m->room = m->room == 0 ? 4096 : m->room * 2;
		m->frame = realloc(m->frame, m->room * sizeof(*m->frame));
	}
	if (bytes == NULL || m->frame == NULL)
		exit(1);
	memcpy(bytes, f->bytes, f->cap);
	m->frame[m->n] = *f;
	m->frame[m->n++].bytes = bytes;
}

struct film
read_film(const char *path)
{
	struct film m = { 0 };
	struct fault why = { "", "" };
	struct source *s = source_open_file(path, NULL, &why);
	int n = SOURCE_FAULT;

	while (s != NULL && (n = source_dispatch(s, 4096, film_keep, &m, &why)) >= 0)
		continue;
	if (n != SOURCE_END) {
		fprintf(stderr, "%s: %s\n", path, why.what);
		exit(1);
	}
	source_destroy(s);
	return m;
}

static void
put(FILE *f, const void *bytes, size_t n)
{
	if (n > 0 && fwrite(bytes, n, 1, f) != 1) {
		perror("write");
		exit(1);
	}
}

void
write_head(FILE *f)
{
	static const uint32_t head[6] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, 1 };

	put(f, head, sizeof(head));
}

void
write_record(FILE *f, int64_t ns, const uint8_t *bytes, uint32_t cap, uint32_t wire)
{
	const uint32_t head[4] = { (uint32_t)(ns / NS_PER_S), (uint32_t)(ns % NS_PER_S),
		cap, wire };

	put(f, head, sizeof(head));
	put(f, bytes, cap);
}
