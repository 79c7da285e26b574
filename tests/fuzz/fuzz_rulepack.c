/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a pack of rule files: refused, or every entry lies inside, and what can be
 * written again is the same bytes. What it holds is compiled; the sensor does that with
 * what the supervisor sends. */
#include "rules/cli/rulepack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct again {
	struct span rest;
};

static int
same(void *arg, const void *bytes, size_t len)
{
	struct again *a = arg;
	struct span s;

	if (!span_take(&a->rest, len, &s) || memcmp(s.at, bytes, len) != 0)
		abort();
	return 0;
}

static void
on_diag(void *arg, const struct diag *d)
{
	char text[4096];

	(void)arg;
	if (diag_print(d, text, sizeof(text)) == 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault why = { "", "" };
	struct rule_pack *p = rule_pack_open(span_of(data, size), &why);
	struct again a = { span_of(data, size) };

	if (p == NULL) {
		if (why.what[0] == '\0')
			abort();
		return 0;
	}
	if (rule_pack_entries(p) > 0 && rule_pack_write(rule_pack_entry(p, 0),
	    rule_pack_entries(p), same, &a, &why) == -1)
		abort();
	if (rule_pack_entries(p) > 0 && a.rest.left != 0)
		abort();
	program_destroy(rule_pack_compile(p, on_diag, NULL));
	rule_pack_close(p);
	return 0;
}
