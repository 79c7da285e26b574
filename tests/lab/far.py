#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The far side's servers: they keep nothing but what arrived, as count and digest.

usage: far.py SERVICES.json RESULTS.jsonl CERT KEY

SERVICES is a list of {"type": sink|http|udp|ws, "port": N, "tls": bool}. One line of JSON is
written for each body (http), connection (sink, ws), or source address (udp, when the program is
told to end): port, peer, bytes, sha256, packets, first, last.

http has browser.html at /page, boxes in which pages leave each other a word (POST /box/NAME, GET
waits for it), and writes down what is posted to /said/NAME. A GET of /NUMBER is that many bytes.
"""
import asyncio
import hashlib
import json
import os
import signal
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Results:
    def __init__(self, path):
        self.out = open(path, "a", buffering=1)
        self.udp = {}

    def put(self, **what):
        self.out.write(json.dumps(what) + "\n")

    def end(self):
        for (port, peer), d in self.udp.items():
            self.put(kind="udp", port=port, peer=peer, packets=d[0], bytes=d[1], first=d[2], last=d[3])


class Udp(asyncio.DatagramProtocol):
    def __init__(self, results, port):
        self.results, self.port = results, port

    def datagram_received(self, data, addr):
        d = self.results.udp.setdefault((self.port, addr[0]), [0, 0, time.time(), 0])
        d[0] += 1
        d[1] += len(data)
        d[3] = time.time()


def sink(results, port):
    async def serve(r, w):
        peer, h, n, first = w.get_extra_info("peername")[0], hashlib.sha256(), 0, time.time()
        try:
            while True:
                b = await r.read(65536)
                if not b:
                    break
                h.update(b)
                n += len(b)
        except (ConnectionError, ssl.SSLError):
            pass
        results.put(kind="sink", port=port, peer=peer, bytes=n, sha256=h.hexdigest(), first=first, last=time.time())
        w.close()
    return serve


async def body_of(r, w, head):
    """Reads a body, counted by Content-Length or chunked; yields its pieces."""
    if "100-continue" in head.get("expect", ""):
        w.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in head.get("transfer-encoding", ""):
        while True:
            n = int((await r.readline()).split(b";")[0], 16)
            if n:
                yield await r.readexactly(n)
            await r.readline()
            if n == 0:
                return
    left = int(head.get("content-length", "0"))
    while left:
        b = await r.read(min(left, 65536))
        if not b:
            raise ConnectionError("body cut")
        left -= len(b)
        yield b


def http(results, port):
    boxes = {}

    def box(path):
        return boxes.setdefault(path, asyncio.get_running_loop().create_future())

    async def serve(r, w):
        peer = w.get_extra_info("peername")[0]
        try:
            while True:
                line = (await r.readline()).decode("latin-1").split()
                if len(line) < 3:
                    break
                head = {}
                while True:
                    k, colon, v = (await r.readline()).decode("latin-1").partition(":")
                    if not colon:
                        break
                    head[k.strip().lower()] = v.strip().lower()
                h, n, first, whole, text = hashlib.sha256(), 0, time.time(), False, b""
                try:
                    async for b in body_of(r, w, head):
                        h.update(b)
                        n += len(b)
                        text = text + b if line[1].startswith(("/box/", "/said/")) else b""
                    whole = True
                finally:    # a live stream may end without its last chunk; what came is told all the same
                    if line[1].startswith("/said/"):
                        results.put(kind="said", port=port, path=line[1], text=text.decode())
                    elif line[1].startswith("/box/") and line[0] == "POST":
                        box(line[1]).set_result(text)
                    elif line[0] not in ("GET", "HEAD"):
                        results.put(kind="http", port=port, peer=peer, path=line[1], bytes=n, sha256=h.hexdigest(),
                                    whole=whole, first=first, last=time.time())
                answer, form = b'{"status":"ok","id":"%d"}' % (time.time_ns() % 10 ** 9), b"application/json"
                if line[0] == "GET" and line[1].startswith("/box/"):
                    answer = await box(line[1])
                elif line[0] == "GET" and line[1].startswith("/page?"):
                    with open(os.path.join(HERE, "browser.html"), "rb") as f:
                        answer, form = f.read(), b"text/html"
                elif line[0] == "GET" and line[1] == "/favicon.ico":
                    answer = b""
                elif line[0] == "GET":
                    answer = os.urandom(int(line[1].rsplit("/", 1)[-1] or 0))
                if line[0] == "HEAD":
                    answer = b""
                w.write(b"HTTP/1.1 200 OK\r\nServer: far\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
                        % (form, len(answer), answer))
                await w.drain()
                if head.get("connection") == "close":
                    break
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, ValueError):
            pass
        w.close()
    return serve


def ws(results, port):
    async def serve(sock, _path=None):
        peer, h, n, first = sock.remote_address[0], hashlib.sha256(), 0, time.time()
        try:
            async for m in sock:
                b = m if isinstance(m, bytes) else m.encode()
                h.update(b)
                n += len(b)
        except Exception:       # the client went; what came is what counts
            pass
        results.put(kind="ws", port=port, peer=peer, bytes=n, sha256=h.hexdigest(), first=first, last=time.time())
    return serve


async def main():
    with open(sys.argv[1]) as f:
        services = json.load(f)
    results, stop = Results(sys.argv[2]), asyncio.Event()
    for s in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(s, stop.set)
    for s in services:
        tls = None
        if s.get("tls"):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(sys.argv[3], sys.argv[4])
        if s["type"] == "udp":
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda s=s: Udp(results, s["port"]), local_addr=("::", s["port"]))
        elif s["type"] == "ws":
            import websockets
            await websockets.serve(ws(results, s["port"]), None, s["port"], ssl=tls, compression=None)
        else:
            await asyncio.start_server({"sink": sink, "http": http}[s["type"]](results, s["port"]), None, s["port"],
                                       ssl=tls)
    results.put(kind="ready")
    await stop.wait()
    results.end()


asyncio.run(main())
