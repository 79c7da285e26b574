/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tz: POSIX.1-2017, 8.3, TZ; no environment, no file, no C library that reads either.
 * Days are counted from 1970 by the civil calendar (Hinnant, chrono algorithms). */
#include "rules/lang/tz.h"

#include "capture/base/ptime.h"

#include <string.h>

#define DAY 86400
#define HOURS_MOST 167		/* of an offset or a time: RFC 8536 allows it */

/* ---- reading ---- */

static bool
take(struct span *s, char c)
{
	return s->left > 0 && s->at[0] == (uint8_t)c && span_skip(s, 1);
}

static bool
number(struct span *s, int least, int most, int *out)
{
	int n = 0, digits = 0;

	for (; s->left > 0 && s->at[0] >= '0' && s->at[0] <= '9' && digits < 4; digits++) {
		n = n * 10 + (s->at[0] - '0');
		(void)span_skip(s, 1);
	}
	*out = n;
	return digits > 0 && n >= least && n <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool
clock_time(struct span *s, int64_t *out)
{
	bool minus = take(s, '-');
	int h, m = 0, sec = 0;

	if (!minus)
		(void)take(s, '+');
	if (!number(s, 0, HOURS_MOST, &h) || (take(s, ':') && !number(s, 0, 59, &m)) ||
	    (take(s, ':') && !number(s, 0, 59, &sec)))
		return false;
	*out = (minus ? -1 : 1) * ((int64_t)h * 3600 + m * 60 + sec);
	return true;
}

static bool
zone_name(struct span *s)
{
	size_t n = 0;

	if (take(s, '<')) {
		while (s->left > 0 && s->at[0] != '>')
			(void)span_skip(s, 1);
		return take(s, '>');
	}
	for (; s->left > 0 && ((s->at[0] | 32) >= 'a' && (s->at[0] | 32) <= 'z'); n++)
		(void)span_skip(s, 1);
	return n >= 3;
}

static bool
rule(struct span *s, struct tz_rule *r)
{
	*r = (struct tz_rule){ .kind = TZ_DAY, .at = 2 * 3600 };
	if (take(s, 'M')) {
		r->kind = TZ_MONTH;
		if (!number(s, 1, 12, &r->month) || !take(s, '.') ||
		    !number(s, 1, 5, &r->week) || !take(s, '.') ||
		    !number(s, 0, 6, &r->day))
			return false;
	} else if (take(s, 'J')) {
		r->kind = TZ_JULIAN;
		if (!number(s, 1, 365, &r->day))
			return false;
	} else if (!number(s, 0, 365, &r->day)) {
		return false;
	}
	return !take(s, '/') || clock_time(s, &r->at);
}

bool
tz_parse(struct span s, struct tz *out)
{
	struct tz z = { .known = true };
	int64_t west;

	if (s.left == 3 && memcmp(s.at, "UTC", 3) == 0) {
		*out = z;
		return true;
	}
	if (s.left > 0 && (s.at[0] == '+' || s.at[0] == '-')) {
		if (!clock_time(&s, &z.east) || s.left > 0 || z.east > 14 * 3600 ||
		    z.east < -14 * 3600)
			return false;
		*out = z;
		return true;
	}
	if (!zone_name(&s) || !clock_time(&s, &west))
		return false;
	z.east = -west;
	if (s.left > 0) {
		z.summer = true;
		z.summer_east = z.east + 3600;
		if (!zone_name(&s))
			return false;
		if (s.left > 0 && s.at[0] != ',') {
			if (!clock_time(&s, &west))
				return false;
			z.summer_east = -west;
		}
		if (!take(&s, ',') || !rule(&s, &z.begin) || !take(&s, ',') ||
		    !rule(&s, &z.end))
			return false;
	}
	if (s.left > 0 || z.east > DAY || z.east < -DAY || z.summer_east > DAY ||
	    z.summer_east < -DAY)
		return false;
	*out = z;
	return true;
}

bool
tz_file_rule(struct span b, struct span *rule)
{
	size_t end = b.left, begin;

	if (end < 5 || memcmp(b.at, "TZif", 4) != 0 || b.at[4] < '2' ||
	    b.at[end - 1] != '\n')
		return false;
	for (begin = --end; begin > 0 && b.at[begin - 1] != '\n'; begin--)
		continue;
	*rule = span_of(b.at + begin, end - begin);
	return begin > 0 && rule->left > 0;
}

/* ---- the calendar ---- */

static int64_t
day_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t
year_of(int64_t day)
{
	int64_t year = 1970 + day / 366;

	while (day_of(year + 1, 1, 1) <= day)
		year++;
	return year;
}

static bool
leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static unsigned
weekday_of(int64_t day)		/* 0: Sunday; 1970 began on a Thursday */
{
	return (unsigned)(((day + 4) % 7 + 7) % 7);
}

/* Seconds since 1970 of local time, in that year. */
static int64_t
moment(const struct tz_rule *r, int64_t year)
{
	int64_t day, first, length;

	switch (r->kind) {
	case TZ_MONTH:
		first = day_of(year, (unsigned)r->month, 1);
		length = (r->month == 12 ? day_of(year + 1, 1, 1) :
		    day_of(year, (unsigned)r->month + 1, 1)) - first;
		day = (r->day - (int)weekday_of(first) + 7) % 7 + 7 * (r->week - 1);
		if (day >= length)
			day -= 7;
		return (first + day) * DAY + r->at;
	case TZ_JULIAN:		/* 29 February is never counted */
		return (day_of(year, 1, 1) + r->day - 1 + (leap(year) && r->day >= 60)) *
		    DAY + r->at;
	case TZ_DAY:
		break;
	}
	return (day_of(year, 1, 1) + r->day) * DAY + r->at;
}

int64_t
tz_offset(const struct tz *z, int64_t utc_ns)
{
	int64_t s = utc_ns / NS_PER_S, year, begin, end;
	bool summer;

	if (!z->summer || utc_ns < 0)
		return z->east * NS_PER_S;
	year = year_of((s + z->east) / DAY);
	begin = moment(&z->begin, year) - z->east;
	end = moment(&z->end, year) - z->summer_east;
	/* South of the equator summer goes over the turn of the year. */
	summer = begin <= end ? s >= begin && s < end : s >= begin || s < end;
	return (summer ? z->summer_east : z->east) * NS_PER_S;
}

static int64_t
local_seconds(const struct tz *z, int64_t utc_ns)
{
	int64_t s = ((utc_ns < 0 ? 0 : utc_ns) + tz_offset(z, utc_ns)) / NS_PER_S;

	return s < 0 ? 0 : s;
}

unsigned
tz_hour(const struct tz *z, int64_t utc_ns)
{
	return (unsigned)(local_seconds(z, utc_ns) % DAY / 3600);
}

unsigned
tz_weekday(const struct tz *z, int64_t utc_ns)
{
	return (weekday_of(local_seconds(z, utc_ns) / DAY) + 6) % 7;
}
