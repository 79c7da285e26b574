/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fit: forms of a recording, and how near an upload comes to one. Pure. */
#include "rules/trace/fit.h"

#include <math.h>
#include <string.h>

/* More than a form by up to this is what the way added: SSH pads, multipart forms and small
 * requests have their lines, packets are sent again. Less is nothing but a length that was
 * rounded. */
#define MORE 0.03
#define MORE_BYTES 8192.0		/* certificates, cookies, lists of a client's ciphers */
#define LESS 0.003
#define LENGTH_OFF 0.01			/* a length told in seconds, a cut beginning */
#define BASE64 (4.0 / 3 * 78 / 76)	/* with mail's line ends */
#define EACH 1500.0			/* a connection's own; upload_of has one of them */
#define QUIC_HEAD 48.0			/* RFC 9000: of a packet, its frame and its tag; 4 % of
					 * the smallest */
#define LEAST_WIDTH 0.004

#define RTP_HEAD 12.0			/* RFC 3550; SRTP adds ten more */
#define LIVE_LENGTH 0.02		/* a stream and its recording begin and end apart */
#define LIVE_SLACK 5.0			/* s */
#define LIVE_RATE 0.12			/* of a stream against its codec's rate */
#define LIVE_LEAST 3000.0		/* bit/s: below there is no speech */
#define LIVE_MOST 420000.0

static bool
takes(const struct trace_want *w, const struct codec *c)
{
	return w->codec == NULL || strcmp(w->codec, c->name) == 0;
}

/* One form; the nearer one of it and what was found before stays. */
static void
consider(double bytes, double less, double more, const struct codec *codec, enum fit_how how,
    uint64_t upload, struct way_out w, struct fit *best, bool *found)
{
	double extra = w.connections > 1 ? (w.connections - 1) * EACH : 0;
	double expected = upload_of(bytes) + extra, off = (double)upload / expected - 1;
	double most = MORE_BYTES + extra + QUIC_HEAD * (double)w.datagrams;
	double width = less + more + most / expected;

	best->forms++;
	if (off < -less - extra / expected ||
	    off > more + most / expected)
		return;
	/* Of two forms that fit, the one with the smaller net says more. */
	if (*found && (best->how < how ||
	    fabs(off) + width / 4 >= fabs(best->off) + best->width / 4))
		return;
	*found = true;
	best->how = how;
	best->codec = codec;
	best->bytes = bytes;
	best->expected = expected;
	best->off = off;
	best->width = how == FIT_AS_IS && 2 * fabs(off) < width ?
	    fmax(2 * fabs(off), LEAST_WIDTH) : width;
}

bool
fit_bulk(const struct trace_want *w, uint64_t upload, struct way_out out_by, struct fit *out)
{
	double seconds = (double)w->length / 1e9;
	bool found = false;

	memset(out, 0, sizeof(*out));
	/* Most flows are far smaller than any form. */
	if ((w->size == 0 || upload < w->size / 2) && (double)upload < 200 * seconds)
		return false;
	if (w->size > 0) {
		consider((double)w->size, LESS, MORE, NULL, FIT_AS_IS, upload, out_by, out,
		    &found);
		consider((double)w->size * BASE64, 0.02, MORE, NULL, FIT_BASE64, upload,
		    out_by, out, &found);
	}
	/* Its own size is known: then other rates would be another coding of it. */
	for (unsigned i = 0; seconds > 0 && i < CODEC_COUNT; i++) {
		const struct codec *c = &codec_table[i];

		if (takes(w, c))
			consider(codec_bytes(c) * seconds, c->spread + LENGTH_OFF,
			    c->spread + LENGTH_OFF + MORE, c, FIT_CODED, upload, out_by,
			    out, &found);
	}
	/* As it is comes first: that it could be something else as well is no matter. A
	 * recording in base64 is a mail or a form, and seldom. */
	if (found && out->how != FIT_CODED)
		out->forms = out->how == FIT_AS_IS ? 1 : 10;
	return found;
}

bool
fit_live(const struct trace_want *w, double seconds, uint64_t upload, uint64_t packets,
    bool datagrams, bool *longer, struct fit *out)
{
	double want = (double)w->length / 1e9, slack = LIVE_SLACK + LIVE_LENGTH * want;
	double heads = datagrams ? RTP_HEAD * (double)packets : 0;
	double net = (double)upload > heads ? (double)upload - heads : 0;
	double rate = seconds > 0 ? net * 8 / seconds : 0, best = 1e9;
	bool found = false;

	memset(out, 0, sizeof(*out));
	*longer = false;
	if (want <= 0 || seconds < want - slack || rate < LIVE_LEAST || rate > LIVE_MOST)
		return false;
	*longer = seconds > want + slack;
	for (unsigned i = 0; i < CODEC_COUNT; i++) {
		const struct codec *c = &codec_table[i];
		double spread = c->spread + LIVE_RATE, off;

		if (!takes(w, c))
			continue;
		out->forms++;
		/* A stream has no container; TLS and WebSockets add as much. */
		off = rate / c->payload - 1;
		if (fabs(off) > spread || fabs(off) >= best)
			continue;
		best = fabs(off);
		found = true;
		out->codec = c;
		out->off = off;
		out->width = spread;
	}
	if (!found)
		return false;
	out->how = FIT_CODED;
	out->bytes = net;
	out->expected = out->codec->payload / 8 * (*longer ? seconds : want);
	/* The file's size is the better witness, where it is the stream's own. */
	if (w->size > 0 && !*longer && fabs(net / (double)w->size - 1) < 0.05) {
		out->how = FIT_AS_IS;
		out->expected = (double)w->size;
		out->off = net / (double)w->size - 1;
		out->width = fmax(2 * fabs(out->off), 0.02);
		out->forms = 1;
	}
	return true;
}
