/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sound: how long a recording is and at which rate, by the container's own header, and
 * where that does not say it, by the declared length over the rate of its first frames.
 * Owns the arithmetic. Refuses guessing: what neither header nor frames tell is unknown.
 *
 * Sources: ISO 11172-3 and the Xing, Info and VBRI headers of encoders (MP3), ISO 13818-7
 * (ADTS), RFC 7845 and the Vorbis I and Speex headers (Ogg), RFC 9639 (FLAC), the RIFF
 * and EBU 3306 chunks (WAV, RF64), AIFF 1.3, RFC 4867 (AMR), ISO 14496-12 (MP4).
 */
#include "classify/content/parse.h"

#include <math.h>
#include <string.h>

#define DAYS_MAX 30		/* longer than any recording: nonsense */
#define CHUNKS 32
#define NS 1000000000.0

/* In seconds and bits per second; 0: unknown. */
struct length {
	double seconds, rate;
	uint64_t before;	/* bytes of the file that are no sound */
};

static bool
at_be32(struct span b, size_t at, uint32_t *v)
{
	return span_skip(&b, at) && span_u32(&b, v);
}

static bool
at_le32(struct span b, size_t at, uint32_t *v)
{
	return span_skip(&b, at) && span_le32(&b, v);
}

static bool
is_at(struct span b, size_t at, const char *what, size_t n)
{
	return span_skip(&b, at) && b.left >= n && memcmp(b.at, what, n) == 0;
}

/* An encoder's note in the first frame, which has no sound, or the frames' own rate. */
static void
mp3(struct span b, struct length *out)
{
	struct mpeg_frame f, g;
	uint32_t flags, frames, bytes;
	size_t side, n = 0, sum = 0;
	double each;

	if (is_at(b, 0, "ID3", 3)) {
		uint32_t v;

		if (!at_be32(b, 6, &v))
			return;
		/* four times seven bits */
		v = (v & 0x7f) | (v >> 1 & 0x3f80) | (v >> 2 & 0x1fc000) |
		    (v >> 3 & 0xfe00000);
		out->before = 10U + v + ((b.at[5] & 0x10) ? 10U : 0);
		if (!span_skip(&b, (size_t)out->before))
			return;
	}
	if (!mpeg_frame(b, &f))
		return;
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

static void
adts(struct span b, struct length *out)
{
	static const uint32_t hertz[13] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
		22050, 16000, 12000, 11025, 8000, 7350 };
	size_t frame, sum = 0;
	uint32_t kind;
	double seconds = 0;

	while (adts_sync(b, &frame, &kind) && b.left >= 7) {
		seconds += 1024.0 * (1 + (b.at[6] & 3)) / hertz[kind >> 10 & 15];
		sum += frame;
		if (!span_skip(&b, frame))
			break;
	}
	if (seconds > 0)
		out->rate = (double)sum * 8.0 / seconds;
}

/* Bytes and position of the first page with sound; Vorbis' and Speex' own header before
 * that, since a page of theirs comes behind code books longer than what is read here. */
static void
ogg(struct span b, enum format_word format, struct length *out)
{
	struct span all = b;
	uint32_t v, bytes = 0;
	uint16_t skip = 0;
	double hertz = 48000;

	if (format == FORMAT_VORBIS) {
		if (at_le32(b, 28 + 20, &v) && v > 0 && v < 1000000)
			out->rate = v;
		return;
	}
	if (format == FORMAT_SPEEX) {
		if (at_le32(b, 28 + 52, &v) && v > 0 && v < 1000000)
			out->rate = v;
		return;
	}
	if (format != FORMAT_OPUS)
		return;
	if (span_skip(&all, 28 + 10))
		(void)span_le16(&all, &skip);
	for (unsigned page = 0; page < CHUNKS && is_at(b, 0, "OggS", 4); page++) {
		struct span s = b, table;
		uint32_t lo, hi, size;
		uint8_t n;

		if (!at_le32(b, 6, &lo) || !at_le32(b, 10, &hi) || !span_skip(&s, 26) ||
		    !span_u8(&s, &n) || !span_take(&s, n, &table))
			return;
		size = 27U + n;
		for (size_t i = 0; i < table.left; i++)
			size += table.at[i];
		if (page >= 2)		/* behind OpusHead and OpusTags */
			bytes += size;
		if (page >= 2 && hi == 0 && lo > skip) {
			out->rate = bytes * 8.0 * hertz / (lo - skip);
			return;
		}
		if (!span_skip(&b, size))
			return;
	}
}

static void
flac(struct span b, struct length *out)
{
	uint32_t hz, samples;

	if (!at_be32(b, 18, &hz) || !at_be32(b, 22, &samples))
		return;
	/* 20 bits of rate; 36 of samples, four of them in the byte before */
	if (hz >> 12 != 0)
		out->seconds = ((double)(b.at[21] & 0x0f) * 4294967296.0 + samples) /
		    (hz >> 12);
}

