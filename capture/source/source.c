/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source: the general object, and the source that tests write by hand.
 *
 * Files are in file.c (classic pcap) and pcapfile.c (what libpcap reads), many of them in
 * folder.c, the wire is in live.c, several wires in interfaces.c and merge.c.
 */
#include "capture/source/source.h"

#include <stdlib.h>

struct source {
	const struct source_ops *ops;
	void *src;
};

struct source *
source_wrap(const struct source_ops *ops, void *src)
{
	struct source *s;

	s = malloc(sizeof(*s));
	if (s == NULL) {
		ops->destroy(src);
		return NULL;
	}
	*s = (struct source){ ops, src };
	return s;
}

int
source_dispatch(struct source *s, int budget, source_frame_fn *fn, void *arg,
    struct fault *why)
{
	return s->ops->dispatch(s->src, budget, fn, arg, why);
}

unsigned
source_keeps(const struct source *s)
{
	return s->ops->keeps;
}

void
source_get_loss(struct source *s, struct source_loss *out)
{
	*out = (struct source_loss){ 0 };
	if (s->ops->loss != NULL)
		s->ops->loss(s->src, out);
}

int
source_wait(struct source *s, int *fds, int most, int *ms)
{
	return s->ops->wait == NULL ? 0 : s->ops->wait(s->src, fds, most, ms);
}

int
source_get_ifaces(struct source *s, struct source_iface *out, int most)
{
	return s->ops->ifaces == NULL ? 0 : s->ops->ifaces(s->src, out, most);
}

const char *
source_iface_state_name(enum source_iface_state state)
{
	static const char *const name[SOURCE_IFACE_STATES] = {
		[SOURCE_IFACE_HERE] = "here", [SOURCE_IFACE_DOWN] = "down",
		[SOURCE_IFACE_RENAMED] = "renamed", [SOURCE_IFACE_AWAY] = "away",
	};

	return name[state];
}

int
source_keep_fds(struct source *s, int *out, int most)
{
	return s->ops->keep_fds == NULL ? 0 : s->ops->keep_fds(s->src, out, most);
}

void
source_destroy(struct source *s)
{
	if (s == NULL)
		return;
	s->ops->destroy(s->src);
	free(s);
}

struct script {
	const struct frame *frames;
	size_t n, at;
};

static int
script_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct script *s = src;
	struct frame f;
	int handed;

	(void)why;
	if (s->at == s->n)
		return SOURCE_END;
	for (handed = 0; handed < budget && s->at < s->n; handed++) {
		f = s->frames[s->at++];
		f.ordinal = s->at;
		fn(arg, &f);
	}
	return handed;
}

static const struct source_ops script_ops = {
	.name = "script", .keeps = SOURCE_KEEPS, .dispatch = script_dispatch, .destroy = free,
};

struct source *
source_open_script(const struct frame *frames, size_t n)
{
	struct script *s;

	s = malloc(sizeof(*s));
	if (s == NULL)
		return NULL;
	*s = (struct script){ .frames = frames, .n = n };
	return source_wrap(&script_ops, s);
}
