# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels: a microphone beside other things, a call, and nothing to hear."""
import concurrent.futures
import json
import os
import random
import time

from cell import PYTHON, sh
from scene import received_stream, received_udp, scene, speech
from scenes_live import PHONE, mono, to_far

INSIDE = [{"type": "udp", "port": 5004}, {"type": "http", "port": 443, "tls": True}]
HERE_IP, THERE_IP = "172.31.20.2", "172.31.20.1"


def openvpn(cell, host, dst, proto="udp"):
    """A point-to-point OpenVPN; the two ends know each other by the certificate's fingerprint."""
    p = sh("openssl", "x509", "-in", cell.tools["cert"], "-noout", "-fingerprint", "-sha256").decode()
    both = ["--dev", "tun9", "--topology", "p2p", "--cert", cell.tools["cert"], "--key", cell.tools["key"],
            "--peer-fingerprint", p.split("=")[1].strip(), "--auth-nocache", "--verb", "1", "--dev-type", "tun",
            "--data-ciphers", "AES-256-GCM", "--keepalive", "10", "60"]
    tcp = proto == "tcp"
    cell.start("far", "openvpn", *both, "--tls-server", "--dh", "none", "--port", "1194", "--proto",
               "tcp-server" if tcp else "udp", "--ifconfig", THERE_IP, HERE_IP)
    time.sleep(1)
    cell.start(host, "openvpn", *both, "--tls-client", "--remote", dst, "1194", "--nobind", "--proto",
               "tcp-client" if tcp else "udp", "--ifconfig", HERE_IP, THERE_IP)
    up(cell, host)


def wireguard(cell, host, dst):
    """wireguard-go at both ends: not every kernel has it."""
    keys = {}
    for where in ("far", host):
        private = sh("wg", "genkey").decode().strip()
        keys[where] = (private, sh("wg", "pubkey", input=(private + "\n").encode()).decode().strip())
    for where, other, ip, peer in (("far", host, THERE_IP, HERE_IP), (host, "far", HERE_IP, THERE_IP)):
        dev = "%s%s" % (cell.id[3:], "a" if where == "far" else "b")
        cell.start(where, "wireguard-go", "-f", dev)
        cell.until(lambda where=where, dev=dev: cell.has(where, dev)
                   and os.path.exists("/var/run/wireguard/%s.sock" % dev), "wireguard-go runs")
        conf = cell.file("wg-" + where)
        with open(conf, "w") as f:
            f.write("[Interface]\nPrivateKey = %s\n%s[Peer]\nPublicKey = %s\nAllowedIPs = %s/32\n%s" % (
                keys[where][0], "ListenPort = 51820\n" if where == "far" else "", keys[other][1], peer,
                "" if where == "far" else "Endpoint = %s:51820\nPersistentKeepalive = 25\n" % cell.names[dst]))
        cell.inside(where, "wg", "setconf", dev, conf)
        cell.inside(where, "ip", "addr", "add", ip, "peer", peer, "dev", dev)
        cell.inside(where, "ip", "link", "set", dev, "mtu", "1420", "up")
    up(cell, host)


def up(cell, host):
    """A refused connection has been through the tunnel as well."""
    ask = ("import socket\ntry:\n socket.create_connection(('%s', 9), 1)\nexcept ConnectionRefusedError:\n pass"
           % THERE_IP)
    cell.until(lambda: cell.run(host, PYTHON, "-c", ask, good=()) == 0, "the tunnel is up")


def mic(cell, host, seconds, seed, bitrate=24000):
    wav = speech(cell, seconds, "dictation", seed)
    return cell.start(host, "gst-launch-1.0", "-q", *(mono(wav) + " opusenc bitrate=%d audio-type=voice ! rtpopuspay "
                      % bitrate + to_far(THERE_IP)).split())


