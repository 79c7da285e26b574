/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory: three formats read into one array, and two sorted indices over it. The
 * longest text kept of a cell is CELL_MAX bytes;
 * a spreadsheet's longer remark is a fault of its row.
 */
#define _GNU_SOURCE	/* qsort_r */
#include "classify/endpoint/inventory.h"

#include <stdlib.h>
#include <string.h>

#define CELL_MAX 255	/* what a string id holds */
#define COLUMNS 64	/* beyond these a line is no inventory */

enum column { COLUMN_MAC, COLUMN_IP, COLUMN_NAME, COLUMN_OWNER, COLUMN_ROLE, COLUMN_ID,
	COLUMN_COUNT };

/* A file being read. */
struct reader {
	struct arena *arena;
	struct span left;
	unsigned line, column;		/* of the next byte */
	inventory_fault_fn *fn;
	void *arg;
	struct inventory_device *device;
	uint32_t *at_line;		/* where each device stood */
	size_t n, cap;
	bool full;			/* the arena is */
};

/* One cell or word. */
struct cell {
	char text[CELL_MAX + 1];
	size_t n;
	bool too_long;
	unsigned line, column;
};

static void read_csv(struct reader *r);
static void read_ethers(struct reader *r);
static void read_dnsmasq(struct reader *r);
static struct inventory *finish(struct reader *r);

int
inventory_format_by_name(const char *name, size_t n)
{
	for (int f = 0; f < INVENTORY_FORMAT_COUNT; f++) {
		const char *text = inventory_format_name((enum inventory_format)f);

		if (strlen(text) == n && memcmp(text, name, n) == 0)
			return f;
	}
	return -1;
}

const char *
inventory_format_name(enum inventory_format f)
{
	static const char *const names[] = {
#define X(id, name) name,
		INVENTORY_FORMATS(X)
#undef X
	};

	return (unsigned)f < INVENTORY_FORMAT_COUNT ? names[f] : "?";
}

struct inventory *
inventory_parse(struct arena *a, enum inventory_format format, struct span bytes,
    inventory_fault_fn *fn, void *arg)
{
	struct reader r = { .arena = a, .left = bytes, .line = 1, .column = 1, .fn = fn,
		.arg = arg, .cap = 1 };

	for (size_t i = 0; i < bytes.left; i++)
		r.cap += bytes.at[i] == '\n' || bytes.at[i] == '\r';
	r.device = arena_alloc(a, r.cap * sizeof(*r.device));
	r.at_line = arena_alloc(a, r.cap * sizeof(*r.at_line));
	if (r.device == NULL || r.at_line == NULL)
		return NULL;
	if (bytes.left >= 3 && memcmp(bytes.at, "\xef\xbb\xbf", 3) == 0)
		(void)span_skip(&r.left, 3);	/* what a spreadsheet puts
						 * in front of UTF-8 */
	switch (format) {
	case INVENTORY_CSV:
		read_csv(&r);
		break;
	case INVENTORY_ETHERS:
		read_ethers(&r);
		break;
	case INVENTORY_DNSMASQ:
		read_dnsmasq(&r);
		break;
	case INVENTORY_FORMAT_COUNT:
		break;
	}
	return r.full ? NULL : finish(&r);
}

/* ---- reading bytes ---- */

static void
fault(struct reader *r, unsigned line, unsigned column, const char *what,
    const char *remedy)
{
	if (r->fn != NULL)
		r->fn(r->arg, line, column, what, remedy);
}

static bool
peek(const struct reader *r, char *c)
{
	if (r->left.left == 0)
		return false;
	*c = (char)r->left.at[0];
	return true;
}

/* CR, LF and CR LF all end a line. */
static void
step(struct reader *r)
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

static void
cell_add(struct cell *c, char ch)
{
	if (c->n < CELL_MAX)
		c->text[c->n++] = ch;
	else
		c->too_long = true;
}

static void
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

static void
skip_line(struct reader *r)
{
	char c;

	while (peek(r, &c) && c != '\n' && c != '\r')
		step(r);
	while (peek(r, &c) && (c == '\n' || c == '\r')) {
		unsigned line = r->line;

		step(r);
		if (r->line != line)
			break;
	}
}

