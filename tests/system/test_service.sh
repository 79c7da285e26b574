#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The sensor as a service: what make install puts where, the unit's exposure, the words to a
# service manager, settings files with several sensors, --user, --pidfile. Nothing here needs
# systemd as the first process; the tests listen on a NOTIFY_SOCKET of their own.
. "$(dirname "$0")/../tools/tap.sh"
program=$(realpath "$EARSHOT")

soon() { # condition...: true within 15 s
	for _ in $(seq 300); do "$@" && return 0; sleep 0.05; done
	return 1
}
says() { grep -q -- "$1" "$T/err"; }

# ---- make install ---------------------------------------------------------------------------
root=$T/root unit=$T/root/usr/lib/systemd/system/earshot.service
check test_service_make_install make -s B="$B" DESTDIR="$root" PREFIX=/usr install
missing=
for f in usr/bin/earshot usr/share/earshot/rules/std usr/share/man/man1/earshot.1 usr/share/man/man5/earshot.conf.5 \
	usr/lib/systemd/system/earshot.service usr/lib/sysusers.d/earshot.conf usr/lib/tmpfiles.d/earshot.conf etc/earshot/earshot.conf; do
	[ -e "$root/$f" ] || missing="$missing $f"
done
equal test_service_everything_is_installed "" "$missing"
check test_service_the_unit_names_what_is_installed grep -q '^ExecStart=/usr/bin/earshot run -c /etc/earshot/earshot.conf$' "$unit"
echo 'interface "lo"' >"$root/etc/earshot/earshot.conf"
make -s B="$B" DESTDIR="$root" PREFIX=/usr install >/dev/null
equal test_service_settings_are_never_overwritten 'interface "lo"' "$(cat "$root/etc/earshot/earshot.conf")"
"$root/usr/bin/earshot" run -T -c contrib/earshot.conf >"$T/out" 2>"$T/err"
equal test_service_the_shipped_settings_do_not_start_by_themselves 2 $?
check test_service_and_say_what_is_missing says 'write interface "eth0" into the settings'
check test_service_the_installed_program_takes_one_interface "$root/usr/bin/earshot" run -T -c "$root/etc/earshot/earshot.conf"

if command -v systemd-analyze >/dev/null; then
	# Its programs are not installed here.
	mkdir "$T/unit"
	sed "s#/usr/bin/earshot#$program#" "$unit" >"$T/unit/earshot.service"
	systemd-analyze verify --man=no "$T/unit/earshot.service" >"$T/verify" 2>&1
	equal test_service_the_unit_has_no_fault "0 " "$? $(cat "$T/verify")"
	check test_service_exposure_is_2_0_at_most systemd-analyze security --offline=true --threshold=20 "$T/unit/earshot.service"
	sed -i '/^Protect/d' "$T/unit/earshot.service"
	systemd-analyze security --offline=true --threshold=20 "$T/unit/earshot.service" >/dev/null 2>&1
	check test_service_and_the_threshold_bites [ $? -ne 0 ]
	mkdir -p "$T/users/etc"
	systemd-sysusers --root="$T/users" "$root/usr/lib/sysusers.d/earshot.conf" >"$T/out" 2>&1
	check test_service_the_user_is_made grep -q '^earshot:.*:/usr/sbin/nologin$' "$T/users/etc/passwd"
	# What the processes lock themselves in with is not locked away from them.
	names() { # names and @groups, to names
		local w
		for w in "$@"; do
			case $w in
			@*) # shellcheck disable=SC2046
				names $(systemd-analyze syscall-filter "$w" 2>/dev/null | sed '1d; s/#.*//') ;;
			*) echo "$w" ;;
			esac
		done
	}
	: >"$T/allowed"
	while read -r line; do
		case $line in
		"~"*) # shellcheck disable=SC2086
			names ${line#\~} | sort -u | comm -23 "$T/allowed" - >"$T/next" ;;
		*) # shellcheck disable=SC2086
			names $line | cat - "$T/allowed" | sort -u >"$T/next" ;;
		esac
		mv "$T/next" "$T/allowed"
	done < <(sed -n 's/^SystemCallFilter=//p' "$unit")
	bad=
	for call in capset capget prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self prlimit64 \
		memfd_create close_range socketpair signalfd4 timerfd_settime eventfd2 epoll_ctl flock fork clone wait4 sendmsg \
		bind setsockopt mmap mprotect getrandom statx unlink renameat2 fallocate; do
		grep -qx $call "$T/allowed" || bad="$bad $call"
	done
	equal test_service_the_unit_allows_what_the_sandbox_needs "" "$bad"
	check test_service_and_no_mount_and_no_module bash -c '! grep -qxE "mount|init_module|ptrace|bpf|setuid" "$1"' _ "$T/allowed"
