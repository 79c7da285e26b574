# SPDX-License-Identifier: GPL-3.0-or-later
# tap: what the shell tests share. Source it; call ok/not_ok/check/skip, then finish.
# shellcheck shell=bash
set -u
export LC_ALL=C.UTF-8
B=${B:-build}
EARSHOT=${EARSHOT:-$B/earshot}
CAPTURES=${CAPTURES:-tests/captures}
PYTHON=/usr/bin/python3
tap_n=0 tap_bad=0
T=$(mktemp -d) && trap 'tap_end' EXIT
tap_end() { rm -rf "$T"; }
# What a sensor keeps lies where the test ends; one that wants its own says --state.
export STATE_DIRECTORY=$T/state

ok() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1"; }
not_ok() { # name, file with details
	tap_n=$((tap_n + 1)); tap_bad=1; echo "not ok $tap_n - $1"
	if [ -n "${2:-}" ] && [ -f "$2" ]; then sed 's/^/# /' "$2" | tail -n 25; elif [ -n "${2:-}" ]; then echo "# $2"; fi
}
skip() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1 # SKIP $2"; }
check() { # name, command...: true is ok; output is shown when not
	local name=$1; shift
	if "$@" >"$T/check.out" 2>&1; then ok "$name"; else not_ok "$name" "$T/check.out"; fi
}
equal() { # name, wanted, got
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi
}
finish() { echo "1..$tap_n"; exit $tap_bad; }
# The lab's own list and inventory, as a site would give them.
site=(--inventory "csv:$CAPTURES/inventory/assets.csv" --known "$CAPTURES/allowed_destinations.txt")
# Events (JSON lines on stdin) to "rule device dest kind", one line each, sorted.
verdicts() { jq -r 'select(.event_type=="alert" or (.event_type=="anomaly" and .anomaly.type=="suspect"))
	| select(.earshot.update != true)
	| [(.alert.signature // .anomaly.event), .src_ip, .dest_ip, .earshot.kind] | @tsv' | sort -u; }
