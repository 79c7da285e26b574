#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults between the sensor and its Redis while events flow: nothing lost, nothing doubled,
order kept, or a gap event that accounts for each missing one.

usage: chaos.py BUILD [--rate N] [--long] [--jobs N] [--seed N] [--only NAME,...] [--keep FILE]

Events are numbered by a feeder that writes down what it puts in (feeder.c), delivered by the
outlet as it is in the sensor, and read back by a program of the tests' own (collector.c). Every
server is private, in a temporary folder. --long is `make chaos`; without it, the short form that
is part of `make test`. Prints TAP.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib

from box import (Box, Client, Feeder, children, free_port, resident, server_program, spooled,
                 write_flows)
from proxy import HOSTILE, Proxy, hostile_answers

SCENES = []


def scene(title, root=False):
    def put(function):
        SCENES.append((function.__name__, title, root, function))
        return function
    return put


def pause(a, short, long=None):
    time.sleep((long or short) if a.long else short)


def simple(box, fault, *more, proxy=False, said=None, before=1.0, after=0.5, feed=(), **how):
    """A server, events, a fault, the comparing."""
    r = box.redis(*more).start()
    target = r.path
    if proxy:
        target = os.path.join(box.folder, "p")
        box.proxies.append(Proxy(target, r.path, box.a.seed))
    f = Feeder(box, target, *feed)
    time.sleep(before)
    fault(r)
    time.sleep(after)
    faults = box.finish(r.path, **how)
    if said and said not in f.said():
        faults.append("it was not said ('%s'): %s" % (said, f.said()[-600:]))
    if f.said().count("warn:") > 8:
        faults.append("%d warnings" % f.said().count("warn:"))
    return faults


# ---- the server dies, stands still, moves ----

@scene("kill -9 of Redis at a random byte of a reply, and again: under the sanitizers")
def killed(box):
    a, rng = box.a, random.Random(box.a.seed)
    r = box.redis("--auto-aof-rewrite-min-size", "16mb").start()
    path = os.path.join(box.folder, "p")
    proxy = Proxy(path, r.path, a.seed)
    box.proxies.append(proxy)

    def cut():
        r.kill()
        r.mend()
        r.launch()
    proxy.on_cut = cut
    # Where the server is gone for half of the time its way is not wide: the cap is another scene.
    f = Feeder(box, path, "-c", str(16 << 30))
    box.follow(r.path)
    cuts = a.kills
    while proxy.cuts < cuts and f.proc.poll() is None:
        time.sleep(rng.uniform(0.05, 0.25))
        proxy.cut_after = rng.randint(1, 400)
        before, end = proxy.cuts, time.time() + 30
        while proxy.cuts == before and time.time() < end and f.proc.poll() is None:
            time.sleep(0.005)
        if proxy.cuts == before:
            return ["after %d kills no byte comes back for 30 s: %s" % (
                before, f.said()[-600:])]
    faults = box.finish(r.path)
    box.notes.append("%d kills" % proxy.cuts)
    return faults


@scene("SIGSTOP of Redis, long enough to be given up")
def stopped(box):
    def fault(r):
        r.proc.send_signal(signal.SIGSTOP)
        pause(box.a, 12, 60)
        r.proc.send_signal(signal.SIGCONT)
    return simple(box, fault, said="no answer for 10 s")


@scene("a half-open connection: nothing passes, nothing is told")
def half_open(box):
    def fault(_):
        box.proxies[0].holding = True
        pause(box.a, 12, 40)
        box.proxies[0].drop()
        box.proxies[0].holding = False
    return simple(box, fault, proxy=True, said="no answer for 10 s")


