/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a request for the metrics, and as the place to serve them: one of few
 * answers, the same however the bytes come in pieces; a place is refused with a sentence. */
#include "capture/base/fault.h"
#include "rules/event/metrics_server.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
status_of(const uint8_t *data, size_t n)
{
	/* A block of its own for each length: a byte too far is seen. */
	char *copy = malloc(n == 0 ? 1 : n);
	int status;

	memcpy(copy, data, n);
	status = metrics_request(copy, n);
	free(copy);
	if (status != 0 && status != 200 && status != 400 && status != 404 &&
	    status != 405 && status != 431)
		abort();
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *where = malloc(size + 1);
	struct fault why = { "", "" };
	int before = 0;

	for (size_t n = size < 256 ? 0 : size - 1; n <= size; n++) {
		int status = status_of(data, n);

		/* Once it is answered, what follows changes nothing. */
		if (before != 0 && before != 431 && status != before)
			abort();
		before = status;
	}
	if (before == 0 && size > METRICS_REQUEST)
		abort();
	memcpy(where, data, size);
	where[size] = '\0';
	if (metrics_where_check(where, &why) == -1 && why.what[0] == '\0')
		abort();
	free(where);
	return 0;
}
