/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter: a BPF expression over frames of a file. Inner header of this room.
 */
#ifndef CAPTURE_SOURCE_FILTER_H
#define CAPTURE_SOURCE_FILTER_H

#include "capture/base/fault.h"

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

#endif