else
	skip test_service_unit "needs systemd-analyze"
fi

# ---- settings, without a wire ---------------------------------------------------------------
mkdir -p "$T/etc/earshot.conf.d"
cat >"$T/etc/earshot.conf" <<EOF
interface "lo"
flows on
EOF
echo 'flows off format json' >"$T/etc/earshot.conf.d/10.conf"
echo 'format text' >"$T/etc/earshot.conf.d/20.conf"
echo 'not even settings' >"$T/etc/earshot.conf.d/notes.txt"
"$EARSHOT" run -c "$T/etc/earshot.conf" --set name=here -f 'udp' --dump-config >"$T/dump" 2>"$T/err"
line() { sed -n "s#^$1  *\(.*[^ ]\)  *\# #\1 \# #p" "$T/dump"; }
equal test_service_a_drop_in_wins "off # $T/etc/earshot.conf.d/10.conf:1" "$(line flows)"
equal test_service_the_last_drop_in_wins "text # $T/etc/earshot.conf.d/20.conf:1" "$(line format)"
equal test_service_set_and_options_show '"here" # --set "udp" # command line' "$(line name) $(line filter)"
check test_service_a_dump_is_a_settings_file "$EARSHOT" run -T -c "$T/dump"
echo 'intreface "lo"' >"$T/etc/earshot.conf.d/30.conf"
"$EARSHOT" run -T -c "$T/etc/earshot.conf" >"$T/out" 2>"$T/err"; equal test_service_a_fault_in_a_drop_in_exits_1 1 $?
check test_service_and_has_its_place says "30.conf:1:1: error: there is no setting 'intreface'"
rm "$T/etc/earshot.conf.d/30.conf"
"$EARSHOT" rules check -s "$T/etc/earshot.conf" >"$T/out" 2>"$T/err"
check test_service_a_settings_word_in_a_rule_file_is_sent_home says "'interface' is a setting"

if [ "$(id -u)" != 0 ]; then skip test_service_live "needs root"; finish; fi
for tool in ip nsenter setpriv; do command -v $tool >/dev/null || { skip test_service_live "needs $tool"; finish; }; done

# ---- a wire ---------------------------------------------------------------------------------
ns=es$$ es= nl=
cleanup() {
	for p in $es $nl; do kill -9 "$p"; done
	ip netns del $ns
	tap_end
} 2>/dev/null
trap cleanup EXIT
ip netns add $ns
for i in 0 1; do
	ip link add "v$i" netns $ns type veth peer name "w$i" netns $ns
	nsenter --net="/run/netns/$ns" ip link set "v$i" up; nsenter --net="/run/netns/$ns" ip link set "w$i" up
done
chmod 755 "$T"
listen() { # where: a service manager
	[ -n "$nl" ] && { kill "$nl"; wait "$nl"; } 2>/dev/null
	rm -f "$T/notify.sock"
	# Abstract names are a network namespace's own.
	nsenter --net="/run/netns/$ns" tests/tools/notify-listen.py "$1" >"$T/told" 2>&1 &
	nl=$!
	soon grep -q listening "$T/told"
}
run() { # options: a sensor, not yet ready
	: >"$T/err"	# what an earlier one said is not its word
	nsenter --net="/run/netns/$ns" "$program" run -v "$@" >"$T/json" 2>"$T/err" &
	es=$!
}
told() { grep -qE -- "$1" "$T/told"; }
count() { grep -cE -- "$1" "$T/told"; }
more() { [ "$(count "$1")" -gt "$2" ]; }
stop() { # the exit code
	local p=$es
	kill -TERM "$p"; wait "$p"; local rc=$?; es=
	return $rc
}
role() { # parent, name
	local p
	for p in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = "$2" ] && echo "$p"
	done
}
is() { awk -v k="$2:" '$1 == k {print $2}' "/proc/$1/status"; }

