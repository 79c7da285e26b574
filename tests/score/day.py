#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""False alarms a day: the ordinary traffic of labelled captures as 24 hours of an office of 200 hosts.

usage: day.py BUILD CAPTURES [--seed N] [--keep FILE] [-v]

day.tsv says who does what how often. Each showing of a capture is at a time of its own (drawn,
the same each time), with the addresses of office hosts and ports of its own; what labels.tsv does
not call quiet is left out, so every alert is false. The far ends stay: an office shares its
services. Read twice: with the office's inventory and list of known destinations, and with neither.
Told: alerts by rule, those that accuse (an audio, bulk or tunnel kind) summed, bulk-upload apart,
because without a list that is all a volume can go by.
"""
import argparse
import collections
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from score import ACCUSING, file_of, first_packet      # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
# kind, how many, the vendor of their cards as those of the captures' inventory
OFFICE = [("workstation", 110, "3c5282"), ("mobile", 40, "dc2c6e"), ("desk-phone", 20, "0004f2"),
          ("tablet", 14, "a483e7"), ("sensor", 10, "b827eb"), ("camera", 4, "bcad28"), ("server", 2, "002590")]
SHARED = {"10.20.0.1", "10.20.0.41", "10.20.0.51"}     # gateway and resolver, printer, recorder: one each
BEGIN = 1700006400                                     # midnight of a Wednesday
DAY = 86400


def office():
    """kind -> hosts; a host is its address and its card's vendor."""
    return {kind: ["10.20.%d.%d/%s" % (n + 1, i + 1, vendor) for i in range(count)]
            for n, (kind, count, vendor) in enumerate(OFFICE)}


def lasts(path):
    """Seconds from a capture's first packet to its last."""
    out = subprocess.run(["sh", "-c", 'case $1 in *.zst) zstd -qdc "$1";; *) cat "$1";; esac', "-", path],
                         stdout=subprocess.PIPE, check=True).stdout
    at, last = 24, None
    while at + 16 <= len(out):
        sec, frac, cap = (int.from_bytes(out[at + i:at + i + 4], "little") for i in (0, 4, 8))
        last = sec + frac / 1e6
        at += 16 + cap
    return last - first_packet(path)


def labels(folder):
    """capture -> (inside addresses, pairs that are not quiet)"""
    seen = collections.defaultdict(lambda: (set(), set()))
    with open(os.path.join(folder, "labels.tsv"), newline="") as f:
        for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            inside, left = seen[r["capture"]]
            inside |= {a for a in (r["src"], r["dst"]) if a.startswith("10.20.")}
            if r["expect"] != "quiet" and r["src"] != "0.0.0.0":
                left.add((r["src"], r["dst"]))
    return seen


def roles(folder):
    """inside address -> (kind of host, MAC), by the captures' inventory"""
    kinds = {"laptop": "workstation", "mobile phone": "mobile", "desk phone": "desk-phone"}
    with open(os.path.join(folder, "inventory", "assets.csv"), newline="") as f:
        return {r["ip"]: (kinds.get(r["role"], r["role"]), r["mac"]) for r in csv.DictReader(f)}


def plan(folder, seed):
    dice = random.Random(seed)
    hosts, who, role = office(), labels(folder), roles(folder)
    used = set()
    length, lines = {}, []
    with open(os.path.join(HERE, "day.tsv")) as f:
        acts = [l.rstrip("\n").split("\t") for l in f if not l.startswith("#")]
    for capture, host, kind, count, times, hours in acts:
        path = file_of(folder, capture)
        if path is None:
            sys.exit("day: '%s' is in day.tsv but not in the folder" % capture)
        length.setdefault(path, lasts(path))
        begin, end = (int(h) * 3600 for h in hours.split("-"))
        inside, left = who[capture]
        for n in range(int(count) if host != "*" else 1):
            if times == "on":
                at = [begin + dice.random() * 60 + i * (length[path] + 1)
                      for i in range(int((end - begin) / (length[path] + 1)))]
            else:
                at = [begin + dice.random() * (end - begin - length[path]) for _ in range(int(times))]
            for t in at:
                change = []
                for a in sorted(inside - SHARED):
                    group = hosts.get(role.get(a, ("workstation",))[0], hosts["workstation"])
                    b = hosts[kind][n] if a == host else dice.choice(group)
                    while a != host and any(c.endswith(">" + b) for c in change):
                        b = dice.choice(group)
                    used.add(b)
                    change.append("%s>%s" % (a, b))
                change += ["!%s-%s" % p for p in sorted(left)]
                lines.append((min(max(t, 0), DAY - length[path]), path, change))
    lines.sort()
    return ["%.3f %s %s\n" % (t, path, " ".join(change)) for t, path, change in lines], used, role


