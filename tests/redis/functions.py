#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of the functions inside Redis, and delivery to one that is well.

usage: functions.py FEEDER [--only NAME]

FEEDER is the program made from tests/redis/feeder.c. Needs redis-server, or redis-check-rdb,
which is the same program under another name. Every server is private: a unix socket in a
temporary folder. Prints TAP.
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


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")

    def close(self):
        self.file.close()
        self.sock.close()

    def call(self, *words):
        out = b"*%d\r\n" % len(words)
        for w in words:
            w = str(w).encode()
            out += b"$%d\r\n%s\r\n" % (len(w), w)
        self.sock.sendall(out)
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Exception(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            n = int(rest)
            return None if n < 0 else self.file.read(n + 2)[:-2].decode()
        return [self.read() for _ in range(int(rest))]


class Redis:
    def __init__(self, folder, aof=True):
        self.folder, self.aof, self.proc = folder, aof, None
        self.path = os.path.join(folder, "redis.sock")

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        program = (os.environ.get("REDIS_SERVER") or shutil.which("redis-server") or
                   shutil.which("redis-check-rdb"))
        self.proc = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--dir", self.folder,
             "--appendonly", "yes" if self.aof else "no", "--save", "",
             "--maxmemory-policy", "noeviction"],
            executable=program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.time() + 15
        while time.time() < end:
            try:
                c = Client(self.path)
                ok = c.call("PING") == "PONG"
                c.close()
                if ok:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("redis does not start")

    def kill(self):
        if self.proc is not None:
            self.proc.send_signal(signal.SIGKILL)
            self.proc.wait()
        self.proc = None

    def call(self, *words):
        c = Client(self.path)
        try:
            return c.call(*words)
        finally:
            c.close()


class Feeder:
    def __init__(self, box, target, count, rate, boot="b1", spool_bytes=0, drain=15000, keep=0,
                 kind="unix"):
        self.reference = os.path.join(box.folder, "reference-" + boot)
        spool = os.path.join(box.folder, "spool")
        os.makedirs(spool, exist_ok=True)
        self.talk = open(os.path.join(box.folder, "talk-" + boot), "w+b")
        self.proc = subprocess.Popen(
            [box.feeder, "redis:%s:%s" % (kind, target), spool, self.reference, str(count), str(rate),
             boot, str(spool_bytes), str(drain), str(keep)],
            stdout=subprocess.DEVNULL, stderr=self.talk)

    def wait(self):
        rc = self.proc.wait(timeout=90)
        self.talk.seek(0)
        self.said = self.talk.read().decode(errors="replace")
        self.talk.close()
        return rc

    def expected(self):
        out = {}
        with open(self.reference) as f:
            for line in f:
                e = json.loads(line)
                out.setdefault((e["lane"], e["p"]), []).append(line.rstrip("\n"))
        return out


class Box:
    def __init__(self, feeder, aof=False):
        self.feeder = feeder
        self.folder = tempfile.mkdtemp(prefix="earshot-redis-")
        self.redis = Redis(self.folder, aof)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.redis.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def streams(self):
        out = {}
        c = Client(self.redis.path)
        for lane, name in enumerate(LANES):
            for p in range(PARTITIONS):
                entries = c.call("XRANGE", "{ear:p%02d}:%s" % (p, name), "-", "+")
                if isinstance(entries, Exception):
                    raise RuntimeError(str(entries))
                if entries:
                    out[(lane, p)] = [dict(zip(f[::2], f[1::2])) for _, f in entries]
        c.close()
        return out


def differences(want, got):
    """Expected lines and streams by (lane, partition); [] when they are the same."""
    out = []
    for key in sorted(set(want) | set(got)):
        w, g = want.get(key, []), [e["e"] for e in got.get(key, [])]
        if w == g:
            continue
        out.append("lane %d partition %d: %d expected, %d there, %d lost, %d doubled%s" % (
            key + (len(w), len(g), len(set(w) - set(g)), len(g) - len(set(g)),
                   ", order differs" if sorted(w) == sorted(g) else "")))
    return out


