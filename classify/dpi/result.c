/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * result: what came back from the cell, as hostile input. The message is copied once and
 * then only the copy is looked at: its writer still has its hands on the ring.
 */
#include "classify/dpi/cell.h"
#include "classify/dpi/vocabulary.h"

#include <string.h>

static bool
ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

bool
cell_result_parse(struct span message, uint32_t slots, struct cell_result *out)
{
	uint64_t known = risk_count() >= 64 ? UINT64_MAX :
	    (UINT64_C(1) << risk_count()) - 1;

	if (message.left != sizeof(*out))
		return false;
	memcpy(out, message.at, sizeof(*out));
	return out->slot != 0 && out->slot <= slots && (out->risks & ~known) == 0 &&
	    out->confidence < CONFIDENCE_WORD_COUNT && out->quic <= 1 &&
	    ends(out->app, sizeof(out->app)) && ends(out->master, sizeof(out->master)) &&
	    ends(out->category, sizeof(out->category)) &&
	    ends(out->host, sizeof(out->host));
}

void
cell_result_words(const struct cell_result *r, struct dpi_result *out)
{
	memset(out, 0, sizeof(*out));
	app_name_clean(r->app, out->app, sizeof(out->app));
	app_name_clean(r->master, out->master, sizeof(out->master));
	app_name_clean(r->category, out->category, sizeof(out->category));
	/* Two names of the library may be one of ours. */
	if (strcmp(out->app, out->master) == 0)
		out->master[0] = '\0';
	memcpy(out->host, r->host, strlen(r->host));
	out->risks = r->risks;
	out->quic = r->quic == 1;
	out->confidence = out->app[0] == '\0' ? CONFIDENCE_NONE :
	    (enum confidence_word)r->confidence;
}
