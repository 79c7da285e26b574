/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ppp: PPP on a line of its own and in Ethernet (PPPoE). Inner header of this room:
 * outside it, decode.h speaks.
 */
#ifndef CAPTURE_DECODE_PPP_H
#define CAPTURE_DECODE_PPP_H

#include "capture/decode/ip.h"

/* *v becomes what PPP carries, *type its ethertype, or 0 when that is the line's own
 * business (LCP, authentication, compressed packets). */
enum drop ppp_open(struct view *v, int link_type, uint16_t *type);
enum drop pppoe_open(struct view *v, uint16_t *type);

#endif
