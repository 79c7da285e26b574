#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual says what is so: every option is in earshot.1 in the words of the program, every
# kind in earshot-events.7, every example command of the manual pages, the README and
# contrib/docs runs, every shipped field and file they name is there.
#
# An example is a `.Dl` line of a manual page, or a line of a fenced block in a .md file, that
# holds earshot or redis-cli. It runs in a folder where office.pcap, assets.csv, known.txt and
# site.rules are what the pages say they are; eth0 becomes lo and stands alone, the Redis a private one.
. "$(dirname "$0")/../tools/tap.sh"
program=$(realpath "$EARSHOT") top=$PWD
page=contrib/man/earshot.1
pages="README.md contrib/man/* contrib/docs/*.md"

# ---- options ----
for command in read run "rules check" doctor trace explain backtest "rules diff" "rules learn" "rules fields" "rules export"; do
	# shellcheck disable=SC2086
	"$EARSHOT" $command -h
done | sed -nE 's/^  (-(.) |    )--([a-z-]+)( ([^ ]+))?  +(.*)$/\2\t\3\t\5\t\6/p' | sort -u >"$T/options"
check test_manual_knows_where_the_options_are [ "$(wc -l <"$T/options")" -ge 15 ]
bad=
while IFS= read -r row; do
	letter=$(cut -f1 <<<"$row") name=$(cut -f2 <<<"$row") arg=$(cut -f3 <<<"$row") help=$(cut -f4 <<<"$row")
	want=".It ${letter:+Fl $letter${arg:+ Ar $arg} , }Fl -$name${arg:+ Ar $arg}"
	words=$(grep -Fx -A6 -- "$want" $page | sed 1d | sed '/^\./,$d' | tr '\n' ' ')
	# The program begins its words small, and ends them with no full stop.
	case ${words,} in "${help,}"*) ;; *) bad=1; { echo "wanted: $want"; echo "        $help"; } >>"$T/why" ;; esac
done <"$T/options"
if [ -z "$bad" ]; then ok test_manual_has_every_option_in_the_words_of_the_program; else
	not_ok test_manual_has_every_option_in_the_words_of_the_program "$T/why"; fi
sed -n 's/^\.It.* Fl -\([a-z-]*\).*/\1/p' $page | sort -u >"$T/said"
cut -f2 "$T/options" | sort -u >"$T/there"
check test_manual_has_no_option_that_is_none diff "$T/said" "$T/there"

# ---- settings ----
"$EARSHOT" settings | sed -n 's/^#\([a-z][a-z-]*\) .*/\1/p' | grep -vx sensor >"$T/settings"
sed -n '/^\.\\" settings/,/^\.\\" end/s/^\.It Cm \([a-z-]*\).*/\1/p' contrib/man/earshot.conf.5 >"$T/settings.said"
check test_manual_has_every_setting bash -c '[ -s "$1" ] && diff "$1" "$2"' _ "$T/settings" "$T/settings.said"

# ---- checks ----
"$EARSHOT" doctor -h | sed -nE '/^It looks at/,$s/^  ([a-z-]+) +(.*)/\1 \2/p' | sort >"$T/checks"
sed -n '/^\.\\" checks/,/^\.\\" end/p' $page | awk '/^\.It Cm/ {name = $3; next} name != "" {print name, $0; name = ""}' | sort >"$T/checks.said"
check test_manual_has_every_check_in_the_words_of_the_program bash -c '[ -s "$1" ] && diff -i "$1" "$2"' _ "$T/checks" "$T/checks.said"

# ---- kinds ----
"$EARSHOT" schema | jq -r '[.. | objects | .enum? // empty | select(index("live-audio"))] | add | unique[]' >"$T/kinds"
sed -n '/^\.\\" kinds/,/^\.\\" end/s/^\.It Li //p' contrib/man/earshot-events.7 | sort -u >"$T/kinds.said"
check test_manual_has_every_kind diff "$T/kinds" "$T/kinds.said"

# ---- files and fields that are named ----
bad=
for f in README.md contrib/docs/*.md contrib/README.md tests/README.md tests/score/RESULTS.md ./*/README.md ./*/*/README.md; do
	for link in $(grep -o '](\([^)#]*\))' "$f" | sed 's/](\(.*\))/\1/' | grep -v '^http' | sort -u); do
		[ -e "$(dirname "$f")/$link" ] || { bad=1; echo "$f: $link" >>"$T/links"; }
	done
