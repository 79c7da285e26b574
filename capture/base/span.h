/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * span: bytes that may be read, and how many are left.
 *
 * Every byte of a packet, a file or a message of another process is read through a span.
 * It shrinks as it is read; a read that does not fit returns false, changes nothing and
 * gives no bytes. There is no other way to read foreign bytes in this house.
 */
#ifndef CAPTURE_BASE_SPAN_H
#define CAPTURE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *at;
	size_t left;
};

static inline struct span
span_of(const void *bytes, size_t len)
{
	return (struct span){ bytes, len };
}

static inline bool
span_skip(struct span *s, size_t n)
{
	if (s->left < n)
		return false;
	s->at += n;
	s->left -= n;
	return true;
}

/* Takes the next n bytes as a span of their own. */
static inline bool
span_take(struct span *s, size_t n, struct span *out)
{
	if (s->left < n)
		return false;
	*out = (struct span){ s->at, n };
	s->at += n;
	s->left -= n;
	return true;
}

static inline bool
span_u8(struct span *s, uint8_t *v)
{
	if (s->left < 1)
		return false;
	*v = s->at[0];
	s->at++;
	s->left--;
	return true;
}

/* Network order. */
static inline bool
span_u16(struct span *s, uint16_t *v)
{
	if (s->left < 2)
		return false;
	*v = (uint16_t)((unsigned)s->at[0] << 8 | s->at[1]);
	s->at += 2;
	s->left -= 2;
	return true;
}

static inline bool
span_u24(struct span *s, uint32_t *v)
{
	if (s->left < 3)
		return false;
	*v = (uint32_t)s->at[0] << 16 | (uint32_t)s->at[1] << 8 | s->at[2];
	s->at += 3;
	s->left -= 3;
	return true;
}

static inline bool
span_u32(struct span *s, uint32_t *v)
{
	if (s->left < 4)
		return false;
	*v = (uint32_t)s->at[0] << 24 | (uint32_t)s->at[1] << 16 |
	    (uint32_t)s->at[2] << 8 | s->at[3];
	s->at += 4;
	s->left -= 4;
	return true;
}

static inline bool
span_u64(struct span *s, uint64_t *v)
{
	uint32_t hi, lo;

	if (s->left < 8)
		return false;
	(void)span_u32(s, &hi);
	(void)span_u32(s, &lo);
	*v = (uint64_t)hi << 32 | lo;
	return true;
}

/* Little endian, for capture files and our own records. */
static inline bool
span_le16(struct span *s, uint16_t *v)
{
	if (s->left < 2)
		return false;
	*v = (uint16_t)((unsigned)s->at[1] << 8 | s->at[0]);
	s->at += 2;
	s->left -= 2;
	return true;
}

static inline bool
span_le32(struct span *s, uint32_t *v)
{
	if (s->left < 4)
		return false;
	*v = (uint32_t)s->at[3] << 24 | (uint32_t)s->at[2] << 16 |
	    (uint32_t)s->at[1] << 8 | s->at[0];
	s->at += 4;
	s->left -= 4;
	return true;
}

static inline bool
span_le64(struct span *s, uint64_t *v)
{
	uint32_t lo, hi;

	if (s->left < 8 || !span_le32(s, &lo) || !span_le32(s, &hi))
		return false;
	*v = (uint64_t)hi << 32 | lo;
	return true;
}

/* The other way, for our own records: n bytes of v; returns where the next ones go. */
static inline uint8_t *
put_le(uint8_t *p, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		*p++ = (uint8_t)(v >> 8 * i);
	return p;
}

#endif
