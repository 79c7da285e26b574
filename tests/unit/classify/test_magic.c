/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a body is by its first bytes, what a type and a name claim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "classify/content/parse.h"

static enum format_word
of(const void *bytes, size_t n, enum content_word *class)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);
	enum format_word f;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	f = magic_of(span_of(copy, n), class);
	free(copy);
	return f;
}

#define FTYP "\0\0\0\x10" "ftypisom\0\0\2\0"
#define TRAK(handler) "\0\0\0\x24trak\0\0\0\x1cmdia\0\0\0\x14hdlr\0\0\0\0\0\0\0\0" handler
/* EBML's header, a segment and its tracks without an end; then sound */
#define EBML "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x16\x54\xae\x6b\xff"
#define CLUSTER "\x1f\x43\xb6\x75\xff\xe7\x81\0\xa3\x85\x81\0\0\x80x"

static void
test_each_format_is_known_by_its_first_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum format_word format;
		enum content_word class;
	} rows[] = {
#define R(t, f, c) { t, sizeof(t) - 1, FORMAT_##f, CONTENT_##c }
		R("ID3\4\0\0\0\0\x0f\x76", MP3, AUDIO),
		R("OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13OpusHead", OPUS, AUDIO),
		R("OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13\1vorbis", VORBIS, AUDIO),
		R("OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13Speex   ", SPEEX, AUDIO),
		R("OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13\x80theora",
		    OGV, VIDEO),
		R("fLaC\0\0\0\x22", FLAC, AUDIO), R("RIFF....WAVEfmt ", WAV, AUDIO),
		R("RIFF....AVI LIST", AVI, VIDEO), R("RIFF....WEBPVP8 ", WEBP, IMAGE),
		R("FORM....AIFF", AIFF, AUDIO), R(".snd\0\0\0\x18", AU, AUDIO),
		R("\0\0\0\x1c" "ftypM4A \0\0\2\0", M4A, AUDIO),
		R("\0\0\0\x1c" "ftypheic", HEIF, IMAGE),
		/* by the handlers of the tracks, and by nothing that only reads alike */
		R(FTYP "\0\0\0\x2cmoov" TRAK("soun") "\0\0\0\x08mdat", MP4, AUDIO),
		R(FTYP "\0\0\0\x50moov" TRAK("soun") TRAK("vide") "\0\0\0\x08mdat",
		    MP4, VIDEO),
		R(FTYP "\0\0\0\x38moov\0\0\0\x0cnamevide" TRAK("soun") "\0\0\0\x08mdat",
		    MP4, AUDIO),
		R(FTYP "\0\0\0\x50moov" TRAK("soun"), MP4, UNKNOWN),	/* a track to come */
		R(FTYP "\0\0\x10\0mdat....soun", MP4, UNKNOWN),
		R("#!AMR\n\x3c", AMR, AUDIO), R("#!AMR-WB\n\x3c", AMR_WB, AUDIO),
		R("caff\0\1\0\0", CAF, AUDIO), R("\1\0\0", UNKNOWN, UNKNOWN),
		R(EBML "\xae\x8b\x83\x81\2\x86\x86" "A_OPUS" CLUSTER, MATROSKA, AUDIO),
		R(EBML "\xae\x8b\x83\x81\2\x86\x86" "A_OPUS\xae\x83\x83\x81\1" CLUSTER,
		    MATROSKA, VIDEO),
		R(EBML "\xec\x85V_VP8\xae\x83\x83\x81\2" CLUSTER, MATROSKA, AUDIO),
		R("\xff\xd8\xff\xe0", JPEG, IMAGE), R("\x89PNG\r\n\x1a\n", PNG, IMAGE),
		R("GIF89a", GIF, IMAGE), R("%PDF-1.7", PDF, DOCUMENT),
		R("PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaarec.m4a", ZIP, ARCHIVE),
		R("PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaaword/document.xml", OFFICE, DOCUMENT),
		R("\x1f\x8b\x08\0", GZIP, ARCHIVE), R("7z\xbc\xaf\x27\x1c", SEVENZIP, ARCHIVE),
		R("Rar!\x1a\x07\1\0", RAR, ARCHIVE), R("\x7f" "ELF\2", ELF, PROGRAM),
		R("!<arch>\ndebian-binary  ", DEB, PACKAGE), R("\2dss", DICTATION, AUDIO),
		R("PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaaMETA-INF/MANIFEST.MF", JAR, PACKAGE),
		R("\xed\xab\xee\xdb\3", RPM, PACKAGE), R("SQLite format 3\0", SQLITE, DATABASE),
		R("QFI\xfb\0\0\0\3", QCOW, DISK), R("PACK\0\0\0\2", GIT, SOURCE),
		R("II*\0", TIFF, IMAGE), R("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", BMP, IMAGE),
		R("BM and then a text, of course", UNKNOWN, UNKNOWN),
		R("{\\rtf1\\ansi", RTF, DOCUMENT), R("BZh91AY&SY", BZIP2, ARCHIVE),
		R("BZh9 is a text", UNKNOWN, UNKNOWN), R("\0\0\1\xba", MPEG, VIDEO),
		R("#!EVS_MC1.0\n", EVS, AUDIO), R("MAC \x96\x0f", APE, AUDIO),
#undef R
	};
	enum content_word class;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(of(rows[i].bytes, rows[i].n, &class), rows[i].format);
		assert_int_equal(class, rows[i].class);
		for (size_t n = 0; n < rows[i].n; n++)	/* cut anywhere: no over-read */
			(void)of(rows[i].bytes, n, &class);
	}
}

