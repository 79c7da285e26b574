/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text: an event for a person at a terminal: who, to whom, how much, since when, why, and
 * what was not seen. At most nine lines of a hundred columns.
 *
 * Wire bytes drive no terminal: whatever json.h does not call plain is shown as \xNN or
 * \u{NNNN}. Colour only repeats the severity word, never replaces it.
 */
#include "rules/event/encode.h"

#include "classify/dpi/vocabulary.h"
#include "rules/eval/truth.h"
#include "rules/event/human.h"
#include "rules/event/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 100
#define MARGIN 11		/* where the second column begins */

struct page {
	char *buf;
	size_t size, len;
	unsigned column, lines, most;	/* lines: of this paragraph; most: then "..." */
	bool stop;
};

static void raw(struct page *p, const char *s, size_t n);
static void label(struct page *p, const char *word, unsigned most);
static void end_line(struct page *p);
static void item(struct page *p, const char *separator, struct span s);
static void item_f(struct page *p, const char *separator, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static size_t sanitise(struct span s, char *out, size_t size, size_t *width);
static void head_line(struct page *p, const struct event_source *s, bool colour);
static void ends(struct page *p, const struct event_source *s);
static void amount(struct page *p, const struct event_source *s);
static void sure(struct page *p, const struct event_source *s);
static void why(struct page *p, const struct event_source *s);
static void unseen(struct page *p, const struct event_source *s);
static size_t flow_line(struct page *p, const struct event_source *s);

size_t
event_text(const struct event_source *s, bool colour, char *buf, size_t size)
{
	struct page p = { .buf = buf, .size = size };

	if (s->type == EVENT_TYPE_STATS)
		return 0;
	if (s->type == EVENT_TYPE_FLOW)
		return flow_line(&p, s);
	head_line(&p, s, colour);
	label(&p, "", 2);
	if (s->gap != NULL)
		item_f(&p, "",
		    "events %llu to %llu of lane %s, partition %u (%llu) found no "
		    "room on the way out and are lost", (unsigned long long)s->gap->from,
		    (unsigned long long)s->gap->to, lane_name((enum lane)s->head.lane),
		    s->head.partition, (unsigned long long)s->gap->count);
	else
		item_f(&p, "", "%s", s->v != NULL ? s->made->explain : s->text);
	end_line(&p);
	if (s->v == NULL)
		return p.len;
	ends(&p, s);
	amount(&p, s);
	sure(&p, s);
	why(&p, s);
	unseen(&p, s);
	return p.len;
}

/* 2026-11-22 05:47:00Z  CRITICAL  live-microphone  (live-audio)  update: 41 more */
static void
head_line(struct page *p, const struct event_source *s, bool colour)
{
	static const char *const word[SEVERITY_COUNT] = { "CRITICAL", "HIGH", "MEDIUM",
		"LOW", "INFO" };
	static const char *const sgr[SEVERITY_COUNT] = { "\033[1;31m", "\033[31m",
		"\033[33m", "\033[36m", "\033[2m" };
	unsigned severity = s->head.severity % SEVERITY_COUNT;
	char stamp[PKT_TIME_TEXT];

	(void)pkt_time_print(s->time, stamp);
	stamp[10] = ' ';
	raw(p, stamp, 19);
	raw(p, "Z  ", 3);
	if (colour)
		raw(p, sgr[severity], strlen(sgr[severity]));
	raw(p, word[severity], strlen(word[severity]));
	if (colour)
		raw(p, "\033[0m", 4);
	raw(p, "  ", 2);
	p->column = 22 + (unsigned)strlen(word[severity]) + 2;
	p->most = 1;
	p->lines = 1;
	item_f(p, "", "%s", s->v != NULL ? s->v->rule->name : s->signature);
	item_f(p, "  ", "(%s%s)", s->type == EVENT_TYPE_ANOMALY && s->v != NULL ?
	    "suspect of " : "", event_kind_name((enum event_kind)s->head.kind));
	if (s->v != NULL && s->v->update)
		item_f(p, "  ", "update: %llu more since then",
		    (unsigned long long)s->v->suppressed);
	end_line(p);
}

static bool
text_of(const struct event_source *s, enum field f, struct span *out)
{
	struct value v;

	return field_value(s->rec, f, s->strings, &v, out) && out->left > 0;
}

static bool
same(struct span a, struct span b)
{
	return a.left == b.left && (a.left == 0 || memcmp(a.at, b.at, a.left) == 0);
}

static void
ends(struct page *p, const struct event_source *s)
{
	const struct observation *o = s->rec;
	char ip[ADDR_TEXT], addr[ADDR_TEXT], mac[MAC_TEXT];
	struct span who, t;
	bool ports = observation_known(o, FIELD_dest_port) &&
	    observation_known(o, FIELD_transport) &&
	    (o->transport == TRANSPORT_TCP || o->transport == TRANSPORT_UDP);

	label(p, "who", 1);
	who = device_label(o, s->strings, addr);
	item(p, "", who);
	(void)addr_print(&o->src_ip, ip);
	if (!same(who, span_of(ip, strlen(ip))))
		item_f(p, "  ", "%s", ip);
	if (observation_known(o, FIELD_device_known) && !o->device_known)
		item_f(p, "  ", "not in the inventory");
	if (text_of(s, FIELD_device_owner, &t)) {
		item_f(p, "  ", "owner");
		item(p, " ", t);
	}
	if (text_of(s, FIELD_device_role, &t)) {
		item_f(p, "  ", "role");
		item(p, " ", t);
	}
	if (observation_known(o, FIELD_device_mac) && o->device_mac != 0) {
		(void)mac_print(o->device_mac, mac);
		if (!same(who, span_of(mac, strlen(mac))))
			item_f(p, "  ", "%s", mac);
	}
	/* Of a device nobody has written down it says what to look for. */
	if (observation_known(o, FIELD_device_known) && o->device_known)
		;
	else if (text_of(s, FIELD_device_vendor, &t))
		item(p, "  ", t);
	else if (observation_known(o, FIELD_device_random) && o->device_random)
		item_f(p, "  ", "random MAC");
	if (observation_known(o, FIELD_device_system) &&
	    !(observation_known(o, FIELD_device_known) && o->device_known) &&
	    text_of(s, FIELD_device_system, &t))
		item(p, "  ", t);
	if (observation_known(o, FIELD_device_first_mac))
		item_f(p, "  ", "was %s, recognised by DHCP",
		    mac_print(o->device_first_mac, mac));
	end_line(p);

	label(p, "to", 1);
	who = dest_label(o, s->strings, addr);
	(void)addr_print(&o->dest_ip, ip);
	if (!same(who, span_of(ip, strlen(ip))))
		item(p, "", who);
	item_f(p, same(who, span_of(ip, strlen(ip))) ? "" : "  ",
	    addr_is_v4(&o->dest_ip) || !ports ? "%s" : "[%s]", ip);
	if (ports)
		item_f(p, ":", "%u", o->dest_port);
	if (observation_known(o, FIELD_transport))
		item_f(p, " ", "%s", vocabulary_word(VOCABULARY_TRANSPORT, o->transport));
	if (text_of(s, FIELD_app, &t))
		item(p, " ", t);
	if (observation_known(o, FIELD_dest_claimed) && o->dest_claimed)
		item_f(p, "  ", "the name is the client's word alone");
	if (text_of(s, FIELD_dest_as_org, &t))
		item(p, "  ", t);
	if (observation_known(o, FIELD_dest_asn))
		item_f(p, "  ", "AS%llu", (unsigned long long)o->dest_asn);
	if (text_of(s, FIELD_dest_country, &t))
		item(p, "  ", t);
	if (s->dest_known != TRUTH_UNKNOWN)
		item_f(p, "  ", s->dest_known == TRUTH_TRUE ? "known" :
		    "not a known destination");
	if (observation_known(o, FIELD_dest_looked_up) && !o->dest_looked_up)
		item_f(p, "  ", "nobody looked it up");
	end_line(p);
}

static void
amount(struct page *p, const struct event_source *s)
{
	const struct observation *o = s->rec;
	char text[HUMAN_TEXT], stamp[PKT_TIME_TEXT];
	const char *gap = "";

	label(p, "how much", 2);
	if (observation_known(o, FIELD_content_seconds) &&
	    observation_known(o, FIELD_content)) {
		item_f(p, gap, "%s", human_recording(o, text));
		gap = ", ";
	}
	if (observation_known(o, FIELD_content_rate)) {
		item_f(p, gap, "%s", human_rate(o->content_rate, text));
		gap = ", ";
	}
	if (observation_known(o, FIELD_voice_seconds) && o->voice_seconds > 0) {
		item_f(p, gap, "%s of sound", human_duration(o->voice_seconds, text));
		gap = ", ";
	}
	if (observation_known(o, FIELD_voice_rate) && o->voice_rate > 0) {
		item_f(p, gap, "%s", human_rate(o->voice_rate, text));
		gap = ", ";
	} else if (observation_known(o, FIELD_chunks_rate)) {
		item_f(p, gap, "pieces of %s", human_bytes(o->chunks_size, text));
		item_f(p, " ", "every %s,", human_duration(o->chunks_period, text));
		item_f(p, " ", "%s", human_rate(o->chunks_rate, text));
		gap = ", ";
	}
	if (s->made->speech[0] != '\0') {
		item_f(p, gap, "%s", s->made->speech);
		gap = ", ";
	} else if (s->window.up_known) {
		item_f(p, gap, "%s sent", human_bytes(s->window.up, text));
		gap = ", ";
	}
	if (s->window.down_known && s->window.down > 0) {
		item_f(p, gap, "%s back", human_bytes(s->window.down, text));
		gap = ", ";
	}
	if (s->window.known) {
		(void)pkt_time_print((struct pkt_time){ s->window.start }, stamp);
		stamp[10] = ' ';
		item_f(p, gap, "since %.19sZ", stamp);
		item_f(p, " ", "(%s)", human_duration(s->window.end - s->window.start,
		    text));
	}
	if (observation_known(o, FIELD_content) && o->content != CONTENT_UNKNOWN)
		item_f(p, "; ", "%s", human_seen(o, text));
	end_line(p);
}

/* What the verdict rests on: proof in clear text, pace, or volume alone. */
static void
sure(struct page *p, const struct event_source *s)
{
	const struct observation *o = s->rec;
	const char *proof;

	if (observation_known(o, FIELD_content) && o->content == CONTENT_AUDIO) {
		proof = vocabulary_word(VOCABULARY_PROOF, o->content_proof);
		label(p, "how sure", 1);
		item_f(p, "", "seen in clear text: %s", proof == NULL ? "audio" : proof);
	} else if (observation_known(o, FIELD_voice_score)) {
		label(p, "how sure", 1);
		item_f(p, "", "%llu of %llu windows of 10 s keep time, score %.1f",
		    (unsigned long long)o->voice_passed,
		    (unsigned long long)o->voice_windows, o->voice_score);
		if (observation_known(o, FIELD_rtp_type))
			item_f(p, "; ", "RTP by its own headers");
		else
			item_f(p, "; ", "by pace alone, the content is not seen");
	} else if (observation_known(o, FIELD_chunks_gaps)) {
		label(p, "how sure", 1);
		if (o->chunks_pace == PACE_ELAPSED)
			item_f(p, "", "sizes follow the time elapsed, correlation %.2f",
			    o->chunks_slope);
		else if (o->chunks_pace == PACE_LATE)
			item_f(p, "", "equal pieces, each late by some of the period");
		else if (o->chunks_pace == PACE_LOOSE)
			item_f(p, "", "gaps wander by a quarter at most, sizes vary by "
			    "%.0f %%", o->chunks_spread * 100);
		else
			item_f(p, "", "%.0f %% of the gaps and %.0f %% of the sizes are "
			    "even", o->chunks_gaps * 100, o->chunks_sizes * 100);
		item_f(p, "; ", "by pace alone");
	} else if (s->v->has_sum) {
		label(p, "how sure", 1);
		item_f(p, "", "by volume alone; the content is not %s",
		    observation_known(o, FIELD_content) && o->content != CONTENT_UNKNOWN ?
		    "all seen" : "seen");
	} else {
		return;
	}
	end_line(p);
}

/* The conditions that held, with what was seen.
 * Branches that did not hold are in the JSON. */
static void
why(struct page *p, const struct event_source *s)
{
	char seen[HUMAN_TEXT], line[HUMAN_TEXT * 2], cond[320];
	bool first = true;

	if (s->v->reasons == 0)
		return;
	label(p, "why", 2);
	for (unsigned i = 0; i < s->v->reasons; i++) {
		const struct reason *r = &s->v->reason[i];
		const struct expr *x = r->leaf;

		if (why_passed(s->v, i) != TRUTH_TRUE)
			continue;
		(void)condition_text(s->v->rule, x, cond, sizeof(cond));
		if ((x->op == EXPR_COMPARE || x->op == EXPR_SUM) && r->observed_known)
			(void)snprintf(line, sizeof(line), "%s: %s", cond,
			    human_value(&r->observed, x->field, seen));
		else
			(void)snprintf(line, sizeof(line), "%s", cond);
		item(p, first ? "" : "; ", span_of(line, strlen(line)));
		first = false;
	}
	end_line(p);
}

static void
unseen(struct page *p, const struct event_source *s)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} seen[] = {
		{ SEEN_LOSS, "packets were lost meanwhile" },
		{ SEEN_HALF, "the tap shows one direction" },
		{ SEEN_TRUNCATED, "payload was cut by the snap length" },
		{ SEEN_QUARANTINED, "the flow killed its classifier" },
		{ SEEN_MIDSTREAM, "the flow began before the capture" },
	};
	const char *gap = "";

	if ((s->rec->seen & 31) != 0) {
		label(p, "not seen", 1);
		for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
			if ((s->rec->seen & seen[i].bit) == 0)
				continue;
			item_f(p, gap, "%s", seen[i].text);
			gap = "; ";
		}
		end_line(p);
	}
	if (s->v->notes > 0) {
		label(p, "note", 1);
		for (unsigned i = 0; i < s->v->notes; i++) {
			char note[HUMAN_TEXT];

			(void)template_fill(s->v, s->v->note[i], note, sizeof(note));
			item_f(p, i == 0 ? "" : "; ", "%s", note);
		}
		end_line(p);
	}
}