@scene("a cable pulled and put back: a veth of namespaces of its own", root=True)
def cable(box):
    tag = "ec%d" % os.getpid()

    def ip(*words, ns=None):
        inside = ["nsenter", "--net=/run/netns/" + tag + ns] if ns else []
        subprocess.run(inside + ["ip"] + list(words), check=True, stderr=subprocess.DEVNULL)
    r = box.redis("--protected-mode", "no")
    try:
        for side in "ab":
            ip("netns", "add", tag + side)
        ip("link", "add", "e0", "netns", tag + "a", "type", "veth", "peer", "name", "e1",
           "netns", tag + "b")
        for side, dev, address in (("a", "e0", "192.0.2.1/24"), ("b", "e1", "192.0.2.2/24")):
            ip("addr", "add", address, "dev", dev, ns=side)
            ip("link", "set", dev, "up", ns=side)
        r.start()
        # The server stays where it is; who listens in the other namespace passes it on.
        relay = subprocess.Popen(
            ["nsenter", "--net=/run/netns/" + tag + "b", sys.executable, "-c",
             "import sys, time; sys.path.insert(0, sys.argv[1]); import proxy\n"
             "proxy.Proxy(('192.0.2.2', 6379), sys.argv[2]); print('up', flush=True)\n"
             "time.sleep(1e6)", os.path.dirname(os.path.abspath(__file__)), r.path],
            stdout=subprocess.PIPE)
        relay.stdout.readline()
        f = Feeder(box, ("192.0.2.2", 6379),
                      inside=["nsenter", "--net=/run/netns/" + tag + "a"])
        time.sleep(1)
        ip("link", "set", "e1", "down", ns="b")
        pause(box.a, 13, 40)
        ip("link", "set", "e1", "up", ns="b")
        time.sleep(0.5)
        faults = box.finish(r.path)
        if "no answer for 10 s" not in f.said():
            faults.append("it was not said: " + f.said()[-600:])
        relay.kill()
        relay.wait()
        return faults
    finally:
        for side in "ab":
            subprocess.run(["ip", "netns", "del", tag + side], check=False)


@scene("500 ms of delay")
def delayed(box):
    def fault(_):
        box.proxies[0].delay = 0.25         # each way
        pause(box.a, 4, 30)
        box.proxies[0].delay = 0
    return simple(box, fault, proxy=True)


@scene("1 Mbit/s")
def slow(box):
    def fault(_):
        box.proxies[0].bits = 1000000
        pause(box.a, 5, 30)
        box.proxies[0].bits = 0
    return simple(box, fault, proxy=True)


@scene("loss: of every hundred segments one, retransmitted as TCP does")
def lossy(box):
    def fault(_):
        box.proxies[0].loss = 0.01
        pause(box.a, 4, 30)
        box.proxies[0].loss = 0
    return simple(box, fault, proxy=True)


@scene("Redis absent at the start, then it comes")
def absent(box):
    r = box.redis()
    Feeder(box, r.path)
    pause(box.a, 1.5, 20)
    r.start()
    time.sleep(0.5)
    return box.finish(r.path)


# ---- the server refuses ----

def refuses(box, said, make, mend, *more):
    def fault(r):
        for words in make:
            r.must(*words)
        pause(box.a, 1.5, 10)
        for words in mend:
            r.must(*words)
    return simple(box, fault, *more, said=said)


@scene("-OOM")
def oom(box):
    return refuses(box, "memory limit", [("CONFIG", "SET", "maxmemory", "1mb")],
                   [("CONFIG", "SET", "maxmemory", "0")])


@scene("-READONLY: a master made a replica, and a master again")
def readonly(box):
    return refuses(box, "replica", [("REPLICAOF", "127.0.0.1", "1")], [("REPLICAOF", "NO", "ONE")])


@scene("-MASTERDOWN: a replica that lost its master and says so")
def masterdown(box):
    return refuses(box, "replica", [("CONFIG", "SET", "replica-serve-stale-data", "no"),
                               ("REPLICAOF", "127.0.0.1", "1")], [("REPLICAOF", "NO", "ONE")])


@scene("-NOPERM: the right to call functions taken and given back")
def noperm(box):
    return refuses(box, "does not allow", [("ACL", "SETUSER", "default", "-fcall")],
                   [("ACL", "SETUSER", "default", "+fcall")])


@scene("the functions flushed")
def functions_lost(box):
    return refuses(box, None, [("FUNCTION", "FLUSH")], [])


@scene("-MISCONF: its disk is full, then freed", root=True)
def misconf(box):
    disk = box.disk("redis", "12m")
    if disk is None:
        return None
    r = box.redis("--auto-aof-rewrite-percentage", "0", "--appendfsync", "everysec").start()
    f = Feeder(box, r.path)
    time.sleep(0.5)
    filler = os.path.join(disk, "filler")
    big = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(big, b"\0" * 65536)
    except OSError:
        os.close(big)
    if not f.wait_for("disk"):
        return ["it was not said: " + f.said()[-600:]]
    pause(box.a, 1, 5)
    subprocess.run(["mount", "-o", "remount,size=900m", disk], check=True)
    os.unlink(filler)
    time.sleep(1)
    faults = box.finish(r.path)
    # And what it has on its disk is what it said: once more from there.
    r.kill()
    r.start()
    return faults + ["after a restart: " + x for x in box.judge(r.path)]


