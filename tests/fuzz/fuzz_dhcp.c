/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First byte: bit 0 IPv6, bit 1 the frame's MAC was seen. The rest is one message. */
#include "classify/content/dhcp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(struct span s, const uint8_t *from, size_t size)
{
	if (s.left > 0 && (s.at < from || s.at + s.left > from + size))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct dhcp_message m;
	struct span s;
	uint8_t how;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	s = span_of(copy, size);
	if (span_u8(&s, &how) && ((how & 1) != 0 ?
	    dhcp6_parse(s, (how & 2) != 0 ? 0x3c5282110a13U : 0, &m) :
	    dhcp_parse(s, &m))) {
		inside(m.name, copy, size);
		inside(m.system, copy, size);
		if (m.word != DHCP_ASKS && !m.has_addr)
			__builtin_trap();
	}
	free(copy);
	return 0;
}
