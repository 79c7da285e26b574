# SPDX-License-Identifier: GPL-3.0-or-later
"""clear: captures of uploads in clear text, made byte by byte. Import it; `Cap` is a pcap
being written, `tcp` one connection in it with the segments, `udp` one datagram."""
import random, struct

DEVICE, FAR = "10.20.0.13", "203.0.113.7"


def quad(a):
    return bytes(map(int, a.split(".")))


class Cap:
    def __init__(self, path, seed=None):
        self.out = open(path, "wb")
        self.out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        self.now, self.port = 1790000000.0, 40000
        self.dice = random.Random(seed) if seed is not None else None

    def close(self):
        self.out.close()

    def frame(self, src, dst, proto, body):
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0x4000, 64, proto, 0,
                         quad(src), quad(dst))
        raw = bytes.fromhex("0200000000010200000000020800") + ip + body
        self.out.write(struct.pack("<IIII", int(self.now), int(self.now % 1 * 1e6), len(raw), len(raw)) + raw)

    def udp(self, src, sport, dst, dport, data, wait=0.02):
        self.frame(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data)
        self.now += wait

    def segment(self, way, flags, data=b""):
        src, dst, sp, dp = (self.c, self.s, self.cp, self.sp) if way == 0 else (self.s, self.c, self.sp, self.cp)
        self.frame(src, dst, 6, struct.pack("!HHIIBBHHH", sp, dp, self.seq[way] & 0xffffffff,
                                            self.seq[1 - way] & 0xffffffff, 0x50, flags, 65535, 0, 0) + data)
        self.seq[way] += len(data) + (flags & 3 != 0)

    def open(self, port, client=DEVICE, server=FAR):
        self.c, self.s, self.cp, self.sp = client, server, self.port, port
        self.port += 1
        self.seq = [1000, 5000]
        self.segment(0, 2)
        self.segment(1, 18)
        self.segment(0, 16)

    def keep(self):
        """The connection as it stands, to go on with later: cap.go(kept)."""
        return (self.c, self.s, self.cp, self.sp, self.seq)

    def go(self, kept):
        self.c, self.s, self.cp, self.sp, self.seq = kept

    def say(self, way, data, most=1448):
        at = 0
        while at < len(data):
            n = self.dice.choice((1, 2, 3, 17, 100, 536, 1448)) if self.dice and at < 6000 else most
            self.segment(way, 24, data[at:at + n])
            at += n
            self.now += 0.0005
            if self.dice is None or self.dice.random() < 0.5:
                self.segment(1 - way, 16)
        self.now += 0.01

    def shut(self):
        self.segment(0, 17)
        self.segment(1, 17)
        self.segment(0, 16)
        self.now += 1

    def tcp(self, port, script, **ends):
        """script: ("data" up) or (1, data) down, one after the other."""
        self.open(port, **ends)
        for piece in script:
            if isinstance(piece, tuple):
                self.say(*piece)
            else:
                self.say(0, piece)
        self.shut()


def put(data, path="/up/blob", kind="application/octet-stream", more=""):
    return (f"PUT {path} HTTP/1.1\r\nHost: plain.example\r\nContent-Type: {kind}\r\n{more}"
            f"Content-Length: {len(data)}\r\n\r\n").encode() + data


def chunked(data, size=4000, path="/up/blob"):
    out = f"POST {path} HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    for i in range(0, len(data), size):
        part = data[i:i + size]
        out += b"%x\r\n" % len(part) + part + b"\r\n"
    return out + b"0\r\n\r\n"
