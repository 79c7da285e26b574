/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sound: how long a recording is, at which rate and by which codec, by the container's
 * own header, and where that does not say it, by the declared length over the rate of its
 * first frames. Owns the arithmetic and the containers of chunks: WAV and RF64 (RIFF, EBU
 * 3306), AIFF and AIFF-C, AU, CAF. Refuses guessing: what neither header nor frames tell
 * is unknown.
 */
#include "classify/content/sound.h"

#include <math.h>
#include <string.h>

#define DAYS_MAX 30		/* longer than any recording: nonsense */
#define NS 1000000000.0

enum coded_word
codec_of_wave(unsigned tag)
{
	switch (tag) {
	case 0x01: case 0x03: return CODED_PCM;
	case 0x02: case 0x11: case 0x69: return CODED_ADPCM;
	case 0x06: return CODED_PCMA;
	case 0x07: return CODED_PCMU;
	case 0x22: return CODED_LPC;			/* TrueSpeech */
	case 0x31: case 0x32: return CODED_GSM;
	case 0x42: case 0x111: case 0xa100: return CODED_G723;
	case 0x45: case 0x64: case 0x85: case 0xa107: case 0x14: return CODED_G726;
	case 0x65: case 0x28f: return CODED_G722;
	case 0x83: case 0x133: return CODED_G729;
	case 0x50: return CODED_MPA;
	case 0x55: return CODED_MP3;
	case 0x57: case 0x7a21: case 0x7a22: return CODED_AMR;
	case 0xff: case 0x1600: case 0x1602: case 0x1610: case 0x706d: case 0xa106:
		return CODED_AAC;
	case 0x160: case 0x161: case 0x162: case 0x163: case 0x0a: return CODED_WMA;
	case 0x2000: return CODED_AC3;
	case 0x566f: case 0x674f: case 0x6750: case 0x6751: case 0x676f: return CODED_VORBIS;
	case 0x704f: return CODED_OPUS;
	case 0xa109: return CODED_SPEEX;
	case 0xf1ac: return CODED_FLAC;
	}
	return CODED_UNKNOWN;
}