def browse(cell, host, seconds, seed, most=30000):
    """Pages of several parts, then a person reads."""
    rnd, end = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        parts = ["https://%s/%d" % (THERE_IP, rnd.randint(2000, most)) for _ in range(rnd.randint(2, 7))]
        cell.run(host, "curl", "-ks", "--http1.1", "--parallel", *[w for u in parts for w in ("-o", "/dev/null", u)])
        time.sleep(min(rnd.uniform(3, 14), max(0, end - time.monotonic())))


def heard(cell, seconds, packets):
    cell.far_ends()
    return received_udp(cell, 5004, seconds, packets)


@scene("openvpn-multi", seconds=80, hosts=["tablet-cabinet"], far={"gw.vpn.example": "203.0.113.130"}, services=INSIDE)
def openvpn_multi(cell):
    """Microphone, browsing and a download in one OpenVPN over UDP."""
    openvpn(cell, "tablet-cabinet", "gw.vpn.example")
    p = mic(cell, "tablet-cabinet", 72, 61)
    d = cell.start("tablet-cabinet", "curl", "-ks", "--http1.1", "--limit-rate", "9k", "-o", "/dev/null",
                   "https://%s/500000" % THERE_IP)
    browse(cell, "tablet-cabinet", 66, 61)
    cell.wait(d)
    cell.wait(p)
    n = heard(cell, 60, 3200)
    cell.row("udp", "tablet-cabinet", "*", "gw.vpn.example", 1194, "alert", "tunnel", "opus 24k RTP inside", n,
             "openvpn + gstreamer + curl", "microphone, browsing and a download in the tunnel")


@scene("openvpn-tcp-mic", seconds=90, hosts=["laptop-it"], far={"tcp.vpn.example": "203.0.113.131"}, services=INSIDE)
def openvpn_tcp(cell):
    """A microphone in OpenVPN over TCP."""
    openvpn(cell, "laptop-it", "tcp.vpn.example", "tcp")
    cell.wait(mic(cell, "laptop-it", 85, 62))
    n = heard(cell, 75, 4000)
    cell.row("tcp", "laptop-it", "*", "tcp.vpn.example", 1194, "alert", "tunnel", "opus 24k RTP inside", n,
             "openvpn tcp + gstreamer")


@scene("wireguard-multi", seconds=80, hosts=["ws-legal"], far={"wg.vpn.example": "203.0.113.132"}, services=INSIDE)
def wireguard_multi(cell):
    """Microphone and browsing in WireGuard, whose sizes go in steps of 16."""
    wireguard(cell, "ws-legal", "wg.vpn.example")
    p = mic(cell, "ws-legal", 72, 63, 32000)
    browse(cell, "ws-legal", 66, 63)
    cell.wait(p)
    n = heard(cell, 60, 3200)
    cell.row("udp", "ws-legal", "*", "wg.vpn.example", 51820, "alert", "tunnel", "opus 32k RTP inside", n,
             "wireguard-go + gstreamer + curl", "microphone and browsing in the tunnel; address never looked up")


@scene("wireguard-call", seconds=100, hosts=["laptop-deputy"], far={"wg2.vpn.example": "203.0.113.133"})
def wireguard_call(cell):
    """A call inside WireGuard: two-way."""
    wireguard(cell, "laptop-deputy", "wg2.vpn.example")
    a, b = speech(cell, 90, "talk", 64), speech(cell, 90, "talk", 65)
    there, here = cell.file("there"), cell.file("here")
    f = cell.start("far", PYTHON, PHONE, "--wav", b, "--codec", "g729", "--bind", "20000", "--ptime", "40", "--seconds",
                   "80", "--report", there)
    cell.run("laptop-deputy", PYTHON, PHONE, "--wav", a, "--codec", "g729", "--bind", "16384", "--to",
             THERE_IP + ":20000", "--ptime", "40", "--seconds", "80", "--report", here)
    cell.wait(f, 20)
    got = json.load(open(there)), json.load(open(here))
    cell.check(min(g["got"]["packets"] for g in got) > 1800, "the phones heard too little")
    cell.row("udp", "laptop-deputy", "*", "wg2.vpn.example", 51820, "quiet", "call", "G.729 both ways", 0,
             "wireguard-go + phone.py", "a call inside the tunnel")