static void
wav(struct span b, struct length *out)
{
	struct span all = b;
	uint32_t id, size, per_second = 0;
	double data = 0;

	if (!span_skip(&b, 12))
		return;
	for (unsigned i = 0; i < CHUNKS && span_u32(&b, &id) && span_le32(&b, &size); i++) {
		if (id == 0x64733634) {			/* ds64: RIFF, data */
			uint32_t lo, hi;

			if (at_le32(b, 8, &lo) && at_le32(b, 12, &hi))
				data = hi * 4294967296.0 + lo;
		} else if (id == 0x666d7420) {		/* "fmt " */
			if (!at_le32(b, 8, &per_second))
				return;
		} else if (id == 0x64617461) {		/* data */
			if (size != UINT32_MAX && size != 0)
				data = size;
			out->before = (uint64_t)(b.at - all.at);
			break;
		}
		if (size > HEAD_BYTES || !span_skip(&b, size + (size & 1)))
			break;
	}
	out->rate = per_second * 8.0;
	if (per_second > 0 && data > 0)
		out->seconds = data / per_second;
}

static void
aiff(struct span b, struct length *out)
{
	uint32_t id, size, frames, top;
	uint16_t exponent;

	if (!span_skip(&b, 12))
		return;
	for (unsigned i = 0; i < CHUNKS && span_u32(&b, &id) && span_u32(&b, &size); i++) {
		if (id == 0x434f4d4d) {			/* COMM; the rate has 80 bits */
			struct span r = b;
			double hz;

			if (!at_be32(b, 2, &frames) || !span_skip(&r, 8) ||
			    !span_u16(&r, &exponent) || !span_u32(&r, &top))
				return;
			hz = ldexp(top, (int)(exponent & 0x7fff) - 16383 - 31);
			if (hz >= 1 && hz < 1e6)
				out->seconds = frames / hz;
			return;
		}
		if (size > HEAD_BYTES || !span_skip(&b, size + (size & 1)))
			return;
	}
}

static void
au(struct span b, struct length *out)
{
	static const uint8_t bytes[28] = { [1] = 1, [2] = 1, [3] = 2, [4] = 3, [5] = 4,
		[6] = 4, [7] = 8, [27] = 1 };
	uint32_t at, data, coding, hz, channels;

	if (!at_be32(b, 4, &at) || !at_be32(b, 8, &data) || !at_be32(b, 12, &coding) ||
	    !at_be32(b, 16, &hz) || !at_be32(b, 20, &channels) || coding > 27 ||
	    hz > 1000000 || channels > 64)
		return;
	out->rate = 8.0 * bytes[coding] * hz * channels;
	out->before = at;
	if (data != UINT32_MAX && data > 0 && out->rate > 0)
		out->seconds = data * 8.0 / out->rate;
}

/* RFC 4867, 5: a byte that names the size, fifty frames a second. */
static void
amr(struct span b, bool wide, struct length *out)
{
	static const uint8_t narrow_bytes[16] = { 13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0,
		0, 0, 1 };
	static const uint8_t wide_bytes[16] = { 18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0,
		0, 1, 1 };
	size_t sum = 0, n = 0, head = wide ? 9 : 6;

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

/* moov/mvhd, when it stands before the sound. */
static void
mp4(struct span b, struct length *out)
{
	uint32_t size, id, scale, lo, hi = 0;

	for (unsigned i = 0; i < CHUNKS && span_u32(&b, &size) && span_u32(&b, &id); i++) {
		if (id == 0x6d6f6f76)			/* moov: go in */
			continue;
		if (id == 0x6d766864) {			/* mvhd */
			bool wide = b.left > 0 && b.at[0] == 1;

			if (!at_be32(b, wide ? 20 : 12, &scale) || scale == 0 ||
			    (wide && !at_be32(b, 24, &hi)) ||
			    !at_be32(b, wide ? 28 : 16, &lo))
				return;
			if (lo != UINT32_MAX)
				out->seconds = (hi * 4294967296.0 + lo) / scale;
			return;
		}
		if (size < 8 || !span_skip(&b, size - 8))
			return;
	}
}

bool
sound_of(struct span b, enum format_word format, uint64_t length, struct sound *out)
{
	struct length l = { .seconds = 0 };

	out->rate = 0;
	out->ns = 0;
	switch (format) {
	case FORMAT_MP3: mp3(b, &l); break;
	case FORMAT_AAC: adts(b, &l); break;
	case FORMAT_OPUS:
	case FORMAT_VORBIS:
	case FORMAT_SPEEX: ogg(b, format, &l); break;
	case FORMAT_FLAC:
		if (is_at(b, 0, "fLaC", 4))
			flac(b, &l);
		break;
	case FORMAT_WAV: wav(b, &l); break;
	case FORMAT_AIFF: aiff(b, &l); break;
	case FORMAT_AU: au(b, &l); break;
	case FORMAT_AMR: amr(b, false, &l); break;
	case FORMAT_AMR_WB: amr(b, true, &l); break;
	case FORMAT_M4A:
	case FORMAT_MP4: mp4(b, &l); break;
	default: return false;
	}
	if (length != UINT64_MAX && length > l.before) {
		double bits = (double)(length - l.before) * 8;

		if (l.seconds <= 0 && l.rate > 0)
			l.seconds = bits / l.rate;
		else if (l.rate <= 0 && l.seconds > 0)
			l.rate = bits / l.seconds;
	}
	if (l.rate >= 1 && l.rate < 1e9)
		out->rate = l.rate;
	if (l.seconds > 0 && l.seconds < DAYS_MAX * 86400.0)
		out->ns = (int64_t)(l.seconds * NS);
	return true;
}
