/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows: bytes to cells, cells to devices. A cell longer than CELL_MAX is a fault of its
 * row, and the reader's to tell. Everything is kept in the arena; when that is full
 * r->full says so, and the reader stops.
 */
#include "classify/endpoint/rows.h"

#include <string.h>

void
rows_fault(struct rows *r, unsigned line, unsigned column, const char *what,
    const char *remedy)
{
	if (r->fn != NULL)
		r->fn(r->arg, line, column, what, remedy);
}

bool
rows_peek(const struct rows *r, char *c)
{
	if (r->left.left == 0)
		return false;
	*c = (char)r->left.at[0];
	return true;
}

void
rows_step(struct rows *r)
{
	uint8_t c = 0, next;

	(void)span_u8(&r->left, &c);
	next = r->left.left > 0 ? r->left.at[0] : 0;
	if (c == '\n' || (c == '\r' && next != '\n')) {
		r->line++;
		r->column = 1;
	} else {
		r->column++;
	}
}

void
cell_add(struct cell *c, char ch)
{
	if (c->n < CELL_MAX)
		c->text[c->n++] = ch;
	else
		c->too_long = true;
}

void
cell_end(struct cell *c)
{
	size_t skip = 0;

	while (c->n > 0 && (c->text[c->n - 1] == ' ' || c->text[c->n - 1] == '\t' ||
	    c->text[c->n - 1] == '\0'))
		c->n--;
	while (skip < c->n && (c->text[skip] == ' ' || c->text[skip] == '\t'))
		skip++;
	memmove(c->text, c->text + skip, c->n - skip);
	c->n -= skip;
	for (size_t i = 0; i < c->n; i++)	/* a line break inside quotes */
		if ((unsigned char)c->text[i] < ' ')
			c->text[i] = ' ';
	c->text[c->n] = '\0';
}

void
rows_skip_line(struct rows *r)
{
	char c;

	while (rows_peek(r, &c) && c != '\n' && c != '\r')
		rows_step(r);
	while (rows_peek(r, &c) && (c == '\n' || c == '\r')) {
		unsigned line = r->line;

		rows_step(r);
		if (r->line != line)
			break;
	}
}

int
cell_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Also "0:4:f2:9a:10:31", which ethers(5) allows,
 * and twelve digits without separators. */
bool
cell_mac(const struct cell *c, uint64_t *out)
{
	uint64_t v = 0, group = 0;
	unsigned groups = 0, digits = 0;

	if (mac_parse(c->text, c->n, out))
		return *out != 0;
	if (c->n == 12) {
		for (size_t i = 0; i < 12; i++) {
			if (cell_hex(c->text[i]) < 0)
				return false;
			v = v << 4 | (uint64_t)cell_hex(c->text[i]);
		}
		*out = v;
		return v != 0;
	}
	for (size_t i = 0; i <= c->n; i++) {
		int d = i < c->n ? cell_hex(c->text[i]) : -1;

		if (d >= 0 && digits < 2) {
			group = group << 4 | (uint64_t)d;
			digits++;
			continue;
		}
		if (d >= 0 || digits == 0 || (i < c->n && c->text[i] != ':') ||
		    ++groups > 6)
			return false;
		v = v << 8 | group;
		group = digits = 0;
	}
	*out = v;
	return groups == 6 && v != 0;
}

const char *
rows_keep(struct rows *r, const char *text, size_t n)
{
	const char *copy = n == 0 ? "" : arena_text(r->arena, text, n);

	if (copy == NULL) {
		r->full = true;
		return "";
	}
	return copy;
}

const char *
rows_name(struct rows *r, const struct cell *c)
{
	size_t n = c->n;

	if (n > 0 && c->text[n - 1] == '.')
		n--;
	return rows_keep(r, c->text, n);
}

bool
rows_add(struct rows *r, const struct inventory_device *d, unsigned line)
{
	struct inventory_device *out;
	char text[ADDR_TEXT];

	if (r->n == r->cap)
		return false;
	r->row[r->n] = (struct row){ .d = *d, .when = r->n, .line = line };
	out = &r->row[r->n++].d;
	if (out->id[0] == '\0')
		out->id = out->name;
	if (out->id[0] == '\0' && out->mac != 0)
		out->id = rows_keep(r, mac_print(out->mac, text),
		    strlen(mac_print(out->mac, text)));
	if (out->id[0] == '\0' && out->has_ip)
		out->id = rows_keep(r, addr_print(&out->ip, text),
		    strlen(addr_print(&out->ip, text)));
	return true;
}

struct inventory_device
rows_nobody(void)
{
	return (struct inventory_device){ .id = "", .name = "", .owner = "", .role = "",
		.room = "" };
}

bool
rows_word(struct rows *r, char comment, struct cell *out)
{
	char c;

	while (rows_peek(r, &c) && (c == ' ' || c == '\t'))
		rows_step(r);
	*out = (struct cell){ .line = r->line, .column = r->column };
	while (rows_peek(r, &c) && c != ' ' && c != '\t' && c != '\n' && c != '\r' &&
	    (c != comment || comment == '\0')) {
		cell_add(out, c);
		rows_step(r);
	}
	cell_end(out);
	return out->n > 0;
}