@scene("wireguard-browsing", seconds=90, hosts=["pc-press"], far={"wg3.vpn.example": "203.0.113.134"}, services=INSIDE)
def wireguard_browsing(cell):
    """Browsing and documents up in WireGuard, and nobody speaks."""
    wireguard(cell, "pc-press", "wg3.vpn.example")
    doc = cell.file("doc")
    with open(doc, "wb") as f:
        f.write(os.urandom(150000))
    browse(cell, "pc-press", 40, 66)
    cell.run("pc-press", "curl", "-ks", "--http1.1", "-T", doc, "-o", "/dev/null", "https://%s/d" % THERE_IP)
    browse(cell, "pc-press", 40, 67)
    received_stream(cell, "http", 443, 150000)
    cell.row("udp", "pc-press", "*", "wg3.vpn.example", 51820, "not-audio", "browsing", "-", 0, "wireguard-go + curl",
             "a tunnel without sound; address never looked up")


def sshd(cell):
    for k in ("host", "user"):
        sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", cell.file(k))
    with open(cell.file("user.pub")) as f, open(cell.file("authorized"), "w") as g:
        g.write(f.read())
    with open(cell.file("sshd.conf"), "w") as f:
        f.write("HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n"
                "PasswordAuthentication no\n" % (cell.file("host"), cell.file("authorized")))
    os.makedirs("/run/sshd", exist_ok=True)
    cell.start("far", "/usr/sbin/sshd", "-D", "-e", "-f", cell.file("sshd.conf"))
    time.sleep(1)


