# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser: its microphone one way, calls and meetings, a dictation page, pages and a photo."""
import os
import re
import time

from browser import browse, fingerprint, said, somebody
from scene import received_stream, scene, speech

HTTPS = [{"type": "http", "port": 443, "tls": True}]


def signalling(cell, host, dst):
    cell.row("tcp", host, "*", dst, 443, "quiet", "signalling", "-", 0, "chromium", "the page, offer and answer")


def heard(cell, where, from_, kind, least):
    """Packets and bytes of a kind that the page at WHERE received."""
    n = said(cell, where)[from_].get("got_" + kind, [0, 0])
    cell.check(n[0] >= least, "%s heard %d packets of %s" % (where, n[0], kind))
    return n


def meet(cell, host, dst, seconds, peers, send, wavs, office=(), far=()):
    """HOST offers to all PEERS (name: address); every page knows every other. Waits until all are done."""
    names = list(peers)
    for n in names:
        somebody(cell, n, peers[n])
    pages = []
    for i, n in enumerate(names):
        # Among themselves the earlier one offers.
        others = ["%s:answer" % host] + ["%s:%s" % (m, "offer" if i < j else "answer")
                                         for j, m in enumerate(names) if j != i]
        pages.append(browse(cell, n, dst, wavs[1 + i] if send[1 + i] else None, do="call", seconds=seconds + 1,
                            send=send[1 + i], peers=",".join(others), **dict(far)))
    pages.append(browse(cell, host, dst, wavs[0], do="call", seconds=seconds, send=send[0],
                        peers=",".join("%s:offer" % n for n in names), **dict(office)))
    for who in names + [host]:
        said(cell, who, seconds + 60)
    for p in reversed(pages):
        cell.stop(p)


@scene("webrtc-mic", seconds=80, hosts=["pc-press"], far={"room.page.example": "203.0.113.140"}, services=HTTPS)
def webrtc_mic(cell):
    """Chromium sends its microphone by WebRTC to a browser that only listens."""
    meet(cell, "pc-press", "room.page.example", 75, {"ear": "203.0.113.160"}, ["audio", ""],
         [speech(cell, 90, "dictation", 71)])
    n = heard(cell, "ear", "pc-press", "audio", 3300)
    cell.row("udp", "pc-press", "*", "203.0.113.160", "*", "alert", "audio-live", "opus 20 ms, SRTP", n[1],
             "chromium WebRTC", "one-way, ICE and DTLS before; address never looked up")
    signalling(cell, "pc-press", "room.page.example")


@scene("webrtc-mic-dtx", seconds=100, hosts=["ws-secretary"], far={"memo.page.example": "203.0.113.141"},
       services=HTTPS, link=(35, 6, 0.3, 12000))
def webrtc_mic_dtx(cell):
    """The same with Opus DTX, on a worse line."""
    meet(cell, "ws-secretary", "memo.page.example", 95, {"ear": "203.0.113.161"}, ["audio", ""],
         [speech(cell, 110, "dictation", 72)], far={"dtx": 1}.items(), office={"dtx": 1}.items())
    n = heard(cell, "ear", "ws-secretary", "audio", 1500)
    cell.row("udp", "ws-secretary", "*", "203.0.113.161", "*", "alert", "audio-live", "opus 20 ms, DTX, SRTP", n[1],
             "chromium WebRTC", "one-way, ICE and DTLS before; address never looked up")
    signalling(cell, "ws-secretary", "memo.page.example")


@scene("webrtc-call", seconds=80, hosts=["laptop-deputy"], far={"talk.page.example": "203.0.113.142"}, services=HTTPS)
def webrtc_call(cell):
    """Two browsers talk."""
    meet(cell, "laptop-deputy", "talk.page.example", 75, {"peer": "203.0.113.162"}, ["audio", "audio"],
         [speech(cell, 90, "talk", 73), speech(cell, 90, "talk", 74)])
    heard(cell, "peer", "laptop-deputy", "audio", 3300)
    heard(cell, "laptop-deputy", "peer", "audio", 3300)
    cell.row("udp", "laptop-deputy", "*", "203.0.113.162", "*", "quiet", "call", "opus 20 ms, SRTP both ways", 0,
             "chromium WebRTC", "two-way; address never looked up")
    signalling(cell, "laptop-deputy", "talk.page.example")


