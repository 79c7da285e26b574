/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every format in every protocol: a file of each kind is sent by each way that clear text
 * has, in segments of 1,460 bytes, and what is heard stands in the table of
 * contrib/docs/hearing.md. With an argument it prints that table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/classify/bytes.h"
#include "tests/unit/classify/talk.h"

#define FILE_BYTES 6000
#define SEGMENT 1460

/* What sound looks like: no byte that a parser would take for its own. */
static void
noise(struct bytes *b, size_t n)
{
	uint32_t x = 12345;

	while (n-- > 0) {
		uint8_t c;

		x = x * 1664525 + 1013904223;
		c = (uint8_t)(0x80 | x >> 25);
		add(b, &c, 1);
	}
}

static void
fill(struct bytes *b)
{
	if (b->n < FILE_BYTES)
		noise(b, FILE_BYTES - b->n);
}

/* ---- files ---- */

#define S(text) text, sizeof(text) - 1

static void
mp3(struct bytes *b)
{
	while (b->n < FILE_BYTES) {	/* 128 kbit/s at 44.1 kHz */
		add(b, "\xff\xfb\x90\xc4", 4);
		noise(b, 413);
	}
}

static void
mp3_tagged(struct bytes *b)
{
	add(b, S("ID3\3\0\0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0"));
	mp3(b);
}

static void
adts(struct bytes *b)
{
	while (b->n < FILE_BYTES) {	/* 44.1 kHz, 371 bytes */
		add(b, "\xff\xf1\x50\x80\x2e\x7f\xfc", 7);
		noise(b, 364);
	}
}

static void
ogg(struct bytes *b, const char *head, size_t n)
{
	add(b, S("OggS\0\2\0\0\0\0\0\0\0\0\1\2\3\4\0\0\0\0\5\6\7\x08\1"));
	number(b, n, 1, true);
	add(b, head, n);
	fill(b);
}

static void
opus(struct bytes *b)
{
	ogg(b, S("OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0"));
}

static void
vorbis(struct bytes *b)
{
	ogg(b, S("\1vorbis\0\0\0\0\1\x44\xac\0\0\0\0\0\0\0\xfa\0\0\0\0\0\0\xb8\1"));
}

static void
flac(struct bytes *b)
{
	add(b, S("fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42\xf0\0\x0f\x42\x40"));
	fill(b);
}

static void
wav(struct bytes *b)
{
	add(b, S("RIFF\x68\x17\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0"
	    "data\x44\x17\0\0"));
	fill(b);
}

static void
aiff(struct bytes *b)
{
	add(b, S("FORM\0\0\x17\x68" "AIFFCOMM\0\0\0\x12\0\1\0\0\x0b\xa1\0\x10\x40\x0e\xac"
	    "\x44\0\0\0\0\0\0"));
	fill(b);
}

static void
au(struct bytes *b)
{
	add(b, S(".snd\0\0\0\x18\xff\xff\xff\xff\0\0\0\1\0\0\x1f\x40\0\0\0\1"));
	fill(b);
}

static void
amr(struct bytes *b)
{
	text(b, "#!AMR\n");
	while (b->n < FILE_BYTES) {
		add(b, "\x3c", 1);
		noise(b, 31);
	}
}

static void
amr_wb(struct bytes *b)
{
	text(b, "#!AMR-WB\n");
	while (b->n < FILE_BYTES) {
		add(b, "\x44", 1);
		noise(b, 60);
	}
}

static void
caf(struct bytes *b)
{
	add(b, S("caff\0\1\0\0desc\0\0\0\0\0\0\0\x20\x40\xd5\x88\x80\0\0\0\0aac \0\0\0\0\0\0\0\0"
	    "\0\0\4\0\0\0\0\1\0\0\0\0"));
	fill(b);
}

static void
box(struct bytes *b, const char *id, size_t n)
{
	number(b, n + 8, 4, false);
	add(b, id, 4);
}

/* mvhd; one track of sound: mdhd, hdlr, stsd */
static void
index_of(struct bytes *b, const char *codec)
{
	static const uint8_t zeros[64];

	box(b, "moov", 28 + 8 + 8 + 28 + 32 + 8 + 8 + 52);
	box(b, "mvhd", 20);
	add(b, zeros, 12);
	number(b, 1000, 4, false);
	number(b, 90000, 4, false);
	box(b, "trak", 8 + 28 + 32 + 8 + 8 + 52);
	box(b, "mdia", 28 + 32 + 8 + 8 + 52);
	box(b, "mdhd", 20);
	add(b, zeros, 12);
	number(b, 8000, 4, false);
	number(b, 720000, 4, false);
	box(b, "hdlr", 24);
	add(b, zeros, 8);
	text(b, "soun");
	add(b, zeros, 12);
	box(b, "minf", 8 + 52);
	box(b, "stbl", 52);
	box(b, "stsd", 44);
	number(b, 0, 4, false);
	number(b, 1, 4, false);
	number(b, 36, 4, false);
	add(b, codec, 4);
	add(b, zeros, 28);
}

