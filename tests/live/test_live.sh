#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The wire gives what the file gives: captures are replayed at their own pace over a veth pair
# between two namespaces of the test's own; the set of (rule, source, destination, kind) must be
# the same, and the kernel must not have dropped anything. Needs root. All replays run at once.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_live "needs root"; finish; fi
for tool in tcpreplay ip; do command -v $tool >/dev/null || { skip test_live "needs $tool"; finish; }; done

names="p17-mqtt-audio p06-rtp-opus-ffmpeg p12-ssh-pipe p20-unknown-device p22-dns-tunnel p24-unknown-destination n01-sip-call n12-iot-udp-20ms"
tag=es$$
cleanup() {
	for i in 1 2 3 4 5 6 7 8 9; do ip netns del $tag-in$i; ip netns del $tag-out$i; done 2>/dev/null
	tap_end
}
trap cleanup EXIT
# Frames that the snap length cut are filled up, or they could not be sent.
tests/tools/rewrite whole "$CAPTURES" "$T/whole" $names >/dev/null

one() { # number, capture
	local i=$1 c=$2 file=$T/whole/$2.pcap pid
	ip netns add $tag-in$i; ip netns add $tag-out$i
	for ns in $tag-in$i $tag-out$i; do
		nsenter --net="/run/netns/$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
	ip link add v0 netns $tag-in$i type veth peer name v1 netns $tag-out$i
	nsenter --net="/run/netns/$tag-in$i" ip link set v0 up; nsenter --net="/run/netns/$tag-out$i" ip link set v1 up
	"$EARSHOT" read --format json "${site[@]}" "$file" 2>"$T/$c.file.err" | verdicts >"$T/$c.file"
	nsenter --net="/run/netns/$tag-in$i" "$EARSHOT" run -v -i v0 --format json "${site[@]}" >"$T/$c.json" 2>"$T/$c.err" &
	pid=$!
	for _ in $(seq 200); do grep -q "listening on 'v0'" "$T/$c.err" && break; sleep 0.05; done
	nsenter --net="/run/netns/$tag-out$i" tcpreplay -q -i v1 "$file" >"$T/$c.replay" 2>&1
	kill -TERM $pid; wait $pid; echo $? >"$T/$c.rc"
	verdicts <"$T/$c.json" >"$T/$c.wire"
}
i=0
for c in $names; do i=$((i + 1)); one $i "$c" & done
wait
for c in $names; do
	if cmp -s "$T/$c.file" "$T/$c.wire"; then ok "test_live_equals_file_$c"; else
		{ diff "$T/$c.file" "$T/$c.wire"; cat "$T/$c.err" "$T/$c.replay"; } >"$T/why"; not_ok "test_live_equals_file_$c" "$T/why"; fi
	drops=$(jq -s '[.[] | select(.event_type=="stats")] | last | .stats.kernel_drops' "$T/$c.json")
	equal "test_live_kernel_dropped_nothing_$c" 0 "$drops"
	equal "test_live_ends_well_$c" 0 "$(cat "$T/$c.rc")"
	sent=$(capinfos -TrMc "$T/whole/$c.pcap" | cut -f2)
	seen=$(jq -s '[.[] | select(.event_type=="stats")] | last | .stats.packets' "$T/$c.json")
	equal "test_live_every_packet_is_seen_$c" "$sent" "$seen"
done
check "test_live_something_was_found" [ -s "$T/p06-rtp-opus-ffmpeg.wire" ]
finish
