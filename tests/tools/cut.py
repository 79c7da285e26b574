#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts captures at random bytes and reads what is left.

usage: cut.py EARSHOT CAPTURES WORK [--count N] [--seed S]

Small captures as pcap, pcapng, gzip and zstd; each file is cut at one place, one in ten of them
within the first 100 bytes. Wanted of each: exit 0 when the cut is between two packets, else exit 1
and a sentence that says that the file is empty, no capture, or ends in the middle; every packet
that is whole before the cut is read and no other; the books balance. Prints what is not so, and
`cut: N files, N packets, N wrong`; exits 1 when anything was wrong.
"""
import argparse
import concurrent.futures
import gzip
import json
import os
import random
import re
import struct
import subprocess
import sys
import zlib

NAMES = ("x01-hostile", "n15-chatter", "n11-iot-mqtt", "p12-ssh-pipe", "p22-dns-tunnel")
SAYS = re.compile(r"is empty|is not a capture|is no capture|ends in the middle|is damaged|cannot read")


def whole_pcap(b):
    """(whole packets, the cut is between two, the header is whole)"""
    if len(b) < 24:
        return 0, False, False
    i, n = 24, 0
    while i + 16 <= len(b):
        i += 16 + struct.unpack_from("<I", b, i + 8)[0]
        if i > len(b):
            return n, False, True
        n += 1
    return n, i == len(b), True


def whole_pcapng(b):
    i, n = 0, 0
    interface = False
    while i + 12 <= len(b):
        kind, size = struct.unpack_from("<II", b, i)
        if i + size > len(b):
            return n, False, interface
        i += size
        n += kind in (6, 3, 2)
        interface = interface or kind == 1
    return n, i == len(b), interface


def unzstd(b):
    return subprocess.run(["zstd", "-qdc"], input=b, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def ungzip(b):
    d = zlib.decompressobj(31)
    return d.decompress(b) if b else b""


def sources(captures, work):
    out = []
    for name in NAMES:
        path = os.path.join(captures, name + ".pcap.zst")
        with open(path, "rb") as f:
            zst = f.read()
        pcap = unzstd(zst)
        base = os.path.join(work, name)
        with open(base + ".pcap", "wb") as f:
            f.write(pcap)
        subprocess.run(["editcap", "-F", "pcapng", base + ".pcap", base + ".pcapng"], check=True)
        with open(base + ".pcapng", "rb") as f:
            out.append((name, "pcapng", f.read()))
        out += [(name, "pcap", pcap), (name, "zst", zst), (name, "gz", gzip.compress(pcap, mtime=0))]
    return out


def wanted(form, b):
    """whole packets, exit code"""
    if form == "pcapng":
        n, between, header = whole_pcapng(b)
        # Behind the section header alone there is no packet and nothing wrong.
        return n, 0 if between and (header or len(b) > 0) else 1
    plain = b if form == "pcap" else unzstd(b) if form == "zst" else ungzip(b)
    n, between, header = whole_pcap(plain)
    return n, 0 if form == "pcap" and between and header else 1


def one(job):
    earshot, work, k, name, form, b = job
    path = os.path.join(work, "cut-%d.%s" % (k, form))
    with open(path, "wb") as f:
        f.write(b)
    try:
        p = subprocess.run([earshot, "read", "-q", "--stats=json", path], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    except subprocess.TimeoutExpired:
        return 0, "%s.%s cut at %d: not done after 60 s" % (name, form, len(b))
    os.unlink(path)
    err = p.stderr.decode("utf-8", "replace")
    n, code = wanted(form, b)
    stats = {}
    for line in p.stdout.splitlines():
        e = json.loads(line)
        stats = e["stats"] if e["event_type"] == "stats" else stats
    seen = stats.get("packets", 0)
    wrong = []
    if p.returncode != code:
        wrong.append("exit %d, wanted %d" % (p.returncode, code))
    if code == 1 and not SAYS.search(err):
        wrong.append("no sentence says why")
    if code == 0 and err:
        wrong.append("it complains")
    if "died" in err or "Sanitizer" in err or "crash" in err:
        wrong.append("something died")
    if seen != n:
        wrong.append("%d packets read, %d are whole" % (seen, n))
    if stats and seen != stats["used"] + sum(stats["drops"].values()):
        wrong.append("the books do not balance")
    if wrong:
        return seen, "%s.%s cut at %d: %s: %s" % (name, form, len(b), "; ".join(wrong), err.strip()[:300])
    return seen, None


def main():
    a = argparse.ArgumentParser()
    a.add_argument("earshot")
    a.add_argument("captures")
    a.add_argument("work")
    a.add_argument("--count", type=int, default=500)
    a.add_argument("--seed", type=int, default=500)
    o = a.parse_args()
    dice = random.Random(o.seed)
    src = sources(o.captures, o.work)
    jobs = []
    for k in range(o.count):
        name, form, b = src[k % len(src)]
        at = dice.randrange(0, min(100, len(b))) if k % 10 == 9 else dice.randrange(0, len(b))
        jobs.append((o.earshot, o.work, k, name, form, b[:at]))
    packets = bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for n, wrong in pool.map(one, jobs):
            packets += n
            if wrong:
                bad += 1
                print(wrong)
    print("cut: %d files, %d packets, %d wrong" % (o.count, packets, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
