# SPDX-License-Identifier: GPL-3.0-or-later
"""A cell: one small office of the lab, in network namespaces of its own.

	host ---+
	host ---+-- br0 (switch) --- router --- link --- far
	host ---+     |
	           dumpcap

The switch's bridge sees every frame, as the mirror port of an office switch does: private
addresses untranslated, inside to inside too. The router resolves names (dnsmasq); `link` adds delay,
jitter, loss and a rate; the far side has all its addresses on one device and runs far.py. Cells
share nothing, so that several run at once. A step that fails raises Failed and fails the scene.
"""
import csv
import json
import os
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "..", "captures")
PYTHON = "/usr/bin/python3"


class Failed(Exception):
    pass


def devices():
    with open(os.path.join(CAPTURES, "inventory", "assets.csv"), newline="") as f:
        return {r["name"]: (r["mac"].replace("-", ":").lower(), r["ip"]) for r in csv.DictReader(f)}


def sh(*cmd, **kw):
    p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)
    if p.returncode:
        raise Failed("%s: %s" % (" ".join(cmd), p.stdout.decode("utf-8", "replace").strip()[-400:]))
    return p.stdout


class Cell:
    """WORK is this cell's folder; FAR maps names to addresses; HOSTS are names of the inventory."""

    def __init__(self, scene, index, work, tools):
        self.scene, self.work, self.tools = scene, work, tools
        self.id = "lab%dx%d" % (os.getpid(), index)
        self.short = "%d" % index
        self.names, self.rows, self.started, self.log = scene.far, [], [], os.path.join(work, "log")
        self.results = os.path.join(work, "far.jsonl")
        self.spaces = []
        os.makedirs(work, exist_ok=True)

    # ---- building and ending -------------------------------------------------------------

    def space(self, name):
        ns = self.id + name
        sh("ip", "netns", "add", ns)
        self.spaces.append(ns)
        self.inside(name, "ip", "link", "set", "lo", "up")
        self.inside(name, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
                    "net.ipv6.conf.all.accept_ra=0", "net.ipv6.conf.default.accept_ra=0",
                    "net.ipv6.conf.default.disable_ipv6=%d" % (0 if self.scene.ipv6 else 1),
                    "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                    "net.ipv4.ping_group_range=0 1000")
        return ns

    def path(self, name):
        return "/run/netns/" + self.id + name

    def inside(self, name, *cmd, **kw):
        return sh("nsenter", "--net=" + self.path(name), *cmd, **kw)

    def wire(self, host, port, mac=None):
        """A cable from HOST to the switch."""
        a = "%s%s" % (host, "eth0")
        sh("ip", "link", "add", "l%ss%s" % (self.short, port), "netns", self.id + "sw", "type", "veth",
           "peer", "name", "eth0", "netns", self.id + host)
        sw = "l%ss%s" % (self.short, port)
        self.inside("sw", "ip", "link", "set", sw, "master", "br0", "up")
        if mac:
            self.inside(host, "ip", "link", "set", "eth0", "address", mac)
        for where, dev in (("sw", sw), (host, "eth0")):
            self.inside(where, "ethtool", "-K", dev, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro",
                        "off", "sg", "off")
        self.inside(host, "ip", "link", "set", "eth0", "up")
        return a

    def build(self):
        known, s = devices(), self.scene
        for n in ["sw", "rt", "far"] + s.hosts:
            self.space(n)
        self.inside("sw", "ip", "link", "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        self.inside("sw", "sysctl", "-qw", "net.ipv6.conf.br0.disable_ipv6=1")
        self.inside("sw", "ip", "link", "set", "br0", "up", "promisc", "on")
        self.wire("rt", 0, known["gateway"][0])
        self.inside("rt", "ip", "addr", "add", "10.20.0.1/24", "dev", "eth0")
        self.inside("rt", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.eth0.send_redirects=0",
                    "net.ipv6.conf.all.forwarding=%d" % s.ipv6)
        for i, h in enumerate(s.hosts):
            mac, ip = known[h]
            self.wire(h, i + 1, mac)
            self.inside(h, "ip", "addr", "add", ip + "/24", "dev", "eth0")
            self.inside(h, "ip", "route", "add", "default", "via", "10.20.0.1")
        # The line outside.
        link = [self.tools["link"], self.path("rt"), "wan", self.path("far"), "wan", *map(str, s.link), "7"]
        self.spawn(link)
        self.until(lambda: self.has("far", "wan"), "the link is up")
        for where, a, b in (("rt", "192.0.2.1", "fe80::1"), ("far", "192.0.2.2", "fe80::2")):
            self.inside(where, "ip", "addr", "add", a + "/30", "dev", "wan")
            self.inside(where, "ip", "link", "set", "wan", "up")
        self.inside("rt", "ip", "route", "add", "default", "via", "192.0.2.2", "dev", "wan")
        for ip in sorted(set(s.far.values())):
            self.inside("far", "ip", "addr", "add", ip + ("/128" if ":" in ip else "/32"), "dev", "lo")
        # Who answers over UDP without being asked for an address answers with the scene's first.
        first = [w for ip in s.far.values() if ":" not in ip for w in ("src", ip)][:2]
        self.inside("far", "ip", "route", "add", "default", "via", "192.0.2.1", "dev", "wan", *first)
        if s.ipv6:
            self.inside("rt", "ip", "addr", "add", "fd20::1/64", "dev", "eth0")
            self.inside("rt", "ip", "addr", "add", "fd99::1/64", "dev", "wan")
            self.inside("far", "ip", "addr", "add", "fd99::2/64", "dev", "wan")
            self.inside("far", "ip", "-6", "route", "add", "default", "via", "fd99::1")
            self.inside("rt", "ip", "-6", "route", "add", "default", "via", "fd99::2")
            for h in s.hosts:
                self.inside(h, "ip", "addr", "add", "fd20::%s/64" % known[h][1].rsplit(".", 1)[1], "dev", "eth0")
                self.inside(h, "ip", "-6", "route", "add", "default", "via", "fd20::1")
        self.resolver()
        services = os.path.join(self.work, "services.json")
        with open(services, "w") as f:
            json.dump(s.services, f)
        self.start("far", PYTHON, os.path.join(HERE, "far.py"), services, self.results, self.tools["cert"],
                   self.tools["key"])
        self.until(lambda: self.arrived("ready"), "the far side listens")
        self.capture()

    def resolver(self):
        conf = os.path.join(self.work, "resolv.conf")
        with open(conf, "w") as f:
            f.write("nameserver 10.20.0.1\noptions single-request\n")
        self.resolv = conf
        zone = []
        for name, ip in self.scene.far.items():
            zone += ["--host-record=%s,%s" % (name, ip)]
        self.spawn(self.enter("rt") + ["dnsmasq", "-k", "-C", "/dev/null", "--no-hosts", "--no-resolv", "-p", "53",
                   "--pid-file=" + os.path.join(self.work, "dnsmasq.pid"), "--user=root", "--local-ttl=300",
                   "--local=/example/", "--listen-address=10.20.0.1", "--bind-interfaces"] + zone)
        time.sleep(0.3)

    def capture(self):
        dev = "br0"
        if self.scene.vlan:
            self.spawn([self.tools["link"], "mirror", self.path("sw"), "br0", "mirror0", str(self.scene.vlan)])
            self.until(lambda: self.has("sw", "mirror0"), "the mirror port is up")
            self.inside("sw", "sysctl", "-qw", "net.ipv6.conf.mirror0.disable_ipv6=1")
            self.inside("sw", "ip", "link", "set", "mirror0", "up")
            dev = "mirror0"
        self.raw = os.path.join(self.work, "raw.pcap")
        p = self.spawn(self.enter("sw") + ["dumpcap", "-q", "-P", "-i", dev, "-w", self.raw, "-B", "32"])
        self.dumpcap = p
        self.until(lambda: os.path.exists(self.raw), "the capture has begun")
        time.sleep(1.2)

    def stop_capture(self):
        time.sleep(0.6)
        self.dumpcap.send_signal(signal.SIGINT)
        self.dumpcap.wait(10)

    def end(self):
        for p in reversed(self.started):
            if p.poll() is None:
                try:
                    os.killpg(p.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        for p in self.started:
            try:
                p.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                p.wait()
        for ns in self.spaces:
            subprocess.run(["ip", "netns", "del", ns], stderr=subprocess.DEVNULL)

    # ---- running programs ---------------------------------------------------------------

    def enter(self, name):
        return ["nsenter", "--net=" + self.path(name)]

    def spawn(self, cmd, **kw):
        with open(self.log, "ab") as log:
            log.write(("+ %s\n" % " ".join(map(str, cmd))).encode())
            log.flush()
            p = subprocess.Popen(list(map(str, cmd)), stdout=kw.pop("stdout", log), stderr=log,
                                 stdin=kw.pop("stdin", subprocess.DEVNULL), start_new_session=True, cwd=self.work, **kw)
        self.started.append(p)
        return p

    def start(self, where, *cmd, **kw):
        """Starts a program on a host; the office's name server is in its resolv.conf."""
        named = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.resolv]
        if where == "far":
            named = []
        return self.spawn(["nice", "-n", "-12"] + self.enter(where) + named + list(cmd), **kw)

    def run(self, where, *cmd, timeout=900, good=(0,)):
        p = self.start(where, *cmd)
        return self.wait(p, timeout, good)

    def wait(self, p, timeout=900, good=(0,)):
        try:
            rc = p.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed("%s: not done after %d s" % (p.args, timeout)) from None
        if good and rc not in good:
            raise Failed("%s: exit %d" % (" ".join(p.args), rc))
        return rc

    @staticmethod
    def stop(p, how=signal.SIGTERM):
        if p.poll() is None:
            os.killpg(p.pid, how)
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)

    def until(self, what, says, timeout=30):
        end = time.monotonic() + timeout
        while not what():
            if time.monotonic() > end:
                raise Failed("waited %d s in vain until %s" % (timeout, says))
            time.sleep(0.05)

    def has(self, where, dev):
        return subprocess.run(self.enter(where) + ["ip", "link", "show", dev], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def file(self, name):
        return os.path.join(self.work, name)

    # ---- what arrived, and what it was --------------------------------------------------

    def arrived(self, kind, port=None):
        try:
            with open(self.results) as f:
                all_ = [json.loads(l) for l in f]
        except FileNotFoundError:
            return []
        return [r for r in all_ if r["kind"] == kind and port in (None, r.get("port"))]

    def far_ends(self):
        """Tells far.py to write what it counted; before the checks."""
        for p in self.started:
            if any(str(x).endswith("far.py") for x in p.args):
                p.send_signal(signal.SIGTERM)
                p.wait(10)

    def check(self, true, what):
        if not true:
            raise Failed("the far side: " + what)

    def row(self, proto, host, sport, dst, dport, expect, kind, codec="-", audio_bytes=0, tool="-", note="-",
            got=None):
        """One line of labels.tsv; GOT, when given, is a port of far.py whose bytes must be the row's."""
        src = host if "." in host or ":" in host else devices()[host][1]
        self.rows.append({"proto": proto, "src": src, "sport": str(sport), "dst": self.names.get(dst, dst),
                          "dport": str(dport), "expect": expect, "kind": kind, "codec": codec,
                          "audio_bytes": audio_bytes, "tool": tool, "note": note, "got": got, "name": dst})
