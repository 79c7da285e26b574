/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns: one DNS message (RFC 1035), from UDP or after TCP's two length bytes. Only the
 * name of the question is read, where a compression pointer is an error; every address in
 * the answers answers it, those that SVCB and HTTPS records hint at as well (RFC 9460). Names come out lower case, dots between labels, no final dot,
 * bytes outside [-_a-z0-9.] as they are (hostile: escape before printing).
 * A message the snap length cut gives what was whole before the cut.
 */
#ifndef CLASSIFY_CONTENT_DNS_H
#define CLASSIFY_CONTENT_DNS_H

#include "capture/base/addr.h"
#include "capture/base/span.h"

#define DNS_NAME_MAX 254
#define DNS_ANSWERS 24

struct dns_answer {
	struct addr addr;		/* A, AAAA, or a hint of SVCB and HTTPS */
	uint32_t ttl;			/* s */
};

struct dns_message {
	bool response;
	bool question_whole;		/* the question name was not cut */
	uint16_t id, qtype;
	uint8_t rcode;
	size_t name_len;
	char name[DNS_NAME_MAX + 1];	/* the question; for a CNAME
					 * chain still the question */
	unsigned answers;
	struct dns_answer answer[DNS_ANSWERS];
	bool elsewhere;			/* its addresses are those of another name: the
					 * target of an SVCB or HTTPS record */
	bool truncated;			/* captured bytes ended before the message did */
};

/* An answer of mDNS or LLMNR in which the speaker names itself: its name, under .local or
 * of one label, its address. False: none is. Any bytes are safe. */
bool dns_own_name(struct span payload, const struct addr *speaker, struct dns_message *out);

/* False: not DNS (header or question impossible). Any bytes are safe. */
bool dns_parse(struct span payload, struct dns_message *out);

#endif
