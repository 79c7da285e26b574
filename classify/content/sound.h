/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sound: what the header of a sound file tells, and for the parsers of it small readers
 * at an offset. Shared by sound.c, sound_frames.c and boxes.c.
 */
#ifndef CLASSIFY_CONTENT_SOUND_H
#define CLASSIFY_CONTENT_SOUND_H

#include "classify/content/parse.h"

#define CHUNKS 32			/* pieces of a container that are looked at */

/* In seconds and bits per second; 0: unknown. */
struct length {
	double seconds, rate;
	uint64_t before;		/* bytes of the file that are no sound */
	uint64_t again;			/* the rest is told at this
					 * offset; 0: nowhere */
	enum coded_word codec;
	uint8_t tracks;			/* TRACK_ bits of those seen so far */
};

static inline bool
at_be32(struct span b, size_t at, uint32_t *v)
{
	return span_skip(&b, at) && span_u32(&b, v);
}

static inline bool
at_le32(struct span b, size_t at, uint32_t *v)
{
	return span_skip(&b, at) && span_le32(&b, v);
}

static inline bool
at_le16(struct span b, size_t at, uint16_t *v)
{
	return span_skip(&b, at) && span_le16(&b, v);
}

static inline bool
is_at(struct span b, size_t at, const char *what, size_t n)
{
	return span_skip(&b, at) && b.left >= n && memcmp(b.at, what, n) == 0;
}

#define TAG(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | \
    (uint32_t)(d))

/* Codecs by the number that WAV and ASF share, and by four characters. */
enum coded_word codec_of_wave(unsigned tag);
enum coded_word codec_of_tag(uint32_t tag);

/* ---- sound_frames.c ---- */
void sound_mp3(struct span b, struct length *out);
void sound_ogg(struct span b, enum format_word format, struct length *out);
void sound_flac(struct span b, struct length *out);
void sound_adts(struct span b, struct length *out);
void sound_amr(struct span b, bool wide, struct length *out);

/* ---- boxes.c ---- */
/* out->tracks on entry: what was seen of them before. */
void sound_mp4(struct span b, struct length *out);
void sound_matroska(struct span b, struct length *out);
void sound_asf(struct span b, struct length *out);

#endif
