/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows: an inventory file on its way to an array of devices; what its readers
 * (inventory_csv.c, inventory_words.c, inventory_dhcpd.c, vendors.c) share. Private to
 * classify/endpoint.
 */
#ifndef CLASSIFY_ENDPOINT_ROWS_H
#define CLASSIFY_ENDPOINT_ROWS_H

#include "classify/endpoint/inventory.h"

#define CELL_MAX 255	/* what a string id holds */

struct row {
	struct inventory_device d;
	uint64_t when;			/* the newer of two leases has more */
	unsigned line;
	bool over;			/* the lease of this address was given up */
};

/* A file being read. */
struct rows {
	struct arena *arena;
	struct span left;
	unsigned line, column;		/* of the next byte */
	inventory_fault_fn *fn;
	void *arg;
	struct row *row;
	size_t n, cap;
	bool full;			/* the arena is */
};

/* One cell or word. The longest text kept is CELL_MAX bytes. */
struct cell {
	char text[CELL_MAX + 1];
	size_t n;
	bool too_long;
	unsigned line, column;
};

void rows_fault(struct rows *r, unsigned line, unsigned column, const char *what,
    const char *remedy);
bool rows_peek(const struct rows *r, char *c);
void rows_step(struct rows *r);		/* CR, LF and CR LF all end a line */
void rows_skip_line(struct rows *r);
/* The next word of this line; false at its end. comment 0: there are none. */
bool rows_word(struct rows *r, char comment, struct cell *out);
void cell_add(struct cell *c, char ch);
void cell_end(struct cell *c);		/* blanks around it go */
int cell_hex(char c);			/* -1: no hexadecimal digit */
bool cell_mac(const struct cell *c, uint64_t *out);
/* One cell up to the mark or the line's end. False: the quotes are wrong (said). */
bool csv_cell(struct rows *r, char mark, struct cell *out);
/* True: another cell follows in this row. */
bool csv_more(struct rows *r, char mark);
const char *rows_keep(struct rows *r, const char *text, size_t n);
/* The name of a lease: "" for none, a final dot is no part of it. */
const char *rows_name(struct rows *r, const struct cell *c);
struct inventory_device rows_nobody(void);
/* *d is copied; false: there is no more room (a device takes a line or a brace). */
bool rows_add(struct rows *r, const struct inventory_device *d, unsigned line);

void inventory_read_csv(struct rows *r);
void inventory_read_kea(struct rows *r);
void inventory_read_ethers(struct rows *r);
void inventory_read_hosts(struct rows *r);
void inventory_read_dnsmasq(struct rows *r);
void inventory_read_dhcpd(struct rows *r);
void inventory_read_arpwatch(struct rows *r);

#endif