static void
m4a(struct bytes *b)
{
	add(b, S("\0\0\0\x10" "ftypM4A \0\0\0\0"));
	index_of(b, "mp4a");
	number(b, FILE_BYTES - b->n, 4, false);
	text(b, "mdat");
	fill(b);
}

static void
threegp_front(struct bytes *b)
{
	add(b, S("\0\0\0\x10" "ftyp3gp4\0\0\0\0"));
	index_of(b, "samr");
	number(b, FILE_BYTES - b->n, 4, false);
	text(b, "mdat");
	fill(b);
}

/* As telephones write it: they know the index when the recording ends. */
static void
threegp_behind(struct bytes *b)
{
	add(b, S("\0\0\0\x10" "ftyp3gp4\0\0\0\0"));
	number(b, FILE_BYTES - b->n, 4, false);
	text(b, "mdat");
	fill(b);
	index_of(b, "samr");
}

static void
webm(struct bytes *b)
{
	add(b, S("\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
	    "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
	    "\x16\x54\xae\x6b\x8e\xae\x8c\x83\x81\x02\x86\x86" "A_OPUS\xec\x80"
	    "\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x81\0"
	    "\xa3\x84\x81\0\0\x80"));
	fill(b);
}

static void
zip(struct bytes *b)
{
	add(b, S("PK\3\4\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x10\x10\0\0\x10\x10\0\0\x0d\0\0\0"
	    "talk/rec1.m4a"));
	fill(b);
}

static void
tar(struct bytes *b)
{
	static const uint8_t zeros[512];
	size_t at = b->n;

	add(b, zeros, 512);
	memcpy(b->at + at, S("talk/rec1.amr"));
	memcpy(b->at + at + 124, S("00000012000"));
	memcpy(b->at + at + 257, S("ustar\0" "00"));
	fill(b);
}

static void
rar4(struct bytes *b)
{
	add(b, S("Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d\0\0\0\0\0\0\0"
	    "\1\2\x74\x20\x80\x2d\0\0\x10\0\0\0\x10\0\0\2\0\0\0\0\0\0\0\0\x14\x30\x0d\0"
	    "\x20\0\0\0talk\\rec1.mp3"));
	fill(b);
}

static void
seven(struct bytes *b)
{
	add(b, S("7z\xbc\xaf\x27\x1c\0\4"));
	fill(b);
}

/* ---- ways ---- */

static struct bytes out;		/* what the sender says */

static void
send_all(struct talk *t, enum flow_dir dir)
{
	size_t at = 0;

	while (at < out.n) {
		size_t n = out.n - at < SEGMENT ? out.n - at : SEGMENT;

		(void)talk_bytes(t, dir, out.at + at, n);
		at += n;
		if ((t->news.what & NEWS_CONTENT) == 0)
			continue;
		/* a second look says what is new in it */
		if (t->news.class != CONTENT_UNKNOWN)
			t->class = t->news.class;
		if (t->news.codec != CODED_UNKNOWN)
			t->codec = t->news.codec;
	}
}

static void
base64(struct bytes *b, const struct bytes *f)
{
	static const char set[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i + 3 <= f->n; i += 3) {
		uint32_t v = (uint32_t)f->at[i] << 16 | (uint32_t)f->at[i + 1] << 8 |
		    f->at[i + 2];

		for (int k = 18; k >= 0; k -= 6)
			add(b, &set[v >> k & 63], 1);
	}
}

static void
by_put(struct talk *t, const struct bytes *f)
{
	char head[128];

	(void)snprintf(head, sizeof(head), "PUT /x HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: %zu\r\n\r\n", f->n);
	text(&out, head);
	add(&out, f->at, f->n);
	send_all(t, UP);
}

static void
by_chunks(struct talk *t, const struct bytes *f)
{
	char line[16];

	text(&out, "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0; at < f->n; at += 1000) {
		size_t n = f->n - at < 1000 ? f->n - at : 1000;

		(void)snprintf(line, sizeof(line), "%zx\r\n", n);
		text(&out, line);
		add(&out, f->at + at, n);
		text(&out, "\r\n");
	}
	text(&out, "0\r\n\r\n");
	send_all(t, UP);
}

