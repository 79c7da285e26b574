#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines report by themselves.

usage: agent.py sensor SECONDS PERIOD SIZE         lines of JSON on stdout
       agent.py datagrams HOST:PORT SECONDS PERIOD SIZE
       agent.py metrics URL SECONDS PERIOD         the page of a node exporter on port 9100, packed
       agent.py beacon URL SECONDS PERIOD
       agent.py syslog HOST:PORT SECONDS           lines over UDP: single ones, and crowds
"""
import gzip
import http.client
import json
import os
import random
import socket
import ssl
import sys
import time
import urllib.parse
import urllib.request

RND = random.Random(8)


def ticks(seconds, period, late=0.0):
    start = time.monotonic()
    for i in range(int(seconds / period)):
        time.sleep(max(0, start + i * period + RND.uniform(0, late) - time.monotonic()))
        yield i


def sensor(seconds, period, size):
    for i in ticks(float(seconds), float(period)):
        m = {"n": i, "t": time.time(), "v": []}
        while len(json.dumps(m)) < int(size) - 8:
            m["v"].append(round(RND.gauss(21, 3), 2))
        print(json.dumps(m), flush=True)


def datagrams(where, seconds, period, size):
    host, _, port = where.rpartition(":")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, int(port)))
    for _ in ticks(float(seconds), float(period)):
        s.send(os.urandom(int(size)))


def metrics(url, seconds, period):
    u = urllib.parse.urlsplit(url)
    c = http.client.HTTPSConnection(u.netloc, context=ssl._create_unverified_context())
    for _ in ticks(float(seconds), float(period)):
        page = urllib.request.urlopen("http://127.0.0.1:9100/metrics").read()
        c.request("POST", u.path, gzip.compress(page), {"Content-Encoding": "gzip"})
        c.getresponse().read()


def beacon(url, seconds, period):
    u = urllib.parse.urlsplit(url)
    for _ in ticks(float(seconds), float(period), 0.2):
        c = http.client.HTTPSConnection(u.netloc, context=ssl._create_unverified_context())
        c.request("POST", u.path, os.urandom(RND.randint(3500, 5000)))
        c.getresponse().read()
        c.close()


def syslog(where, seconds):
    host, _, port = where.rpartition(":")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end, n = time.monotonic() + float(seconds), 0
    while time.monotonic() < end:
        for _ in range(RND.randint(5, 40) if RND.random() < 0.03 else 1):
            n += 1
            s.sendto(b"<134>Nov 22 12:00:00 srv-files app[%d]: request %x from 10.20.0.%d took %d ms, %s" % (
                RND.randint(100, 9000), RND.getrandbits(64), RND.randint(2, 99), RND.randint(1, 900),
                b"x" * RND.randint(10, 160)), (host, int(port)))
        time.sleep(RND.expovariate(9))
    print(n)


{"sensor": sensor, "datagrams": datagrams, "metrics": metrics, "beacon": beacon, "syslog": syslog}[sys.argv[1]](
    *sys.argv[2:])
