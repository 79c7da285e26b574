/* SPDX-License-Identifier: GPL-3.0-or-later */
/* human: numbers in the units people think in, and templates filled in. Refuses escaping:
 * that is json.c's and text.c's business. */
#include "rules/event/human.h"

#include "classify/dpi/vocabulary.h"
#include "rules/eval/truth.h"
#include "rules/event/event.h"
#include "rules/event/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Text being put together in a bounded buffer. */
struct piece {
	char *buf;
	size_t size, len;
};

static void add(struct piece *p, const void *bytes, size_t n);
static uint64_t sent(const struct observation *o);
static void add_field(struct piece *p, const struct verdict *v, const char *word,
    size_t n);
static const char *decimal(double v, char buf[40]);

/* One decimal below a hundred, none above: three figures are what an eye takes in. */
static const char *
decimal(double v, char buf[40])
{
	return number_print(v, v < 99.95 ? 1 : 0, buf);
}

const char *
human_bytes(uint64_t bytes, char buf[24])
{
	static const char *const unit[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes / 1000;
	char n[40];
	size_t u = 0;

	if (bytes < 1000) {
		memcpy(buf + uint_print(buf, bytes), " B", 3);
		return buf;
	}
	while (v >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1000;
		u++;
	}
	/* At most "99.9 MB": 2^64 bytes are 18 EB. */
	(void)stpcpy(stpcpy(stpcpy(buf, decimal(v, n)), " "), unit[u]);
	return buf;
}

const char *
human_rate(double bits, char buf[24])
{
	static const char *const unit[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" };
	char n[40];
	size_t u = 0;

	while (bits >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		bits /= 1000;
		u++;
	}
	(void)snprintf(buf, 24, "%.14s %s", decimal(bits, n), unit[u]);
	return buf;
}

const char *
human_duration(int64_t ns, char buf[32])
{
	uint64_t s, minutes;
	char n[40];

	if (ns < 0)
		ns = 0;
	if (ns < NS_PER_S) {
		(void)snprintf(buf, 32, "%.20s ms", decimal((double)ns / 1e6, n));
		return buf;
	}
	if (ns < 100 * NS_PER_S) {
		(void)snprintf(buf, 32, "%.20s s", decimal((double)ns / 1e9, n));
		return buf;
	}
	s = (uint64_t)ns / NS_PER_S;
	minutes = s / 60;
	if (minutes < 60)
		(void)snprintf(buf, 32, "%u min %u s", (unsigned)minutes,
		    (unsigned)(s % 60));
	else if (minutes < 48 * 60)
		(void)snprintf(buf, 32, "%u h %u min", (unsigned)(minutes / 60),
		    (unsigned)(minutes % 60));
	else
		(void)snprintf(buf, 32, "%u d %u h", (unsigned)(minutes / 1440),
		    (unsigned)(minutes / 60 % 24));
	return buf;
}

const char *
speech_text(uint64_t bytes, unsigned kbits, char buf[48])
{
	uint64_t minutes, seconds;
	char *at = buf;

	if (kbits == 0)
		kbits = 24;
	seconds = bytes / (kbits * UINT64_C(125));	/* 1 kbit/s is 125
							 * bytes a second */
	minutes = seconds / 60;
	assert(kbits < 1000);			/* our caller's: what follows has 47 bytes */
	at += strlen(human_bytes(bytes, buf));
	at = stpcpy(at, " = ");
	if (seconds < 60) {
		at += uint_print(at, seconds);
		at = stpcpy(at, " s");
	} else if (minutes < 60) {
		at += uint_print(at, minutes);
		at = stpcpy(at, " min");
	} else if (minutes < 10000U * 60) {
		at += uint_print(at, minutes / 60);
		at = stpcpy(at, " h ");
		at += uint_print(at, minutes % 60);
		at = stpcpy(at, " min");
	} else {
		at = stpcpy(at, "over 10,000 h");
	}
	at = stpcpy(at, " of speech at ");
	at += uint_print(at, kbits);
	memcpy(at, " kbit/s", 8);
	return buf;
}

/* To the minute from ten minutes on. */
static const char *
length_text(int64_t ns, char buf[32])
{
	int64_t minutes = (ns + 30 * NS_PER_S) / (60 * NS_PER_S);

	if (ns < 600 * NS_PER_S || minutes >= 60)
		return human_duration(ns, buf);
	(void)snprintf(buf, 32, "%u min", (unsigned)minutes);
	return buf;
}

static const char *
word_of(enum vocabulary v, unsigned n)
{
	const char *word = vocabulary_word(v, n);

	return word == NULL ? "?" : word;
}

const char *
human_recording(const struct observation *o, char buf[HUMAN_TEXT])
{
	const char *codec = observation_known(o, FIELD_content_codec) ?
	    codec_human(o->content_codec) : NULL;
	bool archive = observation_known(o, FIELD_content_proof) &&
	    o->content_proof == PROOF_NAME;
	const char *format = word_of(VOCABULARY_FORMAT, o->content_format);
	double share;
	char time[32], part[40] = "";

	if (codec == NULL && o->content_format != FORMAT_UNKNOWN)
		codec = format;
	/* The flow is over, and less of the file went than it is long. */
	share = observation_known(o, FIELD_content_length) && o->content_length > 0 ?
	    (double)o->upload / (double)o->content_length : 1;
	if (o->kind == OBSERVATION_CLOSE && share < 0.98)
		(void)snprintf(part, sizeof(part), ", of which %u %% was sent",
		    (unsigned)(share * 100));
	if (o->content_format == FORMAT_RTP && !observation_known(o, FIELD_content_seconds))
		(void)snprintf(buf, HUMAN_TEXT, "%s", codec == NULL || codec == format ?
		    "of a codec not told" : codec);
	else if (observation_known(o, FIELD_content_seconds))
		(void)snprintf(buf, HUMAN_TEXT, "%s of %s%s",
		    length_text(o->content_seconds, time), codec == NULL ? "sound" : codec,
		    part);
	else if (archive && codec != NULL)
		(void)snprintf(buf, HUMAN_TEXT, "recordings, by their names (%s)%s", codec,
		    part);
	else if (observation_known(o, FIELD_content_rate) && o->content_rate >= 1)
		(void)snprintf(buf, HUMAN_TEXT, "%s, %s so far", codec == NULL ? "sound" :
		    codec, length_text((int64_t)((double)o->upload * 8e9 /
		    o->content_rate), time));
	else
		(void)snprintf(buf, HUMAN_TEXT, "%s of a length not told%s",
		    codec == NULL ? "sound" : codec, part);
	return buf;
}

const char *
human_seen(const struct observation *o, char buf[HUMAN_TEXT])
{
	uint16_t class = observation_known(o, FIELD_content) ? o->content : CONTENT_UNKNOWN;
	const char *more = "";
	char format[32] = "", bytes[24], rest[64] = "";

	if (class == CONTENT_UNKNOWN) {
		(void)snprintf(buf, HUMAN_TEXT, "content unknown");
		return buf;
	}
	if (o->content_format != FORMAT_UNKNOWN)
		(void)snprintf(format, sizeof(format), " (%s)",
		    word_of(VOCABULARY_FORMAT, o->content_format));
	if (class == CONTENT_ARCHIVE || class == CONTENT_DISK)
		more = ", and what is in it is not seen";
	else if (class != CONTENT_AUDIO && o->content_proof != PROOF_MAGIC)
		more = ", or only called that";
	else if (class != CONTENT_AUDIO && o->unseen > 0)
		(void)snprintf(rest, sizeof(rest), ", and %s of which nothing is known",
		    human_bytes(o->unseen, bytes));
	(void)snprintf(buf, HUMAN_TEXT, "content: %s%s%s%s",
	    word_of(VOCABULARY_CONTENT, class), format, more, rest);
	return buf;
}

const char *
human_value(const struct value *v, enum field f, char buf[HUMAN_TEXT])
{
	const struct field_info *fi = &observation_field[f];
	const char *word;
	char small[40];
	size_t at = 0;

	buf[0] = '\0';
	switch (v->type) {
	case FIELD_BOOL:
		(void)snprintf(buf, HUMAN_TEXT, "%s", v->b ? "yes" : "no");
		break;
	case FIELD_BYTES:
		(void)human_bytes(v->u, buf);
		break;
	case FIELD_COUNT:
	case FIELD_PORT:
		(void)snprintf(buf, HUMAN_TEXT, "%llu", (unsigned long long)v->u);
		break;
	case FIELD_NUMBER:
		(void)snprintf(buf, HUMAN_TEXT, "%s%s%s", number_print(v->n, 3, small),
		    fi->unit[0] == '\0' ? "" : " ", fi->unit);
		break;
	case FIELD_RATE:
		(void)human_rate(v->n, buf);
		break;
	case FIELD_DURATION:
		(void)human_duration(v->i, buf);
		break;
	case FIELD_MOMENT:
		(void)pkt_time_print((struct pkt_time){ v->i }, buf);
		break;
	case FIELD_TEXT:
		(void)snprintf(buf, HUMAN_TEXT, "%.300s", v->text == NULL ? "" : v->text);
		break;
	case FIELD_ADDRESS:
		if (v->net.bits == 128)
			(void)addr_print(&v->net.net, buf);
		else
			(void)prefix_print(&v->net, buf);
		break;
	case FIELD_MAC:
		(void)mac_print(v->u, buf);
		break;
	case FIELD_WORD:
		word = any_word(fi->vocabulary, (unsigned)v->u);
		(void)snprintf(buf, HUMAN_TEXT, "%s", word == NULL ? "?" : word);
		break;
	case FIELD_WORDS:
		for (unsigned i = 0; i < 64 && at < HUMAN_TEXT - 40; i++) {
			if ((v->u >> i & 1) == 0)
				continue;
			word = any_word(fi->vocabulary, i);
			at += (size_t)snprintf(buf + at, 40, "%s%.32s",
			    at == 0 ? "" : ",", word == NULL ? "?" : word);
		}
		break;
	}
	return buf;
}

struct span
device_label(const struct observation *o, const struct intern *strings,
    char addr[ADDR_TEXT])
{
	struct value v;
	struct span s;

	if (field_value(o, FIELD_device_name, strings, &v, &s) && s.left > 0)
		return s;
	if (field_value(o, FIELD_device_key, strings, &v, &s) && s.left > 0)
		return s;
	(void)addr_print(&o->src_ip, addr);
	return span_of(addr, strlen(addr));
}

struct span
dest_label(const struct observation *o, const struct intern *strings,
    char addr[ADDR_TEXT])
{
	static const enum field name[] = { FIELD_dest_logical, FIELD_dest_name,
		FIELD_tls_sni, FIELD_quic_sni, FIELD_http_host };
	struct value v;
	struct span s;

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (field_value(o, name[i], strings, &v, &s) && s.left > 0)
			return s;
	(void)addr_print(&o->dest_ip, addr);
	return span_of(addr, strlen(addr));
}

size_t
explain_fill(const struct verdict *v, char *buf, size_t size)
{
	const char *t = v->rule->explain;

	return template_fill(v, t == NULL || *t == '\0' ? "{device} to {dest}" : t, buf,
	    size);
}

size_t
template_fill(const struct verdict *v, const char *t, char *buf, size_t size)
{
	struct piece p = { buf, size - 1, 0 };
	const char *end;

	while (*t != '\0') {
		if (t[0] == '{' && t[1] == '{') {
			add(&p, t, 1);
			t += 2;
		} else if (*t == '{' && (end = strchr(t, '}')) != NULL) {
			add_field(&p, v, t + 1, (size_t)(end - t - 1));
			t = end + 1;
		} else {
			add(&p, t++, 1);
		}
	}
	buf[p.len] = '\0';
	return p.len;
}

/* What the record says went up: the flow's, else the bursts', else the meter's. */
static uint64_t
sent(const struct observation *o)
{
	if (observation_known(o, FIELD_chunks_upload))
		return o->chunks_upload;
	if (observation_known(o, FIELD_voice_upload))
		return o->voice_upload;
	return observation_known(o, FIELD_upload) ? o->upload : 0;
}

static void
add_field(struct piece *p, const struct verdict *v, const char *word, size_t n)
{
	char text[HUMAN_TEXT], addr[ADDR_TEXT];
	struct span s = { NULL, 0 };
	struct value value;
	unsigned f = 0;

	if (n == 6 && memcmp(word, "device", 6) == 0) {
		s = device_label(v->o, v->strings, addr);
		add(p, s.at, s.left);
		return;
	}
	if (n == 4 && memcmp(word, "dest", 4) == 0) {
		s = dest_label(v->o, v->strings, addr);
		add(p, s.at, s.left);
		return;
	}
	/* What the rule's first sum came to, as bytes and as hours of speech. */
	if (n == 3 && memcmp(word, "sum", 3) == 0 && v->has_sum) {
		value = (struct value){ .type = FIELD_BYTES, .u = v->sum };
		(void)human_value(&value, FIELD_upload, text);
		add(p, text, strlen(text));
		return;
	}
	if (n == 6 && memcmp(word, "speech", 6) == 0) {
		(void)speech_text(v->has_sum ? v->sum : sent(v->o), 0, text);
		add(p, text, strlen(text));
		return;
	}
	if (n == 9 && memcmp(word, "recording", 9) == 0) {
		(void)human_recording(v->o, text);
		add(p, text, strlen(text));
		return;
	}
	if (n == 4 && memcmp(word, "seen", 4) == 0) {
		(void)human_seen(v->o, text);
		add(p, text, strlen(text));
		return;
	}
	while (f < FIELD_COUNT_ALL && (strlen(observation_field[f].word) != n ||
	    memcmp(observation_field[f].word, word, n) != 0))
		f++;
	if (f == FIELD_COUNT_ALL) {
		add(p, word - 1, n + 2);	/* no field: left as written */
		return;
	}
	for (unsigned i = 0; i < v->reasons; i++) {
		const struct reason *r = &v->reason[i];

		if (r->leaf->op == EXPR_SUM && r->leaf->field == f && r->observed_known) {
			(void)human_value(&r->observed, (enum field)f, text);
			add(p, text, strlen(text));
			return;
		}
	}
	if (!field_value(v->o, (enum field)f, v->strings, &value, &s)) {
		add(p, "unknown", 7);
	} else if (value.type == FIELD_TEXT) {
		add(p, s.at, s.left);
	} else {
		(void)human_value(&value, (enum field)f, text);
		add(p, text, strlen(text));
	}
}

/* What does not fit is left out whole characters at a time. */
static void
add(struct piece *p, const void *bytes, size_t n)
{
	struct span s = span_of(bytes, n);
	uint32_t code;
	bool valid;
	size_t k;

	if (n <= p->size - p->len) {
		if (n > 0)
			memcpy(p->buf + p->len, bytes, n);
		p->len += n;
		return;
	}
	while ((k = utf8_next(s, &code, &valid)) > 0 && k <= p->size - p->len) {
		memcpy(p->buf + p->len, s.at, k);
		p->len += k;
		(void)span_skip(&s, k);
	}
	p->size = p->len;
}
