/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codecs: how fast recordings grow, in one table; and whether bytes fit a length.
 *
 * A file is its payload, what its container adds, and what the way adds (upload_of). Codecs
 * of constant rate are exact to a tenth of a percent; those of variable rate spread, and a
 * lossless one gives a range.
 */
#ifndef CLASSIFY_SHAPE_CODECS_H
#define CLASSIFY_SHAPE_CODECS_H

#include "capture/base/ptime.h"
#include "classify/shape/hearing.h"

/* X(id, name, payload bit/s, added by the container bit/s, spread of the rate either way,
 * what a call is recorded with)
 * AMR's container adds a byte a frame and fills the frame's last one; Ogg's adds a page
 * head and a byte a frame each second; ADTS seven bytes a frame. A name may stand several
 * times: its rates. The calls' rates lie further apart than twice the tolerance, so a size
 * fits one of them at most; WAV of 64, 128 and 256 kbit/s stands for MP3 and AAC of those
 * rates as well. */
#define CODECS(X) \
	X(G729, "g729", 8000, 0, 0.005, true) \
	X(GSM, "gsm", 13000, 200, 0.005, false) \
	X(AMR475, "amr", 4750, 450, 0.005, false) \
	X(AMR515, "amr", 5150, 450, 0.005, false) \
	X(AMR590, "amr", 5900, 500, 0.005, false) \
	X(AMR670, "amr", 6700, 500, 0.005, false) \
	X(AMR740, "amr", 7400, 600, 0.005, false) \
	X(AMR795, "amr", 7950, 450, 0.005, false) \
	X(AMR1020, "amr", 10200, 600, 0.005, false) \
	X(AMR1220, "amr", 12200, 600, 0.005, true) \
	X(WB660, "amr-wb", 6600, 600, 0.005, false) \
	X(WB885, "amr-wb", 8850, 750, 0.005, false) \
	X(WB1265, "amr-wb", 12650, 550, 0.005, false) \
	X(WB1425, "amr-wb", 14250, 550, 0.005, false) \
	X(WB1585, "amr-wb", 15850, 550, 0.005, false) \
	X(WB1825, "amr-wb", 18250, 550, 0.005, false) \
	X(WB1985, "amr-wb", 19850, 550, 0.005, false) \
	X(WB2305, "amr-wb", 23050, 550, 0.005, false) \
	X(WB2385, "amr-wb", 23850, 550, 0.005, true) \
	X(OPUS6, "opus", 6000, 620, 0.15, false) \
	X(OPUS12, "opus", 12000, 620, 0.15, false) \
	X(OPUS16, "opus", 16000, 620, 0.15, false) \
	X(OPUS24, "opus", 24000, 620, 0.15, false) \
	X(OPUS32, "opus", 32000, 620, 0.15, false) \
	X(OPUS48, "opus", 48000, 620, 0.15, false) \
	X(OPUS64, "opus", 64000, 620, 0.15, false) \
	X(MP3_32, "mp3", 32000, 0, 0.005, true) \
	X(MP3_48, "mp3", 48000, 0, 0.005, false) \
	X(MP3_64, "mp3", 64000, 0, 0.005, false) \
	X(MP3_96, "mp3", 96000, 0, 0.005, false) \
	X(MP3_128, "mp3", 128000, 0, 0.005, false) \
	X(MP3_192, "mp3", 192000, 0, 0.005, false) \
	X(MP3_256, "mp3", 256000, 0, 0.005, false) \
	X(MP3_320, "mp3", 320000, 0, 0.005, false) \
	X(AAC24, "aac", 24000, 1400, 0.06, false) \
	X(AAC32, "aac", 32000, 1400, 0.06, false) \
	X(AAC48, "aac", 48000, 1400, 0.06, false) \
	X(AAC64, "aac", 64000, 1400, 0.06, false) \
	X(AAC96, "aac", 96000, 1400, 0.06, false) \
	X(AAC128, "aac", 128000, 1400, 0.06, false) \
	X(AAC192, "aac", 192000, 1400, 0.06, false) \
	X(AAC256, "aac", 256000, 1400, 0.06, false) \
	X(G711, "g711", 64000, 0, 0.005, true) \
	X(G722, "g722", 64000, 0, 0.005, false) \
	X(WAV8, "wav", 64000, 0, 0.002, false) \
	X(WAV8_16, "wav", 128000, 0, 0.002, true) \
	X(WAV16, "wav", 256000, 0, 0.002, true) \
	X(WAV44, "wav", 705600, 0, 0.002, false) \
	X(WAV48, "wav", 768000, 0, 0.002, false) \
	X(WAV44_2, "wav", 1411200, 0, 0.002, false) \
	X(WAV48_2, "wav", 1536000, 0, 0.002, false) \
	X(FLAC16, "flac", 130000, 0, 0.5, false) \
	X(FLAC44, "flac", 600000, 0, 0.6, false)

struct codec {
	const char *name;
	double payload, container;	/* bit/s */
	double spread;			/* of the rate, either way, as a share */
	bool of_calls;
};

enum codec_id {
#define X(id, name, payload, container, spread, of_calls) CODEC_##id,
	CODECS(X)
#undef X
	CODEC_COUNT
};

extern const struct codec codec_table[CODEC_COUNT];

/* Bytes a second of sound takes in the file. */
double codec_bytes(const struct codec *c);

/* What goes over the wire for a file of so many bytes: requests, TLS' handshake and
 * its records; and back. */
double upload_of(double file);
double file_of(double upload);

/* An upload against a call's length. */
struct call_fit {
	double rate;			/* bit/s of the file */
	double off;			/* share by which the length it makes is longer */
};
bool call_fits(const struct hearing *h, uint64_t upload, int64_t length,
    struct call_fit *out);

#endif
