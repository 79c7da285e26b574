/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * read_events: flow events, JSON lines, one pass over each. Most of a week's flows sent
 * less than a piece of sound takes; those are told by a look for "bytes_up" and are not
 * parsed (the store sums them, RECORDER_KEEP).
 */
#define _GNU_SOURCE			/* memmem */
#include "capture/source/input.h"
#include "rules/event/parse.h"
#include "rules/event/recorder.h"
#include "rules/trace/read.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 65536u		/* an event is never half as long */
#define BUFFER (1u << 20)
#define TELL_EVERY (16u << 20)

/* What a line's values are copied to: texts without their escapes. */
struct texts {
	char device[256], name[256], dest[256], dest_name[256], event[96];
	char sensor[160];
};

static struct span
text(const struct json_value *v, char *buf, size_t size)
{
	return span_of(buf, parse_text(v, buf, size));
}

static bool
key_is(const struct json_value *k, const char *word)
{
	size_t n = strlen(word);

	return k->raw.left == n + 2 && memcmp(k->raw.at + 1, word, n) == 0;
}

static void
take_time(const struct json_value *v, int64_t *ns)
{
	char buf[PKT_TIME_TEXT + 8];

	(void)parse_text(v, buf, sizeof(buf));
	(void)parse_time(buf, ns);
}

static void
take_addr(const struct json_value *v, struct addr *out)
{
	char buf[ADDR_TEXT + 8];

	(void)addr_parse(buf, parse_text(v, buf, sizeof(buf)), out);
}

static bool
is_true(const struct json_value *v)
{
	return v->type == 't';
}

static void
take_flow(const struct json_value *o, struct trace_record *r)
{
	struct span in = parse_inside(o);
	struct json_value k, v;

	while (in.left > 0 && parse_member(&in, &k, &v)) {
		if (key_is(&k, "start"))
			take_time(&v, &r->start);
		else if (key_is(&k, "end"))
			take_time(&v, &r->last);
		else if (key_is(&k, "pkts_toserver"))
			(void)parse_uint(&v, &r->packets);
	}
}

static void
take_device(const struct json_value *o, struct trace_record *r, struct texts *t)
{
	struct span in = parse_inside(o);
	struct json_value k, v;

	while (in.left > 0 && parse_member(&in, &k, &v)) {
		if (key_is(&k, "key"))
			r->device = text(&v, t->device, sizeof(t->device));
		else if (key_is(&k, "name"))
			r->name = text(&v, t->name, sizeof(t->name));
	}
}

static void
take_dest(const struct json_value *o, struct trace_record *r, struct texts *t)
{
	struct span in = parse_inside(o);
	struct json_value k, v;

	while (in.left > 0 && parse_member(&in, &k, &v)) {
		if (key_is(&k, "key")) {
			r->dest = text(&v, t->dest, sizeof(t->dest));
		} else if (key_is(&k, "name")) {
			r->dest_name = text(&v, t->dest_name, sizeof(t->dest_name));
		} else if (key_is(&k, "known")) {
			r->listed_known = true;
			r->listed = is_true(&v);
		}
	}
}

static void
take_seen(const struct json_value *o, struct trace_record *r)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} bits[] = { { "loss", SEEN_LOSS }, { "half", SEEN_HALF },
		{ "truncated", SEEN_TRUNCATED }, { "quarantined", SEEN_QUARANTINED },
		{ "midstream", SEEN_MIDSTREAM } };
	struct span in = parse_inside(o);
	struct json_value k, v;

	while (in.left > 0 && parse_member(&in, &k, &v))
		for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
			if (key_is(&k, bits[i].word) && is_true(&v))
				r->seen |= bits[i].bit;
}

static void
take_content(const struct json_value *o, struct trace_record *r)
{
	struct json_value v;
	char word[32];

	if (!parse_get(o, "class", &v))
		return;
	(void)parse_text(&v, word, sizeof(word));
	for (unsigned i = 0; i < CONTENT_WORD_COUNT; i++)
		if (strcmp(word, vocabulary_word(VOCABULARY_CONTENT, i)) == 0)
			r->content = (enum content_word)i;
}

static void
take_earshot(const struct json_value *o, struct trace_record *r, struct texts *t,
    uint64_t *count)
{
	struct span in = parse_inside(o);
	struct json_value k, v, w;

	while (in.left > 0 && parse_member(&in, &k, &v)) {
		if (key_is(&k, "event_id")) {
			r->event = text(&v, t->event, sizeof(t->event));
		} else if (key_is(&k, "boot")) {
			char *at = t->sensor + strlen(t->sensor);

			(void)parse_text(&v, at, sizeof(t->sensor) - (size_t)(at - t->sensor));
		} else if (key_is(&k, "device")) {
			take_device(&v, r, t);
		} else if (key_is(&k, "dest")) {
			take_dest(&v, r, t);
		} else if (key_is(&k, "window")) {
			if (parse_get(&v, "bytes_up", &w))
				(void)parse_uint(&w, &r->up);
			if (parse_get(&v, "bytes_down", &w))
				(void)parse_uint(&w, &r->down);
		} else if (key_is(&k, "audio")) {
			if (parse_get(&v, "seconds", &w)) {
				double s = parse_number(&w);

				r->sound = s > 0 && s < 1e9 ? (int64_t)(s * 1e9) : 0;
			}
		} else if (key_is(&k, "content")) {
			take_content(&v, r);
		} else if (key_is(&k, "seen")) {
			take_seen(&v, r);
		} else if (key_is(&k, "ended")) {
			r->closed = true;
		} else if (key_is(&k, "gap")) {
			if (parse_get(&v, "count", &w))
				(void)parse_uint(&w, count);
		}
	}
}

