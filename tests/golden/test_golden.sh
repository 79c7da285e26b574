#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is told of captures, line by line: captures.tsv says which and with what options,
# NAME.expected what came out. UPDATE=1 rewrites the expected files; review the difference.
#
# A line: seconds from the capture's start, alert, suspect or update, rule, severity, kind,
# device's address, name or address of the destination, and what was suppressed meanwhile.
. "$(dirname "$0")/../tools/tap.sh"

folder=$(dirname "$0")
lines='select(.event_type == "alert" or .anomaly.type? == "suspect")
	| [(((.timestamp[0:19] + "Z" | fromdate) - $sec + ("0" + .timestamp[19:26] | tonumber)
		- $usec / 1000000) * 10 | round / 10 | tostring | if test("[.]") then . else . + ".0" end),
	(if .earshot.update then "update" elif .event_type == "alert" then "alert" else "suspect" end),
	.earshot.rule.name, .earshot.severity, .earshot.kind, .src_ip,
	(.earshot.dest.name // .dest_ip), .earshot.suppressed_count] | @tsv'

while IFS=$'\t' read -r name capture options shows; do
	[[ $name == '#'* ]] && continue
	file=$CAPTURES/$capture.pcap.zst expected=$folder/$name.expected args=()
	for word in $options; do
		case $word in
		site) args+=("${site[@]}") ;;
		-) ;;
		*) args+=("$word") ;;
		esac
	done
	# A classic pcap, little-endian, microseconds: the first packet's time is at byte 24.
	read -r sec usec < <(zstd -qdc "$file" 2>/dev/null | od -An -tu4 -j24 -N8)
	{
		echo "# $shows"
		"$EARSHOT" read --format json "${args[@]}" "$file" 2>"$T/err" |
			jq -r --argjson sec "$sec" --argjson usec "$usec" "$lines"
		rc=${PIPESTATUS[0]}
	} >"$T/got"
	if [ "$rc" -ne 0 ]; then
		not_ok "test_golden_$name" "$T/err"
		continue
	fi
	[ "${UPDATE:-0}" = 1 ] && cp "$T/got" "$expected"
	check "test_golden_$name" diff -u "$expected" "$T/got"
done <"$folder/captures.tsv"

# An expected file that no line of the table writes is one that nobody reads.
cut -f1 "$folder/captures.tsv" | grep -v '^#' | sort >"$T/rows"
for f in "$folder"/*.expected; do basename "$f" .expected; done | sort >"$T/files"
check "test_golden_files_are_those_of_the_table" diff "$T/rows" "$T/files"
finish
