/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tftp: a request (RFC 1350, options of RFC 2347 and 2349) and the first block of a
 * transfer. Refuses the blocks behind it.
 */
#include "classify/content/parse.h"

#include <string.h>

#define NAME_MAX 255

/* A text and the zero behind it. */
static bool
word(struct span *s, struct span *out)
{
	const uint8_t *end = s->left == 0 ? NULL : memchr(s->at, 0, s->left);

	return end != NULL && span_take(s, (size_t)(end - s->at), out) && span_skip(s, 1);
}

enum tftp_word
tftp_packet(struct span p, struct tftp_said *out)
{
	struct span mode, key, value;
	const uint8_t *slash;
	uint16_t op, block;

	memset(out, 0, sizeof(*out));
	out->length = UINT64_MAX;
	if (!span_u16(&p, &op))
		return TFTP_NOTHING;
	if (op == 3) {
		if (!span_u16(&p, &block) || block != 1)
			return TFTP_NOTHING;
		out->body = p;
		return TFTP_FIRST;
	}
	if ((op != 1 && op != 2) || !word(&p, &out->name) || !word(&p, &mode) ||
	    out->name.left == 0 || out->name.left > NAME_MAX)
		return TFTP_NOTHING;
	for (size_t i = 0; i < out->name.left; i++)
		if (out->name.at[i] < ' ')
			return TFTP_NOTHING;
	if (!text_is(mode, "octet") && !text_is(mode, "netascii") && !text_is(mode, "mail"))
		return TFTP_NOTHING;
	while (word(&p, &key) && word(&p, &value))
		if (text_is(key, "tsize") && op == 2 && !text_number(&value, &out->length))
			out->length = UINT64_MAX;
	out->name = http_path_name(out->name);
	slash = memchr(out->name.at, '\\', out->name.left);
	while (slash != NULL) {
		(void)span_skip(&out->name, (size_t)(slash - out->name.at) + 1);
		slash = out->name.left == 0 ? NULL :
		    memchr(out->name.at, '\\', out->name.left);
	}
	return op == 1 ? TFTP_READ : TFTP_WRITE;
}