def inventory(path, used, role):
    with open(path, "w") as f:
        f.write("mac,ip,name,owner,role\n")
        for a in sorted(SHARED & set(role)):
            f.write("%s,%s,shared-%s,IT,%s\n" % (role[a][1], a, a.split(".")[3], role[a][0]))
        for host in sorted(used):
            a, vendor = host.split("/")
            mac = bytes.fromhex(vendor) + bytes(int(x) for x in a.split(".")[1:])
            f.write("%s,%s,host-%s,,\n" % (mac.hex(":"), a, a.replace(".", "-")))


def read(build, work, options, keep):
    """Alerts of the day, packets."""
    with open(os.path.join(work, "mix.err"), "w") as err:
        mix = subprocess.Popen([os.path.join(build, "tests/score/mix"), os.path.join(work, "plan"), str(BEGIN)],
                               stdout=subprocess.PIPE, stderr=err)
        p = subprocess.run([os.path.join(build, "earshot"), "read", "--format", "json"] + options + ["-"],
                           stdin=mix.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        mix.stdout.close()
        if mix.wait() != 0 or p.returncode != 0:
            sys.exit("day: mix %d, earshot %d: %s" % (mix.returncode, p.returncode,
                                                     p.stderr.decode("utf-8", "replace")[-2000:]))
    events = [json.loads(l) for l in p.stdout.splitlines()]
    if keep:
        with open(keep, "wb") as f:
            f.write(p.stdout)
    with open(os.path.join(work, "mix.err")) as f:
        packets = int(f.read().split()[0])
    return [e for e in events if e["event_type"] == "alert" and not e["earshot"]["update"]], packets


def tell(name, alerts, verbose):
    by = collections.Counter((e["earshot"]["rule"]["name"], e["earshot"]["kind"], e["earshot"]["severity"])
                             for e in alerts)
    for (rule, kind, severity), n in sorted(by.items()):
        print("%-18s %-24s %-20s %-9s %5d" % (name, rule, kind, severity, n))
    kinds = collections.Counter(e["earshot"]["kind"] for e in alerts)
    accusing = sum(n for k, n in kinds.items() if k in ACCUSING)
    print("%s: %d alerts a day, %d accuse, %d of these bulk-upload" %
          (name, len(alerts), accusing, kinds["bulk-upload"]))
    if verbose:
        for e in alerts:
            print("  %s %s" % (e["timestamp"], e["earshot"]["explain"]))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("build")
    a.add_argument("captures")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--keep", help="write the events here, with .list and .neither behind the name")
    a.add_argument("-v", action="store_true", help="each alert as well")
    o = a.parse_args()
    with tempfile.TemporaryDirectory() as work:
        lines, used, role = plan(o.captures, o.seed)
        with open(os.path.join(work, "plan"), "w") as f:
            f.writelines(lines)
        listed = os.path.join(work, "inventory.csv")
        inventory(listed, used, role)
        both = ["--inventory", "csv:" + listed, "--known", os.path.join(o.captures, "allowed_destinations.txt")]
        for name, options in (("list-and-inventory", both), ("neither", [])):
            alerts, packets = read(o.build, work, options, o.keep and "%s.%s" % (o.keep, name.split("-")[0]))
            tell(name, alerts, o.v)
        print("day: %d showings, %d packets, %d hosts" % (len(lines), packets, len(used)))


if __name__ == "__main__":
    main()
