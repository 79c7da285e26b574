# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that send at a pace and are no recorders: sensors, agents, logs, cameras, screens."""
import os
import time

from cell import HERE, PYTHON
from scene import made, received_stream, scene, video

AGENT = os.path.join(HERE, "agent.py")
HTTPS = [{"type": "http", "port": 443, "tls": True}]


def mqtt(cell, dst, seconds, period, count, size):
    conf = cell.file("mosquitto.conf")
    with open(conf, "w") as f:
        f.write("listener 8883\nallow_anonymous true\ncertfile %s\nkeyfile %s\nuser root\npersistence false\n"
                % (cell.tools["cert"], cell.tools["key"]))
    cell.start("far", "mosquitto", "-c", conf)
    time.sleep(0.5)
    with open(cell.file("got"), "wb") as out:
        sub = cell.start("far", "mosquitto_sub", "-h", "127.0.0.1", "-p", "8883", "--cafile", cell.tools["cert"],
                         "--insecure", "-t", "#", "-F", "%l", stdout=out)
    time.sleep(0.5)
    cell.run("sensor-climate", "sh", "-c", "%s %s sensor %s %s %s | mosquitto_pub -l -q 1 -h %s -p 8883 --cafile %s "
             "--insecure -t plant/air" % (PYTHON, AGENT, seconds, period, size, dst, cell.tools["cert"]))
    time.sleep(1)
    cell.stop(sub)
    n = sum(1 for _ in open(cell.file("got")))
    cell.check(n >= count, "%d of %d readings came" % (n, count))
    cell.row("tcp", "sensor-climate", "*", dst, 8883, "quiet", "telemetry", "-", 0, "mosquitto_pub, TLS",
             "a reading of %s bytes every %s s" % (size, period))


@scene("mqtt-tls-1s", seconds=120, hosts=["sensor-climate"], far={"a.meter.example": "203.0.113.110"})
def mqtt_1s(cell):
    """A sensor's reading every second in MQTT over TLS."""
    mqtt(cell, "a.meter.example", 120, 1, 115, 180)


@scene("mqtt-tls-10s", seconds=200, hosts=["sensor-climate"], far={"b.meter.example": "203.0.113.111"})
def mqtt_10s(cell):
    """Forty readings gathered for ten seconds, 7 kB a message: 5.6 kbit/s."""
    mqtt(cell, "b.meter.example", 200, 10, 19, 7000)


@scene("mqtt-tls-60s", seconds=420, hosts=["sensor-climate"], far={"c.meter.example": "203.0.113.112"})
def mqtt_60s(cell):
    """A minute's readings a minute."""
    mqtt(cell, "c.meter.example", 420, 60, 6, 9000)


@scene("udp-sensor-100ms", seconds=90, hosts=["sensor-climate"], far={"u.meter.example": "203.0.113.113"},
       services=[{"type": "udp", "port": 6000}])
def udp_sensor(cell):
    """Vibration in binary every 100 ms over DTLS-like datagrams: encrypted, constant, slow."""
    from scene import received_udp
    cell.run("sensor-climate", PYTHON, AGENT, "datagrams", "u.meter.example:6000", "90", "0.1", "120")
    cell.far_ends()
    n = received_udp(cell, 6000, 80, 850)
    cell.row("udp", "sensor-climate", "*", "u.meter.example", 6000, "quiet", "telemetry", "-", 0, "agent.py",
             "120 random bytes every 100 ms: 9.6 kbit/s", got=n)


@scene("metrics-agent", seconds=240, hosts=["srv-files"], far={"push.metrics.example": "203.0.113.114"}, services=HTTPS)
def metrics_agent(cell):
    """node-exporter's page, packed, pushed every 15 s over one connection."""
    cell.start("srv-files", "prometheus-node-exporter", "--web.listen-address=127.0.0.1:9100")
    time.sleep(1)
    cell.run("srv-files", PYTHON, AGENT, "metrics", "https://push.metrics.example/api/v1/push", "240", "15")
    n = received_stream(cell, "http", 443, 15000)
    cell.row("tcp", "srv-files", "*", "push.metrics.example", 443, "quiet", "telemetry", "-", 0,
             "prometheus-node-exporter, agent.py", "%d bytes, gzip, every 15 s" % n)


@scene("agent-beacon", seconds=180, hosts=["pc-finance"], far={"edr.agent.example": "203.0.113.115"}, services=HTTPS)
def agent_beacon(cell):
    """An agent that reports 3.5-5 kB every six seconds, a connection each."""
    cell.run("pc-finance", PYTHON, AGENT, "beacon", "https://edr.agent.example/r", "180", "6")
    received_stream(cell, "http", 443, 80000)
    cell.row("tcp", "pc-finance", "*", "edr.agent.example", 443, "quiet", "beacon", "-", 0, "agent.py",
             "3.5-5 kB every 6 s: 5.6 kbit/s")


