#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of contrib/docs/hearing.md, from labelled captures.

usage: figures.py BUILD CAPTURES OUT [--table]

Each is a strip: a line for each kind of traffic in labels.tsv, a mark for each window (or pair) at the
value a test gave it, and the limit that the shipped rules set. What must be told is red, calls are
blue, the rest is grey. A mark at the left or right edge lies beyond it. Kinds of a folder `lab` within
CAPTURES have lines of their own. With --table what is drawn is printed too, in numbers.
"""
import collections
import concurrent.futures
import csv
import math
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from score import file_of      # noqa: E402

RED, BLUE, GREY = "#c0392b", "#2471a3", "#7f8c8d"
FIELDS = ["src.ip", "dest.ip", "dest.port", "window.scope", "voice.fano", "voice.bytes_fano", "voice.steady",
          "voice.clock", "voice.score", "text.printable", "text.outside", "way.bytes", "way.packets",
          "chunks.even_gaps", "chunks.even_sizes", "chunks.rate", "dns.bytes", "dns.mean",
          "dns.queries", "voice.rate", "voice.pass", "chunks.way",
          "window.length"]
WINDOW = 10     # what a stream's end leaves of one is told only where it passes: not drawn


def limit(word, unit=1.0):
    """The number behind a word in the shipped limits."""
    with open(os.path.join("rules", "std", "00-hearing.rules")) as f:
        for line in f:
            m = re.match(r"\s*%s\s+(-?[\d.]+)" % re.escape(word), line)
            if m:
                return float(m.group(1)) * unit
    sys.exit("figures: no limit '%s'" % word)


def rule_limit(word):
    """The first number that a shipped rule compares this field with."""
    for name in sorted(os.listdir(os.path.join("rules", "std"))):
        if name.endswith(".rules"):
            with open(os.path.join("rules", "std", name)) as f:
                m = re.search(r"\b%s\s*(?:>=|<=|<|>)\s*([\d.]+)( kB| MB| s)?" % re.escape(word), f.read())
            if m:
                return float(m.group(1)) * {" kB": 1e3, " MB": 1e6}.get(m.group(2), 1)
    sys.exit("figures: no rule asks '%s'" % word)


# file, what, field, (from, to), logarithmic, scope, limits, which windows
FIGURES = [
    ("t1-packets", "T1: F, variance over mean of the packets a second", "voice.fano", (0.002, 50), True,
     "socket", lambda: [limit("voice.fano.max")], None),
    ("t1-bytes", "T1: J, the same of bytes, scaled by message sizes", "voice.bytes_fano", (0.0005, 50), True,
     "socket", lambda: [limit("voice.bytes_fano.max")], None),
    ("t1-rate", "T1: payload rate of a window, kbit/s", "voice.rate", (0.05, 20000), True,
     "socket", lambda: [limit("voice.rate.min"), limit("voice.rate.max")], None),
    ("t2-steady", "T2: the smaller of F and J in bins of four seconds", "voice.steady", (0.0005, 50), True,
     "socket", lambda: [rule_limit("voice.steady")], None),
    ("t3-clock", "T3: vector strength at the strongest frame clock", "voice.clock", (0, 1), False,
     "socket", lambda: [limit("clock.strength.min")], None),
    ("decision", "The sequential score after each window", "voice.score", (-4, 30), False,
     "socket", lambda: [4.9, 9.16], None),
    ("t4-text", "T4: share of payload bytes outside base64's alphabet, where three quarters are printable",
     "text.outside", (0, 0.6), False, None, lambda: [limit("text.outside.min")],
     lambda r: r["text.printable"] is not None and r["text.printable"] >= 0.75),
    ("t5-bytes", "T5: bytes down over bytes up", "way.bytes", (0.002, 200), True,
     "socket", lambda: [limit("way.bytes.two")], lambda r: r["voice.pass"] == 1),
    ("t5-packets", "T5: packets down over up, where the way down keeps time", "way.packets", (0, 2), False,
     "socket", lambda: [limit("way.packets.two")], lambda r: r["voice.pass"] == 1),
    ("t6-gaps", "T6: share of gaps near the median gap, three bursts and more", "chunks.even_gaps", (0, 1), False,
     "pair", lambda: [limit("burst.share")], None),
    ("t6-sizes", "T6: share of burst sizes near the median size, three bursts and more", "chunks.even_sizes", (0, 1),
     False, "pair", lambda: [limit("burst.share")], None),
    ("t6-rate", "T6: median piece over median gap, kbit/s, three bursts and more", "chunks.rate", (0.05, 20000), True,
     "pair", lambda: [limit("burst.rate.min"), 16, limit("burst.rate.max")], None),
    ("t6-way", "T6: bytes down over up of the bursts, without what opens connections", "chunks.way", (0.002, 200), True,
     "pair", lambda: [limit("burst.way.max")], None),
    ("t7-bytes", "T7: bytes in queries for one domain in a minute", "dns.bytes", (20, 1e6), True,
     "domain", lambda: [rule_limit("dns.bytes")], None),
    ("t8-upload", "T8: bytes sent by a device to an address, a few minutes of it", "upload", (100, 1e8), True,
     None, lambda: [rule_limit("upload"), rule_limit("upload") * 5], None),
]


def labels(folder):
    """capture -> [(src, dst, port or None, group, colour)]"""
    found = collections.defaultdict(list)
    with open(os.path.join(folder, "labels.tsv"), newline="") as f:
        for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if r["expect"] == "either":
                continue
            kind = r["kind"]
            colour = RED if r["expect"] == "alert" else BLUE if kind == "call" else GREY
            port = r["dport"] if r["dport"].isdigit() else None
            found[r["capture"]].append((r["src"], r["dst"], port, kind, colour))
    return found


def records(build, path, kind, fields):
    out = subprocess.run([os.path.join(build, "tests/score/records"), path, kind] + fields + ["--", "rules/std"],
                         stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "replace")
    for line in out.splitlines():
        r = dict(zip(fields, line.split("\t")))
        for k, v in r.items():
            if k not in ("src.ip", "dest.ip", "dest.port", "window.scope"):
                r[k] = None if v == "-" else float(v)
        yield r


def read(job):
    """Windows, and a record for each pair of hosts with what went up in all its flows."""
    build, path = job
    rows = [r for r in records(build, path, "window", FIELDS)
            if r["window.scope"] != "socket" or r["window.length"] >= WINDOW]
    sums = collections.Counter()
    for r in records(build, path, "close", ["outbound", "src.ip", "dest.ip", "upload"]):
        if r["outbound"] == 1:
            sums[r["src.ip"], r["dest.ip"]] += r["upload"] or 0
    return rows + [dict.fromkeys(FIELDS, None) | {"src.ip": a, "dest.ip": b, "dest.port": "-", "upload": n}
                   for (a, b), n in sums.items()]


def gather(build, folder):
    """[(window, group, colour)]"""
    named = labels(folder)
    names = sorted(named)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        read_all = list(pool.map(read, [(build, file_of(folder, n)) for n in names]))
    out = []
    for name, rows in zip(names, read_all):
        for r in rows:
            best = [l for l in named[name] if l[0] == r["src.ip"] and l[1] == r["dest.ip"] and
                    (l[2] is None or r["dest.port"] in ("-", l[2]))]
            best.sort(key=lambda l: (l[4] != RED, l[2] is None))
            if best:
                out.append((r, best[0][3], best[0][4]))
    return out


def in_numbers(groups, limits):
    """For each group: how many, least, quarter, median, three quarters, most, and up to each limit."""
    for (name, colour), values in sorted(groups.items(), key=lambda g: ((RED, BLUE, GREY).index(g[0][1]), g[0][0])):
        v = sorted(values)
        n = len(v)
        print("    %-24s %4d  %s  up to %s" % (
            name, n, " ".join("%8.3g" % v[round(q * (n - 1))] for q in (0, 0.25, 0.5, 0.75, 1)),
            ", ".join("%g: %d" % (m, sum(x <= m for x in v)) for m in limits)))


def strip(title, groups, low, high, log, limits):
    """groups: (name, colour) -> values. SVG text."""
    left, width, row, top = 170, 560, 17, 42
    rows = sorted(groups, key=lambda g: ((RED, BLUE, GREY).index(g[1]), g[0]))
    height = top + row * len(rows) + 40

    def x(v):
        v = min(max(v, low), high)
        part = (math.log(v) - math.log(low)) / (math.log(high) - math.log(low)) if log else (v - low) / (high - low)
        return left + 8 + part * (width - 16)

    o = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">' %
         (left + width + 20, height),
         '<rect width="100%" height="100%" fill="white"/>',
         '<text x="10" y="18" font-size="13">%s</text>' % title]
    if log:
        ticks = [10.0 ** e for e in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]
    else:
        step = (high - low) / 5
        step = [s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if s >= step * 0.75][0]
        ticks = [low + i * step for i in range(int((high - low) / step + 1e-9) + 1)]
    bottom = top + row * len(rows)
    for t in ticks:
        o.append('<path d="M%.1f %dV%d" stroke="#e5e7e9"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>' %
                 (x(t), top, bottom, x(t), bottom + 16, t))
    for v in limits:
        o.append('<path d="M%.1f %dV%d" stroke="black" stroke-dasharray="4 3"/>'
                 '<text x="%.1f" y="%d" text-anchor="middle">%g</text>' % (x(v), top - 4, bottom, x(v), top - 8, v))
    for i, g in enumerate(rows):
        y = top + row * i + row // 2
        o.append('<text x="%d" y="%d" text-anchor="end" fill="%s">%s (%d)</text>' %
                 (left - 4, y + 4, g[1], g[0], len(groups[g])))
        marks = collections.Counter("%.0f" % x(v) for v in groups[g])
        o.append('<path d="%s" stroke="%s" stroke-width="2" stroke-opacity="0.6"/>' %
                 ("".join("M%s %dv%d" % (m, y - 5, 10) for m in sorted(marks, key=int)), g[1]))
    o.append("</svg>")
    return "\n".join(o) + "\n"


def main():
    table = sys.argv[4:] == ["--table"]
    if len(sys.argv) != 4 + table:
        sys.exit(__doc__)
    build, folder, out = sys.argv[1:4]
    windows = gather(build, folder)
    if os.path.exists(os.path.join(folder, "lab", "labels.tsv")):
        windows += [(r, "lab: " + kind, colour) for r, kind, colour in gather(build, os.path.join(folder, "lab"))]
    os.makedirs(out, exist_ok=True)
    for name, title, field, (low, high), log, scope, limits, which in FIGURES:
        groups = collections.defaultdict(list)
        for r, group, colour in windows:
            if r.get(field) is not None and scope in (None, r["window.scope"]) and (which is None or which(r)):
                groups[group, colour].append(r[field] / (1000 if field.endswith(".rate") else 1))
        with open(os.path.join(out, name + ".svg"), "w") as f:
            f.write(strip(title, groups, low, high, log, limits()))
        print("%-12s %d kinds, %d marks" % (name, len(groups), sum(map(len, groups.values()))))
        if table:
            in_numbers(groups, limits())


if __name__ == "__main__":
    main()
