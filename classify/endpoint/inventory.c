/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory: an office's files read into one array, and two sorted indices over it.
 *
 * What people write (csv, ethers, hosts) stands in their order, and the first of two rows
 * holds. What programs write (leases, arp.dat) is a log: the newest row about an address
 * holds, a lease that is over is gone, and a MAC may have several addresses.
 */
#define _GNU_SOURCE	/* qsort_r, strcasestr */
#include "classify/endpoint/inventory.h"
#include "classify/endpoint/rows.h"

#include <stdlib.h>
#include <string.h>

static struct inventory *finish(struct rows *r, bool log);

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
#define X(id, sep, name, log) name,
		INVENTORY_FORMATS(X)
#undef X
	};

	return (unsigned)f < INVENTORY_FORMAT_COUNT ? names[f] : "?";
}

bool
inventory_format_is_log(enum inventory_format f)
{
	static const bool log[] = {
#define X(id, sep, name, log) log,
		INVENTORY_FORMATS(X)
#undef X
	};

	return (unsigned)f < INVENTORY_FORMAT_COUNT && log[f];
}

struct inventory *
inventory_parse(struct arena *a, enum inventory_format format, struct span bytes,
    inventory_fault_fn *fn, void *arg)
{
	static void (*const read[INVENTORY_FORMAT_COUNT])(struct rows *) = {
		[INVENTORY_CSV] = inventory_read_csv,
		[INVENTORY_ETHERS] = inventory_read_ethers,
		[INVENTORY_HOSTS] = inventory_read_hosts,
		[INVENTORY_DNSMASQ] = inventory_read_dnsmasq,
		[INVENTORY_DHCPD] = inventory_read_dhcpd,
		[INVENTORY_KEA] = inventory_read_kea,
		[INVENTORY_ARPWATCH] = inventory_read_arpwatch,
	};
	struct rows r = { .arena = a, .left = bytes, .line = 1, .column = 1, .fn = fn,
		.arg = arg, .cap = 1 };

	/* A device takes a line, or the braces of a lease. */
	for (size_t i = 0; i < bytes.left; i++)
		r.cap += bytes.at[i] == '\n' || bytes.at[i] == '\r' ||
		    bytes.at[i] == '}';
	r.row = arena_alloc(a, r.cap * sizeof(*r.row));
	if (r.row == NULL)
		return NULL;
	if (bytes.left >= 3 && memcmp(bytes.at, "\xef\xbb\xbf", 3) == 0)
		(void)span_skip(&r.left, 3);	/* what a spreadsheet puts
						 * in front of UTF-8 */
	read[format](&r);
	return r.full ? NULL : finish(&r, inventory_format_is_log(format));
}

/* ---- indices ---- */

static int
by_mac(const void *a, const void *b, void *arg)
{
	const struct row *r = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (r[i].d.mac != r[k].d.mac)
		return r[i].d.mac < r[k].d.mac ? -1 : 1;
	return i < k ? -1 : i > k;
}

static int
by_ip(const void *a, const void *b, void *arg)
{
	const struct row *r = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int c = addr_cmp(&r[i].d.ip, &r[k].d.ip);

	return c != 0 ? c : i < k ? -1 : i > k;
}

/* Newest first; of two as new, the later one in the file. */
static int
by_age(const void *a, const void *b)
{
	const struct row *p = a, *q = b;

	if (p->when != q->when)
		return p->when > q->when ? -1 : 1;
	return p->line > q->line ? -1 : p->line < q->line;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	return i < k ? -1 : i > k;
}

/* Rows whose MAC an earlier row has go out, each with a fault, in the file's order. */
static void
drop_twins(struct rows *r, uint32_t *index)
{
	size_t n = 0, twins = 0, kept = 0, t = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->row[i].d.mac != 0)
			index[n++] = (uint32_t)i;
	qsort_r(index, n, sizeof(*index), by_mac, r->row);
	for (size_t i = n; i > 1; i--) {
		/* the twins gather at the end of the array,
		 * over what was already looked at */
		if (r->row[index[i - 1]].d.mac == r->row[index[i - 2]].d.mac)
			index[n - 1 - twins++] = index[i - 1];
	}
	index += n - twins;
	qsort(index, twins, sizeof(*index), by_number);
	for (size_t i = 0; i < r->n; i++) {
		if (t < twins && index[t] == i) {
			rows_fault(r, r->row[i].line, 1,
			    "this MAC address stands in an earlier line",
			    "remove one of the two; the first is used");
			t++;
			continue;
		}
		r->row[kept++] = r->row[i];
	}
	r->n = kept;
}

/* One row an address, the newest; none when that one is over. */
static void
drop_older(struct rows *r, uint32_t *index)
{
	size_t kept = 0;

	qsort(r->row, r->n, sizeof(*r->row), by_age);
	for (size_t i = 0; i < r->n; i++)
		index[i] = (uint32_t)i;
	qsort_r(index, r->n, sizeof(*index), by_ip, r->row);
	for (size_t i = 1; i < r->n; i++)
		if (addr_eq(&r->row[index[i]].d.ip, &r->row[index[i - 1]].d.ip))
			r->row[index[i]].over = true;
	for (size_t i = 0; i < r->n; i++)
		if (!r->row[i].over)
			r->row[kept++] = r->row[i];
	r->n = kept;
}

/* A device with several leases goes by one name and one id: the newest that says one. */
static void
name_alike(struct rows *r, const uint32_t *mac, size_t n)
{
	for (size_t i = 0, next; i < n; i = next) {
		const struct inventory_device *best = &r->row[mac[i]].d;

		for (next = i; next < n && r->row[mac[next]].d.mac == best->mac; next++)
			if (best->name[0] == '\0')
				best = &r->row[mac[next]].d;
		for (size_t k = i; k < next; k++) {
			r->row[mac[k]].d.name = best->name;
			r->row[mac[k]].d.id = best->id;
		}
	}
}

static struct inventory *
finish(struct rows *r, bool log)
{
	struct inventory *inv = arena_alloc(r->arena, sizeof(*inv));
	uint32_t *mac = arena_alloc(r->arena, r->cap * sizeof(*mac));
	uint32_t *ip = arena_alloc(r->arena, r->cap * sizeof(*ip));
	struct inventory_device *device;

	if (inv == NULL || mac == NULL || ip == NULL)
		return NULL;
	if (log)
		drop_older(r, mac);
	else
		drop_twins(r, mac);
	device = arena_alloc(r->arena, (r->n + 1) * sizeof(*device));
	if (device == NULL)
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (r->row[i].d.mac != 0)
			mac[inv->by_mac_n++] = (uint32_t)i;
		if (r->row[i].d.has_ip)
			ip[inv->by_ip_n++] = (uint32_t)i;
	}
	qsort_r(mac, inv->by_mac_n, sizeof(*mac), by_mac, r->row);
	qsort_r(ip, inv->by_ip_n, sizeof(*ip), by_ip, r->row);
	if (log)
		name_alike(r, mac, inv->by_mac_n);
	for (size_t i = 0; i < r->n; i++)
		device[i] = r->row[i].d;
	inv->device = device;
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

bool
inventory_says_router(const struct inventory_device *d)
{
	return strcasestr(d->role, "router") != NULL ||
	    strcasestr(d->role, "gateway") != NULL ||
	    strcasestr(d->role, "firewall") != NULL;
}
