#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Captures of an office as sensors in different places would have them, for tests of the doctor.
# usage: wires.py FOLDER    writes healthy, oneway, nat, halftag, tagged, twice, long, foreign and
#                           damaged (.pcap)
import struct, sys

HOSTS, PACKETS = 30, 12     # of the office; of each conversation

def csum(b):
    if len(b) % 2:
        b += b"\0"
    s = sum(struct.unpack(f">{len(b) // 2}H", b))
    while s > 0xffff:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

def tcp(src, dst, sport, dport, flags, seq, ack, data, ttl, ident, damage=False):
    head = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65000, 0, 0)
    pseudo = src + dst + struct.pack(">BBH", 0, 6, len(head) + len(data))
    c = csum(pseudo + head + data) ^ (0x5555 if damage else 0)
    head = head[:16] + struct.pack(">H", c) + head[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(data), ident, 0x4000, ttl, 6, 0, src, dst)
    return ip[:10] + struct.pack(">H", csum(ip)) + ip[12:] + head + data

def ip4(text):
    return bytes(int(x) for x in text.split("."))

ROUTER = bytes.fromhex("020000000001")

def frame(smac, dmac, packet, vlan=None):
    tag = struct.pack(">HH", 0x8100, vlan) if vlan else b""
    return dmac + smac + tag + b"\x08\x00" + packet

def office(nat=False, inside="10.9.0.", size=400, damage=False, tags=(None, None), ways=(0, 1)):
    ident = 1
    for n in range(HOSTS * 2):
        host = n % HOSTS
        mac = ROUTER[:5] + bytes([2]) if nat else bytes.fromhex("0200000010") + bytes([host])
        a = ip4("203.0.113.77" if nat else inside + str(10 + host))
        b = ip4(f"198.51.100.{1 + n % 7}")
        ttl = (63, 127)[host % 2] if nat else (64, 128)[host % 2]
        seq = [1000, 5000]
        for k in range(PACKETS):
            way = k % 2
            flags, data = (0x02, b"") if k == 0 else (0x12, b"") if k == 1 else (0x18, bytes(size))
            ident += 1
            ends = (a, b, 20000 + n, 443) if way == 0 else (b, a, 443, 20000 + n)
            macs = (mac, ROUTER) if way == 0 else (ROUTER, mac)
            p = tcp(*ends, flags, seq[way], seq[1 - way], data, ttl if way == 0 else 55,
                    ident & 0xffff, damage)
            seq[way] += len(data) + (k < 2)
            if way in ways:
                yield frame(*macs, p, tags[way])

def twice(frames):
    for f in frames:
        yield f
        yield f

def write(name, frames):
    with open(f"{sys.argv[1]}/{name}.pcap", "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for n, b in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000 + n // 500, n % 500 * 2000, len(b), len(b)) + b)

write("healthy", office())
write("oneway", office(ways=(0,)))
write("nat", office(nat=True))
write("halftag", office(tags=(42, None)))
write("tagged", office(tags=(42, 42)))
write("twice", twice(office()))
write("long", office(size=5000))
write("foreign", office(inside="192.0.2."))
write("damaged", office(damage=True))
