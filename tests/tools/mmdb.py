#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# A small database in MaxMind's format, for tests.
# usage: mmdb.py FILE [BITS] < lines of "NETWORK JSON", e.g. 203.0.113.0/24 {"country": {"iso_code": "XA"}}
#        BITS of a record: 24, 28 or 32. With "4" behind BITS the tree is of IPv4 alone.
# A text that was written before is pointed at, as the real ones do.
import ipaddress, json, struct, sys

def head(kind, size):
    extra = b""
    if size >= 65821: size, extra = 31, struct.pack(">I", size - 65821)[1:]
    elif size >= 285: size, extra = 30, struct.pack(">H", size - 285)
    elif size >= 29: size, extra = 29, bytes([size - 29])
    return (bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])) + extra

def pointer(to):
    if to < 2048: return bytes([0x20 | to >> 8, to & 255])
    to -= 2048
    return bytes([0x28 | to >> 16, to >> 8 & 255, to & 255])

class Data:
    def __init__(self): self.bytes, self.known = b"", {}
    def value(self, v, share=True):
        if isinstance(v, str):
            if share and v in self.known: return pointer(self.known[v])
            b = v.encode()
            return head(2, len(b)) + b
        if isinstance(v, bool): return head(14, int(v))
        if isinstance(v, float): return head(3, 8) + struct.pack(">d", v)
        if isinstance(v, int):
            n = (v.bit_length() + 7) // 8
            return head(6, n) + v.to_bytes(n, "big")
        if isinstance(v, list): return head(11, len(v)) + b"".join(self.value(x, share) for x in v)
        return head(7, len(v)) + b"".join(self.value(k, share) + self.value(x, share) for k, x in v.items())
    def put(self, v):
        for text in [x for x in json.dumps(v).split('"')[1::2] if x not in self.known]:
            self.known[text] = len(self.bytes)
            self.bytes += head(2, len(text.encode())) + text.encode()
        at = len(self.bytes)
        self.bytes += self.value(v)
        return at

def build(rows, bits=24, six=True):
    data, nodes = Data(), [[None, None]]
    for net, value in rows:
        net, at = ipaddress.ip_network(net), data.put(value)
        number, length = int(net.network_address), net.prefixlen
        wide = net.max_prefixlen
        if six and wide == 32: wide, length = 128, length + 96
        node = 0
        for k in range(length):
            bit = number >> (wide - 1 - k) & 1
            if k == length - 1: nodes[node][bit] = ("data", at); break
            if not isinstance(nodes[node][bit], int):
                nodes.append([nodes[node][bit], nodes[node][bit]]); nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
    n, tree = len(nodes), b""
    def number_of(x): return n if x is None else x if isinstance(x, int) else n + 16 + x[1]
    for left, right in nodes:
        l, r = number_of(left), number_of(right)
        if bits == 24: tree += struct.pack(">I", l)[1:] + struct.pack(">I", r)[1:]
        elif bits == 28: tree += struct.pack(">I", l)[1:] + bytes([l >> 24 << 4 | r >> 24]) + struct.pack(">I", r)[1:]
        else: tree += struct.pack(">II", l, r)
    meta = Data().value({"node_count": n, "record_size": bits, "ip_version": 6 if six else 4,
        "database_type": "Test", "languages": ["en"], "binary_format_major_version": 2,
        "binary_format_minor_version": 0, "build_epoch": 1764000000, "description": {"en": "a test's"}}, False)
    return tree + bytes(16) + data.bytes + b"\xab\xcd\xefMaxMind.com" + meta

if __name__ == "__main__":
    rows = [line.split(None, 1) for line in sys.stdin if line.strip()]
    bits = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    with open(sys.argv[1], "wb") as f:
        f.write(build([(n, json.loads(v)) for n, v in rows], bits, "4" not in sys.argv[3:]))
