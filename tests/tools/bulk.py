#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bulk: TCP uploads over hours, days and weeks, as a capture.

Reads lines `WHEN DEVICE DEST BYTES SECONDS [NAME]` from standard input: an upload that begins
at WHEN, of so many bytes, even over so many seconds, to port 443; with NAME a DNS answer and a
TLS client hello come before it. WHEN is seconds from START, or with a suffix m, h or d. Packets
are cut after 96 bytes; lengths on the wire are told, up to 64 kB a packet as offloading cards
show them, which is all that is measured. Lines that are not in the order of time stay so with
--as-is: packets of one line stand together, line after line.

    echo '2d 10.20.0.5 203.0.113.9 5MB 60 files.example' | bulk.py >made.pcap
"""
import argparse
import struct
import sys

SNAP = 96
START = 1765152000              # 2025-12-08 00:00:00 UTC, a Monday
PIECE = 64000
UNITS = {'m': 60, 'h': 3600, 'd': 86400, 'kB': 10 ** 3, 'MB': 10 ** 6, 'GB': 10 ** 9,
         'GiB': 2 ** 30}


def amount(word):
    for unit in sorted(UNITS, key=len, reverse=True):
        if word.endswith(unit):
            return float(word[:-len(unit)]) * UNITS[unit]
    return float(word)


class Capture:
    def __init__(self):
        self.packets = []

    def frame(self, when, src, dst, proto, l4, payload):
        total = min(65535, 20 + len(l4) + payload)
        up = src.startswith('10.')
        inside = bytes.fromhex('3c5282') + bytes(map(int, (src if up else dst).split('.')))[1:]
        router = bytes.fromhex('02005e000001')
        frame = (router + inside if up else inside + router) + b'\x08\x00' + struct.pack(
            '!BBHHHBBH4s4s', 0x45, 0, total, len(self.packets) & 0xffff, 0x4000, 64, proto, 0,
            bytes(map(int, src.split('.'))), bytes(map(int, dst.split('.')))) + l4
        self.packets.append((when, frame[:SNAP], len(frame) + payload))

    def tcp(self, when, src, sport, dst, dport, seq, ack, flags, length, head=b''):
        self.frame(when, src, dst, 6, struct.pack('!HHIIBBHHH', sport, dport, seq % 2 ** 32,
                   ack % 2 ** 32, 0x50, flags, 65535, 0, 0) + head, length - len(head))

    def resolve(self, when, src, name, dst):
        labels = b''.join(bytes([len(p)]) + p.encode() for p in name.split('.')) + b'\0'
        question = labels + struct.pack('!HH', 1, 1)
        answer = b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 300, 4) + bytes(map(int, dst.split('.')))
        ident = len(self.packets) & 0xffff
        for up in (True, False):
            text = struct.pack('!HHHHHH', ident, 0x0100 if up else 0x8180, 1, not up, 0, 0)
            text += question + (b'' if up else answer)
            ports = (5353 + ident % 999, 53) if up else (53, 5353 + ident % 999)
            self.frame(when + (0 if up else 0.01), src if up else '10.20.0.1',
                       '10.20.0.1' if up else src, 17,
                       struct.pack('!HHHH', *ports, 8 + len(text), 0) + text, 0)


def upload(cap, number, when, src, dst, size, seconds, name):
    port = 20000 + number % 40000
    if name:
        cap.resolve(when - 1, src, name, dst)
    cap.tcp(when, src, port, dst, 443, 0, 0, 2, 0)
    cap.tcp(when + .02, dst, 443, src, port, 0, 1, 18, 0)
    cap.tcp(when + .04, src, port, dst, 443, 1, 1, 16, 0)
    # A sequence that wraps in the middle of large uploads is part of the test.
    pieces = max(1, -(-size // PIECE))
    sent = 0
    for i in range(pieces):
        at = when + .1 + seconds * i / pieces
        n = min(PIECE, size - sent)
        cap.tcp(at, src, port, dst, 443, 1 + sent, 1, 24, n)
        sent += n
        if i % 8 == 7 or i == pieces - 1:
            cap.tcp(at + .01, dst, 443, src, port, 1, 1 + sent, 16, 0)
    end = when + .2 + seconds
    cap.tcp(end, src, port, dst, 443, 1 + sent, 1, 17, 0)
    cap.tcp(end + .02, dst, 443, src, port, 1, 2 + sent, 17, 0)
    cap.tcp(end + .04, src, port, dst, 443, 2 + sent, 2, 16, 0)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--as-is', action='store_true', help='do not put packets in the order of time')
    p.add_argument('--start', type=float, default=START)
    a = p.parse_args()
    cap = Capture()
    for number, line in enumerate(l for l in sys.stdin if l.strip()):
        w = line.split()
        upload(cap, number, a.start + amount(w[0]), w[1], w[2], int(amount(w[3])), amount(w[4]),
               w[5] if len(w) > 5 else None)
    out = sys.stdout.buffer
    out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, SNAP, 1))
    for when, frame, wire in cap.packets if a.as_is else sorted(cap.packets, key=lambda x: x[0]):
        out.write(struct.pack('<IIII', int(when), int(when % 1 * 1e6), len(frame), wire) + frame)


main()
