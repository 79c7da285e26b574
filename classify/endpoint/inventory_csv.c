/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_csv: tables whose first line names the columns: what a spreadsheet exports
 * (RFC 4180 quotes), and the lease files of Kea.
 *
 * Kea appends: a later line about an address replaces the earlier ones, and a lifetime of
 * 0 or a state other than 0 (declined, reclaimed, released) ends the lease. A delegated
 * prefix is no device.
 */
#include "classify/endpoint/rows.h"

#include <string.h>

#define COLUMNS 64	/* beyond these a line is no inventory */

enum column { COLUMN_MAC, COLUMN_IP, COLUMN_NAME, COLUMN_OWNER, COLUMN_ROLE, COLUMN_ID,
	COLUMN_ROOM, COLUMN_SITE, COLUMN_COUNT };

bool
csv_cell(struct rows *r, char mark, struct cell *out)
{
	bool quoted = false, right = true;
	char c;

	*out = (struct cell){ .line = r->line, .column = r->column };
	while (rows_peek(r, &c) && (c == ' ' || c == '\t') && c != mark)
		rows_step(r);
	if (rows_peek(r, &c) && c == '"') {
		quoted = true;
		rows_step(r);
		for (;;) {
			if (!rows_peek(r, &c)) {
				rows_fault(r, out->line, out->column,
				    "a quote is never closed",
				    "put a '\"' at the end of the cell");
				return false;
			}
			rows_step(r);
			if (c == '"') {
				char next;

				if (!rows_peek(r, &next) || next != '"')
					break;
				rows_step(r);
			}
			cell_add(out, c);
		}
	}
	while (rows_peek(r, &c) && c != mark && c != '\n' && c != '\r') {
		if (quoted && c != ' ' && c != '\t')
			right = false;
		if (!quoted)
			cell_add(out, c);
		rows_step(r);
	}
	cell_end(out);
	if (!right)
		rows_fault(r, out->line, out->column, "text behind a closed quote",
		    "double the quotes that belong to the text: \"\"");
	return right;
}

bool
csv_more(struct rows *r, char mark)
{
	char c;

	if (rows_peek(r, &c) && c == mark) {
		rows_step(r);
		return true;
	}
	rows_skip_line(r);
	return false;
}

static enum column
column_by_name(struct cell *c)
{
	static const char *const names[COLUMN_COUNT] = { "mac", "ip", "name", "owner",
		"role", "id", "room", "site" };

	for (size_t i = 0; i < c->n; i++)
		if (c->text[i] >= 'A' && c->text[i] <= 'Z')
			c->text[i] = (char)(c->text[i] + 32);
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (strcmp(c->text, names[i]) == 0)
			return (enum column)i;
	return COLUMN_COUNT;
}

/* Puts a cell into its column; false when the row is no use. */
static bool
csv_take(struct rows *r, enum column col, const struct cell *c,
    struct inventory_device *d)
{
	if (c->n == 0 || col == COLUMN_COUNT)
		return true;
	if (c->too_long) {
		rows_fault(r, c->line, c->column, "a cell is longer than 255 bytes",
		    "shorten it, or move it to a column of another name");
		return false;
	}
	switch (col) {
	case COLUMN_MAC:
		if (cell_mac(c, &d->mac))
			return true;
		rows_fault(r, c->line, c->column, "not a MAC address",
		    "write it as 3c:52:82:11:0a:11");
		return false;
	case COLUMN_IP:
		d->has_ip = addr_parse(c->text, c->n, &d->ip);
		if (!d->has_ip)
			rows_fault(r, c->line, c->column, "not an IP address",
			    "write it as 10.20.0.11 or 2001:db8::11");
		return d->has_ip;
	case COLUMN_NAME:
		d->name = rows_keep(r, c->text, c->n);
		break;
	case COLUMN_OWNER:
		d->owner = rows_keep(r, c->text, c->n);
		break;
	case COLUMN_ROLE:
		d->role = rows_keep(r, c->text, c->n);
		break;
	case COLUMN_ID:
		d->id = rows_keep(r, c->text, c->n);
		break;
	case COLUMN_ROOM:
		d->room = rows_keep(r, c->text, c->n);
		break;
	case COLUMN_SITE:		/* where there are no rooms */
		if (d->room[0] == '\0')
			d->room = rows_keep(r, c->text, c->n);
		break;
	case COLUMN_COUNT:
		break;
	}
	return true;
}