@scene("-LOADING: a large file at the start")
def loading(box):
    keys = 4000000 if box.a.long else 600000
    r = box.redis().start()
    f = Feeder(box, r.path)
    r.must("DEBUG", "POPULATE", keys, "load", 100)
    r.must("BGREWRITEAOF")
    while "aof_rewrite_in_progress:0" not in r.must("INFO", "persistence"):
        time.sleep(0.2)
    r.kill()
    r.launch()
    faults = [] if f.wait_for("loading", 60) else ["it was not said: " + f.said()[-400:]]
    while not isinstance(r.call("DBSIZE"), int):
        time.sleep(0.2)
    time.sleep(0.5)
    return faults + box.finish(r.path)


@scene("a wrong password, then the right one")
def password(box):
    r = box.redis("--requirepass", "first").start(password="first")
    secret = os.path.join(box.folder, "secret")
    with open(secret, "w") as f:
        f.write("first\n")
    os.chmod(secret, 0o600)
    mine = Client(r.path, "first")
    f = Feeder(box, r.path, "-p", secret)
    time.sleep(1)
    mine.call("CONFIG", "SET", "requirepass", "second")
    mine.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    faults = [] if f.wait_for("password") else ["it was not said: " + f.said()[-400:]]
    pause(box.a, 1, 10)
    mine.call("CONFIG", "SET", "requirepass", "first")
    time.sleep(0.5)
    code = f.finish()
    mine.call("CONFIG", "SET", "requirepass", "")
    mine.close()
    if code != 0:
        faults.append("the feeder exits with %d" % code)
    if "first" in f.said() or "second" in f.said():
        faults.append("a password is shown")
    return faults + box.judge(r.path)


# ---- the server forgets ----

@scene("AOF rewrite, again and again")
def rewrite(box):
    def fault(r):
        for _ in range(30 if box.a.long else 6):
            r.call("BGREWRITEAOF")
            time.sleep(0.5)
    return simple(box, fault)


@scene("a switch of roles: -READONLY from the old master until the address moves")
def switch(box):
    one = box.redis(name="one", port=free_port()).start()
    two = box.redis(name="two", port=free_port()).start()
    path = os.path.join(box.folder, "p")
    proxy = Proxy(path, one.path)
    box.proxies.append(proxy)
    f = Feeder(box, path)
    time.sleep(0.7)
    faults = []
    for old, new in ((one, two), (two, one)):
        new.must("REPLICAOF", "127.0.0.1", old.port)
        while "master_link_status:up" not in new.must("INFO", "replication"):
            time.sleep(0.05)
        time.sleep(0.5)
        old.must("FAILOVER", "TO", "127.0.0.1", new.port)
        while "role:master" not in new.must("INFO", "replication"):
            time.sleep(0.05)
        pause(box.a, 1, 5)
        proxy.target = new.path
        proxy.drop()
        time.sleep(0.7)
    if "replica" not in f.said():
        faults.append("it was not said: " + f.said()[-400:])
    return faults + box.finish(one.path)


@scene("a failover to a replica that was behind: what it lacks comes again")
def behind(box):
    one = box.redis(name="one", port=free_port()).start()
    two = box.redis(name="two", port=free_port()).start()
    path = os.path.join(box.folder, "p")
    proxy = Proxy(path, one.path)
    box.proxies.append(proxy)
    two.must("REPLICAOF", "127.0.0.1", one.port)
    f = Feeder(box, path)
    while "master_link_status:up" not in two.must("INFO", "replication"):
        time.sleep(0.05)
    time.sleep(0.7)
    two.must("REPLICAOF", "NO", "ONE")
    pause(box.a, 1.5, 15)           # only the old one has this
    one.kill()
    proxy.target = two.path
    proxy.drop()
    time.sleep(1)
    faults = box.finish(two.path)
    if "sending them again" not in f.said():
        faults.append("nothing was healed: " + f.said()[-400:])
    return faults


@scene("FLUSHALL: all that is kept comes again")
def flushed(box):
    def fault(r):
        r.must("FLUSHALL")
    return simple(box, fault, said="sending them again")


# ---- the server lies ----

