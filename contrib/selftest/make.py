#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the captures of `earshot selftest` out of tests/captures: the first seconds of each, of
# every flow the first packets whole, later ones cut to their headers, lengths on the wire kept.
# usage: make.py CAPTURES FOLDER   (from the top of the tree, needs zstd)
import struct, subprocess, sys

# name, made from, seconds from, to, packets of a flow that stay whole
CUTS = [
    ("live-microphone", "p06-rtp-opus-ffmpeg", 0, 50, 4),
    ("chunked-recorder", "p05-chunk-20s-https", 0, 135, 10),
    ("audio-in-clear", "p02-http-clear-mp3", 0, 3.2, 12),
    ("two-way-call", "n01-sip-call", 0, 60, 4),
]
HEADERS = {6: 94, 17: 60}       # of TCP with options, of UDP with RTP

captures, folder = sys.argv[1], sys.argv[2]
for name, origin, start, end, whole in CUTS:
    raw = subprocess.run(["zstd", "-qdc", f"{captures}/{origin}.pcap.zst"],
                         stdout=subprocess.PIPE, check=True).stdout
    out, at, first, seen = [raw[:24]], 24, None, {}
    while at < len(raw):
        sec, usec, cap, wire = struct.unpack_from("<IIII", raw, at)
        frame, at = raw[at + 16:at + 16 + cap], at + 16 + cap
        now = sec + usec / 1e6
        first = now if first is None else first
        if not start <= now - first <= end:
            continue
        ip, ports = sorted((frame[26:30], frame[30:34])), sorted((frame[34:36], frame[36:38]))
        flow = (frame[12:14], frame[23:24], *ip, *ports)
        seen[flow] = seen.get(flow, 0) + 1
        if seen[flow] > whole:
            frame = frame[:HEADERS.get(frame[23], 60)]
        out.append(struct.pack("<IIII", sec, usec, len(frame), wire) + frame)
    subprocess.run(["zstd", "-q19", "-f", "-o", f"{folder}/{name}.pcap.zst"],
                   input=b"".join(out), check=True)
