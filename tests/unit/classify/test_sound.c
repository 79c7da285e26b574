/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a recording is and at which rate, by its own header; which archives and names
 * speak of recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "classify/content/parse.h"

#define MINUTE (60 * NS_PER_S)

/* Exactly these bytes, cut anywhere as well: no over-read. */
static struct sound
of(const uint8_t *b, size_t n, enum format_word format, uint64_t length)
{
	struct sound out;

	for (size_t cut = 0; cut <= n; cut++) {
		uint8_t *copy = malloc(cut == 0 ? 1 : cut);

		assert_non_null(copy);
		memcpy(copy, b, cut);
		sound_of(span_of(copy, cut), format, length, 0, &out);
		free(copy);
	}
	return out;
}

static void
test_wav_by_its_data_or_by_the_declared_length(void **state)
{
	uint8_t b[44] = "RIFF....WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
	    "data";
	struct sound s;

	(void)state;
	memcpy(b + 40, "\x00\xa6\x0e\0", 4);	/* 960,000 bytes at 16,000 a second */
	s = of(b, sizeof(b), FORMAT_WAV, UINT64_MAX);
	assert_true(s.rate == 128000 && s.ns == MINUTE);
	memset(b + 40, 0xff, 4);		/* a recorder that did not know */
	s = of(b, sizeof(b), FORMAT_WAV, 44 + 960000);
	assert_true(s.ns == MINUTE);
	s = of(b, sizeof(b), FORMAT_WAV, UINT64_MAX);
	assert_true(s.rate == 128000 && s.ns == 0);
}

static void
test_mp3_by_its_frames_or_its_encoders_note(void **state)
{
	uint8_t b[1000] = { 0xff, 0xfb, 0x90, 0x00 };	/* 128 kbit/s, 44.1 kHz */
	struct sound s;

	(void)state;
	memcpy(b + 417, b, 4);
	s = of(b, sizeof(b), FORMAT_MP3, 960000);
	assert_true(s.rate > 127500 && s.rate < 128500);
	assert_true(s.ns > 59 * NS_PER_S && s.ns < 61 * NS_PER_S);
	memcpy(b + 36, "Xing\0\0\0\3\0\0\x08\xfa\0\x0e\xa6\x00", 16);	/* 2,298 frames */
	s = of(b, sizeof(b), FORMAT_MP3, UINT64_MAX);
	assert_true(s.ns > 60 * NS_PER_S && s.ns < 60.1 * NS_PER_S);
	assert_true(s.rate > 127000 && s.rate < 129000);
}

static void
test_amr_by_its_frames(void **state)
{
	uint8_t b[9 + 61 * 4] = "#!AMR-WB\n";
	struct sound s;

	(void)state;
	for (int i = 0; i < 4; i++)
		b[9 + 61 * i] = 8 << 3 | 4;		/* 23.85 kbit/s */
	s = of(b, sizeof(b), FORMAT_AMR_WB, 9 + 61 * 50 * 60 * 42);
	assert_true(s.rate == 61 * 8 * 50 && s.ns == 42 * MINUTE);
	b[9] = 12 << 3;					/* no such frame */
	s = of(b, sizeof(b), FORMAT_AMR_WB, UINT64_MAX);
	assert_true(s.rate == 0 && s.ns == 0);
}

