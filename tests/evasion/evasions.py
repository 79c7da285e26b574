#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evader's table: what somebody can do who knows how earshot hears, and what it sees.

usage: evasions.py EARSHOT [--quick] [--write RESULTS.md --date YYYY-MM-DD]
       evasions.py --capture NAME FILE.pcap

Each evasion is a capture made here, by a seed of its own, so it is the same every time.
`earshot read` listens without a list and without an inventory; what it says first of each
kind is compared with what the table expects. Payload is zeros or noise: nothing but
times and sizes speaks, unless an evasion is about what can be read.
"""
import argparse
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

START = 1790000000
DEVICE, RESOLVER = "10.20.0.66", "10.20.0.1"
CODEC = 24000.0			# bit/s


class Capture:
    """Packets in any order, written in the order of time."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.packets = []
        self.ports = 40000
        self.seq = {}
        self.noise = self.rng.randbytes(1500)

    def packet(self, t, src, dst, proto, sport, dport, payload, flags=0x18):
        if proto == 17:
            l4 = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
        else:
            key, back = (src, sport, dst, dport), (dst, dport, src, sport)
            seq, ack = self.seq.get(key, 1), self.seq.get(back, 1)
            l4 = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
            self.seq[key] = (seq + len(payload) + (flags & 3 != 0)) & 0xffffffff
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(l4) + len(payload), 0, 0x4000, 64,
                         proto, 0, bytes(map(int, src.split("."))),
                         bytes(map(int, dst.split("."))))
        up = src.startswith("10.")
        mac = b"\x02\0\0\0\0\x66", b"\x02\0\0\0\0\x01"
        frame = (mac[up] + mac[not up] + b"\x08\0" + ip + l4 + payload)
        self.packets.append((t, len(self.packets), frame))

    def port(self):
        self.ports += 1
        return self.ports

    def ask(self, t, name, answer, device=DEVICE):
        q = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0\0\1\0\1"
        port = self.port()
        self.packet(t, device, RESOLVER, 17, port, 53, struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + q)
        self.packet(t + 0.01, RESOLVER, device, 17, 53, port,
                    struct.pack(">6H", 7, 0x8180, 1, 1, 0, 0) + q + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" +
                    bytes(map(int, answer.split("."))))

    def open(self, t, dst, dport=443, device=DEVICE, name=None, hello=None):
        """A TCP connection; with TLS's first flights when it goes to 443."""
        if name:
            self.ask(t - 0.05, name, dst, device)
        c = (device, self.port(), dst, dport)
        self.packet(t, c[0], c[2], 6, c[1], c[3], b"", 2)
        self.packet(t + 0.01, c[2], c[0], 6, c[3], c[1], b"", 0x12)
        self.packet(t + 0.02, c[0], c[2], 6, c[1], c[3], b"", 0x10)
        if dport == 443:
            self.up(c, t + 0.021, 517, hello or b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            self.down(c, t + 0.04, 3500)
            self.up(c, t + 0.05, 80)
        return c

    def up(self, c, t, size, head=b"", rate=20e6):
        """Segments up; returns when the last one went."""
        size = int(size)
        while size > 0:
            n = min(size, 1400)
            self.packet(t, c[0], c[2], 6, c[1], c[3], (head + self.noise)[:n])
            head, size, t = b"", size - n, t + n * 8 / rate
        return t

    def down(self, c, t, size):
        while size > 0:
            n = min(size, 1400)
            self.packet(t, c[2], c[0], 6, c[3], c[1], self.noise[:n])
            size, t = size - n, t + 0.0005

    def close(self, c, t):
        self.packet(t, c[0], c[2], 6, c[1], c[3], b"", 0x11)
        self.packet(t + 0.01, c[2], c[0], 6, c[3], c[1], b"", 0x11)

    def put(self, t, dst, size, name=None, device=DEVICE):
        """A connection of its own for one piece."""
        c = self.open(t, dst, device=device, name=name)
        t = self.up(c, t + 0.08, size, b"\x17\x03\x03")
        self.down(c, t + 0.05, 300)
        self.close(c, t + 0.1)

    def datagram(self, t, dst, dport, payload, sport=41000, device=DEVICE):
        self.packet(t, device, dst, 17, sport, dport, payload)

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for t, _, frame in sorted(self.packets):
                us = int(round((START + t) * 1e6))
                f.write(struct.pack("<IIII", us // 1000000, us % 1000000, len(frame), len(frame)))
                f.write(frame)


def answered(c, start=1.0):
    """Something comes in for another device."""
    c.packet(start + 0.001, "203.0.113.250", "10.20.0.99", 17, 443, 50000, c.noise[:40])


def frames(c, until, size, every=0.02, dst="203.0.113.200", start=1.0, jitter=0.0, late=None,
           device=DEVICE):
    """Frames of sound over UDP; size and late are numbers or functions of the dice. Beside them
    something comes in for another device, or nothing would say that the tap shows answers."""
    answered(c, start)
    t = start
    while t < until:
        n = size(c.rng) if callable(size) else size
        c.datagram(t + jitter * c.rng.random(), dst, 5004, c.noise[:n], device=device)
        t += every
    return c


def opus(rng):
    return max(20, int(rng.gauss(CODEC * 0.02 / 8 + 12, 12)))


def live(c):
    frames(c, 75, opus)


def padded_size(c):
    frames(c, 75, 200)


def padded_rate(c):
    """Sound inside a constant 1 Mbit/s of full packets."""
    frames(c, 60, 1200, every=0.0096)


def batched(c):
    """All of half a second at once, late by up to 0.2 s."""
    k = c.open(1, "203.0.113.200")
    for i in range(180):
        c.up(k, 2 + i * 0.5 + 0.2 * c.rng.random(), CODEC / 8 * 0.5 * c.rng.gauss(1, 0.1))


def duty(c):
    """Four seconds of sound, then nothing for up to forty."""
    t = 1.0
    while t < 400:
        frames(c, t + 4, opus, start=t)
        t += 4 + 10 + 30 * c.rng.random()


def two_way(c):
    """A way down of its own making, as a call has one."""
    frames(c, 75, opus)
    t = 1.01
    while t < 75:
        c.packet(t, "203.0.113.200", DEVICE, 17, 5004, 41000, c.noise[:72])
        t += 0.02


def vpn(c):
    """Sound and a download's acknowledgements in one tunnel (OpenVPN over UDP)."""
    answered(c)
    for n, head in ((14, b"\x38"), (26, b"\x40"), (22, b"\x28")):
        c.datagram(1, "203.0.113.200", 1194, head + c.noise[:n], 51194)
    t = 2.0
    while t < 75:
        c.datagram(t, "203.0.113.200", 1194, b"\x48" + c.noise[:opus(c.rng) + 50], 51194)
        t += 0.02
        if c.rng.random() < 0.3:
            c.datagram(t + 0.003, "203.0.113.200", 1194, b"\x48" + c.noise[:93], 51194)


def words(rng, n):
    text = []
    while n > 0:
        w = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 8)))
        text.append(w)
        n -= len(w) + 1
    return " ".join(text).encode()


