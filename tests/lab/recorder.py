#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorders that send what they have recorded, and a browser's microphone.

usage: recorder.py voice WAV URL LEVEL HANG [KEEP]   one upload per utterance (voice-activated)
       recorder.py every WAV URL SECONDS JITTER      one upload per SECONDS, each late by up to JITTER
       recorder.py ws WAV URL SECONDS                messages over one WebSocket

The recording is read at the pace of a sound card. `voice` begins at a second that is louder than
LEVEL (of 32768), ends after HANG seconds below it, encodes with ffmpeg (Opus, 24 kbit/s) and
uploads with curl, while it goes on listening. With KEEP set the pieces go over one kept
connection, else each over its own. The digests of what was sent are printed, one a line.
"""
import asyncio
import hashlib
import http.client
import math
import queue
import random
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

RATE = 16000
STEP = RATE // 10


def pcm_of(wav):
    return subprocess.run(["sox", wav, "-t", "raw", "-e", "signed", "-b", "16", "-r", str(RATE), "-c", "1", "-"],
                          check=True, stdout=subprocess.PIPE).stdout


def opus(pcm):
    return subprocess.run(["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-", "-c:a",
                           "libopus", "-b:a", "24k", "-f", "ogg", "-"], input=pcm, check=True,
                          stdout=subprocess.PIPE).stdout


def sender(url, keep, todo):
    """Uploads what is in the queue, one after another; ends at None."""
    u, conn, n = urllib.parse.urlsplit(url), None, 0
    context = ssl._create_unverified_context()
    while True:
        pcm = todo.get()
        if pcm is None:
            return
        body = opus(pcm)
        n += 1
        if keep:
            conn = conn or (http.client.HTTPSConnection(u.netloc, context=context) if u.scheme == "https"
                            else http.client.HTTPConnection(u.netloc))
            conn.request("POST", "%s/%d" % (u.path, n), body, {"Content-Type": "application/octet-stream"})
            conn.getresponse().read()
        else:
            subprocess.run(["curl", "-ks", "--http1.1", "-T", "-", "-H", "Content-Length: %d" % len(body), "-H",
                            "Transfer-Encoding:", "-o", "/dev/null", "%s/%d" % (url, n)], input=body, check=True)
        print(hashlib.sha256(body).hexdigest(), len(body), flush=True)


def listen(wav):
    """The recording in tenths of a second, each when it has been heard."""
    pcm, start = pcm_of(wav), time.monotonic()
    for i in range(len(pcm) // 2 // STEP):
        wait = start + (i + 1) / 10 - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        yield pcm[i * STEP * 2:(i + 1) * STEP * 2]


def voice(wav, level, hang, todo):
    heard, still = b"", 0
    for piece in listen(wav):
        s = struct.unpack("<%dh" % STEP, piece)
        if math.sqrt(sum(x * x for x in s) / STEP) >= level:
            heard, still = heard + piece, 0
        elif heard:
            heard, still = heard + piece, still + 0.1
            if still >= hang:
                todo.put(heard)
                heard = b""
    if heard:
        todo.put(heard)


def every(wav, seconds, jitter, todo):
    rnd, heard, start = random.Random(5), b"", time.monotonic()
    threads = []

    def late(pcm, wait):
        time.sleep(wait)
        todo.put(pcm)
    for piece in listen(wav):
        heard += piece
        if len(heard) >= int(seconds * RATE) * 2:
            t = threading.Thread(target=late, args=(heard, rnd.uniform(0, jitter * seconds)))
            t.start()
            threads.append(t)
            heard = b""
    del start
    for t in threads:
        t.join()


async def ws(wav, url, seconds):
    import websockets
    enc = await asyncio.create_subprocess_exec(
        "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-c:a", "libopus", "-b:a", "32k", "-f", "webm",
        "-cluster_time_limit", "200", "-flush_packets", "1", "-", stdout=asyncio.subprocess.PIPE)
    context = ssl._create_unverified_context() if url.startswith("wss") else None
    h, have, done = hashlib.sha256(), bytearray(), asyncio.Event()

    async def collect():
        while True:
            b = await enc.stdout.read(65536)
            if not b:
                break
            have.extend(b)
        done.set()
    async with websockets.connect(url, ssl=context, compression=None) as sock:
        task, at = asyncio.create_task(collect()), time.monotonic()
        while not done.is_set() or have:
            at += seconds
            await asyncio.sleep(max(0, at - time.monotonic()))
            if have:
                m = bytes(have)
                have.clear()
                h.update(m)
                await sock.send(m)
        await task
    print(h.hexdigest(), flush=True)


def main():
    how, wav, url = sys.argv[1:4]
    if how == "ws":
        asyncio.run(ws(wav, url, float(sys.argv[4])))
        return
    todo = queue.Queue()
    keep = len(sys.argv) > 6
    t = threading.Thread(target=sender, args=(url, keep, todo))
    t.start()
    {"voice": voice, "every": every}[how](wav, float(sys.argv[4]), float(sys.argv[5]), todo)
    todo.put(None)
    t.join()


main()