enum coded_word
codec_of_tag(uint32_t tag)
{
	static const struct {
		char tag[5];
		enum coded_word codec;
	} known[] = {
#define T(text, w) { text, CODED_##w }
		T("lpcm", PCM), T("ipcm", PCM), T("NONE", PCM), T("sowt", PCM),
		T("twos", PCM), T("raw ", PCM), T("in24", PCM), T("in32", PCM),
		T("fl32", PCM), T("FL32", PCM), T("fl64", PCM), T("fpcm", PCM),
		T("ulaw", PCMU), T("ULAW", PCMU), T("alaw", PCMA), T("ALAW", PCMA),
		T("ima4", ADPCM), T("agsm", GSM), T("GSM ", GSM), T("mp4a", AAC),
		T("aac ", AAC), T("aach", AAC), T("aacp", AAC), T("aacl", AAC),
		T("aace", AAC), T(".mp3", MP3), T(".mp2", MPA), T("mp3 ", MP3),
		T("alac", ALAC), T("samr", AMR), T("sawb", AMR_WB), T("sawp", AMR_WB),
		T("sevs", EVS), T("Opus", OPUS), T("opus", OPUS), T("fLaC", FLAC),
		T("flac", FLAC), T("sqcp", QCELP), T("Qclp", QCELP), T("ac-3", AC3),
		T("ec-3", AC3), T("ilbc", ILBC), T("vorb", VORBIS), T("spex", SPEEX),
#undef T
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (TAG(known[i].tag[0], known[i].tag[1], known[i].tag[2],
		    known[i].tag[3]) == tag)
			return known[i].codec;
	return CODED_UNKNOWN;
}

static void
wav(struct span b, struct length *out)
{
	struct span all = b, f;
	uint32_t id, size, per_second = 0, hertz = 0, samples = 0;
	uint16_t tag;
	double data = 0;

	if (!span_skip(&b, 12))
		return;
	for (unsigned i = 0; i < CHUNKS && span_u32(&b, &id) && span_le32(&b, &size); i++) {
		f = b;
		if (id == TAG('d', 's', '6', '4')) {	/* sizes of RIFF, of data */
			uint32_t lo, hi;

			if (at_le32(b, 8, &lo) && at_le32(b, 12, &hi))
				data = hi * 4294967296.0 + lo;
		} else if (id == TAG('f', 'm', 't', ' ')) {
			if (!span_le16(&f, &tag) || !at_le32(b, 4, &hertz) ||
			    !at_le32(b, 8, &per_second))
				return;
			/* extensible: the first bytes of its GUID are the tag */
			if (tag == 0xfffe && !at_le16(b, 24, &tag))
				tag = 0;
			out->codec = codec_of_wave(tag);
		} else if (id == TAG('f', 'a', 'c', 't')) {
			(void)at_le32(b, 0, &samples);
		} else if (id == TAG('d', 'a', 't', 'a')) {
			if (size != UINT32_MAX && size != 0)
				data = size;
			out->before = (uint64_t)(b.at - all.at);
			break;
		}
		if (!span_skip(&b, (size_t)size + (size & 1))) {
			/* a list of names or a cover before the format */
			if (size < UINT32_MAX / 2 && per_second == 0)
				out->again = (uint64_t)(b.at - all.at) + size + (size & 1);
			break;
		}
	}
	out->rate = per_second * 8.0;
	if (per_second > 0 && data > 0)
		out->seconds = data / per_second;
	/* of what is packed the number of samples is surer than the mean rate */
	if (out->codec != CODED_PCM && samples > 0 && samples < UINT32_MAX && hertz > 0) {
		out->seconds = (double)samples / hertz;
		out->rate = data > 0 ? data * 8 / out->seconds : 0;
	}
}

/* AIFF 1.3; the compression type of AIFF-C. */
static void
aiff(struct span b, struct length *out)
{
	struct span all = b;
	bool packed = is_at(b, 8, "AIFC", 4);
	uint32_t id, size, frames, top, tag = TAG('N', 'O', 'N', 'E'), at;
	uint16_t channels, bits, exponent;

	if (!span_skip(&b, 12))
		return;
	for (unsigned i = 0; i < CHUNKS && span_u32(&b, &id) && span_u32(&b, &size); i++) {
		if (id == TAG('C', 'O', 'M', 'M')) {	/* the rate has 80 bits */
			struct span r = b;
			double hz;

			if (!span_u16(&r, &channels) || !span_u32(&r, &frames) ||
			    !span_u16(&r, &bits) || !span_u16(&r, &exponent) ||
			    !span_u32(&r, &top))
				return;
			if (packed && !at_be32(b, 18, &tag))
				tag = 0;
			out->codec = codec_of_tag(tag);
			hz = ldexp(top, (int)(exponent & 0x7fff) - 16383 - 31);
			if (!(hz >= 1 && hz < 1e6))
				return;
			out->seconds = frames / hz;
			if (out->codec == CODED_PCM || out->codec == CODED_PCMU ||
			    out->codec == CODED_PCMA)
				out->rate = hz * channels * ((bits + 7) / 8 * 8);
			if (out->codec != CODED_PCM && bits == 16)
				out->rate /= 2;
			return;
		}
		at = size + (size & 1);
		if (size > INT32_MAX)
			return;
		if (!span_skip(&b, at)) {
			out->again = (uint64_t)(b.at - all.at) + at;
			return;
		}
	}
}

static void
au(struct span b, struct length *out)
{
	static const uint8_t bytes[28] = { [1] = 1, [2] = 1, [3] = 2, [4] = 3, [5] = 4,
		[6] = 4, [7] = 8, [27] = 1 };
	static const enum coded_word codecs[28] = { [1] = CODED_PCMU, [2] = CODED_PCM,
		[3] = CODED_PCM, [4] = CODED_PCM, [5] = CODED_PCM, [6] = CODED_PCM,
		[7] = CODED_PCM, [23] = CODED_G726, [24] = CODED_G722, [25] = CODED_G723,
		[26] = CODED_G723, [27] = CODED_PCMA };
	uint32_t at, data, coding, hz, channels;

	if (!at_be32(b, 4, &at) || !at_be32(b, 8, &data) || !at_be32(b, 12, &coding) ||
	    !at_be32(b, 16, &hz) || !at_be32(b, 20, &channels) || coding > 27 ||
	    hz > 1000000 || channels > 64)
		return;
	out->codec = codecs[coding];
	out->rate = 8.0 * bytes[coding] * hz * channels;
	if (coding == 23)		/* G.721: half a byte a sample */
		out->rate = 4.0 * hz * channels;
	out->before = at;
	if (data != UINT32_MAX && data > 0 && out->rate > 0)
		out->seconds = data * 8.0 / out->rate;
}

static double
be_double(struct span b)
{
	uint64_t bits;
	double v;

	if (!span_u64(&b, &bits))
		return 0;
	memcpy(&v, &bits, sizeof(v));
	return v >= 0 && v < 1e18 ? v : 0;
}

/* Apple's Core Audio Format: chunks of 12 bytes and a 64-bit size. The table of packets
 * may stand behind the sound. */
static void
caf(struct span b, struct length *out)
{
	struct span all = b, p;
	uint32_t id, tag, bytes = 0, frames = 0;
	uint64_t size, valid, data = UINT64_MAX;
	double hz = 0;

	if (!span_skip(&b, 8))
		return;
	for (unsigned i = 0; i < CHUNKS && span_u32(&b, &id) && span_u64(&b, &size); i++) {
		if (id == TAG('d', 'e', 's', 'c')) {
			hz = be_double(b);
			if (!at_be32(b, 8, &tag) || !at_be32(b, 16, &bytes) ||
			    !at_be32(b, 20, &frames))
				return;
			out->codec = codec_of_tag(tag);
		} else if (id == TAG('p', 'a', 'k', 't')) {
			p = b;
			if (hz >= 1 && span_skip(&p, 8) && span_u64(&p, &valid))
				out->seconds = (double)valid / hz;
		} else if (id == TAG('d', 'a', 't', 'a')) {
			out->before = (uint64_t)(b.at - all.at) + 4;
			data = size;
		}
		if (hz >= 1 && data != UINT64_MAX && bytes > 0 && frames > 0 && data > 4)
			out->seconds = (double)(data - 4) / bytes * frames / hz;
		if (size > INT64_MAX || !span_skip(&b, (size_t)size))
			break;
	}
	if (hz >= 1 && bytes > 0 && frames > 0)
		out->rate = hz * bytes * 8.0 / frames;
	else if (data != UINT64_MAX && data > 4 && data < INT64_MAX && out->seconds > 0)
		out->rate = (double)(data - 4) * 8 / out->seconds;
}

static void
by_format(struct span b, enum format_word format, struct length *l)
{
	switch ((unsigned)format) {
	case FORMAT_MP3: sound_mp3(b, l); break;
	case FORMAT_AAC: sound_adts(b, l); break;
	case FORMAT_OPUS:
	case FORMAT_VORBIS:
	case FORMAT_SPEEX: sound_ogg(b, format, l); break;
	case FORMAT_FLAC:
		if (is_at(b, 0, "OggS", 4))
			sound_ogg(b, format, l);
		else
			sound_flac(b, l);
		break;
	case FORMAT_WAV: wav(b, l); break;
	case FORMAT_AIFF: aiff(b, l); break;
	case FORMAT_AU: au(b, l); break;
	case FORMAT_CAF: caf(b, l); break;
	case FORMAT_AMR: sound_amr(b, false, l); break;
	case FORMAT_AMR_WB: sound_amr(b, true, l); break;
	case FORMAT_M4A:
	case FORMAT_MP4: sound_mp4(b, l); break;
	case FORMAT_MATROSKA: sound_matroska(b, l); break;
	case FORMAT_WMA: sound_asf(b, l); break;
	case FORMAT_DICTATION: l->codec = CODED_DSS; break;
	case FORMAT_QCP: l->codec = CODED_QCELP; break;
	case FORMAT_MUSEPACK: l->codec = CODED_MUSEPACK; break;
	case FORMAT_WAVPACK: l->codec = CODED_WAVPACK; break;
	case FORMAT_APE: l->codec = CODED_APE; break;
	case FORMAT_EVS: l->codec = CODED_EVS; break;
	case FORMAT_AC3: l->codec = CODED_AC3; break;
	}
}

void
sound_of(struct span b, enum format_word format, uint64_t length, uint8_t tracks,
    struct sound *out)
{
	struct length l = { .tracks = tracks };

	memset(out, 0, sizeof(*out));
	by_format(b, format, &l);
	out->codec = l.codec;
	/* sound without pictures, and no track is still to come */
	out->class = (l.tracks & TRACK_PICTURE) ? CONTENT_VIDEO :
	    l.tracks == TRACK_SOUND && l.again == 0 ? CONTENT_AUDIO : CONTENT_UNKNOWN;
	out->tracks = l.tracks;
	out->again = l.again;
	if (length != UINT64_MAX && length > l.before && l.again == 0) {
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
}

bool
sound_container(enum format_word format)
{
	return format == FORMAT_MP4 || format == FORMAT_MATROSKA || format == FORMAT_WMA;
}
