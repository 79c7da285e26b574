/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rulepack: all the bytes a program is made of, in one piece: rule files, the lists and
 * inventories they name, and what could not be read, with the reason. The supervisor
 * writes it to a sealed memfd; the sensor, which opens no file, compiles from it.
 *
 *	"earshot1"  u32 entries  u32 0
 *	entry: u32 kind  u32 length of name  u64 length of bytes  name NUL  bytes NUL
 *
 * Numbers are little-endian. Rule files stand in the order they are compiled in. Reading
 * one is reading a foreign file: every length is checked, nothing is believed.
 */
#ifndef RULES_CLI_RULEPACK_H
#define RULES_CLI_RULEPACK_H

#include "capture/base/fault.h"
#include "rules/lang/program.h"

#define RULE_PACK_ENTRIES 4096U		/* files: a folder of rules, and their lists */
#define RULE_PACK_BYTES ((size_t)512 << 20)	/* of all of them */
#define RULE_PATH 8192

enum pack_kind {
	PACK_RULES,		/* a rule file */
	PACK_NAMED,		/* a list or an inventory, by its resolved path */
	PACK_MISSING,		/* one that could not be read: bytes are
				 * "reason\nremedy" */
	PACK_ASN, PACK_COUNTRY,	/* a database, by its path (places.h) */
	PACK_KIND_COUNT
};

struct pack_entry {
	enum pack_kind kind;
	const char *name;
	struct span bytes;
};

/* write gets the pack piece by piece. -1 and *why: too much, or write said -1. */
int rule_pack_write(const struct pack_entry *e, unsigned n,
    int (*write)(void *arg, const void *bytes, size_t len), void *arg, struct fault *why);

struct rule_pack;

/* bytes are lent for the pack's life, and for that of every program compiled from it. */
struct rule_pack *rule_pack_open(struct span bytes, struct fault *why);
void rule_pack_close(struct rule_pack *p);
unsigned rule_pack_entries(const struct rule_pack *p);
const struct pack_entry *rule_pack_entry(const struct rule_pack *p, unsigned i);

/* The IEEE's tables where Debian's ieee-data puts them; NULL at the end. */
extern const char *const vendor_files[];

/* Like program_compile; errors and warnings go to diag. */
struct program *rule_pack_compile(struct rule_pack *p, diag_fn *diag, void *arg);

/* Where `path`, as written in the file `from`, leads: beside it. Names of files that are
 * none ("command line") have no slash, and then the path is as it stands. */
const char *rule_path(const char *from, const char *path, char out[RULE_PATH]);

#endif
