/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tell: see tell.h. Texts of the wire are shown with '?' for what could drive a terminal. */
#include "rules/trace/tell.h"

#include "rules/event/human.h"
#include "rules/event/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JSON_ROOM (1u << 20)

static const char *const kind_word[] = { "whole", "whole, in several flows", "in chunks",
	"live", "live, and went on" };

/* The first so many whose chance is bearable. */
unsigned
trace_told(const struct trace_answer *a)
{
	unsigned n = 0;

	while (n < a->most && n < trace_finds(a->trace) &&
	    trace_find(a->trace, n)->chance <= a->limit)
		n++;
	return n;
}

static const char *
plain(const char *s, char buf[TRACE_NAME])
{
	struct span at = span_of(s, strlen(s));
	size_t used = 0, n;
	uint32_t c;
	bool valid;

	while ((n = utf8_next(at, &c, &valid)) > 0 && used + n < TRACE_NAME) {
		if (valid && utf8_plain(c))
			memcpy(buf + used, at.at, n);
		else
			memset(buf + used, '?', n);
		used += n;
		(void)span_skip(&at, n);
	}
	buf[used] = '\0';
	return buf;
}

static const char *
moment(int64_t ns, char buf[PKT_TIME_TEXT])
{
	(void)pkt_time_print((struct pkt_time){ ns }, buf);
	if (strlen(buf) > 20)
		memcpy(buf + 19, "Z", 2);	/* to the second */
	buf[10] = ' ';
	return buf;
}

/* "20.73 MB": with a digit more than elsewhere, for sums to be checked by. */
static const char *
bytes_text(double n, char buf[32])
{
	if (n >= 1e9)
		(void)snprintf(buf, 32, "%.3f GB", n / 1e9);
	else if (n >= 1e6)
		(void)snprintf(buf, 32, "%.2f MB", n / 1e6);
	else if (n >= 1e3)
		(void)snprintf(buf, 32, "%.1f kB", n / 1e3);
	else
		(void)snprintf(buf, 32, "%.0f B", n);
	return buf;
}

static const char *
chance_text(double c, char buf[64])
{
	if (c >= 1)
		(void)snprintf(buf, 64, "%.0f of what was read fit as well", c);
	else if (c >= 0.0001)
		(void)snprintf(buf, 64, "%.2g of what was read fit as well", c);
	else
		(void)snprintf(buf, 64, "less than 0.0001 of what was read fit as well");
	return buf;
}

static void
asked(const struct trace_answer *a, FILE *out)
{
	const struct trace_want *w = a->want;
	char t[32], b[32], r[24], name[TRACE_NAME], when[PKT_TIME_TEXT];
	const char *gap = "";

	fputs("recording: ", out);
	if (a->recording != NULL) {
		fprintf(out, "%s%s%s", plain(a->recording, name), a->format != NULL ? ", " : "",
		    a->format != NULL ? a->format : "");
		if (a->coded != NULL)
			fprintf(out, " (%s)", a->coded);
		gap = ", ";
	}
	if (w->length > 0) {
		fprintf(out, "%s%s", gap, human_duration(w->length, t));
		gap = ", ";
	}
	if (w->size > 0)
		fprintf(out, "%s%s", gap, bytes_text((double)w->size, b));
	if (w->size > 0 && w->length > 0)
		fprintf(out, " = %s", human_rate((double)w->size * 8e9 / (double)w->length, r));
	if (w->codec != NULL)
		fprintf(out, ", %s", w->codec);
	if (w->from != 0)
		fprintf(out, ", sent after %s", moment(w->from, when));
	if (w->to != 0)
		fprintf(out, ", before %s", moment(w->to, when));
	if (w->device != NULL)
		fprintf(out, ", by %s", plain(w->device, name));
	fputc('\n', out);
}

