/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole input is one message, as UDP carries it. */
#include "classify/content/dns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	const uint8_t ip[4] = { 192, 168, 9, 5 };
	struct addr speaker = addr_from_v4(ip);
	struct dns_message m;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	if (dns_parse(span_of(copy, size), &m)) {
		if (m.name_len > DNS_NAME_MAX || m.answers > DNS_ANSWERS ||
		    m.name[m.name_len] != '\0')
			__builtin_trap();
	}
	if (dns_own_name(span_of(copy, size), &speaker, &m) && (m.answers != 1 ||
	    m.name_len == 0 || m.name_len > DNS_NAME_MAX || m.name[m.name_len] != '\0'))
		__builtin_trap();
	free(copy);
	return 0;
}