# ---- the words to a service manager ---------------------------------------------------------
listen "$T/notify.sock"
export NOTIFY_SOCKET=$T/notify.sock WATCHDOG_USEC=2000000
run -i nosuchif0 --state "$T/state"; wait $es; es=
check test_service_what_cannot_listen_is_never_ready bash -c '! grep -q READY "$1"' _ "$T/told"
run -i v0 --state "$T/state"
check test_service_ready_is_told soon told '^[0-9.]+ READY=1 \| STATUS=listening on v0'
equal test_service_ready_is_a_sensor_that_is_confined "2 2" "$(is "$(role $es earshot-sensor)" Seccomp) $(is "$(role $es earshot-outlet)" Seccomp)"
check test_service_the_watchdog_is_fed soon told 'WATCHDOG=1$'
quiet() { # no ping for two seconds within sixteen
	local n
	for _ in $(seq 8); do n=$(count 'WATCHDOG=1$'); sleep 2; [ "$(count 'WATCHDOG=1$')" = "$n" ] && return 0; done
	return 1
}
for who in sensor outlet; do
	p=$(role $es earshot-$who)
	kill -STOP "$p"
	check "test_service_a_hung_${who}_starves_the_watchdog" quiet
	kill -CONT "$p"
	n=$(count 'WATCHDOG=1$')
	check "test_service_a_${who}_that_goes_on_feeds_it_again" soon more 'WATCHDOG=1$' "$n"
done
n=$(count 'READY=1')
kill -HUP $es
check test_service_a_reload_is_told soon told 'RELOADING=1 \| MONOTONIC_USEC=[0-9]+'
check test_service_and_its_end soon more 'READY=1' "$n"
start=$(date +%s%N)
stop; equal test_service_term_exits_0 0 $?
check test_service_within_5_s [ $((($(date +%s%N) - start) / 1000000)) -lt 5000 ]
check test_service_stopping_is_told told 'STOPPING=1'
listen "@earshot-test-$$"
NOTIFY_SOCKET=@earshot-test-$$ run -i v0 --state "$T/state"
check test_service_an_abstract_socket_is_told_too soon told 'READY=1'
stop

# ---- several sensors from one file ----------------------------------------------------------
cat >"$T/etc/two.conf" <<EOF
state "$T/two"
sensor "lobby" { interface "v0" output "file:$T/lobby.json" }
sensor "yard" { interface "v1" output "file:$T/yard.json" }
sensor "attic" { interface "nosuchif0" output "file:$T/attic.json" }
EOF
for common in "metrics \"127.0.0.1:9108\"" "output \"file:$T/one.json\""; do
	printf '%s\nsensor "a" { interface "v0" }\nsensor "b" { interface "v1" }\n' "$common" >"$T/etc/one.conf"
	"$program" run -T -c "$T/etc/one.conf" >"$T/out" 2>"$T/err"
	equal "test_service_two_sensors_cannot_share_${common%% *}" 1 $?
	check "test_service_a_shared_${common%% *}_is_named" says "sensors 'a' and 'b' have one"
done
check test_service_all_sensors_are_checked "$program" run -T -c "$T/etc/two.conf"
listen "$T/notify.sock"
run -c "$T/etc/two.conf"
check test_service_two_of_three_sensors_are_one_ready soon told 'READY=1'
check test_service_the_status_is_of_all soon told 'STATUS=lobby: listening on v0.*yard: listening on v1.*attic: ended'
check test_service_one_that_could_not_is_told soon says "sensor 'attic' ended (exit status 1)"
check test_service_lines_name_their_sensor says 'earshot\[attic\]: warn: '
check test_service_two_sensors_feed_one_watchdog soon told 'WATCHDOG=1$'
ships=$(role $es earshot)
equal test_service_each_sensor_has_a_supervisor 2 "$(wc -w <<<"$ships")"
n=$(count 'READY=1')
kill -HUP $es
check test_service_a_reload_of_two_is_told_as_one soon more 'READY=1' "$n"
kill -9 "${ships%%[[:space:]]*}"
check test_service_one_that_died_is_told soon says "ended (signal 9); 1 of 3 go on"
n=$(count 'WATCHDOG=1$')
check test_service_the_other_goes_on soon more 'WATCHDOG=1$' "$n"
stop; equal test_service_the_worst_end_is_the_exit_code 1 $?
equal test_service_the_other_drained yard "$(jq -r '.host' "$T/yard.json" | sort -u)"
run -c "$T/etc/two.conf" --sensor yard
check test_service_one_of_them_can_be_run soon says "listening on 'v1'"
equal test_service_and_it_alone "" "$(role "$es" earshot)$(grep v0 "$T/err")"
stop; equal test_service_one_of_them_exits_0 0 $?

