/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * magic: what a body is, by its first bytes; what a content type or a file name claims.
 * Owns the tables. Refuses searching: a magic counts where the body starts and nowhere
 * else. Short magics (MP3 and ADTS syncs, MZ) need a second piece of evidence.
 */
#include "classify/content/parse.h"

#include <string.h>

#define ENTRIES_LOOK 32		/* names of an archive */
#define MAGIC_LOOK 512		/* what settles every format but those below */

struct magic {
	const char *bytes;
	uint8_t n, at;
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
	M("MPCK", 0, UNKNOWN, AUDIO), M("wvpk", 0, UNKNOWN, AUDIO),
	M("\2dss", 0, UNKNOWN, AUDIO), M("\3dss", 0, UNKNOWN, AUDIO),
	M("\3ds2", 0, UNKNOWN, AUDIO),			/* dictaphones */
	M("\xff\xd8\xff", 0, JPEG, IMAGE), M("\x89PNG\r\n\x1a\n", 0, PNG, IMAGE),
	M("GIF87a", 0, GIF, IMAGE), M("GIF89a", 0, GIF, IMAGE),
	M("II*\0", 0, UNKNOWN, IMAGE), M("MM\0*", 0, UNKNOWN, IMAGE),
	M("%PDF-", 0, PDF, DOCUMENT), M("{\\rtf1", 0, UNKNOWN, DOCUMENT),
	M("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, UNKNOWN, DOCUMENT),
	M("%!PS-Adobe", 0, UNKNOWN, DOCUMENT),
	M("\x1f\x8b\x08", 0, GZIP, ARCHIVE),
	M("7z\xbc\xaf\x27\x1c", 0, SEVENZIP, ARCHIVE), M("Rar!\x1a\x07", 0, RAR, ARCHIVE),
	M("\xfd" "7zXZ\0", 0, UNKNOWN, ARCHIVE),
	M("\x28\xb5\x2f\xfd", 0, UNKNOWN, ARCHIVE),
	M("\x7f" "ELF", 0, ELF, PROGRAM), M("!<arch>\ndebian-binary", 0, DEB, PROGRAM),
	M("FLV\1", 0, UNKNOWN, VIDEO), M("\0\0\1\xba", 0, UNKNOWN, VIDEO),
};
#undef M

struct word {
	const char *text;
	enum content_word class;
};

static enum format_word riff(struct span b, enum content_word *class);
static enum format_word ogg(struct span b, enum content_word *class);
static enum format_word mp4(struct span b, enum content_word *class);
static enum format_word matroska(struct span b, enum content_word *class);
static enum format_word asf(struct span b, enum content_word *class);
static enum format_word zip(struct span b, enum content_word *class);
static bool id3(struct span b);
static bool mpeg_sync(struct span b, size_t *frame, uint32_t *kind);
static bool windows_program(struct span b);

static bool
has_at(struct span b, size_t at, const char *what, size_t n)
{
	return span_skip(&b, at) && b.left >= n && memcmp(b.at, what, n) == 0;
}

#define HAS(b, at, text) has_at(b, at, text, sizeof(text) - 1)
#define FIND(b, text) (span_find(b, text, sizeof(text) - 1) != NULL)

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
	if (twice(b, adts_sync))
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
		return matroska(b, class);
	if (HAS(b, 0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"))
		return asf(b, class);
	if (HAS(b, 0, "PK\3\4"))
		return zip(b, class);
	*class = CONTENT_ARCHIVE;
	if (HAS(b, 257, "ustar"))
		return FORMAT_TAR;
	*class = CONTENT_PROGRAM;
	if (windows_program(b))
		return FORMAT_EXE;
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
	return FORMAT_UNKNOWN;
}

static enum format_word
riff(struct span b, enum content_word *class)
{
	if (HAS(b, 8, "WAVE"))
		return FORMAT_WAV;
	if (HAS(b, 8, "QLCM"))
		return FORMAT_UNKNOWN;		/* QCELP voice */
	*class = HAS(b, 8, "AVI ") ? CONTENT_VIDEO : HAS(b, 8, "WEBP") ? CONTENT_IMAGE :
	    CONTENT_UNKNOWN;
	return FORMAT_UNKNOWN;
}

/* A brand may say it; else the handlers of the tracks, when they stand in front. */
static enum format_word
mp4(struct span b, enum content_word *class)
{
	static const char *const images[] = { "heic", "heix", "mif1", "msf1", "avif" };

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		if (has_at(b, 8, images[i], 4)) {
			*class = CONTENT_IMAGE;
			return FORMAT_UNKNOWN;
		}
	}
	if (HAS(b, 8, "M4A") || HAS(b, 8, "M4B") || HAS(b, 8, "F4A "))
		return FORMAT_M4A;
	if (HAS(b, 8, "M4V") || FIND(b, "vide"))
		*class = CONTENT_VIDEO;
	else if (!FIND(b, "soun"))
		*class = CONTENT_UNKNOWN;
	return FORMAT_MP4;
}

static enum format_word
matroska(struct span b, enum content_word *class)
{
	static const char video[] = "V_";
	static const char *const after[] = { "VP8", "VP9", "AV1", "MPEG", "THEORA",
	    "UNCOMP" };

	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		char id[16];
		size_t n = strlen(after[i]);

		memcpy(id, video, 2);
		memcpy(id + 2, after[i], n);
		if (span_find(b, id, n + 2) != NULL)
			*class = CONTENT_VIDEO;
	}
	if (*class == CONTENT_AUDIO && !FIND(b, "A_OPUS") && !FIND(b, "A_VORBIS") &&
	    !FIND(b, "A_AAC") && !FIND(b, "A_PCM/") && !FIND(b, "A_FLAC") &&
	    !FIND(b, "A_MPEG/"))
		*class = CONTENT_UNKNOWN;
	return FORMAT_MATROSKA;
}

