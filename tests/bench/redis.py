#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-redis`: what the way to Redis costs and how long it takes.

Throughput: the same bytes through spool and Function (the real outlet, fed without pause), and
as a bare pipelined XADD from a client that has nothing else to do; in turn, so that who else uses
the machine disturbs both. The bytes are events of the captures. Delay: from the moment an event
is handed to the outlet, and, with a real sensor on a wire of two namespaces (root), from the packet
that made it, to the millisecond in its entry's id. Private servers in a temporary folder.

usage: redis.py BUILD CAPTURES [--events N] [--rounds N] [--keep FILE] [--note TEXT]
"""
import argparse
import datetime
import glob
import json
import os
import re
import select
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../chaos"))
from box import Client, Redis, free_port, write_flows  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Seconds of all threads, in microseconds' grain where the kernel counts so."""
    total = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path) as f:
            total += int(f.read().split()[0])
    return total / 1e9


def commands(lines, n):
    """What a bare client sends: XADD with the fields and the trimming of ours, in pieces."""
    out, piece = [], []
    size = 0
    for i in range(n):
        device = i * 7919 % 1600
        words = (b"XADD", b"{ear:p%02d}:%s" % (device % 16, b"flow" if i % 4 == 3 else b"alert"),
                 b"MAXLEN", b"~", b"100000", b"*", b"s", b"feeder", b"b", b"b1", b"n",
                 b"%d" % (i // 16 + 1), b"e", lines[i % len(lines)])
        one = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
        piece.append(one)
        size += len(one)
        if size > 65536:
            out.append(b"".join(piece))
            piece, size = [], 0
    return out + [b"".join(piece)]


def bare(connect, pieces, n):
    """Seconds until the last of n answers is there."""
    s = connect()
    s.setblocking(False)
    began, got, k, left = time.monotonic(), 0, 0, memoryview(pieces[0])
    while got < 2 * n:
        pending = getattr(s, "pending", lambda: 0)()
        r, w, _ = select.select([s], [s] if k < len(pieces) else [], [], 0 if pending else 60)
        if r or pending:
            try:
                got += s.recv(1 << 20).count(b"\r\n")
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
        if w:
            try:
                left = left[s.send(left):]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                continue
            if not left:
                k += 1
                left = memoryview(pieces[k]) if k < len(pieces) else None
    took = time.monotonic() - began
    s.close()
    return took


class Bench:
    def __init__(self, a):
        self.a = a
        self.work = tempfile.mkdtemp(prefix="earshot-bench-")
        self.feeder = os.path.abspath(a.build + "/tests/chaos/feeder")
        self.earshot = os.path.abspath(a.build + "/earshot")
        self.rows = []

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def events(self):
        path = os.path.join(self.work, "lines")
        captures = sorted(glob.glob(self.a.captures + "/[mn]*.pcap.zst"))
        with open(path, "wb") as f:
            for c in captures:
                f.write(subprocess.run([self.earshot, "read", "--flows", "--format", "json", c],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
        with open(path, "rb") as f:
            return path, f.read().split(b"\n")[:-1]

    def feed(self, target, path, n):
        out = subprocess.run([self.feeder, "-o", target, "-d", self.work + "/spool", "-q", "-n",
                              str(n), "-r", "0", "-D", "120000", "-f", path] + self.more,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if out.returncode != 0:
            sys.exit("bench-redis: the feeder exits with %d" % out.returncode)
        return json.loads(out.stdout)

    def throughput(self, name, redis, connect, target, *more):
        n, self.more = self.a.events, list(more)
        path, lines = self.events()
        pieces = commands(lines, n)
        ratios, ours, theirs, outlet, server, bare_server = [], [], [], [], [], []
        mine = Client(redis.path)
        for _ in range(self.a.rounds):
            mine.call("FLUSHALL")
            before = cpu(redis.proc.pid)
            plain = bare(connect, pieces, n)
            bare_server.append((cpu(redis.proc.pid) - before) * 1e6 / n)
            mine.call("FLUSHALL")
            before = cpu(redis.proc.pid)
            did = self.feed(target, path, n)
            server.append((cpu(redis.proc.pid) - before) * 1e6 / n)
            outlet.append((did["user"] + did["system"]) * 1e6 / n)
            ours.append(n / did["delivered"])
            theirs.append(n / plain)
            ratios.append(plain / did["delivered"])
        mine.call("FLUSHALL")
        mid = statistics.median
        size = sum(len(x) for x in lines) / len(lines)
        self.rows.append("| %s | %.0f | %s | %s | %.2f | %.2f-%.2f | %.1f | %.1f | %.1f |" % (
            name, size, "{:,.0f}".format(mid(theirs)), "{:,.0f}".format(mid(ours)), mid(ratios),
            min(ratios), max(ratios), mid(outlet), mid(server), mid(bare_server)))
        print(self.rows[-1], flush=True)

    def memory(self, redis):
        """Bytes an event takes in Redis: MEMORY USAGE of all streams, whole."""
        path, lines = self.events()
        self.more = []
        n = 16 * 2000
        self.feed("redis:unix:" + redis.path, path, n)
        c = Client(redis.path)
        used = entries = 0
        for p in range(16):
            for lane in ("alert", "flow"):
                key = "{ear:p%02d}:%s" % (p, lane)
                used += c.call("MEMORY", "USAGE", key, "SAMPLES", 0) or 0
                entries += c.call("XLEN", key)
        dataset = int(re.search(r"used_memory_dataset:(\d+)", c.call("INFO", "memory")).group(1))
        c.call("FLUSHALL")
        c.close()
        size = sum(len(lines[i % len(lines)]) for i in range(n)) / n
        return ("%d events of %.0f bytes: %.0f bytes each by MEMORY USAGE, %.0f of Redis' data set; "
                "a million are %.2f GB" % (entries, size, used / entries, dataset / entries,
                                           used / entries / 1000))

    # ---- delay ----

    def delay_fed(self, redis, rate):
        seconds = 20 if rate < 100 else 8
        subprocess.run([self.feeder, "-o", "redis:unix:" + redis.path, "-d", self.work + "/spool",
                        "-q", "-n", str(rate * seconds), "-r", str(rate), "-D", "60000"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        got = subprocess.run([os.path.abspath(self.a.build + "/tests/chaos/collector"), redis.path],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        redis.call("FLUSHALL")
        return [int(x.split()[3]) / 1000 for x in got.split("\n")[:-2]]

    def delay_wire(self, redis, rate):
        """Recordings that begin to leave in clear text, so many a second; a rule tells each at
        once. From the capture's time of the flow's first packet, two before."""
        seconds = 30 if rate < 100 else 15
        pcap = os.path.join(self.work, "flows.pcap")
        write_flows(pcap, rate * seconds)
        rule = os.path.join(self.work, "each.rules")
        with open(rule, "w") as f:
            f.write('rule each {\n\tid 1 kind audio-upload severity info\n\twhen content = audio\n\t'
                    'limit 1000000 per device every 1 h\n\texplain "audio"\n}\n')
        tag = "eb%d" % os.getpid()

        def inside(side, *words):
            return ["nsenter", "--net=/run/netns/" + tag + side] + list(words)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            for side in "ab":
                subprocess.run(["ip", "netns", "add", tag + side], check=True)
                subprocess.run(inside(side, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                                      "net.ipv6.conf.default.disable_ipv6=1"), check=True)
            subprocess.run(["ip", "link", "add", "v0", "netns", tag + "a", "type", "veth", "peer",
                            "name", "v1", "netns", tag + "b"], check=True)
            subprocess.run(inside("a", "ip", "link", "set", "v0", "up"), check=True)
            subprocess.run(inside("b", "ip", "link", "set", "v1", "up"), check=True)
            err = os.path.join(self.work, "err")
            with open(err, "w") as f:
                sensor = subprocess.Popen(
                    inside("a", self.earshot, "run", "-v", "-i", "v0", "-S", rule, "--state",
                           self.work + "/state", "-o", "redis:unix:" + redis.path),
                    stdout=f, stderr=f)
            end = time.time() + 15
            while time.time() < end and "listening on" not in open(err).read():
                time.sleep(0.05)
            subprocess.run(inside("b", "tcpreplay", "-q", "--pps=%d" % (rate * 3), "-i", "v1", pcap),
                           check=True, **quiet)
            time.sleep(2)
            out = []
            c = Client(redis.path)
            for p in range(16):
                for entry, fields in c.call("XRANGE", "{ear:p%02d}:alert" % p, "-", "+"):
                    e = json.loads(fields[fields.index("e") + 1])
                    if e["event_type"] == "alert" and not e["earshot"].get("update"):
                        out.append(int(entry.split("-")[0]) - moment(e["flow"]["start"]))
            sensor.terminate()
            sensor.wait(timeout=20)
            c.call("FLUSHALL")
            c.close()
            if os.environ.get("SHOW"):
                print(open(err).read()[-2000:], len(out))
            return out
        finally:
            for side in "ab":
                subprocess.run(["ip", "netns", "del", tag + side], check=False)
            shutil.rmtree(self.work + "/state", ignore_errors=True)


def moment(text):
    """ms since 1970."""
    t = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return t.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000


def spread(values):
    v = sorted(values)
    return "%.1f | %.1f | %.1f" % (v[len(v) // 2], v[len(v) * 99 // 100], v[-1])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("captures")
    p.add_argument("--events", type=int, default=200000)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--only", default="throughput,memory,delay")
    p.add_argument("--keep")
    p.add_argument("--note", default="")
    a = p.parse_args()
    b = Bench(a)
    try:
        redis = Redis(os.path.join(b.work, "redis"), aof=False, port=free_port())
        redis.start()
        load = os.getloadavg()[0]
        text = []

        def unix():
            s = socket.socket(socket.AF_UNIX)
            s.connect(redis.path)
            return s
        if "throughput" in a.only:
            b.throughput("unix socket", redis, unix, "redis:unix:" + redis.path)
            text += ["| way | bytes/event | bare XADD, events/s | spool and Function, events/s | ratio | "
                     "of the rounds | outlet us | Redis us | Redis us, bare |",
                     "|---|--:|--:|--:|--:|--:|--:|--:|--:|"] + b.rows + [""]
        if "memory" in a.only:
            text += [b.memory(redis), ""]
            print(text[-2])
        if "delay" in a.only:
            text += ["| delay to the entry's id, ms | events/s | median | 99 % | most |",
                     "|---|--:|--:|--:|--:|"]
            for rate in (10, 1000, 20000):
                text.append("| from the outlet's ring | %d | %s |" % (
                    rate, spread(b.delay_fed(redis, rate))))
                print(text[-1], flush=True)
            for rate in (10, 1000, 20000) if os.geteuid() == 0 else ():
                got = b.delay_wire(redis, rate)
                text.append("| from the packet, a sensor on a wire | %d | %s |" % (
                    rate, spread(got)) if got else "| wire: nothing came | %d | | | |" % rate)
                print(text[-1], flush=True)
        redis.kill()
        if a.keep:
            with open(a.keep, "a") as f:
                f.write("\n## %s UTC, the way to Redis\n\n`make bench-redis`, %d cores, load %.1f "
                        "before and %.1f at the end. %s\n\n%s\n" % (
                            datetime.datetime.utcnow().strftime("%Y-%m-%d %H:%M"), os.cpu_count(),
                            load, os.getloadavg()[0], a.note, "\n".join(text)))
    finally:
        b.close()


if __name__ == "__main__":
    main()
