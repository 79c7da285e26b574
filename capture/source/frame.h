/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame: what a source hands on. Bytes as captured: `cap` of them are here, `wire` were
 * on the wire (wire >= cap in an honest capture; nobody to the right believes it). The
 * bytes are lent for the callback, or longer (source_keeps).
 */
#ifndef CAPTURE_SOURCE_FRAME_H
#define CAPTURE_SOURCE_FRAME_H

#include "capture/base/ptime.h"

#include <stdint.h>

struct frame {
	struct pkt_time time;
	uint64_t ordinal;		/* number in the merged input, from 1 */
	uint32_t iface;			/* index of the source's interface; 0 for files */
	int link_type;			/* DLT_ value as libpcap's pcap_datalink says */
	uint32_t cap;
	uint32_t wire;
	const uint8_t *bytes;
};

/* Seconds and nanoseconds as a capture gives them, made sane: never before 1970, never
 * past 2^62 ns (the year 2116; a pcap's 32 bits of seconds end in 2106), nanoseconds
 * below one second. So the difference of any two packet times fits an int64_t. */
static inline struct pkt_time
frame_time(int64_t sec, int64_t ns)
{
	const int64_t last = (INT64_C(1) << 62) / NS_PER_S - 1;

	if (sec < 0)
		return (struct pkt_time){ 0 };
	if (sec > last)
		sec = last;
	if (ns < 0)
		ns = 0;
	if (ns > NS_PER_S - 1)
		ns = NS_PER_S - 1;
	return (struct pkt_time){ sec * NS_PER_S + ns };
}

#endif
