/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sha1: SHA-1 of a short message (RFC 3174). Only for the Community ID, whose standard
 * asks for it; nothing here rests on it being hard to forge.
 */
#ifndef RULES_EVENT_SHA1_H
#define RULES_EVENT_SHA1_H

#include <stddef.h>
#include <stdint.h>

void sha1(const void *bytes, size_t n, uint8_t digest[20]);

#endif
