/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tz: how far local time is from UTC, by a POSIX rule ("CET-1CEST,M3.5.0,M10.5.0/3"), an
 * offset ("+02:00"), "UTC", or the rule that ends a file of the zone database (RFC 8536).
 * It holds for times as they are made now: what a zone did in other years is not kept.
 */
#ifndef RULES_LANG_TZ_H
#define RULES_LANG_TZ_H

#include "capture/base/span.h"

struct tz_rule {		/* when a half of the year begins */
	enum { TZ_MONTH, TZ_JULIAN, TZ_DAY } kind;
	int month, week, day;	/* MONTH: week 5 is the last; else day alone */
	int64_t at;		/* seconds of local time */
};

struct tz {
	bool known;		/* nobody said: hours and weekdays are unknown */
	bool summer;
	int64_t east, summer_east;	/* seconds */
	struct tz_rule begin, end;	/* of summer */
};

bool tz_parse(struct span text, struct tz *out);
/* The rule at the end of a file of /usr/share/zoneinfo; false: not such a file. */
bool tz_file_rule(struct span bytes, struct span *rule);
/* ns to add to UTC, at that moment. */
int64_t tz_offset(const struct tz *z, int64_t utc_ns);
/* 0..23, and 0 (Monday) to 6. */
unsigned tz_hour(const struct tz *z, int64_t utc_ns);
unsigned tz_weekday(const struct tz *z, int64_t utc_ns);

#endif