@scene("webrtc-call-dtx", seconds=100, hosts=["ws-legal"], far={"talk2.page.example": "203.0.113.143"}, services=HTTPS,
       link=(45, 7, 0.4, 12000))
def webrtc_call_dtx(cell):
    """Two browsers talk with DTX; the other side mutes itself after 30 s."""
    meet(cell, "ws-legal", "talk2.page.example", 95, {"peer": "203.0.113.163"}, ["audio", "audio"],
         [speech(cell, 110, "talk", 75), speech(cell, 110, "talk", 76)], far={"dtx": 1, "mute": 30}.items(),
         office={"dtx": 1}.items())
    heard(cell, "peer", "ws-legal", "audio", 1200)
    heard(cell, "ws-legal", "peer", "audio", 300)
    cell.row("udp", "ws-legal", "*", "203.0.113.163", "*", "quiet", "call", "opus 20 ms, DTX, SRTP both ways", 0,
             "chromium WebRTC", "two-way; the peer's button is off from 30 s on, DTX sends next to nothing")
    signalling(cell, "ws-legal", "talk2.page.example")


def three(cell, host, dst, send, seeds, note, least):
    peers = {"ada": "203.0.113.164", "bob": "203.0.113.165"}
    if host == "tablet-briefing":
        peers = {"ada": "203.0.113.166", "bob": "203.0.113.167"}
    meet(cell, host, dst, 70, peers, send, [speech(cell, 90, "talk", s) for s in seeds])
    for n, ip in peers.items():
        heard(cell, n, host, "audio", 3000)
        got = said(cell, host)[n].get("got_audio", [0])[0]
        cell.check(got >= least[n], "%d packets of %s" % (got, n))
        cell.row("udp", host, "*", ip, "*", "quiet", "meeting", "opus 20 ms, SRTP", 0, "chromium WebRTC",
                 note[n])
    signalling(cell, host, dst)


@scene("mesh-three", seconds=80, hosts=["pc-finance"], far={"mesh.page.example": "203.0.113.144"}, services=HTTPS)
def mesh_three(cell):
    """Three browsers meet, each sends to each: no server between."""
    three(cell, "pc-finance", "mesh.page.example", ["audio"] * 3, (77, 78, 79),
          {"ada": "three-party mesh, all speak", "bob": "three-party mesh, all speak"}, {"ada": 3000, "bob": 3000})


@scene("mesh-listener", seconds=80, hosts=["tablet-briefing"], far={"mesh2.page.example": "203.0.113.145"},
       services=HTTPS)
def mesh_listener(cell):
    """The same, and one of the three has no microphone: to it the office speaks one way."""
    three(cell, "tablet-briefing", "mesh2.page.example", ["audio", "audio", ""], (80, 81, 81),
          {"ada": "three-party mesh, speaks", "bob": "three-party mesh, has no microphone: one-way inside a meeting"},
          {"ada": 3000, "bob": 0})


@scene("webrtc-video", seconds=60, hosts=["laptop-it"], far={"see.page.example": "203.0.113.146"}, services=HTTPS,
       link=(20, 3, 0.2, 30000), kept=False)
def webrtc_video(cell):
    """Two browsers with camera and microphone."""
    meet(cell, "laptop-it", "see.page.example", 55, {"peer": "203.0.113.168"}, ["audio,video"] * 2,
         [speech(cell, 90, "talk", 82), speech(cell, 90, "talk", 83)])
    for a, b in (("peer", "laptop-it"), ("laptop-it", "peer")):
        heard(cell, a, b, "audio", 2400)
        heard(cell, a, b, "video", 400)
    cell.row("udp", "laptop-it", "*", "203.0.113.168", "*", "quiet", "call", "opus, vp8 SRTP both ways", 0,
             "chromium WebRTC", "two-way, sound and picture; address never looked up")
    signalling(cell, "laptop-it", "see.page.example")


