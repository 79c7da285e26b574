#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The short form of `make chaos`: every fault once, for seconds, at 2,000 events/s, a few at a
# time. See chaos.py. The killing of Redis runs under the sanitizers when they are built.
. "$(dirname "$0")/../tools/tap.sh"
command -v redis-check-rdb >/dev/null || { skip test_chaos "needs redis-tools"; finish; }
"$PYTHON" tests/chaos/chaos.py "$B" --rate "${CHAOS_RATE:-2000}" --jobs "${CHAOS_JOBS:-4}"
