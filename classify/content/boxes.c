/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boxes: containers whose pieces lie in each other: MP4, M4A, 3GP and QuickTime (ISO
 * 14496-12), Matroska and WebM (RFC 9559), ASF (WMA). Owns which tracks are in them, by
 * which codec, how long. Walks forward only: a box that is not wanted is passed over by
 * its size, and what lies behind what is here is asked for by its offset (out->again).
 */
#include "classify/content/sound.h"

#include <string.h>

#define STEPS 96		/* boxes of one look */

/* ---- MP4 ---- */

struct movie {
	uint64_t moov_end, trak_end;	/* 0: not in one */
	uint32_t scale, track_scale, each;	/* ticks a second; of a sample */
	uint64_t ticks, bytes;		/* of the fragments' samples */
	bool sound, handled;		/* this track; its handler was seen */
};

/* Both sizes that a box may have; 0 is "to the end". *size counts from its first byte. */
static bool
box(struct span *b, uint32_t *id, uint64_t *size)
{
	uint32_t small;

	if (!span_u32(b, &small) || !span_u32(b, id))
		return false;
	*size = small;
	return small != 1 || span_u64(b, size);
}

/* ISO 14496-1: a length of seven bits a byte. */
static bool
descriptor(struct span *s, uint8_t wanted)
{
	uint8_t tag, b;

	if (!span_u8(s, &tag) || tag != wanted)
		return false;
	for (int i = 0; i < 4; i++)
		if (!span_u8(s, &b))
			return false;
		else if ((b & 0x80) == 0)
			return true;
	return false;
}

/* esds: what is inside an 'mp4a', and its average rate. */
static void
esds(struct span entry, struct length *out)
{
	const uint8_t *at = span_find(entry, "esds", 4);
	uint32_t average;
	uint8_t flags, kind;

	if (at == NULL)
		return;
	(void)span_skip(&entry, (size_t)(at - entry.at) + 8);
	if (!descriptor(&entry, 3) || !span_skip(&entry, 2) || !span_u8(&entry, &flags) ||
	    (flags & 0xe0) != 0 || !descriptor(&entry, 4) || !span_u8(&entry, &kind))
		return;
	if (kind == 0x69 || kind == 0x6b)
		out->codec = CODED_MP3;
	else if (kind == 0xdd)
		out->codec = CODED_VORBIS;
	else if (kind == 0xe1)
		out->codec = CODED_QCELP;
	if (span_skip(&entry, 8) && span_u32(&entry, &average) && average >= 1000 &&
	    average < 10000000)
		out->rate = average;
}

static void
stsd(struct span b, struct length *out)
{
	uint32_t size, tag;

	if (!span_skip(&b, 8) || !span_u32(&b, &size) || !span_u32(&b, &tag) || size < 8)
		return;
	if (b.left > size - 8)
		b.left = size - 8;
	out->codec = codec_of_tag(tag);
	if (tag == TAG('m', 'p', '4', 'a'))
		esds(b, out);
}

static void
seconds_of(uint64_t ticks, uint32_t scale, bool wide, struct length *out)
{
	if (scale > 0 && ticks > 0 && ticks != (wide ? UINT64_MAX : UINT32_MAX))
		out->seconds = (double)ticks / scale;
}

/* mvhd and mdhd begin alike: version, times, scale, duration. */
static bool
times(struct span b, uint32_t *scale, uint64_t *ticks, bool *wide)
{
	uint32_t lo;

	*wide = b.left > 0 && b.at[0] == 1;
	if (!at_be32(b, *wide ? 20 : 12, scale))
		return false;
	if (*wide)
		return span_skip(&b, 24) && span_u64(&b, ticks);
	if (!at_be32(b, 16, &lo))
		return false;
	*ticks = lo;
	return true;
}

