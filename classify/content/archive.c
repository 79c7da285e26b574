/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * archive: the names in archives, as far as they stand in clear: ZIP (APPNOTE 4.3.7, sizes
 * also of zip64, or behind the data), TAR (ustar, the long names of pax and GNU, and what
 * was before), RAR 4 and 5, gzip. Owns going from entry to entry by their sizes; refuses
 * what is packed. 7z keeps its names packed at its end.
 */
#include "classify/content/parse.h"

#include <string.h>

#define ENTRIES_LOOK 64

struct entry {
	struct span name;
	uint64_t size;			/* of all of it; 0: the next has to be looked for */
	bool told;			/* it has a name */
};

static bool
is_at(struct span b, size_t at, const char *what, size_t n)
{
	return span_skip(&b, at) && b.left >= n && memcmp(b.at, what, n) == 0;
}

/* zip64's extra field: the true sizes where the header says all ones. */
static void
zip_wide(struct span extra, bool whole_too, uint64_t *packed)
{
	struct span one;
	uint64_t v;
	uint16_t id, n;

	while (span_le16(&extra, &id) && span_le16(&extra, &n) && span_take(&extra, n, &one))
		if (id == 1 && (!whole_too || span_skip(&one, 8)) && span_le64(&one, &v))
			*packed = v;
}

static bool
zip_entry(struct span b, struct entry *e)
{
	struct span s = b, head, extra = { NULL, 0 };
	uint32_t packed, whole;
	uint64_t size;
	uint16_t n, more;

	if (!is_at(s, 0, "PK\3\4", 4) || !span_take(&s, 30, &head) ||
	    !span_skip(&head, 18) || !span_le32(&head, &packed) ||
	    !span_le32(&head, &whole) || !span_le16(&head, &n) ||
	    !span_le16(&head, &more) || !span_take(&s, n, &e->name))
		return false;
	size = packed;
	if (span_take(&s, more, &extra) && packed == UINT32_MAX)
		zip_wide(extra, whole == UINT32_MAX, &size);
	e->told = true;
	e->size = 30U + (uint64_t)n + more + size;
	if ((b.at[6] & 8) && packed == 0)
		e->size = 0;
	return true;
}

static uint64_t
octal(const uint8_t *at, size_t n)
{
	uint64_t v = 0;

	if (at[0] == 0x80) {			/* GNU: too large for digits */
		for (size_t i = n - 8; i < n; i++)
			v = v << 8 | at[i];
		return v;
	}
	for (size_t i = 0; i < n && at[i] != 0; i++)
		if (at[i] >= '0' && at[i] <= '7')
			v = v << 3 | (at[i] - (uint64_t)'0');
	return v;
}

/* "27 path=some/where\n" */
static void
pax_name(struct span s, struct span *name)
{
	const uint8_t *at = span_find(s, " path=", 6);
	struct span line;

	if (at == NULL || !span_skip(&s, (size_t)(at - s.at) + 6))
		return;
	if (line_take(&s, &line))
		*name = line;
}

static bool
tar_entry(struct span b, struct entry *e)
{
	struct span s = b, block, data;
	uint64_t size;
	size_t n = 0;
	uint8_t type;

	if (!span_take(&s, 512, &block) || block.at[0] == 0)
		return false;
	while (n < 100 && block.at[n] != 0)
		n++;
	size = octal(block.at + 124, 12);
	if (size > INT64_MAX)
		return false;
	type = block.at[156];
	e->name = (struct span){ block.at, n };
	e->told = true;
	e->size = 512 + ((size + 511) & ~UINT64_C(511));
	data = s;
	if (size < data.left)
		data.left = (size_t)size;
	if (type == 'L') {
		e->name = data;
		while (e->name.left > 0 && e->name.at[e->name.left - 1] == 0)
			e->name.left--;
	} else if (type == 'x' || type == 'g') {
		e->name.left = 0;
		pax_name(data, &e->name);
	}
	return true;
}

static bool
rar_number(struct span *s, uint64_t *v)
{
	uint8_t b;

	*v = 0;
	for (unsigned i = 0; i < 9; i++) {
		if (!span_u8(s, &b))
			return false;
		*v |= (uint64_t)(b & 0x7f) << 7 * i;
		if ((b & 0x80) == 0)
			return true;
	}
	return false;
}

/* IEEE 802.3's, bit by bit: headers are short. */
static uint32_t
crc32(struct span s)
{
	uint32_t sum = UINT32_MAX;
	uint8_t b;

	while (span_u8(&s, &b)) {
		sum ^= b;
		for (int i = 0; i < 8; i++)
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320U : 0);
	}
	return ~sum;
}

/* RAR 5: sum, size of the header, type, flags, [extra], [data], and of a file its
 * flags, size, attributes, [time], [sum], method, system, name. */