static void
test_mp3_needs_a_second_frame_where_the_first_says(void **state)
{
	uint8_t b[1000] = { 0xff, 0xfb, 0x90, 0x00 };	/* 128 kbit/s,
							 * 44.1 kHz: 417 bytes */
	enum content_word class;

	(void)state;
	assert_int_equal(of(b, sizeof(b), &class), FORMAT_UNKNOWN);
	assert_int_equal(class, CONTENT_UNKNOWN);
	memcpy(b + 417, b, 4);
	assert_int_equal(of(b, sizeof(b), &class), FORMAT_MP3);
	assert_int_equal(class, CONTENT_AUDIO);
	assert_int_equal(of(b, 420, &class), FORMAT_UNKNOWN);
	b[417 + 2] = 0x94;	/* another sampling rate: another stream, or none */
	assert_int_equal(of(b, sizeof(b), &class), FORMAT_UNKNOWN);
}

static void
test_adts_needs_a_second_frame(void **state)
{
	uint8_t b[600] = { 0xff, 0xf1, 0x50, 0x80, 0x20, 0x1f, 0xfc };	/* 0x100 bytes */
	enum content_word class;

	(void)state;
	assert_int_equal(of(b, sizeof(b), &class), FORMAT_UNKNOWN);
	memcpy(b + 0x100, b, 7);
	assert_int_equal(of(b, sizeof(b), &class), FORMAT_AAC);
}

/* 1280 x 800, 32 bits of which 24 count, a name of four letters. */
#define SCREEN "\5\0\3\x20\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\4desk"
#define TEN "0123456789"

static void
test_a_screen_is_known_by_its_size_behind_the_greeting(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool is;
	} rows[] = {
#define S(t, is) { t, sizeof(t) - 1, is }
		S("RFB 003.008\n\1\1\0\0\0\0" SCREEN, true),	/* no password */
		S("RFB 003.007\n\1\1" SCREEN, true),
		S("RFB 003.003\n\0\0\0\1" SCREEN, true),
		S("RFB 003.008\n\2\2\x10" TEN "012345\0\0\0\0" SCREEN, true),	/* one */
		S("RFB 003.003\n\0\0\0\2" TEN "012345\0\0\0\0" SCREEN, true),
		S("RFB 003.008\n", false),		/* the greeting proves nothing */
		S("RFB 003.008\n\1\1\0\0\0\0" TEN TEN TEN TEN TEN, false),
		S("RFB 003.008\n\1\x13" TEN TEN TEN TEN TEN TEN, false),	/* sealed */
		S("RFB 003.008\n\1\1\0\0\0\1" SCREEN, false),	/* refused */
		S("RFB 003-008\n\1\1\0\0\0\0" SCREEN, false),
		S("XFB 003.008\n\1\1\0\0\0\0" SCREEN, false),
#undef S
	};
	enum content_word class;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(of(rows[i].bytes, rows[i].n, &class) == FORMAT_RFB,
		    rows[i].is);
		assert_int_equal(class == CONTENT_SCREEN, rows[i].is);
		for (size_t n = 0; rows[i].is && n < rows[i].n - 4; n++) {	/* its name */
			struct span cut = span_of(rows[i].bytes, n);

			assert_int_not_equal(of(rows[i].bytes, n, &class), FORMAT_RFB);
			assert_false(n >= 6 && magic_hopeless(cut));
		}
	}
	assert_true(class_is_plain(CONTENT_SCREEN));
}

