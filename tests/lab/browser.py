# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium in a cell: on an office's host, or as somebody far away.

browser.html is the page, its query says what it does: `call` speaks WebRTC with other pages, which
find each other through boxes of far.py's http service; `record` uploads what MediaRecorder gives;
`live` streams it in one request; `read` loads pages and uploads a photo. What a page has to say of
itself it posts to /said/ME.

Somebody far away gets a namespace of its own behind the far side, with one address: a browser
offers every address that it has to the other side.
"""
import base64
import hashlib
import json
import subprocess
import urllib.parse

FLAGS = """--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-default-apps --disable-extensions --disable-dev-shm-usage
--disable-background-timer-throttling --disable-renderer-backgrounding --disable-backgrounding-occluded-windows
--disable-domain-reliability --metrics-recording-only --no-pings --mute-audio
--autoplay-policy=no-user-gesture-required --ignore-certificate-errors
--use-fake-ui-for-media-stream --use-fake-device-for-media-stream
--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter,OptimizationHints,Translate""".split()


def somebody(cell, name, ip):
    """A host NAME at the far side whose only address is IP, which no other may have."""
    cell.space(name)
    cell.inside("far", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    cell.inside("far", "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", cell.id + name)
    cell.inside("far", "ip", "addr", "add", "192.0.2.9/32", "dev", name)
    cell.inside("far", "ip", "link", "set", name, "up")
    cell.inside(name, "ip", "addr", "add", ip + "/32", "dev", "eth0")
    cell.inside(name, "ip", "link", "set", "eth0", "up")
    cell.inside(name, "ip", "route", "add", "192.0.2.9", "dev", "eth0")
    cell.inside(name, "ip", "route", "add", "default", "via", "192.0.2.9")
    cell.inside("far", "ip", "route", "add", ip, "dev", name)


def fingerprint(cell):
    """What --ignore-certificate-errors-spki-list wants: QUIC asks for it."""
    key = subprocess.run("openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform der" % cell.tools["cert"],
                         shell=True, check=True, stdout=subprocess.PIPE).stdout
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def browse(cell, where, origin, wav=None, more=(), page="/page", **query):
    """Starts a browser; ORIGIN is a name of the scene. Far away names are known without a resolver."""
    query.setdefault("me", where)
    words = [w for w in FLAGS] + ["--user-data-dir=" + cell.file("browser-" + where),
                                  "--disk-cache-dir=" + cell.file("cache-" + where), *more]
    # Its own background errands stay out of the capture; the scene's names are resolved in earnest.
    words.append("--host-resolver-rules=" + ("MAP * ~NOTFOUND , EXCLUDE *.example" if where in cell.scene.hosts
                                             else "MAP %s %s" % (origin, cell.names[origin])))
    if wav:
        words.append("--use-file-for-fake-audio-capture=" + wav)
    url = "https://%s%s?%s" % (origin, page, urllib.parse.urlencode(query))
    return cell.start(where, "env", "HOME=" + cell.work, "chromium", *words, url)


def said(cell, who, timeout=60):
    """What the page of WHO posted at its end."""
    def there():
        return [r for r in cell.arrived("said") if r["path"] == "/said/" + who]
    cell.until(there, "the page of %s is done" % who, timeout)
    what = json.loads(there()[0]["text"])
    cell.check("error" not in what, "the page of %s: %s" % (who, what))
    return what
