/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole capture file of any bytes: classic pcap, pcapng of several interfaces and
 * sections, zstd, gzip, or none of them. */
#define _GNU_SOURCE		/* memfd_create */
#include "capture/source/source.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	uint64_t ordinal, sum;
};

static void
look(void *arg, const struct frame *f)
{
	struct tally *t = arg;
	uint32_t i;

	if (f->ordinal <= t->ordinal || f->time.ns < 0 || f->cap > 1 << 20)
		__builtin_trap();
	t->ordinal = f->ordinal;
	for (i = 0; i < f->cap; i++)
		t->sum += f->bytes[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_loss loss;
	struct tally t = { 0 };
	struct fault why = { 0 };
	struct source *s;
	char path[64];
	int fd, r = SOURCE_FAULT;

	fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd == -1)
		return 0;
	if (write(fd, data, size) == (ssize_t)size) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		s = source_open_file(path, NULL, &why);
		if (s != NULL)
			while ((r = source_dispatch(s, 3, look, &t, &why)) >= 0)
				;
		if (s != NULL) {	/* sums of made-up numbers stay sums */
			source_get_loss(s, &loss);
			if (loss.iface_drops > UINT64_MAX / 4 ||
			    loss.kernel_drops > UINT64_MAX / 4)
				__builtin_trap();
		}
		source_destroy(s);
		/* A refusal always has its sentence. */
		if (r == SOURCE_FAULT && why.what[0] == '\0')
			__builtin_trap();
	}
	(void)close(fd);
	return 0;
}
