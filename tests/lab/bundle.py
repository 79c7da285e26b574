#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One socket for everything both ways, as a browser's meeting has it.

usage: bundle.py LOCALPORT BIND:PORT HOST:PORT REPORT

Datagrams that programs of this host send to 127.0.0.1:LOCALPORT leave from BIND:PORT to HOST:PORT;
what comes back is counted. SIGTERM writes the counts.
"""
import json
import os
import select
import signal
import socket
import sys
import time

stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a.bind(("127.0.0.1", int(sys.argv[1])))
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
host, _, port = sys.argv[2].rpartition(":")
b.bind((host, int(port)))
host, _, port = sys.argv[3].rpartition(":")
peer = (socket.gethostbyname(host), int(port))
n = {"sent": 0, "got": 0, "got_bytes": 0, "first": 0, "last": 0}
while not stop:
    for s in select.select([a, b], [], [], 0.2)[0]:
        try:
            d = s.recv(4096)
            if s is a:
                b.sendto(d, peer)
                n["sent"] += 1
            else:
                n["got"] += 1
                n["got_bytes"] += len(d)
                n["last"] = time.time()
                n["first"] = n["first"] or n["last"]
        except ConnectionRefusedError:
            pass
with open(sys.argv[4] + ".tmp", "w") as f:
    json.dump(n, f)
os.rename(sys.argv[4] + ".tmp", sys.argv[4])
