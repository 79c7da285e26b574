/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words: words and lines in bytes that only look like text. Owns comparing without case
 * and cutting at line ends; refuses character sets: a byte is a byte.
 */
#define _GNU_SOURCE	/* memmem */
#include "classify/content/parse.h"

#include <string.h>

static uint8_t
lower_of(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool
same(const uint8_t *at, const char *lower, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower_of(at[i]) != (uint8_t)lower[i])
			return false;
	return true;
}

bool
line_take(struct span *s, struct span *line)
{
	const uint8_t *lf = s->left == 0 ? NULL : memchr(s->at, '\n', s->left);
	size_t n;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - s->at);
	(void)span_take(s, n, line);
	(void)span_skip(s, 1);
	if (n > 0 && line->at[n - 1] == '\r')
		line->left--;
	return true;
}

bool
text_starts(struct span s, const char *lower)
{
	size_t n = strlen(lower);

	return s.left >= n && same(s.at, lower, n);
}

bool
text_is(struct span s, const char *lower)
{
	return s.left == strlen(lower) && same(s.at, lower, s.left);
}

bool
text_has(struct span s, const char *lower)
{
	size_t n = strlen(lower);

	for (; s.left >= n; s.at++, s.left--)
		if (same(s.at, lower, n))
			return true;
	return false;
}

bool
text_may_become(struct span s, const char *lower)
{
	return s.left < strlen(lower) && same(s.at, lower, s.left);
}

struct span
text_trim(struct span s)
{
	while (s.left > 0 && (s.at[0] == ' ' || s.at[0] == '\t' || s.at[0] == '\r' ||
	    s.at[0] == '\n'))
		(void)span_skip(&s, 1);
	while (s.left > 0 && (s.at[s.left - 1] == ' ' || s.at[s.left - 1] == '\t' ||
	    s.at[s.left - 1] == '\r' || s.at[s.left - 1] == '\n'))
		s.left--;
	return s;
}

bool
text_number(struct span *s, uint64_t *v)
{
	size_t n = 0;

	*v = 0;
	while (s->left > 0 && s->at[0] >= '0' && s->at[0] <= '9') {
		unsigned d = (unsigned)(s->at[0] - '0');

		/* one below UINT64_MAX at most: that value means "not declared" */
		*v = *v > (UINT64_MAX - 10) / 10 ? UINT64_MAX - 1 : *v * 10 + d;
		(void)span_skip(s, 1);
		n++;
	}
	return n > 0;
}

const uint8_t *
span_find(struct span s, const void *what, size_t n)
{
	return s.left < n || n == 0 ? NULL : memmem(s.at, s.left, what, n);
}