done
if [ -z "$bad" ]; then ok test_manual_links_lead_somewhere; else not_ok test_manual_links_lead_somewhere "$T/links"; fi
"$EARSHOT" schema fields | awk '{print $1}' >"$T/fields"
bad=
# shellcheck disable=SC2016
for f in $(grep -ohE '\b(earshot|alert|stats|anomaly)\.[a-z_.]+[a-z]' contrib/man/earshot-events.7 contrib/docs/*.md | grep -vxE 'earshot\.(conf|pid|service)' | sort -u); do
	grep -qE "^${f//./\\.}([.[]|$)" "$T/fields" || { bad=1; echo "$f" >>"$T/nofield"; }
done
if [ -z "$bad" ]; then ok test_manual_names_fields_that_exist; else not_ok test_manual_names_fields_that_exist "$T/nofield"; fi
"$EARSHOT" rules fields | awk '/^[a-z]/ {print $1}' >"$T/rulefields"
sed -n 's/^| T[0-9].*|\([^|]*\)|$/\1/p' contrib/docs/hearing.md | grep -oE '`[a-z._]+`' | tr -d '`' | sort -u >"$T/heard"
check test_manual_hearing_names_fields_that_exist bash -c '[ -s "$1" ] && ! grep -vxFf "$2" "$1"' _ "$T/heard" "$T/rulefields"

# ---- a desk with the files the pages speak of ----
mkdir "$T/desk" "$T/bin"
ln -s "$program" "$T/bin/earshot"
cp "$CAPTURES/m01-mixed-office.pcap.zst" "$T/desk/office.pcap.zst"
zstd -qd "$T/desk/office.pcap.zst"
mkdir "$T/desk/captures"
zstd -qdc "$CAPTURES/p02-http-clear-mp3.pcap.zst" | gzip -c >"$T/desk/captures/monday.pcap.gz"
zstd -qdc "$CAPTURES/n01-sip-call.pcap.zst" | gzip -c >"$T/desk/captures/tuesday.pcap.gz"
cp "$CAPTURES/inventory/assets.csv" "$T/desk/assets.csv"
cp "$CAPTURES/allowed_destinations.txt" "$T/desk/known.txt"
sed -n '/^\.\\" example: site.rules/,/^\.\\" end/p' contrib/man/earshot-rules.5 | grep -v '^\.' >"$T/desk/site.rules"
sed -n '/^\.\\" example: earshot.conf/,/^\.\\" end/p' contrib/man/earshot.conf.5 | grep -v '^\.' >"$T/desk/earshot.conf"
check test_manual_the_site_file_of_the_manual_has_no_fault "$EARSHOT" rules check -s "$T/desk/site.rules"
check test_manual_the_site_file_of_the_manual_prints bash -c '"$1" rules print -s "$2" >"$3"/p.rules && "$1" rules check "$3"/p.rules' _ "$EARSHOT" "$T/desk/site.rules" "$T/desk"
n=0
for f in contrib/docs/*.md; do
	awk -v out="$T/desk/fence" '/^```rules$/ {on = 1; n++; next} /^```/ {on = 0} on {print > (out n ".rules")}' "$f"
	for r in "$T"/desk/fence*.rules; do
		[ -f "$r" ] || continue
		n=$((n + 1)); check "test_manual_rules_in_$(basename "$f")_have_no_fault" "$EARSHOT" rules check -s "$r"; rm -f "$r"
	done
done
check test_manual_docs_show_rules [ $n -ge 1 ]

redis=
if command -v redis-check-rdb >/dev/null; then
	ln -s "$(command -v redis-check-rdb)" "$T/bin/redis-server"
	"$T/bin/redis-server" --port 0 --unixsocket "$T/redis.sock" --dir "$T" --save '' --loglevel warning >"$T/redis.log" 2>&1 &
	redis=$!
	trap 'kill $redis 2>/dev/null; tap_end' EXIT
	for _ in $(seq 100); do redis-cli -s "$T/redis.sock" ping >/dev/null 2>&1 && break; sleep 0.05; done
	"$EARSHOT" redis init "redis:unix:$T/redis.sock" >/dev/null 2>&1
fi

examples() { # file: one command a line
	case $1 in
	*.md) awk '/^```/ {on = !on; next} on && /^(sudo )?(build\/earshot|earshot|redis-cli|zstd) /' "$1" ;;
	*) sed -nE 's/^\.Dl ((earshot|redis-cli|zstd) .*)/\1/p' "$1" ;;
	esac
}
run_example() { # command
	local cmd=$1 want=0
	cmd=${cmd#sudo } cmd=${cmd//build\/earshot/earshot} cmd=${cmd//\/run\/redis\/redis.sock/$T/redis.sock}
	case $cmd in *--fail-on*) want=3 ;; esac
	case $cmd in "earshot doctor "*) cmd="${cmd/ eth0/ lo} --listen 1s" ;; esac
	# A sensor listens for a second as root, and otherwise says what it would do.
	case $cmd in
	"earshot run "*) cmd=${cmd/ eth0/ lo} cmd=${cmd/,eth1/}
		if [ "$(id -u)" = 0 ]; then cmd="timeout --preserve-status -s TERM 1 $cmd"; else cmd="$cmd -T"; fi ;;
	esac
	(cd "$T/desk" && PATH=$T/bin:$PATH HOME=$T STATE_DIRECTORY=$T TMPDIR=$T timeout 60 bash -c "set -o pipefail; $cmd") >"$T/example.out" 2>&1 </dev/null
	local rc=$?
	# What the doctor finds here is this machine's matter.
	case $cmd in "earshot flows"*) [ $rc = 1 ] && grep -q "no sensor answers" "$T/example.out" && return 0 ;; esac
	case $cmd in "earshot trace --length 43m10s --size 20.7MB") [ $rc = 2 ] && grep -q "no store lies in" "$T/example.out" && return 0 ;; esac
	case $cmd in "earshot doctor"*) [ $rc -le 1 ] && grep -q "[0-9] OK, " "$T/example.out" && return 0 ;; esac
	[ $rc -eq $want ] && return 0
	{ echo "exit $rc, wanted $want: $cmd"; tail -n 10 "$T/example.out"; }
	return 1
}
# What the guide for rule authors shows (```text) is what its examples print.
shown() { awk '/^```text$/ {on = 1; next} /^```/ {on = 0} on' "$1"; }
for f in $pages; do
	n=0; : >"$T/printed"
	while IFS= read -r cmd; do
		n=$((n + 1))
		case $cmd in *redis*) [ -n "$redis" ] || { skip "test_manual_$(basename "$f")_example_$n" "needs redis-tools"; continue; } ;; esac
		if run_example "$cmd" >"$T/why"; then ok "test_manual_$(basename "$f") $cmd"; else not_ok "test_manual_$(basename "$f") $cmd" "$T/why"; fi
		cat "$T/example.out" >>"$T/printed"
	done < <(examples "$f")
	case $f in
	*/rule-authors.md) shown "$f" >"$T/shown"
		check "test_manual_$(basename "$f")_shows_what_is_printed" bash -c '[ -s "$1" ] && ! grep -vxFf "$2" "$1"' _ "$T/shown" "$T/printed" ;;
	esac
	case $f in */hearing.md|*/limits.md|*/CHANGELOG.md) ;; *) check "test_manual_$(basename "$f")_has_examples" [ $n -ge 1 ] ;; esac
done

# ---- what the README shows of the demo, the demo shows ----
if [ -n "$redis" ]; then
	TMPDIR=$T contrib/demo.sh "$B" >"$T/demo" 2>&1
	awk '/^\*\*`make demo`/ {near = 1} near && /^```/ {if (on) exit; on = 1; next} on' README.md | grep -vx '\.\.\.' >"$T/excerpt"
	check test_manual_readme_shows_what_the_demo_shows bash -c '[ -s "$1" ] && ! grep -vxFf "$2" "$1"' _ "$T/excerpt" "$T/demo"
else
	skip test_manual_readme_shows_what_the_demo_shows "needs redis-tools"
fi
for target in build demo test; do
	check "test_manual_deps_lists_$target" contrib/deps.sh $target --list
done

# ---- the pages are sound, where there is a tool to say so ----
if command -v mandoc >/dev/null; then
	# That other pages are not installed here is nobody's fault.
	mandoc -T lint contrib/man/earshot* 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' >"$T/lint"
	check test_manual_pages_are_sound [ ! -s "$T/lint" ]
else
	skip test_manual_pages_are_sound "needs mandoc"
fi
cd "$top" || exit 1
finish
