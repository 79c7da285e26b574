# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene is, and what scenes share: how they are declared, media they send, checks."""
import hashlib
import os
import subprocess
import threading

import voice

ALL = {}
# One making of a file at a time; scenes that share it wait.
MAKING = threading.Lock()


class Scene:
    def __init__(self, name, play, **kw):
        self.name, self.play = name, play
        self.seconds = kw.get("seconds", 90)
        self.hosts = kw.get("hosts", ["pc-press"])
        self.far = kw.get("far", {})
        self.services = kw.get("services", [])
        # delay ms, jitter ms, loss %, rate kbit/s
        self.link = kw.get("link", (18, 2, 0.1, 20000))
        self.ipv6 = int(kw.get("ipv6", False))
        self.vlan = kw.get("vlan", 0)
        self.prepare = kw.get("prepare")
        self.check = kw.get("check")
        # False: played by `make lab`, too much like another to lie in the tree.
        self.kept = kw.get("kept", True)


def scene(name, **kw):
    def add(play):
        ALL[name] = Scene(name, play, **kw)
        return play
    return add


def media(cell, name):
    return os.path.join(cell.tools["folder"], "media", name)


def speech(cell, seconds, manner="dictation", seed=1, noise_db=-62):
    with MAKING:
        return voice.make(media(cell, "%s-%d-%d%d.wav" % (manner, seconds, seed, noise_db)), seconds, manner, seed,
                          noise_db)


def made(cell, name, cmd):
    """A file of NAME made by CMD, whose last word is the file; kept."""
    path = media(cell, name)
    with MAKING:
        if not os.path.exists(path):
            tmp = media(cell, "tmp-" + name)
            subprocess.run(cmd + [tmp], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            os.rename(tmp, path)
    return path


def encoded(cell, wav, name, *options):
    return made(cell, name, ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", wav, *options])


def video(cell, seconds, kbit, name="camera", size="640x360", source="mandelbrot=end_pts=9999:rate=15"):
    """H.264 with a little motion and no sound."""
    return made(cell, "%s-%d-%d.ts" % (name, seconds, kbit), [
        "ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source + ":size=" + size,
        "-vf", "noise=alls=6:allf=t", "-t", str(seconds), "-r", "15", "-an", "-c:v", "libx264", "-preset", "veryfast",
        "-tune", "zerolatency", "-g", "30", "-b:v", "%dk" % kbit, "-maxrate", "%dk" % (kbit * 2), "-bufsize",
        "%dk" % (kbit * 2), "-f", "mpegts"])


def photos(cell, count, seed=1, size="1600x1200"):
    """JPEGs as a camera makes them: much detail, sizes that differ."""
    out = []
    for i in range(count):
        out.append(made(cell, "photo-%d-%d.jpg" % (seed, i), [
            "convert", "-seed", str(seed * 100 + i), "-size", size, "plasma:fractal", "-attenuate",
            "0.%d" % (2 + i % 4), "+noise", "gaussian", "-quality", str(82 + i % 8)]))
    return out


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def received_udp(cell, port, least_seconds, least_packets):
    r = cell.arrived("udp", port)
    cell.check(len(r) == 1, "port %d heard %d senders" % (port, len(r)))
    r = r[0]
    cell.check(r["last"] - r["first"] >= least_seconds, "%.0f s at port %d" % (r["last"] - r["first"], port))
    cell.check(r["packets"] >= least_packets, "%d packets at port %d" % (r["packets"], port))
    return r["bytes"]


def received_stream(cell, kind, port, least, least_seconds=0):
    r = cell.arrived(kind, port)
    n = sum(x["bytes"] for x in r)
    cell.check(n >= least, "%d bytes at port %d, wanted %d" % (n, port, least))
    if least_seconds:
        d = max(x["last"] for x in r) - min(x["first"] for x in r)
        cell.check(d >= least_seconds, "%.0f s at port %d" % (d, port))
    return n