def as_text(c):
    """Every frame written as words, in the clear."""
    answered(c)
    t = 1.0
    while t < 170:
        c.datagram(t, "203.0.113.200", 5140, words(c.rng, 150))
        t += 0.02


def pieces(c, n=9, period=20.0, gap=None, size=None, where=None, name=None, device=DEVICE,
           start=1.0):
    t = start
    for i in range(n):
        g = gap(c.rng) if gap else period
        t += g
        b = CODEC / 8 * period * (size(c.rng) if size else c.rng.gauss(1, 0.03))
        c.put(t, where(i) if where else "203.0.113.210", b, name(i) if name else None, device)


def plain_pieces(c):
    pieces(c)


def jitter_20(c):
    pieces(c, gap=lambda r: 20 * (0.8 + 0.4 * r.random()))


def own_times(c):
    pieces(c, n=14, gap=lambda r: 5 + r.expovariate(1 / 20))


def random_pieces(c):
    """Sizes and times that have nothing to do with each other."""
    pieces(c, n=30, gap=lambda r: 2 + r.expovariate(1 / 18),
           size=lambda r: r.lognormvariate(-0.3, 0.8))


def random_times(c):
    """Times at random, but all that was heard since then."""
    t = 1.0
    for _ in range(14):
        g = 5 + 30 * c.rng.random()
        t += g
        c.put(t, "203.0.113.210", CODEC / 8 * g * c.rng.gauss(1, 0.03))


