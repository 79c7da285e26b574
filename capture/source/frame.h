/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame: what a source hands on. Bytes as captured: `cap` of them are here, `wire` were on the
 * wire (wire >= cap in an honest capture; nobody to the right believes it). The bytes are lent
 * until the source is asked for the next frame.
 */
#ifndef CAPTURE_SOURCE_FRAME_H
#define CAPTURE_SOURCE_FRAME_H

#include "capture/base/ptime.h"

#include <stdint.h>

struct frame {
	struct pkt_time time;
	uint64_t ordinal;		/* number in the merged input, from 1 */
	uint32_t iface;			/* index of the source's interface; 0 for files */
	int link_type;			/* DLT_ or LINKTYPE_ value as libpcap's pcap_datalink says */
	uint32_t cap;
	uint32_t wire;
	const uint8_t *bytes;
};

#endif