def dictation(cell, host, dst, seconds, slice_, kbit, seed, note):
    p = browse(cell, host, dst, speech(cell, seconds + 15, "dictation", seed), do="record", seconds=seconds,
               slice=slice_, kbit=kbit)
    sent = said(cell, host, seconds + 60)
    cell.stop(p)
    got = {r["sha256"] for r in cell.arrived("http", 443)}
    cell.check(len(sent) >= seconds // slice_ - 2, "%d pieces" % len(sent))
    cell.check(all(d in got for d in sent), "a piece did not arrive as it was sent")
    n = sum(r["bytes"] for r in cell.arrived("http", 443) if r["path"].startswith("/up/"))
    cell.row("tcp", host, "*", dst, 443, "alert", "audio-chunked", "webm/opus %dk" % kbit, n,
             "chromium MediaRecorder", "%d pieces, %s" % (len(sent), note))


@scene("browser-chunks-5s", seconds=95, hosts=["ws-secretary"], far={"dictate.page.example": "203.0.113.147"},
       services=HTTPS)
def chunks_5s(cell):
    """A dictation page: MediaRecorder's pieces of 5 s, each a fetch over TLS."""
    dictation(cell, "ws-secretary", "dictate.page.example", 90, 5, 32, 84, "every 5 s, kept connection")


@scene("browser-chunks-15s", seconds=190, hosts=["tablet-cabinet"], far={"minutes.page.example": "203.0.113.148"},
       services=HTTPS, link=(50, 8, 0.4, 6000))
def chunks_15s(cell):
    """The same every 15 s, at 24 kbit/s."""
    dictation(cell, "tablet-cabinet", "minutes.page.example", 185, 15, 24, 85, "every 15 s, kept connection")


@scene("browser-reads", seconds=90, hosts=["pc-press"], services=HTTPS,
       far={"news.page.example": "203.0.113.149"})
def browser_reads(cell):
    """Chromium reads pages for 80 s, then uploads one photo to the same host."""
    p = browse(cell, "pc-press", "news.page.example", do="read", seconds=80, photo="/photo")
    said(cell, "pc-press", 160)
    cell.stop(p)
    n = received_stream(cell, "http", 443, 150000)
    cell.row("tcp", "pc-press", "*", "news.page.example", 443, "quiet", "browsing", "jpeg", 0, "chromium",
             "pages, then one photo of %d kB" % (n // 1000))


@scene("quic-live", seconds=85, hosts=["laptop-deputy"], far={"h3.page.example": "203.0.113.150"})
def quic_live(cell):
    """Chromium streams MediaRecorder's WebM in one HTTP/3 request: a message every 200 ms."""
    os.makedirs(cell.file("htdocs"))
    with open(os.path.join(os.path.dirname(__file__), "browser.html"), "rb") as f, \
            open(cell.file("htdocs/page.html"), "wb") as g:
        g.write(f.read())
    cell.start("far", "gtlsserver", "--no-quic-dump", "-d", cell.file("htdocs"), "203.0.113.150", "443",
               cell.tools["key"], cell.tools["cert"])
    p = browse(cell, "laptop-deputy", "h3.page.example", speech(cell, 100, "dictation", 86),
               ["--origin-to-force-quic-on=h3.page.example:443", "--enable-quic",
                "--ignore-certificate-errors-spki-list=" + fingerprint(cell)], page="/page.html",
               do="live", seconds=80, slice=0.2, kbit=32)
    time.sleep(88)
    cell.stop(p)
    with open(cell.log, errors="replace") as f:
        n = sum(int(w) for w in re.findall(r"^http: stream 0x[0-9a-f]+ body (\d+) bytes", f.read(), re.M))
    cell.check(n > 200000, "%d bytes came over QUIC" % n)
    cell.row("udp", "laptop-deputy", "*", "h3.page.example", 443, "alert", "audio-live", "webm/opus 32k", n,
             "chromium HTTP/3, ngtcp2", "one request whose body goes on, a message every 0.2 s")