/* "20.73 MB at 64 kbit/s are 43 min 10 s; sent 20.93 MB, +1.0 %: ..." */
static void
arithmetic(const struct trace_answer *a, const struct trace_find *f, FILE *out)
{
	const struct fit *fit = &f->fit;
	char b[32], c[32], d[32], r[24], t[32];
	double seconds = (double)(f->last - f->start) / 1e9;

	if (f->kind == TRACE_LIVE || f->kind == TRACE_LONGER) {
		fprintf(out, "    sent %s in %s", bytes_text((double)f->up, b),
		    human_duration(f->last - f->start, t));
		if (f->datagrams)
			fprintf(out, ", less 12 B of RTP for each of %" PRIu64 " packets %s",
			    f->packets, bytes_text(fit->bytes, c));
		fprintf(out, " = %s", human_rate(fit->bytes * 8 / seconds, r));
		if (fit->how == FIT_AS_IS)
			fprintf(out, "; the file's %s %+.1f %%", bytes_text(fit->expected, d),
			    100 * fit->off);
		else
			fprintf(out, "; %s at %s %+.1f %%", fit->codec->name,
			    human_rate(fit->codec->payload, d), 100 * fit->off);
		if (f->kind == TRACE_LONGER)
			fprintf(out, "; the recording may be %s of it",
			    human_duration(a->want->length, t));
		else
			fprintf(out, "; %+.1f s against its length",
			    seconds - (double)a->want->length / 1e9);
		fputc('\n', out);
		return;
	}
	fprintf(out, "    sent %s = ", bytes_text((double)f->up, b));
	if (fit->how == FIT_CODED)
		fprintf(out, "%s at %s (%s %s)", human_duration(a->want->length, t),
		    human_rate(8 * codec_bytes(fit->codec), r), fit->codec->name,
		    human_rate(fit->codec->payload, d));
	else
		fprintf(out, "the recording's %s%s", bytes_text((double)a->want->size, d),
		    fit->how == FIT_BASE64 ? " in base64" : "");
	if (fit->how != FIT_AS_IS)
		fprintf(out, ", %s", bytes_text(fit->bytes, c));
	fprintf(out, " %+.2f %%\n    where TLS records, handshake and request are %+.2f %%\n",
	    100 * ((double)f->up / fit->bytes - 1),
	    100 * (fit->expected / fit->bytes - 1));
	if (f->rolled > 0)
		fprintf(out, "    %s of it in flows below 4 kB, which are kept as sums\n",
		    bytes_text((double)f->rolled, b));
}

static void
seen(uint32_t bits, FILE *out)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} what[] = { { SEEN_LOSS, "packets were lost" },
		{ SEEN_HALF, "the tap showed one direction" },
		{ SEEN_MIDSTREAM, "it began before the capture" } };
	const char *gap = "    not seen: ";
	bool any = false;

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		if ((bits & what[i].bit) == 0)
			continue;
		fprintf(out, "%s%s", gap, what[i].text);
		gap = "; ";
		any = true;
	}
	if (any)
		fputc('\n', out);
}

static void
candidate(const struct trace_answer *a, unsigned i, FILE *out)
{
	const struct trace_find *f = trace_find(a->trace, i);
	char from[PKT_TIME_TEXT], to[PKT_TIME_TEXT], t[32], x[TRACE_NAME], y[TRACE_NAME],
	    chance[64];

	fprintf(out, "\n%2u. %s: %s (%s)", i + 1, kind_word[f->kind],
	    plain(f->name[0] != '\0' ? f->name : f->device, x), plain(f->src, y));
	fprintf(out, " to %s", plain(f->dest_name[0] != '\0' ? f->dest_name : f->dest, x));
	if (strcmp(f->dest_name, f->dst) != 0 && strcmp(f->dest, f->dst) != 0)
		fprintf(out, " (%s", plain(f->dst, y));
	else
		fputs(" (", out);
	fprintf(out, "%s%s %u)%s\n", strcmp(f->dest, f->dst) != 0 ? " " : "",
	    f->datagrams ? "udp" : "port", f->port, f->listed ? ", a known destination" : "");
	fprintf(out, "    %s to %s, %s", moment(f->start, from), moment(f->last, to),
	    human_duration(f->last - f->start, t));
	if (f->kind == TRACE_CHUNKS)
		fprintf(out, ", %u pieces", f->pieces);
	fputc('\n', out);
	arithmetic(a, f, out);
	fprintf(out, "    by chance %s", chance_text(f->chance, chance));
	if (f->sound > 0)
		fprintf(out, "; the clear text is %s of sound", human_duration(f->sound, t));
	else if (f->audio)
		fputs("; the clear text is sound", out);
	if ((double)f->down >= 0.4 * (double)f->up)
		fprintf(out, "; %s came back", bytes_text((double)f->down, t));
	fprintf(out, "\n    flow%s", f->flows == 1 ? "" : "s");
	for (unsigned k = 0; k < f->flows && k < TRACE_IDS; k++)
		fprintf(out, " %" PRIu64, f->flow[k]);
	if (f->flows > TRACE_IDS)
		fprintf(out, " and %u more", f->flows - TRACE_IDS);
	if (f->event[0] != '\0')
		fprintf(out, "; event %s", plain(f->event, x));
	fputc('\n', out);
	seen(f->seen, out);
}

