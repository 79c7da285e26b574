#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hides speech in blocks of one size at one pace.

usage: pad.py udp|tls WAV HOST:PORT PERIOD SIZE

ffmpeg plays WAV at the pace of a sound card into Opus at 24 kbit/s. Every PERIOD one block of SIZE
bytes leaves: a length, what the encoder has given by then, zeros; over UDP enciphered with a keystream
of its own, over TLS by TLS.
"""
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

how, wav, where, period, size = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5])
enc = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-c:a", "libopus", "-b:a", "24k",
                        "-page_duration", "20000", "-flush_packets", "1", "-f", "ogg", "-"], stdout=subprocess.PIPE)
have, done, lock = bytearray(), threading.Event(), threading.Lock()


def collect():
    while True:
        b = os.read(enc.stdout.fileno(), 65536)
        if not b:
            break
        with lock:
            have.extend(b)
    done.set()


host, _, port = where.rpartition(":")
if how == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, int(port)))
else:
    s = ssl._create_unverified_context().wrap_socket(socket.create_connection((host, int(port))))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
threading.Thread(target=collect, daemon=True).start()
key, n, start = os.urandom(32), 0, time.monotonic()
while not done.is_set() or have:
    time.sleep(max(0, start + n * period - time.monotonic()))
    n += 1
    room = size - 2 - (4 if how == "udp" else 0)
    with lock:
        part = bytes(have[:room])
        del have[:room]
    block = len(part).to_bytes(2, "big") + part + bytes(room - len(part))
    if how == "udp":
        mask = hashlib.shake_256(key + n.to_bytes(4, "big")).digest(len(block))
        block = n.to_bytes(4, "big") + bytes(a ^ b for a, b in zip(block, mask))
        s.send(block)
    else:
        s.sendall(block)
s.close()