# ---- a user without rights, a pidfile -------------------------------------------------------
unset NOTIFY_SOCKET WATCHDOG_USEC
# Where a user without rights can read it.
program=$root/usr/bin/earshot
mkdir "$T/rights"
run -i v0 --user nobody --state "$T/rights/state" --pidfile "$T/rights/run/earshot.pid" --format json
check test_service_listening_as_nobody soon says "listening on 'v0'"
seen() { [ "$(is "$(role $es earshot-sensor)" Seccomp)" = 2 ] && [ -n "$(role "$(role $es earshot-zygote)" earshot-cell)" ]; }
soon seen
uid=$(id -u nobody) gid=$(id -g nobody)
zygote=$(role $es earshot-zygote)
for who in supervisor zygote cell outlet sensor; do
	case $who in supervisor) p=$es ;; cell) p=$(role "$zygote" earshot-cell) ;; *) p=$(role $es earshot-$who) ;; esac
	raw=0000000000000000; case $who in supervisor | sensor) raw=0000000000002000 ;; esac
	filter=2; case $who in supervisor | zygote) filter=0 ;; esac
	equal "test_service_the_${who}_is_nobody_and_has_no_right" "$uid $uid $uid $uid $gid $gid $gid $gid $raw $raw 0000000000000000 1 $filter" \
		"$(awk '/^[UG]id:/ {printf "%s %s %s %s ", $2, $3, $4, $5} /^Cap(Prm|Eff|Amb):/ {c[$1] = $2} /^(NoNewPrivs|Seccomp):/ {e = e " " $2} END {print c["CapPrm:"], c["CapEff:"], c["CapAmb:"] e}' "/proc/$p/status")"
done
equal test_service_the_pidfile_has_its_number "$es" "$(cat "$T/rights/run/earshot.pid")"
equal test_service_the_state_folder_is_the_users "$uid" "$(stat -c %u "$T/rights/state")"
"$program" run -i lo --state "$T/other" --pidfile "$T/rights/run/earshot.pid" >"$T/out" 2>"$T/second"
equal test_service_a_second_one_is_refused "1 $es" "$? $(sed -n 's/.*runs already, as process \([0-9]*\).*/\1/p' "$T/second")"
# A sensor that is started again: the right is still there.
kill -9 "$(role $es earshot-sensor)"
again() { [ "$(grep -c "listening on 'v0'" "$T/err")" = 2 ]; }
check test_service_a_new_sensor_listens_as_nobody soon again
stop; equal test_service_nobody_exits_0 0 $?
check test_service_the_pidfile_is_gone [ ! -e "$T/rights/run/earshot.pid" ]
run -i v0 --pidfile "$T/rights/run/earshot.pid" --state "$T/state"; soon says "listening on"
old=$es; { kill -9 "$es"; wait "$es"; } 2>/dev/null; es=
equal test_service_a_killed_one_leaves_its_pidfile "$old" "$(cat "$T/rights/run/earshot.pid")"
run -i v0 --pidfile "$T/rights/run/earshot.pid" --state "$T/state"; soon says "listening on"
equal test_service_a_stale_pidfile_is_taken_over "$es" "$(cat "$T/rights/run/earshot.pid")"
stop
"$program" run -i lo --user nosuchuser >"$T/out" 2>"$T/err"; equal test_service_a_user_that_is_none_exits_1 1 $?
check test_service_a_user_that_is_none_is_named says "there is no user 'nosuchuser'"
"$program" run -i lo --user root >"$T/out" 2>"$T/err"; equal test_service_root_is_no_user_to_become 1 $?
setpriv --reuid "$uid" --regid "$gid" --clear-groups "$program" run -i lo --user daemon >"$T/out" 2>"$T/err"
check test_service_only_root_becomes_somebody says "only root can become 'daemon'"
finish