static void
test_a_tar_is_known_behind_its_first_name(void **state)
{
	uint8_t b[512] = "recordings/";
	enum content_word class;

	(void)state;
	memcpy(b + 257, "ustar", 6);
	assert_int_equal(of(b, sizeof(b), &class), FORMAT_TAR);
	assert_int_equal(class, CONTENT_ARCHIVE);
	assert_int_equal(of(b, 261, &class), FORMAT_UNKNOWN);
}

/* What stands behind a picture is no picture. */
static void
test_a_header_says_how_long_its_file_can_be(void **state)
{
	static const uint8_t jpeg[] = "\xff\xd8\xff\xe0\0\x04..\xff\xc0\0\x11\x08\x0b\xb8\x0f\xa0\3";
	static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x03\xe8\0\0\x03\xe8\x08\2";
	static const uint8_t mp4[] = "\0\0\0\x10" "ftypisom\0\0\2\0\0\0\x10\0mdat";
	static const uint8_t sqlite[100] = "SQLite format 3\0\x10\0..........\0\0\0\x0a";

	(void)state;
	assert_int_equal(magic_length(span_of(jpeg, sizeof(jpeg)), FORMAT_JPEG),
	    3000 * 4000 * 3 + (1 << 20));
	for (size_t n = 0; n < 17; n++)
		assert_true(magic_length(span_of(jpeg, n), FORMAT_JPEG) == UINT64_MAX);
	assert_int_equal(magic_length(span_of(png, sizeof(png)), FORMAT_PNG),
	    3001 * 1000 + (1 << 20));
	assert_int_equal(magic_length(span_of(mp4, sizeof(mp4)), FORMAT_MP4),
	    16 + 4096 + 4096 / 16 + (1 << 20));
	assert_int_equal(magic_length(span_of(sqlite, sizeof(sqlite)), FORMAT_SQLITE), 40960);
	assert_true(magic_length(span_of("%PDF-", 5), FORMAT_PDF) == UINT64_MAX);
}

static struct span
text(const char *s)
{
	return span_of(s, strlen(s));
}

static void
test_types_and_names_say_what_they_claim(void **state)
{
	(void)state;
	assert_int_equal(class_of_type(text("Audio/MPEG")), CONTENT_AUDIO);
	assert_int_equal(class_of_type(text("application/ogg")), CONTENT_AUDIO);
	assert_int_equal(class_of_type(text("video/mp4")), CONTENT_VIDEO);
	assert_int_equal(class_of_type(text("video/3gpp")), CONTENT_UNKNOWN);
	assert_int_equal(class_of_type(text("image/jpeg")), CONTENT_IMAGE);
	assert_int_equal(class_of_type(text("application/pdf")), CONTENT_DOCUMENT);
	assert_int_equal(class_of_type(text("application/json")), CONTENT_TEXT);
	assert_int_equal(class_of_type(text("application/octet-stream")),
	    CONTENT_UNKNOWN);
	assert_int_equal(class_of_type(text("")), CONTENT_UNKNOWN);
	assert_int_equal(class_of_name(text("rec 2026-11-22.M4A")), CONTENT_AUDIO);
	assert_int_equal(class_of_name(text("a.b.opus")), CONTENT_AUDIO);
	assert_int_equal(class_of_name(text("x.tar.gz")), CONTENT_ARCHIVE);
	assert_int_equal(class_of_name(text("x.docx")), CONTENT_DOCUMENT);
	assert_int_equal(class_of_name(text(".mp3")), CONTENT_AUDIO);
	assert_int_equal(class_of_name(text("mp3")), CONTENT_UNKNOWN);
	assert_int_equal(class_of_name(text("x.p 3")), CONTENT_UNKNOWN);
	assert_int_equal(class_of_name(text("x.")), CONTENT_UNKNOWN);
	assert_int_equal(class_of_name(text("")), CONTENT_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_format_is_known_by_its_first_bytes),
		cmocka_unit_test(test_mp3_needs_a_second_frame_where_the_first_says),
		cmocka_unit_test(test_adts_needs_a_second_frame),
		cmocka_unit_test(
		    test_a_screen_is_known_by_its_size_behind_the_greeting),
		cmocka_unit_test(test_a_tar_is_known_behind_its_first_name),
		cmocka_unit_test(test_a_header_says_how_long_its_file_can_be),
		cmocka_unit_test(test_types_and_names_say_what_they_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
