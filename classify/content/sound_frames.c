/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sound_frames: formats that are frames one behind the other: MP3 (ISO 11172-3; the notes
 * of encoders, Xing, Info and VBRI), ADTS (ISO 13818-7), AMR (RFC 4867), FLAC (RFC 9639)
 * and Ogg (RFC 3533, RFC 7845, the Vorbis I and Speex headers, Ogg FLAC 1.0). Owns their
 * length and rate; refuses decoding.
 */
#include "classify/content/sound.h"

#include <string.h>

/* An encoder's note in the first frame, which has no sound, or the frames' own rate.
 * A tag with a picture is longer than what is read: the frames come behind it. */
void
sound_mp3(struct span b, struct length *out)
{
	struct mpeg_frame f, g;
	uint32_t flags, frames, bytes;
	size_t side, n = 0, sum = 0;
	double each;

	out->codec = CODED_MP3;
	if (is_at(b, 0, "ID3", 3)) {
		uint32_t v;

		if (!at_be32(b, 6, &v))
			return;
		/* four times seven bits */
		v = (v & 0x7f) | (v >> 1 & 0x3f80) | (v >> 2 & 0x1fc000) |
		    (v >> 3 & 0xfe00000);
		out->before = 10U + v + ((b.at[5] & 0x10) ? 10U : 0);
		if (!span_skip(&b, (size_t)out->before)) {
			out->again = out->before;
			return;
		}
	}
	while (b.left > 0 && b.at[0] == 0)	/* padding behind the tag */
		(void)span_skip(&b, 1);
	if (!mpeg_frame(b, &f))
		return;
	if (f.layer != 3)
		out->codec = CODED_MPA;
	each = (double)f.samples / f.hertz;
	side = 4U + (f.mpeg1 ? (f.mono ? 17U : 32U) : (f.mono ? 9U : 17U));
	if ((is_at(b, side, "Xing", 4) || is_at(b, side, "Info", 4)) &&
	    at_be32(b, side + 4, &flags) && (flags & 1) &&
	    at_be32(b, side + 8, &frames) && frames > 0) {
		out->seconds = frames * each;
		if ((flags & 2) && at_be32(b, side + 12, &bytes))
			out->rate = bytes * 8.0 / out->seconds;
		return;
	}
	if (is_at(b, 36, "VBRI", 4) && at_be32(b, 46, &bytes) && at_be32(b, 50, &frames) &&
	    frames > 0) {
		out->seconds = frames * each;
		out->rate = bytes * 8.0 / out->seconds;
		return;
	}
	while (mpeg_frame(b, &g) && g.hertz == f.hertz && g.samples == f.samples) {
		sum += g.bytes;
		n++;
		if (!span_skip(&b, g.bytes))
			break;
	}
	out->rate = (double)sum * 8.0 / ((double)n * each);
}

void
sound_adts(struct span b, struct length *out)
{
	static const uint32_t hertz[13] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
		22050, 16000, 12000, 11025, 8000, 7350 };
	size_t frame, sum = 0;
	uint32_t kind;
	double seconds = 0;

	out->codec = CODED_AAC;
	while (adts_sync(b, &frame, &kind) && b.left >= 7) {
		seconds += 1024.0 * (1 + (b.at[6] & 3)) / hertz[kind >> 10 & 15];
		sum += frame;
		if (!span_skip(&b, frame))
			break;
	}
	if (seconds > 0)
		out->rate = (double)sum * 8.0 / seconds;
}

/* A page's size, and how many packets of its first segments are whole. */
static bool
ogg_page(struct span b, uint32_t *size, uint64_t *position)
{
	struct span s = b, table;
	uint32_t lo, hi;
	uint8_t n;

	if (!is_at(b, 0, "OggS", 4) || !at_le32(b, 6, &lo) || !at_le32(b, 10, &hi) ||
	    !span_skip(&s, 26) || !span_u8(&s, &n) || !span_take(&s, n, &table))
		return false;
	*position = (uint64_t)hi << 32 | lo;
	*size = 27U + n;
	for (size_t i = 0; i < table.left; i++)
		*size += table.at[i];
	return true;
}

/* Bytes and position of the first pages with sound; Vorbis' and Speex' own header before
 * that, since a page of theirs comes behind code books longer than what is read here. */
void
sound_ogg(struct span b, enum format_word format, struct length *out)
{
	struct span all = b;
	uint32_t v, size, bytes = 0;
	uint64_t position;
	uint16_t skip = 0;

	if (format == FORMAT_VORBIS) {
		out->codec = CODED_VORBIS;
		if (at_le32(b, 28 + 20, &v) && v > 0 && v < 1000000)
			out->rate = v;
		return;
	}
	if (format == FORMAT_SPEEX) {
		out->codec = CODED_SPEEX;
		if (at_le32(b, 28 + 52, &v) && v > 0 && v < 1000000)
			out->rate = v;
		return;
	}
	if (format == FORMAT_FLAC) {
		out->codec = CODED_FLAC;
		if (span_skip(&b, 28 + 9))
			sound_flac(b, out);
		return;
	}
	out->codec = CODED_OPUS;
	(void)at_le16(all, 28 + 10, &skip);
	for (unsigned page = 0; page < CHUNKS && ogg_page(b, &size, &position); page++) {
		if (page >= 2)		/* behind OpusHead and OpusTags */
			bytes += size;
		if (page >= 2 && position < UINT32_MAX && position > skip) {
			out->rate = bytes * 8.0 * 48000 / (double)(position - skip);
			return;
		}
		if (!span_skip(&b, size))
			return;
	}
}

void
sound_flac(struct span b, struct length *out)
{
	uint32_t hz, samples;

	out->codec = CODED_FLAC;
	if (!is_at(b, 0, "fLaC", 4) || !at_be32(b, 18, &hz) || !at_be32(b, 22, &samples))
		return;
	/* 20 bits of rate; 36 of samples, four of them in the byte before */
	if (hz >> 12 != 0)
		out->seconds = ((double)(b.at[21] & 0x0f) * 4294967296.0 + samples) /
		    (hz >> 12);
}

/* RFC 4867, 5: a byte that names the size, fifty frames a second. */
void
sound_amr(struct span b, bool wide, struct length *out)
{
	static const uint8_t narrow_bytes[16] = { 13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0,
		0, 0, 1 };
	static const uint8_t wide_bytes[16] = { 18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0,
		0, 1, 1 };
	size_t sum = 0, n = 0, head = wide ? 9 : 6;

	out->codec = wide ? CODED_AMR_WB : CODED_AMR;
	if (is_at(b, head - 1, "_MC", 3) || !span_skip(&b, head))
		return;		/* several channels: frame blocks of their own */
	out->before = head;
	while (b.left > 0) {
		uint8_t size = (wide ? wide_bytes : narrow_bytes)[b.at[0] >> 3 & 15];

		if (size == 0)
			return;
		sum += size;
		n++;
		if (!span_skip(&b, size))
			break;
	}
	if (n > 0)
		out->rate = (double)sum * 8.0 * 50.0 / (double)n;
}
