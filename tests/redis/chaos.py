#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery to a Redis that misbehaves: nothing lost, nothing doubled, order kept.

usage: chaos.py FEEDER [--seed N] [--cuts N] [--only NAME]

FEEDER is the program made from tests/redis/feeder.c. Needs redis-server, or redis-check-rdb,
which is the same program under another name. Every server is private: a unix socket in a
temporary folder. Prints TAP.
"""
import argparse
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
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
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
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

    def start_unready(self):
        """As start, but without waiting until it has loaded: the outlet meets -LOADING."""
        threading.Thread(target=self.start, daemon=True).start()

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


class Proxy(threading.Thread):
    """Passes bytes between the outlet and Redis; cut() breaks the connection in the middle of
    a reply, at a random byte, kills Redis and starts it again."""

    def __init__(self, path, redis, rng):
        super().__init__(daemon=True)
        self.redis, self.rng = redis, rng
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.countdown = None
        self.cuts = 0
        self.done = False

    def arm(self):
        self.countdown = self.rng.randint(1, 300)

    def run(self):
        while not self.done:
            ready, _, _ = select.select([self.listener], [], [], 0.1)
            if ready:
                outlet, _ = self.listener.accept()
                self.serve(outlet)
                outlet.close()

    def serve(self, outlet):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.redis.path)
            while not self.done:
                ready, _, _ = select.select([outlet, server], [], [], 0.1)
                if outlet in ready:
                    data = outlet.recv(65536)
                    if not data:
                        return
                    server.sendall(data)
                if server in ready:
                    data = server.recv(65536)
                    if not data:
                        return
                    if self.countdown is not None:
                        if len(data) >= self.countdown:
                            outlet.sendall(data[:self.countdown])
                            self.countdown = None
                            self.redis.kill()
                            self.cuts += 1
                            self.redis.start_unready()
                            return
                        self.countdown -= len(data)
                    outlet.sendall(data)
        except OSError:
            return
        finally:
            server.close()


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


def test_killed_and_cut(a):
    "kill -9 and a cut in the middle of a reply, %d times: nothing lost, nothing doubled"
    rng = random.Random(a.seed)
    with Box(a.feeder, aof=True) as box:
        box.redis.start()
        path = os.path.join(box.folder, "proxy.sock")
        proxy = Proxy(path, box.redis, rng)
        proxy.start()
        f = Feeder(box, path, 2000 * (a.cuts * 6 // 10 + 3), 2000, drain=30000)
        while proxy.cuts < a.cuts and f.proc.poll() is None:
            time.sleep(rng.uniform(0.2, 0.5))
            if proxy.countdown is None:
                before = proxy.cuts
                proxy.arm()
                end = time.time() + 8
                while proxy.cuts == before and time.time() < end and f.proc.poll() is None:
                    time.sleep(0.01)
        faults = []
        rc_faults = check(box, [f])
        if proxy.cuts < a.cuts:
            faults.append("only %d cuts" % proxy.cuts)
        print("# %d cuts and kills, %d events" % (proxy.cuts, sum(
            len(v) for v in f.expected().values())))
        proxy.done = True
        return faults + rc_faults


def test_absent_at_start(a):
    "Redis absent at the start, then it comes"
    with Box(a.feeder) as box:
        f = Feeder(box, box.redis.path, 3000, 2000)
        time.sleep(1)
        box.redis.start()
        return check(box, [f])


def test_earlier_boot(a):
    "a spool that an earlier start left is delivered by the next one"
    with Box(a.feeder) as box:
        first = Feeder(box, box.redis.path, 2000, 20000, boot="b1", drain=200, keep=1)
        rc = first.wait()
        faults = [] if rc == 1 and "stay in the spool" in first.said else [
            "the first start exits with %d: %s" % (rc, first.said)]
        box.redis.start()
        second = Feeder(box, box.redis.path, 1000, 5000, boot="b2", keep=1)
        if second.wait() != 0:
            faults.append("the second start: " + second.said)
        want = first.expected()
        for key, lines in second.expected().items():
            want.setdefault(key, []).extend(lines)
        faults += differences(want, box.streams())
        third = Feeder(box, box.redis.path, 10, 5000, boot="b3", keep=1)
        third.wait()
        for key, lines in third.expected().items():
            want.setdefault(key, []).extend(lines)
        return faults + differences(want, box.streams())


def test_killed_outlet(a):
    "kill -9 of the outlet while it writes its spool: what was spooled arrives, in order"
    rng = random.Random(a.seed)
    with Box(a.feeder) as box:
        faults, killed, there = [], [], 0
        for i in range(10):
            f = Feeder(box, box.redis.path, 100000, 20000, boot="k%d" % i, keep=1)
            end = time.time() + 10
            while time.time() < end and (not os.path.exists(f.reference) or
                                         os.path.getsize(f.reference) == 0):
                time.sleep(0.005)
            time.sleep(rng.uniform(0.02, 0.15))
            for pid in children(f.proc.pid):
                os.kill(pid, signal.SIGKILL)
            f.proc.kill()
            f.proc.wait()
            killed.append(f)
        box.redis.start()
        last = Feeder(box, box.redis.path, 100, 5000, boot="last", keep=1)
        if last.wait() != 0:
            faults.append("the last start: " + last.said)
        streams = box.streams()
        for f in killed:
            boot = os.path.basename(f.reference).split("-")[1]
            for key, lines in f.expected().items():
                got = [e["e"] for e in streams.get(key, []) if e["b"] == boot]
                there += len(got)
                if got != lines[:len(got)]:
                    faults.append("boot %s, %s: not what was fed" % (boot, key))
        if there < 1000:
            faults.append("only %d events survived ten kills" % there)
        print("# %d events of ten killed outlets" % there)
        return faults


def during(a, before, after, wanted_talk=None, count=5000):
    """Something happens to Redis in the middle, and is taken back."""
    with Box(a.feeder) as box:
        box.redis.start()
        f = Feeder(box, box.redis.path, count, 2000)
        time.sleep(0.7)
        for words in before:
            answer = box.redis.call(*words)
            if isinstance(answer, Exception):
                return ["%s: %s" % (words, answer)]
        time.sleep(1.2)
        for words in after:
            box.redis.call(*words)
        faults = check(box, [f])
        if wanted_talk and wanted_talk not in f.said:
            faults.append("it was not said: " + f.said)
        if f.said.count("warn") > 6:
            faults.append("%d warnings" % f.said.count("warn"))
        return faults


def test_out_of_memory(a):
    "-OOM: events wait, and all come through later"
    return during(a, [("CONFIG", "SET", "maxmemory", "1mb")],
                  [("CONFIG", "SET", "maxmemory", "0")], "memory limit")


def test_read_only(a):
    "-READONLY: events wait, and all come through later"
    return during(a, [("CONFIG", "SET", "replica-serve-stale-data", "yes"),
                      ("REPLICAOF", "127.0.0.1", "1")],
                  [("REPLICAOF", "NO", "ONE")], "replica")


def test_lost_tail(a):
    "a server that lost what it had acknowledged gets it again"
    return during(a, [("FLUSHALL",)], [], "sending them again")


def test_lost_functions(a):
    "a server that lost the functions gets them again"
    return during(a, [("FUNCTION", "FLUSH")], [])


def test_stopped(a):
    "a server that stands still is given time"
    with Box(a.feeder) as box:
        box.redis.start()
        f = Feeder(box, box.redis.path, 5000, 2000)
        time.sleep(0.7)
        box.redis.proc.send_signal(signal.SIGSTOP)
        time.sleep(2)
        box.redis.proc.send_signal(signal.SIGCONT)
        return check(box, [f])


def test_full_spool(a):
    "a spool that is too small drops its oldest, and gap events say exactly which"
    with Box(a.feeder) as box:
        f = Feeder(box, box.redis.path, 8000, 8000, spool_bytes=1 << 20)
        time.sleep(0.8)
        box.redis.start()
        rc = f.wait()
        faults = [] if rc == 0 else ["feeder exits with %d: %s" % (rc, f.said)]
        want, got, gaps = f.expected(), box.streams(), 0
        for key, lines in want.items():
            last = 0
            by_seq = {json.loads(line)["seq"]: line for line in lines}
            for e in got.get(key, []):
                n, j = int(e["n"]), json.loads(e["e"])
                if j.get("event_type") == "anomaly":
                    gap = j["earshot"]["gap"]
                    gaps += 1
                    if (gap["from"], gap["to"], gap["count"]) != (last + 1, n, n - last):
                        faults.append("a gap event of %s behind %d" % (gap, last))
                elif n != last + 1 or by_seq.get(n) != e["e"]:
                    faults.append("%s: %d behind %d" % (key, n, last))
                last = n
            if last != len(lines):
                faults.append("%s ends with %d of %d" % (key, last, len(lines)))
        if gaps == 0:
            faults.append("no gap at all: the test does not reach its limit")
        print("# %d gap events" % gaps)
        return faults[:10]


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


def resident(pid):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


HOSTILE = [
    b"*4294967295\r\n", b"*100000000\r\n" * 6, b"*-7\r\n", b"*1\r\n" * 10000,
    b"$536870912\r\n" + b"x" * 2000000, b"$-9\r\n", b"$99999999999999999999\r\n",
    b":99999999999999999999999\r\n", b"+" + b"a" * 3000000, b"\0" * 100000, b"!\r\n",
    b"+PONG\r\n:-1\r\n", b"+PONG\r\n:1\r\n:9223372036854775807\r\n",
    b"+PONG\r\n:1\r\n" + b"*2\r\n$2\r\nOK\r\n:5\r\n" * 100, b"+PONG\r\n:1\r\n:0\r\n:1\r\n:0\r\n",
    b"+PONG\r\n-ERR \x1b[2J\x07 hostile\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"",
    b"+PONG\r\n:1\r\n" + b":0\r\n" * 32 + b"*2\r\n$3\r\nGAP\r\n:0\r\n" * 40,
    b"+PONG\r\n:1\r\n" + b":0\r\n" * 32 + b"*2\r\n$2\r\nOK\r\n:0\r\n" * 40,
    b"+PONG\r\n:1\r\n" + b":0\r\n" * 32 + b"*2\r\n$2\r\nOK\r\n*1\r\n:1\r\n",
]


def hostile(a, replies, faults):
    """One outlet against a few hostile answers: few, because it comes back later each time."""
    with Box(a.feeder) as box:
        path = box.redis.path
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(8)
        listener.settimeout(15)
        f = Feeder(box, path, 3000, 3000, drain=40000)
        most, first = 0, 0
        for i, reply in enumerate(replies):
            try:
                c, _ = listener.accept()
            except socket.timeout:
                faults.append("no new connection after %r" % replies[i - 1][:60])
                break
            pid = children(f.proc.pid)[0]
            first = first or resident(pid)
            c.settimeout(3)
            try:
                if i % 2 == 1:
                    for k in range(min(len(reply), 200)):
                        c.sendall(reply[k:k + 1])
                    reply = reply[200:]
                c.sendall(reply)
                c.settimeout(0.3)
                while c.recv(1 << 20):
                    pass
            except OSError:
                pass
            most = max(most, resident(pid))
            c.close()
        listener.close()
        os.unlink(path)
        box.redis.start()
        print("# resident %d KiB at first, at most %d KiB" % (first, most))
        if not a.sanitized and most - first > 16 * 1024:
            faults.append("memory grew by %d KiB" % (most - first))
        faults += check(box, [f])
        if "\x1b" in f.said:
            faults.append("the server's escape sequences reach the terminal")


def test_hostile_server(a):
    "hostile replies: the link is dropped, memory stays, and all is delivered to a good server"
    faults, threads = [], []
    for i in range(0, len(HOSTILE), 6):
        t = threading.Thread(target=hostile, args=(a, HOSTILE[i:i + 6], faults))
        t.start()
        threads.append(t)
    for t in threads:
        t.join()
    return faults


TESTS = [test_admin, test_tcp, test_absent_at_start, test_earlier_boot, test_killed_outlet, test_out_of_memory, test_read_only,
         test_lost_tail, test_lost_functions, test_stopped, test_full_spool,
         test_hostile_server, test_killed_and_cut]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("feeder")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cuts", type=int, default=20)
    p.add_argument("--only", default="")
    p.add_argument("--sanitized", action="store_true", help="do not judge memory")
    a = p.parse_args()
    a.feeder = os.path.abspath(a.feeder)
    tests = [t for t in TESTS if a.only in t.__name__]
    failed = 0
    for n, test in enumerate(tests, 1):
        began = time.time()
        name = test.__doc__ % a.cuts if "%d" in test.__doc__ else test.__doc__
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
