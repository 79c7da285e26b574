#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From packets to explained alerts and a Redis, on the shipped capture of a mixed office.
set -u
cd "$(dirname "$0")/.." || exit 1
b=${1:-build} earshot=${1:-build}/earshot captures=tests/captures
t=$(mktemp -d "${TMPDIR:-/tmp}/earshot-demo-XXXXXX") || exit 1
trap 'kill "$redis" 2>/dev/null; wait "$redis" 2>/dev/null; rm -rf "$t"' EXIT
redis=
say() { printf '\n== %s\n' "$*"; }

# A Redis of the demo's own: redis-check-rdb is the server's program under another name.
ln -s "$(command -v redis-check-rdb)" "$t/redis-server"
"$t/redis-server" --port 0 --unixsocket "$t/redis.sock" --dir "$t" --save '' --loglevel warning >"$t/redis.log" 2>&1 &
redis=$!
for _ in $(seq 100); do redis-cli -s "$t/redis.sock" ping >/dev/null 2>&1 && break; sleep 0.05; done
"$earshot" redis init "redis:unix:$t/redis.sock" >/dev/null || exit 1

say "five minutes of a mixed office: 17 hosts, calls, browsing, backup, printing, telemetry - and five recordings that leave"
start=$(date +%s.%N)
"$earshot" read --format text --output - --output "redis:unix:$t/redis.sock" \
	--inventory "csv:$captures/inventory/assets.csv" --known "$captures/allowed_destinations.txt" \
	"$captures/m01-mixed-office.pcap.zst" || exit 1
printf 'read in %.1f s\n' "$(echo "$(date +%s.%N) $start" | awk '{print $1 - $2}')"

say "the same events in the Redis: one stream for each lane and partition"
"$earshot" redis show "redis:unix:$t/redis.sock" | cut -c1-160 || exit 1

say "what next"
cat <<EOF
  $b/earshot read YOUR.pcap                         your own capture
  sudo $b/earshot run -i eth0 --known FILE          listen on an interface
  $b/earshot rules check                            what the rules in rules/std say
  $b/earshot schema                                 the JSON schema of an event
EOF
