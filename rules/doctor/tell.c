/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tell: one walk over the findings for each form. */
#include "rules/doctor/tell.h"

#include "rules/event/json.h"

#include <stdlib.h>
#include <string.h>

#define JSON_MOST (1024 * 1024)	/* FINDINGS_MOST of the longest, escaped, are less */

void
tell_checks(FILE *out)
{
	for (int i = 0; i < CHECK_COUNT; i++)
		fprintf(out, "  %-18s %s\n", check_name((enum check)i),
		    check_looks_at((enum check)i));
}

/* For a terminal: nothing that drives it. */
static void
plain(FILE *out, const char *text)
{
	struct span s = span_of(text, strlen(text));
	uint32_t code;
	bool valid;
	size_t n;

	while ((n = utf8_next(s, &code, &valid)) > 0) {
		if (valid && utf8_plain(code))
			(void)fwrite(s.at, 1, n, out);
		else
			fputc('?', out);
		(void)span_skip(&s, n);
	}
}

int
tell_text(FILE *out, const struct findings *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		const struct finding *x = &f->f[i];

		fprintf(out, "%-4s  %-18s ", grade_name(x->grade), check_name(x->check));
		if (x->about[0] != '\0') {
			plain(out, x->about);
			fputs(": ", out);
		}
		plain(out, x->what);
		fputc('\n', out);
		if (x->remedy[0] == '\0')
			continue;
		fputs("        try: ", out);
		plain(out, x->remedy);
		fputc('\n', out);
	}
	fputs("\nwhat this sensor cannot see\n", out);
	for (unsigned i = 0; i < f->blinds; i++) {
		fputs("  - ", out);
		plain(out, f->blind[i]);
		fputc('\n', out);
	}
	fprintf(out, "\n%u OK, %u WARN, %u FAIL", findings_of(f, GRADE_OK),
	    findings_of(f, GRADE_WARN), findings_of(f, GRADE_FAIL));
	if (findings_of(f, GRADE_UNKNOWN) > 0)
		fprintf(out, ", %u not known", findings_of(f, GRADE_UNKNOWN));
	fputc('\n', out);
	return fflush(out) == 0 ? 0 : -1;
}

static void
pair(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_text(j, text, strlen(text));
}

int
tell_json(FILE *out, const struct findings *f)
{
	char *buf = malloc(JSON_MOST);
	struct json j;
	int rc = -1;

	if (buf == NULL)
		return -1;
	json_start(&j, buf, JSON_MOST, 0);
	json_open(&j, NULL, '{');
	json_open(&j, "checks", '[');
	for (unsigned i = 0; i < f->n; i++) {
		const struct finding *x = &f->f[i];

		json_open(&j, NULL, '{');
		pair(&j, "check", check_name(x->check));
		pair(&j, "grade", x->grade == GRADE_UNKNOWN ? "UNKNOWN" :
		    grade_name(x->grade));
		pair(&j, "about", x->about);
		pair(&j, "what", x->what);
		pair(&j, "remedy", x->remedy);
		pair(&j, "looks_at", check_looks_at(x->check));
		json_close(&j, '{');
	}
	json_close(&j, '[');
	json_open(&j, "cannot_see", '[');
	for (unsigned i = 0; i < f->blinds; i++)
		json_text(&j, f->blind[i], strlen(f->blind[i]));
	json_close(&j, '[');
	json_key(&j, "ok");
	json_uint(&j, findings_of(f, GRADE_OK));
	json_key(&j, "warn");
	json_uint(&j, findings_of(f, GRADE_WARN));
	json_key(&j, "fail");
	json_uint(&j, findings_of(f, GRADE_FAIL));
	json_key(&j, "unknown");
	json_uint(&j, findings_of(f, GRADE_UNKNOWN));
	json_close(&j, '{');
	if (!j.full && fwrite(buf, 1, j.len, out) == j.len && fputc('\n', out) != EOF &&
	    fflush(out) == 0)
		rc = 0;
	free(buf);
	return rc;
}