/* A fragment's samples: how long they are, and how large. */
static void
trun(struct span b, struct movie *m)
{
	uint32_t flags, n, each = m->each, size = 0;

	if (!span_u32(&b, &flags) || !span_u32(&b, &n))
		return;
	(void)span_skip(&b, ((flags & 1) ? 4U : 0) + ((flags & 4) ? 4U : 0));
	if (!(flags & 0x300)) {
		m->ticks += (uint64_t)n * each;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (((flags & 0x100) && !span_u32(&b, &each)) ||
		    ((flags & 0x200) && !span_u32(&b, &size)) ||
		    !span_skip(&b, ((flags & 0x400) ? 4U : 0) + ((flags & 0x800) ? 4U : 0)))
			break;
		m->ticks += each;
		m->bytes += size;
	}
}

static void
tfhd(struct span b, struct movie *m)
{
	uint32_t flags, each;

	if (!span_u32(&b, &flags) || !span_skip(&b, 4) || !(flags & 8))
		return;
	if (span_skip(&b, ((flags & 1) ? 8U : 0) + ((flags & 2) ? 4U : 0)) &&
	    span_u32(&b, &each))
		m->each = each;
}

static void
inside_of(uint32_t id, struct span b, struct movie *m, struct length *out)
{
	uint64_t ticks = 0;
	uint32_t scale, v;
	bool wide;

	switch (id) {
	case TAG('m', 'v', 'h', 'd'):
		if (times(b, &m->scale, &ticks, &wide))
			seconds_of(ticks, m->scale, wide, out);
		break;
	case TAG('m', 'd', 'h', 'd'):
		if (times(b, &scale, &ticks, &wide)) {
			m->track_scale = scale;
			if (out->seconds <= 0)
				seconds_of(ticks, scale, wide, out);
		}
		break;
	case TAG('m', 'e', 'h', 'd'):
		if (b.left > 0 && b.at[0] == 0 && at_be32(b, 4, &v) && out->seconds <= 0)
			seconds_of(v, m->scale, false, out);
		break;
	case TAG('h', 'd', 'l', 'r'):
		m->sound = is_at(b, 8, "soun", 4);
		m->handled = true;
		if (m->sound)
			out->tracks |= TRACK_SOUND;
		else if (is_at(b, 8, "vide", 4))
			out->tracks |= TRACK_PICTURE;
		break;
	case TAG('s', 't', 's', 'd'):
		if (m->sound && out->codec == CODED_UNKNOWN)
			stsd(b, out);
		break;
	case TAG('t', 'r', 'e', 'x'):
		if (at_be32(b, 12, &v))
			m->each = v;
		break;
	case TAG('t', 'f', 'h', 'd'):
		tfhd(b, m);
		break;
	case TAG('t', 'r', 'u', 'n'):
		trun(b, m);
		if (m->bytes > 0 && m->ticks > 0)
			out->rate = (double)m->bytes * 8 * m->track_scale /
			    (double)m->ticks;
		break;
	}
}

static bool
holds_boxes(uint32_t id)
{
	return id == TAG('m', 'o', 'o', 'v') || id == TAG('t', 'r', 'a', 'k') ||
	    id == TAG('m', 'd', 'i', 'a') || id == TAG('m', 'i', 'n', 'f') ||
	    id == TAG('s', 't', 'b', 'l') || id == TAG('m', 'v', 'e', 'x') ||
	    id == TAG('m', 'o', 'o', 'f') || id == TAG('t', 'r', 'a', 'f');
}

static bool
is_read(uint32_t id)
{
	return id == TAG('m', 'v', 'h', 'd') || id == TAG('m', 'd', 'h', 'd') ||
	    id == TAG('h', 'd', 'l', 'r') || id == TAG('s', 't', 's', 'd') ||
	    id == TAG('m', 'e', 'h', 'd');
}

