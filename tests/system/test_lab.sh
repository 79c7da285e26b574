#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The captures of the lab's own: labels and packets agree, the snap rule holds, they stay small; and
# what is heard in them does not fall behind the two blind results together (tests/score/RESULTS.md).
. "$(dirname "$0")/../tools/tap.sh"
LAB=tests/captures/lab

check test_lab_labels_and_packets_agree $PYTHON tests/lab/labels.py $LAB
# A row that tells one packet too many is found.
mkdir "$T/one" && cp $LAB/opus-60ms.pcap.zst "$T/one"
awk -F'\t' -v OFS='\t' 'NR == 1 { print } $1 == "opus-60ms" { if ($6 == 5004) $13++; print }' \
	$LAB/labels.tsv >"$T/one/labels.tsv"
check test_lab_a_wrong_label_is_found bash -c "! $PYTHON tests/lab/labels.py '$T/one'"
check test_lab_captures_are_small bash -c "[ \"\$(du -cb $LAB/*.zst | tail -n 1 | cut -f1)\" -lt 24000000 ]"
check test_lab_every_scene_is_declared_well bash -c "$PYTHON tests/lab/lab.py /nowhere --list >'$T/scenes'"
ls $LAB/*.zst | sed 's|.*/||;s|\.pcap\.zst$||' | sort >"$T/kept"
equal test_lab_every_capture_has_its_scene "" "$(comm -23 "$T/kept" <(cut -d' ' -f1 "$T/scenes" | sort))"
tests/score/score.py "$EARSHOT" $LAB --work "$T" >"$T/score" 2>&1 || not_ok test_lab_score_runs "$T/score"
read -r h n f <<<"$(sed -n 's|^score: recall \([0-9]*\)/\([0-9]*\), false alarms \([0-9]*\)/.*|\1 \2 \3|p' "$T/score")"
if [ "${n:-0}" -gt 0 ] && [ $((h * 5)) -ge $((n * 4)) ]; then ok test_lab_recall_is_80_percent; else not_ok test_lab_recall_is_80_percent "$T/score"; fi
if [ "${f:-13}" -le 12 ]; then ok test_lab_accuses_at_most_twelve; else not_ok test_lab_accuses_at_most_twelve "$T/score"; fi
finish
