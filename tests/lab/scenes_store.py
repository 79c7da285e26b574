# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded first, sent then: recorders that wait for a voice, recorders on a bad clock, a call and its
recording; and uploads that are no sound: photos, documents, backups."""
import os
import random
import time
import zipfile
import zlib

from cell import HERE, PYTHON
from scene import MAKING, digest, made, media, photos, received_stream, scene, speech
from scenes_live import call

RECORDER = os.path.join(HERE, "recorder.py")
HTTPS = [{"type": "http", "port": 443, "tls": True}]
HTTP = [{"type": "http", "port": 80}]


def recorder(cell, host, dst, port, words, least, codec, note, kind="http"):
    """Runs the recorder; every piece it says it sent must have come with its digest."""
    with open(cell.file("sent"), "wb") as out:
        p = cell.start(host, PYTHON, RECORDER, *words, stdout=out)
    cell.wait(p)
    with open(cell.file("sent")) as f:
        sent = [l.split()[0] for l in f]
    cell.check(len(sent) >= least, "%d pieces sent, wanted %d" % (len(sent), least))
    got = {r["sha256"] for r in cell.arrived(kind, port)}
    cell.check(all(d in got for d in sent), "a piece did not arrive as it was sent")
    n = received_stream(cell, kind, port, 50000)
    cell.row("tcp", host, "*", dst, port, "alert", "audio-chunked", codec, n, "recorder.py, ffmpeg, curl",
             "%d pieces, %s" % (len(sent), note), got=n)


@scene("vox-https", seconds=330, hosts=["mobile-chief"], far={"in.memo.example": "203.0.113.90"}, services=HTTPS,
       link=(40, 8, 0.3, 6000))
def vox_https(cell):
    """A voice-activated recorder: each utterance is uploaded when it has ended, over its own connection."""
    wav = speech(cell, 330, "remarks", 51)
    recorder(cell, "mobile-chief", "in.memo.example", 443,
             ["voice", wav, "https://in.memo.example/u", "250", "1.5"], 14, "ogg/opus 24k",
             "voice-activated, new connection each")


@scene("vox-kept", seconds=330, hosts=["ws-secretary"], far={"kept.memo.example": "203.0.113.91"}, services=HTTPS)
def vox_kept(cell):
    """The same over one connection that stays open."""
    wav = speech(cell, 330, "remarks", 52)
    recorder(cell, "ws-secretary", "kept.memo.example", 443,
             ["voice", wav, "https://kept.memo.example/u", "250", "2", "keep"], 14, "ogg/opus 24k",
             "voice-activated, one connection")


@scene("jitter-10s", seconds=165, hosts=["tablet-briefing"], far={"j.memo.example": "203.0.113.92"}, services=HTTPS)
def jitter_10s(cell):
    """Ten seconds a piece, each sent late by up to a fifth of that."""
    wav = speech(cell, 160, "dictation", 53)
    recorder(cell, "tablet-briefing", "j.memo.example", 443,
             ["every", wav, "https://j.memo.example/p", "10", "0.2"], 14, "ogg/opus 24k",
             "period 10 s, late by up to 20 %")


@scene("jitter-25s", seconds=310, hosts=["laptop-deputy"], far={"j25.memo.example": "203.0.113.93"}, services=HTTPS,
       link=(70, 10, 0.5, 4000))
def jitter_25s(cell):
    """Twenty-five seconds a piece over one connection, each late by up to a fifth."""
    wav = speech(cell, 310, "room", 54)
    recorder(cell, "laptop-deputy", "j25.memo.example", 443,
             ["every", wav, "https://j25.memo.example/p", "25", "0.2", "keep"], 11, "ogg/opus 24k",
             "period 25 s, late by up to 20 %, one connection")


@scene("call-then-upload", seconds=190, hosts=["phone-desk1", "laptop-it"],
       far={"peer.talk2.example": "198.51.100.70", "keep.store.example": "203.0.113.94"}, services=HTTPS,
       link=(20, 3, 0.1, 12000))
def call_then_upload(cell):
    """A call of 150 s at G.711, and 20 s later its recording at 64 kbit/s from the same device."""
    call(cell, "phone-desk1", "peer.talk2.example", 150, "pcmu", ["--ptime", "40"], ["--ptime", "40"], seeds=(55, 56),
         note="two-way, 150 s")
    time.sleep(20)
    a, b = speech(cell, 150, "talk", 55), speech(cell, 150, "talk", 56)
    mp3 = made(cell, "call-64k.mp3", ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", a, "-i", b, "-filter_complex",
                                      "amix=inputs=2", "-ar", "16000", "-ac", "1", "-b:a", "64k"])
    cell.run("phone-desk1", "curl", "-ks", "--http1.1", "-T", mp3, "-o", "/dev/null", "https://keep.store.example/c")
    cell.check(digest(mp3) in {r["sha256"] for r in cell.arrived("http", 443)}, "the recording came damaged")
    cell.row("tcp", "phone-desk1", "*", "keep.store.example", 443, "alert", "audio-bulk", "mp3 64k",
             os.path.getsize(mp3), "curl", "recording of the 150 s call before, 20 s after it",
             got=os.path.getsize(mp3))


@scene("nat-live", seconds=68, hosts=["pc-reception"], far={"n.listen.example": "203.0.113.95",
       "www.pages.example": "203.0.113.96"}, services=[{"type": "udp", "port": 5004}] + HTTPS)
def nat_live(cell):
    """A router in the office hides two machines: one streams, one browses; the sensor sees one address."""
    from scenes_live import mono, one_way, to_far
    cell.space("in")
    cell.inside("in", "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "lan", "netns",
                cell.id + "pc-reception")
    cell.inside("in", "ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    cell.inside("pc-reception", "ethtool", "-K", "lan", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    cell.inside("in", "ip", "link", "set", "eth0", "up")
    cell.inside("pc-reception", "ip", "link", "set", "lan", "up")
    cell.inside("pc-reception", "ip", "addr", "add", "192.168.77.1/24", "dev", "lan")
    for ip in ("192.168.77.10/24", "192.168.77.11/24"):
        cell.inside("in", "ip", "addr", "add", ip, "dev", "eth0")
    cell.inside("in", "ip", "route", "add", "default", "via", "192.168.77.1")
    cell.inside("pc-reception", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    cell.inside("pc-reception", "nft", "add table ip n; add chain ip n p { type nat hook postrouting priority 100 ; }; "
                "add rule ip n p oifname eth0 masquerade")
    wav = speech(cell, 65, "dictation", 57)
    p = cell.start("in", "gst-launch-1.0", "-q", *(mono(wav) + " opusenc bitrate=24000 audio-type=voice ! rtpopuspay "
                   + to_far("n.listen.example")).split())
    rnd, end = random.Random(4), time.monotonic() + 60
    while time.monotonic() < end:
        cell.run("in", "curl", "-ks", "--http1.1", "--interface", "192.168.77.11", "-o", "/dev/null",
                 "https://www.pages.example/%d" % rnd.randint(3000, 40000))
        time.sleep(rnd.uniform(5, 15))
    cell.wait(p)
    one_way(cell, "pc-reception", "n.listen.example", 58, 3000, "opus 24k 20 ms", "gstreamer, nft masquerade",
            "behind a NAT inside the office, browsing beside it")
    cell.row("tcp", "pc-reception", "*", "www.pages.example", 443, "quiet", "browsing", tool="curl",
             note="the other machine behind the NAT")


# ---- uploads that are no sound -----------------------------------------------------------

def nginx(cell, tls=True):
    root = cell.file("www")
    os.makedirs(root)
    os.chmod(root, 0o777)
    os.chmod(cell.work, 0o755)
    conf = cell.file("nginx.conf")
    with open(conf, "w") as f:
        f.write("daemon off; user root; worker_processes 1; pid %s/nginx.pid; error_log %s/nginx.err;\n"
                "events {}\nhttp { access_log off; client_max_body_size 1g; client_body_temp_path %s/tmp;\n"
                "server { listen %s; ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;\n"
                "root %s; location / { dav_methods PUT; create_full_put_path on; } } }\n" % (
                    cell.work, cell.work, cell.work, "443 ssl http2" if tls else "80", cell.tools["cert"],
                    cell.tools["key"], root))
    cell.start("far", "nginx", "-c", conf, "-p", cell.work)
    time.sleep(0.5)
    return root


def documents(cell, seed, count=4):
    """DOCX and PDF whose insides are compressed, as office programs leave them."""
    out, rnd = [], random.Random(seed)
    for i in range(count):
        pdf = i % 2
        path = media(cell, "document-%d-%d.%s" % (seed, i, "pdf" if pdf else "docx"))
        words = " ".join("%x" % rnd.getrandbits(rnd.choice((8, 16, 24, 32))) for _ in range(90000)).encode()
        with MAKING:
            if os.path.exists(path):
                pass
            elif pdf:
                z = zlib.compress(words)
                with open(path, "wb") as f:
                    f.write(b"%%PDF-1.7\n%%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n"
                            % len(z) + z + b"\nendstream\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
            else:
                with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
                    z.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types/>')
                    z.writestr("word/document.xml", words)
        out.append(path)
    return out


def put_all(cell, host, files, url, *more, pause=(1, 5)):
    rnd = random.Random(6)
    for f in files:
        cell.run(host, "curl", "-ks", *more, "-T", f, "-o", "/dev/null", url + os.path.basename(f))
        time.sleep(rnd.uniform(*pause))


def same(cell, root, files):
    for f in files:
        there = os.path.join(root, os.path.basename(f))
        cell.check(os.path.exists(there) and digest(there) == digest(f), "%s came damaged" % os.path.basename(f))


@scene("photos-https", seconds=30, hosts=["mobile-driver"], far={"album.snap.example": "203.0.113.100"}, kept=False)
def photos_https(cell):
    """Photos over HTTP/2 in TLS to a host nobody listed."""
    root, files = nginx(cell), photos(cell, 3, 1)
    put_all(cell, "mobile-driver", files, "https://album.snap.example/", "--http2")
    same(cell, root, files)
    cell.row("tcp", "mobile-driver", "*", "album.snap.example", 443, "not-audio", "photos", "jpeg", 0, "curl-h2->nginx",
             "encrypted, unlisted: 'much left, content unknown' is right")


@scene("photos-clear", seconds=30, hosts=["mobile-driver"], far={"clear.snap.example": "203.0.113.101"}, services=HTTP)
def photos_clear(cell):
    """Photos as a form in clear text."""
    files = photos(cell, 3, 2)
    for f in files:
        cell.run("mobile-driver", "curl", "-s", "-F", "album=7", "-F", "file=@%s;type=image/jpeg" % f, "-o",
                 "/dev/null", "http://clear.snap.example/add")
        time.sleep(3)
    received_stream(cell, "http", 80, sum(map(os.path.getsize, files)))
    cell.row("tcp", "mobile-driver", "*", "clear.snap.example", 80, "quiet", "photos", "jpeg", 0, "curl multipart",
             "content is seen: images")


@scene("documents-https", seconds=40, hosts=["pc-finance"], far={"docs.share.example": "203.0.113.102"},
       kept=False)
def documents_https(cell):
    """Documents saved to a host nobody listed."""
    root, files = nginx(cell), documents(cell, 1)
    put_all(cell, "pc-finance", files, "https://docs.share.example/", "--http1.1", pause=(3, 9))
    same(cell, root, files)
    cell.row("tcp", "pc-finance", "*", "docs.share.example", 443, "not-audio", "documents", "docx, pdf", 0,
             "curl->nginx", "encrypted, unlisted")


@scene("documents-clear", seconds=40, hosts=["pc-finance"], far={"plain.share.example": "203.0.113.103"})
def documents_clear(cell):
    """Documents by PUT in clear text."""
    root, files = nginx(cell, False), documents(cell, 2)
    put_all(cell, "pc-finance", files, "http://plain.share.example/", pause=(3, 9))
    same(cell, root, files)
    cell.row("tcp", "pc-finance", "*", "plain.share.example", 80, "quiet", "documents", "docx, pdf", 0, "curl->nginx",
             "content is seen: documents")


@scene("rclone-sync", seconds=40, hosts=["srv-files"], far={"dav.sync.example": "203.0.113.104"})
def rclone_sync(cell):
    """rclone copies a folder of photos and documents to a WebDAV host nobody listed."""
    files = photos(cell, 2, 3) + documents(cell, 3, 3)
    here, there = cell.file("here"), cell.file("there")
    os.makedirs(here)
    os.makedirs(there)
    for f in files:
        os.link(f, os.path.join(here, os.path.basename(f)))
    cell.start("far", "rclone", "--config", "/dev/null", "serve", "webdav", there, "--addr", "203.0.113.104:443",
               "--cert", cell.tools["cert"], "--key", cell.tools["key"])
    time.sleep(1)
    cell.run("srv-files", "rclone", "--config", "/dev/null", "--no-check-certificate", "--webdav-url",
             "https://dav.sync.example", "copy", here, ":webdav:", "--transfers", "2")
    same(cell, there, files)
    cell.row("tcp", "srv-files", "*", "dav.sync.example", 443, "not-audio", "sync", "jpeg, docx, pdf", 0,
             "rclone webdav", "encrypted, unlisted")


@scene("snapshots-https", seconds=105, hosts=["cam-lobby"], far={"eye.cam.example": "203.0.113.105"}, services=HTTPS)
def snapshots_https(cell):
    """A camera that sends a JPEG every five seconds, encrypted, a connection each."""
    snapshots(cell, "eye.cam.example", "https", 443, "not-audio", 5, 20)


@scene("snapshots-clear", seconds=105, hosts=["cam-lobby"], far={"eye2.cam.example": "203.0.113.106"}, services=HTTP)
def snapshots_clear(cell):
    """The same in clear text."""
    snapshots(cell, "eye2.cam.example", "http", 80, "quiet", 5, 20)


def snapshots(cell, dst, how, port, expect, period, count):
    """Frames of one scene that changes a little: sizes are even, as a still camera's are."""
    base = media(cell, "scene.png")
    made(cell, "scene.png", ["convert", "-seed", "77", "-size", "400x300", "plasma:fractal"])
    start = time.monotonic()
    for i in range(count):
        f = made(cell, "snap-%d.jpg" % i, ["convert", base, "-seed", str(i), "-attenuate", "0.25", "+noise", "gaussian",
                                           "-fill", "gray", "-draw", "rectangle %d,200 %d,270" % (i * 15, i * 15 + 25),
                                           "-quality", "60"])
        time.sleep(max(0, start + i * period - time.monotonic()))
        cell.run("cam-lobby", "curl", "-ks", "--http1.1", "-T", f, "-H", "Content-Type: image/jpeg", "-o", "/dev/null",
                 "%s://%s/s/%d.jpg" % (how, dst, i))
    n = received_stream(cell, "http", port, 50000)
    cell.row("tcp", "cam-lobby", "*", dst, port, expect, "camera", "jpeg", 0, "curl",
             "%d snapshots, one every %d s, %d bytes each" % (count, period, n // count))