static void
by_form(struct talk *t, const struct bytes *f)
{
	static const char part[] = "--b\r\nContent-Disposition: form-data; name=\"f\"; "
	    "filename=\"x\"\r\n\r\n";
	char head[160];

	(void)snprintf(head, sizeof(head), "POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: "
	    "multipart/form-data; boundary=b\r\nContent-Length: %zu\r\n\r\n",
	    sizeof(part) - 1 + f->n + 9);
	text(&out, head);
	text(&out, part);
	add(&out, f->at, f->n);
	text(&out, "\r\n--b--\r\n");
	send_all(t, UP);
}

static void
by_json(struct talk *t, const struct bytes *f)
{
	char head[160];

	(void)snprintf(head, sizeof(head), "POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: "
	    "application/json\r\nContent-Length: %zu\r\n\r\n{\"data\":\"", f->n / 3 * 4 + 11);
	text(&out, head);
	base64(&out, f);
	text(&out, "\"}");
	send_all(t, UP);
}

/* From a server inside. */
static void
by_answer(struct talk *t, const struct bytes *f)
{
	char head[128];

	t->serves = true;
	(void)talk(t, UP, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
	    f->n);
	text(&out, head);
	add(&out, f->at, f->n);
	send_all(t, DOWN);
}

static void
by_websocket(struct talk *t, const struct bytes *f)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

	(void)talk(t, UP, "GET /live HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n");
	for (size_t at = 0; at < f->n; at += 1000) {
		size_t n = f->n - at < 1000 ? f->n - at : 1000;

		add(&out, "\x82\xfe", 2);
		number(&out, n, 2, false);
		add(&out, mask, 4);
		for (size_t i = 0; i < n; i++) {
			uint8_t c = f->at[at + i] ^ mask[i & 3];

			add(&out, &c, 1);
		}
	}
	send_all(t, UP);
}

static void
by_h2(struct talk *t, const struct bytes *f)
{
	text(&out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	add(&out, "\0\0\0\4\0\0\0\0\0", 9);
	add(&out, "\0\0\3\1\4\0\0\0\1\x83\x86\x84", 12);
	for (size_t at = 0; at < f->n; at += 1000) {
		size_t n = f->n - at < 1000 ? f->n - at : 1000;

		number(&out, n, 3, false);
		add(&out, "\0\0\0\0\0\1", 6);
		add(&out, f->at + at, n);
	}
	send_all(t, UP);
}

static void
by_mail(struct talk *t, const struct bytes *f)
{
	text(&out, "EHLO h\r\nMAIL FROM:<a@h>\r\nRCPT TO:<b@h>\r\nDATA\r\nContent-Type: "
	    "multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream; "
	    "name=\"x\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	base64(&out, f);
	text(&out, "\r\n--b--\r\n.\r\n");
	send_all(t, UP);
}

static void
by_raw(struct talk *t, const struct bytes *f)
{
	add(&out, f->at, f->n);
	send_all(t, UP);
}

static void
by_ftp(struct talk *t, const struct bytes *f)
{
	struct talk said;

	talk_start(&said, t->c, IPPROTO_IS_TCP, 21);
	(void)talk(&said, UP, "USER x\r\n");
	(void)talk(&said, DOWN, "227 ok (203,0,113,5,39,15)\r\n");
	(void)talk(&said, UP, "STOR x\r\n");
	talk_end(&said);
	by_raw(t, f);		/* 39 * 256 + 15 is the port of all of these */
}

static void
by_smb(struct talk *t, const struct bytes *f)
{
	for (size_t at = 0; at < f->n; at += 3000) {
		size_t n = f->n - at < 3000 ? f->n - at : 3000;

		number(&out, 112 + n, 4, false);
		add(&out, "\xfeSMB", 4);
		number(&out, 64, 2, true);
		number(&out, 0, 6, true);
		number(&out, 9, 2, true);
		number(&out, 0, 50, true);
		number(&out, 49, 2, true);
		number(&out, 112, 2, true);
		number(&out, n, 4, true);
		number(&out, at, 8, true);
		number(&out, 0, 32, true);
		add(&out, f->at + at, n);
	}
	send_all(t, UP);
}

static void
by_mqtt(struct talk *t, const struct bytes *f)
{
	size_t left = 3 + f->n;

	add(&out, "\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x", 15);
	number(&out, 0x30, 1, false);
	number(&out, 0x80 | (left & 0x7f), 1, false);
	number(&out, left >> 7, 1, false);
	add(&out, "\0\1x", 3);
	add(&out, f->at, f->n);
	send_all(t, UP);
}

static void
by_tftp(struct talk *t, const struct bytes *f)
{
	struct talk ask;

	talk_start(&ask, t->c, IPPROTO_IS_UDP, 69);
	t->pkt.proto = t->flow.proto = IPPROTO_IS_UDP;
	ask.pkt.src = t->pkt.src = ask.flow.client;
	(void)talk_bytes(&ask, UP, S("\0\2x\0octet\0"));
	talk_end(&ask);
	add(&out, "\0\3\0\1", 4);
	add(&out, f->at, 512);
	send_all(t, UP);
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*make)(struct bytes *);
} files[] = {
	{ "MP3", mp3 }, { "MP3, ID3 tag", mp3_tagged }, { "AAC (ADTS)", adts },
	{ "Ogg Opus", opus }, { "Ogg Vorbis", vorbis }, { "FLAC", flac }, { "WAV", wav },
	{ "AIFF", aiff }, { "AU", au }, { "AMR", amr }, { "AMR-WB", amr_wb }, { "CAF", caf },
	{ "M4A", m4a }, { "3GP, index in front", threegp_front },
	{ "3GP, index behind", threegp_behind }, { "WebM", webm },
	{ "ZIP of recordings", zip }, { "TAR of recordings", tar },
	{ "RAR of recordings", rar4 }, { "7z", seven },
};
static const struct {
	const char *name;
	void (*send)(struct talk *, const struct bytes *);
} ways[] = {
	{ "PUT", by_put }, { "chunks", by_chunks }, { "form", by_form }, { "JSON", by_json },
	{ "answer", by_answer }, { "WebSocket", by_websocket }, { "HTTP/2", by_h2 },
	{ "mail", by_mail }, { "FTP", by_ftp }, { "SMB", by_smb }, { "MQTT", by_mqtt },
	{ "TFTP", by_tftp }, { "raw", by_raw },
};
#define FILES (sizeof(files) / sizeof(files[0]))
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static const char *
heard(struct content *c, size_t file, size_t way)
{
	static struct bytes f;
	struct talk t;
	enum content_word class;
	enum coded_word codec;

	f.n = out.n = 0;
	files[file].make(&f);
	talk_start(&t, c, IPPROTO_IS_TCP, 39 * 256 + 15);
	ways[way].send(&t, &f);
	class = t.class;
	codec = t.codec;
	talk_end(&t);
	return class == CONTENT_AUDIO ? codec != CODED_UNKNOWN ? "codec" : "yes" :
	    class == CONTENT_ARCHIVE ? "archive" : class != CONTENT_UNKNOWN ? "else" : "-";
}

static void
row(struct content *c, size_t file, char line[512])
{
	size_t n = (size_t)snprintf(line, 512, "| %s |", files[file].name);

	for (size_t way = 0; way < WAYS; way++)
		n += (size_t)snprintf(line + n, 512 - n, " %s |", heard(c, file, way));
}

static bool
stands_in(const char *path, const char *line)
{
	char got[1024];
	FILE *f = fopen(path, "r");
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(got, sizeof(got), f) != NULL) {
		got[strcspn(got, "\n")] = '\0';
		found = strcmp(got, line) == 0;
	}
	(void)fclose(f);
	return found;
}