static enum format_word
asf(struct span b, enum content_word *class)
{
	if (FIND(b, "\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b"))
		*class = CONTENT_VIDEO;
	else if (!FIND(b,
	    "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b"))
		*class = CONTENT_UNKNOWN;
	return FORMAT_WMA;
}

/* Office documents are zip archives whose first entry gives them away. */
static enum format_word
zip(struct span b, enum content_word *class)
{
	bool office = HAS(b, 30, "[Content_Types].xml") || HAS(b, 30, "word/") ||
	    HAS(b, 30, "xl/") || HAS(b, 30, "ppt/") || HAS(b, 30, "_rels/") ||
	    HAS(b, 30, "docProps/") || HAS(b, 30, "mimetypeapplication/vnd.oasis");

	*class = office ? CONTENT_DOCUMENT : CONTENT_ARCHIVE;
	return FORMAT_ZIP;
}

/* PKWARE's APPNOTE, 4.3.7: sizes are here unless they follow the data. */
static bool
zip_entry(struct span *b, struct span *name)
{
	struct span s = *b, head;
	uint32_t size;
	uint16_t n, extra;

	if (!HAS(s, 0, "PK\3\4") || !span_take(&s, 30, &head) || !span_skip(&head, 18) ||
	    !span_le32(&head, &size) || !span_skip(&head, 4) || !span_le16(&head, &n) ||
	    !span_le16(&head, &extra) || !span_take(&s, n, name))
		return false;
	if ((b->at[6] & 8) || !span_skip(&s, extra) || !span_skip(&s, size))
		s.left = 0;
	*b = s;
	return true;
}

/* POSIX.1, ustar: blocks of 512 bytes, the size in octal digits. */
static bool
tar_entry(struct span *b, struct span *name)
{
	struct span s = *b, block;
	size_t size = 0, n = 0;

	if (!HAS(s, 257, "ustar") || !span_take(&s, 512, &block))
		return false;
	while (n < 100 && block.at[n] != 0)
		n++;
	*name = (struct span){ block.at, n };
	for (size_t i = 124; i < 135 && block.at[i] >= '0' && block.at[i] <= '7'; i++)
		size = size << 3 | (block.at[i] - (size_t)'0');
	if (!span_skip(&s, (size + 511) & ~(size_t)511))
		s.left = 0;
	*b = s;
	return true;
}

bool
archive_sound(struct span b, enum format_word format, struct span *name)
{
	for (unsigned i = 0; i < ENTRIES_LOOK; i++) {
		if (!(format == FORMAT_ZIP ? zip_entry(&b, name) :
		    format == FORMAT_TAR && tar_entry(&b, name)))
			return false;
		if (class_of_name(*name) == CONTENT_AUDIO)
			return true;
	}
	return false;
}

static bool
windows_program(struct span b)
{
	struct span s = b;
	uint32_t at;

	return HAS(b, 0, "MZ") && span_skip(&s, 60) && span_le32(&s, &at) &&
	    HAS(b, at, "PE\0\0");
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
	if (format == FORMAT_MP4 || format == FORMAT_MATROSKA || format == FORMAT_WMA)
		return b.left < HEAD_BYTES;
	/* the second sync of MP3 or ADTS: layer II's longest frame has 1,729 bytes */
	return b.at[0] == 0xff && b.left < 2048;
}

