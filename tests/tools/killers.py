#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes datagrams that kill libndpi 4.2 into a capture, at seeded places.

Each is one UDP datagram: a DTLS 1.2 server hello and a certificate whose subject holds a
string the library knows ("O=Cloudflare", ...); it then reads a TCP header that is not there.
The certificate is made here, byte by byte, and signs nothing.

  killers.py --count 15 --gap 0.6 --seed 7 --into m01-mixed-office.pcap.zst --out out.pcap
  killers.py --count 1 --out one.pcap --five-tuple udp:203.0.113.1:4433:10.20.0.1:40000

Without --into the capture holds nothing else. Every packet of the other capture is kept as it
was; times are merged in order. Captures are classic pcap (either byte order, microseconds or
nanoseconds, Ethernet), .zst through the zstd program. Prints one line per datagram: its number
in the output, time and addresses.
"""
import argparse
import ipaddress
import random
import struct
import subprocess
import sys

SUBJECTS = [b"Cloudflare", b"Netflix"]
MAGICS = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
          b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1)}
START = 1700000000 * 10**9


def der(tag, body):
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def name(organisation, common):
    out = b""
    for oid, text in ((b"\x55\x04\x06", b"US"), (b"\x55\x04\x0a", organisation),
                      (b"\x55\x04\x03", common)):
        tag = 0x13 if oid[2] != 3 else 0x0c
        out += der(0x31, der(0x30, der(0x06, oid) + der(tag, text)))
    return der(0x30, out)


def certificate(rng):
    rsa = der(0x30, der(0x06, bytes.fromhex("2a864886f70d01010b")) + der(0x05, b""))
    key = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010101")) + der(0x05, b""))
    organisation = rng.choice(SUBJECTS)
    common = b"k%06d.example" % rng.randrange(10**6)
    numbers = der(0x30, der(0x02, b"\x00\xc1" + rng.randbytes(127)) + der(0x02, b"\x01\x00\x01"))
    body = der(0x30,
               der(0xa0, der(0x02, b"\x02")) + der(0x02, b"\x11" + rng.randbytes(8)) + rsa +
               name(organisation, common) +
               der(0x30, der(0x17, b"230101000000Z") + der(0x17, b"330101000000Z")) +
               name(organisation, common) +
               der(0x30, key + der(0x03, b"\x00" + numbers)))
    return der(0x30, body + rsa + der(0x03, b"\x00" + rng.randbytes(128)))


def handshake(kind, seq, body):
    size = len(body).to_bytes(3, "big")
    message = bytes([kind]) + size + struct.pack(">H", seq) + b"\0\0\0" + size + body
    return b"\x16\xfe\xfd" + struct.pack(">HHIH", 0, 0, seq, len(message)) + message


def datagram(rng):
    hello = b"\xfe\xfd" + rng.randbytes(32) + b"\0\xc0\x2f\0\0\x05\xff\x01\0\x01\0"
    cert = certificate(rng)
    chain = len(cert).to_bytes(3, "big") + cert
    return (handshake(2, 0, hello) +
            handshake(11, 1, len(chain).to_bytes(3, "big") + chain))


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(rng, tuple5):
    src, sport, dst, dport = tuple5
    payload = datagram(rng)
    udp = struct.pack(">HHHH", sport, dport, len(payload) + 8, 0) + payload
    macs = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02"
    if src.version == 6:
        head = struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + src.packed + dst.packed
        return macs + b"\x86\xdd" + head + udp
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), rng.randrange(65536), 0x4000, 64,
                       17, 0) + src.packed + dst.packed
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return macs + b"\x08\x00" + head + udp


def read(path):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dqc", path], check=True, stdout=subprocess.PIPE).stdout
    else:
        with open(path, "rb") as f:
            data = f.read()
    if data[:4] not in MAGICS:
        sys.exit("killers.py: '%s' is not a classic pcap" % path)
    order, unit = MAGICS[data[:4]]
    if struct.unpack(order + "I", data[20:24])[0] & 0xffff != 1:
        sys.exit("killers.py: '%s' is not a capture of Ethernet" % path)
    packets, at = [], 24
    while at + 16 <= len(data):
        sec, sub, cap, _ = struct.unpack(order + "IIII", data[at:at + 16])
        if at + 16 + cap > len(data):
            break
        packets.append((sec * 10**9 + sub * unit, data[at:at + 16 + cap], None))
        at += 16 + cap
    return data[:24], order, unit, packets


def five_tuple(text):
    # IPv6 addresses stand in brackets: udp:[2001:db8::1]:4433:[2001:db8::2]:40000
    parts, word, depth = [], "", 0
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == ":" and depth == 0:
            parts.append(word)
            word = ""
        elif c not in "[]":
            word += c
    parts.append(word)
    if len(parts) != 5 or parts[0] != "udp":
        raise argparse.ArgumentTypeError("expected udp:src:sport:dst:dport")
    return (ipaddress.ip_address(parts[1]), int(parts[2]), ipaddress.ip_address(parts[3]),
            int(parts[4]))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--count", type=int, required=True, help="datagrams to write")
    p.add_argument("--gap", type=float, default=0.6, help="seconds between two (0.6)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--into", help="capture to merge them into")
    p.add_argument("--start", type=float, help="seconds after the first packet; else seeded")
    p.add_argument("--five-tuple", type=five_tuple, metavar="udp:src:sport:dst:dport",
                   help="the same for all; else each is a flow of its own")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    rng = random.Random(a.seed)
    head, order, unit, packets = (struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1),
                                  "<", 1000, [])
    if a.into:
        head, order, unit, packets = read(a.into)
    first = min((t for t, _, _ in packets), default=START)
    last = max((t for t, _, _ in packets), default=START)
    gap = int(a.gap * 10**9)
    room = max(0, last - first - gap * max(0, a.count - 1))
    start = first + (int(a.start * 10**9) if a.start is not None else rng.randrange(room + 1))
    for i in range(a.count):
        when = start + i * gap
        t5 = a.five_tuple or (ipaddress.ip_address("203.0.113.%d" % rng.randrange(100, 200)),
                              4433, ipaddress.ip_address("10.20.0.%d" % rng.randrange(10, 30)),
                              20000 + (i * 7919 + a.seed) % 40000)
        data = frame(rng, t5)
        when -= when % unit
        record = struct.pack(order + "IIII", when // 10**9, when % 10**9 // unit, len(data),
                             len(data)) + data
        packets.append((when, record, t5))
    if any(t5 is not None for _, _, t5 in packets) and a.into:
        # Stable: packets of the capture keep their order even where their times go back.
        mark, ordered = first, []
        for i, (t, record, t5) in enumerate(packets):
            if t5 is None:
                mark = max(mark, t)
                ordered.append((mark, 0, i))
            else:
                ordered.append((t, 1, i))
        packets = [packets[i] for _, _, i in sorted(ordered)]
    blob = head + b"".join(record for _, record, _ in packets)
    if a.out.endswith(".zst"):
        subprocess.run(["zstd", "-qf", "-o", a.out], input=blob, check=True)
    else:
        with open(a.out, "wb") as f:
            f.write(blob)
    for n, (t, _, t5) in enumerate(packets, 1):
        if t5:
            print("%d %d.%09d %s:%d > %s:%d" % (n, t // 10**9, t % 10**9, t5[0], t5[1], t5[2],
                                                t5[3]))


if __name__ == "__main__":
    main()
