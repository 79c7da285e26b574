/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_words: files of one device a line, in words between blanks: ethers(5),
 * hosts(5), the leases of dnsmasq, and arpwatch's arp.dat (between tabs).
 */
#include "classify/endpoint/rows.h"

#include <stdlib.h>
#include <string.h>

void
inventory_read_ethers(struct rows *r)
{
	char c;

	for (; rows_peek(r, &c) && !r->full; rows_skip_line(r)) {
		struct inventory_device d = rows_nobody();
		struct cell mac, name;

		if (!rows_word(r, '#', &mac))
			continue;
		if (!cell_mac(&mac, &d.mac)) {
			rows_fault(r, mac.line, mac.column, "not a MAC address",
			    "a line is a MAC address and a name: "
			    "3c:52:82:11:0a:11 pc-press");
			continue;
		}
		if (!rows_word(r, '#', &name)) {
			rows_fault(r, name.line, name.column, "no name behind the MAC address",
			    "a line is a MAC address and a name: "
			    "3c:52:82:11:0a:11 pc-press");
			continue;
		}
		/* ethers(5) also takes an address here */
		d.has_ip = addr_parse(name.text, name.n, &d.ip);
		if (!d.has_ip)
			d.name = rows_keep(r, name.text, name.n);
		(void)rows_add(r, &d, mac.line);
	}
}

void
inventory_read_dnsmasq(struct rows *r)
{
	static const char form[] =
	    "a lease is: expiry time, MAC, address, name or *, client id";
	bool v6 = false;
	char c;

	for (; rows_peek(r, &c) && !r->full; rows_skip_line(r)) {
		struct inventory_device d = rows_nobody();
		struct cell expiry, mac, ip, name;

		if (!rows_word(r, '\0', &expiry))
			continue;
		if (strcmp(expiry.text, "duid") == 0) {
			v6 = true;	/* what follows are IPv6 leases,
					 * with an IAID for the MAC */
			continue;
		}
		if (!rows_word(r, '\0', &mac) || !rows_word(r, '\0', &ip) ||
		    !rows_word(r, '\0', &name)) {
			rows_fault(r, expiry.line, expiry.column, "not a lease of dnsmasq",
			    form);
			continue;
		}
		d.has_ip = addr_parse(ip.text, ip.n, &d.ip);
		if (!d.has_ip) {
			rows_fault(r, ip.line, ip.column, "not an IP address", form);
			continue;
		}
		/* a card that is no Ethernet has the number of its kind in front */
		if (mac.n > 3 && mac.text[2] == '-' && strchr(mac.text, ':') != NULL) {
			memmove(mac.text, mac.text + 3, mac.n - 2);
			mac.n -= 3;
		}
		if (!v6 && !cell_mac(&mac, &d.mac)) {
			rows_fault(r, mac.line, mac.column, "not a MAC address", form);
			continue;
		}
		if (strcmp(name.text, "*") != 0)
			d.name = rows_keep(r, name.text, name.n);
		(void)rows_add(r, &d, expiry.line);
	}
}

/* Addresses in hosts(5) that are nobody's: every such file has some. */
static bool
nobodys(const struct addr *a)
{
	static const struct addr any;
	struct addr lo6 = { { [15] = 1 } };

	if (addr_is_group(a) || addr_eq(a, &any) || addr_eq(a, &lo6))
		return true;
	return addr_is_v4(a) && (a->b[12] == 0 || a->b[12] == 127 || a->b[12] == 255);
}

void
inventory_read_hosts(struct rows *r)
{
	static const char form[] = "a line is an address and a name: 10.20.0.11 pc-press";
	char c;

	for (; rows_peek(r, &c) && !r->full; rows_skip_line(r)) {
		struct inventory_device d = rows_nobody();
		struct cell ip, name;

		if (!rows_word(r, '#', &ip))
			continue;
		for (size_t i = 0; i < ip.n; i++)
			if (ip.text[i] == '%')	/* fe80::1%lo0 */
				ip.n = i;
		d.has_ip = addr_parse(ip.text, ip.n, &d.ip);
		if (!d.has_ip) {
			rows_fault(r, ip.line, ip.column, "not an IP address", form);
			continue;
		}
		if (!rows_word(r, '#', &name)) {
			rows_fault(r, name.line, name.column,
			    "no name behind the address", form);
			continue;
		}
		if (nobodys(&d.ip))
			continue;
		d.name = rows_name(r, &name);
		(void)rows_add(r, &d, ip.line);
	}
}

/* Up to the next tab or the line's end. */
static void
tab_cell(struct rows *r, struct cell *out)
{
	char c;

	*out = (struct cell){ .line = r->line, .column = r->column };
	while (rows_peek(r, &c) && c != '\t' && c != '\n' && c != '\r') {
		cell_add(out, c);
		rows_step(r);
	}
	if (rows_peek(r, &c) && c == '\t')
		rows_step(r);
	cell_end(out);
}

void
inventory_read_arpwatch(struct rows *r)
{
	static const char form[] = "arpwatch writes, between tabs: MAC, address, "
	    "seconds since 1970, name, interface";
	char c;

	for (; rows_peek(r, &c) && !r->full; rows_skip_line(r)) {
		struct inventory_device d = rows_nobody();
		struct cell mac, ip, when, name;

		tab_cell(r, &mac);
		if (mac.n == 0)
			continue;
		if (!cell_mac(&mac, &d.mac)) {
			rows_fault(r, mac.line, mac.column, "not a MAC address", form);
			continue;
		}
		tab_cell(r, &ip);
		d.has_ip = addr_parse(ip.text, ip.n, &d.ip);
		if (!d.has_ip) {
			rows_fault(r, ip.line, ip.column, "not an IP address", form);
			continue;
		}
		tab_cell(r, &when);
		if (strspn(when.text, "0123456789") != when.n) {
			rows_fault(r, when.line, when.column, "not a time", form);
			continue;
		}
		tab_cell(r, &name);
		d.name = rows_name(r, &name);
		if (rows_add(r, &d, mac.line))
			r->row[r->n - 1].when = strtoull(when.text, NULL, 10);
	}
}
