/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rulepack: written piece by piece, read through a span. Next: ruleset.h, what the sensor
 * makes of one. */
#include "rules/cli/rulepack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 16
#define ENTRY_HEAD 16

static const char magic[8] = { 'e', 'a', 'r', 's', 'h', 'o', 't', '1' };

struct rule_pack {
	struct pack_entry *entry;
	unsigned n;
	struct source_file *file;	/* the rule files among them */
	unsigned files;
};

static bool provide(void *arg, const char *from, const char *path, struct span *out,
    struct fault *why);

int
rule_pack_write(const struct pack_entry *e, unsigned n,
    int (*write)(void *arg, const void *bytes, size_t len), void *arg, struct fault *why)
{
	uint8_t head[HEAD];
	size_t total = HEAD;

	if (n > RULE_PACK_ENTRIES)
		return fault_set(why, "put rules of one kind into one file",
		    "cannot use the rules: %u files, %u at most", n, RULE_PACK_ENTRIES);
	memcpy(head, magic, sizeof(magic));
	(void)put_le(put_le(head + sizeof(magic), n, 4), 0, 4);
	if (write(arg, head, sizeof(head)) == -1)
		goto full;
	for (unsigned i = 0; i < n; i++) {
		size_t name = strlen(e[i].name);

		total += ENTRY_HEAD + name + 1 + e[i].bytes.left + 1;
		if (total > RULE_PACK_BYTES)
			return fault_set(why, "are the lists the right files?",
			    "cannot use the rules: with their lists they have more than "
			    "%zu MiB", RULE_PACK_BYTES >> 20);
		(void)put_le(put_le(put_le(head, e[i].kind, 4), name, 4),
		    e[i].bytes.left, 8);
		if (write(arg, head, ENTRY_HEAD) == -1 ||
		    write(arg, e[i].name, name + 1) == -1 ||
		    (e[i].bytes.left > 0 &&
		    write(arg, e[i].bytes.at, e[i].bytes.left) == -1) ||
		    write(arg, "", 1) == -1)
			goto full;
	}
	return 0;
full:
	return fault_set(why, NULL, "cannot hand the rules over: no memory");
}

static bool
take_entry(struct span *s, struct pack_entry *e)
{
	struct span name, nul;
	uint32_t kind, name_len;
	uint64_t len;

	if (!span_le32(s, &kind) || !span_le32(s, &name_len) || !span_le64(s, &len) ||
	    kind >= PACK_KIND_COUNT || name_len == 0 || name_len >= RULE_PATH ||
	    len > RULE_PACK_BYTES ||
	    !span_take(s, name_len, &name) || !span_take(s, 1, &nul) || nul.at[0] != 0 ||
	    memchr(name.at, 0, name.left) != NULL ||
	    !span_take(s, (size_t)len, &e->bytes) || !span_take(s, 1, &nul) ||
	    nul.at[0] != 0)
		return false;
	e->kind = (enum pack_kind)kind;
	e->name = (const char *)name.at;
	return true;
}

struct rule_pack *
rule_pack_open(struct span bytes, struct fault *why)
{
	struct rule_pack *p = calloc(1, sizeof(*p));
	struct span head;
	uint32_t n, zero;

	if (p == NULL)
		goto nomem;
	if (bytes.left > RULE_PACK_BYTES || !span_take(&bytes, sizeof(magic), &head) ||
	    memcmp(head.at, magic, sizeof(magic)) != 0 || !span_le32(&bytes, &n) ||
	    !span_le32(&bytes, &zero) || zero != 0 || n > RULE_PACK_ENTRIES)
		goto bad;
	p->entry = calloc(n + 1, sizeof(*p->entry));
	p->file = calloc(n + 1, sizeof(*p->file));
	if (p->entry == NULL || p->file == NULL)
		goto nomem;
	for (; p->n < n; p->n++) {
		struct pack_entry *e = &p->entry[p->n];

		if (!take_entry(&bytes, e))
			goto bad;
		if (e->kind == PACK_RULES)
			p->file[p->files++] = (struct source_file){ e->name,
				(const char *)e->bytes.at, e->bytes.left };
	}
	if (bytes.left > 0)
		goto bad;
	return p;
nomem:
	(void)fault_set(why, NULL, "cannot take the rules: not enough memory");
	rule_pack_close(p);
	return NULL;
bad:
	(void)fault_set(why, NULL, "cannot take the rules: they came damaged");
	rule_pack_close(p);
	return NULL;
}

void
rule_pack_close(struct rule_pack *p)
{
	if (p == NULL)
		return;
	free(p->entry);
	free(p->file);
	free(p);
}

unsigned
rule_pack_entries(const struct rule_pack *p)
{
	return p->n;
}

const struct pack_entry *
rule_pack_entry(const struct rule_pack *p, unsigned i)
{
	return i < p->n ? &p->entry[i] : NULL;
}

const char *const vendor_files[] = { "/usr/share/ieee-data/oui.csv",
	"/usr/share/ieee-data/mam.csv", "/usr/share/ieee-data/oui36.csv", NULL };

struct program *
rule_pack_compile(struct rule_pack *p, diag_fn *diag, void *arg)
{
	struct compile_options o = { .file = p->file, .files = p->files,
		.vendors = vendor_files, .provide = provide, .provide_arg = p,
		.diag = diag, .diag_arg = arg };

	for (unsigned i = 0; i < p->n; i++) {
		const struct pack_entry *e = &p->entry[i];
		struct source_file f = { e->name, (const char *)e->bytes.at,
			e->bytes.left };

		if (e->kind == PACK_ASN)
			o.asn = f;
		else if (e->kind == PACK_COUNTRY)
			o.country = f;
	}
	return program_compile(&o);
}

const char *
rule_path(const char *from, const char *path, char out[RULE_PATH])
{
	const char *slash = strrchr(from, '/');

	if (path[0] == '/' || slash == NULL)
		(void)snprintf(out, RULE_PATH, "%s", path);
	else
		(void)snprintf(out, RULE_PATH, "%.*s/%s", (int)(slash - from), from,
		    path);
	return out;
}

static bool
provide(void *arg, const char *from, const char *path, struct span *out,
    struct fault *why)
{
	struct rule_pack *p = arg;
	char full[RULE_PATH];

	(void)rule_path(from, path, full);
	for (unsigned i = 0; i < p->n; i++) {
		const struct pack_entry *e = &p->entry[i];
		int what;

		if ((e->kind != PACK_NAMED && e->kind != PACK_MISSING) ||
		    strcmp(e->name, full) != 0)
			continue;
		if (e->kind == PACK_NAMED) {
			*out = e->bytes;
			return true;
		}
		what = (int)strcspn((const char *)e->bytes.at, "\n");
		(void)fault_set(why, (const char *)e->bytes.at + what +
		    (e->bytes.at[what] == '\n'), "%.*s", what,
		    (const char *)e->bytes.at);
		return false;
	}
	(void)fault_set(why, NULL, "cannot read '%s': it was not handed over", full);
	return false;
}
