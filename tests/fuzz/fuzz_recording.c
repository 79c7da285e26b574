/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recording: a whole file of any bytes has a length that is one, or none. */
#include "classify/content/recording.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(c) do { if (!(c)) __builtin_trap(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording r;

	recording_of(span_of(data, size), &r);
	MUST(r.ns >= 0 && r.ns / 1000000000 <= 366 * 86400);
	MUST(isfinite(r.rate) && r.rate >= 0 && (r.rate > 0) == (r.ns > 0));
	MUST(r.format != FORMAT_UNKNOWN || r.ns == 0);
	return 0;
}
