#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A service does not read rules, lists or inventories that somebody else may write.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip "test_guarded" "needs root"; finish; fi

cat >"$T/site.rules" <<'EOF'
list office = file "office.txt"
rule r { id 1 severity low kind tunnel when not dest in office test "t" { pcap "x" expect 0 alerts } }
EOF
echo 'domain a.example' >"$T/office.txt"
chmod 755 "$T"; chmod 644 "$T/site.rules" "$T/office.txt"
# said MANAGER: what the sensor says of its rules at start; it ends after a second, or at once
said() { NOTIFY_SOCKET=$1 timeout -s INT 2 "$EARSHOT" run -i lo --state "$T/state" -S "$T/site.rules" >"$T/out" 2>&1; cat "$T/out"; }
manager=@earshot-nobody-$$

said $manager >/dev/null
check "test_guarded_our_own_files_are_read" sh -c "! grep -q 'will not read' '$T/out'"
chmod 666 "$T/site.rules"; said $manager >/dev/null
check "test_guarded_rules_that_all_may_write_are_refused" grep -q "will not read .*site.rules': others than its owner may write it" "$T/out"
said "" >/dev/null
check "test_guarded_at_a_desk_they_are_read" sh -c "! grep -q 'will not read' '$T/out'"
chmod 644 "$T/site.rules"; chown 54321 "$T/site.rules"; said $manager >/dev/null
check "test_guarded_a_strangers_rules_are_refused" grep -q "will not read .*site.rules': it belongs to neither root nor" "$T/out"
chown 0 "$T/site.rules"; chmod 622 "$T/office.txt"; said $manager >/dev/null
check "test_guarded_lists_as_well" grep -q "will not read .*office.txt'" "$T/out"

# Who may write the folder may put another file into a file's place.
chmod 644 "$T/office.txt"; chmod 777 "$T"; said $manager >/dev/null
check "test_guarded_the_folder_of_a_file_as_well" grep -q "will not read '$T': others than its owner may write it" "$T/out"
chmod 1777 "$T"; said $manager >/dev/null
check "test_guarded_not_where_everybody_keeps_his_own" sh -c "! grep -q 'will not read' '$T/out'"
chmod 755 "$T"; mkdir "$T/lists"; mv "$T/office.txt" "$T/lists/"; sed -i 's,office.txt,lists/office.txt,' "$T/site.rules"
chmod 777 "$T/lists"; said $manager >/dev/null
check "test_guarded_the_folder_of_a_list_as_well" grep -q "will not read '$T/lists'" "$T/out"
chmod 755 "$T/lists"; said $manager >/dev/null
check "test_guarded_a_folder_of_ours_is_read" sh -c "! grep -q 'will not read' '$T/out'"
mkdir "$T/rules.d"; mv "$T/site.rules" "$T/rules.d/x.rules"; mv "$T/rules.d" "$T/site.rules"; mv "$T/lists" "$T/site.rules/"
said $manager >/dev/null
check "test_guarded_a_folder_of_rules_is_read" sh -c "! grep -q 'will not read' '$T/out'"
chmod 1777 "$T/site.rules"; said $manager >/dev/null
check "test_guarded_not_when_others_may_add_to_it" grep -q "will not read '$T/site.rules'" "$T/out"
finish
