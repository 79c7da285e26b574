/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * domain: the registrable domain of a name, by the public suffix list that libpsl was
 * built with. Owns nothing that changes; opens no file.
 */
#include "classify/endpoint/endpoint.h"

#include <libpsl.h>

#define NAME_MAX_TEXT 253	/* RFC 1035: longer ones are no names */

struct span
registrable_domain(struct span name)
{
	char text[NAME_MAX_TEXT + 1];
	struct addr a;
	const char *domain;

	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	if (name.left == 0 || name.left > NAME_MAX_TEXT)
		return name;
	for (size_t i = 0; i < name.left; i++) {
		uint8_t c = name.at[i];

		if (c == '\0')
			return name;
		text[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	text[name.left] = '\0';
	if (addr_parse(text, name.left, &a))
		return name;
	domain = psl_registrable_domain(psl_builtin(), text);
	if (domain != NULL)
		(void)span_skip(&name, (size_t)(domain - text));
	return name;
}
