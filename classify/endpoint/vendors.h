/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vendors: who made a network card, by the prefix of its MAC address. From the tables of
 * the IEEE as Debian's ieee-data ships them: oui.csv (24 bits), mam.csv (28) and oui36.csv
 * (36); the longest prefix wins. Built once in an arena, then only read: a sorted array
 * of 16 bytes an entry, and the names.
 *
 * A locally administered address (bit 0x02 of its first byte) has no vendor: a phone drew
 * it by lot, or a virtual machine was given it.
 */
#ifndef CLASSIFY_ENDPOINT_VENDORS_H
#define CLASSIFY_ENDPOINT_VENDORS_H

#include "capture/base/arena.h"
#include "capture/base/span.h"

struct vendors;

/* One table of the files given; what is no such table, or a line that is none, is passed
 * over. NULL when no entry was found, or the arena is full. */
struct vendors *vendors_parse(struct arena *a, const struct span *file, unsigned files);
size_t vendors_size(const struct vendors *v);
/* NULL: nobody's, or v is NULL. */
const char *vendors_find(const struct vendors *v, uint64_t mac);
bool mac_is_random(uint64_t mac);

#endif
