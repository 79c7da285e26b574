/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rulefiles: rule files, lists and inventories from disk to memory, and to a program.
 *
 * Which: the shipped folder (-S replaces it), rules/site beside it, then every -s, then
 * what --home, --known and --inventory say (a site file of their own, named "command
 * line"). In a folder: *.rules by name. Everything is read once; what the program later
 * needs is in memory.
 */
#ifndef RULES_CLI_RULEFILES_H
#define RULES_CLI_RULEFILES_H

#include "capture/base/fault.h"
#include "rules/lang/program.h"

#define RULE_PATHS 64

struct rule_choice {
	const char *replace[RULE_PATHS];	/* -S */
	unsigned replaces;
	/* As if they lay among the shipped ones: in the place of one of the same name, or
	 * beside them. Files. */
	const char *over[RULE_PATHS];
	unsigned overs;
	const char *add[RULE_PATHS];		/* -s */
	unsigned adds;
	const char *home;			/* "10.0.0.0/8,..." */
	const char *known;			/* FILE */
	const char *inventory;			/* FORMAT:FILE */
	const char *asn, *country;		/* FILE */
	/* A service reads what only root, its own user or whoever owns the program may
	 * write: who may write a rule file says what is not told. */
	bool guarded;
};

struct rule_files;

/* Reads the rule files. NULL and *why when one cannot be read. */
struct rule_files *rule_files_read(const struct rule_choice *c, struct fault *why);
void rule_files_free(struct rule_files *f);

/* Compiles. Diagnostics go to standard error, at most `warnings` says whether warnings
 * too. The program refers to the files' memory: free it first. */
struct program *rule_files_compile(struct rule_files *f, bool warnings, unsigned *errors);

/* The same for who packs them: the tables of vendors, which nobody's rules name and which
 * take longer than all the rest, are left to the sensor. */
struct program *rule_files_check(struct rule_files *f, bool warnings, unsigned *errors);

/* Reads what the rule files name, by compiling them without a word: what is wrong is
 * said by who compiles the pack. rule_files_compile has done the same. */
void rule_files_collect(struct rule_files *f);
/* Everything that was read, as one sealed memfd (rulepack.h); the caller's. -1 and *why. */
int rule_files_pack(const struct rule_files *f, struct fault *why);
/* What a reader of it asks for: nobody changes it any more. */
#define RULE_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* For print: the compile options over these files, valid until the next call. */
const struct compile_options *rule_files_options(struct rule_files *f);

/* The folder of shipped rules: beside the executable in the source tree,
 * else installed. */
const char *rules_std_folder(char *buf, size_t size);
/* The captures of `earshot selftest`, found alike. */
const char *selftest_folder(char *buf, size_t size);

#endif
