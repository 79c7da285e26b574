/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter: a BPF expression over frames of a file. Inner header of this room.
 */
#ifndef CAPTURE_SOURCE_FILTER_H
#define CAPTURE_SOURCE_FILTER_H

#include "capture/base/fault.h"
#include "capture/source/frame.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

struct filter {
	struct bpf_program program;
	bool on;
};

/* text NULL or "": everything passes. */
int filter_compile(struct filter *f, const char *text, int link_type, struct fault *why);
void filter_clear(struct filter *f);
int filter_fault(const char *text, const char *said, struct fault *why);	/* -1 */

static inline bool
filter_pass(const struct filter *f, const uint8_t *bytes, uint32_t cap, uint32_t wire)
{
	const struct pcap_pkthdr h = { .caplen = cap, .len = wire };

	return !f->on || pcap_offline_filter(&f->program, &h, bytes) != 0;
}

/* The same expression for each link type that earshot reads, for captures whose packets
 * have several. All are compiled at the opening: in a sandbox names cannot be looked up.
 * An expression may be right for one link type and impossible for another ("ether host"
 * without Ethernet): that is known from the start, and is a fault where such a packet
 * comes, for to leave it out or to let it pass would both be wrong. */
struct filters;

enum filters_say { FILTERS_OUT, FILTERS_PASS, FILTERS_WRONG };

/* *out is NULL for a text that is NULL or "": everything passes. -1: right for none. */
int filters_compile(struct filters **out, const char *text, struct fault *why);
void filters_destroy(struct filters *s);
/* -1 and *why: it cannot be used on packets of this link type. */
int filters_check(const struct filters *s, int link_type, struct fault *why);
/* A link type that earshot does not read never passes. */
enum filters_say filters_say(struct filters *s, const struct frame *f);

#endif
