/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First byte: an inventory's format (modulo their number and two), a list of hosts, or a
 * table of vendors. Then the file. */
#include "classify/endpoint/endpoint.h"
#include "classify/endpoint/hostlist.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count(void *arg, unsigned line, unsigned column, const char *what, const char *remedy)
{
	unsigned *faults = arg;

	if (line == 0 || column == 0 || what == NULL || remedy == NULL)
		__builtin_trap();
	(*faults)++;
}

static void
again(void *arg, const char *line)
{
	unsigned *faults = arg;

	*faults += (unsigned)strlen(line);
}

static void
inventory(struct arena *a, enum inventory_format f, struct span bytes)
{
	unsigned faults = 0;
	const struct inventory *inv = inventory_parse(a, f, bytes, count, &faults);

	for (size_t i = 0; inv != NULL && i < inv->n; i++) {
		const struct inventory_device *d = &inv->device[i];

		if (d->id[0] == '\0' && d->mac == 0 && !d->has_ip)
			__builtin_trap();
		if (d->mac != 0 && (inventory_by_mac(inv, d->mac) == NULL ||
		    strcmp(inventory_by_mac(inv, d->mac)->id, d->id) != 0))
			__builtin_trap();
		if (d->has_ip && inventory_by_ip(inv, &d->ip) == NULL)
			__builtin_trap();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_create(1 << 20);
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct span bytes;
	uint8_t what;
	unsigned n = 0;

	if (copy != NULL && a != NULL && size > 0) {
		memcpy(copy, data, size);
		bytes = span_of(copy, size);
		(void)span_u8(&bytes, &what);
		what %= INVENTORY_FORMAT_COUNT + 2;
		if (what < INVENTORY_FORMAT_COUNT) {
			inventory(a, (enum inventory_format)what, bytes);
		} else if (what > INVENTORY_FORMAT_COUNT) {
			const struct vendors *v = vendors_parse(a, &bytes, 1);

			n += vendors_find(v, 0x3c5282110a11) != NULL;
			if (v != NULL && vendors_size(v) == 0)
				__builtin_trap();
		} else {
			struct hostlist *l = hostlist_parse(a, bytes, count, &n);

			if (l != NULL) {
				struct addr any = { { 0x20, 1 } };

				hostlist_each(l, again, &n);
				(void)hostlist_has_name(l, bytes);
				(void)hostlist_has_addr(l, &any);
				(void)hostlist_add(a, l, (const char *)bytes.at,
				    bytes.left);
				(void)registrable_domain(bytes);
			}
		}
	}
	free(copy);
	arena_destroy(a);
	return 0;
}
