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
3c:52:82:11:0a:21 branch-pc 3c:52:82:11:0a:21 - 10.30.0.10 603 kB
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

# ---- inventories as they are found: each names the device that sends in dns.pcap ----
listed() { # format, what is odd about it; the file on standard input
	cat >"$T/list"
	"$EARSHOT" read --format json --inventory "$1:$T/list" "$T/dns.pcap" 2>"$T/err" >"$T/out.json"
	"$EARSHOT" rules check --inventory "$1:$T/list" >"$T/out" 2>&1
	equal "test_endpoints_$1_$2" "pc true" "$(jq -r 'select(.event_type == "alert" and .earshot.update != true) |
		"\(.earshot.device.name) \(.earshot.device.known)"' "$T/out.json" | sort -u)"
	check "test_endpoints_$1_${2}_has_no_fault" grep -q "no errors" "$T/out"
	check "test_endpoints_$1_${2}_has_no_warning" bash -c '! grep -E "warning|error:" "$1"' _ "$T/out"
}
listed csv of_a_spreadsheet_with_semicolons < <(printf '\xef\xbb\xbfMAC;IP;Name;Owner;Asset\r\n"3C-52-82-11-0A-21";;"pc";IT;7\r\n;;;;\r\n')
listed csv with_tabs < <(printf 'Name\tMac\tIP\npc\t3c52.8211.0a21\t\n')
listed csv of_an_old_mac < <(printf 'name,mac\r"pc",3c:52:82:11:0a:21\r')
listed ethers without_zeros_in_front < <(printf '# comment\n\n3c:52:82:11:a:21\tpc\n0:15:17:20:a:1 gw # x\n')
listed hosts with_all_that_stands_in_one < <(printf '127.0.0.1\tlocalhost\n::1 ip6-localhost\n10.20.0.21\tpc other # mine\nfe80::1%%eth0 x\nff02::1 all\n0.0.0.0 ads.example\n')
listed dnsmasq of_all_kinds < <(printf '%s\n' '1764000000 3c:52:82:11:0a:21 10.20.0.21 pc 01:3c:52:82:11:0a:21' '0 06-00:11:22:33:44:55 10.20.0.30 * *' \
	'0 3c:52:82:11:0a:22 10.20.0.22 * ff:aa' 'duid 00:01:00:01:2c:aa' '1764000000 T287454020 fd00:20::6 * 00:01')
listed dhcpd with_all_its_statements <<'X'
# This lease file was written by isc-dhcp-4.4.3-P1
authoring-byte-order little-endian;
server-duid "\000\001\000\001,\252\020}\"\021\"3DU";
failover peer "dhcp" state {
  my state normal at 3 2026/11/18 10:00:00;
}
lease 10.20.0.21 {
  starts 3 2026/11/18 10:00:00;
  ends never;
  cltt epoch 1763460000; # Tue Nov 18 10:00:00 2026
  binding state active;
  rewind binding state free;
  hardware ethernet 3c:52:82:11:0a:21;
  uid "\001<R\202\021\012!;}";
  set vendor-class-identifier = "MSFT 5.0";
  client-hostname "pc";
  on expiry {
    log(info, "x");
  }
}
lease 10.20.0.22 {
  binding state abandoned;
  client-hostname "none";
}
ia-na "\001\000\000\000\000\001\000\001" {
  iaaddr fd00:20::21 {
    binding state active;
    ends 3 2026/11/18 11:00:00;
  }
}
X
listed kea with_user_contexts_and_a_later_line <<'X'
address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
10.20.0.21,3c:52:82:11:0a:21,01:3c:52:82:11:0a:21,3600,1764003600,1,0,0,old.,0,,0
10.20.0.21,3c:52:82:11:0a:21,01:3c:52:82:11:0a:21,3600,1764007200,1,0,0,pc.,0,{"ISC": {"relay-agent-info": "0x01&#x2c"}},0
10.20.0.24,,ff:00,4294967295,1764003600,1,0,0,,0,,0
X
listed arpwatch without_zeros_in_front < <(printf '3c:52:82:11:a:21\t10.20.0.21\t1764000000\tpc\teth0\n0:15:17:20:a:1\t10.20.0.1\t1764000000\n')
printf '\xff\xfem\0a\0c\0,\0n\0\n\0' >"$T/list"
"$EARSHOT" rules check --inventory "csv:$T/list" >"$T/out" 2>&1
check test_endpoints_a_spreadsheet_in_utf16_is_told grep -q "the file is in UTF-16" "$T/out"

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
