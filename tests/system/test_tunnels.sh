#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A tunnel that leaves the building is an upload to its far end, whatever its sender wrote
# inside; one between two inside addresses is a mirror's and is opened.
. "$(dirname "$0")/../tools/tap.sh"

# KIND, destination of the tunnel, into: a thousand datagrams of 10.20.0.13 in tunnels.
make() { python3 - "$@" <<'PY'
import struct, sys
kind, far, into = sys.argv[1:]
ETH, HOST = bytes.fromhex("020000000001020000000002"), bytes((10, 20, 0, 13))
def ip4(s, d, body):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0x4000, 64, 17, 0, s, d) + body
def udp(s, d, body):
    return struct.pack("!HHHH", s, d, 8 + len(body), 0) + body
def inner(n, d):
    return ip4(HOST, bytes(d), udp(5000, 6000, struct.pack("!I", n) * 300))
def payload(n):
    if kind == "arp":
        return 4789, struct.pack("!II", 8 << 24, 7 << 8) + ETH + bytes.fromhex("08060001080006040001") + ETH[:6] + \
            HOST + bytes(6) + HOST + struct.pack("!I", n) * 300
    if kind == "many":
        return 4789, struct.pack("!II", 8 << 24, 7 << 8) + ETH + b"\x08\0" + inner(n, (198, 51, n >> 8, n & 255))
    if kind == "inside":
        return 2152, b"\x30\xff" + struct.pack("!HI", 1228, 7) + inner(n, (10, 20, 0, 99))
    if kind == "teredo":
        return 3544, struct.pack("!IHBB", 6 << 28, 1208, 17, 64) + bytes.fromhex("20010000") + bytes(12) + \
            bytes.fromhex("2606") + bytes(14) + udp(5000, 6000, struct.pack("!I", n) * 300)
    return 4789, struct.pack("!II", 8 << 24, 7 << 8) + ETH + b"\x08\0" + inner(n, (203, 0, 113, 7))
with open(into, "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
    for n in range(1000):
        port, body = payload(n)
        frame = ETH + b"\x08\0" + ip4(HOST, bytes(map(int, far.split("."))), udp(40000, port, body))
        out.write(struct.pack("<IIII", 1700000000 + n // 50, n % 50 * 20000, len(frame), len(frame)) + frame)
PY
}
flows() { "$EARSHOT" read --flows --format json "$1" 2>"$T/err" | jq -r 'select(.event_type == "flow") |
	"\(.src_ip) \(.dest_ip) \(.dest_port) \(.flow.pkts_toserver)"'; }

for kind in arp many inside teredo; do
	make $kind 203.0.113.7 "$T/$kind.pcap"
	case $kind in inside) port=2152 ;; teredo) port=3544 ;; *) port=4789 ;; esac
	equal "test_tunnels_${kind}_across_the_border_is_one_upload" \
		"10.20.0.13 203.0.113.7 $port 1000" "$(flows "$T/$kind.pcap")"
done
make mirror 10.20.0.200 "$T/mirror.pcap"
equal test_tunnels_between_two_inside_is_opened "10.20.0.13 203.0.113.7 6000 1000" "$(flows "$T/mirror.pcap")"
finish