/* What an answer of nothing, too, rests on. */
static void
rests_on(const struct trace_answer *a, FILE *out)
{
	const struct trace_read *r = a->read;
	struct trace_counts c;
	char from[PKT_TIME_TEXT], to[PKT_TIME_TEXT], b[32];

	trace_get_counts(a->trace, &c);
	fputs("\nread: ", out);
	if (c.records == 0) {
		fputs("no flow at all\n", out);
	} else {
		fprintf(out, "%" PRIu64 " flows and %" PRIu64 " sums of small ones, %s sent, ",
		    c.flows, c.sums, bytes_text((double)c.up, b));
		fprintf(out, "%s to %s\n", moment(c.first, from), moment(c.last, to));
	}
	if (a->want->from != 0 && c.first > a->want->from)
		fprintf(out, "not seen: what was sent before %s; nothing from then is kept\n",
		    moment(c.first, from));
	if (a->want->to != 0 && c.last < a->want->to)
		fprintf(out, "not seen: what was sent after %s\n", moment(c.last, to));
	if (r->losses + c.loss > 0)
		fprintf(out, "not seen: packets lost at the sensor, said by %" PRIu64
		    " records\n", r->losses + c.loss);
	if (r->gaps > 0)
		fprintf(out, "not seen: %" PRIu64 " events lost on the way, in %" PRIu64
		    " gaps\n", r->lost, r->gaps);
	if (c.half > 0)
		fprintf(out, "not seen: the other direction of %" PRIu64 " records\n", c.half);
	if (r->damaged + r->unreadable + r->gone > 0)
		fprintf(out, "not read: %" PRIu64 " damaged places, %" PRIu64
		    " batches of another version, %" PRIu64 " segments removed meanwhile\n",
		    r->damaged, r->unreadable, r->gone);
	if (c.other > 0)
		fprintf(out, "left out: %" PRIu64 " flows whose clear text is something "
		    "else\n", c.other);
	if (c.forgotten > 0)
		fprintf(out, "judged early: %" PRIu64 " flows and pairs, more were open at "
		    "once than there is room for\n", c.forgotten);
}

void
trace_tell_text(const struct trace_answer *a, FILE *out)
{
	unsigned n = trace_told(a), all = trace_finds(a->trace);
	struct trace_counts c;

	trace_get_counts(a->trace, &c);
	asked(a, out);
	if (n == 0 && all == 0)
		fputs("\nnothing that was read could have carried it\n", out);
	else if (n == 0)
		fprintf(out, "\n%" PRIu64 " fit, and none of them better than chance: too little is "
		    "said of the recording\n  try: --size, --codec, --device, --from and --to, "
		    "or --chance 1000 to see them\n", c.candidates);
	for (unsigned i = 0; i < n; i++)
		candidate(a, i, out);
	if (n > 0 && all > n)
		fprintf(out, "\n%" PRIu64 " more fit: no better than chance, or beyond "
		    "--most\n", c.candidates - n);
	rests_on(a, out);
}

/* ---- JSON ---- */

static void
text_at(struct json *j, const char *key, const char *s)
{
	if (s == NULL || s[0] == '\0')
		return;
	json_key(j, key);
	json_text(j, s, strlen(s));
}

static void
uint_at(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_uint(j, v);
}

static void
number_at(struct json *j, const char *key, double v)
{
	json_key(j, key);
	json_number(j, v);
}

static void
time_at(struct json *j, const char *key, int64_t ns)
{
	char buf[PKT_TIME_TEXT];

	if (ns != 0)
		text_at(j, key, pkt_time_print((struct pkt_time){ ns }, buf));
}

