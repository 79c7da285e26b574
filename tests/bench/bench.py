#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# `make bench`: earshot beside ndpiReader and beside the bare libpcap loop, on the same captures in
# the same run. Every round runs every program once, in another order each time; what is printed
# are medians over the rounds with their range, and ratios are taken within a round, so that
# what else the machine does hits all alike. Memory is sampled in a run of its own.
#
# usage: bench.py BUILD CAPTURES [--size M] [--runs N] [--sets a,b] [--keep FILE]
import argparse, datetime, glob, json, os, shutil, statistics, subprocess, sys, tempfile, time

SETS = {          # packets at --size 1, in millions; what it is
    "elephant": (0.6, "64 long TLS uploads"),
    "voice": (1.0, "RTP flows of 20 ms, half of them two-way"),
    "small": (2.0, "10,000 UDP flows of 60 bytes in random order"),
    "mice": (1.0, "short flows, each its own name: TLS, DNS, QUIC, HTTP; 13,600 new a second"),
    "real": (1.0, "the test captures, together, on and on"),
}
args = argparse.ArgumentParser()
args.add_argument("build")
args.add_argument("captures")
args.add_argument("--size", type=float, default=1)
args.add_argument("--runs", type=int, default=5)
args.add_argument("--sets", default=",".join(SETS))
args.add_argument("--keep", help="append the result to this file")
args.add_argument("--note", default="", help="a sentence about the machine, kept with the result")
args = args.parse_args()

earshot, tools = f"{args.build}/earshot", f"{args.build}/tests/bench"
folder = f"{args.build}/bench"
os.makedirs(folder, exist_ok=True)
work = tempfile.mkdtemp(dir=folder)
ndpi = shutil.which("ndpiReader")


def make(name):
    """The capture of a set, made once: path, packets, bytes, flows."""
    packets = int(SETS[name][0] * args.size * 1e6)
    path = f"{folder}/{name}-{packets}.pcap"
    if not os.path.exists(path + ".txt") or os.path.getmtime(path + ".txt") < os.path.getmtime(f"{tools}/gen"):
        print(f"making {path}", file=sys.stderr)
        more = {"mice": [f"{args.captures}/p23-quic-h3-put.pcap.zst"],
                "real": sorted(glob.glob(f"{args.captures}/[mnp]*.pcap.zst"))}.get(name, [])
        text = subprocess.run([f"{tools}/gen", name, str(packets), path] + more,
                              stdout=subprocess.PIPE, check=True, text=True).stdout
        with open(path + ".txt", "w") as f:
            f.write(text)
    with open(path + ".txt") as f:
        n, size, flows = (int(x) for x in f.read().split())
    return path, n, size, flows


def programs(path):
    site = ["--known", f"{args.captures}/allowed_destinations.txt",
            "--inventory", f"csv:{args.captures}/inventory/assets.csv"]
    events = f"{work}/events"
    row = {"libpcap": [f"{tools}/floor", path]}
    if ndpi:
        row["ndpiReader"] = [ndpi, "-q", "-i", path]
    row["earshot"] = [earshot, "read", "-q"] + site + [path]
    row["earshot, events"] = [earshot, "read", "-q", "-o", f"file:{events}"] + site + [path]
    row["earshot, flows"] = [earshot, "read", "-q", "--flows", "-o", f"file:{events}"] + site + [path]
    if "/real-" in path:                # a site's 10,000 rules beside the shipped ones
        row["earshot, 10,000 rules"] = [earshot, "read", "-q", "-s", f"{folder}/rules/many.rules"] + site + [path]
    return row


def alerts():
    """Alerts as fast as they come, through ring and outlet to a file: a rule that fires on
    every flow of mice, and the same rule with nobody who takes its alerts."""
    path, packets, _, flows = make("mice")
    events, rule = f"{work}/events", f"{work}/every.rules"
    with open(rule, "w") as f:
        f.write('rule every {\n\tid 100  rev 1  severity low  kind unknown-destination\n'
                '\twhen outbound and packets.up > 0\n'
                '\texplain "{device} to {dest}"\n}\n')
    none, some, wall, counts = [], [], [], []
    for _ in range(args.runs):
        none.append(timed([earshot, "read", "-q", "-s", rule, path]))
        some.append(timed([earshot, "read", "-q", "-s", rule, "-o", f"file:{events}", path]))
        with open(events, "rb") as f:
            counts.append(sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b"")))
    size = os.path.getsize(events)
    us = [(s[1] - n[1]) / c * 1e6 for s, n, c in zip(some, none, counts)]
    return ["### events: an alert for every look at a flow of mice, to a file", "",
            "| alerts | bytes each | alerts/s of wall time, reading included | CPU us/alert beyond a reading "
            "that makes none | wall s without | with |", "|--:|--:|--:|--:|--:|--:|",
            f"| {middle(counts):.0f} | {size / max(counts[-1], 1):.0f} | "
            + " | ".join([spread([c / s[0] for c, s in zip(counts, some)], 0), spread(us, 1),
                          spread([n[0] for n in none], 2), spread([s[0] for s in some], 2)]) + " |", ""]