/* ---- devices ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Also "0:4:f2:9a:10:31", which ethers(5) allows,
 * and twelve digits without separators. */
static bool
mac_of(const struct cell *c, uint64_t *out)
{
	uint64_t v = 0, group = 0;
	unsigned groups = 0, digits = 0;

	if (mac_parse(c->text, c->n, out))
		return *out != 0;
	if (c->n == 12) {
		for (size_t i = 0; i < 12; i++) {
			if (hex_value(c->text[i]) < 0)
				return false;
			v = v << 4 | (uint64_t)hex_value(c->text[i]);
		}
		*out = v;
		return v != 0;
	}
	for (size_t i = 0; i <= c->n; i++) {
		int d = i < c->n ? hex_value(c->text[i]) : -1;

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

static const char *
keep(struct reader *r, const char *text, size_t n)
{
	const char *copy = n == 0 ? "" : arena_text(r->arena, text, n);

	if (copy == NULL) {
		r->full = true;
		return "";
	}
	return copy;
}

static void
add(struct reader *r, const struct inventory_device *d, unsigned line)
{
	struct inventory_device *out;
	char text[ADDR_TEXT];

	if (r->n == r->cap)
		return;		/* cannot be: a device takes a line */
	out = &r->device[r->n];
	*out = *d;
	if (out->id[0] == '\0')
		out->id = out->name;
	if (out->id[0] == '\0' && out->mac != 0)
		out->id = keep(r, mac_print(out->mac, text),
		    strlen(mac_print(out->mac, text)));
	if (out->id[0] == '\0' && out->has_ip)
		out->id = keep(r, addr_print(&out->ip, text),
		    strlen(addr_print(&out->ip, text)));
	r->at_line[r->n++] = line;
}

static struct inventory_device
nobody(void)
{
	return (struct inventory_device){ .id = "", .name = "", .owner = "", .role = "" };
}

/* ---- csv ---- */

/* One cell up to the mark or the line's end. False: the quotes are wrong (said). */
static bool
csv_cell(struct reader *r, char mark, struct cell *out)
{
	bool quoted = false, right = true;
	char c;

	*out = (struct cell){ .line = r->line, .column = r->column };
	while (peek(r, &c) && (c == ' ' || c == '\t') && c != mark)
		step(r);
	if (peek(r, &c) && c == '"') {
		quoted = true;
		step(r);
		for (;;) {
			if (!peek(r, &c)) {
				fault(r, out->line, out->column,
				    "a quote is never closed",
				    "put a '\"' at the end of the cell");
				return false;
			}
			step(r);
			if (c == '"') {
				char next;

				if (!peek(r, &next) || next != '"')
					break;
				step(r);
			}
			cell_add(out, c);
		}
	}
	while (peek(r, &c) && c != mark && c != '\n' && c != '\r') {
		if (quoted && c != ' ' && c != '\t')
			right = false;
		if (!quoted)
			cell_add(out, c);
		step(r);
	}
	cell_end(out);
	if (!right)
		fault(r, out->line, out->column, "text behind a closed quote",
		    "double the quotes that belong to the text: \"\"");
	return right;
}

/* True: another cell follows in this row. */
static bool
csv_more(struct reader *r, char mark)
{
	char c;

	if (peek(r, &c) && c == mark) {
		step(r);
		return true;
	}
	skip_line(r);
	return false;
}

static enum column
column_by_name(struct cell *c)
{
	static const char *const names[COLUMN_COUNT] = { "mac", "ip", "name", "owner",
		"role", "id" };

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
csv_take(struct reader *r, enum column col, const struct cell *c,
    struct inventory_device *d)
{
	if (c->n == 0 || col == COLUMN_COUNT)
		return true;
	if (c->too_long) {
		fault(r, c->line, c->column, "a cell is longer than 255 bytes",
		    "shorten it, or move it to a column of another name");
		return false;
	}
	switch (col) {
	case COLUMN_MAC:
		if (mac_of(c, &d->mac))
			return true;
		fault(r, c->line, c->column, "not a MAC address",
		    "write it as 3c:52:82:11:0a:11");
		return false;
	case COLUMN_IP:
		d->has_ip = addr_parse(c->text, c->n, &d->ip);
		if (!d->has_ip)
			fault(r, c->line, c->column, "not an IP address",
			    "write it as 10.20.0.11 or 2001:db8::11");
		return d->has_ip;
	case COLUMN_NAME:
		d->name = keep(r, c->text, c->n);
		break;
	case COLUMN_OWNER:
		d->owner = keep(r, c->text, c->n);
		break;
	case COLUMN_ROLE:
		d->role = keep(r, c->text, c->n);
		break;
	case COLUMN_ID:
		d->id = keep(r, c->text, c->n);
		break;
	case COLUMN_COUNT:
		break;
	}
	return true;
}

static void
read_csv(struct reader *r)
{
	enum column column[COLUMNS];
	size_t columns = 0;
	bool seen[COLUMN_COUNT + 1] = { false };
	char mark = ',', c;
	struct span first = r->left;
	struct cell cell;

	/* some countries' spreadsheets separate with semicolons: the header tells */
	for (size_t i = 0; i < first.left && first.at[i] != '\n' && first.at[i] != ',';
	    i++)
		if (first.at[i] == ';')
			mark = ';';
	do {
		enum column col;

		if (!csv_cell(r, mark, &cell))
			return;
		col = column_by_name(&cell);
		if (columns == COLUMNS) {
			fault(r, cell.line, cell.column, "more than 64 columns",
			    "keep mac, ip, name, owner, role and id");
			return;
		}
		if (col != COLUMN_COUNT && seen[col]) {
			fault(r, cell.line, cell.column, "this column is there twice",
			    "rename one of them");
			col = COLUMN_COUNT;
		}
		seen[col] = true;
		column[columns++] = col;
	} while (csv_more(r, mark));
	if (!seen[COLUMN_MAC] && !seen[COLUMN_IP]) {
		fault(r, 1, 1, "the first line names neither a 'mac' nor an 'ip' column",
		    "begin the file with a line like: mac,ip,name,owner,role");
		return;
	}
	while (peek(r, &c) && !r->full) {
		struct inventory_device d = nobody();
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
			fault(r, line, 1, "a device without MAC and IP address",
			    "fill in one of them, or remove the line");
			continue;
		}
		add(r, &d, line);
	}
}

/* ---- ethers and dnsmasq: words between blanks ---- */

/* The next word of this line; false at its end. */
static bool
word(struct reader *r, char comment, struct cell *out)
{
	char c;

	while (peek(r, &c) && (c == ' ' || c == '\t'))
		step(r);
	*out = (struct cell){ .line = r->line, .column = r->column };
	while (peek(r, &c) && c != ' ' && c != '\t' && c != '\n' && c != '\r' &&
	    (c != comment || comment == '\0')) {
		cell_add(out, c);
		step(r);
	}
	cell_end(out);
	return out->n > 0;
}

static void
read_ethers(struct reader *r)
{
	char c;

	for (; peek(r, &c) && !r->full; skip_line(r)) {
		struct inventory_device d = nobody();
		struct cell mac, name;

		if (!word(r, '#', &mac))
			continue;
		if (!mac_of(&mac, &d.mac)) {
			fault(r, mac.line, mac.column, "not a MAC address",
			    "a line is a MAC address and a name: "
			    "3c:52:82:11:0a:11 pc-press");
			continue;
		}
		if (!word(r, '#', &name)) {
			fault(r, name.line, name.column, "no name behind the MAC address",
			    "a line is a MAC address and a name: "
			    "3c:52:82:11:0a:11 pc-press");
			continue;
		}
		/* ethers(5) also takes an address here */
		d.has_ip = addr_parse(name.text, name.n, &d.ip);
		if (!d.has_ip)
			d.name = keep(r, name.text, name.n);
		add(r, &d, mac.line);
	}
}

static void
read_dnsmasq(struct reader *r)
{
	static const char form[] =
	    "a lease is: expiry time, MAC, address, name or *, client id";
	bool v6 = false;
	char c;

	for (; peek(r, &c) && !r->full; skip_line(r)) {
		struct inventory_device d = nobody();
		struct cell expiry, mac, ip, name;

		if (!word(r, '\0', &expiry))
			continue;
		if (strcmp(expiry.text, "duid") == 0) {
			v6 = true;	/* what follows are IPv6 leases,
					 * with an IAID for the MAC */
			continue;
		}
		if (!word(r, '\0', &mac) || !word(r, '\0', &ip) ||
		    !word(r, '\0', &name)) {
			fault(r, expiry.line, expiry.column, "not a lease of dnsmasq",
			    form);
			continue;
		}
		d.has_ip = addr_parse(ip.text, ip.n, &d.ip);
		if (!d.has_ip) {
			fault(r, ip.line, ip.column, "not an IP address", form);
			continue;
		}
		if (!v6 && !mac_of(&mac, &d.mac)) {
			fault(r, mac.line, mac.column, "not a MAC address", form);
			continue;
		}
		if (strcmp(name.text, "*") != 0)
			d.name = keep(r, name.text, name.n);
		add(r, &d, expiry.line);
	}
}

/* ---- indices ---- */

static int
by_mac(const void *a, const void *b, void *arg)
{
	const struct inventory_device *d = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (d[i].mac != d[k].mac)
		return d[i].mac < d[k].mac ? -1 : 1;
	return i < k ? -1 : i > k;
}

static int
by_ip(const void *a, const void *b, void *arg)
{
	const struct inventory_device *d = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int c = addr_cmp(&d[i].ip, &d[k].ip);

	return c != 0 ? c : i < k ? -1 : i > k;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	return i < k ? -1 : i > k;
}

/* Rows whose MAC an earlier row has go out, each with a fault, in the file's order. */
static void
drop_twins(struct reader *r, uint32_t *index)
{
	size_t n = 0, twins = 0, kept = 0, t = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->device[i].mac != 0)
			index[n++] = (uint32_t)i;
	qsort_r(index, n, sizeof(*index), by_mac, r->device);
	for (size_t i = n; i > 1; i--) {
		/* the twins gather at the end of the array,
		 * over what was already looked at */
		if (r->device[index[i - 1]].mac == r->device[index[i - 2]].mac)
			index[n - 1 - twins++] = index[i - 1];
	}
	index += n - twins;
	qsort(index, twins, sizeof(*index), by_number);
	for (size_t i = 0; i < r->n; i++) {
		if (t < twins && index[t] == i) {
			fault(r, r->at_line[i], 1,
			    "this MAC address stands in an earlier line",
			    "remove one of the two; the first is used");
			t++;
			continue;
		}
		r->device[kept++] = r->device[i];
	}
	r->n = kept;
}

static struct inventory *
finish(struct reader *r)
{
	struct inventory *inv = arena_alloc(r->arena, sizeof(*inv));
	uint32_t *mac = arena_alloc(r->arena, r->cap * sizeof(*mac));
	uint32_t *ip = arena_alloc(r->arena, r->cap * sizeof(*ip));

	if (inv == NULL || mac == NULL || ip == NULL)
		return NULL;
	drop_twins(r, mac);
	for (size_t i = 0; i < r->n; i++) {
		if (r->device[i].mac != 0)
			mac[inv->by_mac_n++] = (uint32_t)i;
		if (r->device[i].has_ip)
			ip[inv->by_ip_n++] = (uint32_t)i;
	}
	qsort_r(mac, inv->by_mac_n, sizeof(*mac), by_mac, r->device);
	qsort_r(ip, inv->by_ip_n, sizeof(*ip), by_ip, r->device);
	inv->device = r->device;
	inv->n = r->n;
	inv->by_mac = mac;
	inv->by_ip = ip;
	return inv;
}

const struct inventory_device *
inventory_by_mac(const struct inventory *inv, uint64_t mac)
{
	size_t lo = 0, hi = inv->by_mac_n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (inv->device[inv->by_mac[mid]].mac < mac)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == inv->by_mac_n || inv->device[inv->by_mac[lo]].mac != mac)
		return NULL;
	return &inv->device[inv->by_mac[lo]];
}

const struct inventory_device *
inventory_by_ip(const struct inventory *inv, const struct addr *ip)
{
	size_t lo = 0, hi = inv->by_ip_n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr_cmp(&inv->device[inv->by_ip[mid]].ip, ip) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == inv->by_ip_n || !addr_eq(&inv->device[inv->by_ip[lo]].ip, ip))
		return NULL;
	return &inv->device[inv->by_ip[lo]];
}
