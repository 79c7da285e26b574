#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is seen to be something else is called that and is no bulk upload; what only starts
# like it, is called like it, or goes beside it, hides nothing.
. "$(dirname "$0")/../tools/tap.sh"

"$PYTHON" - "$T/seen.pcap" <<'PY'
import base64, random, struct, sys
sys.path.insert(0, "tests/tools")
from clear import Cap, put
dice = random.Random(7)
noise = dice.randbytes(3000000)
def jpeg(side, n):
    return b"\xff\xd8\xff\xe0\0\4..\xff\xc0\0\x11\x08" + struct.pack("!HH", side, side) + b"\3" + noise[:n]
amr = b"#!AMR-WB\n" + (b"\x44" + bytes(60)) * 500
log = b"".join(b"2026-11-22 10:%02d:%02d host app[%d]: job %d done, status=ok\n" %
               (i // 60 % 60, i % 60, dice.randrange(9999), i) for i in range(30000))
row = {
    1: [put(jpeg(3000, 90000)) for _ in range(25)],
    2: [put(jpeg(64, 2900000))],
    3: [put(jpeg(3000, 90000)), put(noise[:2000000]), put(jpeg(3000, 90000))],
    4: [put(amr).replace(b"Content-Length: %d" % len(amr), b"Content-Length: %d" % (9 + 61 * 50 * 60 * 42))],
    5: [put(b"%PDF-1.7\n" + noise[:2000000])],
    6: [put(noise[:2000000], path="/a.jpg", kind="image/jpeg")],
    7: [put(b"7z\xbc\xaf\x27\x1c\0\4" + noise[:2000000])],
    8: [put(log, kind="text/plain")],
    9: [put(b'{"m":"' + b"a b, " * 1200 + b'","f":"' + base64.b64encode(noise[:1800000]) + b'"}', kind="application/json")],
    10: [put(jpeg(3000, 90000)), put(amr), put(jpeg(3000, 90000))],
    11: [jpeg(3000, 2000000)],
    12: [put(amr[:20000]).replace(b"Content-Length: 20000", b"Content-Length: 30509")],
}
cap = Cap(sys.argv[1])
for n, script in row.items():
    cap.tcp(80, script, client=f"10.20.0.{n}")
cap.close()
PY
echo "domain listed.example" >"$T/known"	# with none, one address rings once a day for all devices
"$EARSHOT" read --known "$T/known" --flows --format json "$T/seen.pcap" >"$T/events" 2>"$T/err" || not_ok "test_seen_is_read" "$T/err"
rules() { jq -r --arg a "10.20.0.$1" 'select(.event_type == "alert" and .src_ip == $a and .earshot.update == false)
	| .alert.signature' "$T/events" | sort -u | paste -sd' ' -; }
says() { jq -r --arg a "10.20.0.$1" --arg r "$2" 'select(.alert.signature? == $r and .src_ip == $a) | .earshot.explain' "$T/events"; }
equal test_seen_photos_are_no_bulk_upload "" "$(rules 1)"
equal test_seen_photos_are_called_that "image jpeg" \
	"$(jq -r 'select(.event_type == "flow" and .src_ip == "10.20.0.1") | .earshot.content | "\(.class) \(.format)"' "$T/events")"
equal test_seen_a_small_picture_hides_no_megabytes "bulk-upload" "$(rules 2)"
check test_seen_and_says_so grep -q "content: image (jpeg), and 1.[0-9] MB of which nothing is known" <(says 2 bulk-upload)
equal test_seen_what_follows_a_picture_counts "bulk-upload" "$(rules 3)"
equal test_seen_a_recording_is_told_in_words "audio-file-in-clear" "$(rules 4)"
check test_seen_42_min_of_amr_wb grep -q "sends 42 min of AMR-WB in clear text" <(says 4 audio-file-in-clear)
equal test_seen_a_document_is_no_bulk_upload "" "$(rules 5)"
equal test_seen_a_name_and_a_type_are_no_picture "bulk-upload" "$(rules 6)"
check test_seen_only_called_that grep -q "content: image, or only called that" <(says 6 bulk-upload)
equal test_seen_an_archive_is_not_looked_into "bulk-upload" "$(rules 7)"
check test_seen_and_that_is_said grep -q "content: archive (7z), and what is in it is not seen" <(says 7 bulk-upload)
equal test_seen_text_is_text "" "$(rules 8)"
equal test_seen_base64_is_no_text "bulk-shared bulk-upload" "$(rules 9)"
equal test_seen_sound_between_pictures "audio-file-in-clear" "$(rules 10)"
equal test_seen_a_picture_without_a_carrier "unknown-destination" "$(rules 11)"
check test_seen_part_of_a_recording grep -q "10 s of AMR-WB, of which 6[0-9] % was sent" <(says 12 audio-file-in-clear)
finish
