/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a dumped ledger; then the entries that were taken are used, looked at and
 * dumped. One bit of the first byte chooses whether the checksums are put right, so that
 * the fields behind them are reached as well. */
#include "classify/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE 28
#define ENTRY_SIZE 540
#define HOUR (3600 * NS_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
crc32c(const uint8_t *p, size_t n)
{
	uint32_t crc = ~UINT32_C(0);
	unsigned i;

	while (n-- > 0) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (UINT32_C(0x82f63b78) & (0 - (crc & 1)));
	}
	return ~crc;
}

static void
seal(uint8_t *p, size_t n)
{
	uint32_t crc = crc32c(p, n - 4);
	unsigned i;

	for (i = 0; i < 4; i++)
		p[n - 4 + i] = (uint8_t)(crc >> 8 * i);
}

static bool
count_bytes(void *arg, const void *b, size_t n)
{
	size_t *left = arg;
	const uint8_t *p = b;

	if (n == 0 || p[0] + *left < n)
		return false;
	*left -= n < *left ? n : *left;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger_options o = { .hash = { 1, 2 }, .window = HOUR, .max = 8 };
	struct ledger_key k = { 0, 0 };
	struct ledger_sum s;
	struct ledger *l;
	uint8_t *copy;
	size_t n, i, left = size;

	if (size < 1)
		return 0;
	l = ledger_create(&o);
	n = size - 1;
	copy = malloc(n + (n == 0));
	if (l == NULL || copy == NULL)
		abort();
	memcpy(copy, data + 1, n);
	if ((data[0] & 1) != 0) {
		if (n >= HEAD_SIZE)
			seal(copy, HEAD_SIZE);
		for (i = HEAD_SIZE; i + ENTRY_SIZE <= n; i += ENTRY_SIZE)
			seal(copy + i, ENTRY_SIZE);
	}
	(void)ledger_load(l, span_of(copy, n));
	for (i = HEAD_SIZE; i + 16 <= n; i += ENTRY_SIZE) {
		struct span at = span_of(copy + i, 16);
		uint32_t part[4];

		if (!span_le32(&at, &part[0]) || !span_le32(&at, &part[1]) ||
		    !span_le32(&at, &part[2]) || !span_le32(&at, &part[3]))
			abort();
		k.hi = (uint64_t)part[1] << 32 | part[0];
		k.lo = (uint64_t)part[3] << 32 | part[2];
		s = ledger_get(l, &k, (struct pkt_time){ (int64_t)data[0] * HOUR });
		if (s.since.ns < 0)
			abort();
		(void)ledger_add(l, &k, (struct pkt_time){ (int64_t)data[0] * HOUR },
		    k.lo);
		s = ledger_add(l, &k, (struct pkt_time){ INT64_MAX }, 5);
		if (s.sum < 5)
			abort();
	}
	(void)ledger_dump(l, count_bytes, &left);
	free(copy);
	ledger_destroy(l);
	return 0;
}
