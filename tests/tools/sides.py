#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sides: a stream or a call, and what a tap shows of it, as a capture.

    sides.py KIND [--beside none|dns|tcp|far-dns] [--tap both|up|down|detour] [--seconds S] [--seed N] > made.pcap

KIND      mic        voice, one way
          sip-mic    the same after a call was set up (SIP)
          call       both ways
          call-dtx   both ways, silent most of the time, each in turns
          call-ports both ways, four ports
          call-late  both ways, the far end answers after 25 s
          call-video both ways, voice and pictures in one socket
          turned     a call of 80 s; then the far end is silent and the microphone stays open
          turned-cn  the same, the far end sends comfort noise
          screen     a remote desktop in clear text (RFB), 2 MB
          screen-say a greeting of RFB and 2 MB of something else
          backup     2 MB by TCP
--beside  what else there is: a question that the router answers; other hosts' TCP; a question that an
          inside machine answers, which is not the router
--tap     which packets are there: all; those that the router does not send; those that it sends; all but
          those that come from outside
"""
import argparse
import os
import random
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from call import Capture, START  # noqa: E402

ROUTER = bytes.fromhex("02005e000001")
DEVICE, FAR, SERVER = "10.20.0.31", "198.51.100.60", "203.0.113.77"
PAGES = "203.0.113.99"
NAME = b"\x03www\x05sound\x07example\x00\x00\x01\x00\x01"


class Tap(Capture):
    def ip(self, when, src, dst, proto, l4, payload):
        super().ip(when, src, dst, proto, l4, payload)
        when, frame, wire = self.packets.pop()
        to, by = frame[:6], frame[6:12]
        if dst == "10.20.0.1":
            to = ROUTER
        if src == "10.20.0.1":
            by = ROUTER
        self.packets.append((when, to + by + frame[12:], wire))

    def only(self, tap):
        def there(p):
            down = p[1][6:12] == ROUTER
            outside = down and p[1][26:28] != b"\x0a\x14"
            return {"both": True, "up": not down, "down": down, "detour": not outside}[tap]
        self.packets = [p for p in self.packets if there(p)]


def resolve(cap, when, by):
    cap.udp(when, DEVICE, 5353, by, 53, struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + NAME, 12 + len(NAME))
    answer = struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + NAME
    cap.udp(when + 0.004, by, 53, DEVICE, 5353, answer, len(answer) + 16)


def tcp_of(cap, when, host, port, rng):
    """A page: a request up, 20 kB down."""
    seq, ack = rng.randrange(1 << 30), rng.randrange(1 << 30)
    cap.tcp(when, host, port, PAGES, 443, seq, 0, 0x02, b"", 0)
    cap.tcp(when + 0.03, PAGES, 443, host, port, ack, seq + 1, 0x12, b"", 0)
    cap.tcp(when + 0.031, host, port, PAGES, 443, seq + 1, ack + 1, 0x18, b"", 400)
    for i in range(14):
        cap.tcp(when + 0.06 + 0.01 * i, PAGES, 443, host, port, ack + 1 + 1448 * i, seq + 401, 0x10, b"", 1448)
        cap.tcp(when + 0.061 + 0.01 * i, host, port, PAGES, 443, seq + 401, ack + 1 + 1448 * (i + 1), 0x10, b"", 0)


def voice(cap, rng, begin, end, src, sport, dst, dport, spurts=None, phase=0.0):
    """Frames of 20 ms, coded with a variable rate. spurts: (talks, pauses) means in seconds."""
    when, talk_till, n = begin + phase, end, 0
    if spurts:
        talk_till = when + rng.expovariate(1 / spurts[0])
    while when < end:
        if spurts and when >= talk_till:
            quiet = when + rng.expovariate(1 / spurts[1])
            while when < min(quiet, end):       # comfort noise
                when += 0.4
                cap.udp(when, src, sport, dst, dport, b"\x80\x6f", 20)
            talk_till = when + rng.expovariate(1 / spurts[0])
        head = struct.pack("!BBHII", 0x80, 111, n & 0xffff, n * 960 & 0xffffffff, 0x1234)
        cap.udp(when + rng.uniform(0, 0.001), src, sport, dst, dport, head, rng.randint(60, 110))
        when += 0.02
        n += 1


def sip(cap, when):
    head = b"Via: SIP/2.0/UDP x\r\n"
    for at, up, line in ((0, True, b"INVITE sip:b@b SIP/2.0\r\n"), (1.9, False, b"SIP/2.0 200 OK\r\n"),
                         (1.95, True, b"ACK sip:b@b SIP/2.0\r\n")):
        ends = (DEVICE, 5060, FAR, 5060) if up else (FAR, 5060, DEVICE, 5060)
        cap.udp(when + at, *ends, (line + head)[:40], len(line + head) + 200)


def push(cap, begin, port, opening, size):
    """`opening`: (up?, bytes) in turns; then so many bytes up."""
    seq, ack, when = 1000, 9000, begin
    cap.tcp(when, SERVER, 40000, DEVICE, port, ack - 1, 0, 0x02, b"", 0)
    cap.tcp(when + 0.001, DEVICE, port, SERVER, 40000, seq - 1, ack, 0x12, b"", 0)
    cap.tcp(when + 0.03, SERVER, 40000, DEVICE, port, ack, seq, 0x10, b"", 0)
    for up, data in opening:
        when += 0.05
        if up:
            cap.tcp(when, DEVICE, port, SERVER, 40000, seq, ack, 0x18, data, len(data))
            seq += len(data)
        else:
            cap.tcp(when, SERVER, 40000, DEVICE, port, ack, seq, 0x18, data, len(data))
            ack += len(data)
    sent = 0
    while sent < size:
        when += 0.01
        cap.tcp(when, DEVICE, port, SERVER, 40000, seq, ack, 0x10, bytes((7 * sent + i) & 0xff for i in range(40)), 1448)
        seq += 1448
        sent += 1448
        cap.tcp(when + 0.005, SERVER, 40000, DEVICE, port, ack, seq, 0x10, b"", 0)


def stream(kind, cap, rng):
    up, down = (DEVICE, 16384, FAR, 20000), (FAR, 20000, DEVICE, 16384)
    begin = START + 1
    if kind == "sip-mic":
        sip(cap, begin - 0.5)
        begin += 1.5
    if kind in ("mic", "sip-mic"):
        voice(cap, rng, begin, begin + 100, *up)
    elif kind in ("call", "call-ports", "call-late"):
        voice(cap, rng, begin, begin + 100, *up)
        voice(cap, rng, begin + (25 if kind == "call-late" else 0), begin + 100, FAR,
              20002 if kind == "call-ports" else 20000, DEVICE, 16386 if kind == "call-ports" else 16384, phase=0.007)
    elif kind == "call-dtx":
        voice(cap, rng, begin, begin + 180, *up, spurts=(1.2, 1.8))
        voice(cap, rng, begin, begin + 180, *down, spurts=(1.2, 1.8), phase=0.007)
    elif kind == "call-video":
        for ends in (up, down):
            voice(cap, rng, begin, begin + 60, *ends)
            for i in range(60 * 30):
                for k in range(rng.randint(1, 4)):
                    cap.udp(begin + i / 30 + 0.0005 * k, *ends, b"\x80\x60", 1100)
    elif kind in ("turned", "turned-cn"):
        voice(cap, rng, begin, begin + 780, *up)
        voice(cap, rng, begin, begin + 80, *down, phase=0.007)
        for i in range(1750 if kind == "turned-cn" else 0):
            cap.udp(begin + 80 + 0.4 * i, *down, b"\x80\x0d", 14)
    elif kind == "backup":
        push(cap, begin, 9000, (), 2000000)
    else:
        hello = b"RFB 003.008\n"
        screen = struct.pack("!HHBBBBHHHBBB3xI", 1280, 800, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0, 4) + b"desk"
        if kind == "screen-say":
            screen = bytes((31 * i + 7) & 0xff for i in range(28))
        push(cap, begin, 5900, ((True, hello), (False, hello), (True, b"\1\1"), (False, b"\1"),
                                (True, bytes(4)), (False, b"\1"), (True, screen)), 2000000)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("kind", choices=("mic", "sip-mic", "call", "call-dtx", "call-ports", "call-late", "call-video",
                                    "turned", "turned-cn", "screen", "screen-say", "backup"))
    a.add_argument("--beside", choices=("none", "dns", "tcp", "far-dns"), default="none")
    a.add_argument("--tap", choices=("both", "up", "down", "detour"), default="both")
    a.add_argument("--seconds", type=float, help="cut after so long")
    a.add_argument("--seed", type=int, default=1)
    o = a.parse_args()
    rng = random.Random(o.seed)
    cap = Tap(sys.stdout.buffer)
    stream(o.kind, cap, rng)
    if o.beside == "dns":
        resolve(cap, START, "10.20.0.1")
    elif o.beside == "far-dns":
        resolve(cap, START, "10.20.0.53")
    elif o.beside == "tcp":
        for i in range(12):
            tcp_of(cap, START + 3 * i, "10.20.0.%d" % (100 + i), 40000 + i, rng)
    cap.only(o.tap)
    cap.packets = [p for p in cap.packets if o.seconds is None or p[0] < START + o.seconds]
    cap.write()


if __name__ == "__main__":
    main()
