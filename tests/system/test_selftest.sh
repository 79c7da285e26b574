#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `earshot selftest`: says n of n where all is well, and which one is not where it is not. It
# needs no network and leaves none.
. "$(dirname "$0")/../tools/tap.sh"

four="live-microphone chunked-recorder audio-in-clear two-way-call "
"$EARSHOT" selftest >"$T/text" 2>"$T/err"; equal test_selftest_exits_0 0 $?
"$EARSHOT" selftest --format json >"$T/json" 2>>"$T/err"; equal test_selftest_exits_0_as_json 0 $?
equal test_selftest_says_nothing_else "" "$(cat "$T/err")"
equal test_selftest_reads_four_captures "$four" "$(jq -r '.tests[] | select(.by == "file") | .name' "$T/json" | tr '\n' ' ')"
check test_selftest_passes_them_all jq -e '.passed == .of and all(.tests[]; .passed)' "$T/json"
equal test_selftest_says_n_of_n "$(jq -r '"\(.passed) of \(.of)"' "$T/json")" "$(tail -n 1 "$T/text" | grep -o '^[0-9]* of [0-9]*')"
check test_selftest_says_what_was_expected_and_what_came grep -q "live-microphone *expected live-microphone, came live-microphone" "$T/text"
check test_selftest_takes_no_other_word bash -c '! "$1" selftest now 2>/dev/null; "$1" selftest now 2>/dev/null; [ $? = 2 ]' _ "$EARSHOT"
check test_selftest_captures_are_small bash -c '[ -z "$(find contrib/selftest -name "*.zst" -size +1000k)" ]'

# Installed somewhere: whole, and one capture short, and one swapped for another.
make -s B="$B" install DESTDIR="$T/root" PREFIX=/usr >"$T/install" 2>&1
installed=$T/root/usr/bin/earshot share=$T/root/usr/share/earshot/selftest
mkdir "$T/empty"
check test_selftest_is_installed bash -c 'cd "$1" && "$2" selftest' _ "$T/empty" "$installed"
cp -r "$T/root" "$T/broken"; share=$T/broken/usr/share/earshot/selftest
mv "$share/two-way-call.pcap.zst" "$T/"; cp "$share/live-microphone.pcap.zst" "$share/two-way-call.pcap.zst"
"$T/broken/usr/bin/earshot" selftest >"$T/text2" 2>&1; equal test_selftest_of_an_alert_too_many_exits_1 1 $?
check test_selftest_names_an_alert_too_many grep -q "^FAIL  by file  two-way-call *expected nothing, came live-microphone" "$T/text2"
mv "$T/two-way-call.pcap.zst" "$share/"; rm "$share/chunked-recorder.pcap.zst"
"$T/broken/usr/bin/earshot" selftest >"$T/text2" 2>&1; equal test_selftest_of_a_missing_capture_exits_1 1 $?
check test_selftest_names_a_missing_capture grep -q "^FAIL  by file  chunked-recorder" "$T/text2"
check test_selftest_goes_on_with_the_others grep -q "^ok    by file  two-way-call" "$T/text2"
sed -i 's/^rule live-microphone/rule other-microphone/' "$T/broken/usr/share/earshot/rules/std/10-live.rules"
"$T/broken/usr/bin/earshot" selftest >"$T/text2" 2>&1
check test_selftest_names_an_alert_that_did_not_come grep -q "^FAIL  by file  live-microphone *expected live-microphone, came " "$T/text2"

if [ "$(id -u)" != 0 ]; then skip test_selftest_over_a_tap "needs root"; finish; fi
if ! unshare -n true 2>/dev/null; then skip test_selftest_over_a_tap "no network namespaces here"; finish; fi
equal test_selftest_plays_them_over_a_tap "$four" "$(jq -r '.tests[] | select(.by == "tap") | .name' "$T/json" | tr '\n' ' ')"
check test_selftest_over_a_tap_loses_nothing jq -e 'all(.tests[]; .frames > 100 and .frames_came == .frames)' "$T/json"
check test_selftest_needs_no_network unshare -n "$EARSHOT" selftest
before=$(cut -d: -f1 /proc/net/dev); "$EARSHOT" selftest >/dev/null
equal test_selftest_leaves_no_interface "$before" "$(cut -d: -f1 /proc/net/dev)"
finish
