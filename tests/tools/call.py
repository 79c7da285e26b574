#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""call: a telephone call and what is uploaded after it, as a capture.

G.711 both ways, 20 ms a frame, then one TCP upload that looks like TLS. Packets are cut
after 96 bytes; lengths on the wire are told, which is all that is measured. What is drawn
is drawn from --seed, so that the same call makes the same file.

    call.py --call 65 --rate 128 --after 20 > made.pcap
"""
import argparse
import random
import struct
import sys

SNAP = 96
START = 1765353600.0            # 2025-12-10 08:00:00 UTC


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    def __init__(self, out):
        self.packets = []
        self.out = out
        self.ident = 0

    def ip(self, when, src, dst, proto, l4, payload):
        """payload: its length; its first bytes are cut or zeros."""
        inside = src.startswith('10.')
        macs = bytes.fromhex('02005e000001' if inside else '3c528211%02x%02x' %
                             tuple(int(b) for b in dst.split('.')[2:]))
        macs += bytes.fromhex('3c528211%02x%02x' % tuple(int(b) for b in src.split('.')[2:])
                              if inside else '02005e000001')
        self.ident = (self.ident + 1) & 0xffff
        total = 20 + len(l4) + payload
        head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, total, self.ident, 0x4000, 64, proto, 0,
                           bytes(map(int, src.split('.'))), bytes(map(int, dst.split('.'))))
        head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
        frame = macs + b'\x08\x00' + head + l4
        wire = len(frame) + payload
        frame += bytes(min(payload, max(0, SNAP - len(frame))))
        self.packets.append((when, frame[:SNAP], wire))

    def udp(self, when, src, sport, dst, dport, head, length):
        l4 = struct.pack('!HHHH', sport, dport, 8 + length, 0) + head
        self.ip(when, src, dst, 17, l4, length - len(head))

    def tcp(self, when, src, sport, dst, dport, seq, ack, flags, head, length):
        l4 = struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                         0x50, flags, 65535, 0, 0) + head
        self.ip(when, src, dst, 6, l4, length - len(head))

    def write(self):
        self.out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, SNAP, 1))
        for when, frame, wire in sorted(self.packets, key=lambda p: p[0]):
            self.out.write(struct.pack('<IIII', int(when), int(when % 1 * 1e6), len(frame),
                                       wire) + frame)


def call(cap, draw, begin, seconds, phone, other):
    """Both ways from begin on; the answer comes 40 ms later."""
    for src, sport, dst, dport, late, ssrc in (
            (phone, 16384, other, 30002, 0, 0x11111111),
            (other, 30002, phone, 16384, 0.04, 0x22222222)):
        for n in range(int(seconds * 50)):
            rtp = struct.pack('!BBHII', 0x80, 0, n & 0xffff, n * 160, ssrc)
            cap.udp(begin + late + n * 0.02 + draw.gauss(0, 0.001) % 0.006, src, sport, dst,
                    dport, rtp, 172)


def transfer(cap, begin, up, client, server, size):
    """size bytes to the server (up) or from it, inside what looks like TLS."""
    port, t = 50123, begin
    cap.tcp(t, client, port, server, 443, 99, 0, 0x02, b'', 0)
    cap.tcp(t + .010, server, 443, client, port, 4999, 100, 0x12, b'', 0)
    cap.tcp(t + .020, client, port, server, 443, 100, 5000, 0x10, b'', 0)
    cap.tcp(t + .021, client, port, server, 443, 100, 5000, 0x18,
            bytes.fromhex('16030102000100'), 517)
    cap.tcp(t + .032, server, 443, client, port, 5000, 617, 0x18,
            bytes.fromhex('160303007a0200'), 1400)
    t += .040
    a = (client, port, server, 443, 617, 6400)
    b = (server, 443, client, port, 6400, 617)
    src, dst = (a, b) if up else (b, a)
    done, n = 0, 0
    while done < size:
        part = min(1448, size - done)
        head = b'\x17\x03\x03\x40\x11' if n % 11 == 0 else b'\xa7\x5c\x11\xe9\x80'
        cap.tcp(t, *src[:4], src[4] + done, src[5], 0x18, head[:part], part)
        done += part
        n += 1
        if n % 2 == 0:
            cap.tcp(t + .004, *dst[:4], dst[4], dst[5] + done, 0x10, b'', 0)
        t += .0006
    t += .01
    cap.tcp(t, *src[:4], src[4] + done, src[5], 0x11, b'', 0)
    cap.tcp(t + .01, *dst[:4], dst[4], dst[5] + done + 1, 0x11, b'', 0)
    cap.tcp(t + .02, *src[:4], src[4] + done + 1, src[5] + 1, 0x10, b'', 0)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--call', type=float, default=65, help='seconds; 0: none')
    p.add_argument('--rate', type=float, default=64, help='kbit/s of the recording')
    p.add_argument('--longer', type=float, default=0, help='percent more than fits')
    p.add_argument('--after', type=float, default=20, help='seconds from end to upload')
    p.add_argument('--down', action='store_true', help='download instead')
    p.add_argument('--from', dest='sender', default='10.20.0.31', help='who uploads')
    p.add_argument('--length', type=float, help='of the recording, when there is no call')
    p.add_argument('--seed', type=int, default=1)
    o = p.parse_args()
    draw = random.Random(o.seed)
    cap = Capture(sys.stdout.buffer)
    if o.call > 0:
        call(cap, draw, START, o.call, '10.20.0.31', '198.51.100.7')
    sound = (o.length or o.call) * o.rate * 125 * (1 + o.longer / 100)
    size = int(sound * (1 + 22 / 16384) + 900)
    transfer(cap, START + (o.call or o.length) + o.after, not o.down, o.sender,
             '203.0.113.9', size)
    cap.write()


if __name__ == '__main__':
    main()
