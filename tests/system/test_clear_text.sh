#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What leaves in clear text is told by what it is: every way of carrying it and every
# container, whole segments and segments cut anywhere.
. "$(dirname "$0")/../tools/tap.sh"

told() { # SEED...: device, class, format, codec, seconds, proof of each device's uploads
	"$PYTHON" tests/tools/uploads.py "$T/up.pcap" "$@" &&
	"$EARSHOT" read --flows --format json "$T/up.pcap" >"$T/events" 2>"$T/err" &&
	jq -r 'select(.event_type == "flow") | .earshot as $e | $e.content as $c
		| select($c.class or $e.audio.codec_guess)
		| [.src_ip, $c.class // "-", $c.format // "-", $c.codec // $e.audio.codec_guess // "-",
		   (if $c.seconds then $c.seconds | round else "-" end), $c.proof // "-"]
		| map(tostring | gsub(" "; "_")) | join(" ")' "$T/events" | sort -u >"$T/told"
}
"$PYTHON" tests/tools/uploads.py --expected >"$T/expected"
for seed in "" 1 2; do
	# shellcheck disable=SC2086
	told $seed || { not_ok "test_clear_text_is_read" "$T/err"; finish; }
	while read -r dev name class format codec seconds proof; do
		got=$(grep "^$dev " "$T/told" | cut -d' ' -f2-)
		[ "$seconds" = "*" ] && seconds=$(cut -d' ' -f4 <<<"$got")
		equal "test_clear_text_${name}${seed:+_cut_$seed}" "$class $format $codec $seconds $proof" "${got:-- - - - -}"
	done <"$T/expected"
done
finish
