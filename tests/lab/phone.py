#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A telephone without its bell: RTP both ways, with the codecs' own voice activity detection.

usage: phone.py --wav FILE --codec pcmu|pcma|g729|amr|amrwb [--to ADDRESS:PORT] [--bind PORT]
                [--from ADDRESS] --seconds N
                [--ptime 20] [--vad] [--mute FROM-TO:silence|stop|noise]... [--talk FROM-TO]...
                [--quiet-after S] [--report FILE]

Without --to it waits for the first packet and answers there (symmetric RTP). G.729 is libbcg729
with annex B, AMR-NB is libopencore-amrnb at 12.2 kbit/s and AMR-WB libvo-amrwbenc at 12.65, each with
its DTX: frames in which the encoder says "no data" are not sent, as in a real phone. G.711 has no
detector of its own; --vad takes the level, with 300 ms of hangover, and sends comfort noise (RFC 3389)
every 400 ms.

--mute is the button: "silence" sends coded silence, "noise" comfort noise, "stop" nothing.
--talk is push-to-talk: nothing leaves outside the given times.
"""
import argparse
import array
import ctypes
import json
import math
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time


class G711:
    frame, payload_type, rate = 160, 0, 8000

    def __init__(self, law, vad):
        self.payload_type = 0 if law == "pcmu" else 8
        self.law, self.vad, self.hang, self.since = law, vad, 0, 0
        self.table = [self.mu(s - 32768) if law == "pcmu" else self.a(s - 32768) for s in range(65536)]

    @staticmethod
    def mu(s):
        sign = 0x80 if s < 0 else 0
        s = min(abs(s), 32635) + 132
        e = s.bit_length() - 8
        return ~(sign | e << 4 | s >> (e + 3) & 15) & 255

    @staticmethod
    def a(s):
        sign = 0x80 if s >= 0 else 0
        s = min(abs(s), 32767)
        e = max(0, s.bit_length() - 8)
        return (sign | e << 4 | s >> (4 if e == 0 else e + 3) & 15) ^ 0x55

    def encode(self, pcm):
        level = math.sqrt(sum(s * s for s in pcm) / len(pcm))
        if self.vad:
            self.hang = 15 if level > 120 else self.hang - 1
            if self.hang <= 0:
                self.since += 1
                return (13, bytes([60])) if self.since % 20 == 1 else None
            self.since = 0
        return self.payload_type, bytes(self.table[s + 32768] for s in pcm)


class G729:
    frame, payload_type, rate = 80, 18, 8000

    def __init__(self, vad):
        self.lib = ctypes.CDLL("libbcg729.so.0")
        self.lib.initBcg729EncoderChannel.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.lib.initBcg729EncoderChannel(ctypes.c_uint8(vad)))

    def encode(self, pcm):
        out, n = (ctypes.c_uint8 * 16)(), ctypes.c_uint8(0)
        self.lib.bcg729Encoder(self.state, (ctypes.c_int16 * 80)(*pcm), out, ctypes.byref(n))
        return (18, bytes(out[:n.value])) if n.value else None


class Amr:
    frame, payload_type, rate = 160, 96, 8000

    def __init__(self, vad):
        self.lib = ctypes.CDLL("libopencore-amrnb.so.0")
        self.lib.Encoder_Interface_init.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.lib.Encoder_Interface_init(int(vad)))

    def encode(self, pcm):
        out = (ctypes.c_uint8 * 64)()
        n = self.lib.Encoder_Interface_Encode(self.state, 7, (ctypes.c_int16 * 160)(*pcm), out, 0)
        frame = bytes(out[:n])
        return None if not frame or frame[0] >> 3 & 15 == 15 else (96, b"\xf0" + frame)


class AmrWb:
    frame, payload_type, rate = 320, 97, 16000

    def __init__(self, vad):
        self.lib, self.vad = ctypes.CDLL("libvo-amrwbenc.so.0"), int(vad)
        self.lib.E_IF_init.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.lib.E_IF_init())

    def encode(self, pcm):
        out = (ctypes.c_uint8 * 64)()
        n = self.lib.E_IF_encode(self.state, 2, (ctypes.c_int16 * 320)(*pcm), out, self.vad)
        frame = bytes(out[:n])
        return None if not frame or frame[0] >> 3 & 15 == 15 else (97, b"\xf0" + frame)


def spans(words):
    out = []
    for w in words or []:
        when, _, how = w.partition(":")
        a, _, b = when.partition("-")
        out.append((float(a), float(b), how))
    return out


def inside(t, list_):
    return next((how or "yes" for a, b, how in list_ if a <= t < b), None)


def main():
    a = argparse.ArgumentParser()
    for name in ("wav", "codec", "to", "from", "report"):
        a.add_argument("--" + name)
    a.add_argument("--bind", type=int, default=0)
    a.add_argument("--seconds", type=float, required=True)
    a.add_argument("--ptime", type=int, default=20)
    a.add_argument("--vad", action="store_true")
    a.add_argument("--mute", action="append")
    a.add_argument("--talk", action="append")
    a.add_argument("--quiet-after", type=float, default=1e9)
    o = a.parse_args()
    codec = {"g729": lambda: G729(o.vad), "amr": lambda: Amr(o.vad), "amrwb": lambda: AmrWb(o.vad)}.get(
        o.codec, lambda: G711(o.codec, o.vad))()
    raw = subprocess.run(["sox", o.wav, "-t", "raw", "-e", "signed", "-b", "16", "-r", str(codec.rate), "-c", "1",
                          "-"], check=True, stdout=subprocess.PIPE).stdout
    pcm = array.array("h", raw)
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    own = getattr(o, "from")
    s.bind(("::ffff:" + own if own else "::", o.bind))
    got = {"packets": 0, "bytes": 0, "first": 0, "last": 0}
    peer, heard = [None], threading.Event()
    if o.to:
        host, _, port = o.to.rpartition(":")
        peer[0] = socket.getaddrinfo(host.strip("[]"), int(port), socket.AF_INET6, socket.SOCK_DGRAM, 0,
                                     socket.AI_V4MAPPED | socket.AI_ALL)[0][4]

    def listen():
        while True:
            b, addr = s.recvfrom(4096)
            got["packets"] += 1
            got["bytes"] += len(b)
            got["first"] = got["first"] or time.time()
            got["last"] = time.time()
            peer[0] = peer[0] or addr
            heard.set()
    threading.Thread(target=listen, daemon=True).start()
    if not o.to and not heard.wait(30):
        sys.exit("phone: nobody called")
    mute, talk, rnd = spans(o.mute), spans(o.talk), random.Random(o.seconds)
    ssrc, seq, stamp = rnd.getrandbits(32), rnd.getrandbits(16), rnd.getrandbits(32)
    clock = codec.rate // 1000
    per = o.ptime * clock // codec.frame
    silence = [rnd.randint(-2, 2) for _ in range(codec.frame)]
    start, sent, size, at, marker, ticks = time.monotonic(), 0, 0, 0, 1, 0
    while True:
        t = ticks * o.ptime / 1000
        if t >= o.seconds:
            break
        wait = start + t - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        how = inside(t, mute)
        frames, kind = b"", None
        for _ in range(per):
            piece = pcm[at:at + codec.frame]
            at = (at + codec.frame) % max(1, len(pcm) - 2 * codec.frame)
            e = codec.encode(silence if how == "silence" else piece)
            if e and not (kind == 13 or e[0] == 13 and frames):
                kind, frames = e[0], frames + e[1]
        if how == "noise":
            kind, frames = (13, bytes([62])) if ticks % 20 == 0 else (None, b"")
        if how == "stop" or talk and not inside(t, talk) or t >= o.quiet_after:
            frames = b""
        ticks += 1
        if not frames:
            marker = 1
            continue
        p = struct.pack("!BBHII", 0x80, marker << 7 | kind, (seq + sent) & 0xffff,
                        (stamp + ticks * o.ptime * clock) & 0xffffffff, ssrc) + frames
        marker = 0
        try:
            s.sendto(p, peer[0])
        except OSError:
            continue
        sent += 1
        size += len(p)
    time.sleep(0.5)
    if o.report:
        with open(o.report + ".tmp", "w") as f:
            json.dump({"sent": sent, "sent_bytes": size, "got": got}, f)
        os.rename(o.report + ".tmp", o.report)
    os._exit(0)


main()