bool
magic_hopeless(struct span b)
{
	enum content_word class;
	enum format_word format = magic_of(b, &class);

	if (format != FORMAT_UNKNOWN || class != CONTENT_UNKNOWN)
		return false;
	if (!magic_wants_more(b))
		return true;
	if (b.left < 40)	/* the longest magic but tar's */
		return false;
	if (b.at[0] == 0xff || HAS(b, 0, "OggS") || HAS(b, 0, "MZ"))
		return false;
	/* a tar archive starts with a file name, filled up with zeros */
	for (size_t i = 0; i < 40 && b.at[i] != 0; i++)
		if (b.at[i] < ' ')
			return true;
	return b.at[0] == 0;
}

enum content_word
class_of_type(struct span type)
{
	static const struct word words[] = {
		{ "video/3gpp", CONTENT_UNKNOWN },	/* recorders of voice call
							 * theirs so */
		{ "audio/", CONTENT_AUDIO }, { "video/", CONTENT_VIDEO },
		{ "image/", CONTENT_IMAGE }, { "text/", CONTENT_TEXT },
		{ "application/ogg", CONTENT_AUDIO },
		{ "application/pdf", CONTENT_DOCUMENT },
		{ "application/msword", CONTENT_DOCUMENT },
		{ "application/rtf", CONTENT_DOCUMENT },
		{ "application/postscript", CONTENT_DOCUMENT },
		{ "application/vnd.openxmlformats", CONTENT_DOCUMENT },
		{ "application/vnd.oasis.opendocument", CONTENT_DOCUMENT },
		{ "application/vnd.ms-", CONTENT_DOCUMENT },
		{ "application/zip", CONTENT_ARCHIVE }, { "application/gzip", CONTENT_ARCHIVE },
		{ "application/x-zip", CONTENT_ARCHIVE }, { "application/x-gzip", CONTENT_ARCHIVE },
		{ "application/x-tar", CONTENT_ARCHIVE }, { "application/x-rar", CONTENT_ARCHIVE },
		{ "application/vnd.rar", CONTENT_ARCHIVE },
		{ "application/x-7z", CONTENT_ARCHIVE }, { "application/x-xz", CONTENT_ARCHIVE },
		{ "application/x-bzip", CONTENT_ARCHIVE }, { "application/zstd", CONTENT_ARCHIVE },
		{ "application/json", CONTENT_TEXT }, { "application/xml", CONTENT_TEXT },
		{ "application/x-www-form-urlencoded", CONTENT_TEXT },
		{ "application/javascript", CONTENT_TEXT },
		{ "application/x-ndjson", CONTENT_TEXT },
		{ "application/x-executable", CONTENT_PROGRAM },
		{ "application/x-msdownload", CONTENT_PROGRAM },
		{ "application/x-debian-package", CONTENT_PROGRAM },
		{ "application/vnd.debian.binary-package", CONTENT_PROGRAM },
		{ "application/vnd.android.package-archive", CONTENT_PROGRAM },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_starts(type, words[i].text))
			return words[i].class;
	return CONTENT_UNKNOWN;
}

enum content_word
class_of_name(struct span name)
{
	static const struct { const char *text; enum content_word class; } lists[] = {
		{ " mp3 m4a m4b aac wav wave opus ogg oga flac amr awb aif aiff aifc au snd caf "
		    "wma weba mka spx dss ds2 qcp mp2 ape wv gsm ", CONTENT_AUDIO },
		{ " mp4 m4v mov avi mkv webm mpg mpeg wmv flv ts mts ", CONTENT_VIDEO },
		{ " jpg jpeg png gif heic heif webp tif tiff bmp svg avif dng cr2 nef arw ",
		    CONTENT_IMAGE },
		{ " pdf doc docx xls xlsx ppt pptx odt ods odp rtf pages numbers key eml msg ",
		    CONTENT_DOCUMENT },
		{ " zip 7z rar tar gz tgz bz2 xz zst txz tbz2 lz4 ", CONTENT_ARCHIVE },
		{ " txt csv json xml html htm log md yaml yml ini ", CONTENT_TEXT },
		{ " exe dll msi deb rpm apk elf so bin dmg iso ", CONTENT_PROGRAM },
	};
	char word[8] = " ";
	size_t n = 0;

	while (n < name.left && n < 6 && name.at[name.left - 1 - n] != '.')
		n++;
	if (n == 0 || n > 5 || n >= name.left)
		return CONTENT_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = name.at[name.left - n + i];

		word[1 + i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		if (c <= ' ' || c >= 0x7f)
			return CONTENT_UNKNOWN;
	}
	word[1 + n] = ' ';
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (span_find(span_of(lists[i].text, strlen(lists[i].text)), word,
		    n + 2) != NULL)
			return lists[i].class;
	return CONTENT_UNKNOWN;
}