/* Bytes that went up, without parsing; -1: not found. */
static int64_t
quick_up(struct span line)
{
	static const char word[] = "\"bytes_up\":";
	const uint8_t *at = memmem(line.at, line.left, word, sizeof(word) - 1);
	const uint8_t *end = line.at + line.left;
	int64_t n = 0;

	if (at == NULL)
		return -1;
	for (at += sizeof(word) - 1; at < end && *at >= '0' && *at <= '9'; at++)
		if (n < INT64_MAX / 100)
			n = n * 10 + (*at - '0');
	return n;
}

void
trace_read_line(const struct trace_reader *r, struct span line)
{
	static const char is_flow[] = "\"event_type\":\"flow\"", is_gap[] = "\"gap\":";
	static const struct siphash_key zeros = { 0, 0 };
	struct trace_record rec = { .content = CONTENT_UNKNOWN };
	struct span head = line, in;
	struct json_value doc, k, v;
	struct texts t = { .sensor = "" };
	uint64_t count = 0, n;
	bool flow, crosses;
	char word[16];

	r->counts->lines++;
	if (line.left == 0)
		return;
	if (r->on_event != NULL) {
		r->on_event(r->arg, line);
		return;
	}
	/* Our own encoder puts the type behind the time; another's order costs a parse. */
	if (head.left > 120)
		head.left = 120;
	flow = memmem(head.at, head.left, is_flow, sizeof(is_flow) - 1) != NULL;
	if (flow) {
		int64_t up = quick_up(line);

		if (up >= 0 && up < RECORDER_KEEP)
			return;
	} else if (memmem(line.at, line.left, is_gap, sizeof(is_gap) - 1) == NULL &&
	    memmem(line.at, line.left, is_flow, sizeof(is_flow) - 1) == NULL &&
	    line.at[0] == '{' && line.at[line.left - 1] == '}') {
		return;				/* an alert, or figures */
	}
	/* Member by member: what is well-formed is found out on the way, once. */
	while (line.left > 0 && (line.at[line.left - 1] == '\r' || line.at[line.left - 1] == ' '))
		line.left--;
	doc = (struct json_value){ '{', line };
	if (line.left < 2 || line.at[0] != '{' || line.at[line.left - 1] != '}') {
		r->counts->damaged++;
		return;
	}
	in = parse_inside(&doc);
	word[0] = '\0';
	while (in.left > 0) {
		if (!parse_member(&in, &k, &v)) {
			r->counts->damaged++;
			return;
		}
		if (key_is(&k, "event_type"))
			(void)parse_text(&v, word, sizeof(word));
		else if (key_is(&k, "host"))
			(void)parse_text(&v, t.sensor, 64);
		else if (key_is(&k, "flow_id"))
			(void)parse_uint(&v, &rec.flow);
		else if (key_is(&k, "src_ip"))
			take_addr(&v, &rec.src);
		else if (key_is(&k, "dest_ip"))
			take_addr(&v, &rec.dst);
		else if (key_is(&k, "dest_port") && parse_uint(&v, &n))
			rec.port = (uint16_t)n;
		else if (key_is(&k, "proto"))
			rec.datagrams = v.raw.left == 5 && memcmp(v.raw.at, "\"UDP\"", 5) == 0;
		else if (key_is(&k, "flow"))
			take_flow(&v, &rec);
		else if (key_is(&k, "earshot"))
			take_earshot(&v, &rec, &t, &count);
	}
	if (count > 0) {
		r->counts->gaps++;
		r->counts->lost += count < UINT64_MAX - r->counts->lost ? count : 0;
	}
	if (strcmp(word, "flow") != 0)
		return;
	/* What has no payload counted crossed nothing. */
	crosses = rec.up > 0 && rec.start > 0 && rec.last >= rec.start;
	if (!crosses)
		return;
	rec.sensor = siphash13(&zeros, t.sensor, strlen(t.sensor));
	trace_take(r->trace, &rec);
}

int
trace_read_events(const struct trace_reader *r, const char *path, struct fault *why)
{
	struct input *in = input_open(path, -1, why);
	uint8_t *buf = malloc(BUFFER);
	size_t end = 0;
	uint64_t before = r->counts->bytes, told = 0;
	bool skipping = false;
	long got;
	int rc = -1;

	if (in == NULL)
		goto out;
	if (buf == NULL) {
		(void)fault_set(why, NULL, "not enough memory to read '%s'", path);
		goto out;
	}
	while ((got = input_read(in, buf + end, BUFFER - end, why)) != INPUT_END) {
		uint8_t *at = buf, *line;

		if (got == INPUT_FAULT)
			goto out;
		if (got == INPUT_AGAIN)
			continue;
		end += (size_t)got;
		while ((line = memchr(at, '\n', end - (size_t)(at - buf))) != NULL) {
			if (!skipping)
				trace_read_line(r, span_of(at, (size_t)(line - at)));
			skipping = false;
			at = line + 1;
		}
		end -= (size_t)(at - buf);
		memmove(buf, at, end);
		if (end > LINE_MAX_BYTES) {
			r->counts->damaged += !skipping;
			skipping = true;
			end = 0;
		}
		r->counts->bytes = before + input_taken(in);
		if (r->progress != NULL && r->counts->bytes - told >= TELL_EVERY) {
			told = r->counts->bytes;
			r->progress(r->arg, told);
		}
	}
	/* A file that is still written may end in half a line. */
	if (end > 0 && !skipping)
		trace_read_line(r, span_of(buf, end));
	r->counts->bytes = before + input_taken(in);
	rc = 0;
out:
	input_destroy(in);
	free(buf);
	return rc;
}