static void
find_json(struct json *j, const struct trace_find *f)
{
	static const char *const word[] = { "whole", "flows", "chunks", "live", "longer" };
	static const char *const how[] = { "as-is", "base64", "coded" };

	json_open(j, NULL, '{');
	text_at(j, "kind", word[f->kind]);
	json_open(j, "device", '{');
	text_at(j, "key", f->device);
	text_at(j, "name", f->name);
	text_at(j, "ip", f->src);
	json_close(j, '{');
	json_open(j, "dest", '{');
	text_at(j, "key", f->dest);
	text_at(j, "name", f->dest_name);
	text_at(j, "ip", f->dst);
	uint_at(j, "port", f->port);
	json_key(j, "known");
	json_bool(j, f->listed);
	json_close(j, '{');
	text_at(j, "proto", f->datagrams ? "udp" : "tcp");
	time_at(j, "start", f->start);
	time_at(j, "end", f->last);
	uint_at(j, "bytes_up", f->up);
	uint_at(j, "bytes_down", f->down);
	uint_at(j, "bytes_rolled_up", f->rolled);
	uint_at(j, "packets_up", f->packets);
	uint_at(j, "pieces", f->pieces);
	uint_at(j, "flows", f->flows);
	json_open(j, "flow_id", '[');
	for (unsigned k = 0; k < f->flows && k < TRACE_IDS; k++)
		json_uint(j, f->flow[k]);
	json_close(j, '[');
	text_at(j, "event_id", f->event);
	json_open(j, "fit", '{');
	text_at(j, "how", how[f->fit.how]);
	if (f->fit.codec != NULL) {
		text_at(j, "codec", f->fit.codec->name);
		number_at(j, "bitrate_bps", f->fit.codec->payload);
	}
	number_at(j, "bytes", f->fit.bytes);
	number_at(j, "expected", f->fit.expected);
	number_at(j, "off", f->fit.off);
	number_at(j, "width", f->fit.width);
	uint_at(j, "forms", f->fit.forms);
	json_close(j, '{');
	number_at(j, "by_chance", f->chance);
	json_key(j, "sound_in_clear");
	json_bool(j, f->audio);
	if (f->sound > 0)
		number_at(j, "sound_seconds", (double)f->sound / 1e9);
	json_open(j, "seen", '{');
	json_key(j, "loss");
	json_bool(j, (f->seen & SEEN_LOSS) != 0);
	json_key(j, "half");
	json_bool(j, (f->seen & SEEN_HALF) != 0);
	json_key(j, "midstream");
	json_bool(j, (f->seen & SEEN_MIDSTREAM) != 0);
	json_close(j, '{');
	json_close(j, '{');
}

void
trace_tell_json(const struct trace_answer *a, FILE *out)
{
	const struct trace_want *w = a->want;
	char *buf = malloc(JSON_ROOM);
	struct trace_counts c;
	struct json j;

	if (buf == NULL)
		return;
	trace_get_counts(a->trace, &c);
	json_start(&j, buf, JSON_ROOM, 0);
	json_open(&j, NULL, '{');
	json_open(&j, "recording", '{');
	text_at(&j, "file", a->recording);
	text_at(&j, "format", a->format);
	text_at(&j, "codec", w->codec != NULL ? w->codec : a->coded);
	if (w->length > 0)
		number_at(&j, "seconds", (double)w->length / 1e9);
	if (w->size > 0)
		uint_at(&j, "bytes", w->size);
	time_at(&j, "from", w->from);
	time_at(&j, "to", w->to);
	text_at(&j, "device", w->device);
	json_close(&j, '{');
	json_open(&j, "candidates", '[');
	for (unsigned i = 0; i < trace_told(a); i++)
		find_json(&j, trace_find(a->trace, i));
	json_close(&j, '[');
	json_open(&j, "read", '{');
	uint_at(&j, "records", c.records);
	uint_at(&j, "flows", c.flows);
	uint_at(&j, "sums", c.sums);
	uint_at(&j, "bytes_up", c.up);
	time_at(&j, "first", c.first);
	time_at(&j, "last", c.last);
	uint_at(&j, "fit", c.candidates);
	uint_at(&j, "other_content", c.other);
	uint_at(&j, "judged_early", c.forgotten);
	uint_at(&j, "loss_records", c.loss + a->read->losses);
	uint_at(&j, "half_records", c.half);
	uint_at(&j, "gaps", a->read->gaps);
	uint_at(&j, "events_lost", a->read->lost);
	uint_at(&j, "damaged", a->read->damaged);
	uint_at(&j, "unreadable", a->read->unreadable);
	uint_at(&j, "segments_gone", a->read->gone);
	json_close(&j, '{');
	json_close(&j, '{');
	if (!j.full) {
		(void)fwrite(buf, 1, j.len, out);
		fputc('\n', out);
	}
	free(buf);
}