static bool
rar5_entry(struct span b, struct entry *e)
{
	struct span s = b, rest, summed;
	uint64_t head, type, flags, extra = 0, data = 0, v, file, n;
	uint32_t sum;

	if (!span_le32(&s, &sum))
		return false;
	summed = s;
	if (!rar_number(&s, &head) || head == 0 || head > s.left)
		return false;
	rest = s;
	rest.left = (size_t)head;
	summed.left = (size_t)(s.at - summed.at) + (size_t)head;
	if (crc32(summed) != sum)
		return false;
	e->size = (uint64_t)(s.at - b.at) + head;
	if (!rar_number(&rest, &type) || !rar_number(&rest, &flags) ||
	    ((flags & 1) && !rar_number(&rest, &extra)) ||
	    ((flags & 2) && !rar_number(&rest, &data)) || data > INT64_MAX || type > 5)
		return false;
	e->size += data;
	if (type == 4)			/* what follows is encrypted */
		return false;
	if (type != 2)
		return true;
	if (!rar_number(&rest, &file) || !rar_number(&rest, &v) || !rar_number(&rest, &v) ||
	    ((file & 2) && !span_skip(&rest, 4)) || ((file & 4) && !span_skip(&rest, 4)) ||
	    !rar_number(&rest, &v) || !rar_number(&rest, &v) || !rar_number(&rest, &n) ||
	    n > rest.left || !span_take(&rest, (size_t)n, &e->name))
		return false;
	e->told = true;
	return true;
}

/* RAR 2 to 4: sum, type, flags, size of the header; 0x74 is a file. */
static bool
rar4_entry(struct span b, struct entry *e)
{
	struct span s = b, all = b;
	uint8_t type;
	uint16_t flags, head, n;
	uint32_t data = 0;

	if (!span_skip(&s, 2) || !span_u8(&s, &type) || !span_le16(&s, &flags) ||
	    !span_le16(&s, &head) || head < 7 || type < 0x72 || type > 0x7b)
		return false;
	if ((type == 0x74 || (flags & 0x8000)) && !span_le32(&s, &data))
		return false;
	e->size = (uint64_t)head + data;
	if (type == 0x73 && (flags & 0x80))
		return false;
	if (type != 0x74)
		return true;
	if (!span_skip(&all, 26) || !span_le16(&all, &n) ||
	    !span_skip(&all, (flags & 0x100) ? 12 : 4) || !span_take(&all, n, &e->name))
		return false;
	for (size_t i = 0; i < e->name.left; i++)	/* behind a zero: the same, packed */
		if (e->name.at[i] == 0)
			e->name.left = i;
	e->told = true;
	return true;
}

static bool
rar_entry(struct span b, struct entry *e)
{
	if (is_at(b, 0, "Rar!\x1a\x07\1\0", 8) || is_at(b, 0, "Rar!\x1a\x07\0", 7)) {
		e->size = b.at[6] == 1 ? 8 : 7;
		return true;
	}
	return rar5_entry(b, e) || rar4_entry(b, e);
}

/* RFC 1952: the name before it was packed. */
static bool
gzip_entry(struct span b, struct entry *e)
{
	const uint8_t *end;
	uint16_t extra;
	uint8_t flags;

	if (!span_skip(&b, 3) || !span_u8(&b, &flags) || !span_skip(&b, 6) ||
	    ((flags & 4) && (!span_le16(&b, &extra) || !span_skip(&b, extra))) ||
	    !(flags & 8) || b.left == 0 || (end = memchr(b.at, 0, b.left)) == NULL)
		return false;
	e->name = (struct span){ b.at, (size_t)(end - b.at) };
	e->told = true;
	return true;
}

static bool
entry(struct span b, enum format_word format, struct entry *e)
{
	switch ((unsigned)format) {
	case FORMAT_ZIP:
	case FORMAT_OFFICE:
	case FORMAT_JAR: return zip_entry(b, e);
	case FORMAT_TAR: return tar_entry(b, e);
	case FORMAT_RAR: return rar_entry(b, e);
	case FORMAT_GZIP: return gzip_entry(b, e);
	}
	return false;
}

/* A sound's ending; or an ending that says nothing, and words that do. */
static bool
is_sound(struct span name)
{
	enum content_word class = class_of_name(name);

	return class == CONTENT_AUDIO ||
	    ((class == CONTENT_UNKNOWN || class == CONTENT_ARCHIVE) && name.left > 0 &&
	    name.at[name.left - 1] != '/' && speaks_of_recordings(name));
}

bool
archive_sound(struct span b, enum format_word format, struct span *name, uint64_t *again)
{
	struct span all = b;
	struct entry e;

	*again = 0;
	for (unsigned i = 0; i < ENTRIES_LOOK; i++) {
		const uint8_t *next;

		memset(&e, 0, sizeof(e));
		if (!entry(b, format, &e)) {
			/* its header is not whole */
			if (i > 0 && b.left < 512 && b.left > 0)
				*again = (uint64_t)(b.at - all.at);
			return false;
		}
		if (e.told && is_sound(e.name)) {
			*name = e.name;
			return true;
		}
		if (format == FORMAT_GZIP)
			return false;
		if (e.size == 0) {		/* the sizes stand behind the data */
			(void)span_skip(&b, 4);
			next = span_find(b, "PK\3\4", 4);
			if (next == NULL)
				return false;
			(void)span_skip(&b, (size_t)(next - b.at));
		} else if (e.size >= b.left) {
			if (e.size < INT64_MAX)
				*again = (uint64_t)(b.at - all.at) + e.size;
			return false;
		} else {
			(void)span_skip(&b, (size_t)e.size);
		}
	}
	*again = (uint64_t)(b.at - all.at);
	return false;
}