/* 2026-11-22 05:47:00Z  flow  laptop -> files.example:443 tls  20.2 MB up,
 * 13 kB down, 40 s */
static size_t
flow_line(struct page *p, const struct event_source *s)
{
	const struct observation *o = s->rec;
	char addr[ADDR_TEXT], text[HUMAN_TEXT], stamp[PKT_TIME_TEXT];
	struct span t;

	(void)pkt_time_print(s->time, stamp);
	stamp[10] = ' ';
	raw(p, stamp, 19);
	raw(p, "Z  flow  ", 9);
	p->column = 28;
	p->most = p->lines = 1;
	item(p, "", device_label(o, s->strings, addr));
	item_f(p, " -> ", "%s", "");
	item(p, "", dest_label(o, s->strings, addr));
	if (observation_known(o, FIELD_dest_port) && o->dest_port != 0)
		item_f(p, ":", "%u", o->dest_port);
	if (text_of(s, FIELD_app, &t))
		item(p, " ", t);
	if (s->window.up_known)
		item_f(p, "  ", "%s up", human_bytes(s->window.up, text));
	if (s->window.down_known)
		item_f(p, ", ", "%s down", human_bytes(s->window.down, text));
	if (s->window.known)
		item_f(p, ", ", "%s", human_duration(s->window.end - s->window.start,
		    text));
	end_line(p);
	return p->len;
}

