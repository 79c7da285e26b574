#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A call and its recording: an upload that is as long as the call before it, by the same device
# or from the same room, is raised and says why; what does not fit, or came down, is not.
. "$(dirname "$0")/../tools/tap.sh"

# call.py's words; then "SEVERITY the note" of bulk verdicts, suspects included
call() { "$PYTHON" tests/tools/call.py "$@" >"$T/call.pcap"; }
said() { "$EARSHOT" read --format json "$@" "$T/call.pcap" 2>"$T/err" | jq -r \
	'select(.earshot.kind == "bulk-upload") | .earshot.severity + " " +
	 ([.earshot.notes[]? | select(startswith("fits"))] + [.earshot.explain | select(test("fits")) |
	  sub(".*fits"; "fits")] | first // "no fit")' | sed 's/:.*//'; }
printf 'domain files.example\n' >"$T/known"

call --call 65 --rate 128
equal test_a_recording_of_a_call_is_raised "critical fits 64.9 s at 128 kbit/s" "$(said --known "$T/known")"
equal test_without_a_list_it_is_raised_and_lowered "high fits 64.9 s at 128 kbit/s" "$(said)"
# Real programs: a telephone, ffmpeg and curl.
cp "$CAPTURES/lab/call-then-upload.pcap.zst" "$T/call.pcap"
equal test_a_real_telephone_call_and_its_recording \
	"high no fit
critical fits 2 min 29 s at 64 kbit/s" "$(said --known "$T/known")"
call --call 125.3 --rate 256 --after 600
equal test_a_long_upload_is_told_first_and_raised_when_it_ends \
	"high no fit
critical fits 2 min 5 s at 256 kbit/s" "$(said --known "$T/known")"
call --call 65 --rate 128 --longer 5
equal test_one_that_does_not_fit_is_not "high no fit" "$(said --known "$T/known")"
call --call 65 --rate 24.4
equal test_a_small_one_is_a_suspect "medium fits 64.9 s at 24.4 kbit/s" "$(said --known "$T/known")"
call --call 65 --rate 24.4 --longer -5
equal test_a_small_one_that_does_not_fit_is_nothing "" "$(said)"
call --call 65 --rate 128 --down
equal test_a_download_is_nothing "" "$(said)"
call --call 0 --length 65 --rate 128
equal test_an_upload_without_a_call_is_not_raised "high no fit" "$(said --known "$T/known")"
call --call 65 --rate 128 --after 2000
equal test_half_an_hour_later_it_is_not_raised "high no fit" "$(said --known "$T/known")"
echo 'hearing { call.within 1 h }' >"$T/later.rules"
equal test_the_time_is_a_setting "critical fits 64.9 s at 128 kbit/s" \
	"$(said --known "$T/known" -s "$T/later.rules")"
call --call 40 --rate 128 --longer 100
equal test_a_call_of_half_a_minute_is_not_remembered "high no fit" "$(said --known "$T/known")"

call --call 65 --rate 128 --from 10.20.0.77
equal test_another_device_is_not_raised "high no fit" "$(said --known "$T/known")"
printf 'ip,name,room\n10.20.0.31,phone,blue room\n10.20.0.77,recorder,blue room\n' >"$T/rooms.csv"
equal test_another_device_of_the_room_is_raised "critical fits 64.9 s at 128 kbit/s" \
	"$(said --known "$T/known" --inventory "csv:$T/rooms.csv")"
printf 'ip,name,site\n10.20.0.31,phone,north\n10.20.0.77,recorder,south\n' >"$T/rooms.csv"
equal test_another_device_of_another_site_is_not "high no fit" \
	"$(said --known "$T/known" --inventory "csv:$T/rooms.csv")"
finish
