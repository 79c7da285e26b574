# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chaos run is made of: private servers, the feeder, and the comparing of what was fed
with what lies in the streams: event by event, by joining the two sorted lists of ids both ways.
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

ENV = dict(os.environ, LC_ALL="C")


class Client:
    """Speaks to a server as nothing of the sensor does."""

    def __init__(self, where, password=None):
        self.sock = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        self.sock.settimeout(60)
        self.sock.connect(where)
        self.file = self.sock.makefile("rb")
        if password:
            self.call("AUTH", password)

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
            return None if n < 0 else self.file.read(n + 2)[:-2].decode(errors="replace")
        return [self.read() for _ in range(int(rest))]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def server_program():
    """REDIS_SERVER, or the installed one: redis-check-rdb is the same program under another
    name, and no service comes with it."""
    return (os.environ.get("REDIS_SERVER") or shutil.which("redis-server") or
            shutil.which("redis-check-rdb"))


class Redis:
    def __init__(self, folder, *more, port=0, aof=True):
        self.folder, self.port, self.proc = folder, port, None
        self.path = os.path.join(folder, "s")
        self.more = ["--appendonly", "yes" if aof else "no"] + list(more)
        os.makedirs(folder, exist_ok=True)

    def launch(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        with open(os.path.join(self.folder, "log"), "a") as log:
            self.proc = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                 "--unixsocket", self.path, "--dir", self.folder, "--save", "",
                 "--maxmemory-policy", "noeviction", "--enable-debug-command", "yes",
                 "--appendfsync", "always"] + self.more,
                executable=server_program(), stdout=log, stderr=log)

    def start(self, password=None):
        self.launch()
        end = time.time() + 60
        while time.time() < end and self.proc.poll() is None:
            try:
                if self.call("PING", password=password) == "PONG":
                    return self
            except OSError:
                pass
            time.sleep(0.01)
        with open(os.path.join(self.folder, "log")) as f:
            raise RuntimeError("redis does not start: " + f.read()[-500:])

    def kill(self, how=signal.SIGKILL):
        if self.proc is not None:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.send_signal(how)
            self.proc.wait()
        self.proc = None

    def mend(self):
        """A server killed while it wrote its file starts from half a transaction, believes it
        gone, and writes on behind it; at the next start that half is played as well. So with
        Redis 7.0, 8.0 and Valkey 8.1. redis-check-aof cuts the half off, as redis.md says."""
        m = os.path.join(self.folder, "appendonlydir", "appendonly.aof.manifest")
        if os.path.exists(m):
            subprocess.run(["redis-check-aof", "--fix", m], input=b"y\n",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def call(self, *words, password=None):
        c = Client(self.path, password)
        try:
            return c.call(*words)
        finally:
            c.close()

    def must(self, *words):
        answer = self.call(*words)
        if isinstance(answer, Exception):
            raise RuntimeError("%s: %s" % (" ".join(map(str, words)), answer))
        return answer


def resident(pid):
    try:
        with open("/proc/%d/status" % pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    except (OSError, AttributeError):
        return 0


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


class Feeder:
    def __init__(self, box, target, *more, boot="b1", count=0, rate=None, drain=120,
                 inside=()):
        self.box, self.boot = box, boot
        self.source = os.path.join(box.folder, "source-" + boot)
        self.talk = os.path.join(box.folder, "talk-" + boot)
        self.first, self.most = 0, 0
        rate = box.a.rate if rate is None else rate
        if isinstance(target, str):
            target = "redis:unix:" + target if target.startswith("/") else target
        else:
            target = "redis://%s:%d" % target
        with open(self.talk, "wb") as talk:
            self.proc = subprocess.Popen(
                list(inside) + [box.feeder, "-o", target, "-d", box.spool, "-w", self.source,
                                "-n", str(count), "-r", str(rate), "-b", boot, "-D",
                                str(drain * 1000)] + list(more),
                stdout=subprocess.PIPE, stderr=talk)
        box.feeders.append(self)
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        """The greatest resident memory of feeder and outlet, behind that of the first second."""
        began = time.monotonic()
        while self.proc.poll() is None:
            now = sum(resident(p) for p in [self.proc.pid] + children(self.proc.pid))
            self.most = max(self.most, now)
            if time.monotonic() - began < 1:
                self.first = self.most
            time.sleep(0.1)

    def said(self):
        with open(self.talk, errors="replace") as f:
            return f.read()

    def wait_for(self, word, seconds=30):
        end = time.time() + seconds
        while time.time() < end:
            if word in self.said():
                return True
            time.sleep(0.05)
        return False

    def fed(self):
        try:
            return os.path.getsize(self.source)
        except OSError:
            return 0

    def outlet(self):
        return children(self.proc.pid)

    def finish(self):
        """No more events; all of them are delivered. Returns the exit code."""
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        out, _ = self.proc.communicate(timeout=400)
        self.took = json.loads(out) if out else {}
        return self.proc.returncode

    def kill(self):
        self.proc.kill()
        self.proc.communicate()


class Box:
    """A folder with all that one run needs; nothing of it is left."""

    def __init__(self, a, sanitized=False):
        self.a, self.sanitized = a, sanitized
        self.feeder = a.feeder_asan if sanitized else a.feeder
        self.folder = tempfile.mkdtemp(prefix="earshot-chaos-")
        self.spool = os.path.join(self.folder, "spool")
        self.servers, self.feeders, self.proxies, self.mounts = [], [], [], []
        self.notes, self.collecting = [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for f in self.feeders:
            if f.proc.poll() is None:
                f.kill()
        for p in self.proxies:
            p.close()
        for s in self.servers:
            s.kill()
        if self.collecting:
            self.collecting.kill()
            self.collecting.wait()
        for m in self.mounts:
            subprocess.run(["umount", "-l", m], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def redis(self, *more, name="redis", **how):
        r = Redis(os.path.join(self.folder, name), *more, **how)
        self.servers.append(r)
        return r

    def disk(self, name, size):
        """A small disk of its own; the path, or None where it cannot be mounted."""
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", path],
                          stderr=subprocess.DEVNULL).returncode != 0:
            return None
        self.mounts.append(path)
        return path

    def follow(self, *where):
        """Begins to collect now, and takes from the streams what it has."""
        self.collecting = subprocess.Popen(
            [self.a.collector, "-f"] + list(where),
            stdout=open(os.path.join(self.folder, "got"), "wb"))

    def collect(self, *where):
        path = os.path.join(self.folder, "got")
        if self.collecting:
            self.collecting.send_signal(signal.SIGTERM)
            self.collecting.wait(timeout=300)
            self.collecting = None
        else:
            with open(path, "wb") as f:
                subprocess.run([self.a.collector] + list(where), stdout=f, timeout=300)
        with open(path) as f:
            lines = f.read().split("\n")
        if lines[-2:] != ["end", ""]:
            return None, None
        return ([x for x in lines[:-2] if not x.startswith("gap ")],
                [x.split() for x in lines[:-2] if x.startswith("gap ")])

    def ids(self, name, lines):
        """The first word of each line, sorted, in a file."""
        path = os.path.join(self.folder, name)
        with open(path + ".raw", "w") as f:
            f.writelines(x.split(" ", 1)[0] + "\n" for x in lines)
        subprocess.run(["sort", "-o", path, path + ".raw"], check=True, env=ENV)
        return path

    def judge(self, *where, gaps=False, source=None):
        """Faults: what was lost, doubled, out of order, not accounted for. gaps: True when they
        may stand for what is lost, or those that were fed. source: these lines instead of what
        the feeders wrote."""
        if source is None:
            source = []
            for f in self.feeders:
                with open(f.source) as lines:
                    source += [x for x in lines.read().split("\n") if x]
        got, told = self.collect(*where)
        if got is None:
            return ["the streams cannot be read to their end"]
        a, b = self.ids("ids.source", source), self.ids("ids.stream", got)

        def comm(how):
            return subprocess.run(["comm", how, a, b], env=ENV, check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.split()
        lost, strange = comm("-23"), comm("-13")
        doubled = subprocess.run(["uniq", "-d", b], env=ENV, check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.split()
        faults = []
        if strange or doubled:
            faults.append("%d doubled, %d that nobody fed: %s" % (
                len(doubled), len(strange) - len(doubled), (doubled + strange)[:3]))
        unexplained = account(lost, told) if gaps is True else lost
        if unexplained:
            faults.append("%d lost, %d of them without a gap event: %s" % (
                len(lost), len(unexplained), unexplained[:3]))
        if isinstance(gaps, list):
            if sorted(gaps) != sorted(told):
                faults.append("%d gap events, %d fed" % (len(told), len(gaps)))
        elif gaps is True:
            faults += contradicted(source, got, lost, told)
        elif told:
            faults.append("%d gap events: %s" % (len(told), told[:2]))
        faults += out_of_order(got)
        self.notes.append("%d events, %d lost%s" % (
            len(source), len(lost), ", told by %d gap events" % len(told) if told else ""))
        if len(source) < 100:
            faults.append("only %d events: nothing was tried" % len(source))
        if not self.sanitized and self.feeders:
            grew = max(f.most - f.first for f in self.feeders) // 1024
            self.notes.append("memory +%d MiB" % grew)
            if grew > 64:
                faults.append("memory grew by %d MiB" % grew)
        return faults

    def finish(self, *where, rc=0, **how):
        """Ends all feeders, then judges."""
        faults = []
        for f in self.feeders:
            code = f.finish()
            if code != rc:
                faults.append("the feeder exits with %d: %s" % (code, f.said()[-400:]))
            if "Sanitizer" in f.said() or "runtime error" in f.said():
                faults.append(f.said()[-3000:])
        return faults + self.judge(*where, **how)


def spread(gap):
    """boot/lane/partition, first and last number."""
    return gap[1], int(gap[2]), int(gap[3])


def account(lost, told):
    ranges = {}
    for g in told:
        stream, first, last = spread(g)
        ranges.setdefault(stream, []).append((first, last))
    out = []
    for one in lost:
        stream, n, _ = one.rsplit("/", 2)
        if not any(f <= int(n) <= t for f, t in ranges.get(stream, [])):
            out.append(one)
    return out


def contradicted(source, got, lost, told):
    """Gap events that count wrongly, overlap, or stand for what is there or never was."""
    faults, seen, fed = [], {}, {}
    for line in got:
        stream, n, _ = line.split(" ", 1)[0].rsplit("/", 2)
        seen.setdefault(stream, set()).add(int(n))
    for line in source:
        stream, n, _ = line.split(" ", 1)[0].rsplit("/", 2)
        fed[stream] = max(fed.get(stream, 0), int(n))
    for g in told:
        stream, first, last = spread(g)
        if last - first + 1 != int(g[4]) or last > fed.get(stream, 0):
            faults.append("a gap that cannot be: %s" % g)
        for n in range(first, last + 1):
            if n in seen.setdefault(stream, set()):
                faults.append("a gap over what is there or told: %s, %d" % (g, n))
                break
            seen[stream].add(n)
    return faults[:5]


def out_of_order(got):
    """By device and lane, and by stream: numbers ascend."""
    last, faults = {}, []
    for line in got:
        ident, device, count, _ = line.split()
        stream, n, _ = ident.rsplit("/", 2)
        boot, lane, _ = stream.split("/")
        for key, value in ((stream, int(n)), ((boot, lane, device), int(count))):
            if value == 0:
                continue                    # an event of a real sensor: not numbered by device
            if value <= last.get(key, 0):
                faults.append("%s comes behind %d of %s" % (ident, last[key], key))
            last[key] = value
    return ["%d events out of order: %s" % (len(faults), faults[0])] if faults else []


def spooled(folder, above):
    """Highest number of each boot/lane/partition that the spool's files hold whole, by a reader
    that shares nothing with the sensor's: alerts in the folder itself, flows in one inside it.
    above: folder -> segments whose name comes before it are not read again. Returns these and
    the newest segments' names."""
    out, newest = {}, dict(above)
    for inside in ("", "flow"):
        where = os.path.join(folder, inside)
        if not os.path.isdir(where):
            continue
        names = sorted(n for n in os.listdir(where) if n.endswith(".seg"))
        if names:
            newest[inside] = names[-1]
        for name in names:
            if name >= above.get(inside, ""):
                with open(os.path.join(where, name), "rb") as f:
                    records(f.read(), out)
    return out, newest


def records(data, out):
    at = 16
    while at + 16 <= len(data):
        length = int.from_bytes(data[at:at + 4], "little")
        body = data[at + 16:at + 16 + length]
        if length == 0 or len(body) < length:
            break
        lane, partition = body[1], int.from_bytes(body[2:4], "little")
        seq = int.from_bytes(body[4:12], "little")
        sensor, boot = body[20], body[21]
        name_of = body[22 + sensor:22 + sensor + boot].decode()
        key = "%s/%d/%02d" % (name_of, lane, partition)
        out[key] = max(out.get(key, 0), seq)
        at += 16 + length


def write_flows(path, n):
    """n short TCP flows of 250 hosts: SYN, SYN and ACK, and a recording begins to leave."""
    post = (b"POST /up HTTP/1.1\r\nHost: rec.example\r\nContent-Type: audio/wav\r\n"
            b"Content-Length: 100000\r\n\r\nRIFF\0\0\2\0WAVEfmt \x10\0\0\0\1\0\1\0" + b"\x80>\0\0" * 16)

    def checksum(b):
        b += b"\0" * (len(b) % 2)
        s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
        while s >> 16:
            s = (s & 0xffff) + (s >> 16)
        return ~s & 0xffff

    def frame(src, dst, sport, dport, seq, ack, flags, up, body=b""):
        tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + body
        pseudo = src + dst + struct.pack("!HH", 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        inner, outer = b"\x02\0\0\0" + src[2:], b"\x02\1\0\0\0\1"
        return (outer + inner if up else inner + outer) + b"\x08\0" + ip + tcp
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        far = bytes((203, 0, 113, 9))
        for i in range(n):
            near, port = bytes((10, 20, 1, 1 + i % 250)), 10000 + i // 250 % 50000
            for k, fr in enumerate((frame(near, far, port, 80, 1, 0, 2, True),
                                    frame(far, near, 80, port, 1, 2, 18, False),
                                    frame(near, far, port, 80, 2, 2, 24, True, post))):
                f.write(struct.pack("<IIII", i // 1000, i % 1000 * 1000 + k, len(fr), len(fr)) + fr)
