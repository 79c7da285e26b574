/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * siphash: SipHash-1-3, a keyed hash for tables whose keys an attacker chooses.
 * J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012; one
 * compression and three finalisation rounds, as the tables of Rust, Ruby and Perl use it.
 * The key of a table is drawn at start; ids that must not change
 * between runs use a fixed one.
 */
#ifndef CAPTURE_BASE_SIPHASH_H
#define CAPTURE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

uint64_t siphash13(const struct siphash_key *key, const void *data, size_t len);

#endif
