/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One segment's bytes: how a record is written and how it is found again. Pure; every
 * byte of a file is read through a span. The layout stands at the top of seglog.h.
 */
#include "capture/base/crc32c.h"
#include "rules/event/seglog.h"

/* A place that looks like a record costs a checksum over up to 256 KiB. Damage gives a
 * few of them; a file made to waste our time gives millions, and is given up on. */
#define RESYNC_TRIES 64

void
seglog_head_put(const struct crc32c *c, uint8_t out[SEGLOG_RECORD_HEAD], uint64_t number,
    struct span head, struct span body)
{
	uint32_t crc;

	(void)put_le(out, head.left + body.left, 4);
	(void)put_le(out + 8, number, 8);
	crc = crc32c_add(c, 0, out, 4);
	crc = crc32c_add(c, crc, out + 8, 8);
	crc = crc32c_add(c, crc, head.at, head.left);
	crc = crc32c_add(c, crc, body.at, body.left);
	(void)put_le(out + 4, crc, 4);
}

/* Length and number are believable; *at stands behind the head then. */
static bool
take_head(struct span *at, uint64_t least, uint64_t most, uint32_t *crc, uint64_t *number,
    struct span *bytes)
{
	struct span s = *at;
	uint32_t len;

	if (!span_le32(&s, &len) || !span_le32(&s, crc) || !span_le64(&s, number))
		return false;
	if (len == 0 || len > SEGLOG_RECORD_MAX || *number < least || *number > most)
		return false;
	if (!span_take(&s, len, bytes))
		return false;
	*at = s;
	return true;
}

bool
seglog_record_take(const struct crc32c *c, struct span *at, uint64_t least, uint64_t most,
    uint64_t *number, struct span *out)
{
	struct span s = *at;
	const uint8_t *head = at->at;
	uint32_t said, crc;

	if (!take_head(&s, least, most, &said, number, out))
		return false;
	crc = crc32c_add(c, 0, head, 4);
	crc = crc32c_add(c, crc, head + 8, 8);
	if (crc32c_add(c, crc, out->at, out->left) != said)
		return false;
	*at = s;
	return true;
}

bool
seglog_resync(const struct crc32c *c, struct span *at, uint64_t least, uint64_t most)
{
	struct span s = *at, probe, bytes;
	uint64_t number;
	uint32_t crc;
	int tries = 0;

	while (tries < RESYNC_TRIES && span_skip(&s, 1) && s.left >= SEGLOG_RECORD_HEAD) {
		probe = s;
		if (!take_head(&probe, least, most, &crc, &number, &bytes))
			continue;
		tries++;
		probe = s;
		if (!seglog_record_take(c, &probe, least, most, &number, &bytes))
			continue;
		*at = s;
		return true;
	}
	return false;
}
