/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wifi: IEEE 802.11 frames, behind nothing, radiotap, Prism's or AVS's header.
 *
 * Owns: where the 802.11 header ends, who sent the frame and for whom (the meaning of
 * its addresses depends on the two bits that say whether it goes to or comes from the
 * wired side), and the frame check sequence that radiotap announces. Refuses by name
 * what it cannot take apart: encrypted frames, several packets in one (A-MSDU), later
 * fragments, frames that the radio itself calls damaged.
 *
 * Of radiotap's fields only the first two matter here, the time stamp because it stands
 * in front of the flags. Each field is aligned to its size, counted from the header.
 * radiotap.org; IEEE 802.11-2020, 9.2.4.
 */
#include "capture/decode/wifi.h"

#include <string.h>

enum {
	RADIOTAP_LEAST = 8, RADIOTAP_TIME = 1 << 0, RADIOTAP_FLAGS = 1 << 1,
	FLAG_FCS = 0x10, FLAG_PADDED = 0x20, FLAG_BAD_FCS = 0x40,
	FCS_BYTES = 4,
	PRISM_HEADER = 144, AVS_LEAST = 8,
	TYPE_DATA = 2, SUBTYPE_NULL = 4, SUBTYPE_QOS = 8,
	TO_WIRED = 0x01, FROM_WIRED = 0x02, PROTECTED = 0x40, ORDER = 0x80,
	QOS_AMSDU = 0x80,
};

#define AVS_MAGIC 0x80211000U		/* its last twelve bits are a version */
#define RADIOTAP_MORE 0x80000000U	/* another word of presence bits follows */

static enum drop radiotap_open(struct view *v, uint8_t *flags);
static enum drop avs_open(struct view *v, bool prism);
static enum drop frame_open(struct view *v, bool padded, struct packet *out, bool *llc);

enum drop
wifi_open(struct view *v, int link_type, struct packet *out, bool *llc)
{
	enum drop d = DROP_NONE;
	uint8_t flags = 0;

	if (link_type == LINK_RADIOTAP)
		d = radiotap_open(v, &flags);
	else if (link_type == LINK_PRISM || link_type == LINK_AVS)
		d = avs_open(v, link_type == LINK_PRISM);
	if (d != DROP_NONE)
		return d;
	if ((flags & FLAG_BAD_FCS) != 0)
		return DROP_WIFI_FCS;
	if ((flags & FLAG_FCS) != 0 && v->wire >= FCS_BYTES)
		view_trim(v, v->wire - FCS_BYTES);
	return frame_open(v, (flags & FLAG_PADDED) != 0, out, llc);
}

static enum drop
radiotap_open(struct view *v, uint8_t *flags)
{
	struct span h = v->bytes, fields;
	const uint8_t *start = h.at;
	uint32_t present, word;
	uint16_t length;
	uint8_t version;

	if (!span_u8(&h, &version) || !span_skip(&h, 1) || !span_le16(&h, &length))
		return DROP_CUT_WIFI;
	if (version != 0 || length < RADIOTAP_LEAST || length > v->wire)
		return DROP_BAD_WIFI;
	if (length > v->bytes.left)
		return DROP_CUT_WIFI;
	fields = (struct span){ h.at, length - 4U };
	(void)span_le32(&fields, &present);
	for (word = present; (word & RADIOTAP_MORE) != 0;)
		if (!span_le32(&fields, &word))
			return DROP_BAD_WIFI;
	if ((present & RADIOTAP_TIME) != 0 &&
	    !span_skip(&fields, (8 - (size_t)(fields.at - start) % 8) % 8 + 8))
		return DROP_BAD_WIFI;
	if ((present & RADIOTAP_FLAGS) != 0 && !span_u8(&fields, flags))
		return DROP_BAD_WIFI;
	(void)view_skip(v, length);
	return DROP_NONE;
}

/* A header that tells its length; or Prism's, which is 144 bytes long everywhere and has
 * the order of the machine that captured. Some drivers say Prism and write AVS. */
static enum drop
avs_open(struct view *v, bool prism)
{
	struct span h = v->bytes;
	uint32_t magic, length;

	if (!span_u32(&h, &magic) || !span_u32(&h, &length))
		return DROP_CUT_WIFI;
	if ((magic & 0xfffff000U) != AVS_MAGIC) {
		if (!prism)
			return DROP_BAD_WIFI;
		length = PRISM_HEADER;
	}
	if (length < AVS_LEAST || length > v->wire)
		return DROP_BAD_WIFI;
	return view_skip(v, length) ? DROP_NONE : DROP_CUT_WIFI;
}

/* To the wired side:	access point, sender, receiver
 * from it:		receiver, access point, sender
 * neither:		receiver, sender, network
 * both (a bridge):	next radio, this radio, receiver; and the sender behind */
static enum drop
frame_open(struct view *v, bool padded, struct packet *out, bool *llc)
{
	struct span h = v->bytes, a1, a2, a3, a4 = { NULL, 0 };
	const struct span *sender, *receiver;
	uint32_t header = 24;
	uint16_t sequence, qos = 0;
	uint8_t kind, flags;
	bool bridged;

	*llc = false;
	if (!span_u8(&h, &kind) || !span_u8(&h, &flags))
		return DROP_CUT_WIFI;
	if ((kind & 3) != 0)
		return DROP_BAD_WIFI;		/* a version of the future */
	if ((kind >> 2 & 3) != TYPE_DATA || (kind >> 4 & SUBTYPE_NULL) != 0)
		return DROP_NONE;
	if ((flags & PROTECTED) != 0)
		return DROP_WIFI_PROTECTED;
	bridged = (flags & TO_WIRED) != 0 && (flags & FROM_WIRED) != 0;
	if (bridged)
		header += 6;
	if ((kind >> 4 & SUBTYPE_QOS) != 0)
		header += (flags & ORDER) != 0 ? 6 : 2;
	if (padded)
		header = (header + 3) & ~3U;
	if (header > v->wire)
		return DROP_BAD_WIFI;
	if (!span_skip(&h, 2) || !span_take(&h, 6, &a1) || !span_take(&h, 6, &a2) ||
	    !span_take(&h, 6, &a3) || !span_le16(&h, &sequence) ||
	    (bridged && !span_take(&h, 6, &a4)) ||
	    ((kind >> 4 & SUBTYPE_QOS) != 0 && !span_le16(&h, &qos)))
		return DROP_CUT_WIFI;
	if ((qos & QOS_AMSDU) != 0)
		return DROP_WIFI_AMSDU;
	if ((sequence & 0xfU) != 0)
		return DROP_WIFI_FRAGMENT;
	if (!view_skip(v, header))
		return DROP_CUT_WIFI;
	receiver = (flags & TO_WIRED) != 0 ? &a3 : &a1;
	sender = bridged ? &a4 : (flags & FROM_WIRED) != 0 ? &a3 : &a2;
	out->has_mac = true;
	memcpy(out->smac, sender->at, 6);
	memcpy(out->dmac, receiver->at, 6);
	*llc = true;
	return DROP_NONE;
}
