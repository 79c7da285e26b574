/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vocabulary: earshot's own stable words for protocols, categories and risks. Third-party
 * names and numbers stop at classify/dpi;
 * they change from version to version, these do not.
 */
#ifndef CLASSIFY_DPI_VOCABULARY_H
#define CLASSIFY_DPI_VOCABULARY_H

#include "capture/flow/observation.h"

/* "tls", "openvpn", "rtp", "sip", ...: lower case, [a-z0-9.-]. From nDPI's protocol name;
 * unknown names are lower-cased and cleaned. buf of at least 32 bytes;
 * returns its length. */
size_t app_name_clean(const char *library_name, char *buf, size_t size);

/* Words of risks, bit n = word n, append only. NULL past the end. */
const char *risk_word(unsigned n);
unsigned risk_count(void);
/* The bit for the classifier's own name of a risk; -1 when we have no word for it. */
int risk_from_library_name(const char *name);

/* The tunnel an application protocol is: "openvpn" -> TUNNEL_OPENVPN;
 * TUNNEL_NONE else. */
enum tunnel_word tunnel_from_app(const char *app);

/* Any word of any vocabulary, RISK included. */
const char *any_word(enum vocabulary v, unsigned n);

#endif
