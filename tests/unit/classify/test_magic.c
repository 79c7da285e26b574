/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a body is by its first bytes, what a type and a name claim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "classify/content/content.h"

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
		    UNKNOWN, VIDEO),
		R("fLaC\0\0\0\x22", FLAC, AUDIO), R("RIFF....WAVEfmt ", WAV, AUDIO),
		R("RIFF....AVI LIST", UNKNOWN, VIDEO), R("RIFF....WEBPVP8 ", UNKNOWN, IMAGE),
		R("FORM....AIFF", AIFF, AUDIO), R(".snd\0\0\0\x18", AU, AUDIO),
		R("\0\0\0\x1c" "ftypM4A \0\0\2\0", M4A, AUDIO),
		R("\0\0\0\x1c" "ftypheic", UNKNOWN, IMAGE),
		R("\0\0\0\x1c" "ftypisom....moov....soun", MP4, AUDIO),
		R("\0\0\0\x1c" "ftypmp42....moov..vide..soun", MP4, VIDEO),
		R("\0\0\0\x1c" "ftypisom....mdat", MP4, UNKNOWN),
		R("#!AMR\n\x3c", AMR, AUDIO), R("#!AMR-WB\n\x3c", AMR_WB, AUDIO),
		R("caff\0\1\0\0", CAF, AUDIO), R("\1\0\0", UNKNOWN, UNKNOWN),
		R("\x1a\x45\xdf\xa3....A_OPUS", MATROSKA, AUDIO),
		R("\x1a\x45\xdf\xa3..A_OPUS..V_VP8", MATROSKA, VIDEO),
		R("\xff\xd8\xff\xe0", JPEG, IMAGE), R("\x89PNG\r\n\x1a\n", PNG, IMAGE),
		R("GIF89a", GIF, IMAGE), R("%PDF-1.7", PDF, DOCUMENT),
		R("PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaarec.m4a", ZIP, ARCHIVE),
		R("PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaaword/document.xml", ZIP, DOCUMENT),
		R("\x1f\x8b\x08\0", GZIP, ARCHIVE), R("7z\xbc\xaf\x27\x1c", SEVENZIP, ARCHIVE),
		R("Rar!\x1a\x07\1\0", RAR, ARCHIVE), R("\x7f" "ELF\2", ELF, PROGRAM),
		R("!<arch>\ndebian-binary  ", DEB, PROGRAM), R("\2dss", UNKNOWN, AUDIO),
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
		cmocka_unit_test(test_a_tar_is_known_behind_its_first_name),
		cmocka_unit_test(test_types_and_names_say_what_they_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