void
sound_mp4(struct span b, struct length *out)
{
	struct span all = b;
	struct movie m = { .each = 0 };
	uint64_t size, at, head;
	uint32_t id;

	for (unsigned i = 0; i < STEPS; i++) {
		at = (uint64_t)(b.at - all.at);
		/* all tracks are named, and no fragment has to tell the length */
		if (m.moov_end != 0 && at >= m.moov_end && out->seconds > 0)
			return;
		if (!box(&b, &id, &size)) {
			out->again = out->tracks == 0 || at < m.moov_end ? at : 0;
			return;
		}
		head = (uint64_t)(b.at - all.at) - at;
		if (size != 0 && size < head)
			return;
		if (id == TAG('m', 'd', 'a', 't') && m.ticks > 0 && m.track_scale > 0 &&
		    size > head && m.bytes == 0)
			out->rate = (double)(size - head) * 8 * m.track_scale /
			    (double)m.ticks;
		if (id == TAG('m', 'd', 'a', 't') && out->tracks != 0)
			return;
		if (holds_boxes(id)) {
			if (id == TAG('m', 'o', 'o', 'v'))
				m.moov_end = at + size;
			if (id == TAG('t', 'r', 'a', 'k')) {
				m.trak_end = at + size;
				m.sound = m.handled = false;
			}
			continue;
		}
		inside_of(id, b, &m, out);
		if (size == 0)
			return;
		if (size - head <= b.left) {
			(void)span_skip(&b, (size_t)(size - head));
			continue;
		}
		/* what is read of a box has to be whole; the rest of a track whose handler
		 * was seen are tables */
		if (at > 0 && is_read(id)) {
			out->again = at;
			return;
		}
		at += size;
		if (m.trak_end > at && m.handled &&
		    (!m.sound || out->codec != CODED_UNKNOWN))
			at = m.trak_end;
		if (m.moov_end == 0 || at < m.moov_end || out->tracks == 0)
			out->again = at;
		return;
	}
}

/* ---- Matroska ---- */

/* An id keeps its marker; a size that is all ones is unknown. */
static bool
vint(struct span *b, bool id, uint64_t *v)
{
	uint8_t first, next;
	unsigned n = 0;
	uint64_t ones;

	if (!span_u8(b, &first) || first == 0)
		return false;
	while (!(first & 0x80 >> n))
		n++;
	*v = id ? first : first & (0x7fU >> n);
	ones = 0x7fU >> n;
	for (unsigned i = 0; i < n; i++) {
		if (!span_u8(b, &next))
			return false;
		*v = *v << 8 | next;
		ones = ones << 8 | 0xff;
	}
	if (!id && *v == ones)
		*v = UINT64_MAX;
	return !id || n < 4;
}

static uint64_t
number(struct span b, uint64_t size)
{
	uint64_t v = 0;
	uint8_t c;

	while (size-- > 0 && span_u8(&b, &c))
		v = v << 8 | c;
	return v;
}

static double
real(struct span b, uint64_t size)
{
	uint64_t bits = number(b, size);
	uint32_t small = (uint32_t)bits;
	double v = 0;
	float f;

	if (size == 8) {
		memcpy(&v, &bits, sizeof(v));
	} else if (size == 4) {
		memcpy(&f, &small, sizeof(f));
		v = (double)f;
	}
	return v > 0 && v < 1e18 ? v : 0;
}

static enum coded_word
codec_of_matroska(struct span id)
{
	static const struct {
		const char *lower;
		enum coded_word codec;
	} known[] = {
		{ "a_opus", CODED_OPUS }, { "a_vorbis", CODED_VORBIS }, { "a_aac", CODED_AAC },
		{ "a_pcm", CODED_PCM }, { "a_flac", CODED_FLAC }, { "a_mpeg/l3", CODED_MP3 },
		{ "a_mpeg", CODED_MPA }, { "a_ac3", CODED_AC3 }, { "a_eac3", CODED_AC3 },
		{ "a_alac", CODED_ALAC }, { "a_wavpack", CODED_WAVPACK },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_starts(id, known[i].lower))
			return known[i].codec;
	return CODED_UNKNOWN;
}

struct blocks {
	int64_t first, last;
	uint64_t before, bytes;		/* of all but the last; of all */
	int64_t cluster;
	unsigned n;
};

static void
block(struct span b, uint64_t size, struct blocks *k)
{
	struct span s = b;
	uint64_t track;
	uint16_t at;

	if (!vint(&s, false, &track) || !span_u16(&s, &at))
		return;
	k->last = k->cluster + (int16_t)at;
	if (k->n++ == 0)
		k->first = k->last;
	k->before = k->bytes;
	k->bytes += size < 4 ? 0 : size - 4;
}

