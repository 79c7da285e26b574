# SPDX-License-Identifier: GPL-3.0-or-later
"""From a raw capture to one that can be kept: cut, counted and labelled.

usage: labels.py FOLDER     counts the captures of FOLDER again; says where its labels.tsv is wrong

The first 60 packets of every flow stay whole, later ones are cut to 128 bytes; the length on the
wire stays true. Each row of the truth is counted against the packets; a flow no row covers fails the
scene, save name look-ups and what hosts say among themselves.
"""
import csv
import ipaddress
import os
import struct
import subprocess
import sys
import tempfile

WHOLE, CUT = 60, 128
COLUMNS = ("capture proto src sport dst dport expect kind codec audio_bytes tool flows up_pkts up_wire_bytes "
           "down_wire_bytes first_s last_s dst_listed note").split()
PROTO = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}


def packets(path):
    with open(path, "rb") as f:
        head = f.read(24)
        while True:
            h = f.read(16)
            if len(h) < 16:
                return
            sec, usec, cap, wire = struct.unpack("<IIII", h)
            yield head, sec, usec, wire, f.read(cap)


def tuple_of(b):
    """(proto, src, sport, dst, dport, payload bytes, begins) of an Ethernet frame; None when not IP."""
    at = 14
    kind = b[12:14]
    if kind == b"\x81\x00":
        kind, at = b[16:18], 18
    if kind == b"\x08\x00":
        ihl, proto = (b[at] & 15) * 4, b[at + 9]
        src, dst = (str(ipaddress.IPv4Address(b[at + i:at + i + 4])) for i in (12, 16))
        total, up, cont = struct.unpack("!H", b[at + 2:at + 4])[0], at + ihl, struct.unpack(
            "!H", b[at + 6:at + 8])[0] & 0x1fff
        end = at + total
        if cont:
            return PROTO.get(proto, str(proto)), src, 0, dst, 0, 0, False
    elif kind == b"\x86\xdd":
        proto, up = b[at + 6], at + 40
        src, dst = (str(ipaddress.IPv6Address(b[at + i:at + i + 16])) for i in (8, 24))
        end = up + struct.unpack("!H", b[at + 4:at + 6])[0]
    else:
        return None
    if proto not in (6, 17):
        return PROTO.get(proto, str(proto)), src, 0, dst, 0, 0, False
    sport, dport = struct.unpack("!HH", b[up:up + 4])
    if proto == 17:
        return "udp", src, sport, dst, dport, end - up - 8, False
    return "tcp", src, sport, dst, dport, end - up - (b[up + 12] >> 4) * 4, b[up + 13] & 0x12 == 2


def keep(raw, out):
    """Writes RAW cut to OUT (zstd), unless that is None; gives back what is needed to count."""
    seen, flows, n, long_ = {}, {}, 0, 0
    tmp = (out or os.devnull) + (".pcap" if out else "")
    with open(tmp, "wb") as f:
        for head, sec, usec, wire, b in packets(raw):
            if n == 0:
                f.write(head)
                start = sec + usec / 1e6
            n += 1
            t = tuple_of(b)
            key = None if t is None else (t[0],) + tuple(sorted([t[1:3], t[3:5]]))
            seen[key] = seen.get(key, 0) + 1
            kept = b if seen[key] <= WHOLE else b[:CUT]
            long_ += len(b) > len(kept)
            f.write(struct.pack("<IIII", sec, usec, len(kept), wire) + kept)
            if t:
                d = flows.setdefault(t[:5], [0, 0, 0, sec + usec / 1e6 - start, 0, False])
                d[0] += 1
                d[1] += wire
                d[2] += max(0, t[5])
                d[4] = sec + usec / 1e6 - start
                d[5] = d[5] or t[6]
    if out is None:
        if long_:
            raise ValueError("%d packets are longer than the snap rule lets them" % long_)
        return flows
    subprocess.run(["zstd", "-q", "-19", "-f", "--rm", tmp, "-o", out], check=True)
    return flows


def fits(want, port):
    if want == "*":
        return True
    a, _, b = want.partition("-")
    return int(a) <= port <= int(b or a)


def listed(captures, name, ip):
    with open(os.path.join(captures, "allowed_destinations.txt")) as f:
        for line in f:
            w = line.split("#")[0].split()
            if w and w[0] == "domain" and (name == w[1] or name.endswith("." + w[1])):
                return True
            if w and w[0] == "net" and ":" not in ip and ipaddress.ip_address(ip) in ipaddress.ip_network(w[1]):
                return True
    return False