def start(command):
    if os.path.exists(f"{work}/events"):
        os.unlink(f"{work}/events")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def timed(command):
    """Seconds by the wall, and of CPU of the process and all it waited for."""
    begun = time.perf_counter()
    p = start(command)
    _, status, used = os.wait4(p.pid, 0)
    wall = time.perf_counter() - begun
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode != 0:
        sys.exit(f"bench: exit {p.returncode}: {' '.join(command)}")
    return wall, used.ru_utime + used.ru_stime


def family(pid):
    found, ask = [], [pid]
    while ask:
        one = ask.pop()
        found.append(one)
        for path in glob.glob(f"/proc/{one}/task/*/children"):
            try:
                with open(path) as f:
                    ask += f.read().split()
            except OSError:
                pass
    return found


def memory(command):
    """The most that a process and its children held at one time, in bytes (PSS)."""
    p, most = start(command), 0
    while p.poll() is None:
        total = 0
        for pid in family(p.pid):
            try:
                with open(f"/proc/{pid}/smaps_rollup") as f:
                    total += sum(int(l.split()[1]) for l in f if l.startswith("Pss:"))
            except OSError:
                pass
        most = max(most, total * 1024)
        time.sleep(0.01)
    return most


def middle(values):
    return statistics.median(values)


def spread(values, digits):
    return f"{middle(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def measure(name):
    path, packets, size, flows = make(name)
    with open(path, "rb") as f:         # into the page cache
        while f.read(1 << 24):
            pass
    if flows == 0:      # captures: nobody but a reader knows
        text = subprocess.run([earshot, "read", "-q", "--stats", "json", path], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        flows = json.loads(text.splitlines()[-1])["stats"]["flows"]
    rows = programs(path)
    wall, cpu = {p: [] for p in rows}, {p: [] for p in rows}
    order = list(rows)
    for n in range(args.runs):
        for p in order[n % len(order):] + order[:n % len(order)]:
            w, c = timed(rows[p])
            wall[p].append(w)
            cpu[p].append(c)
    out = [f"### {name}: {packets / 1e6:.2f} M packets, {size / packets:.0f} bytes each"
           f", {flows:,} flows ({SETS[name][1]})", "",
           "| program | wall s | Mpkt/s | Gb/s | CPU ns/packet | x libpcap's CPU | CPU us/flow beyond it "
           "| MiB | bytes/flow | x ndpiReader's speed |", "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for p in rows:
        w, held = wall[p], memory(rows[p])
        rest = held - idle.get(p, 0)
        faster = [a / b for a, b in zip(wall["ndpiReader"], w)] if ndpi else []
        beyond = [(c - f) / flows * 1e6 for c, f in zip(cpu[p], cpu["libpcap"])]
        out.append("| " + " | ".join([
            p, spread(w, 2), f"{packets / middle(w) / 1e6:.2f}", f"{size * 8 / middle(w) / 1e9:.2f}",
            spread([c / packets * 1e9 for c in cpu[p]], 0),
            spread([c / f for c, f in zip(cpu[p], cpu["libpcap"])], 1),
            spread(beyond, 1) if flows >= 1000 and p != "libpcap" else "",
            f"{held / 2**20:.0f}" if held else "",
            f"{max(rest, 0) / flows:.0f}" if flows >= 1000 and p != "libpcap" else "",
            spread(faster, 2) if faster else "no ndpiReader here"]) + " |")
    return out + [""]


def cpu_name():
    with open("/proc/cpuinfo") as f:
        return next((l.split(": ")[1].strip() for l in f if l.startswith("model name")), "unknown")


tiny = f"{folder}/tiny.pcap"
subprocess.run([f"{tools}/gen", "small", "1", tiny], check=True, stdout=subprocess.DEVNULL)
idle = {p: memory(c) for p, c in programs(tiny).items()}
subprocess.run([f"{os.path.dirname(os.path.abspath(__file__))}/rules.py", "10000", f"{folder}/rules"], check=True)
version = subprocess.run([earshot, "-V"], stdout=subprocess.PIPE, text=True).stdout.strip()
peer = "not installed"
if ndpi:
    peer = subprocess.run([ndpi, "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    peer = peer.split("\n")[0].replace("Welcome to ", "").strip()
commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL, text=True).stdout.strip()
lines = [f"## {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC", "",
         f"`make bench SIZE={args.size:g} RUNS={args.runs}`"
         + (f" (SETS={args.sets})" if args.sets != ",".join(SETS) else "")
         + f", {version}" + (f" at {commit}" if commit else "") + f", ndpiReader of {peer}, "
         f"{os.cpu_count()} cores of {cpu_name()}, load {os.getloadavg()[0]:.1f} at the start."
         + (" " + args.note if args.note else ""), ""]
print("\n".join(lines))
try:
    for name in args.sets.split(","):
        part = measure(name)
        print("\n".join(part), flush=True)
        lines += part
    if "mice" in args.sets.split(","):
        part = alerts()
        print("\n".join(part), flush=True)
        lines += part
finally:
    shutil.rmtree(work, ignore_errors=True)
if args.keep:
    with open(args.keep, "a") as f:
        f.write("\n" + "\n".join(lines).rstrip() + "\n")
