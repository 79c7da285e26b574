#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Which flow carried this? What the labels say was recorded is asked for, by its size, length and
# codec; the first answer is the flow that the labels name, out of several captures' flows, whether
# these lie in event files or in stores. Then hostile files, and mistakes.
. "$(dirname "$0")/../tools/tap.sh"

for c in p01-https-put-m4a p13-scp-archive p05-chunk-20s-https p06-rtp-opus-ffmpeg n08-photos n21-doc-save p16-smtp-attach p23-quic-h3-put; do
	"$EARSHOT" read "$CAPTURES/$c.pcap.zst" --flows --format json --state "$T/$c" "${site[@]}" >>"$T/all.json" 2>/dev/null
	stores+=("$T/$c")
done
label() { awk -F'\t' -v c="$1" -v n="$2" '$1 == c && $7 == "alert" {print $n; exit}' "$CAPTURES/labels.tsv"; }
# The first candidate: kind, who, to whom, and by which codec if any.
first() { "$EARSHOT" trace --format json "$@" 2>"$T/err" | jq -r '.candidates[0] |
	"\(.kind) \(.device.ip) \(.dest.ip) \(.fit.codec // "-")"'; }

for from in events stores; do
	if [ $from = events ]; then where=("$T/all.json"); else where=("${stores[@]}"); fi
	equal "test_trace_by_size_in_$from" "whole $(label p01-https-put-m4a 3) $(label p01-https-put-m4a 5) -" \
		"$(first --size "$(label p01-https-put-m4a 10)" "${where[@]}")"
	equal "test_trace_of_an_archive_in_ssh_in_$from" "whole $(label p13-scp-archive 3) $(label p13-scp-archive 5) -" \
		"$(first --size "$(label p13-scp-archive 10)" "${where[@]}")"
	# 476,549 bytes of Opus at 24 kbit/s are 2 min 35 s.
	equal "test_trace_in_chunks_in_$from" "chunks $(label p05-chunk-20s-https 3) $(label p05-chunk-20s-https 5) -" \
		"$(first --length 2m35s --size "$(label p05-chunk-20s-https 10)" "${where[@]}")"
	equal "test_trace_live_in_$from" "live $(label p06-rtp-opus-ffmpeg 3) $(label p06-rtp-opus-ffmpeg 5) opus" \
		"$(first --length 120s --codec opus "${where[@]}")"
	equal "test_trace_of_a_mail_in_$from" "whole $(label p16-smtp-attach 3) $(label p16-smtp-attach 5) -" \
		"$(first --size "$(label p16-smtp-attach 10)" "${where[@]}")"
	equal "test_trace_in_quic_in_$from" "whole $(label p23-quic-h3-put 3) $(label p23-quic-h3-put 5) -" \
		"$(first --size "$(label p23-quic-h3-put 10)" "${where[@]}")"
done

"$EARSHOT" trace --size 19268313 --format text "$T/all.json" >"$T/text" 2>"$T/err"
equal test_trace_found_is_0 0 $?
check test_trace_shows_its_arithmetic grep -q "sent 19.29 MB = the recording's 19.27 MB +0.1[0-9] %" "$T/text"
id=$(jq -r 'select(.event_type == "flow" and .dest_ip == "203.0.113.10") | .earshot.event_id' "$T/all.json")
check test_trace_names_the_event grep -qF "event $id" "$T/text"
"$EARSHOT" trace --size 76543210 --format text "$T/all.json" >"$T/text" 2>"$T/err"
equal test_trace_of_what_did_not_leave_is_1 1 $?
cp "$T/text" "$T/none"
check test_trace_says_what_it_read grep -q '^read: [0-9]* flows' "$T/text"
check test_trace_of_what_did_not_leave_says_so grep -q '^nothing that was read could have carried it' "$T/none"
"$EARSHOT" trace --length 60s --format text "$T/all.json" >"$T/text" 2>"$T/err"
check test_trace_of_a_length_alone_says_what_is_missing grep -q '^[0-9]* fit, and none of them better than chance' "$T/text"
"$EARSHOT" trace --size 19268313 --from 2030-01-01 --format text "$T/all.json" >"$T/text" 2>"$T/err"
equal test_trace_of_another_time_is_1 1 $?
"$EARSHOT" trace --size 19268313 --from 2020-01-01 --format text "$T/all.json" | grep -q 'nothing from then is kept'
equal test_trace_says_what_is_not_kept 0 $?
equal test_trace_of_another_device_is_nothing "null null null -" "$(first --size 19268313 --device 10.20.0.99 "$T/all.json")"

# Packed, and from standard input; a recording whose container says how long it is.
gzip -k "$T/all.json"; zstd -q "$T/all.json"
for packed in gz zst; do
	equal "test_trace_of_$packed" "whole 10.20.0.21 203.0.113.10 -" "$(first --size 19268313 "$T/all.json.$packed")"
done
equal test_trace_of_standard_input "whole 10.20.0.21 203.0.113.10 -" "$(first --size 19268313 - <"$T/all.json")"
"$PYTHON" - "$T/leak.amr" <<'PY'
import sys
# AMR at 12.2 kbit/s: as long as what p01's upload would hold.
with open(sys.argv[1], "wb") as f:
    f.write(b"#!AMR\n" + (b"\x3c" + b"\0" * 31) * (19268313 // 32))
PY
equal test_trace_reads_the_recording "amr 12042 whole" "$("$EARSHOT" trace --format json "$T/leak.amr" "$T/all.json" |
	jq -r '"\(.recording.codec // .recording.format) \(.recording.seconds | floor) \(.candidates[0].kind)"')"

# Hostile: lines that are none, cut, too long, numbers out of range; then what is right is found still.
{
	echo '{"event_type":"flow"'; echo nonsense; head -c 200000 /dev/zero | tr '\0' 'x'; echo
	printf '{"event_type":"flow","flow_id":99999999999999999999999,"earshot":{"window":{"bytes_up":18446744073709551615}}}\n'
	printf '{"event_type":"flow","flow":{"start":"9999-99-99T99:99:99Z"},"earshot":{"window":{"bytes_up":"x"}}}\n'
	printf '\0\0\0\n[[[[\n{"timestamp":1}\n'
	cat "$T/all.json"
	head -c 700 "$T/all.json"
} >"$T/hostile.json"
equal test_trace_steps_over_nonsense "whole 10.20.0.21 203.0.113.10 -" "$(first --size 19268313 "$T/hostile.json")"
cp -r "$T/p01-https-put-m4a/store" "$T/bad"
seg=$(echo "$T"/bad/*.seg)
"$PYTHON" - "$seg" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
for at in range(len(b) // 2, len(b) // 2 + 40):
    b[at] ^= 0x55
open(sys.argv[1], "wb").write(b)
PY
"$EARSHOT" trace --size 19268313 --format text "$T/bad" >"$T/text" 2>&1
check test_trace_of_a_damaged_store_goes_on [ $? -le 1 ]
: >"$T/bad/ffffffffffffffff.seg"; ln -s /etc/passwd "$T/bad/00000000000000ff.seg"
"$EARSHOT" trace --size 19268313 --format text "$T/bad" >"$T/text" 2>&1
check test_trace_follows_no_link [ $? -le 1 ]

# Mistakes.
mistake() { # name, exit, words..., then what it says
	local name=$1 rc=$2; shift 2
	"$EARSHOT" trace "${@:1:$#-1}" >"$T/out" 2>"$T/err" </dev/null
	if [ $? = "$rc" ] && grep -qF -- "${*: -1}" "$T/err"; then ok "$name"; else not_ok "$name" "$T/err"; fi
}
mistake test_trace_of_nothing 2 "nothing is said of the recording"
mistake test_trace_of_no_length 2 --length yesterday "'yesterday' is no length"
mistake test_trace_of_no_size 2 --size -5 "'-5' is no size"
mistake test_trace_of_no_codec 2 --codec amr-wp "did you mean 'amr-wb'"
mistake test_trace_of_no_time 2 --length 5m --from noon "'noon' is no time"
mistake test_trace_of_no_option 2 --lenght 5m "'--lenght' is no option"
mistake test_trace_of_no_store 2 --length 5m --state "$T/nowhere" "no store lies in"
mistake test_trace_of_no_file 1 --length 5m "$T/nowhere" "cannot open"
printf 'OggS not sound' >"$T/x.ogg"
mistake test_trace_of_a_file_that_says_nothing 2 "$T/x.ogg" "nothing is said"
finish
