/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intern: strings as small numbers, so that a record of fixed size can name a host.
 *
 * An id stands for one byte string of at most INTERN_MAX bytes (longer ones are cut:
 * callers who care compare lengths first). Strings come from the wire and are hostile:
 * the table has a fixed number of entries and a fixed room for their bytes; both are
 * touched as they fill. Whoever keeps an id
 * over more than one packet holds it (intern_hold) and lets it go (intern_drop); a string
 * nobody holds stays until its place is needed, oldest first. When every entry is held, or
 * the bytes of those nobody holds do not make room, intern_put answers 0 ("no name") and
 * counts it. Ids are never used twice.
 */
#ifndef CAPTURE_BASE_INTERN_H
#define CAPTURE_BASE_INTERN_H

#include "capture/base/siphash.h"
#include "capture/base/span.h"

#define INTERN_MAX 255

struct intern;

struct intern *intern_create(const struct siphash_key *key, size_t entries);
/* The same, with room for so many bytes of text in all; one alone has room for `entries`
 * of the longest. What a name costs is 32 bytes, and its own in whole eights. */
struct intern *intern_create_within(const struct siphash_key *key, size_t entries,
    size_t bytes);
void intern_destroy(struct intern *t);

/* The id of these bytes, new or known; 0 for n = 0 and when the table is full of held
 * ids. The id lives at least until the next intern_put; hold it to keep it. */
uint32_t intern_put(struct intern *t, const void *bytes, size_t n);
void intern_hold(struct intern *t, uint32_t id);	/* 0 is fine */
void intern_drop(struct intern *t, uint32_t id);	/* 0 is fine */

/* The bytes behind an id; an empty span for 0 and for an id that is gone. Lent until the
 * next intern_put. A NUL follows the bytes. */
struct span intern_get(const struct intern *t, uint32_t id);

/* True once for each id: the caller writes the `name` record. */
bool intern_announce(struct intern *t, uint32_t id);

uint64_t intern_refused(const struct intern *t);
size_t intern_bytes(const struct intern *t);	/* memory committed when it is full */

#endif