def as_user(cell):
    return ["-i", cell.file("user"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
            "IdentitiesOnly=yes", "-F", "/dev/null"]


@scene("ssh-forward", seconds=90, hosts=["laptop-it"], far={"jump.ssh.example": "203.0.113.135"},
       services=[{"type": "sink", "port": 9000}, {"type": "http", "port": 8080}])
def ssh_forward(cell):
    """RTP over TCP and browsing through the forwarded ports of one SSH connection."""
    sshd(cell)
    cell.start("laptop-it", "ssh", "-N", *as_user(cell), "-L", "9000:127.0.0.1:9000", "-L", "8080:127.0.0.1:8080",
               "root@jump.ssh.example")
    time.sleep(2)
    wav = speech(cell, 85, "dictation", 68)
    p = cell.start("laptop-it", "gst-launch-1.0", "-q", *(mono(wav) + " opusenc bitrate=32000 audio-type=voice ! "
                   "rtpopuspay ! rtpstreampay ! tcpclientsink host=127.0.0.1 port=9000 sync=true").split())
    rnd, end = random.Random(6), time.monotonic() + 80
    while time.monotonic() < end:
        cell.run("laptop-it", "curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/%d" % rnd.randint(2000, 50000))
        time.sleep(rnd.uniform(2, 9))
    cell.wait(p)
    cell.until(lambda: cell.arrived("sink", 9000), "the stream ended")
    n = received_stream(cell, "sink", 9000, 250000, 70)
    cell.row("tcp", "laptop-it", "*", "jump.ssh.example", 22, "alert", "tunnel", "opus 32k 20 ms inside", n,
             "ssh -L + gstreamer + curl", "microphone and browsing in one connection")


def into_socks(cell, host, proxy, wav, seconds, *more):
    """A microphone in one HTTPS request through the proxy: ffmpeg plays at the pace of a sound card."""
    cell.run(host, "sh", "-c", 'ffmpeg -nostdin -v error -re -i "$0" -t %d -c:a libopus -b:a 32k -page_duration 200000 '
             '-flush_packets 1 -f ogg - | curl -ks --http1.1 -T . -o /dev/null --socks5 %s https://%s/live'
             % (seconds, proxy, cell.names["inner.store.example"]), wav, *more)
    cell.until(lambda: [r for r in cell.arrived("http", 443) if r["path"] == "/live"], "the stream ended")
    r = [r for r in cell.arrived("http", 443) if r["path"] == "/live"][0]
    cell.check(r["bytes"] > 2500 * seconds and r["last"] - r["first"] > 0.9 * seconds,
               "%d bytes in %.0f s" % (r["bytes"], r["last"] - r["first"]))
    return r["bytes"]


def socks_browse(cell, host, proxy, seconds, seed):
    rnd, end = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        parts = ["https://%s/%d" % (cell.names["inner.store.example"], rnd.randint(2000, 40000))
                 for _ in range(rnd.randint(2, 6))]
        cell.run(host, "curl", "-ks", "--http1.1", "--parallel", "--socks5", proxy,
                 *[w for u in parts for w in ("-o", "/dev/null", u)])
        time.sleep(min(rnd.uniform(3, 12), max(0, end - time.monotonic())))


# The far side's second address is a server that only the proxy is asked for.
@scene("socks-mic", seconds=85, hosts=["laptop-deputy"],
       far={"hop.proxy.example": "203.0.113.136", "inner.store.example": "203.0.113.137"},
       services=[{"type": "http", "port": 443, "tls": True}])
def socks_mic(cell):
    """A live microphone in HTTPS through a SOCKS5 proxy outside."""
    cell.start("far", "microsocks", "-i", "203.0.113.136", "-p", "1080")
    time.sleep(0.5)
    n = into_socks(cell, "laptop-deputy", "hop.proxy.example:1080", speech(cell, 85, "dictation", 89), 80)
    cell.row("tcp", "laptop-deputy", "*", "hop.proxy.example", 1080, "alert", "tunnel", "ogg/opus 32k inside", n,
             "microsocks, ffmpeg | curl", "live in HTTPS through SOCKS5: to be named socks")


@scene("socks-browsing", seconds=70, hosts=["pc-finance"],
       far={"hop2.proxy.example": "203.0.113.138", "inner.store.example": "203.0.113.139"},
       services=[{"type": "http", "port": 443, "tls": True}])
def socks_browsing(cell):
    """Pages through a SOCKS5 proxy on an odd port, and nobody speaks."""
    cell.start("far", "microsocks", "-i", "203.0.113.138", "-p", "4711")
    time.sleep(0.5)
    socks_browse(cell, "pc-finance", "hop2.proxy.example:4711", 65, 90)
    cell.row("tcp", "pc-finance", "*", "hop2.proxy.example", 4711, "not-audio", "browsing", "-", 0,
             "microsocks, curl", "a proxy without sound")


@scene("ssh-socks-mic", seconds=85, hosts=["laptop-it"],
       far={"shell.ssh.example": "203.0.113.155", "inner.store.example": "203.0.113.156"},
       services=[{"type": "http", "port": 443, "tls": True}])
def ssh_socks_mic(cell):
    """The same through ssh -D, with pages beside it in the same connection."""
    sshd(cell)
    cell.start("laptop-it", "ssh", "-N", *as_user(cell), "-D", "1081", "root@shell.ssh.example")
    time.sleep(2)
    wav = speech(cell, 85, "dictation", 91)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pages = pool.submit(socks_browse, cell, "laptop-it", "127.0.0.1:1081", 70, 92)
        n = into_socks(cell, "laptop-it", "127.0.0.1:1081", wav, 80)
        pages.result()
    cell.row("tcp", "laptop-it", "*", "shell.ssh.example", 22, "alert", "tunnel", "ogg/opus 32k inside", n,
             "ssh -D, ffmpeg | curl", "live in HTTPS in SSH, browsing beside it")
