/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ptime: a moment as text, without libc's idea of time zones. */
#include "capture/base/ptime.h"

/* Days since 1970-01-01 to a civil date: Howard Hinnant, "chrono-compatible low-level
 * date algorithms" (days are shifted so that the leap day ends the year). No libc call:
 * localtime and gmtime read files and the environment. */
static void
civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

static char *
put_digits(char *at, unsigned v, unsigned n)
{
	for (unsigned i = n; i-- > 0; v /= 10)
		at[i] = (char)('0' + v % 10);
	return at + n;
}

const char *
pkt_time_print(struct pkt_time t, char buf[PKT_TIME_TEXT])
{
	int64_t secs, ns, days, rest, year;
	unsigned month, day;
	char *at = buf;

	/* int64 nanoseconds reach from 1677 to 2262: four digits of year always. */
	secs = t.ns / NS_PER_S;
	ns = t.ns % NS_PER_S;
	if (ns < 0) {
		ns += NS_PER_S;
		secs--;
	}
	days = secs / 86400;
	rest = secs % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	civil_from_days(days, &year, &month, &day);
	/* By hand: a flow event has eight of them. */
	at = put_digits(at, (unsigned)year, 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	at = put_digits(at, day, 2);
	*at++ = 'T';
	at = put_digits(at, (unsigned)(rest / 3600), 2);
	*at++ = ':';
	at = put_digits(at, (unsigned)(rest / 60 % 60), 2);
	*at++ = ':';
	at = put_digits(at, (unsigned)(rest % 60), 2);
	*at++ = '.';
	at = put_digits(at, (unsigned)(ns / 1000), 6);
	*at++ = 'Z';
	*at = '\0';
	return buf;
}