void
sound_matroska(struct span b, struct length *out)
{
	struct span all = b, text;
	struct blocks k = { .first = 0 };
	uint64_t id, size, scale = 1000000, at;
	double ticks = 0;

	for (unsigned i = 0; i < STEPS * 2; i++) {
		at = (uint64_t)(b.at - all.at);
		if (!vint(&b, true, &id) || !vint(&b, false, &size)) {
			if (k.n == 0)
				out->again = at;
			break;
		}
		switch (id) {
		case 0x1f43b675:		/* Cluster; BlockGroup */
		case 0xa0:
		case 0x18538067:		/* Segment, Info, Tracks, TrackEntry */
		case 0x1549a966:
		case 0x1654ae6b:
		case 0xae:
			continue;
		case 0x2ad7b1:
			scale = number(b, size);
			break;
		case 0x4489:
			ticks = real(b, size);
			break;
		case 0x83:
			if (number(b, size) == 1)
				out->tracks |= TRACK_PICTURE;
			else if (number(b, size) == 2)
				out->tracks |= TRACK_SOUND;
			break;
		case 0x86:
			text = b;
			if (size < text.left)
				text.left = (size_t)size;
			if (text_starts(text, "a_"))
				out->codec = codec_of_matroska(text);
			break;
		case 0xe7:
			k.cluster = (int64_t)(number(b, size) & INT64_MAX / 2);
			break;
		case 0xa3:
		case 0xa1:
			block(b, size, &k);
			break;
		}
		if (size == UINT64_MAX)
			break;
		if (size > b.left) {
			if (k.n == 0)
				out->again = (uint64_t)(b.at - all.at) + size;
			break;
		}
		(void)span_skip(&b, (size_t)size);
	}
	if (scale == 0 || scale > 1000000000)
		scale = 1000000;
	if (ticks > 0)
		out->seconds = ticks * (double)scale / 1e9;
	if (k.n > 1 && k.last > k.first && k.last - k.first < INT32_MAX)
		out->rate = (double)k.before * 8e9 /
		    ((double)(k.last - k.first) * (double)scale);
	if (k.n > 0)
		out->again = 0;
}

/* ---- ASF ---- */

void
sound_asf(struct span b, struct length *out)
{
	static const uint8_t file[16] = { 0xa1, 0xdc, 0xab, 0x8c, 0x47, 0xa9, 0xcf, 0x11, 0x8e,
		0xe4, 0, 0xc0, 0x0c, 0x20, 0x53, 0x65 };
	static const uint8_t stream[16] = { 0x91, 0x07, 0xdc, 0xb7, 0xb7, 0xa9, 0xcf, 0x11,
		0x8e, 0xe6, 0, 0xc0, 0x0c, 0x20, 0x53, 0x65 };
	static const uint8_t sound[4] = { 0x40, 0x9e, 0x69, 0xf8 };
	static const uint8_t picture[4] = { 0xc0, 0xef, 0x19, 0xbc };
	struct span id, s;
	uint64_t size, played, roll;
	uint32_t per_second;
	uint16_t tag;

	if (!span_skip(&b, 30))
		return;
	for (unsigned i = 0; i < CHUNKS && span_take(&b, 16, &id) && span_le64(&b, &size);
	    i++) {
		s = b;
		if (memcmp(id.at, file, 16) == 0 && span_skip(&s, 40) &&
		    span_le64(&s, &played) && span_skip(&s, 8) && span_le64(&s, &roll) &&
		    played / 10000 > roll)
			out->seconds = (double)(played / 10000 - roll) / 1000;
		s = b;
		if (memcmp(id.at, stream, 16) == 0 && s.left >= 16) {
			if (memcmp(s.at, picture, 4) == 0)
				out->tracks |= TRACK_PICTURE;
			if (memcmp(s.at, sound, 4) == 0) {
				out->tracks |= TRACK_SOUND;
				if (at_le16(s, 54, &tag))
					out->codec = codec_of_wave(tag);
				if (at_le32(s, 62, &per_second) && per_second < 1000000)
					out->rate = per_second * 8.0;
			}
		}
		if (size < 24 || size - 24 > b.left || !span_skip(&b, (size_t)size - 24))
			return;
	}
}
