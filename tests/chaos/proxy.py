# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between the outlet and its Redis, and what stands there instead of one.

Proxy passes bytes on: late, slowly, with stalls as a lossy wire gives, not at all, or up to a
random byte of a reply. Hostile answers as no Redis should. Neither needs more of a kernel than
sockets: not every one has netem.
"""
import collections
import os
import random
import select
import socket
import threading
import time

SEGMENT = 1448          # what a lost packet of a TCP connection would have carried
HELD = 256 << 10        # bytes that lie in the proxy; what is more waits with its sender


def listener(where):
    if isinstance(where, str):
        if os.path.exists(where):
            os.unlink(where)
        s = socket.socket(socket.AF_UNIX)
        s.bind(where)
    else:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(where)
    s.listen(16)
    return s


def dial(where):
    s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
    s.connect(where)
    return s


class Way:
    """One direction of one connection."""

    def __init__(self, src, dst):
        self.src, self.dst = src, dst
        self.queue, self.held, self.free_at, self.losses = collections.deque(), 0, 0.0, 0
        self.ended = False


class Proxy(threading.Thread):
    def __init__(self, where, target, seed=1):
        super().__init__(daemon=True)
        self.where, self.target = where, target
        self.rng = random.Random(seed)
        self.listen = listener(where)
        self.delay, self.bits, self.loss = 0.0, 0, 0.0   # s; bit/s, 0: any; of a segment
        self.holding = False                             # nothing passes, nothing is told
        self.cut_after, self.on_cut, self.cuts = None, None, 0
        self.closing = self.dropping = False
        self.passed = 0
        self.start()

    def drop(self):
        """Ends the connections there are."""
        self.dropping = True
        while self.dropping and self.is_alive():
            time.sleep(0.005)

    def close(self):
        self.closing = True
        self.join(5)
        self.listen.close()

    def run(self):
        ways = {}
        while not self.closing:
            now = time.monotonic()
            reads, writes, wake = [self.listen], [], 0.05
            for s, w in ways.items():
                if not self.holding and not w.ended and w.held < HELD:
                    reads.append(s)
                if w.queue and not self.holding:
                    if w.queue[0][0] <= now:
                        writes.append(w.dst)
                    else:
                        wake = min(wake, w.queue[0][0] - now)
            if self.dropping:
                for s in list(ways):
                    s.close()
                ways, self.dropping = {}, False
                continue
            ready, room, _ = select.select(reads, writes, [], wake)
            for s in ready:
                if s is self.listen:
                    self.accept(ways)
                elif s in ways:
                    self.take(ways, s)
            for dst in room:
                back = ways.get(dst)
                if back is not None and ways.get(back.dst) is not None:
                    self.give(ways, ways[back.dst])
        for s in ways:
            s.close()

    def accept(self, ways):
        outlet, _ = self.listen.accept()
        try:
            server = dial(self.target)
        except OSError:
            outlet.close()
            return
        for s in (outlet, server):
            s.setblocking(False)
            if s.family != socket.AF_UNIX:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways[outlet], ways[server] = Way(outlet, server), Way(server, outlet)
        ways[server].reply = True
        ways[outlet].reply = False

    def end(self, ways, s):
        w = ways.pop(s)
        ways.pop(w.dst, None)
        s.close()
        w.dst.close()

    def take(self, ways, s):
        w = ways[s]
        try:
            data = s.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            if w.queue:
                w.ended = True
            else:
                self.end(ways, s)
            return
        due = time.monotonic() + self.delay
        if w.reply and self.cut_after is not None:
            if len(data) >= self.cut_after:
                try:
                    w.dst.sendall(data[:self.cut_after])
                except OSError:
                    pass
                self.cut_after = None
                self.on_cut()
                self.cuts += 1
                self.end(ways, s)
                return
            self.cut_after -= len(data)
        if self.bits == 0 and self.loss == 0:
            w.queue.append((due, data))
            w.held += len(data)
            return
        for i in range(0, len(data), SEGMENT):
            piece = data[i:i + SEGMENT]
            if self.bits:
                w.free_at = max(w.free_at, due) + len(piece) * 8 / self.bits
                due = w.free_at
            # A lost segment comes again after the retransmission timer, twice as late
            # when it is lost again; all behind it waits.
            again = 0.2
            while self.loss and self.rng.random() < self.loss:
                due += again
                again *= 2
                w.losses += 1
            w.free_at = max(w.free_at, due)
            w.queue.append((w.free_at, piece))
            w.held += len(piece)

    def give(self, ways, w):
        now = time.monotonic()
        while w.queue and w.queue[0][0] <= now:
            due, data = w.queue[0]
            try:
                n = w.dst.send(data)
            except BlockingIOError:
                return
            except OSError:
                self.end(ways, w.src)
                return
            self.passed += n
            w.held -= n
            if n < len(data):
                w.queue[0] = (due, data[n:])
                return
            w.queue.popleft()
        if w.ended and not w.queue:
            self.end(ways, w.src)


# What the outlet is told instead of an answer, and whether byte by byte.
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


def hostile_answers(where, replies, seen, slow=False):
    """Answers each connection with one of these. Returns faults; seen() is called meanwhile.
    Few at a time: whom nothing helps comes back later each time."""
    s = listener(where)
    s.settimeout(20)
    try:
        for i, reply in enumerate(replies):
            try:
                c, _ = s.accept()
            except socket.timeout:
                return ["no new connection after %r" % replies[i - 1][:60]]
            began = time.monotonic()
            with c:
                try:
                    c.settimeout(3)
                    if slow:
                        for k in range(40):
                            c.sendall(reply[k:k + 1])
                            seen()
                            time.sleep(1)
                        return ["one byte a second is listened to for 40 s"]
                    if i % 2 == 1:
                        for k in range(min(len(reply), 200)):
                            c.sendall(reply[k:k + 1])
                        reply = reply[200:]
                    c.sendall(reply)
                    c.settimeout(0.3)
                    while c.recv(1 << 20):
                        seen()
                except OSError:
                    pass
                seen()
            if slow and time.monotonic() - began > 20:
                return ["one byte a second is listened to for %d s" %
                        (time.monotonic() - began)]
    finally:
        s.close()
    return []
