#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# `make bench-live`: what the sensor does at a wire's full speed. Two namespaces of its own with a
# veth pair between them; tcpreplay shows a set over and over, at its top speed or at --rate, and
# the sensor listens with everything switched on. Loss is what was sent and not counted; CPU is that
# of all its processes while packets came. Needs root, and two cores with nothing else on them.
#
# usage: live.py BUILD CAPTURES [--seconds N] [--sets a,b] [--rate PPS] [--keep FILE]
import argparse, datetime, glob, json, os, re, signal, shutil, subprocess, sys, tempfile, time

SETS = {"elephant": 0.1, "voice": 0.4, "small": 0.4, "mice": 0.4, "real": 0.1}     # M packets
args = argparse.ArgumentParser()
args.add_argument("build")
args.add_argument("captures")
args.add_argument("--seconds", type=int, default=60)
args.add_argument("--sets", default=",".join(SETS))
args.add_argument("--rate", type=int, default=0, help="packets a second; 0: top speed")
args.add_argument("--note", default="")
args.add_argument("--keep", help="append the result to this file")
args = args.parse_args()
if os.geteuid() != 0 or not shutil.which("tcpreplay"):
    sys.exit("bench-live: needs root and tcpreplay")
tag, tick = f"es{os.getpid()}", os.sysconf("SC_CLK_TCK")
work = tempfile.mkdtemp()


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def inside(side):
    return ["nsenter", f"--net=/run/netns/{tag}{side}"]


def family(pid):
    found, ask = [], [pid]
    while ask:
        found.append(ask.pop())
        for path in glob.glob(f"/proc/{found[-1]}/task/*/children"):
            with open(path) as f:
                ask += [int(c) for c in f.read().split()]
    return found


def cpu(pid):
    """Seconds of all processes of the sensor, by what they are called."""
    used = {}
    for p in family(pid):
        with open(f"/proc/{p}/stat") as f:
            name, rest = re.match(r"\d+ \((.*)\) (.*)", f.read()).groups()
        rest = rest.split()
        used[name] = used.get(name, 0) + (int(rest[11]) + int(rest[12])) / tick
    return used


def make(name):
    path = f"{work}/{name}.pcap"
    more = {"mice": [f"{args.captures}/p23-quic-h3-put.pcap.zst"],
            "real": sorted(glob.glob(f"{args.captures}/[mnp]*.pcap.zst"))}.get(name, [])
    run(f"{args.build}/tests/bench/gen", name, str(int(SETS[name] * 1e6)), path, *more)
    return path


def measure(name):
    path = make(name)
    with open(f"{work}/err", "w+") as err, open(f"{work}/out", "w") as out:
        sensor = subprocess.Popen(inside("in") + [os.path.abspath(f"{args.build}/earshot"), "run", "-v", "-i",
            "v0", "--format", "json", "--known", f"{args.captures}/allowed_destinations.txt",
            "--inventory", f"csv:{args.captures}/inventory/assets.csv"], stdout=out, stderr=err)
        for _ in range(200):
            time.sleep(0.05)
            with open(f"{work}/err") as f:
                if "listening on" in f.read():
                    break
        else:
            sys.exit("bench-live: the sensor does not start")
        before, begun = cpu(sensor.pid), time.monotonic()
        speed = ["-t"] if args.rate == 0 else [f"--pps={args.rate}"]
        said = subprocess.run(inside("out") + ["tcpreplay", "-q", "-K", "--loop=0", f"--duration={args.seconds}"]
            + speed + ["-i", "v1", path], capture_output=True, text=True, errors="replace")
        took, after = time.monotonic() - begun, cpu(sensor.pid)
        time.sleep(1)
        sensor.send_signal(signal.SIGTERM)
        code = sensor.wait()
    sent = int(re.search(r"Successful packets:\s+(\d+)", said.stdout + said.stderr).group(1))
    with open(f"{work}/out") as f:
        stats = [json.loads(l)["stats"] for l in f if '"event_type":"stats"' in l][-1]
    by = {n: (after[n] - before.get(n, 0)) for n in after}
    seen = stats["packets"]
    each = ", ".join(f"{n.removeprefix('earshot-')} {v * 1e9 / seen:.0f}" for n, v in sorted(by.items())
                     if v * 1e9 / seen >= 1)
    row = (f"| {name} | {sent / 1e6:.1f} | {sent / took / 1e6:.2f} | {100 * (sent - seen) / sent:.2f} % "
           f"| {stats['kernel_drops'] / 1e6:.2f} | {sum(by.values()) * 1e9 / seen:.0f} | {each} "
           f"| {stats['flows']:,} | {stats['evicted']:,} | {code} |")
    os.unlink(path)
    return row


for side in ("in", "out"):
    run("ip", "netns", "add", tag + side)
    run(*inside(side), "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
try:
    run("ip", "link", "add", "v0", "netns", tag + "in", "type", "veth", "peer", "name", "v1", "netns", tag + "out")
    run(*inside("in"), "ip", "link", "set", "v0", "up")
    run(*inside("out"), "ip", "link", "set", "v1", "up")
    rows = [measure(name) for name in args.sets.split(",")]
finally:
    for side in ("in", "out"):
        subprocess.run(["ip", "netns", "del", tag + side])
    shutil.rmtree(work)
pace = "its top speed" if args.rate == 0 else f"{args.rate:,} packets/s"
text = "\n".join([f"## {datetime.datetime.utcnow():%Y-%m-%d %H:%M} UTC, on a wire", "",
    f"`make bench-live SECONDS={args.seconds}`, tcpreplay at {pace}, veth, {os.cpu_count()} cores that"
    f" tcpreplay shares, load {os.getloadavg()[0]:.1f} at the end. {args.note}".rstrip(), "",
    "| set | sent, M | Mpkt/s | not counted | kernel drops, M | CPU ns/packet | of it by process | flows | evicted | exit |",
    "|---|--:|--:|--:|--:|--:|---|--:|--:|--:|"] + rows) + "\n"
print(text)
if args.keep:
    with open(args.keep, "a") as f:
        f.write("\n" + text)