def padded_pieces(c):
    """Each padded to a random size up to three times its own, at random times."""
    pieces(c, n=20, gap=lambda r: 20 * (0.5 + r.random()), size=lambda r: 1 + 2 * r.random())


def noise_beside(c):
    """Page views of the same server between the pieces."""
    pieces(c, n=10, where=lambda i: "203.0.113.210")
    for i in range(25):
        k = c.open(5 + 8 * i + 3 * c.rng.random(), "203.0.113.210")
        t = 5.2 + 8 * i + 3
        c.up(k, t, 900)
        c.down(k, t + 0.1, 400 + int(3000 * c.rng.random()))


def drowned(c):
    """Uploads of every size to the same server, at random times, as many bytes again."""
    pieces(c, n=12)
    t = 2.0
    while t < 240:
        c.put(t, "203.0.113.210", 60000 * c.rng.lognormvariate(-0.5, 0.9))
        t += 0.5 + c.rng.expovariate(1 / 12)


def four_names(c):
    """Four hosts of one owner in turn, by lot."""
    last = [0]

    def where(i):
        last[0] = c.rng.randrange(4)
        return "203.0.113.%d" % (10 + 40 * last[0])
    pieces(c, n=12, where=where, name=lambda i: "up%d.clips.example.com" % last[0])


def one_network(c):
    """Addresses of one network, no name, by lot."""
    pieces(c, n=12, where=lambda i: "203.0.113.%d" % (20 + c.rng.randrange(6)))


def four_owners(c):
    """Four owners by lot."""
    nets = ("203.0.113.20", "198.51.100.20", "192.0.2.20", "198.18.7.20")
    pieces(c, n=16, where=lambda i: c.rng.choice(nets))


def four_devices(c):
    """Four devices take turns; each sends one piece of four."""
    for d in range(4):
        pieces(c, n=8, period=80, size=lambda r: r.gauss(0.25, 0.01),
               device="10.20.0.%d" % (70 + d), start=1 + 20 * d)


def throttled(c):
    """One file, held to 9 kB/s, 64 KiB at a time."""
    k = c.open(1, "203.0.113.210")
    for i in range(20):
        c.up(k, 2 + i * 7.28, 65536)


def trickle(c):
    """2 kbit/s of full packets at random, a day: 21 MB."""
    k = c.open(1, "203.0.113.210")
    t = 2.0
    while t < 86400:
        t += c.rng.expovariate(1 / 60.0)
        c.up(k, t, 15000)


def low_days(c):
    """300 kB a day for nine days, each at another hour: 2.7 MB, 15 min of speech."""
    for d in range(9):
        c.put(86400 * d + 3600 * (1 + 20 * c.rng.random()), "203.0.113.210", 300000)


def low_week(c):
    """1.6 MB a day for a week: 9 min of speech each day, under 1 MB in any hour."""
    for d in range(7):
        for h in range(4):
            c.put(86400 * d + 3600 * (2 + 5 * h + 2 * c.rng.random()), "203.0.113.210", 400000)