/* Room for the last newline is always kept. */
static void
raw(struct page *p, const char *s, size_t n)
{
	if (n + 1 > p->size - p->len)
		return;
	memcpy(p->buf + p->len, s, n);
	p->len += n;
}

static void
label(struct page *p, const char *word, unsigned most)
{
	char text[MARGIN + 1];

	(void)snprintf(text, sizeof(text), "  %-*.8s", MARGIN - 2, word);
	raw(p, text, MARGIN);
	p->column = MARGIN;
	p->lines = 1;
	p->most = most;
	p->stop = false;
}

static void
end_line(struct page *p)
{
	if (p->len < p->size)
		p->buf[p->len++] = '\n';
	p->stop = false;
}

static void
item_f(struct page *p, const char *separator, const char *fmt, ...)
{
	char text[EXPLAIN_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	item(p, separator, span_of(text, strlen(text)));
}

/* Puts s behind what is there, or on the next line of the paragraph when it does not fit;
 * a text longer than a line is broken at spaces. After the last line:
 * "..." and nothing more. */
static void
item(struct page *p, const char *separator, struct span s)
{
	char clean[EXPLAIN_MAX * 2], word[EXPLAIN_MAX * 2];
	size_t width, all = sanitise(s, clean, sizeof(clean), &width);
	size_t at = 0, sep = strlen(separator);
	bool breaks = width > COLUMNS - MARGIN;

	if (p->stop)
		return;
	while (at < all || (at == 0 && all == 0)) {
		size_t n = breaks ? strcspn(clean + at, " ") : all;
		size_t last = p->lines == p->most ? 4 : 0, bytes;

		bytes = sanitise(span_of(clean + at, n), word, sizeof(word), &width);
		if (p->column + sep + width + last > COLUMNS && p->lines < p->most) {
			/* The separator's visible part stays on the line it ends. */
			size_t visible = sep;

			while (visible > 0 && separator[visible - 1] == ' ')
				visible--;
			raw(p, separator, visible);
			raw(p, "\n           ", 1 + MARGIN);
			p->lines++;
			p->column = MARGIN;
			sep = 0;
			continue;
		}
		raw(p, separator, sep);
		p->column += (unsigned)sep;
		if (p->column + width + last > COLUMNS) {
			/* Cut at a character. */
			struct span rest = span_of(word, bytes);
			uint32_t code;
			bool valid;
			size_t k;

			while (p->column + 4 < COLUMNS &&
			    (k = utf8_next(rest, &code, &valid)) > 0) {
				raw(p, (const char *)rest.at, k);
				(void)span_skip(&rest, k);
				p->column++;
			}
			raw(p, "...", 3);
			p->stop = true;
			return;
		}
		raw(p, word, bytes);
		p->column += (unsigned)width;
		at += n + 1;
		separator = " ";
		sep = 1;
		if (!breaks)
			return;
	}
}

/* Bytes written to out (NUL added), and columns they take: one a character. */
static size_t
sanitise(struct span s, char *out, size_t size, size_t *width)
{
	size_t at = 0, k;
	uint32_t code;
	bool valid;

	*width = 0;
	while ((k = utf8_next(s, &code, &valid)) > 0 && at + 16 < size) {
		if (valid && utf8_plain(code)) {
			memcpy(out + at, s.at, k);
			at += k;
			*width += 1;
		} else {
			int n = snprintf(out + at, 16,
			    code < 0x100 ? "\\x%02x" : "\\u{%04x}",
			    (unsigned)code & 0x1fffffU);

			at += (size_t)n;
			*width += (size_t)n;
		}
		(void)span_skip(&s, k);
	}
	out[at] = '\0';
	return at;
}
