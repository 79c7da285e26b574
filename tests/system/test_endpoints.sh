#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who is at each end, through the whole of `earshot read`: captures made by tests/tools/ends.py,
# and for each what is told of devices: sums that belong together are told together, sums of
# two devices never are. The rule new-device-uploads fires at 500 kB of one device.
. "$(dirname "$0")/../tools/tap.sh"

"$PYTHON" tests/tools/ends.py "$T" || { not_ok test_endpoints_captures; finish; }
printf 'mac,ip,name,owner,role\n3c:52:82:11:0a:ff,10.20.0.250,listed,IT,server\n' >"$T/inventory.csv"
read_one() { # capture, more options
	local name=$1; shift
	"$EARSHOT" read --format json --inventory "csv:$T/inventory.csv" "$@" "$T/$name.pcap" 2>"$T/err" >"$T/$name.json"
}
# What was told of devices: alerts by rule new-device-uploads, and a device's other names.
devices() { jq -r 'select(.earshot.update != true) | select(.earshot.rule.name == "new-device-uploads" or
	(.anomaly.event // "" | startswith("device-"))) | if .event_type == "alert" then
	[.earshot.device.key, .earshot.device.name // "-", .earshot.device.mac // "-", .earshot.device.first_mac // "-",
	.src_ip, (.earshot.explain | capture("sent (?<b>[0-9.]+ [kM]B)").b)] | join(" ")
	else .anomaly.event + ": " + .earshot.explain end' "$T/$1.json"; }
told() { # capture, what it shows; expected lines on standard input
	read_one "$1"
	cat >"$T/want"; devices "$1" >"$T/got"
	check "test_endpoints_$2" diff -u "$T/want" "$T/got"
}

told phone a_phone_that_draws_another_mac_keeps_its_sums <<'X'
device-mac: device '06:11:22:33:44:01' has the MAC address 0a:11:22:33:44:02 now, 06:11:22:33:44:01 before (10.20.0.62): it is called the same by DHCP and asks the same way
06:11:22:33:44:01 annas-phone 0a:11:22:33:44:02 06:11:22:33:44:01 10.20.0.62 600 kB
X
told identifier an_identifier_outlives_mac_and_name <<'X'
device-mac: device '3c:52:82:11:0a:21' has the MAC address 0a:11:22:33:44:02 now, 3c:52:82:11:0a:21 before (10.20.0.62): it is called the same by DHCP and asks the same way
3c:52:82:11:0a:21 renamed 0a:11:22:33:44:02 3c:52:82:11:0a:21 10.20.0.62 600 kB
X
told twins two_phones_of_one_name_are_two <<'X'
device-mac: device '06:11:22:33:44:01' has the MAC address 0a:11:22:33:44:02 now, 06:11:22:33:44:01 before (10.20.0.62): it is called the same by DHCP and asks the same way
X
told liar another_way_to_ask_is_another_device </dev/null
check test_endpoints_nobody_names_another_device jq -se 'all(.[]; .earshot.device.name != "not-me")' "$T/liar.json"
told reuse an_address_handed_on_hands_on_no_sum </dev/null
told moves a_device_given_many_addresses_is_no_router <<'X'
3c:52:82:11:0a:21 wanderer 3c:52:82:11:0a:21 - 10.20.0.84 500 kB
X
told privacy many_addresses_in_one_network_are_one_device <<'X'
3c:52:82:11:0a:21 - 3c:52:82:11:0a:21 - fd00:20::8:21e:1 560 kB
X
told eui an_address_and_a_neighbour_say_whose_it_is <<'X'
3c:52:82:11:0a:21 - 3c:52:82:11:0a:21 - fd00:40::3e52:82ff:fe11:a21 600 kB
3c:52:82:11:0a:22 - 3c:52:82:11:0a:22 - fd00:41::77 600 kB
X
told vrrp a_shared_mac_is_nobodys <<'X'
10.30.0.10 - - - 10.30.0.10 600 kB
X
told was_router a_router_that_is_none_any_more_is_a_host <<'X'
10.20.0.90 - - - 10.20.0.90 602 kB
3c:52:82:11:0a:21 - 3c:52:82:11:0a:21 - 10.20.0.90 600 kB
X
# Before the relay's DHCP 603 kB of the address; with it they are that device's, until a guest
# gets the address: his 300 kB are below the limit.
told behind a_relay_says_who_is_behind_a_router <<'X'
device-alias: device '10.30.0.10' is '3c:52:82:11:0a:21' from here on (10.30.0.10)
device-alias: device '10.30.0.11' is '3c:52:82:11:0a:22' from here on (10.30.0.11)
3c:52:82:11:0a:21 branch-pc 3c:52:82:11:0a:21 - 10.30.0.10 600 kB
X
told flood a_flood_names_nobody_new </dev/null
# ---- destinations ----
printf 'domain cloud.example\n' >"$T/known.txt"
dests() { jq -r 'select(.event_type == "flow" and .flow.bytes_toserver > 15000) | [.src_ip, .dest_ip, .earshot.dest.name // "-",
	.earshot.dest.name_source, .earshot.dest.key, "claimed", (if .earshot.dest | has("claimed") then .earshot.dest.claimed else "-" end),
	"looked-up", .earshot.dest.looked_up, .earshot.dest.certificate // "-"] | join(" ")' "$T/$1.json" | sort; }
named() { # capture, what it shows; expected lines on standard input
	read_one "$1" --flows --known "$T/known.txt"
	cat >"$T/want"; dests "$1" >"$T/got"
	check "test_endpoints_$2" diff -u "$T/want" "$T/got"
}
ruled() { jq -r 'select(.event_type == "alert" and .earshot.update != true) | [.earshot.rule.name, .src_ip, .dest_ip] | join(" ")' "$T/$1.json" | grep "$2" | sort; }
named dns dns_names_by_every_kind_of_answer <<'X'
10.20.0.21 203.0.113.60 a.example dns a.example claimed - looked-up true -
10.20.0.21 203.0.113.61 svc.example dns svc.example claimed - looked-up true -
10.20.0.21 203.0.113.62 - none 203.0.113.62 claimed - looked-up false -
fd00:20::21 2001:db8::60 six.example dns six.example claimed - looked-up true -
X
named claimed a_name_is_the_clients_word_alone <<'X'
10.20.0.21 203.0.113.80 cloud.example sni cloud.example claimed false looked-up true -
10.20.0.21 203.0.113.99 cloud.example sni 203.0.113.99 claimed true looked-up false -
10.20.0.22 203.0.113.99 cloud.example sni cloud.example claimed - looked-up true -
X
equal test_endpoints_a_claimed_name_on_the_list_is_told "claimed-name 10.20.0.21 203.0.113.99" "$(ruled claimed claimed-name)"
named certificate a_certificate_names_and_contradicts <<'X'
10.20.0.21 203.0.113.90 cloud.example sni 203.0.113.90 claimed true looked-up false evil.example
10.20.0.21 203.0.113.91 a.cloud.example sni cloud.example claimed - looked-up true *.cloud.example
10.20.0.22 203.0.113.92 cloud.example certificate 203.0.113.92 claimed - looked-up false cloud.example
10.20.0.22 203.0.113.93 only.example certificate 203.0.113.93 claimed - looked-up false only.example
X
check test_endpoints_a_name_by_certificate_alone_opens_no_list jq -se '[.[] | select(.event_type == "alert" and
	.dest_ip == "203.0.113.92")] | length > 0 and all(.earshot.dest.known == false)' "$T/certificate.json"

# ---- networks and countries ----
place='203.0.113.0/24 {"autonomous_system_number": 64500, "autonomous_system_organization": "Example Cloud", "country": {"names": {"en": "Examplia"}, "iso_code": "XA"}}
2001:db8::/32 {"asn": "AS64501", "as_name": "Six", "country_code": "XB", "more": [1, {"a": true}], "f": 1.5}'
for bits in 24 28 32; do
	"$PYTHON" tests/tools/mmdb.py "$T/$bits.mmdb" $bits <<<"$place"
	read_one dns --flows --asn "$T/$bits.mmdb" --country "$T/$bits.mmdb"
	equal "test_endpoints_network_and_country_by_records_of_${bits}_bits" "203.0.113.60 64500 Example Cloud XA;2001:db8::60 64501 Six XB;" \
		"$(jq -r 'select(.event_type == "flow" and (.dest_ip == "203.0.113.60" or .dest_ip == "2001:db8::60")) | "\(.dest_ip) \(.earshot.dest.asn) \(.earshot.dest.as_org) \(.earshot.dest.country);"' "$T/dns.json" | tr -d '\n')"
done
printf 'as 64500\nas AS64999\n' >"$T/known.txt"
read_one dns --flows --known "$T/known.txt" --asn "$T/24.mmdb"
equal test_endpoints_a_list_allows_a_network_by_its_number "" "$(ruled dns unknown-destination)"
read_one dns --known "$T/known.txt"
equal test_endpoints_and_not_without_the_database "unknown-destination 10.20.0.21 203.0.113.62" "$(ruled dns unknown-destination)"
"$EARSHOT" rules check --known "$T/known.txt" >"$T/out" 2>&1
check test_endpoints_numbers_without_a_database_are_told grep -q "names autonomous systems, and there is no asn database" "$T/out"
head -c 300 "$T/24.mmdb" >"$T/cut.mmdb"
if read_one dns --asn "$T/cut.mmdb"; then not_ok test_endpoints_a_damaged_database_is_refused "it was taken"; else
	check test_endpoints_a_damaged_database_is_refused grep -q "cut.mmdb.*not a database in MaxMind's format" "$T/err"; fi

# The listed device was seen before twenty thousand others, and that is still known.
check test_endpoints_a_flood_pushes_out_no_listed_device jq -se '[.[] | select(.event_type == "alert" and .src_ip == "10.20.0.250")]
	| length > 0 and all(.earshot.device.known and .earshot.device.first_seen < "2025-11-24T16:00:01")' "$T/flood.json"
finish