def check(box, feeders, rc_wanted=0):
    faults = []
    want = {}
    for f in feeders:
        rc = f.wait()
        if rc != rc_wanted:
            faults.append("feeder exits with %d: %s" % (rc, f.said[-400:]))
        if "Sanitizer" in f.said:
            faults.append(f.said[-3000:])
        for key, lines in f.expected().items():
            want.setdefault(key, []).extend(lines)
    return faults + differences(want, box.streams())


def test_admin(a):
    "redis init loads the functions, the summary counts, and a missing server is a sentence"
    with Box(a.feeder) as box:
        faults = []

        def run(*words):
            p = subprocess.run([a.feeder] + list(words), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=20)
            return p.returncode, p.stdout.decode(), p.stderr.decode()
        rc, _, said = run("init", "redis:unix:" + box.redis.path)
        if rc != 1 or "cannot reach" not in said:
            faults.append("init without a server: %d %s" % (rc, said))
        box.redis.start()
        for _ in range(2):
            rc, _, said = run("init", "redis:unix:" + box.redis.path)
            if rc != 0:
                faults.append("init: %d %s" % (rc, said))
        call = box.redis.call

        def append(first, gap, *events):
            return call("FCALL", "ear_append", 2, "{ear:p07}:alert", "{ear:p07}:seq",
                        "s/b/alert", first, 100000, gap, *events)
        steps = [(append(1, 0, "a", "b", "c"), ["OK", 3]), (append(1, 0, "a", "b", "c"), ["OK", 3]),
                 (append(3, 0, "c", "d", "e"), ["OK", 5]), (append(9, 0, "i"), ["GAP", 5]),
                 (append(8, 1, "gap 6 to 8"), ["OK", 8]), (append(9, 0, "i"), ["OK", 9]),
                 (call("FCALL", "ear_last", 1, "{ear:p07}:seq", "s/b/alert"), 9),
                 (call("FCALL", "ear_last", 1, "{ear:p07}:seq", "s/b/flow"), 0)]
        faults += ["step %d: %s" % (i, s[0]) for i, s in enumerate(steps) if s[0] != s[1]]
        if not isinstance(append(-1, 0, "x"), Exception) or not isinstance(
                append("1.5", 0, "x"), Exception):
            faults.append("a sequence that is none was taken")
        there = [(e["s"], e["b"], e["n"], e["e"]) for e in box.streams()[(0, 7)]]
        if there != [("s", "b", n, e) for n, e in [
                ("1", "a"), ("2", "b"), ("3", "c"), ("4", "d"), ("5", "e"), ("8", "gap 6 to 8"),
                ("9", "i")]]:
            faults.append("in the stream: %s" % there)
        rc, out, said = run("summary", "redis:unix:" + box.redis.path)
        if rc != 0 or out != "{ear:p07}:alert 7 i\n":
            faults.append("summary: %d %s %s" % (rc, out, said))
        return faults


def test_tcp(a):
    "the same over TCP"
    with Box(a.feeder) as box:
        box.redis.start()
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        box.redis.call("CONFIG", "SET", "port", port)
        return check(box, [Feeder(box, "127.0.0.1:%d" % port, 20000, 20000, kind="tcp")])


TESTS = [test_admin, test_tcp]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("feeder")
    p.add_argument("--only", default="")
    a = p.parse_args()
    a.feeder = os.path.abspath(a.feeder)
    tests = [t for t in TESTS if a.only in t.__name__]
    failed = 0
    for n, test in enumerate(tests, 1):
        began = time.time()
        name = test.__doc__
        try:
            faults = test(a)
        except Exception as e:  # a test that cannot run has failed
            faults = ["%s: %s" % (type(e).__name__, e)]
        print("%s %d - %s" % ("not ok" if faults else "ok", n, name))
        print("# %s: %.1f s" % (test.__name__, time.time() - began))
        for f in faults:
            print("# " + f.replace("\n", "\n# "))
        failed += bool(faults)
        sys.stdout.flush()
    print("1..%d" % len(tests))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