def base64_json(c):
    """Pieces in JSON, in base64, over HTTP in the clear; the format is not told."""
    import base64
    for i in range(9):
        k = c.open(1 + 20 * i, "203.0.113.210", 80)
        body = b'{"id":%d,"data":"' % i + base64.b64encode(c.rng.randbytes(60000)) + b'"}'
        head = (b"POST /v1/state HTTP/1.1\r\nHost: api.example.com\r\nContent-Type: "
                b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        data, t = head + body, 1.1 + 20 * i
        while data:
            c.packet(t, k[0], k[2], 6, k[1], k[3], data[:1400])
            data, t = data[1400:], t + 0.001
        c.down(k, t + 0.05, 200)


def slow_dns(c):
    """Queries of 120 bytes, 0.8 a second: 5.8 kB a minute."""
    for i in range(2880):
        label = "".join(c.rng.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(50))
        c.ask(1 + 1.25 * i, "%s.%s.t.example.net" % (label, label[:30]), "203.0.113.9")


def slower_dns(c):
    """Half of that."""
    for i in range(1440):
        label = "".join(c.rng.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(50))
        c.ask(1 + 2.5 * i, "%s.%s.t.example.net" % (label, label[:30]), "203.0.113.9")


def fronted(c):
    """A name that is allowed in the hello, somebody else behind it."""
    for i in range(9):
        t = 1 + 20 * i
        c.ask(t - 0.05, "cdn.allowed.example.org", "203.0.113.210")
        k = c.open(t, "203.0.113.210")
        c.up(k, t + 0.08, 60000, b"\x17\x03\x03")


def seldom(c):
    """A piece every half an hour: 5.4 MB each."""
    for i in range(7):
        c.put(1 + 1800 * i, "203.0.113.210", CODEC / 8 * 1800)


def low_rate(c):
    """20 kB every 15 s: metrics, or a recorder at 10.7 kbit/s."""
    k = c.open(1, "203.0.113.210", 8443)
    for i in range(9):
        c.up(k, 2 + 15 * i + 0.02 * c.rng.random(), 20000 * c.rng.gauss(1, 0.01))
        c.down(k, 2.1 + 15 * i, 180)


def answered_once(c):
    """A call for ten seconds; then nobody answers any more."""
    frames(c, 700, opus)
    t = 1.01
    while t < 11:
        c.packet(t, "203.0.113.200", DEVICE, 17, 5004, 41000, c.noise[:72])
        t += 0.02


def thin_answer(c):
    """A way down as often as the way up, and next to nothing in it."""
    frames(c, 75, opus)
    t = 1.01
    while t < 75:
        c.packet(t, "203.0.113.200", DEVICE, 17, 5004, 41000, c.noise[:10])
        t += 0.02


def frames_by_turns(c):
    """One microphone; every frame leaves by another of four devices."""
    for d in range(4):
        frames(c, 75, opus, every=0.08, start=1 + 0.02 * d, device="10.20.0.%d" % (70 + d))


def doh(c):
    """Speech in questions over HTTPS, padded as RFC 8467 wants: 128 bytes, 468 back."""
    k = c.open(1, "203.0.113.53", name="dns.resolve.example.net")
    for i in range(25 * 74):
        t = 2 + i * 0.04 + 0.004 * c.rng.random()
        c.up(k, t, 128 + 40, b"\x17\x03\x03")
        c.down(k, t + 0.02, 468 + 40)


def doh_pieces(c):
    """Twenty seconds at a time as a crowd of such questions, each answered."""
    k = c.open(1, "203.0.113.53", name="dns.resolve.example.net")
    for i in range(9):
        for j in range(600):
            t = 2 + 20 * i + 0.003 * j
            c.up(k, t, 128 + 40, b"\x17\x03\x03")
            c.down(k, t + 0.02, 468 + 40)


def hello(c, name):
    """A TLS 1.2 hello of 517 bytes that names NAME."""
    n = name.encode()
    sni = struct.pack(">HHHBH", 0, len(n) + 5, len(n) + 3, 0, len(n)) + n
    pad = 512 - 4 - 2 - 32 - 1 - 4 - 2 - 2 - len(sni) - 4
    ext = sni + struct.pack(">HH", 21, pad) + bytes(pad)
    body = (b"\x03\x03" + c.noise[:32] + b"\0\0\2\xc0\x2f\1\0" + struct.pack(">H", len(ext)) + ext)
    return (b"\x16\x03\x01" + struct.pack(">H", len(body) + 4) + b"\1" +
            struct.pack(">I", len(body))[1:] + body)


def false_hello(c):
    """A hello that names somebody who is allowed, at an address looked up by another name."""
    for i in range(9):
        t = 1 + 20 * i
        c.ask(t - 0.05, "drop.other.example.com", "203.0.113.210")
        k = c.open(t, "203.0.113.210", hello=hello(c, "cdn.allowed.example.org"))
        c.up(k, t + 0.08, 60000, b"\x17\x03\x03")


def rtp(c, t, seq, stamp, mark, size):
    head = struct.pack(">BBHII", 0x80, 96 | mark << 7, seq & 0xffff, stamp & 0xffffffff, 0x1234567)
    c.datagram(t, "203.0.113.200", 5004, head + c.noise[:max(0, int(size) - 12)])


def camera(c, until, start=1.0, seq=0):
    """15 pictures a second of a few packets each, as RTP has them: 90 kHz, a marker on the last."""
    t = start
    while t < until:
        n = c.rng.randint(2, 9)
        for i in range(n):
            rtp(c, t + 0.0002 * i, seq, int(t * 90000), i == n - 1, 1000)
            seq += 1
        t += 1 / 15
    return seq


def dressed(c, until, start=1.0, seq=0, every=0.02, size=opus):
    """Sound under a camera's headers: its clock, a marker on every packet."""
    answered(c)
    t = start
    while t < until:
        rtp(c, t, seq, int(t * 90000), True, size(c.rng) if callable(size) else size)
        seq += 1
        t += every


def camera_first(c):
    """Three and a half seconds of pictures, then speech in the same stream."""
    dressed(c, 90, start=4.5, seq=camera(c, 4.5))


def camera_dress(c):
    dressed(c, 75)


def camera_three(c):
    """Three frames a packet, as a camera's 17 pictures a second."""
    dressed(c, 75, every=0.06, size=lambda r: max(210, r.gauss(192, 12)))


def camera_padded(c):
    """The same, padded to 107 kbit/s."""
    dressed(c, 75, every=0.06, size=lambda r: r.gauss(800, 30))


def camera_archive(c):
    """Pictures for as long as it takes to be believed, then an archive in the same stream."""
    seq = camera(c, 4.5)
    dressed(c, 64.5, start=4.5, seq=seq, every=0.01, size=1200)


# name, maker, what the evader does, what is expected: kind:severity or - for nothing,
# what it means. "!" before an expectation: earshot is blind here, and we say so.
TABLE = [
    ("live", live, "nothing: Opus 24 kbit/s over UDP", "live-audio", ""),
    ("padded-size", padded_size, "pads every frame to one size", "live-audio",
     "one severity lower: voice at a constant rate, or telemetry"),
    ("padded-rate", padded_rate, "hides sound in a constant 1 Mbit/s", "bulk-upload",
     "no voice has this rate; what remains is the volume"),
    ("batched", batched, "sends half seconds at once, late by up to 0.2 s", "-",
     "half a second of 1.5 kB, a segment and a rest: told in 4 of 10 runs; with 1, 2.2 or 3 kB in 10 of 10"),
    ("duty", duty, "4 s of sound, then 10 to 40 s of silence", "live-audio",
     "the codec clock stands while it speaks"),
    ("two-way", two_way, "makes up a way down, like a call's", "-",
     "blind: it is a call by all that can be seen; a list of meeting services is the answer"),
    ("vpn", vpn, "hides it in OpenVPN, other packets beside", "live-audio", "the stream runs inside a tunnel and keeps its time"),
    ("as-text", as_text, "writes every frame as words, in the clear", "bulk-upload",
     "text is not sound; the volume remains"),
    ("pieces", plain_pieces, "20 s at a time, a connection each", "chunked-audio", ""),
    ("jitter-20", jitter_20, "waits 20 s give or take 20 %", "chunked-audio", ""),
    ("own-times", own_times, "pieces of 20 s, each 5 s to minutes after the last", "-",
     "blind until 1 MB: a recorder that drops what is spoken meanwhile"),
    ("random-times", random_times, "sends at random times what was heard since", "chunked-audio",
     "sizes follow the time elapsed"),
    ("random-pieces", random_pieces, "random sizes at random times", "bulk-upload",
     "the pace says nothing; the volume remains"),
    ("padded-pieces", padded_pieces, "pads pieces to random sizes, at random times",
     "bulk-upload", "the same, and sooner: padding is volume"),
    ("noise-beside", noise_beside, "views pages of the same server between", "chunked-audio", ""),
    ("drowned", drowned, "uploads of random sizes to the same server between", "bulk-upload",
     "the pace is drowned; the volume grows"),
    ("four-names", four_names, "four hosts of one owner, by lot", "chunked-audio",
     "one owner by its registrable domain"),
    ("one-network", one_network, "six addresses of a network, by lot, no name", "chunked-audio",
     "one owner by its network"),
    ("four-owners", four_owners, "four owners, by lot", "-",
     "blind until 1 MB to one of them, or 20 MB a month to all"),
    ("four-devices", four_devices, "four devices in turn", "bulk-upload",
     "each sends a piece every 80 s, 6 kbit/s: slow pieces are a suspect (paced-slowly); the volume is told"),
    ("low-rate", low_rate, "20 kB every 15 s, as metrics do", "chunked-audio",
     "one severity lower: a recorder at a low rate, or metrics"),
    ("throttled", throttled, "one file, held to 9 kB/s", "chunked-audio, bulk-upload", ""),
    ("seldom", seldom, "half an hour at a time", "bulk-upload",
     "too seldom for a pace; 1 MB within the hour is not"),
    ("trickle", trickle, "2 kbit/s at random times, a day", "bulk-upload", "5 MB within a day"),
    ("low-week", low_week, "1.6 MB a day, never 1 MB in an hour", "bulk-upload",
     "10 MB within a week"),
    ("low-days", low_days, "300 kB a day, nine days", "-",
     "blind: 15 min of speech in nine days are below every sum"),
    ("base64-json", base64_json, "base64 in JSON, in the clear", "chunked-audio",
     "base64 is not taken for text; the pace speaks"),
    ("slow-dns", slow_dns, "DNS, 5.8 kB a minute of long names", "tunnel",
     "below 10 kB a minute; an hour's names held 100 kB"),
    ("fronted", fronted, "a name on the list of known destinations", "-",
     "blind by choice: what the list allows is not heard"),
    ("false-hello", false_hello, "another's name in the hello, one on the list", "-",
     "blind: the name in the hello goes before the one that was looked up"),
    ("answered-once", answered_once, "lets itself be answered for the first ten seconds", "bulk-upload",
     "an answer at the start makes a call, and what a call turns into is no alert; the volume is"),
    ("thin-answer", thin_answer, "a way down of as many packets, ten bytes each", "live-audio",
     "no voice is that thin"),
    ("frames-by-turns", frames_by_turns, "every frame by another of four devices", "live-audio",
     "each keeps time by itself"),
    ("camera-first", camera_first, "3.5 s of a camera's pictures, then speech in the same RTP",
     "live-audio", "what a stream is follows what it was lately"),
    ("camera-dress", camera_dress, "RTP's headers of a camera around speech", "live-audio",
     "no pictures are that thin"),
    ("camera-three", camera_three, "the same, three frames a packet", "live-audio", ""),
    ("camera-padded", camera_padded, "the same, padded to a camera's 107 kbit/s", "-",
     "blind: from 96 kbit/s it is a camera by all that can be seen"),
    ("camera-archive", camera_archive, "3.5 s of pictures, then an archive under a camera's headers", "-",
     "blind, as before; one that leaves the headers is told"),
    ("doh", doh, "DNS over HTTPS, 25 questions a second", "-",
     "blind: more comes back than goes; a list of resolvers is the answer"),
    ("doh-pieces", doh_pieces, "the same, 20 s at a time", "-", "blind, as before"),
    ("slower-dns", slower_dns, "DNS, 2.9 kB a minute of long names", "-",
     "blind: under 100 kB an hour in names"),
]
QUICK = ["live", "two-way", "pieces", "jitter-20", "random-times", "random-pieces", "four-names",
         "one-network", "four-owners", "low-rate", "low-week", "low-days", "fronted"]
AUDIO = ("live-audio", "chunked-audio", "audio-upload", "bulk-upload", "tunnel")


def make(name):
    for number, row in enumerate(TABLE):
        if row[0] == name:
            c = Capture(4711 + number)
            row[1](c)
            return c
    sys.exit("no evasion is called '%s'; there are: %s" % (name, " ".join(r[0] for r in TABLE)))


def listen(earshot, name, folder):
    path = os.path.join(folder, name + ".pcap")
    c = make(name)
    c.write(path)
    args = [earshot, "read", "--format", "json", path]
    if name in ("fronted", "false-hello"):
        known = os.path.join(folder, "known.txt")
        with open(known, "w") as f:
            f.write("domain allowed.example.org\n")
        args[2:2] = ["--known", known]
    out = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if out.returncode != 0:
        sys.exit("%s: earshot said: %s" % (name, out.stderr.decode().strip()))
    told, first = {}, min(p[0] for p in c.packets)
    for line in out.stdout.splitlines():
        e = json.loads(line)
        ours = e.get("earshot", {})
        if e.get("event_type") != "alert" or ours.get("update") or ours.get("kind") not in AUDIO:
            continue
        if ours["kind"] not in told:
            told[ours["kind"]] = (when(e["timestamp"]) - START - first, ours["severity"])
    sent = sum(len(p[2]) - 54 for p in c.packets if p[2][26] == 10)
    os.unlink(path)
    return told, sent


def when(stamp):
    import calendar
    import time
    return calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) + float("0" + stamp[19:26])


