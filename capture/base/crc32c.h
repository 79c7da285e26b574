/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crc32c: the Castagnoli checksum, eight bytes at a step: by the processor's own instruction
 * where there is one, else by tables. Those are made once by whoever needs them, so that
 * nothing here is a global that changes.
 */
#ifndef CAPTURE_BASE_CRC32C_H
#define CAPTURE_BASE_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crc32c {
	uint32_t t[8][256];
	bool instruction;		/* SSE 4.2's is there */
};

void crc32c_make(struct crc32c *c);
/* Start with crc 0; hand the result back in to go on. */
uint32_t crc32c_add(const struct crc32c *c, uint32_t crc, const void *bytes, size_t n);

#endif
