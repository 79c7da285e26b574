#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the lab's captures: real programs, in real time, in network namespaces.

usage: lab.py FOLDER [--jobs N] [--list] [SCENE...]

Each scene plays in a cell of its own (cell.py), several at once. What arrived at the far side is
compared with what was sent, the packets are counted against the truth (labels.py), and only then
FOLDER/captures gets the capture and its rows of labels.tsv. Needs root and the packages of
`contrib/deps.sh lab`. The tally is the last line; a scene that failed is told with its reason.
"""
import argparse
import concurrent.futures
import csv
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import cell as cells        # noqa: E402
import labels               # noqa: E402
import scene                # noqa: E402
import scenes_live          # noqa: E402,F401  each registers its scenes
import scenes_browser       # noqa: E402,F401
import scenes_camera        # noqa: E402,F401
import scenes_store         # noqa: E402,F401
import scenes_quiet         # noqa: E402,F401
import scenes_tunnel        # noqa: E402,F401

NEEDS = ("ip nsenter unshare ethtool dumpcap zstd dnsmasq gcc openssl sox espeak-ng ffmpeg gst-launch-1.0 curl nginx "
         "openvpn wireguard-go wg mosquitto mosquitto_pub rsyslogd rclone nft prometheus-node-exporter ssh "
         "mosquitto_sub lame convert chromium gtlsserver microsocks").split()


def tools(folder):
    out = {"link": os.path.join(folder, "link"), "cert": os.path.join(folder, "cert.pem"),
           "key": os.path.join(folder, "key.pem"), "folder": folder}
    cells.sh("gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out["link"],
             os.path.join(HERE, "link.c"), "-lm")
    if not os.path.exists(out["cert"]):
        cells.sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                 "/CN=far.example", "-addext", "subjectAltName=DNS:*.example,DNS:*.rec.example", "-keyout",
                 out["key"], "-out", out["cert"])
    return out


def play(s, index, folder, made):
    """Returns the scene's rows and None, or None and why it failed."""
    work = os.path.join(folder, "work", s.name)
    shutil.rmtree(work, ignore_errors=True)
    c = cells.Cell(s, index, work, made)
    try:
        try:
            s.prepare and s.prepare(c)
            c.build()
            s.play(c)
            c.stop_capture()
            c.far_ends()
            s.check and s.check(c)
        finally:
            c.end()
        out = os.path.join(folder, "captures", s.name + ".pcap.zst")
        flows = labels.keep(c.raw, out)
        rows = labels.table(s.name, c.rows, flows, cells.CAPTURES)
        shutil.rmtree(work)
        return rows, None
    except (cells.Failed, ValueError, OSError, KeyError, IndexError, subprocess.SubprocessError) as e:
        return None, "%s: %s" % (type(e).__name__, e)


def write(path, rows):
    """The rows of scenes that were played replace theirs; others stay."""
    old = []
    if os.path.exists(path):
        with open(path, newline="") as f:
            old = [r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                   if r["capture"] not in {x["capture"] for x in rows}]
    with open(path + ".tmp", "w") as f:
        f.write("\t".join(labels.COLUMNS) + "\n")
        for r in sorted(old + rows, key=lambda r: r["capture"]):
            f.write("\t".join(str(r[k]) for k in labels.COLUMNS) + "\n")
    os.rename(path + ".tmp", path)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder")
    a.add_argument("scene", nargs="*")
    a.add_argument("--jobs", type=int, default=9)
    a.add_argument("--list", action="store_true")
    a.add_argument("--keep", metavar="FOLDER", help="copy what was made there, when nothing failed")
    o = a.parse_intermixed_args()
    if o.list:
        for s in scene.ALL.values():
            print("%-22s %4d s  %s" % (s.name, s.seconds, (s.play.__doc__ or "").split("\n")[0]))
        return 0
    wrong = [n for n in o.scene if n not in scene.ALL]
    if wrong:
        sys.exit("lab: no scene '%s'\n  try: lab.py %s --list" % (wrong[0], o.folder))
    missing = [n for n in NEEDS if not shutil.which(n)]
    if missing or os.geteuid():
        sys.exit("lab: needs root and %s\n  try: sudo contrib/deps.sh lab" % (" ".join(missing) or "nothing else"))
    folder = os.path.abspath(o.folder)
    os.makedirs(os.path.join(folder, "captures"), exist_ok=True)
    os.makedirs(os.path.join(folder, "media"), exist_ok=True)
    for n in ("inventory", "allowed_destinations.txt"):
        if not os.path.exists(os.path.join(folder, "captures", n)):
            os.symlink(os.path.join(os.path.abspath(cells.CAPTURES), n), os.path.join(folder, "captures", n))
    made = tools(folder)
    # The longest begin first, so that the whole ends with none of them alone.
    want = sorted((scene.ALL[n] for n in o.scene or scene.ALL), key=lambda s: -s.seconds)
    lock, bad, begun = threading.Lock(), [], time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        jobs = {pool.submit(play, s, i, folder, made): s for i, s in enumerate(want)}
        for j in concurrent.futures.as_completed(jobs):
            rows, why = j.result()
            name = jobs[j].name
            with lock:
                if rows is None:
                    bad.append(name)
                    print("not ok - %s: %s (log: %s)" % (name, why, os.path.join(folder, "work", name, "log")),
                          flush=True)
                else:
                    write(os.path.join(folder, "captures", "labels.tsv"), rows)
                    print("ok - %s" % name, flush=True)
    if o.keep and not bad:
        with open(os.path.join(folder, "captures", "labels.tsv"), newline="") as f:
            rows = [r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                    if r["capture"] in {s.name for s in want if s.kept}]
        for s in (s for s in want if s.kept):
            shutil.copy(os.path.join(folder, "captures", s.name + ".pcap.zst"), o.keep)
        write(os.path.join(o.keep, "labels.tsv"), rows)
    print("lab: %d of %d scenes, %d s" % (len(want) - len(bad), len(want), time.monotonic() - begun))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