def span(seconds):
    for unit, n in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * n:
            return "%.0f %s" % (seconds / n, unit)
    return "%.0f s" % seconds


def main():
    p = argparse.ArgumentParser()
    p.add_argument("earshot", nargs="?")
    p.add_argument("--quick", action="store_true", help="some of them, for make test")
    p.add_argument("--write", metavar="FILE", help="write the table there")
    p.add_argument("--date", default="")
    p.add_argument("--capture", nargs=2, metavar=("NAME", "FILE"), help="write one capture")
    a = p.parse_args()
    if a.capture:
        make(a.capture[0]).write(a.capture[1])
        return
    bad, rows = 0, []
    with tempfile.TemporaryDirectory(prefix="evasion-") as folder:
        for name, _, does, expected, means in TABLE:
            if a.quick and name not in QUICK:
                continue
            told, sent = listen(a.earshot, name, folder)
            expected = [] if expected == "-" else expected.split(", ")
            ok = all(k in told for k in expected) and (expected or not told)
            bad += not ok
            seen = ", ".join("%s (%s) after %s" % (k, s, span(t)) for k, (t, s) in
                             sorted(told.items(), key=lambda x: x[1][0])) or "**nothing**"
            rows.append("| %s | %s | %s | %s |" % (does, "%.1f MB" % (sent / 1e6), seen, means))
            print("%s - test_evasion_%s%s" % ("ok" if ok else "not ok", name.replace("-", "_"),
                  "" if ok else ": expected %s, told %s" % (expected or "nothing", told)))
    if a.write:
        with open(a.write, encoding="utf-8") as f:
            text = f.read()
        head, rest = text.split("<!-- table -->\n", 1)
        tail = rest.split("<!-- end -->\n", 1)[1]
        with open(a.write, "w", encoding="utf-8") as f:
            f.write(head + "<!-- table -->\nMeasured %s.\n\n" % a.date +
                    "| the evader | sent | earshot says | |\n|---|---|---|---|\n" +
                    "\n".join(rows) + "\n<!-- end -->\n" + tail)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
