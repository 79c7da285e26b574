/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_settings: bytes as a settings file, up to the first zero byte, and a drop-in
 * behind it. What is read without a fault is dumped, the dump is read without a fault,
 * and the sensors get the same from it. What is told is printed: its places are ours. The
 * same bytes are also a --set.
 */
#include "rules/cli/settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
told(void *arg, const struct diag *d)
{
	char buf[1500];

	(void)arg;
	(void)diag_print(d, buf, sizeof(buf));
	(void)diag_print(d, buf, 20);
}

static struct settings *
create(void)
{
	struct settings *s = settings_create(FOR_RUN);

	if (s == NULL)
		abort();
	settings_computed(s, SETTING_NAME, "fuzz");
	settings_computed(s, SETTING_STATE, "/state");
	return s;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
compare(struct settings *a, struct settings *b)
{
	struct launch_options x, y;

	if (settings_sensors(a) != settings_sensors(b))
		abort();
	for (unsigned i = 0; i < settings_sensors(a); i++) {
		settings_fill(a, i, &x);
		settings_fill(b, i, &y);
		if (!same_text(x.iface, y.iface) || !same_text(x.name, y.name) ||
		    !same_text(x.filter, y.filter) || !same_text(x.state, y.state) ||
		    x.flows != y.flows ||
		    /* No output at all is dumped as standard output, which it is. */
		    (x.sinks == 0 ? 1 : x.sinks) != (y.sinks == 0 ? 1 : y.sinks))
			abort();
	}
}

static void
read_back(struct settings *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct source_file file = { .name = "dump" };
	struct settings *again = create();

	if (out == NULL)
		abort();
	settings_dump(s, "/", out);
	(void)fclose(out);
	file.bytes = text;
	file.len = len;
	if (!settings_files(again, &file, 1, told, NULL))
		abort();
	compare(s, again);
	settings_destroy(again);
	free(text);
}

static void
as_set(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct settings *s = create();
	struct fault why;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	(void)settings_set(s, text, &why);
	settings_destroy(s);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
	size_t first = zero == NULL ? size : (size_t)(zero - data);
	size_t second = zero == NULL ? 0 : size - first - 1;
	char *a = malloc(first + 1), *b = malloc(second + 1);
	struct source_file file[2] = { { "a", a, first }, { "b", b, second } };
	struct settings *s = create();

	if (a == NULL || b == NULL)
		abort();
	if (first > 0)
		memcpy(a, data, first);
	if (second > 0)
		memcpy(b, zero + 1, second);
	if (settings_files(s, file, 2, told, NULL))
		read_back(s);
	settings_destroy(s);
	as_set((const uint8_t *)a, first);
	free(a);
	free(b);
	return 0;
}