static void
test_flac_adts_ogg_aiff_au_and_mp4(void **state)
{
	uint8_t flac[42] = "fLaC\0\0\0\x22", adts[0x200] = { 0 }, opus[400] = { 0 };
	static const uint8_t aiff[] = "FORM....AIFFCOMM\0\0\0\x12\0\1\0\7\x53\0\0\x10\x40\x0b\xfa"
	    "\0\0\0\0\0\0\0";			/* 480,000 frames at 8 kHz */
	static const uint8_t au[] = ".snd\0\0\0\x18\0\7\x53\0\0\0\0\1\0\0\x1f\x40\0\0\0\1";
	uint8_t mp4[8 + 8 + 8 + 100] = "\0\0\0\x08" "ftyp\0\0\0\x74moov\0\0\0\x6cmvhd";
	struct sound s;

	(void)state;
	memcpy(flac + 18, "\x03\xe8\x02\xf0\0\x0e\xa6\0", 8);	/* 16 kHz, 960,000 */
	s = of(flac, sizeof(flac), FORMAT_FLAC, UINT64_MAX);
	assert_true(s.ns == MINUTE && s.rate == 0);
	s = of(flac, sizeof(flac), FORMAT_FLAC, 750000);
	assert_true(s.rate == 100000);
	for (int i = 0; i < 2; i++)		/* 0x100 bytes for 1,024 of 44,100 */
		memcpy(adts + 0x100 * i, "\xff\xf1\x50\x80\x20\x1f\xfc", 7);
	s = of(adts, sizeof(adts), FORMAT_AAC, UINT64_MAX);
	assert_true(s.rate > 88100 && s.rate < 88300);
	memcpy(opus, "OggS", 4);
	opus[26] = 1;
	opus[27] = 19;
	memcpy(opus + 28, "OpusHead\1\1\x38\1", 12);	/* 312 samples of lead-in */
	memcpy(opus + 47, "OggS", 4);
	opus[47 + 26] = 1;
	opus[47 + 27] = 20;
	memcpy(opus + 95, "OggS\0\0\xb8\xbc\0\0", 10);	/* 48,312: one second */
	opus[95 + 26] = 12;
	memset(opus + 95 + 27, 247, 12);		/* 3,003 bytes */
	s = of(opus, sizeof(opus), FORMAT_OPUS, UINT64_MAX);
	assert_true(s.rate == 3003 * 8);
	s = of(aiff, sizeof(aiff) - 1, FORMAT_AIFF, UINT64_MAX);
	assert_true(s.ns == MINUTE);
	s = of(au, sizeof(au) - 1, FORMAT_AU, UINT64_MAX);
	assert_true(s.rate == 64000 && s.ns == MINUTE);
	memcpy(mp4 + 24 + 12, "\0\0\x03\xe8\0\0\xea\x60", 8);	/* 60,000 of a thousand */
	s = of(mp4, sizeof(mp4), FORMAT_M4A, UINT64_MAX);
	assert_true(s.ns == MINUTE);
}

static struct span
text(const char *s)
{
	return span_of(s, strlen(s));
}

static void
test_archives_tell_the_names_in_them(void **state)
{
	static const char zip[] = "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\4\0\0\0\4\0\0\0\5\0\0\0"
	    "a.txtdataPK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\4\0\0\0\4\0\0\0\5\0\0\0a.m4adata";
	uint8_t tar[2048] = "notes.txt";
	struct span name;
	uint64_t again;

	(void)state;
	assert_true(archive_sound(span_of(zip, sizeof(zip) - 1), FORMAT_ZIP, &name, &again));
	assert_memory_equal(name.at, "a.m4a", 5);
	for (size_t n = 0; n < 74; n++)
		assert_false(archive_sound(span_of(zip, n), FORMAT_ZIP, &name, &again));
	memcpy(tar + 124, "00000000003", 11);
	memcpy(tar + 257, "ustar", 5);
	memcpy(tar + 1024, "m/talk.amr", 10);
	memcpy(tar + 1024 + 257, "ustar", 5);
	assert_true(archive_sound(span_of(tar, sizeof(tar)), FORMAT_TAR, &name, &again));
	assert_int_equal(name.left, 10);
	tar[1024 + 9] = 'x';
	assert_false(archive_sound(span_of(tar, sizeof(tar)), FORMAT_TAR, &name, &again));
}

static void
test_some_names_speak_of_recordings(void **state)
{
	(void)state;
	assert_true(speaks_of_recordings(text("Recordings.7z")));
	assert_true(speaks_of_recordings(text("board_voice-notes.rar")));
	assert_true(speaks_of_recordings(text("rec-20261122-1403.7z")));
	assert_true(speaks_of_recordings(text("mtg_2026-11-22.zip")));
	assert_true(speaks_of_recordings(text("Aufnahme Sitzung.7z")));
	assert_true(speaks_of_recordings(text("Enregistrement-3.rar")));
	assert_true(speaks_of_recordings(text("grabaci\u00f3n_mesa.7z")));
	assert_true(speaks_of_recordings(text("\u0437\u0430\u043f\u0438\u0441\u044c 7.rar")));
	assert_true(speaks_of_recordings(text("\u4f1a\u8bae\u5f55\u97f3.7z")));
	assert_true(speaks_of_recordings(text("r\u00e9union 2026-11-22.7z")));
	assert_false(speaks_of_recordings(text("r\u00e9union.7z")));
	assert_false(speaks_of_recordings(text("grabar.7z")));
	assert_false(speaks_of_recordings(text("records.zip")));
	assert_false(speaks_of_recordings(text("meeting-minutes.zip")));
	assert_false(speaks_of_recordings(text("backup-20261122.zip")));
	assert_false(speaks_of_recordings(text("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wav_by_its_data_or_by_the_declared_length),
		cmocka_unit_test(test_mp3_by_its_frames_or_its_encoders_note),
		cmocka_unit_test(test_amr_by_its_frames),
		cmocka_unit_test(test_flac_adts_ogg_aiff_au_and_mp4),
		cmocka_unit_test(test_archives_tell_the_names_in_them),
		cmocka_unit_test(test_some_names_speak_of_recordings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
