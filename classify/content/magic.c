/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * magic: what a body is, by its first bytes; what a content type or a file name claims.
 * Owns the tables. Refuses searching: a magic counts where the body starts and nowhere
 * else. Short magics (MP3 and ADTS syncs, MZ) need a second piece of evidence.
 */
#include "classify/content/parse.h"

#include <string.h>

#define MAGIC_LOOK 512		/* what settles every format but those below */

struct magic {
	const char *bytes;
	uint16_t n, at;
	enum format_word format;
	enum content_word class;
};

#define M(text, at, format, class) \
	{ text, sizeof(text) - 1, at, FORMAT_##format, CONTENT_##class }
static const struct magic magics[] = {
	M("fLaC\0\0\0\x22", 0, FLAC, AUDIO),
	M("#!AMR\n", 0, AMR, AUDIO), M("#!AMR_MC1.0\n", 0, AMR, AUDIO),
	M("#!AMR-WB\n", 0, AMR_WB, AUDIO), M("#!AMR-WB_MC1.0\n", 0, AMR_WB, AUDIO),
	M("caff\0\1", 0, CAF, AUDIO), M(".snd\0\0\0", 0, AU, AUDIO),
	M("#!EVS_MC1.0\n", 0, EVS, AUDIO), M("MPCK", 0, MUSEPACK, AUDIO),
	M("MP+", 0, MUSEPACK, AUDIO), M("wvpk", 0, WAVPACK, AUDIO), M("MAC ", 0, APE, AUDIO),
	M("\2dss", 0, DICTATION, AUDIO), M("\3dss", 0, DICTATION, AUDIO),
	M("\3ds2", 0, DICTATION, AUDIO),
	M("\xff\xd8\xff", 0, JPEG, IMAGE), M("\x89PNG\r\n\x1a\n", 0, PNG, IMAGE),
	M("GIF87a", 0, GIF, IMAGE), M("GIF89a", 0, GIF, IMAGE),
	M("II*\0", 0, TIFF, IMAGE), M("MM\0*", 0, TIFF, IMAGE), M("II+\0", 0, TIFF, IMAGE),
	M("DICM", 128, DICOM, IMAGE),
	M("%PDF-", 0, PDF, DOCUMENT), M("{\\rtf1", 0, RTF, DOCUMENT),
	M("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, OLE, DOCUMENT),
	M("%!PS-Adobe", 0, POSTSCRIPT, DOCUMENT), M("!BDN", 0, UNKNOWN, DOCUMENT),
	M("\x1f\x8b\x08", 0, GZIP, ARCHIVE),
	M("7z\xbc\xaf\x27\x1c", 0, SEVENZIP, ARCHIVE), M("Rar!\x1a\x07", 0, RAR, ARCHIVE),
	M("\xfd" "7zXZ\0", 0, XZ, ARCHIVE), M("\x28\xb5\x2f\xfd", 0, ZSTD, ARCHIVE),
	M("\x04\x22\x4d\x18", 0, LZ4, ARCHIVE), M("MSCF\0\0\0\0", 0, UNKNOWN, ARCHIVE),
	M("\x7f" "ELF", 0, ELF, PROGRAM), M("\xcf\xfa\xed\xfe", 0, MACHO, PROGRAM),
	M("\xce\xfa\xed\xfe", 0, MACHO, PROGRAM), M("\xca\xfe\xba\xbe\0\0\0", 0, JAVA, PROGRAM),
	M("!<arch>\ndebian-binary", 0, DEB, PACKAGE), M("\xed\xab\xee\xdb\3", 0, RPM, PACKAGE),
	M("FLV\1", 0, FLV, VIDEO), M("\0\0\1\xba", 0, MPEG, VIDEO),
	M("\0\0\1\xb3", 0, MPEG, VIDEO),
	M("SQLite format 3\0", 0, SQLITE, DATABASE), M("PGDMP\1", 0, UNKNOWN, DATABASE),
	M("\0\1\0\0Standard ", 0, UNKNOWN, DATABASE), M("QFI\xfb\0\0\0", 0, QCOW, DISK),
	M("KDMV", 0, VMDK, DISK), M("conectix", 0, VHD, DISK), M("vhdxfile", 0, VHD, DISK),
	M("<<< Oracle VM", 0, UNKNOWN, DISK), M("CD001", 32769, ISO, DISK),
	M("PACK\0\0\0\2", 0, GIT, SOURCE),
	M("\xd4\xc3\xb2\xa1", 0, PCAP, DATABASE), M("\x0a\x0d\x0d\x0a", 0, PCAP, DATABASE),
};
#undef M

static enum format_word riff(struct span b, enum content_word *class);
static enum format_word ogg(struct span b, enum content_word *class);
static enum format_word mp4(struct span b, enum content_word *class);
static enum format_word tracks(struct span b, enum format_word format,
    enum content_word *class);
static enum format_word zip(struct span b, enum content_word *class);
static bool id3(struct span b);
static bool loas_sync(struct span b, size_t *frame, uint32_t *kind);
static bool bitmap(struct span b);
static bool old_tar(struct span b);
static bool mpeg_sync(struct span b, size_t *frame, uint32_t *kind);
static bool windows_program(struct span b);
static bool screen(struct span b);

static bool
has_at(struct span b, size_t at, const char *what, size_t n)
{
	return span_skip(&b, at) && b.left >= n && memcmp(b.at, what, n) == 0;
}

#define HAS(b, at, text) has_at(b, at, text, sizeof(text) - 1)

/* Two syncs of one kind, the second where the first says that it is. */
static bool
twice(struct span b, bool (*sync)(struct span, size_t *, uint32_t *))
{
	size_t frame, frame2;
	uint32_t kind, kind2;

	return sync(b, &frame, &kind) && span_skip(&b, frame) &&
	    sync(b, &frame2, &kind2) && kind == kind2;
}

enum format_word
magic_of(struct span b, enum content_word *class)
{
	*class = CONTENT_AUDIO;
	if (id3(b) || twice(b, mpeg_sync))
		return FORMAT_MP3;
	if (twice(b, adts_sync) || twice(b, loas_sync))
		return FORMAT_AAC;
	if (HAS(b, 0, "OggS\0"))
		return ogg(b, class);
	if (HAS(b, 0, "RIFF") || HAS(b, 0, "RF64") || HAS(b, 0, "BW64"))
		return riff(b, class);
	if (HAS(b, 0, "FORM") && (HAS(b, 8, "AIFF") || HAS(b, 8, "AIFC")))
		return FORMAT_AIFF;
	if (HAS(b, 4, "ftyp"))
		return mp4(b, class);
	if (HAS(b, 0, "\x1a\x45\xdf\xa3"))
		return tracks(b, FORMAT_MATROSKA, class);
	if (HAS(b, 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"))
		return tracks(b, FORMAT_WMA, class);
	if (HAS(b, 0, "PK\3\4"))
		return zip(b, class);
	*class = CONTENT_ARCHIVE;
	if (HAS(b, 257, "ustar") || old_tar(b))
		return FORMAT_TAR;
	*class = CONTENT_PROGRAM;
	if (windows_program(b))
		return FORMAT_EXE;
	*class = CONTENT_ARCHIVE;
	if (HAS(b, 0, "BZh") && HAS(b, 4, "1AY&SY"))
		return FORMAT_BZIP2;
	*class = CONTENT_SCREEN;
	if (screen(b))
		return FORMAT_RFB;
	*class = CONTENT_IMAGE;
	if (bitmap(b))
		return FORMAT_BMP;
	*class = CONTENT_VIDEO;		/* ISO 13818-1: packets of 188 bytes */
	if (HAS(b, 0, "\x47") && HAS(b, 188, "\x47") && HAS(b, 376, "\x47"))
		return FORMAT_MPEG_TS;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (!has_at(b, magics[i].at, magics[i].bytes, magics[i].n))
			continue;
		*class = magics[i].class;
		return magics[i].format;
	}
	*class = CONTENT_UNKNOWN;
	return FORMAT_UNKNOWN;
}

static bool
id3(struct span b)
{
	return HAS(b, 0, "ID3") && b.left >= 10 && b.at[3] >= 2 && b.at[3] <= 4 &&
	    b.at[4] != 0xff && (b.at[5] & 0x0f) == 0 &&
	    ((b.at[6] | b.at[7] | b.at[8] | b.at[9]) & 0x80) == 0;
}

/* ISO 11172-3, 2.4.2.3. Kind: what all frames of one stream share. */
bool
mpeg_frame(struct span b, struct mpeg_frame *out)
{
	static const uint16_t rate[5][16] = {	/* kbit/s; MPEG-1 layers I II III,
						 * MPEG-2 I, II+III */
		{ 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0 },
		{ 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0 },
		{ 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0 },
		{ 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0 },
		{ 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0 },
	};
	static const uint16_t hertz[3] = { 44100, 48000, 32000 };
	unsigned version, layer, row, bits, hz, padding;
	uint32_t h;

	if (!span_u32(&b, &h) || h >> 21 != 0x7ff)
		return false;
	version = h >> 19 & 3;		/* 0: 2.5, 2: 2, 3: 1 */
	layer = 4 - (h >> 17 & 3);	/* 1, 2, 3; 4 is none */
	if (version == 1 || layer == 4 || (h >> 10 & 3) == 3)
		return false;
	row = version == 3 ? layer - 1 : layer == 1 ? 3 : 4;
	bits = rate[row][h >> 12 & 15];
	if (bits == 0)
		return false;
	hz = (unsigned)hertz[h >> 10 & 3] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
	padding = h >> 9 & 1;
	if (layer == 1)
		out->bytes = (12U * bits * 1000 / hz + padding) * 4;
	else
		out->bytes = (layer == 3 && version != 3 ? 72U : 144U) * bits * 1000 / hz +
		    padding;
	out->samples = layer == 1 ? 384 : layer == 3 && version != 3 ? 576 : 1152;
	out->hertz = hz;
	out->layer = layer;
	out->mpeg1 = version == 3;
	out->mono = (h >> 6 & 3) == 3;
	out->kind = h & 0xfffe0c00U;	/* sync, version, layer, sampling rate */
	return true;
}

static bool
mpeg_sync(struct span b, size_t *frame, uint32_t *kind)
{
	struct mpeg_frame f;

	if (!mpeg_frame(b, &f))
		return false;
	*frame = f.bytes;
	*kind = f.kind;
	return true;
}

/* ISO 13818-7, 6.2: the whole 13-bit length, header included. */
bool
adts_sync(struct span b, size_t *frame, uint32_t *kind)
{
	uint32_t h;
	uint8_t l1, l2;

	if (!span_u32(&b, &h) || !span_u8(&b, &l1) || !span_u8(&b, &l2))
		return false;
	if ((h & 0xfff60000U) != 0xfff00000U || (h >> 10 & 15) >= 13)
		return false;
	*frame = (size_t)((h & 3) << 11 | (uint32_t)l1 << 3 | l2 >> 5);
	*kind = h & 0xfffefc00U;
	return *frame > 7;
}

/* ISO 14496-3, 1.7.2: eleven bits of sync, thirteen of length. */
static bool
loas_sync(struct span b, size_t *frame, uint32_t *kind)
{
	uint32_t h;

	if (!span_u24(&b, &h) || h >> 13 != 0x2b7)
		return false;
	*frame = 3U + (h & 0x1fff);
	*kind = 0;
	return *frame > 10;
}

/* A size, four zeros, and where the picture begins. */
static bool
bitmap(struct span b)
{
	uint32_t size, zero, at, head;

	return HAS(b, 0, "BM") && span_skip(&b, 2) && span_le32(&b, &size) &&
	    span_le32(&b, &zero) && span_le32(&b, &at) && span_le32(&b, &head) &&
	    zero == 0 && at >= 26 && at < size && head >= 12 && head <= 124;
}

/* Before POSIX: no word, but a sum of the header in octal digits. */
static bool
old_tar(struct span b)
{
	size_t sum = 0, said = 0, digits = 0;

	if (b.left < 512 || b.at[0] <= ' ' || b.at[0] >= 0x7f)
		return false;
	for (size_t i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : b.at[i];
	for (size_t i = 148; i < 156; i++) {
		if (b.at[i] < '0' || b.at[i] > '7')
			continue;
		said = said << 3 | (b.at[i] - (size_t)'0');
		digits++;
	}
	return digits >= 4 && said == sum;
}

static enum format_word
ogg(struct span b, enum content_word *class)
{
	if (HAS(b, 28, "OpusHead"))
		return FORMAT_OPUS;
	if (HAS(b, 28, "\1vorbis"))
		return FORMAT_VORBIS;
	if (HAS(b, 28, "Speex   "))
		return FORMAT_SPEEX;
	if (HAS(b, 28, "\x7f" "FLAC"))
		return FORMAT_FLAC;
	*class = HAS(b, 28, "\x80theora") ? CONTENT_VIDEO : CONTENT_UNKNOWN;
	return *class == CONTENT_VIDEO ? FORMAT_OGV : FORMAT_UNKNOWN;
}

static enum format_word
riff(struct span b, enum content_word *class)
{
	if (HAS(b, 8, "WAVE"))
		return FORMAT_WAV;
	if (HAS(b, 8, "QLCM"))
		return FORMAT_QCP;		/* QCELP voice */
	*class = HAS(b, 8, "AVI ") ? CONTENT_VIDEO : HAS(b, 8, "WEBP") ? CONTENT_IMAGE :
	    CONTENT_UNKNOWN;
	return *class == CONTENT_VIDEO ? FORMAT_AVI : *class == CONTENT_IMAGE ? FORMAT_WEBP :
	    FORMAT_UNKNOWN;
}

/* By the tracks that its header names, when it stands in front. */
static enum format_word
tracks(struct span b, enum format_word format, enum content_word *class)
{
	struct sound sound;

	sound_of(b, format, UINT64_MAX, 0, &sound);
	*class = sound.class;
	return format;
}

/* A brand may say it; else the tracks. A picture in an audio brand is no brand's any
 * more. */
static enum format_word
mp4(struct span b, enum content_word *class)
{
	static const char *const images[] = { "heic", "heix", "hevc", "mif1", "msf1", "avif",
		"avis" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		if (has_at(b, 8, images[i], 4)) {
			*class = CONTENT_IMAGE;
			return FORMAT_HEIF;
		}
	}
	(void)tracks(b, FORMAT_MP4, class);
	if (*class == CONTENT_UNKNOWN && (HAS(b, 8, "M4V") || HAS(b, 8, "F4V ")))
		*class = CONTENT_VIDEO;
	if (!HAS(b, 8, "M4A") && !HAS(b, 8, "M4B") && !HAS(b, 8, "F4A "))
		return FORMAT_MP4;
	if (*class == CONTENT_UNKNOWN)
		*class = CONTENT_AUDIO;
	return FORMAT_M4A;
}

/* Office documents are zip archives whose first entry gives them away. */
static enum format_word
zip(struct span b, enum content_word *class)
{
	bool office = HAS(b, 30, "[Content_Types].xml") || HAS(b, 30, "word/") ||
	    HAS(b, 30, "xl/") || HAS(b, 30, "ppt/") || HAS(b, 30, "_rels/") ||
	    HAS(b, 30, "docProps/") || HAS(b, 30, "mimetypeapplication/epub") ||
	    HAS(b, 30, "mimetypeapplication/vnd.oasis");

	if (HAS(b, 30, "META-INF/") || HAS(b, 30, "AndroidManifest.xml") ||
	    HAS(b, 30, "classes.dex")) {
		*class = CONTENT_PACKAGE;
		return FORMAT_JAR;
	}
	*class = office ? CONTENT_DOCUMENT : CONTENT_ARCHIVE;
	return office ? FORMAT_OFFICE : FORMAT_ZIP;
}

static bool
windows_program(struct span b)
{
	struct span s = b;
	uint32_t at;

	return HAS(b, 0, "MZ") && span_skip(&s, 60) && span_le32(&s, &at) &&
	    HAS(b, at, "PE\0\0");
}

/* RFC 6143, 7.3.2: the size of the screen and how its points are coded. */
static bool
screen_begins(struct span b, size_t at)
{
	uint16_t wide, high;
	uint8_t bits, depth, big, colour;
	uint32_t name;

	return span_skip(&b, at) && span_u16(&b, &wide) && span_u16(&b, &high) &&
	    span_u8(&b, &bits) && span_u8(&b, &depth) && span_u8(&b, &big) &&
	    span_u8(&b, &colour) && span_skip(&b, 12) && span_u32(&b, &name) &&
	    wide > 0 && wide <= 16384 && high > 0 && high <= 16384 &&
	    (bits == 8 || bits == 16 || bits == 32) && depth > 0 && depth <= bits &&
	    big <= 1 && colour <= 1 && name <= 1024;
}

/* A remote desktop that is not encrypted (RFC 6143, 7.1): what the end with the screen says
 * first. What lies between greeting and screen depends on what the other end chose: no
 * password or one, and a result or none. */
static bool
screen(struct span b)
{
	static const uint8_t good[4];
	size_t after;

	if (!HAS(b, 0, "RFB 00") || b.left < 14 || b.at[7] != '.' || b.at[11] != '\n')
		return false;
	after = HAS(b, 8, "003") ? 16 : 13U + b.at[12];
	return screen_begins(b, after) ||
	    (has_at(b, after, (const char *)good, 4) && screen_begins(b, after + 4)) ||
	    (has_at(b, after + 16, (const char *)good, 4) && screen_begins(b, after + 20));
}

bool
magic_wants_more(struct span b)
{
	enum content_word class;
	enum format_word format = magic_of(b, &class);

	if (class != CONTENT_UNKNOWN)
		return false;
	if (b.left < MAGIC_LOOK)
		return true;
	if (sound_container(format))
		return b.left < HEAD_BYTES;
	/* the second sync of MP3 or ADTS: layer II's longest frame has 1,729 bytes */
	return b.at[0] == 0xff && b.left < 2048;
}

bool
magic_hopeless(struct span b)
{
	enum content_word class;
	enum format_word format = magic_of(b, &class);
	static const uint8_t zeros[40];

	if (format != FORMAT_UNKNOWN || class != CONTENT_UNKNOWN)
		return false;
	if (!magic_wants_more(b))
		return true;
	if (b.left < 40)	/* the longest magic but tar's */
		return false;
	if (b.at[0] == 0xff || HAS(b, 0, "OggS") || HAS(b, 0, "MZ"))
		return false;
	if (HAS(b, 0, "RFB 00"))
		return false;
	if (b.at[0] == 0x56 || b.at[0] == 0x47)		/* their second sync comes later */
		return false;
	if (b.left < 132 && memcmp(b.at, zeros, sizeof(zeros)) == 0)	/* DICOM's preamble */
		return false;
	/* a tar archive starts with a file name, filled up with zeros */
	for (size_t i = 0; i < 40 && b.at[i] != 0; i++)
		if (b.at[i] < ' ')
			return true;
	return b.at[0] == 0;
}

enum content_word
class_of_format(enum format_word format)
{
	if (format == FORMAT_ZIP || format == FORMAT_TAR || format == FORMAT_OFFICE ||
	    format == FORMAT_JAR)
		return CONTENT_ARCHIVE;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (magics[i].format == format)
			return magics[i].class;
	return CONTENT_UNKNOWN;
}

bool
class_is_plain(enum content_word class)
{
	return class == CONTENT_IMAGE || class == CONTENT_VIDEO || class == CONTENT_DOCUMENT ||
	    class == CONTENT_PROGRAM || class == CONTENT_PACKAGE ||
	    class == CONTENT_DATABASE || class == CONTENT_SOURCE || class == CONTENT_SCREEN;
}

/* ---- how long it can be ---- */

/* Beside the picture: thumbnails, profiles, notes of the camera. */
#define ROOM (1U << 20)

/* ITU-T T.81, B.2: segments up to the one with the size of the picture. */
static uint64_t
jpeg_length(struct span b)
{
	uint16_t mark, n, high, wide;

	if (!span_skip(&b, 2))
		return UINT64_MAX;
	while (span_u16(&b, &mark) && mark >> 8 == 0xff && span_u16(&b, &n) && n >= 2) {
		if (mark >= 0xffc0 && mark <= 0xffcf && mark != 0xffc4 && mark != 0xffc8 &&
		    mark != 0xffcc) {
			if (!span_skip(&b, 1) || !span_u16(&b, &high) || !span_u16(&b, &wide))
				break;
			return (uint64_t)high * wide * 3 + ROOM;
		}
		if (!span_skip(&b, n - 2U))
			break;
	}
	return UINT64_MAX;
}

static uint64_t
png_length(struct span b)
{
	static const uint8_t channels[8] = { 1, 0, 3, 1, 2, 0, 4, 0 };
	uint32_t wide, high;
	uint8_t bits, colour;

	if (!span_skip(&b, 16) || !span_u32(&b, &wide) || !span_u32(&b, &high) ||
	    !span_u8(&b, &bits) || !span_u8(&b, &colour) || wide > INT32_MAX ||
	    high > INT32_MAX || bits > 16)
		return UINT64_MAX;
	return ((uint64_t)wide * bits * channels[colour & 7] / 8 + 1) * high + ROOM;
}

/* ISO 14496-12: what stands behind the sound and the pictures is an index to them. */
static uint64_t
mp4_length(struct span b)
{
	uint64_t size, sum = 0;
	uint32_t small, id;

	for (int i = 0; i < 8; i++) {
		size_t head = 8;
		struct span s = b;

		if (!span_u32(&s, &small) || !span_u32(&s, &id))
			break;
		size = small;
		if (small == 1) {
			head = 16;
			if (!span_u64(&s, &size))
				break;
		}
		if (size < head || size > INT64_MAX)
			break;
		sum += size;
		if (id == 0x6d646174)		/* mdat */
			return sum + size / 16 + ROOM;
		if (!span_skip(&b, (size_t)size))
			break;
	}
	return UINT64_MAX;
}

static uint64_t
sqlite_length(struct span b)
{
	uint16_t page;
	uint32_t pages;
	struct span s = b;

	if (!span_skip(&s, 16) || !span_u16(&s, &page) || !span_skip(&b, 28) ||
	    !span_u32(&b, &pages) || pages == 0)
		return UINT64_MAX;
	return (uint64_t)(page == 1 ? 65536U : page) * pages;
}

/* The table of sections is what stands last. */
static uint64_t
elf_length(struct span b)
{
	struct span s = b;
	uint64_t at;
	uint16_t size, n;

	if (!HAS(b, 4, "\2\1") || !span_skip(&s, 40) || !span_le64(&s, &at) ||
	    !span_skip(&s, 10) || !span_le16(&s, &size) || !span_le16(&s, &n) || at == 0 ||
	    at > INT64_MAX)
		return UINT64_MAX;
	return at + (uint64_t)size * n + ROOM;
}

uint64_t
magic_length(struct span b, enum format_word format)
{
	uint32_t v;

	switch ((unsigned)format) {
	case FORMAT_JPEG: return jpeg_length(b);
	case FORMAT_PNG: return png_length(b);
	case FORMAT_BMP: return span_skip(&b, 2) && span_le32(&b, &v) ? v : UINT64_MAX;
	case FORMAT_WEBP: return span_skip(&b, 4) && span_le32(&b, &v) ? 8 + (uint64_t)v :
	    UINT64_MAX;
	case FORMAT_M4A:
	case FORMAT_MP4: return mp4_length(b);
	case FORMAT_SQLITE: return sqlite_length(b);
	case FORMAT_ELF: return elf_length(b);
	}
	return UINT64_MAX;
}
