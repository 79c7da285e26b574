#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Delivery to a Redis Cluster of the test's own that loses nodes and moves slots: see cluster.py.
. "$(dirname "$0")/../tools/tap.sh"
command -v redis-check-rdb >/dev/null || { skip test_cluster "needs redis-tools"; finish; }
"$PYTHON" tests/redis/cluster.py "$B/tests/redis/feeder" "$EARSHOT" >"$T/cluster" 2>"$T/cluster.err"; rc=$?
{ sed -n '/^not ok/,/^\(ok\|not ok\)/s/^# //p' "$T/cluster"; cat "$T/cluster.err"; } >"$T/faults"
while read -r line; do
	case $line in
	"ok "*) ok "${line#ok * - }" ;;
	"not ok "*) not_ok "${line#not ok * - }" "$T/faults" ;;
	esac
done <"$T/cluster"
equal test_cluster_exits_0 0 $rc
finish
