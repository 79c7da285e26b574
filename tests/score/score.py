#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recall, false alarms and time to alert over a folder of labelled captures.

usage: score.py EARSHOT CAPTURES [--rewrite MODE] [--no-list] [--rules PATH] [--hearing LIMITS] [--work FOLDER] [-v]

CAPTURES holds labels.tsv and captures; inventory/assets.csv and allowed_destinations.txt when
there are such. Two forms of labels.tsv are read, known apart by their headers: the lab's (one
row a flow, column `expect`) and that of captures gathered from public projects (column `label`
and `flow`; there the side that sends is taken as home).

MODE is one of tests/tools/rewrite: ipv6, renumber, cut, vlan, qinq, mpls, pppoe, gre, vxlan,
half-taps, duplicates, super, mixed, year, loss, loss-5, one-way, answers, detour.

Found: an event of type alert whose device and dest_ip are the row's and whose kind kinds.tsv
allows. Accused: an alert of an audio, bulk or tunnel kind with a quiet row's source and
destination; a row that is `not-audio` by one of a live, chunked or content kind. Each miss and
false alarm is named, with what the sensor says it could not see (the event's `seen`, and anomalies
of the sensor).

Accuracy, over the rows found: seconds of sound as the last event of the row tells them against the
true ones (live: the label's time from first to last packet; chunked: its bytes at its rate); codec
and rate where the content is clear, against the label's.
"""
import argparse
import concurrent.futures
import csv
import datetime
import json
import os
import re
import statistics
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ACCUSING = {"live-audio", "chunked-audio", "audio-upload", "bulk-upload", "tunnel"}
# Encrypted, to hosts nobody listed, and no sound: "much left, content unknown" is right there, and so
# is the name of a tunnel.
WRONG = {"quiet": ACCUSING, "not-audio": {"live-audio", "chunked-audio", "audio-upload"}}


def allowed_kinds():
    kinds = {}
    with open(os.path.join(HERE, "kinds.tsv")) as f:
        for line in f:
            if not line.startswith("#"):
                name, events = line.rstrip("\n").split("\t")
                kinds[name] = {k.strip() for k in events.split(",")}
    return kinds


def rows_of(folder):
    with open(os.path.join(folder, "labels.tsv"), newline="") as f:
        for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if "expect" in r:
                yield {"capture": r["capture"], "src": r["src"], "dst": r["dst"], "expect": r["expect"],
                       "kind": r["kind"], "start": float(r["first_s"]), "home": None,
                       "codec": r["codec"], "bytes": int(r["audio_bytes"]) if r["audio_bytes"].isdigit() else 0,
                       "lasts": float(r["last_s"]) - float(r["first_s"]),
                       "name": "%s %s %s>%s:%s" % (r["capture"], r["kind"], r["src"], r["dst"], r["dport"])}
                continue
            m = re.match(r"\w+ (.+):(\d+)>(.+):(\d+)$", r["flow"])
            if not m:
                continue
            ports = tuple(int(m.group(i)) or None for i in (2, 4))
            label = r["label"]
            expect = "alert" if label.startswith("audio-") else "either" if label == "tunnel" else "quiet"
            yield {"capture": r["capture"], "src": m.group(1), "dst": m.group(3), "expect": expect,
                   "kind": label, "start": 0.0, "home": m.group(1), "codec": "", "bytes": 0, "lasts": 0.0,
                   "name": "%s %s %s>%s" % (r["capture"], label, m.group(1), m.group(3)), "ports": ports}


def file_of(folder, capture):
    for end in ("", ".pcap.zst", ".pcap", ".pcapng"):
        path = os.path.join(folder, capture + end)
        if os.path.isfile(path):
            return path
    return None


def events_of(job):
    earshot, path, options = job
    p = subprocess.run([earshot, "read", "--format", "json"] + options + [path],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    events = [json.loads(l) for l in p.stdout.splitlines()]
    return events, p.returncode, p.stderr.decode("utf-8", "replace")


# What a label calls a codec, and what an event may.
CODECS = {"opus": ("opus",), "mp3": ("mp3",), "aac": ("aac", "m4a", "mp4"), "G.711 mu-law": ("ulaw", "pcmu")}


class Accuracy:
    """How near the told lengths, codecs and rates are."""
    def __init__(self):
        self.off = {}                   # kind -> share by which the seconds are off
        self.codec, self.rate = [0, 0], [0, 0]
        self.lines = []

    def row(self, r, events):
        told = [e["earshot"]["audio"]["seconds"] for e in events if "seconds" in e["earshot"].get("audio", {})
                and e["earshot"]["kind"] in ("live-audio", "chunked-audio")]
        rate = re.search(r"(\d+)k", r["codec"])
        true = {"audio-live": r["lasts"],
                "audio-chunked": r["bytes"] * 8 / (int(rate.group(1)) * 1000) if rate else 0}.get(r["kind"])
        if true:
            off = abs(told[-1] - true) / true if told else 1.0
            self.off.setdefault(r["kind"], []).append(off)
            if off > {"audio-live": 0.1, "audio-chunked": 0.2}[r["kind"]]:
                self.lines.append("LENGTH %s: %s of %.0f s" % (r["name"], "%.0f" % told[-1] if told else "nothing",
                                                               true))
        clear = [e["earshot"] for e in events if e["earshot"].get("content", {}).get("class") == "audio"]
        names = [n for word, n in CODECS.items() if word in r["codec"]]
        if not clear or not names:
            return
        said = [x.get("audio", {}) for x in clear]
        ok = any(n in a.get("codec_guess", "") for a in said for ns in names for n in ns)
        self.codec[0] += ok
        self.codec[1] += 1
        if not ok:
            self.lines.append("CODEC %s: %s" % (r["name"], sorted({a.get("codec_guess", "-") for a in said})))
        rates = [int(k) * 1000 for k in re.findall(r"(\d+)k", r["codec"])]
        if rates:
            ok = any(abs(a["bitrate_bps"] - k) <= 0.1 * k for a in said if "bitrate_bps" in a for k in rates)
            self.rate[0] += ok
            self.rate[1] += 1
            if not ok:
                self.lines.append("RATE %s: %s" % (r["name"], sorted({a.get("bitrate_bps", 0) for a in said})))

    def tell(self):
        for line in self.lines:
            print(line)
        for kind, off in sorted(self.off.items()):
            print("seconds of %s: off by %.0f %% (median), %.0f %% at most" %
                  (kind, 100 * statistics.median(off), 100 * max(off)))
        print("where content is clear: codec %d/%d, rate %d/%d" % (*self.codec, *self.rate))


def unseen(alerts, events):
    """What these alerts, or the sensor, say they could not see."""
    said = {k for e in alerts for k, v in e["earshot"].get("seen", {}).items() if v and k != "truncated"}
    said |= {e["anomaly"]["event"] for e in events if e["event_type"] == "anomaly" and
             e["earshot"]["kind"] == "sensor"}
    return "; not seen: " + ", ".join(sorted(said)) if said else ""


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def first_packet(path):
    """Time of the first packet of a classic pcap; None for other forms."""
    cmd = ["zstd", "-qdc", path] if path.endswith(".zst") else ["cat", path]
    with subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        head = p.stdout.read(40)
        p.kill()
    end = {b"\xd4\xc3\xb2\xa1": ("<", 1e6), b"\x4d\x3c\xb2\xa1": ("<", 1e9),
           b"\xa1\xb2\xc3\xd4": (">", 1e6), b"\xa1\xb2\x3c\x4d": (">", 1e9)}.get(head[:4])
    if end is None or len(head) < 40:
        return None
    sec, frac = struct.unpack(end[0] + "II", head[24:32])
    return sec + frac / end[1]


def tunnels_named(rows, by):
    """Are rows labelled tunnel called one in the events of their flow?"""
    asked = [r for r in rows if r["kind"] == "tunnel" and "ports" in r]
    named = 0
    for r in asked:
        words = {e["earshot"]["tunnel"] for e in by[r["capture"]][2]
                 if "tunnel" in e.get("earshot", {}) and e.get("src_ip") == r["src"] and e.get("dest_ip") == r["dst"]
                 and (e.get("src_port"), e.get("dest_port")) in (r["ports"], (None, None))}
        named += bool(words)
        print("%s %s%s" % ("NAMED" if words else "PLAIN", r["name"], words and " as " + ", ".join(sorted(words)) or ""))
    if asked:
        print("tunnels named: %d/%d" % (named, len(asked)))


def main():
    a = argparse.ArgumentParser(add_help=True)
    a.add_argument("earshot")
    a.add_argument("captures")
    a.add_argument("--rewrite", default="")
    a.add_argument("--no-list", action="store_true")
    a.add_argument("--rules")
    a.add_argument("--hearing", default="", help="limits, 'WORD VALUE; WORD VALUE', in place of the shipped ones")
    a.add_argument("--work", default="build/score")
    a.add_argument("-v", action="store_true")
    o = a.parse_args()
    folder = o.captures
    if o.rewrite:
        folder = os.path.join(o.work, o.rewrite)
        subprocess.run([os.path.join(HERE, "..", "tools", "rewrite"), o.rewrite, o.captures, folder], check=True)
    kinds = allowed_kinds()
    rows = list(rows_of(folder))
    options = []
    inventory = os.path.join(folder, "inventory", "assets.csv")
    known = os.path.join(folder, "allowed_destinations.txt")
    if not o.no_list and os.path.exists(inventory):
        options += ["--inventory", "csv:" + inventory]
    if not o.no_list and os.path.exists(known):
        options += ["--known", known]
    if o.rules:
        options += ["-S", o.rules]
    if o.hearing:
        os.makedirs(o.work, exist_ok=True)
        path = os.path.join(o.work, "hearing.rules")
        with open(path, "w") as f:
            f.write("hearing {\n%s\n}\n" % "\n".join(w.strip() for w in o.hearing.split(";")))
        options += ["-s", path]
    if any("ports" in r for r in rows):
        options += ["--flows"]
    jobs = []
    names = sorted({r["capture"] for r in rows})
    for name in names:
        path = file_of(folder, name)
        if path is None:
            sys.exit("score: '%s' is in labels.tsv but not in the folder" % name)
        home = sorted({r["home"] for r in rows if r["capture"] == name and r["home"]})
        jobs.append((o.earshot, path, options + (["--home", ",".join(home)] if home else [])))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(events_of, jobs))
    by = {}
    bad = 0
    for name, job, (events, rc, err) in zip(names, jobs, results):
        by[name] = ([e for e in events if e["event_type"] == "alert"], first_packet(job[1]), events)
        # A capture that ends inside a packet is still scored by what was read.
        if rc != 0 and "ends in the middle" not in err:
            bad += 1
            print("FAULT %s: exit %d: %s" % (name, rc, err.strip()[:300]))
    found = quiet = accused = suspected = 0
    wanted = {}
    times = {}
    accuracy = Accuracy()
    for r in rows:
        alerts, start, events = by[r["capture"]]
        same = [e for e in alerts if e.get("src_ip") == r["src"] and e.get("dest_ip") == r["dst"]]
        if r["expect"] == "alert":
            ok = [e for e in same if e["earshot"]["kind"] in kinds.get(r["kind"], ())]
            n, h = wanted.get(r["kind"], (0, 0))
            wanted[r["kind"]] = (n + 1, h + bool(ok))
            found += bool(ok)
            if not ok:
                suspected += any(e["earshot"]["kind"] in kinds.get(r["kind"], ()) for e in by[r["capture"]][2]
                                 if e.get("anomaly", {}).get("type") == "suspect" and e.get("src_ip") == r["src"]
                                 and e.get("dest_ip") == r["dst"])
                print("MISS  %s (alerts: %s%s)" % (r["name"], ", ".join(
                    sorted({e["earshot"]["kind"] for e in same})) or "none", unseen([], events)))
                continue
            accuracy.row(r, same)
            if start is not None:
                times.setdefault(r["kind"], []).append(
                    min(seconds(e["timestamp"]) for e in ok) - start - r["start"])
        elif r["expect"] in WRONG:
            quiet += 1
            wrong = sorted({e["earshot"]["kind"] for e in same} & WRONG[r["expect"]])
            accused += bool(wrong)
            if wrong:
                print("FALSE %s (%s%s)" % (r["name"], ", ".join(wrong), unseen(same, events)))
    if o.v:
        for name in names:
            for e in by[name][0]:
                print("event %s %s %s>%s %s" % (name, e["earshot"]["kind"], e.get("src_ip"), e.get("dest_ip"),
                                                e["alert"]["signature"]))
    print("%-22s %7s %16s" % ("kind", "found", "median s to alert"))
    for k in sorted(wanted):
        t = times.get(k)
        print("%-22s %3d/%-3d %16s" % (k, wanted[k][1], wanted[k][0], "%.1f" % statistics.median(t) if t else "-"))
    accuracy.tell()
    tunnels_named(rows, by)
    if suspected:
        print("of those missed, suspects say so of: %d" % suspected)
    print("score: recall %d/%d, false alarms %d/%d" % (found, sum(n for n, _ in wanted.values()), accused, quiet))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
