#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery to a Redis Cluster: nothing lost, nothing doubled, order kept, while nodes are
lost, come back, are replaced, and slots move.

usage: cluster.py FEEDER EARSHOT [--only NAME]

FEEDER is the program made from tests/redis/feeder.c. Three masters and a replica of the
first, on ports of the loopback that were free a moment ago. Prints TAP.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PARTITIONS = 16
LANES = ("alert", "flow")
SLOTS = 16384


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        crc &= 0xffff
    return crc


def slot_of(partition):
    return crc16(b"ear:p%02d" % partition) % SLOTS


class Failed(Exception):
    pass


class Node:
    def __init__(self, folder, port):
        self.folder, self.port, self.proc = folder, port, None
        os.makedirs(folder, exist_ok=True)

    def start(self):
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        self.proc = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder,
             "--appendonly", "yes", "--save", "", "--cluster-enabled", "yes",
             "--cluster-node-timeout", "1000", "--cluster-config-file", "nodes.conf",
             "--cluster-port", str(self.port + 1), "--repl-diskless-sync-delay", "0",
             "--repl-ping-replica-period", "1"],
            executable=program, stdout=open(self.folder + "/log", "a"), stderr=subprocess.STDOUT)
        until(lambda: self.call("PING") == "PONG", "a node that answers")

    def kill(self):
        if self.proc is not None:
            self.proc.send_signal(signal.SIGKILL)
            self.proc.wait()
        self.proc = None

    def call(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            out = b"*%d\r\n" % len(words)
            for w in words:
                w = str(w).encode()
                out += b"$%d\r\n%s\r\n" % (len(w), w)
            s.sendall(out)
            return read_reply(s.makefile("rb"))

    def must(self, *words):
        r = self.call(*words)
        if isinstance(r, Failed):
            raise RuntimeError("%s: %s" % (" ".join(map(str, words))[:100], r))
        return r


def read_reply(f):
    line = f.readline()
    if not line:
        raise ConnectionError("closed")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        return Failed(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else f.read(int(rest) + 2)[:-2].decode()
    return [read_reply(f) for _ in range(int(rest))]


def until(true, what, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        try:
            if true():
                return
        except (OSError, ConnectionError):
            pass
        time.sleep(0.03)
    raise RuntimeError("waited in vain for " + what)


def free_ports(n):
    """Pairs of neighbours: a node's own and its bus."""
    out = []
    while len(out) < n:
        with socket.socket() as a, socket.socket() as b:
            a.bind(("127.0.0.1", 0))
            port = a.getsockname()[1]
            try:
                b.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            if not any(abs(port - p) < 2 for p in out):
                out.append(port)
    return out


class Cluster:
    def __init__(self, feeder, earshot):
        self.feeder, self.earshot = feeder, earshot
        self.folder = tempfile.mkdtemp(prefix="earshot-cluster-")
        self.nodes = [Node(os.path.join(self.folder, "node%d" % i), p)
                      for i, p in enumerate(free_ports(4))]
        self.feeders = []

    def __enter__(self):
        for n in self.nodes:
            n.start()
        share = SLOTS // 3 + 1
        for i, n in enumerate(self.nodes[:3]):
            n.must("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            n.must("CLUSTER", "ADDSLOTSRANGE", i * share, min((i + 1) * share, SLOTS) - 1)
        for n in self.nodes[1:]:
            n.must("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self.nodes[0].port + 1)
        until(lambda: all(self.knows(n) == 4 for n in self.nodes), "a cluster of four")
        self.nodes[3].must("CLUSTER", "REPLICATE", self.nodes[0].must("CLUSTER", "MYID"))
        self.settled()
        until(lambda: "master_link_status:up" in self.nodes[3].call("INFO", "replication"),
              "a replica that follows")
        return self

    def __exit__(self, *_):
        for f in self.feeders:
            if f.poll() is None:
                f.kill()
                f.wait()
        for n in self.nodes:
            n.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def knows(self, node):
        return node.call("CLUSTER", "INFO").split("cluster_known_nodes:")[1].split()[0] == "4" and 4

    def settled(self):
        until(lambda: all("cluster_state:ok" in n.call("CLUSTER", "INFO")
                          for n in self.nodes if n.proc), "a cluster that is up")

    def masters(self):
        """port -> slots, as the first node that lives sees it."""
        alive = next(n for n in self.nodes if n.proc)
        out = {}
        for first, last, master, *_ in alive.must("CLUSTER", "SLOTS"):
            out.setdefault(master[1], set()).update(range(first, last + 1))
        return out

    def node_of(self, partition):
        slot = slot_of(partition)
        for port, slots in self.masters().items():
            if slot in slots:
                return next(n for n in self.nodes if n.port == port)
        raise RuntimeError("nobody has slot %d" % slot)

    def feed(self, count, rate, boot="b1", seed=0, drain=30000):
        """Starts it; wait() gives its exit code and what it said."""
        self.reference = os.path.join(self.folder, "reference-" + boot)
        self.talk = os.path.join(self.folder, "talk-" + boot)
        proc = subprocess.Popen(
            [self.feeder, "redis://127.0.0.1:%d" % self.nodes[seed].port,
             os.path.join(self.folder, "spool"), self.reference, str(count), str(rate), boot, "0",
             str(drain), "0"],
            stdout=subprocess.DEVNULL, stderr=open(self.talk, "w"))
        self.feeders.append(proc)
        return proc

    def said(self):
        with open(self.talk) as f:
            return f.read()

    def streams(self):
        out = {}
        for p in range(PARTITIONS):
            node = self.node_of(p)
            for lane, name in enumerate(LANES):
                entries = node.must("XRANGE", "{ear:p%02d}:%s" % (p, name), "-", "+")
                if entries:
                    out[(lane, p)] = [dict(zip(f[::2], f[1::2]))["e"] for _, f in entries]
        return out

    def faults(self, proc):
        rc = proc.wait(timeout=90)
        out = [] if rc == 0 else ["feeder exits with %d" % rc]
        if rc != 0 or "Sanitizer" in self.said():
            out.append(self.said()[-3000:])
        want = {}
        with open(self.reference) as f:
            for line in f:
                e = json.loads(line)
                want.setdefault((e["lane"], e["p"]), []).append(line.rstrip("\n"))
        got = self.streams()
        for key in sorted(set(want) | set(got)):
            w, g = want.get(key, []), got.get(key, [])
            if w != g:
                out.append("lane %d partition %d: %d expected, %d there, %d lost, %d doubled%s" % (
                    key + (len(w), len(g), len(set(w) - set(g)), len(g) - len(set(g)),
                           ", order differs" if sorted(w) == sorted(g) else "")))
        return out

    def arrived(self, n):
        total = 0
        for p in range(PARTITIONS):
            node = self.node_of(p)
            for name in LANES:
                length = node.call("XLEN", "{ear:p%02d}:%s" % (p, name))
                total += length if isinstance(length, int) else 0
        return total >= n

    def dials(self):
        """Connections of others than ourselves and the nodes, by node."""
        out = []
        for n in self.nodes:
            lines = n.must("CLIENT", "LIST", "TYPE", "NORMAL").splitlines()
            out.append(sum("cmd=client" not in one for one in lines))
        return out

    def reshard(self, partition, to, pause=0.02):
        """Moves a partition's slot, key by key, so that halves of it are seen."""
        source, slot = self.node_of(partition), slot_of(partition)
        if source is to:
            return
        to.must("CLUSTER", "SETSLOT", slot, "IMPORTING", source.must("CLUSTER", "MYID"))
        source.must("CLUSTER", "SETSLOT", slot, "MIGRATING", to.must("CLUSTER", "MYID"))
        time.sleep(pause)
        while True:
            keys = source.must("CLUSTER", "GETKEYSINSLOT", slot, 1)
            if not keys:
                break
            source.must("MIGRATE", "127.0.0.1", to.port, keys[0], 0, 5000)
            time.sleep(pause)
        # The one that takes first: between the two commands both may believe to have it, and
        # the one that gives must be the one that sends on.
        for n in (to, source):
            n.must("CLUSTER", "SETSLOT", slot, "NODE", to.must("CLUSTER", "MYID"))


def test_init_loads_the_function_on_every_master(c):
    "init loads the functions on every master, and show counts what lies on all of them"
    target = "redis://127.0.0.1:%d" % c.nodes[2].port
    r = subprocess.run([c.earshot, "redis", "init", target], capture_output=True, text=True, timeout=30)
    out = [] if r.returncode == 0 else ["init exits with %d: %s" % (r.returncode, r.stderr)]
    for i, n in enumerate(c.nodes[:3]):
        if not isinstance(n.call("FCALL", "ear_version", "0"), int):
            out.append("node %d has no functions" % i)
    proc = c.feed(2000, 20000, drain=10000)
    out += c.faults(proc)
    r = subprocess.run([c.earshot, "redis", "show", target], capture_output=True, text=True, timeout=30)
    shown = sum(int(l.split()[1]) for l in r.stdout.splitlines() if l.startswith("{ear:"))
    if shown != 2000:
        out.append("show counts %d of 2000 events: %s" % (shown, r.stderr))
    return out


def test_every_partition_goes_to_its_node(c):
    "every partition goes to the node that has it, over one connection for each"
    proc = c.feed(10000, 5000)
    until(lambda: c.arrived(3000), "events on the way")
    dials = c.dials()
    out = c.faults(proc)
    if dials[:3] != [1, 1, 1] or dials[3] != 0:
        out.append("connections to the nodes: %s" % dials)
    homes = {c.node_of(p).port for p in range(PARTITIONS)}
    if len(homes) != 3:
        out.append("the partitions lie on %d nodes" % len(homes))
    return out


def test_slots_move_while_events_flow(c):
    "slots move while 5,000 events a second flow: nothing lost, nothing doubled"
    proc = c.feed(20000, 5000)
    until(lambda: c.arrived(1000), "events on the way")
    for p in range(PARTITIONS):
        c.reshard(p, c.nodes[(p + 1) % 3])
    out = c.faults(proc)
    for p in range(PARTITIONS):
        if c.node_of(p) is not c.nodes[(p + 1) % 3]:
            out.append("partition %d did not move" % p)
    return out


def test_a_node_is_lost_and_comes_back(c):
    "a master without a replica dies and comes back: the cluster is down meanwhile, and that is told"
    proc = c.feed(20000, 5000)
    until(lambda: c.arrived(1000), "events on the way")
    c.nodes[1].kill()
    until(lambda: "CLUSTERDOWN" in c.said(), "a word about it")
    c.nodes[1].start()
    c.settled()
    return c.faults(proc)


def test_a_replica_takes_over(c):
    "the master we were told of dies for good and its replica takes over"
    proc = c.feed(20000, 5000)
    until(lambda: c.arrived(1000), "events on the way")
    c.nodes[0].kill()
    until(lambda: "role:master" in c.nodes[3].call("INFO", "replication"), "a new master")
    return c.faults(proc)


def test_a_failover_to_a_replica_that_was_behind(c):
    "the replica that takes over was behind: what it lacks is sent again"
    proc = c.feed(20000, 5000)
    until(lambda: c.arrived(1000), "events on the way")
    # It hears no more of its master, and then that it is one: TAKEOVER asks nobody.
    c.nodes[3].must("CONFIG", "SET", "masterauth", "nonsense")
    c.nodes[0].must("CONFIG", "SET", "requirepass", "another")
    c.nodes[3].proc.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    c.nodes[0].kill()
    c.nodes[3].proc.send_signal(signal.SIGCONT)
    until(lambda: c.nodes[3].call("CLUSTER", "FAILOVER", "TAKEOVER") == "OK", "a takeover")
    until(lambda: "role:master" in c.nodes[3].call("INFO", "replication"), "a new master")
    out = c.faults(proc)
    if "had acknowledged; sending them again" not in c.said():
        out.append("nothing was sent again: the replica was not behind")
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("feeder")
    ap.add_argument("earshot")
    ap.add_argument("--only")
    a = ap.parse_args()
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and
             (not a.only or a.only in n)]
    bad = 0
    for i, (name, run) in enumerate(tests, 1):
        try:
            with Cluster(a.feeder, a.earshot) as c:
                try:
                    faults = run(c)
                except RuntimeError as e:
                    faults = [str(e), c.said()[-2000:] if c.feeders else ""]
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
            faults = [repr(e)]
        bad += bool(faults)
        print("%s %d - test_cluster: %s" % ("not ok" if faults else "ok", i, run.__doc__))
        for f in faults:
            for line in f.splitlines():
                print("# " + line)
        sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
