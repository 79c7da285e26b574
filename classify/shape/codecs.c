/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codecs: the table, and the arithmetic of lengths. Pure. */
#include "classify/shape/codecs.h"

#include <math.h>

/* A handshake of TLS 1.3 (0.5 kB up, 1.5 with a client's long lists) and a request's head;
 * then 22 bytes for each record of 16 KiB. In clear text it is 0.1 % less, which no
 * tolerance here minds. */
#define WAY_ONCE 1500.0
#define WAY_EACH (1 + 22.0 / 16384)

const struct codec codec_table[CODEC_COUNT] = {
#define X(id, name, payload, container, spread, of_calls) \
	[CODEC_##id] = { name, payload, container, spread, of_calls },
	CODECS(X)
#undef X
};

double
codec_bytes(const struct codec *c)
{
	return (c->payload + c->container) / 8;
}

double
upload_of(double file)
{
	return file * WAY_EACH + WAY_ONCE;
}

double
file_of(double upload)
{
	return upload > WAY_ONCE ? (upload - WAY_ONCE) / WAY_EACH : 0;
}

bool
call_fits(const struct hearing *h, uint64_t upload, int64_t length, struct call_fit *out)
{
	double seconds = (double)length / (double)NS_PER_S, best = h->call_tolerance;
	bool found = false;

	if (length <= 0 || length < h->call_least)
		return false;
	for (unsigned i = 0; i < CODEC_COUNT; i++) {
		const struct codec *c = &codec_table[i];
		double off;

		if (!c->of_calls)
			continue;
		off = file_of((double)upload) / (codec_bytes(c) * seconds) - 1;
		if (fabs(off) > best)
			continue;
		best = fabs(off);
		*out = (struct call_fit){ 8 * codec_bytes(c), off };
		found = true;
	}
	return found;
}
