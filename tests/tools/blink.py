#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""blink: what a sensor hears of an interface that comes and goes.

    blink.py down N LOG       switches v0 off and on N times
    blink.py recreate N LOG PID   removes v0 and makes it again N times, sometimes while
                              the sensor PID is stopped: it sees only that v0 is there
    blink.py knobs N LOG      changes MTU and offloads of v0 N times
    blink.py once IF NUMBER   sends one marked packet
    blink.py judge LOG EVENTS  what of it the sensor heard; one JSON object

Runs in a network namespace with two veth pairs, v0 and w0, v1 and w1, while a sensor
listens on v0 and v1 with --flows. All the time it sends a marked packet every 10 ms into w0
and w1: each is a flow of its own, its ports are its number. LOG says when each was sent and
when v0 was there again. After that moment a packet must be heard; and once one was, all that
follow until v0 goes. What is sent into w1 must be heard always.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

PACE = 0.01
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
PORTS = 40000		# numbers in one destination port
PATIENCE = 4		# s, for one return


def ip(*words):
    subprocess.run(("ip",) + words, check=True)


def frame(number, wire):
    """An Ethernet frame of one UDP packet from wire 0 or 1."""
    udp = struct.pack("!HHHH", 2000 + number % PORTS, 5000 + number // PORTS, 16, 0) + b"earshot!"
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xffff, 0, 64, 17, 0,
                       bytes((10, 9, 0, wire)), bytes((203, 0, 113, 9)))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack("!H", total ^ 0xffff) + head[12:]
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + head + udp


def number_of(event):
    return event["src_port"] - 2000 + (event["dest_port"] - 5000) * PORTS


class Speaker:
    def __init__(self, log):
        self.log, self.number, self.wire = log, 0, [None, None]
        self.next = time.monotonic()

    def open(self, wire):
        """What is sent is not kept by a queue that still thinks the carrier is off."""
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        s.bind((f"w{wire}", 0))
        self.wire[wire] = s

    def close(self, wire):
        self.wire[wire].close()
        self.wire[wire] = None

    def say(self):
        """One packet into each wire, at its pace."""
        time.sleep(max(0, self.next - time.monotonic()))
        self.next = max(self.next + PACE, time.monotonic())
        for wire in (0, 1):
            if self.wire[wire] is None:
                continue
            self.number += 1
            try:
                self.wire[wire].send(frame(self.number, wire))
            except OSError:
                continue
            self.note("sent", wire)

    def say_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.say()

    def note(self, what, wire=0):
        print(what, wire, self.number, f"{time.time():.6f}", file=self.log, flush=True)


def listened(index):
    """A packet socket of this namespace is bound to that interface, and running."""
    with open("/proc/net/packet") as f:
        for line in f.read().split("\n")[1:]:
            word = line.split()
            if len(word) > 5 and word[2] == "3" and word[4] == str(index) and word[5] == "1":
                return True
    return False


def down(s, n):
    for _ in range(n):
        s.note("going")
        ip("link", "set", "v0", "down")
        s.say_for(0.03)
        ip("link", "set", "v0", "up")
        s.note("back")
        s.say_for(0.1)


def recreate(s, n):
    pid = int(sys.argv[4])
    for i in range(n):
        s.note("going")
        if i % 5 == 1:
            os.kill(pid, signal.SIGSTOP)
        ip("link", "del", "v0")
        s.close(0)
        s.say_for(0.02)
        # Also under the number that it had: the kernel gives it when it is asked to.
        number = ("index", "4242") if i % 5 < 2 else ()
        ip("link", "add", "v0", *number, "type", "veth", "peer", "name", "w0")
        ip("link", "set", "w0", "up")
        ip("link", "set", "v0", "up")
        s.open(0)
        if i % 5 == 1:
            os.kill(pid, signal.SIGCONT)
        s.note("back")
        index, end = socket.if_nametoindex("v0"), time.monotonic() + PATIENCE
        while not listened(index) and time.monotonic() < end:
            s.say()
        s.say_for(0.08)


def knobs(s, n):
    for i in range(n):
        ip("link", "set", "v0", "mtu", str((1400, 9000, 1280, 1500)[i % 4]))
        s.say_for(0.05)
        state = "off" if i % 2 == 0 else "on"
        subprocess.run(["ethtool", "-K", "v0", "tso", state, "gso", state, "gro",
                        "on" if state == "off" else "off"], check=True)
        s.say_for(0.05)


def judge(log, events):
    heard = set()
    with open(events) as f:
        for line in f:
            e = json.loads(line)
            if e["event_type"] == "flow" and e.get("dest_ip") == "203.0.113.9":
                heard.add(number_of(e))
    out = {"returns": 0, "deaf": 0, "max_ms": 0, "lost": 0, "sent": 0, "steady_sent": 0,
           "steady_lost": 0}
    since, here = None, True
    with open(log) as f:
        rows = [line.split() for line in f]
    for what, wire, number, at in rows:
        number, at = int(number), float(at)
        if what == "back":
            since, here = at, True
            out["returns"] += 1
            out["deaf"] += 1	# until one is heard
        elif what == "going":
            since, here = None, False
        elif wire == "1":
            out["steady_sent"] += 1
            out["steady_lost"] += number not in heard
        elif here and since is not None:
            if number in heard:
                out["max_ms"] = max(out["max_ms"], round((at - since) * 1000))
                out["deaf"] -= 1
                since = None
        elif here:
            out["sent"] += 1
            out["lost"] += number not in heard
    print(json.dumps(out))


def main():
    if sys.argv[1] == "judge":
        judge(sys.argv[2], sys.argv[3])
        return
    if sys.argv[1] == "once":
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.bind((sys.argv[2], 0))
        s.send(frame(int(sys.argv[3]), 0))
        return
    with open(sys.argv[3], "w") as log:
        s = Speaker(log)
        s.open(0)
        s.open(1)
        s.say_for(0.3)
        {"down": down, "recreate": recreate, "knobs": knobs}[sys.argv[1]](s, int(sys.argv[2]))
        s.say_for(0.2)


main()
