#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Redis over TLS: a CA and certificates of the test's own, a Redis that speaks TLS alone and asks
# for a certificate of ours. What is not believed gets nothing, and the sentence says which of
# the two sides did not believe what.
. "$(dirname "$0")/../tools/tap.sh"
command -v redis-check-rdb >/dev/null || { skip test_tls "needs redis-tools"; finish; }
ln -s "$(command -v redis-check-rdb)" "$T/redis-server"
export TMPDIR=$T REDISCLI_AUTH=geheim
port=$((20000 + $$ % 20000)) plain=$((port + 1)) redis=
trap 'kill -9 $redis $(jobs -p) 2>/dev/null; wait 2>/dev/null; tap_end' EXIT

# ---- who signs whom ----
certificates() {
	local c
	for c in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
			-keyout "$T/$c.key" -out "$T/$c.pem" -subj "/CN=$c" || return
	done
	for c in server client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$c.key" \
			-out "$T/$c.csr" -subj "/CN=$c" || return
		printf 'subjectAltName=DNS:localhost\n' >"$T/ext"
		openssl x509 -req -in "$T/$c.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" -CAcreateserial \
			-days 2 -extfile "$T/ext" -out "$T/$c.pem" || return
	done
	chmod 600 "$T"/*.key
}
check test_tls_certificates_are_made certificates
"$T/redis-server" --port $plain --tls-port $port --bind 127.0.0.1 --unixsocket "$T/sock" --dir "$T" \
	--save '' --requirepass geheim --tls-cert-file "$T/server.pem" --tls-key-file "$T/server.key" \
	--tls-ca-cert-file "$T/ca.pem" --tls-auth-clients yes --loglevel warning >"$T/redis.log" 2>&1 &
redis=$!
for _ in $(seq 200); do [ "$(redis-cli -s "$T/sock" ping 2>/dev/null)" = PONG ] && break; sleep 0.05; done
printf 'geheim\n' >"$T/pw"; chmod 600 "$T/pw"
auth=(--redis-password-file "$T/pw")
ours=(--redis-cert "$T/client.pem" --redis-key "$T/client.key")
ca=(--redis-ca "$T/ca.pem")
file=$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst
# name, words to be said on standard error, options and output
refused() {
	local name=$1 words=$2; shift 2
	"$EARSHOT" read "${auth[@]}" "$@" -o "file:$T/$name.out" "$file" >/dev/null 2>"$T/$name.err"
	echo $? >"$T/$name.rc"
	grep -q -e "$words" "$T/$name.err" || echo "not said: $words" >>"$T/$name.bad"
	[ "$(cat "$T/$name.rc")" = 1 ] || echo "exit $(cat "$T/$name.rc")" >>"$T/$name.bad"
}

# ---- believed ----
check test_tls_init "$EARSHOT" redis init "${auth[@]}" "${ours[@]}" "${ca[@]}" "rediss://localhost:$port"
"$EARSHOT" read "${auth[@]}" "${ours[@]}" "${ca[@]}" --format json -o - -o "rediss://localhost:$port" \
	-o "rediss-list://localhost:$port/list" -o "rediss-xadd://localhost:$port/plain" \
	"${site[@]}" "$file" >"$T/wanted" 2>"$T/err"
equal test_tls_all_outputs_exit_0 0 $?
check test_tls_nothing_is_said [ ! -s "$T/err" ]
check test_tls_there_are_events [ "$(wc -l <"$T/wanted")" -gt 3 ]
for k in $(redis-cli -s "$T/sock" --scan --pattern '{ear:p*}:alert'); do
	redis-cli -s "$T/sock" --raw xrange "$k" - + | grep '^{"timestamp"'
done | sort >"$T/got"
check test_tls_streams_hold_every_event diff <(sort "$T/wanted") "$T/got"
redis-cli -s "$T/sock" --raw lrange list 0 -1 >"$T/got"
check test_tls_list_holds_every_event_in_order diff "$T/wanted" "$T/got"
redis-cli -s "$T/sock" --raw xrange plain - + | grep '^{"timestamp"' >"$T/got"
check test_tls_plain_stream_holds_every_event_in_order diff "$T/wanted" "$T/got"
check test_tls_show "$EARSHOT" redis show "${auth[@]}" "${ours[@]}" "${ca[@]}" "rediss://localhost:$port"
check test_tls_a_name_may_be_given "$EARSHOT" redis show "${auth[@]}" "${ours[@]}" "${ca[@]}" \
	--redis-tls-name localhost "rediss://127.0.0.1:$port"

# ---- not believed; each waits until `read` gives up, so all at once ----
to=(-o "rediss://localhost:$port")
refused unknown_ca "its certificate is not believed" "${ours[@]}" --redis-ca "$T/other.pem" "${to[@]}" &
refused systems_ca "its certificate is not believed" "${ours[@]}" "${to[@]}" &
refused another_name "its certificate is another's" "${ours[@]}" "${ca[@]}" -o "rediss://127.0.0.1:$port" &
refused no_certificate_of_ours "it wants another certificate of us" "${ca[@]}" "${to[@]}" &
refused no_tls_there "does not answer in TLS" "${ours[@]}" "${ca[@]}" -o "rediss://localhost:$plain" &
refused tls_there_and_not_spoken "closed the connection\|reset by peer" -o "redis://localhost:$port" &
for j in $(jobs -p); do [ "$j" = $redis ] || wait "$j"; done
for name in unknown_ca systems_ca another_name no_certificate_of_ours no_tls_there tls_there_and_not_spoken; do
	if [ -e "$T/$name.err" ] && [ ! -e "$T/$name.bad" ]; then ok "test_tls_$name"
	else cat "$T/$name.err" >>"$T/$name.bad"; not_ok "test_tls_$name" "$T/$name.bad"; fi
	check "test_tls_${name}_shows_no_secret" bash -c '! grep -q geheim "$1"' _ "$T/$name.err"
done

# ---- refused before anything starts ----
chmod 644 "$T/client.key"
refused a_key_for_all "chmod 600" "${ours[@]}" "${ca[@]}" "${to[@]}"
chmod 600 "$T/client.key"
refused a_key_alone "go together" --redis-key "$T/client.key" "${ca[@]}" "${to[@]}"
refused no_such_ca "cannot read the CA" --redis-ca "$T/none" "${to[@]}"
for name in a_key_for_all a_key_alone no_such_ca; do
	if [ ! -e "$T/$name.bad" ]; then ok "test_tls_$name"; else cat "$T/$name.err" >>"$T/$name.bad"; not_ok "test_tls_$name" "$T/$name.bad"; fi
done
finish
