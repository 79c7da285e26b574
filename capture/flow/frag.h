/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frag: which ports the first fragment of a datagram had, for the later ones.
 *
 * Owns: a bounded memory of first fragments by (source, destination, VLAN, protocol, id),
 * each for 30 s of packet time (RFC 8200, 4.5 gives reassembly 60 s, Linux 30 s); full,
 * it forgets the longest unused. Refuses: reassembly; no byte of payload is kept.
 */
#ifndef CAPTURE_FLOW_FRAG_H
#define CAPTURE_FLOW_FRAG_H

#include "capture/base/siphash.h"
#include "capture/decode/packet.h"

struct frag;

struct frag_ports {
	uint16_t sport, dport;
};

/* NULL when the memory is not to be had. */
struct frag *frag_create(const struct siphash_key *key);
void frag_destroy(struct frag *f);

void frag_first(struct frag *f, const struct packet *pkt, uint16_t vlan,
    struct pkt_time now);

/* False: its first fragment was not seen, or too long ago. */
bool frag_later(struct frag *f, const struct packet *pkt, uint16_t vlan,
    struct pkt_time now, struct frag_ports *out);

size_t frag_bytes(void);	/* about */

#endif
