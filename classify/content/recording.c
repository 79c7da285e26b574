/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recording: sound.c's headers over a whole file, and the ends of Ogg and MP4. */
#include "classify/content/recording.h"

#include "classify/content/parse.h"

#include <string.h>

#define TAIL 131072U			/* two of the longest pages of an Ogg */
#define BOXES 4096			/* of an MP4, before it is given up on */

/* The position in the last page over the samples a second that the first one names.
 * RFC 3533, 7845; Opus counts at 48 kHz whatever it holds. */
static int64_t
ogg_length(struct span file, enum format_word format)
{
	struct span head = file, end = file, page;
	uint32_t hertz = 48000;
	uint16_t skip = 0;
	uint64_t at, last = 0;

	if (format == FORMAT_VORBIS || format == FORMAT_SPEEX) {
		if (!span_skip(&head, 28 + (format == FORMAT_VORBIS ? 12 : 36)) ||
		    !span_le32(&head, &hertz))
			return 0;
	} else if (!span_skip(&head, 28 + 10) || !span_le16(&head, &skip)) {
		return 0;
	}
	if (hertz == 0 || hertz > 768000)
		return 0;
	if (end.left > TAIL)
		(void)span_skip(&end, end.left - TAIL);
	for (; end.left >= 14; (void)span_skip(&end, 1)) {
		if (end.at[0] != 'O' || memcmp(end.at, "OggS", 4) != 0)
			continue;
		page = end;
		/* Of a page in which no packet ends the position is -1. */
		if (span_skip(&page, 6) && span_le64(&page, &at) && at != UINT64_MAX)
			last = at;
	}
	if (last <= skip || (last - skip) / hertz > 366 * 86400)
		return 0;
	return (int64_t)((double)(last - skip) / hertz * 1e9);
}

/* moov may stand behind the sound, and mdat's length may have 64 bits. */
static bool
mp4_index(struct span file, struct span *moov)
{
	for (unsigned i = 0; i < BOXES && file.left >= 8; i++) {
		struct span box = file;
		uint32_t size, id;
		uint64_t whole;

		(void)span_u32(&box, &size);
		(void)span_u32(&box, &id);
		whole = size;
		if (size == 1 && !span_u64(&box, &whole))
			return false;
		if (id == 0x6d6f6f76) {			/* moov */
			*moov = file;
			return true;
		}
		if (whole < 8 || whole > file.left || !span_skip(&file, (size_t)whole))
			return false;
	}
	return false;
}

void
recording_of(struct span file, struct recording *out)
{
	struct span at = file;
	struct sound s;

	*out = (struct recording){ .format = FORMAT_UNKNOWN };
	out->format = magic_of(file, &out->class);
	if (out->format == FORMAT_UNKNOWN) {
		out->class = CONTENT_UNKNOWN;
		return;
	}
	switch (out->format) {
	case FORMAT_OPUS:
	case FORMAT_VORBIS:
	case FORMAT_SPEEX:
		out->ns = ogg_length(file, out->format);
		sound_of(file, out->format, file.left, 0, &s);
		out->codec = s.codec;
		break;
	case FORMAT_M4A:
	case FORMAT_MP4:
		if (!mp4_index(file, &at))
			break;
		/* fall through */
	default:
		sound_of(at, out->format, file.left, 0, &s);
		out->ns = s.ns;
		out->codec = s.codec;
		/* an MP4 with its index behind says only there what it holds */
		if (out->class == CONTENT_UNKNOWN)
			out->class = s.class;
		break;
	}
	if (out->ns > 0)
		out->rate = (double)file.left * 8e9 / (double)out->ns;
}
