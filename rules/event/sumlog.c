/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sumlog: a seglog whose rounds make what lies before them superfluous. Refuses to know
 * what an item means. */
#include "rules/event/sumlog.h"

#include "capture/base/crc32c.h"
#include "rules/event/seglog.h"

#include <stdlib.h>
#include <string.h>

#define FORM "earshot sums 1\n"
#define SEGMENT (4u << 20)
#define CAP (512ULL << 20)		/* ten full ledgers and the changes between two
					 * rounds fit; beyond, the oldest goes */
#define NUMBER_MOST (1ULL << 62)

struct sumlog {
	struct seglog *log;
	uint64_t began;			/* number of the first record of a round; 0: none */
	struct sumlog_counts counts;
};

struct sumlog *
sumlog_open(const char *dir, struct loop_time now, struct fault *why)
{
	struct sumlog *l = calloc(1, sizeof(*l));
	struct seglog_options o = { .dir = dir, .what = "sums", .segment_bytes = SEGMENT,
		.cap_bytes = CAP, .keep_bytes = 1, .keep_ns = 1,
		.first = span_of(FORM, sizeof(FORM) - 1), .now = now };

	if (l == NULL) {
		(void)fault_set(why, NULL, "no memory for the log of sums");
		return NULL;
	}
	l->log = seglog_open(&o, why);
	if (l->log == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void
sumlog_close(struct sumlog *l)
{
	if (l == NULL)
		return;
	seglog_close(l->log);
	free(l);
}

bool
sumlog_is(struct span m)
{
	uint32_t mark;

	return span_le32(&m, &mark) && mark == SUMLOG_MARK && m.left >= 1;
}

bool
sumlog_take(struct sumlog *l, struct span m, struct loop_time now)
{
	uint64_t number;

	if (!sumlog_is(m) || !span_skip(&m, 4))
		return false;
	switch (m.at[0]) {
	case SUMLOG_BEGINS:
		l->began = seglog_next(l->log);
		return true;
	case SUMLOG_WHOLE:
		if (l->began > 1)
			seglog_ack(l->log, l->began - 1, now);
		l->began = 0;
		return true;
	case SUMLOG_ITEMS:
	case SUMLOG_SEEN:
	case SUMLOG_FIRSTS:
		l->counts.records++;
		if (seglog_append(l->log, m, span_of("", 0), now, &number) == 0)
			return true;
		l->counts.lost++;
		l->began = 0;
		return true;
	default:
		return false;
	}
}

void
sumlog_tick(struct sumlog *l, struct loop_time now)
{
	seglog_tick(l->log, now);
}

void
sumlog_get_counts(const struct sumlog *l, struct sumlog_counts *out)
{
	*out = l->counts;
	out->cut = seglog_counts(l->log)->cut;
	out->damaged = seglog_counts(l->log)->damaged;
	out->bytes = seglog_bytes(l->log);
}

/* ---- without a file ---- */

static bool
segment_head(struct span *s)
{
	return s->left >= SEGLOG_SEGMENT_HEAD && memcmp(s->at, "earseg1\n", 8) == 0 &&
	    span_skip(s, SEGLOG_SEGMENT_HEAD);
}

static bool
is_form(struct span record)
{
	return record.left == sizeof(FORM) - 1 &&
	    memcmp(record.at, FORM, sizeof(FORM) - 1) == 0;
}

enum sumlog_form
sumlog_form(struct span s)
{
	struct crc32c crc;
	struct span record;
	uint64_t number;

	crc32c_make(&crc);
	if (s.left == 0)
		return SUMLOG_EMPTY;
	if (s.left >= 8 && memcmp(s.at, "earseg1\n", 8) != 0)
		return SUMLOG_OTHER;
	if (!segment_head(&s) ||
	    !seglog_record_take(&crc, &s, 1, NUMBER_MOST, &number, &record))
		return SUMLOG_EMPTY;
	return is_form(record) ? SUMLOG_OURS : SUMLOG_OTHER;
}

static void
each_item(struct span record, void (*item)(void *arg, enum sumlog_what what,
    struct span bytes), void *arg)
{
	enum sumlog_what what = (enum sumlog_what)record.at[0];
	struct span one;
	uint16_t n;

	(void)span_skip(&record, 1);
	while (span_le16(&record, &n) && span_take(&record, n, &one))
		item(arg, what, one);
}

size_t
sumlog_each(struct span s, void (*item)(void *arg, enum sumlog_what what,
    struct span bytes), void *arg)
{
	struct crc32c crc;
	struct span record;
	uint64_t number;
	size_t damaged = 0;

	crc32c_make(&crc);
	while (s.left > 0) {
		if (segment_head(&s))
			continue;
		if (!seglog_record_take(&crc, &s, 1, NUMBER_MOST, &number, &record)) {
			damaged++;
			if (!seglog_resync(&crc, &s, 1, NUMBER_MOST))
				break;
			continue;
		}
		if (record.at[0] == SUMLOG_ITEMS || record.at[0] == SUMLOG_SEEN ||
		    record.at[0] == SUMLOG_FIRSTS)
			each_item(record, item, arg);
	}
	return damaged;
}
