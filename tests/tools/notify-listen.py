#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service manager's end of sd_notify(3): prints each datagram as one line, its own lines
parted by ' | ', with the seconds since the start before it. usage: notify-listen.py PATH|@NAME"""
import os
import socket
import sys
import time

where = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + where[1:] if where[0] == "@" else where)
if where[0] != "@":
    os.chmod(where, 0o777)
start = time.monotonic()
print("listening", flush=True)
while True:
    text = s.recv(8192).decode()
    print(f"{time.monotonic() - start:.2f} {' | '.join(text.split(chr(10)))}", flush=True)