@scene("syslog-tls", seconds=120, hosts=["srv-files"], far={"logs.collect.example": "203.0.113.116"})
def syslog_tls(cell):
    """rsyslog to rsyslog over TLS; lines come by themselves and in crowds."""
    with open(cell.file("far.conf"), "w") as f:
        f.write('global(workDirectory="%s" defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" '
                'defaultNetstreamDriverKeyFile="%s")\nmodule(load="imtcp" StreamDriver.Name="gtls" '
                'StreamDriver.Mode="1" StreamDriver.Authmode="anon")\ninput(type="imtcp" port="6514")\n'
                '*.* action(type="omfile" file="%s")\n' % (cell.work, cell.tools["cert"], cell.tools["cert"],
                                                          cell.tools["key"], cell.file("got.log")))
    with open(cell.file("office.conf"), "w") as f:
        f.write('global(workDirectory="%s" defaultNetstreamDriverCAFile="%s")\nmodule(load="imudp")\n'
                'input(type="imudp" address="127.0.0.1" port="514")\n*.* action(type="omfwd" '
                'target="logs.collect.example" port="6514" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" '
                'StreamDriverAuthMode="anon")\n' % (cell.work, cell.tools["cert"]))
    for where, conf in (("far", "far.conf"), ("srv-files", "office.conf")):
        cell.start(where, "rsyslogd", "-n", "-f", cell.file(conf), "-i", cell.file(conf + ".pid"))
        time.sleep(1)
    cell.run("srv-files", PYTHON, AGENT, "syslog", "127.0.0.1:514", "115")
    time.sleep(2)
    n = sum(1 for _ in open(cell.file("got.log")))
    cell.check(n > 800, "%d lines came" % n)
    cell.row("tcp", "srv-files", "*", "logs.collect.example", 6514, "quiet", "logs", "-", 0, "rsyslog, gtls",
             "%d lines" % n)


def send_video(cell, host, clip, url, far, least, row):
    p = cell.start("far", *far) if far else None
    cell.run(host, "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", clip, "-c", "copy", "-f", "mpegts", url)
    if p:
        cell.wait(p, 20, None)
        n = os.path.getsize(cell.file("got.ts"))
    else:
        cell.until(lambda: cell.arrived("sink"), "the stream ended")
        n = received_stream(cell, "sink", 8554, 1)
    cell.check(n >= least, "%d bytes of video" % n)
    cell.row(*row)


@scene("camera-tls", seconds=70, hosts=["cam-lobby"], far={"live.cam.example": "203.0.113.120"}, kept=False,
       services=[{"type": "sink", "port": 8554, "tls": True}])
def camera_tls(cell):
    """A camera outside the house: H.264 without sound over TLS."""
    send_video(cell, "cam-lobby", video(cell, 70, 300), "tls://live.cam.example:8554", None, 1500000,
               ("tcp", "cam-lobby", "*", "live.cam.example", 8554, "not-audio", "camera", "h264", 0, "ffmpeg tls",
                "video only, unlisted"))


@scene("camera-srt", seconds=70, hosts=["nvr"], far={"srt.cam.example": "203.0.113.121"})
def camera_srt(cell):
    """The same over SRT."""
    send_video(cell, "nvr", video(cell, 70, 250, "yard", "480x270"), "srt://203.0.113.121:7002?mode=caller",
               ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", "srt://:7002?mode=listener", "-c", "copy", "-f",
                "mpegts", cell.file("got.ts")], 1200000,
               ("udp", "nvr", "*", "srt.cam.example", 7002, "not-audio", "camera", "h264", 0, "ffmpeg srt",
                "video only, unlisted, never looked up"))


@scene("camera-rtp", seconds=70, hosts=["cam-lobby"], far={"rtp.cam.example": "203.0.113.122"},
       services=[{"type": "udp", "port": 5008}])
def camera_rtp(cell):
    """The same over RTP, clear text."""
    from scene import received_udp
    clip = video(cell, 70, 250, "door", "480x270")
    p = cell.start("cam-lobby", "gst-launch-1.0", "-q", *("filesrc location=%s ! tsdemux ! h264parse ! rtph264pay "
                   "pt=96 mtu=1400 config-interval=1 ! udpsink host=rtp.cam.example port=5008" % clip).split())
    cell.wait(p)
    cell.far_ends()
    n = received_udp(cell, 5008, 60, 1000)
    cell.row("udp", "cam-lobby", "*", "rtp.cam.example", 5008, "quiet", "camera", "h264", 0, "gstreamer rtph264pay",
             "video only, unlisted; RTP in clear text", got=n)


@scene("screen-share", seconds=80, hosts=["laptop-it"], far={"show.desk.example": "203.0.113.123"},
       services=[{"type": "sink", "port": 8554, "tls": True}])
def screen_share(cell):
    """Slides that change now and then, a pointer that moves: H.264 in TLS."""
    clip = made(cell, "screen.ts", ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                "testsrc2=size=960x540:rate=10", "-vf", "fps=1/8,fps=10,drawbox=x='mod(t*70,900)':"
                "y='mod(t*30,500)':w=9:h=14:color=black:t=fill", "-t", "80", "-an", "-c:v",
                "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-crf", "27", "-g", "80", "-f", "mpegts"])
    send_video(cell, "laptop-it", clip, "tls://show.desk.example:8554", None, 100000,
               ("tcp", "laptop-it", "*", "show.desk.example", 8554, "not-audio", "screen", "h264", 0, "ffmpeg tls",
                "screen shared to an unlisted host"))
