/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wifi: 802.11 as monitor mode captures it, down to the LLC header. Inner header of this
 * room: outside it, decode.h speaks.
 */
#ifndef CAPTURE_DECODE_WIFI_H
#define CAPTURE_DECODE_WIFI_H

#include "capture/decode/ip.h"

/* From the radio's header, if the link type has one, over the 802.11 header. *llc: the
 * frame carries data, and *v is at its LLC header now; otherwise it is the air's own
 * business (beacons, acknowledgements, null frames) and used without a flow.
 *
 * A frame that is encrypted on the air is refused, as wifi-protected: nobody without the
 * key can tell whose it is, and if it counted as used, a sensor that can hear nothing at
 * all would report that all is well. */
enum drop wifi_open(struct view *v, int link_type, struct packet *out, bool *llc);

#endif
