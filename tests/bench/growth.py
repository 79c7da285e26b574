#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# `make bench-growth`: what a packet costs when a thousand, ten thousand, a hundred thousand and a
# million flows are alive, in random order; and ten million within a cap of 4 GiB. A cost is the
# difference of two readings, of which one has twice as many packets of the same flows: what flows
# cost to begin falls out. libpcap's own loop stands beside it.
#
# usage: growth.py BUILD [--runs N] [--flows A,B] [--most N] [--keep FILE] [--note TEXT]
import argparse, datetime, glob, json, os, statistics, subprocess, sys, time

args = argparse.ArgumentParser()
args.add_argument("build")
args.add_argument("--runs", type=int, default=3)
args.add_argument("--flows", default="1000,10000,100000,1000000")
args.add_argument("--most", type=int, default=10_000_000, help="flows of the last reading; 0: none")
args.add_argument("--keep", help="append the result to this file")
args.add_argument("--note", default="", help="a sentence about the machine, kept with the result")
args = args.parse_args()
earshot, tools, folder = f"{args.build}/earshot", f"{args.build}/tests/bench", f"{args.build}/bench"
os.makedirs(folder, exist_ok=True)
CAP = 4 << 30


def make(flows, packets):
    path = f"{folder}/growth.pcap"
    subprocess.run([f"{tools}/gen", f"small:{flows}", str(packets), path], check=True, stdout=subprocess.DEVNULL)
    with open(path, "rb") as f:         # into the page cache
        while f.read(1 << 24):
            pass
    return path


def cpu(command):
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(p.pid, 0)
    if status != 0:
        sys.exit(f"growth: exit {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
    return used.ru_utime + used.ru_stime


def read(path, *more):
    return [earshot, "read", "-q", "--memory", "4GiB", *more, path]


def held(command):
    """The most memory of all processes together (PSS), and the last line they said."""
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    most = 0
    while p.poll() is None:
        total, ask = 0, [p.pid]
        while ask:
            pid = ask.pop()
            for path in glob.glob(f"/proc/{pid}/task/*/children"):
                try:
                    with open(path) as f:
                        ask += f.read().split()
                except OSError:
                    pass
            try:
                with open(f"/proc/{pid}/smaps_rollup") as f:
                    total += sum(int(l.split()[1]) for l in f if l.startswith("Pss:"))
            except OSError:
                pass
        most = max(most, total * 1024)
        time.sleep(0.1)
    if p.returncode != 0:
        sys.exit(f"growth: exit {p.returncode}: {' '.join(command)}")
    return most, json.loads(p.stdout.read().splitlines()[-1])["stats"]


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


lines = [f"## {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, growth", "",
         f"`make bench-growth RUNS={args.runs}`, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start."
         + (" " + args.note if args.note else ""), "",
         "| flows alive | CPU ns a packet more | x the fewest flows | libpcap's own loop | MiB | bytes a flow |",
         "|--:|--:|--:|--:|--:|--:|"]
print("\n".join(lines), flush=True)
first = None
for flows in (int(n) for n in args.flows.split(",")):
    n = max(1_000_000, 2 * flows)
    cost = {}
    for packets in (n, 2 * n):
        path = make(flows, packets)
        cost[packets] = [(cpu(read(path)), cpu([f"{tools}/floor", path])) for _ in range(args.runs)]
        if packets == n:
            most, stats = held(read(path, "--stats", "json"))
            if stats["flows"] != flows or stats["evicted"] != 0:
                sys.exit(f"growth: {stats['flows']} flows and {stats['evicted']} evicted of {flows}")
    ours = [(b[0] - a[0]) / n * 1e9 for a, b in zip(cost[n], cost[2 * n])]
    bare = [(b[1] - a[1]) / n * 1e9 for a, b in zip(cost[n], cost[2 * n])]
    first = first or statistics.median(ours)
    line = (f"| {flows:,} | {spread(ours, 0)} | {statistics.median(ours) / first:.1f} | {spread(bare, 0)} "
            f"| {most / 2**20:.0f} | {most / flows:.0f} |")
    lines.append(line)
    print(line, flush=True)
if args.most:
    path = make(args.most, args.most)
    most, stats = held(read(path, "--stats", "json"))
    said = (f"{args.most / 1e6:g} M flows with `--memory 4GiB`: {most / 2**20:.0f} MiB at the most; "
            f"{stats['packets']:,} packets, {stats['used']:,} used, {stats['flows']:,} flows begun, "
            f"{stats['evicted']:,} evicted and counted.")
    lines += ["", said]
    print("\n" + said)
    if most > CAP or stats["used"] != stats["packets"] or stats["evicted"] == 0:
        sys.exit("growth: not within its cap, or something is not accounted for")
os.unlink(f"{folder}/growth.pcap")
if args.keep:
    with open(args.keep, "a") as f:
        f.write("\n" + "\n".join(lines) + "\n")