@scene("hostile answers, one byte a second among them; then a good server")
def hostile(box):
    path = os.path.join(box.folder, "redis", "s")
    r = box.redis()
    part = HOSTILE if box.a.long else HOSTILE[box.a.seed % 2::2]
    f = Feeder(box, path)
    faults = hostile_answers(path, part, lambda: None)
    faults += hostile_answers(path, [b"*3\r\n" + b":1\r\n" * 100], lambda: None, slow=True)
    r.start()
    time.sleep(0.5)
    faults += box.finish(r.path)
    if "\x1b" in f.said():
        faults.append("the server's escape sequences reach the terminal")
    # Catching up takes 13 to 16 MiB of its own: the window, a segment, what is being sent.
    if not box.sanitized and f.most - f.first > 24 << 10:
        faults.append("memory grew by %d KiB" % (f.most - f.first))
    return faults


# ---- the sensor's own processes die ----

@scene("kill -9 of the outlet, and again, while it writes its spool and delivers")
def outlet_killed(box):
    rng = random.Random(box.a.seed)
    r = box.redis().start()
    f = Feeder(box, r.path, "-x")
    box.follow(r.path)
    time.sleep(0.5)
    kills = 500 if box.a.long else 30
    for _ in range(kills):
        for pid in f.outlet():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(rng.uniform(0.02, 0.25))
    faults = box.finish(r.path)
    box.notes.append("%d kills, %d starts" % (kills, f.took.get("starts", 0)))
    if f.took.get("starts", 0) < kills * 9 // 10:
        faults.append("only %d starts" % f.took.get("starts", 0))
    return faults


@scene("kill -9 of the whole sensor while it writes: what its spool took arrives, no more")
def sensor_killed(box):
    rng = random.Random(box.a.seed)
    r = box.redis().start()
    box.follow(r.path)
    kills, have, above = 200 if box.a.long else 15, {}, {}
    for i in range(kills):
        f = Feeder(box, r.path, "-k", boot="k%03d" % i, rate=box.a.rate * 4)
        end = time.time() + 10
        while f.fed() == 0 and time.time() < end:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.01, 0.2))
        pids = f.outlet()
        f.kill()
        for pid in pids:                    # it goes when its parent goes
            while os.path.exists("/proc/%d/fd" % pid):
                try:
                    with open("/proc/%d/stat" % pid) as s:
                        if s.read().split(") ")[-1][0] == "Z":
                            break
                except OSError:
                    break
                time.sleep(0.001)
        new, above = spooled(box.spool, above)
        for key, n in new.items():
            have[key] = max(have.get(key, 0), n)
    last = Feeder(box, r.path, "-k", boot="last", count=200)
    last.proc.wait(timeout=120)
    source, dropped = [], 0
    for f in box.feeders:
        with open(f.source) as lines:
            for line in lines.read().split("\n")[:-1]:
                stream, n, _ = line.split(" ", 1)[0].rsplit("/", 2)
                if f is last or int(n) <= have.get(stream, 0):
                    source.append(line)
                else:
                    dropped += 1
    faults = [] if last.finish() == 0 else ["the last start: " + last.said()[-400:]]
    box.notes.append("%d kills; %d events were not in the spool yet" % (kills, dropped))
    return faults + box.judge(r.path, source=source)


# ---- the disk, and the cap ----

@scene("the spool's disk full at 8 MiB, then freed: each missing one is told", root=True)
def disk_full(box):
    disk = box.disk("spool", "8m")
    if disk is None:
        return None
    filler = os.path.join(disk, "filler")
    with open(filler, "wb") as f:
        f.write(b"\0" * (5 << 20))
    r = box.redis()
    f = Feeder(box, r.path)
    faults = [] if f.wait_for("No space left on device", 60) else ["the disk was never full"]
    pause(box.a, 1, 10)
    os.unlink(filler)
    time.sleep(0.5)
    r.start()
    time.sleep(1)
    faults += box.finish(r.path, gaps=True)
    if not any("told by" in n for n in box.notes):
        faults.append("no gap: the limit was not reached")
    return faults


@scene("a spool too small for the time Redis is away: each missing one is told")
def cap(box):
    r = box.redis()
    f = Feeder(box, r.path, "-c", str(1 << 20))
    pause(box.a, 4, 20)
    r.start()
    time.sleep(1)
    faults = box.finish(r.path, gaps=True)
    if not any("told by" in n for n in box.notes):
        faults.append("no gap: the limit was not reached: " + f.said()[-300:])
    return faults


