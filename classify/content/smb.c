/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smb: frames of SMB 2 and 3 on TCP (MS-SMB2 2.1, 2.2), with or without a NetBIOS session
 * (RFC 1002): the name of a CREATE, the bytes that a WRITE puts at offset 0, the READ at
 * offset 0 and the bytes of its answer. Refuses SMB 1 and what is encrypted or compressed:
 * such frames are passed over by their length.
 */
#include "classify/content/parse.h"

#include <string.h>

#define HEADER 64
#define LOOK 640		/* bytes of a frame that hold what is asked of it */
#define COMPOUND 8
#define DIRECTORY 1U		/* CreateOptions */

enum { CREATE = 5, READ = 8, WRITE = 9, SET_INFO = 17 };
#define RENAME 0x0a01U			/* of a file; FileRenameInformation */
enum { IS_ANSWER = 1 };

static bool
le16_at(struct span m, size_t at, uint16_t *v)
{
	return span_skip(&m, at) && span_le16(&m, v);
}

static bool
le32_at(struct span m, size_t at, uint32_t *v)
{
	return span_skip(&m, at) && span_le32(&m, v);
}

static bool
zero64_at(struct span m, size_t at)
{
	uint32_t lo, hi;

	return le32_at(m, at, &lo) && le32_at(m, at + 4, &hi) && lo == 0 && hi == 0;
}

static bool
body_at(struct span m, size_t at, uint32_t n, struct smb_frame *out)
{
	if (!span_skip(&m, at))
		return false;
	out->whole = m.left >= n;
	if (out->whole)
		m.left = n;
	out->body = m;
	return true;
}

static void
message(struct span all, struct span m, struct smb_frame *out)
{
	uint32_t flags, id, options, len, status;
	uint16_t command, at, n;

	if (!le16_at(m, 12, &command) || !le32_at(m, 16, &flags) || !le32_at(m, 24, &id) ||
	    !le32_at(m, 8, &status))
		return;
	if (command == CREATE && !(flags & IS_ANSWER)) {
		if (!le32_at(m, HEADER + 40, &options) || (options & DIRECTORY) ||
		    !le16_at(m, HEADER + 44, &at) || !le16_at(m, HEADER + 46, &n) ||
		    n == 0 || !span_skip(&m, at) || m.left < n)
			return;
		out->created = true;
		out->name = (struct span){ m.at, n };
	} else if (command == WRITE && !(flags & IS_ANSWER)) {
		struct span id_at = m;
		uint32_t lo, hi;
		uint16_t word;

		if (!le16_at(m, HEADER + 2, &at) || !le32_at(m, HEADER + 4, &len) ||
		    len == 0 || at < HEADER + 48 || !le32_at(m, HEADER + 8, &lo) ||
		    !le32_at(m, HEADER + 12, &hi) || !span_skip(&id_at, HEADER + 16))
			return;
		out->file = 0;
		for (unsigned i = 0; i < 8 && span_le16(&id_at, &word); i++)
			out->file = (uint16_t)(out->file * 31U + word);
		out->at = (uint64_t)hi << 32 | lo;
		out->length = len;
		out->before = (uint64_t)(m.at - all.at) + at;
		if (out->at == 0)
			out->wrote = body_at(m, at, len, out);
		else
			out->goes_on = out->before + len <= out->size;
	} else if (command == SET_INFO && !(flags & IS_ANSWER)) {
		uint16_t what;

		if (!le16_at(m, HEADER + 2, &what) || what != RENAME ||
		    !le16_at(m, HEADER + 8, &at) || !le32_at(m, at + 16U, &len) ||
		    !span_skip(&m, at + 20U) || len == 0 || m.left < len)
			return;
		out->renamed = true;
		out->name = (struct span){ m.at, len };
	} else if (command == READ && !(flags & IS_ANSWER)) {
		if (!zero64_at(m, HEADER + 8))
			return;
		out->asked = true;
		out->id = id;
	} else if (command == READ && status == 0) {
		if (!le16_at(m, HEADER + 2, &at) || !le32_at(m, HEADER + 4, &len) || len == 0)
			return;
		at &= 0xff;
		if (at < HEADER + 16)
			return;
		out->answer = id;
		out->answered = body_at(m, at, len, out);
	}
}

enum parse
smb_frame(struct span s, bool final, struct smb_frame *out)
{
	struct span all = s, m, magic;
	uint32_t len, next;
	uint8_t type;

	memset(out, 0, sizeof(*out));
	if (!span_u8(&s, &type))
		return PARSE_MORE;
	if (type != 0 && (type < 0x81 || type > 0x85))
		return PARSE_NOT;
	if (!span_u24(&s, &len))
		return PARSE_MORE;
	out->size = (uint64_t)len + 4;
	if (type != 0)
		/* RFC 1002, 4.3: 0x84 is an answer with an address, 0x85 keeps alive */
		return len == (type == 0x81 ? 68U : type == 0x83 ? 1U : type == 0x84 ? 6U :
		    0U) ? PARSE_DONE : PARSE_NOT;
	if (len < 32)
		return PARSE_NOT;
	m = s;
	if (!span_take(&s, 4, &magic))
		return PARSE_MORE;
	if (memcmp(magic.at + 1, "SMB", 3) != 0 || magic.at[0] < 0xfc)
		return PARSE_NOT;
	if (magic.at[0] != 0xfe)
		return PARSE_DONE;
	if (m.left > len)
		m.left = len;
	else if (m.left < len && m.left < LOOK && !final)
		return PARSE_MORE;
	for (unsigned i = 0; i < COMPOUND; i++) {
		struct span one = m;

		if (!le32_at(m, 20, &next) || memcmp(m.at, "\xfeSMB", 4) != 0)
			break;
		if (next >= HEADER && next < one.left)
			one.left = next;
		message(all, one, out);
		if (next < HEADER || !span_skip(&m, next))
			break;
	}
	return PARSE_DONE;
}

static size_t
utf8(uint32_t u, uint8_t out[4])
{
	if (u < 0x80) {
		out[0] = (uint8_t)u;
		return 1;
	}
	if (u < 0x800) {
		out[0] = (uint8_t)(0xc0 | u >> 6);
		out[1] = (uint8_t)(0x80 | (u & 0x3f));
		return 2;
	}
	if (u < 0x10000) {
		out[0] = (uint8_t)(0xe0 | u >> 12);
		out[1] = (uint8_t)(0x80 | (u >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (u & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | u >> 18);
	out[1] = (uint8_t)(0x80 | (u >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (u >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (u & 0x3f));
	return 4;
}

size_t
smb_name(struct span s, uint8_t *out, size_t room)
{
	struct span t = s;
	uint16_t u, low;
	uint8_t c[4];
	size_t n = 0;

	while (span_le16(&t, &u))
		if (u == '\\')
			s = t;
	while (span_le16(&s, &u)) {
		uint32_t v = u;
		size_t m;

		if (u == 0)
			break;
		t = s;
		if (u >= 0xd800 && u < 0xdc00 && span_le16(&t, &low) && low >= 0xdc00 &&
		    low < 0xe000) {
			v = 0x10000U + ((uint32_t)(u - 0xd800) << 10) + (low - 0xdc00U);
			s = t;
		} else if (u >= 0xd800 && u < 0xe000) {
			v = '?';
		}
		m = utf8(v, c);
		if (m > room - n)
			break;
		memcpy(out + n, c, m);
		n += m;
	}
	return n;
}
