/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One segment's bytes: how a record is written and how it is found again. Pure; every
 * byte of a file is read through a span. The layout stands at the top of seglog.h.
 */
#include "rules/event/crc32c.h"
#include "rules/event/seglog.h"

/* A place that looks like a record costs a checksum over up to 256 KiB. Damage gives a
 * few of them; a file made to waste our time gives millions, and is given up on. */
#define RESYNC_TRIES 64

static void
put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static bool
take_le64(struct span *s, uint64_t *v)
{
	uint32_t lo, hi;

	if (s->left < 8 || !span_le32(s, &lo) || !span_le32(s, &hi))
		return false;
	*v = (uint64_t)hi << 32 | lo;
	return true;
}

void
seglog_head_put(const struct crc32c *c, uint8_t out[SEGLOG_RECORD_HEAD], uint64_t number,
    struct span head, struct span body)
{
	uint32_t crc;

	put_le32(out, (uint32_t)(head.left + body.left));
	put_le32(out + 8, (uint32_t)number);
	put_le32(out + 12, (uint32_t)(number >> 32));
	crc = crc32c_add(c, 0, out, 4);
	crc = crc32c_add(c, crc, out + 8, 8);
	crc = crc32c_add(c, crc, head.at, head.left);
	crc = crc32c_add(c, crc, body.at, body.left);
	put_le32(out + 4, crc);
}

/* Length and number are believable; *at stands behind the head then. */
static bool
take_head(struct span *at, uint64_t least, uint64_t most, uint32_t *crc, uint64_t *number,
    struct span *bytes)
{
	struct span s = *at;
	uint32_t len;

	if (!span_le32(&s, &len) || !span_le32(&s, crc) || !take_le64(&s, number))
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