void
inventory_read_csv(struct rows *r)
{
	enum column column[COLUMNS];
	size_t columns = 0;
	bool seen[COLUMN_COUNT + 1] = { false };
	char mark = ',', c;
	struct span first = r->left;
	struct cell cell;

	if (first.left >= 2 && (memcmp(first.at, "\xff\xfe", 2) == 0 ||
	    memcmp(first.at, "\xfe\xff", 2) == 0)) {
		rows_fault(r, 1, 1, "the file is in UTF-16",
		    "save it as CSV in UTF-8: the spreadsheet asks for it when saving");
		return;
	}
	/* some countries' spreadsheets separate with semicolons, what is copied out of one
	 * with tabs: the header tells */
	for (size_t i = 0; i < first.left && first.at[i] != '\n' && first.at[i] != '\r' &&
	    first.at[i] != ','; i++)
		if (first.at[i] == ';' || (first.at[i] == '\t' && mark == ','))
			mark = (char)first.at[i];
	do {
		enum column col;

		if (!csv_cell(r, mark, &cell))
			return;
		col = column_by_name(&cell);
		if (columns == COLUMNS) {
			rows_fault(r, cell.line, cell.column, "more than 64 columns",
			    "keep mac, ip, name, owner, role, room and id");
			return;
		}
		if (col != COLUMN_COUNT && seen[col]) {
			rows_fault(r, cell.line, cell.column, "this column is there twice",
			    "rename one of them");
			col = COLUMN_COUNT;
		}
		seen[col] = true;
		column[columns++] = col;
	} while (csv_more(r, mark));
	if (!seen[COLUMN_MAC] && !seen[COLUMN_IP]) {
		rows_fault(r, 1, 1, "the first line names neither a 'mac' nor an 'ip' column",
		    "begin the file with a line like: mac,ip,name,owner,role");
		return;
	}
	while (rows_peek(r, &c) && !r->full) {
		struct inventory_device d = rows_nobody();
		unsigned line = r->line;
		bool right = true, empty = true;
		size_t i = 0;

		do {
			if (!csv_cell(r, mark, &cell)) {
				right = false;
			} else {
				empty = empty && cell.n == 0;
				right = csv_take(r, i < columns ? column[i] :
				    COLUMN_COUNT, &cell, &d) && right;
			}
			i++;
		} while (csv_more(r, mark));
		if (!right || empty)
			continue;
		if (d.mac == 0 && !d.has_ip) {
			rows_fault(r, line, 1, "a device without MAC and IP address",
			    "fill in one of them, or remove the line");
			continue;
		}
		rows_add(r, &d, line);
	}
}

/* ---- kea ---- */

enum kea { KEA_ADDRESS, KEA_HWADDR, KEA_LIFETIME, KEA_HOSTNAME, KEA_STATE, KEA_TYPE,
	KEA_COUNT };

static enum kea
kea_column(const struct cell *c)
{
	static const char *const names[KEA_COUNT] = { "address", "hwaddr",
		"valid_lifetime", "hostname", "state", "lease_type" };

	for (int i = 0; i < KEA_COUNT; i++)
		if (strcmp(c->text, names[i]) == 0)
			return (enum kea)i;
	return KEA_COUNT;
}

/* One line to its columns; columns that are not there stay empty. */
static void
kea_line(struct rows *r, const enum kea *column, size_t columns,
    struct cell cell[KEA_COUNT + 1])
{
	struct cell one;
	size_t i = 0;

	for (int k = 0; k < KEA_COUNT; k++)
		cell[k] = (struct cell){ .line = r->line, .column = r->column };
	do {
		if (!csv_cell(r, ',', &one))
			continue;	/* said */
		if (i < columns)
			cell[column[i]] = one;
		i++;
	} while (csv_more(r, ','));
}

static void
kea_lease(struct rows *r, const struct cell *cell)
{
	struct inventory_device d = rows_nobody();
	const struct cell *ip = &cell[KEA_ADDRESS], *mac = &cell[KEA_HWADDR];
	const struct cell *state = &cell[KEA_STATE];

	d.has_ip = addr_parse(ip->text, ip->n, &d.ip);
	if (!d.has_ip) {
		rows_fault(r, ip->line, ip->column, "not an IP address",
		    "a line of Kea's lease file begins with the address that was leased");
		return;
	}
	if (mac->n > 0 && !cell_mac(mac, &d.mac)) {
		rows_fault(r, mac->line, mac->column, "not a MAC address",
		    "Kea writes it as 3c:52:82:11:0a:11");
		return;
	}
	if (strcmp(cell[KEA_TYPE].text, "2") == 0)
		return;
	d.name = rows_name(r, &cell[KEA_HOSTNAME]);
	if (rows_add(r, &d, ip->line))
		r->row[r->n - 1].over = strcmp(cell[KEA_LIFETIME].text, "0") == 0 ||
		    (state->n > 0 && strcmp(state->text, "0") != 0);
}

void
inventory_read_kea(struct rows *r)
{
	enum kea column[COLUMNS];
	struct cell cell[KEA_COUNT + 1];
	size_t columns = 0;
	bool address = false;
	char c;

	do {
		if (!csv_cell(r, ',', &cell[0]))
			return;
		if (columns == COLUMNS) {
			rows_fault(r, cell[0].line, cell[0].column, "more than 64 columns",
			    "give the lease file of Kea's memfile backend");
			return;
		}
		column[columns] = kea_column(&cell[0]);
		address = address || column[columns] == KEA_ADDRESS;
		columns++;
	} while (csv_more(r, ','));
	if (!address) {
		rows_fault(r, 1, 1, "the first line names no 'address' column",
		    "give the lease file of Kea's memfile backend: kea-leases4.csv");
		return;
	}
	while (rows_peek(r, &c) && !r->full) {
		if (c == '\n' || c == '\r') {
			rows_skip_line(r);
			continue;
		}
		kea_line(r, column, columns, cell);
		kea_lease(r, cell);
	}
}
