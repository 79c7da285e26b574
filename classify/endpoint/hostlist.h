/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hostlist: a list of hosts a rule can ask. Lines: "domain NAME" (the name and everything
 * below it), "host GLOB" ('*' matches within and across labels), "net CIDR", "as NUMBER"
 * (an autonomous system, by the asn database); '#' starts a comment. Names compare without case; a final dot is ignored. Built once in an arena.
 */
#ifndef CLASSIFY_ENDPOINT_HOSTLIST_H
#define CLASSIFY_ENDPOINT_HOSTLIST_H

#include "classify/endpoint/inventory.h"

struct hostlist;

struct hostlist *hostlist_parse(struct arena *a, struct span bytes,
    inventory_fault_fn *fn, void *arg);
/* One more entry from a rule file's own { ... } form; 0, or -1 when it is neither a
 * network, a name, a glob nor AS64500, or the arena is full. */
int hostlist_add(struct arena *a, struct hostlist *l, const char *text, size_t n);

bool hostlist_has_addr(const struct hostlist *l, const struct addr *a);
bool hostlist_has_name(const struct hostlist *l, struct span name);
bool hostlist_has_as(const struct hostlist *l, uint64_t asn);
size_t hostlist_systems(const struct hostlist *l);	/* how many "as" lines */
size_t hostlist_size(const struct hostlist *l);
/* Entries in the order given: "domain x.example", "net 10.0.0.0/8";
 * for printing and hashing. */
void hostlist_each(const struct hostlist *l, void (*fn)(void *arg, const char *line),
    void *arg);

/* One glob, for `except ... dest *.x.example`: true when the name matches. */
bool host_glob(const char *glob, size_t n, struct span name);

#endif