@scene("a spool that an earlier start left is delivered by the next one, before its own")
def earlier(box):
    r = box.redis()
    first = Feeder(box, r.path, "-k", boot="b1", count=3000, drain=0.1)
    first.proc.wait(timeout=60)
    faults = [] if "stay in the spool" in first.said() else ["not said: " + first.said()]
    first.finish()
    r.start()
    second = Feeder(box, r.path, "-k", boot="b2", count=1000)
    second.proc.wait(timeout=60)
    third = Feeder(box, r.path, "-k", boot="b3", count=10)
    third.proc.wait(timeout=60)
    for f in (second, third):
        if f.finish() != 0:
            faults.append("%s: %s" % (f.boot, f.said()))
    return faults + box.judge(r.path)


# ---- the whole sensor ----

@scene("two sensors on one wire, one with a Redis that is stopped and killed: no packet more is lost",
       root=True)
def twin(box):
    a, tag = box.a, "et%d" % os.getpid()
    rate, seconds = (a.rate, 40) if a.long else (a.rate // 2, 9)
    pcap, rule = os.path.join(box.folder, "pcap"), os.path.join(box.folder, "each.rules")
    write_flows(pcap, rate * seconds)
    with open(rule, "w") as f:
        f.write("rule each {\n\tid 1 kind audio-upload severity info\n\twhen content = audio\n\t"
                "limit 1000000 per device every 1 h\n\texplain \"audio\"\n}\n")

    def inside(side, *words):
        return ["nsenter", "--net=/run/netns/" + tag + side] + list(words)

    def run(*words):
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    servers = [box.redis(name=n).start() for n in ("disturbed", "quiet")]
    sensors, faults, most = [], [], {}
    try:
        for side in "ab":
            run("ip", "netns", "add", tag + side)
            run(*inside(side, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                        "net.ipv6.conf.default.disable_ipv6=1"))
        run("ip", "link", "add", "v0", "netns", tag + "a", "type", "veth", "peer", "name", "v1",
            "netns", tag + "b")
        run(*inside("a", "ip", "link", "set", "v0", "up"))
        run(*inside("b", "ip", "link", "set", "v1", "up"))
        for i, r in enumerate(servers):
            base = os.path.join(box.folder, "sensor%d" % i)
            with open(base + ".err", "w") as err:
                sensors.append(subprocess.Popen(
                    inside("a", os.path.abspath(a.build + "/earshot"), "run", "-v", "-i", "v0", "-S",
                           rule, "--state", base, "--name", "sensor%d" % i, "-o",
                           "redis:unix:" + r.path, "-o", "file:" + base + ".json"),
                    stdout=err, stderr=err))
            until(lambda: "listening on" in text(base + ".err"), 20)
        replay = subprocess.Popen(inside("b", "tcpreplay", "-q", "--pps=%d" % (rate * 3), "-i", "v1",
                                         pcap), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began, stopped = time.monotonic(), False
        while replay.poll() is None:
            for i, s in enumerate(sensors):
                for name, kib in family(s.pid):
                    most[i, name] = max(most.get((i, name), 0), kib)
            # Three seconds of standing still, a second of service, killed and started again.
            phase = (time.monotonic() - began) % 5
            if (phase > 1) != stopped:
                stopped = not stopped
                servers[0].proc.send_signal(signal.SIGSTOP if stopped else signal.SIGCONT)
                if not stopped:
                    servers[0].kill()
                    servers[0].launch()
            time.sleep(0.1)
        if stopped:
            servers[0].proc.send_signal(signal.SIGCONT)
        time.sleep(4)
        stats = [json.loads(subprocess.run(
            [os.path.abspath(a.build + "/earshot"), "stats", "--json", "--state",
             os.path.join(box.folder, "sensor%d" % i)], check=True, stdout=subprocess.PIPE).stdout)
            for i in range(2)]
        for s in sensors:
            s.send_signal(signal.SIGTERM)
        codes = [s.wait(timeout=60) for s in sensors]
        if codes != [0, 0]:
            faults.append("the sensors exit with %s" % codes)
        seen = [x["packets"]["total"] for x in stats]
        lost = [{k: v["total"] for k, v in x["loss"].items() if k != "spool"} for x in stats]
        if seen[0] != seen[1] or lost[0] != lost[1]:
            faults.append("%d packets, %s; its twin %d, %s" % (seen[0], lost[0], seen[1], lost[1]))
        for (i, name), kib in most.items():
            if i == 0 and kib - most.get((1, name), kib) > 64 << 10:
                faults.append("%s takes %d MiB more than its twin" % (
                    name, (kib - most[1, name]) >> 10))
        box.notes.append("%d packets at %d/s, drops %d and %d" % (
            seen[0], rate * 3, lost[0]["kernel"], lost[1]["kernel"]))
        source, gaps = [], []
        for line in text(os.path.join(box.folder, "sensor0.json")).split("\n")[:-1]:
            e = json.loads(line)["earshot"]
            stream = "%s/%d/%02d" % (e["boot"], e["lane"] == "flow", e["partition"])
            if "gap" in e:
                gaps.append(["gap", stream] + [str(e["gap"][k]) for k in ("from", "to", "count")])
            else:
                source.append("%s/%d/%08x" % (stream, e["seq"], zlib.crc32(line.encode())))
        return faults + box.judge(servers[0].path, source=source, gaps=gaps)
    finally:
        for s in sensors:
            if s.poll() is None:
                s.kill()
        for side in "ab":
            subprocess.run(["ip", "netns", "del", tag + side], check=False)


def text(path):
    with open(path, errors="replace") as f:
        return f.read()


def until(true, seconds):
    end = time.time() + seconds
    while not true():
        if time.time() > end:
            raise RuntimeError("waited in vain")
        time.sleep(0.05)


def family(pid):
    """Name and resident KiB of a process and all below it."""
    try:
        name = text("/proc/%d/comm" % pid).strip()
    except OSError:
        return []
    return [(name, resident(pid))] + [x for c in children(pid) for x in family(c)]


def play(a, entry):
    name, title, root, function = entry
    began, notes = time.time(), []
    if root and os.geteuid() != 0:
        return name, title, None, ["needs root"], 0
    try:
        with Box(a, sanitized=name == "killed" and a.feeder_asan is not None) as box:
            faults = function(box)
            notes = box.notes
            if faults is None:
                return name, title, None, ["cannot mount a disk here"], 0
            if name == "killed" and a.feeder_asan is None:
                notes.append("not under the sanitizers: there is no %s-asan" % a.build)
    except Exception as e:                  # what cannot run has failed
        faults = ["%s: %s" % (type(e).__name__, e)]
    return name, title, faults, notes, time.time() - began


def keep(a, rows):
    version = subprocess.run(
        [server_program(), "--version"], stdout=subprocess.PIPE, text=True).stdout
    text = ["## %s UTC, %s" % (datetime.datetime.utcnow().strftime("%Y-%m-%d %H:%M"),
                               version.split(" sha")[0].strip()), "",
            "`make chaos`: %d events/s, %d scenes at once, %d cores, load %.1f at the end. %s" % (
                a.rate, a.jobs, os.cpu_count(), os.getloadavg()[0], a.note), "",
            "| scene | what | result | s |", "|---|---|---|--:|"]
    for name, title, faults, notes, took in rows:
        text.append("| %s | %s | %s: %s | %.0f |" % (
            name, title, "skipped" if faults is None else "FAILED" if faults else "ok",
            "; ".join(notes + (faults or []))[:300].replace("|", "/").replace("\n", " "), took))
    with open(a.keep, "a") as f:
        f.write("\n" + "\n".join(text) + "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--rate", type=int, default=5000)
    p.add_argument("--long", action="store_true")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--kills", type=int, default=0, help="of Redis")
    p.add_argument("--only", default="")
    p.add_argument("--note", default="")
    p.add_argument("--keep")
    a = p.parse_args()
    a.kills = a.kills or (1000 if a.long else 50)
    a.feeder = os.path.abspath(a.build + "/tests/chaos/feeder")
    a.collector = os.path.abspath(a.build + "/tests/chaos/collector")
    asan = os.path.abspath(a.build + "-asan/tests/chaos/feeder")
    a.feeder_asan = asan if os.path.exists(asan) else None
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=0"
    chosen = [s for s in SCENES if not a.only or s[0] in a.only.split(",")]
    rows, n = [], 0
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(play, a, s) for s in chosen]):
            name, title, faults, notes, took = row = done.result()
            rows.append(row)
            n += 1
            print("%s %d - chaos %s: %s%s" % (
                "not ok" if faults else "ok", n, name, title,
                " # SKIP " + notes[0] if faults is None else ""))
            for line in (faults or []):
                print("# " + line.replace("\n", "\n# "))
            print("# %s: %s; %.1f s" % (name, "; ".join(notes), took), flush=True)
    print("1..%d" % n)
    if a.keep:
        order = [s[0] for s in SCENES]
        keep(a, sorted(rows, key=lambda row: order.index(row[0])))
    return 1 if any(row[2] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
