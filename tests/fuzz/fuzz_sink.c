/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as an output: refused with a sentence, or its name is an output that goes to
 * the same place, and shows no user. */
#include "rules/event/sink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), name[2 * SINK_TEXT];
	struct fault why = { "", "" };
	struct sink_spec s, again;

	memcpy(text, data, size);
	text[size] = '\0';
	if (sink_parse(text, &s, &why) == -1) {
		if (why.what[0] == '\0')
			abort();
		free(text);
		return 0;
	}
	(void)sink_is_near(&s.at);
	if (sink_path_at(text) > strlen(text))
		abort();
	(void)sink_name(&s, name, sizeof(name));
	/* A port or a key that were left out may make it longer than an output can be. */
	if (strlen(name) < SINK_TEXT && (sink_parse(name, &again, NULL) == -1 ||
	    again.kind != s.kind || again.tls != s.tls || again.user[0] != '\0' || again.at.port != s.at.port ||
	    strcmp(again.at.host, s.at.host) != 0 || strcmp(again.at.path, s.at.path) != 0 ||
	    strcmp(again.key, s.key) != 0))
		abort();
	free(text);
	return 0;
}