def table(capture, rows, flows, captures):
    """The rows with their numbers; raises ValueError when truth and packets disagree."""
    left, out = dict(flows), []
    for r in rows:
        up = [k for k in left if k[0] == r["proto"] and k[1] == r["src"] and k[3] == r["dst"]
              and fits(r["sport"], k[2]) and fits(r["dport"], k[4])]
        if not up:
            raise ValueError("no packet fits %s %s>%s:%s" % (r["proto"], r["src"], r["dst"], r["dport"]))
        down = [(k[0], k[3], k[4], k[1], k[2]) for k in up]
        both = [left[k] for k in up] + [left[k] for k in down if k in left]
        sent = sum(left[k][2] for k in up)
        if r["got"] is not None and not 0.94 * sent <= r["got"] <= sent:
            raise ValueError("of %d bytes sent to %s:%s %d arrived" % (sent, r["dst"], r["dport"], r["got"]))
        out.append({**r, "capture": capture, "flows": len(up), "up_pkts": sum(left[k][0] for k in up),
                    "up_wire_bytes": sum(left[k][1] for k in up),
                    "down_wire_bytes": sum(left[k][1] for k in down if k in left),
                    "first_s": "%.1f" % min(d[3] for d in both), "last_s": "%.1f" % max(d[4] for d in both),
                    "dst_listed": "yes" if listed(captures, r["name"], r["dst"]) else "no"})
        for k in up + down:
            left.pop(k, None)
    rest = {}
    for k, d in list(left.items()):
        if k not in left:
            continue
        back = left.pop((k[0], k[3], k[4], k[1], k[2]), None)
        left.pop(k, None)
        if k[0] == "udp" and k[2] == 53 or k[0] == "icmp" and back is None:
            k, d, back = (k[0], k[3], k[4], k[1], k[2]), back or [0] * 6, d
        if k[0] == "icmp" or k[3] == "10.20.0.1" and k[4] == 53:
            rest.setdefault((k[0], k[1], k[3], k[4]), []).append((d, back))
        elif k[3].startswith(("ff02:", "224.", "255.")):
            continue
        else:
            raise ValueError("a flow no row covers: %s %s:%d>%s:%d" % k)
    for (proto, src, dst, dport), ds in sorted(rest.items()):
        both = [x for d in ds for x in d if x and x[0]]
        if dst.startswith(("ff02:", "fe80:")) or src.startswith("fe80:") or not both:
            continue
        dns = proto == "udp"
        out.append({"capture": capture, "proto": proto, "src": src, "sport": "*", "dst": dst, "dport": dport,
                    "expect": "quiet" if dns else "either", "kind": "dns" if dns else "icmp", "codec": "-",
                    "audio_bytes": 0, "tool": "-", "flows": len(ds), "up_pkts": sum(d[0] for d, _ in ds),
                    "up_wire_bytes": sum(d[1] for d, _ in ds), "down_wire_bytes": sum(b[1] for _, b in ds if b),
                    "first_s": "%.1f" % min(x[3] for x in both), "last_s": "%.1f" % max(x[4] for x in both),
                    "dst_listed": "yes" if dns else "no", "note": "background"})
    return out


def recount(folder, captures):
    """Faults of a folder that was kept: one line each."""
    with open(os.path.join(folder, "labels.tsv"), newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = {n[:-len(".pcap.zst")] for n in os.listdir(folder) if n.endswith(".pcap.zst")}
    for n in sorted(names ^ {r["capture"] for r in rows}):
        yield "%s: a capture without labels, or labels without a capture" % n
    for n in sorted(names & {r["capture"] for r in rows}):
        told = [r for r in rows if r["capture"] == n]
        with tempfile.NamedTemporaryFile(suffix=".pcap") as raw:
            subprocess.run(["zstd", "-qdcf", os.path.join(folder, n + ".pcap.zst")], stdout=raw, check=True)
            try:
                again = table(n, [{**r, "got": None, "name": ""} for r in told if r["note"] != "background"],
                              keep(raw.name, None), captures)
            except ValueError as e:
                yield "%s: %s" % (n, e)
                continue
        for r, x in zip(told, again):
            for k in ("src", "dst", "dport", "flows", "up_pkts", "up_wire_bytes", "down_wire_bytes", "first_s",
                      "last_s"):
                if r[k] != str(x[k]):
                    yield "%s: %s of %s>%s is %s, not %s" % (n, k, r["src"], r["dst"], x[k], r[k])
        if len(told) != len(again):
            yield "%s: %d rows, wanted %d" % (n, len(told), len(again))


if __name__ == "__main__":
    said = list(recount(sys.argv[1], os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "captures")))
    print("\n".join(said) or "labels and packets agree")
    sys.exit(bool(said))