static void
test_the_table_in_the_documents_is_what_is_heard(void **state)
{
	char line[512];

	for (size_t file = 0; file < FILES; file++) {
		row(*state, file, line);
		if (!stands_in("contrib/docs/hearing.md", line))
			fail_msg("contrib/docs/hearing.md has no such line:\n%s", line);
	}
}

static void
test_what_is_no_sound_is_called_none_by_any_way(void **state)
{
	static const char *const bodies[] = { "\x89PNG\r\n\x1a\n", "%PDF-1.7\n", "PK\3\4nothing",
		"\x1f\x8b\x08\0\0\0\0\0", "hello, world: ", "\x80\x81\x82" };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		for (size_t way = 0; way < WAYS; way++) {
			static struct bytes f;
			struct talk t;

			f.n = out.n = 0;
			text(&f, bodies[i]);
			fill(&f);
			talk_start(&t, *state, IPPROTO_IS_TCP, 39 * 256 + 15);
			ways[way].send(&t, &f);
			assert_int_not_equal(t.class, CONTENT_AUDIO);
			talk_end(&t);
		}
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table_in_the_documents_is_what_is_heard),
		cmocka_unit_test(test_what_is_no_sound_is_called_none_by_any_way),
	};
	void *c = NULL;
	char line[512];

	(void)argv;
	if (argc < 2)
		return cmocka_run_group_tests(tests, setup, teardown);
	printf("| |");
	for (size_t way = 0; way < WAYS; way++)
		printf(" %s |", ways[way].name);
	printf("\n|---|");
	for (size_t way = 0; way < WAYS; way++)
		printf("---|");
	(void)setup(&c);
	for (size_t file = 0; file < FILES; file++) {
		row(c, file, line);
		printf("\n%s", line);
	}
	printf("\n");
	return teardown(&c);
}
