#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""echoes: a tunnel in ICMP, or what monitors ping, as a capture.

Packets are cut after 96 bytes; lengths on the wire are told. The same call makes the same
file.

    echoes.py tunnel > made.pcap        8 kbit/s of random bytes up, for 100 s, and answers
    echoes.py monitors > made.pcap      three makes of ping side by side, for 300 s, of 56 and
                                        32 bytes once a second, of 1400 ten times a second
"""
import random
import struct
import sys

START = 1765353600.0            # 2025-12-10 08:00:00 UTC
IN, OUT = '10.20.0.13', '203.0.113.7'


SNAP = 96
HERE, ROUTER = bytes.fromhex('3c528211000d'), bytes.fromhex('02005e000001')


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def with_sum(head, at, data=b''):
    return head[:at] + struct.pack('!H', checksum(head + data)) + head[at + 2:]


def echo(cap, when, up, ident, number, payload):
    l4 = with_sum(struct.pack('!BBHHH', 8 if up else 0, 0, 0, ident, number & 0xffff), 2, payload)
    ends = (IN, OUT) if up else (OUT, IN)
    l3 = with_sum(struct.pack('!BBHHHBBH', 0x45, 0, 28 + len(payload), number & 0xffff, 0x4000, 64, 1, 0) +
                  b''.join(bytes(map(int, a.split('.'))) for a in ends), 10)
    cap.append((when, (ROUTER + HERE if up else HERE + ROUTER) + b'\x08\x00' + l3 + l4 + payload))


def tunnel(cap, dice):
    for n in range(400):
        when = START + n / 4
        echo(cap, when, True, 77, n, dice.randbytes(250))
        echo(cap, when + 0.02, False, 77, n, dice.randbytes(80))


def monitors(cap, dice):
    del dice
    alphabet = b'abcdefghijklmnopqrstuvw' * 70
    linux = bytes(range(8, 256)) * 6
    for n in range(3000):
        when = START + n / 10
        stamp = struct.pack('<QQ', int(when), int(when * 1e6) % 1000000)
        sends = [(3, stamp + b'\xaa' * 1384)]
        if n % 10 == 0:
            sends += [(1, stamp + linux[8:48]), (2, alphabet[:32])]
        for k, (ident, payload) in enumerate(sends):
            echo(cap, when + k * 0.001, True, ident, n, payload)
            echo(cap, when + k * 0.001 + 0.02, False, ident, n, payload)


def main():
    kinds = {'tunnel': tunnel, 'monitors': monitors}
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit('usage: echoes.py tunnel|monitors > FILE')
    cap = []
    kinds[sys.argv[1]](cap, random.Random(1))
    out = sys.stdout.buffer
    out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, SNAP, 1))
    for when, frame in sorted(cap):
        out.write(struct.pack('<IIII', int(when), int(when % 1 * 1e6), min(len(frame), SNAP), len(frame)) +
                  frame[:SNAP])


if __name__ == '__main__':
    main()
