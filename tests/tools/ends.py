#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Captures about who is at each end, made by hand: DHCP, ARP, neighbours, routers, names.
# usage: ends.py FOLDER    writes one .pcap for each scenario below (functions named s_*)
import struct, sys

T0 = 1764000000.0
DHCP_PHONE = bytes([1, 3, 6, 15, 26, 28, 51, 58, 59, 43])
DHCP_LAPTOP = bytes([1, 15, 3, 6, 44, 46, 47, 31, 33, 121, 249, 252])
RTR = "02:00:5e:11:00:01"           # towards the outside
SERVER, RESOLVER, OUT = "10.20.0.1", "10.20.0.1", "203.0.113.50"

def mac(t): return bytes.fromhex(t.replace(":", ""))
def ip(t):
    if ":" not in t:
        return bytes(int(x) for x in t.split("."))
    import ipaddress
    return ipaddress.ip_address(t).packed

def csum(b):
    if len(b) % 2: b += b"\0"
    s = sum(struct.unpack(f">{len(b) // 2}H", b))
    while s > 0xffff: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

class Tape:
    def __init__(self): self.frames, self.t, self.port = [], 0.0, 40000
    def put(self, smac, dmac, kind, packet, dt=0.001):
        self.t += dt
        self.frames.append((self.t, mac(dmac) + mac(smac) + struct.pack(">H", kind) + packet))
    def wait(self, s): self.t += s
    def packet(self, smac, dmac, src, dst, proto, body, hops=64, dt=0.001):
        a, b = ip(src), ip(dst)
        if len(a) == 4:
            h = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0x4000, hops, proto, 0, a, b)
            h = h[:10] + struct.pack(">H", csum(h)) + h[12:]
            self.put(smac, dmac, 0x800, h + body, dt)
        else:
            h = struct.pack(">IHBB16s16s", 6 << 28, len(body), proto, hops, a, b)
            self.put(smac, dmac, 0x86dd, h + body, dt)
    def udp(self, smac, dmac, src, sport, dst, dport, data, dt=0.001):
        self.packet(smac, dmac, src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data, dt=dt)
    def tcp(self, smac, dmac, src, sport, dst, dport, flags, seq, ack, data=b"", dt=0.0005):
        self.packet(smac, dmac, src, dst, 6, struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff,
            ack & 0xffffffff, 0x50, flags, 65000, 0, 0) + data, dt=dt)
    def arp(self, smac, src, target, op=1):
        self.put(smac, "ff:ff:ff:ff:ff:ff", 0x806, struct.pack(">HHBBH6s4s6s4s", 1, 0x800, 6, 4, op,
            mac(smac), ip(src), bytes(6), ip(target)))
    # A connection: what the client sends first, then `size` bytes up, then its end.
    def upload(self, smac, src, dst, size, hello=b"", answer=b"", gw=RTR, back=RTR, port=443):
        self.port += 1
        c, s, up = 1000, 5000, 0
        args = (src, self.port, dst, port)
        rev = (dst, port, src, self.port)
        self.tcp(smac, gw, *args, 2, c, 0); c += 1
        self.tcp(back, smac, *rev, 0x12, s, c); s += 1
        self.tcp(smac, gw, *args, 0x10, c, s)
        for who, data in (("c", hello), ("s", answer)):
            for k in range(0, len(data), 1400):
                part = data[k:k + 1400]
                if who == "c": self.tcp(smac, gw, *args, 0x18, c, s, part); c += len(part)
                else: self.tcp(back, smac, *rev, 0x18, s, c, part); s += len(part)
        body = bytes((i * 197 + 89) & 0xff | 0x80 for i in range(1400))
        while up < size:
            part = body[:min(1400, size - up)]
            self.tcp(smac, gw, *args, 0x18, c, s, part); c += len(part); up += len(part)
            if up % 14000 == 0: self.tcp(back, smac, *rev, 0x10, s, c)
        self.tcp(smac, gw, *args, 0x11, c, s); self.tcp(back, smac, *rev, 0x11, s, c + 1)
        self.tcp(smac, gw, *args, 0x10, c + 1, s + 1)
    def dhcp_ask(self, smac, kind, name=None, wants=None, system=None, ciaddr="0.0.0.0", want=None,
                 frame=None, giaddr="0.0.0.0", to="255.255.255.255", cid=None):
        b = struct.pack(">BBBBIHH4s4s4s4s6s10s192s4s", 1, 1, 6, 0, 7, 0, 0, ip(ciaddr), bytes(4), bytes(4),
            ip(giaddr), mac(smac), bytes(10), bytes(192), b"\x63\x82\x53\x63") + bytes([53, 1, kind])
        for code, v in ((12, name), (55, wants), (60, system), (61, cid), (50, want and ip(want))):
            if v: b += bytes([code, len(v)]) + (v if isinstance(v, bytes) else v.encode())
        relay = giaddr != "0.0.0.0"
        self.udp(frame or smac, "ff:ff:ff:ff:ff:ff", giaddr if relay else ciaddr, 67 if relay else 68, to, 67,
            b + b"\xff")
    def dhcp_ack(self, cmac, addr, lease=3600, ciaddr="0.0.0.0", giaddr="0.0.0.0", frm=RTR, to=None):
        b = struct.pack(">BBBBIHH4s4s4s4s6s10s192s4s", 2, 1, 6, 0, 7, 0, 0, ip(ciaddr), ip(addr), bytes(4),
            ip(giaddr), mac(cmac), bytes(10), bytes(192), b"\x63\x82\x53\x63") + bytes([53, 1, 5, 51, 4]) + \
            struct.pack(">I", lease) + b"\xff"
        self.udp(frm, to or cmac, SERVER, 67, addr if giaddr == "0.0.0.0" else giaddr, 68 if giaddr == "0.0.0.0" else 67, b)
    # A phone comes in: asks, is given.
    def join(self, m, addr, name, wants=DHCP_PHONE, system="android-dhcp-14", again=False, cid=None):
        if not again: self.dhcp_ask(m, 1, name, wants, system, cid=cid)
        self.dhcp_ask(m, 3, name, wants, system, want=addr, cid=cid)
        self.dhcp_ack(m, addr)
    def dns(self, m, client, name, answers, kind=1, ttl=300, cname=None, cut=None):
        q = struct.pack(">HHHHHH", 77, 0x0100, 1, 0, 0, 0) + labels(name) + struct.pack(">HH", kind, 1)
        self.port += 1
        self.udp(m, RTR, client, self.port, RESOLVER, 53, q)
        n = len(answers) + (1 if cname else 0)
        r = struct.pack(">HHHHHH", 77, 0x8180, 1, n, 0, 0) + labels(name) + struct.pack(">HH", kind, 1)
        owner = b"\xc0\x0c"
        if cname:
            r += owner + struct.pack(">HHIH", 5, 1, ttl, len(labels(cname))) + labels(cname)
            owner = labels(cname)
        for a in answers:
            data = a if isinstance(a, bytes) else ip(a)
            r += owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data
        self.udp(RTR, m, RESOLVER, 53, client, self.port, r)
    def save(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for t, b in self.frames:
                us = int(round((T0 + t) * 1e6))
                f.write(struct.pack("<IIII", us // 1000000, us % 1000000, len(b), len(b)) + b)

def labels(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"

def hello(sni):
    ext = b"" if sni is None else struct.pack(">HHHBH", 0, len(sni) + 5, len(sni) + 3, 0, len(sni)) + sni.encode()
    body = b"\x03\x03" + bytes(range(32)) + b"\0" + b"\0\2\x13\x01" + b"\1\0" + struct.pack(">H", len(ext)) + ext
    h = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(h)) + h

M1, M2, M3 = "06:11:22:33:44:01", "0a:11:22:33:44:02", "12:11:22:33:44:03"   # drawn by lot
PC1, PC2, LISTED = "3c:52:82:11:0a:21", "3c:52:82:11:0a:22", "3c:52:82:11:0a:ff"

# A phone draws itself another MAC between two halves of an upload.
def s_phone(t):
    t.join(M1, "10.20.0.61", "annas-phone"); t.wait(1)
    t.upload(M1, "10.20.0.61", OUT, 300000); t.wait(30)
    t.join(M2, "10.20.0.62", "annas-phone"); t.wait(5)
    t.upload(M2, "10.20.0.62", OUT, 300000)
    t.wait(200)                         # what was open ends: not the old card speaking
    t.upload(M2, "10.20.0.62", "203.0.113.51", 2000)

# Two phones with one name at once: one speaks on while the other does.
def s_twins(t):
    t.join(M1, "10.20.0.61", "phone"); t.wait(1)
    t.upload(M1, "10.20.0.61", OUT, 200000)
    t.join(M2, "10.20.0.62", "phone"); t.wait(5)
    t.upload(M2, "10.20.0.62", OUT, 20000); t.wait(5)
    t.upload(M1, "10.20.0.61", OUT, 200000); t.wait(5)
    t.upload(M2, "10.20.0.62", OUT, 250000)
    t.join(M3, "10.20.0.63", "phone"); t.wait(5)
    t.upload(M3, "10.20.0.63", OUT, 250000)

# The same name, another kind of client: not the same device. And another's word for it.
def s_liar(t):
    t.join(M1, "10.20.0.61", "annas-phone"); t.wait(1)
    t.upload(M1, "10.20.0.61", OUT, 300000); t.wait(30)
    t.join(M2, "10.20.0.62", "annas-phone", wants=DHCP_LAPTOP); t.wait(5)
    t.upload(M2, "10.20.0.62", OUT, 300000)
    t.dhcp_ask(PC1, 3, "not-me", DHCP_LAPTOP, frame=PC2); t.wait(1)
    t.upload(PC1, "10.20.0.21", OUT, 2000)

# A machine that keeps its identifier (RFC 4361) under any MAC.
def s_identifier(t):
    duid = bytes.fromhex("000200000ab1") + b"0123456789"
    t.join(PC1, "10.20.0.61", "laptop", cid=b"\xff\1\2\3\4" + duid); t.wait(1)
    t.upload(PC1, "10.20.0.61", OUT, 300000); t.wait(30)
    t.join(M2, "10.20.0.62", "renamed", cid=b"\xff\5\6\7\x08" + duid); t.wait(5)
    t.upload(M2, "10.20.0.62", OUT, 300000)

# An address goes from one device to another.
def s_reuse(t):
    t.join(PC1, "10.20.0.70", "first", DHCP_LAPTOP, "MSFT 5.0"); t.wait(1)
    t.upload(PC1, "10.20.0.70", OUT, 300000); t.wait(20)
    t.dhcp_ask(PC1, 7, ciaddr="10.20.0.70", to=SERVER); t.wait(300)
    t.join(PC2, "10.20.0.70", "second", DHCP_LAPTOP, "MSFT 5.0"); t.wait(1)
    t.upload(PC2, "10.20.0.70", OUT, 300000)

# One device is given six addresses within 75 minutes: it is one, and no router.
def s_moves(t):
    for k in range(6):
        a = f"10.20.0.{80 + k}"
        t.join(PC1, a, "wanderer", DHCP_LAPTOP, "MSFT 5.0"); t.wait(1)
        t.upload(PC1, a, OUT, 100000); t.wait(900)

# Behind an inside router six devices, told apart by address; then DHCP through the relay,
# and an ARP on the far side, say whose two of the addresses are.
INNER = "00:15:17:20:0a:05"
def s_behind(t):
    for k in range(6):
        t.upload(INNER, f"10.30.0.{10 + k}", OUT, 3000); t.wait(2)
    t.upload(INNER, "10.30.0.10", OUT, 300000); t.wait(400)
    t.dhcp_ask(PC1, 3, "branch-pc", DHCP_LAPTOP, "MSFT 5.0", ciaddr="10.30.0.10", giaddr="10.30.0.1", frame=INNER, to=SERVER)
    t.dhcp_ack(PC1, "10.30.0.10", ciaddr="10.30.0.10", giaddr="10.30.0.1", to=INNER); t.wait(1)
    t.upload(INNER, "10.30.0.10", OUT, 300000); t.wait(5)
    t.arp(PC2, "10.30.0.11", "10.30.0.1")
    t.upload(INNER, "10.30.0.11", OUT, 3000); t.wait(5)
    # the first one's address is given to somebody who just came
    t.dhcp_ask(M3, 1, "guest", DHCP_PHONE, giaddr="10.30.0.1", frame=INNER, to=SERVER)
    t.dhcp_ack(M3, "10.30.0.10", giaddr="10.30.0.1", to=INNER); t.wait(1)
    t.upload(INNER, "10.30.0.10", OUT, 300000)

# A host draws itself nine IPv6 addresses in one /64, and is one device.
def s_privacy(t):
    for k in range(9):
        t.upload(PC1, f"fd00:20::{k + 1:x}:{k * 77 + 3:x}:1", "2001:db8::50", 70000); t.wait(60)

# Behind a router the address itself says whose it is (EUI-64); a neighbour says its own.
def s_eui(t):
    for k in range(5):
        t.upload(INNER, f"fd00:{40 + k}::1", "2001:db8::50", 2000)
    t.upload(INNER, "fd00:40::3e52:82ff:fe11:a21", "2001:db8::50", 600000)
    na = struct.pack(">BBHI", 136, 0, 0, 0x60000000) + ip("fd00:41::77") + b"\2\1" + mac(PC2)
    t.packet(PC2, "33:33:00:00:00:01", "fd00:41::77", "ff02::1", 58, na, hops=255)
    t.upload(INNER, "fd00:41::77", "2001:db8::50", 600000)

# The MAC of a pair of routers (VRRP) is nobody's, though it carries one address only.
def s_vrrp(t):
    t.upload("00:00:5e:00:01:07", "10.30.0.10", OUT, 600000)

# A machine that shared its line is a router; after nine quiet days it is a host.
def s_was_router(t):
    for k in range(6):
        t.upload(PC1, f"10.20.0.{90 + k}", OUT, 2000); t.wait(1)
    t.upload(PC1, "10.20.0.90", OUT, 600000)
    t.wait(9 * 86400)
    t.upload(PC1, "10.20.0.90", OUT, 600000)

# Twenty thousand clients that do not exist ask for addresses; who is listed stays it.
def s_flood(t):
    t.upload(LISTED, "10.20.0.250", OUT, 2000); t.wait(1)
    for k in range(20000):
        m = "02:66:" + ":".join(f"{x:02x}" for x in struct.pack(">I", k))
        t.dhcp_ask(m, 1, f"x{k}", bytes([1, k & 0xff, k >> 8]))
        t.dhcp_ack(m, f"10.66.{k >> 8}.{k & 0xff}")
        t.arp(m, f"10.67.{k >> 8}.{k & 0xff}", SERVER)
    t.wait(1)
    t.upload(LISTED, "10.20.0.250", OUT, 1200000)

def der(tag, body):
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([0x82]) + struct.pack(">H", n)) + body

# What a server of TLS 1.2 answers: its hello, and a certificate made for these names.
def certificate(names, cn="server", extra=0):
    alg = der(0x30, der(6, bytes.fromhex("2a8648ce3d040302")))
    who = lambda t: der(0x30, der(0x31, der(0x30, der(6, b"\x55\x04\x03") + der(12, t.encode()))))
    san = der(0x30, der(6, b"\x55\x1d\x11") + der(4, der(0x30, b"".join(der(0x82, n.encode()) for n in names))))
    tbs = der(0x30, der(0xa0, der(2, b"\2")) + der(2, b"\x11") + alg + who("ca") +
        der(0x30, der(23, b"250101000000Z") + der(23, b"350101000000Z")) + who(cn) +
        der(0x30, alg + der(3, bytes(66 + extra))) + (der(0xa3, der(0x30, san)) if names else b""))
    cert = der(0x30, tbs + alg + der(3, bytes(70)))
    u24 = lambda n: struct.pack(">I", n)[1:]
    server = b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0"
    hand = b"\2" + u24(len(server)) + server + b"\x0b" + u24(len(cert) + 6) + u24(len(cert) + 3) + u24(len(cert)) + cert + b"\x0e\0\0\0"
    return b"\x16\3\3" + struct.pack(">H", len(hand)) + hand

# A name on the list, said to a server that no answer ever gave it. Before that the name's own
# server, whose answer is an hour old; then a client that asks where nobody hears.
def s_claimed(t):
    t.dns(PC1, "10.20.0.21", "cloud.example", ["203.0.113.80"])
    t.dns(PC2, "10.20.0.22", "other.example", ["203.0.113.81"])
    t.wait(1800); t.dns(PC1, "10.20.0.21", "cloud.example", ["203.0.113.80"]); t.wait(2000)
    t.upload(PC1, "10.20.0.21", "203.0.113.80", 700000, hello("cloud.example")); t.wait(3)
    t.upload(PC1, "10.20.0.21", "203.0.113.99", 700000, hello("cloud.example")); t.wait(3)
    t.upload(PC2, "10.20.0.22", "203.0.113.98", 3000, hello("dns.example"), port=853); t.wait(3)
    t.upload(PC2, "10.20.0.22", "203.0.113.99", 700000, hello("cloud.example")); t.wait(30)

# The server's own certificate is for others, or for the name, or says one where nobody else does.
def s_certificate(t):
    t.upload(PC1, "10.20.0.21", "203.0.113.90", 700000, hello("cloud.example"), certificate(["evil.example", "*.evil.example"])); t.wait(3)
    t.upload(PC1, "10.20.0.21", "203.0.113.91", 700000, hello("a.cloud.example"), certificate(["x.example", "*.cloud.example"])); t.wait(3)
    t.upload(PC2, "10.20.0.22", "203.0.113.92", 700000, hello(None), certificate(["cloud.example"], extra=200)); t.wait(3)
    t.upload(PC2, "10.20.0.22", "203.0.113.93", 700000, hello(None), certificate([], cn="only.example")); t.wait(30)

# All the ways DNS names an address: A, AAAA, behind CNAMEs, and hints of HTTPS and SVCB records.
def s_dns(t):
    t.dns(PC1, "10.20.0.21", "a.example", ["203.0.113.60"], cname="b.cdn.example")
    t.dns(PC1, "10.20.0.21", "six.example", ["2001:db8::60"], kind=28)
    hint = struct.pack(">H", 1) + b"\0" + struct.pack(">HH", 1, 3) + b"\2h2" + struct.pack(">HH", 4, 4) + ip("203.0.113.61")
    t.dns(PC1, "10.20.0.21", "svc.example", [hint], kind=65)
    t.upload(PC1, "10.20.0.21", "203.0.113.60", 20000); t.upload(PC1, "fd00:20::21", "2001:db8::60", 20000)
    t.upload(PC1, "10.20.0.21", "203.0.113.61", 20000); t.upload(PC1, "10.20.0.21", "203.0.113.62", 20000)
    t.wait(30)

if __name__ == "__main__":
    for name, f in sorted(globals().items()):
        if name.startswith("s_"):
            tape = Tape()
            f(tape)
            tape.save(f"{sys.argv[1]}/{name[2:]}.pcap")
