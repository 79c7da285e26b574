# SPDX-License-Identifier: GPL-3.0-or-later
"""Open microphones: speech with pauses, many framings, many transports; and calls, which are none."""
import json
import os
import random
import time

from cell import HERE, PYTHON, devices
from scene import received_stream, received_udp, scene, speech, video

PHONE = os.path.join(HERE, "phone.py")
UDP = [{"type": "udp", "port": 5004}]


def gst(cell, host, *words):
    return cell.start(host, "gst-launch-1.0", "-q", *" ".join(words).split())


def mono(wav, rate=48000):
    return "filesrc location=%s ! wavparse ! audioconvert ! audioresample ! audio/x-raw,rate=%d,channels=1 !" % (
        wav, rate)


def to_far(dst, port=5004):
    return "! udpsink host=%s port=%d sync=true" % (dst, port)


def one_way(cell, host, dst, seconds, packets, codec, tool, note="one-way, no call set-up", port=5004, ports=None):
    """The row of a live stream over UDP, checked."""
    cell.far_ends()
    n = received_udp(cell, port, seconds, packets)
    cell.row("udp", host, "*", dst, port, "alert", "audio-live", codec, n, tool, note, got=n)


def gst_scene(cell, host, dst, seconds, pipeline, packets, codec, manner="dictation", seed=1, rate=48000, tool=""):
    wav = speech(cell, seconds, manner, seed)
    cell.wait(gst(cell, host, mono(wav, rate), pipeline, to_far(dst)))
    one_way(cell, host, dst, seconds * 0.8, packets, codec, "gstreamer " + tool)


@scene("opus-dtx", seconds=80, hosts=["pc-press"], far={"room.listen.example": "203.0.113.60"}, services=UDP)
def opus_dtx(cell):
    """Opus with discontinuous transmission: pauses send next to nothing."""
    gst_scene(cell, "pc-press", "room.listen.example", 80, "opusenc dtx=true audio-type=voice bitrate=24000 "
              "frame-size=20 ! rtpopuspay dtx=true pt=111", 1500, "opus 24k 20 ms, DTX", "dictation", 11,
              tool="opusenc dtx")


@scene("opus-dtx-room", seconds=110, hosts=["tablet-cabinet"], far={"b7.listen.example": "203.0.113.61"}, services=UDP,
       link=(31, 6, 0.4, 12000))
def opus_dtx_room(cell):
    """The same at a table with long silences, 40 ms frames."""
    gst_scene(cell, "tablet-cabinet", "b7.listen.example", 110, "opusenc dtx=true audio-type=voice bitrate=16000 "
              "frame-size=40 ! rtpopuspay dtx=true pt=96", 600, "opus 16k 40 ms, DTX", "room", 12, tool="opusenc dtx")


@scene("opus-dtx-talk", seconds=120, hosts=["ws-secretary"], far={"side.listen.example": "203.0.113.59"}, services=UDP,
       link=(25, 5, 0.2, 12000))
def opus_dtx_talk(cell):
    """One side of a conversation with DTX: silent for more than half of the time."""
    gst_scene(cell, "ws-secretary", "side.listen.example", 120, "opusenc dtx=true audio-type=voice bitrate=20000 "
              "frame-size=20 ! rtpopuspay dtx=true pt=111", 1200, "opus 20k 20 ms, DTX", "talk", 10, tool="opusenc dtx")


@scene("speex-vad", seconds=80, hosts=["ws-legal"], far={"sx.listen.example": "203.0.113.62"}, services=UDP)
def speex_vad(cell):
    """Speex, variable rate, with voice activity detection and DTX."""
    gst_scene(cell, "ws-legal", "sx.listen.example", 80, "speexenc vad=true dtx=true vbr=true nframes=1 ! rtpspeexpay "
              "pt=97", 1200, "speex 16 kHz VBR, VAD", "dictation", 13, 16000, "speexenc vad dtx")


@scene("silence-removed", seconds=90, hosts=["laptop-deputy"], far={"gate.listen.example": "203.0.113.63"},
       services=UDP)
def silence_removed(cell):
    """A noise gate before G.711: packets only while somebody speaks."""
    gst_scene(cell, "laptop-deputy", "gate.listen.example", 90, "removesilence remove=true threshold=-45 "
              "hysteresis=4800 ! audiobuffersplit output-buffer-duration=1/50 ! alawenc ! rtppcmapay "
              "min-ptime=20000000 max-ptime=20000000", 1000, "G.711 a-law, noise gate", "talk", 14, 8000,
              "removesilence")


def phone_one_way(cell, host, dst, seconds, codec, packets, says, manner, seed, *more):
    wav = speech(cell, seconds, manner, seed)
    cell.run(host, PYTHON, PHONE, "--wav", wav, "--codec", codec, "--to", dst + ":5004", "--seconds", str(seconds),
             *more)
    one_way(cell, host, dst, seconds * 0.8, packets, says, "phone.py")


@scene("amr-dtx", seconds=100, hosts=["mobile-chief"], far={"m.listen.example": "203.0.113.64"}, services=UDP)
def amr_dtx(cell):
    """AMR-NB 12.2 with its own DTX: a comfort noise frame every 160 ms in a pause."""
    phone_one_way(cell, "mobile-chief", "m.listen.example", 100, "amr", 1000, "AMR-NB 12.2k 20 ms, DTX", "talk", 15,
                  "--vad")


@scene("amrwb-dtx", seconds=100, hosts=["mobile-driver"], far={"wb.listen.example": "203.0.113.58"}, services=UDP,
       link=(45, 8, 0.3, 8000))
def amrwb_dtx(cell):
    """AMR-WB 12.65 with its own DTX."""
    phone_one_way(cell, "mobile-driver", "wb.listen.example", 100, "amrwb", 1000, "AMR-WB 12.65k 20 ms, DTX", "talk",
                  57, "--vad")


@scene("g729-vad", seconds=110, hosts=["phone-desk2"], far={"desk.listen.example": "203.0.113.65"}, services=UDP,
       link=(40, 5, 0.3, 8000))
def g729_vad(cell):
    """G.729 annex B, 20 ms: silence is not sent."""
    phone_one_way(cell, "phone-desk2", "desk.listen.example", 110, "g729", 1500, "G.729B 8k 20 ms, VAD", "dictation",
                  16, "--vad")


@scene("g729-60ms", seconds=90, hosts=["phone-desk1"], far={"d60.listen.example": "203.0.113.66"}, services=UDP)
def g729_60ms(cell):
    """G.729, six frames in a packet, no silence suppression."""
    phone_one_way(cell, "phone-desk1", "d60.listen.example", 90, "g729", 1300, "G.729 8k 60 ms", "dictation", 17,
                  "--ptime", "60")


@scene("g711-vad", seconds=100, hosts=["phone-desk1"], far={"cn.listen.example": "203.0.113.67"}, services=UDP)
def g711_vad(cell):
    """G.711 that stops in silence and sends comfort noise (RFC 3389)."""
    phone_one_way(cell, "phone-desk1", "cn.listen.example", 100, "pcmu", 1000, "G.711 mu-law, VAD and comfort noise",
                  "talk", 18, "--vad")


@scene("opus-60ms", seconds=80, hosts=["ws-secretary"], far={"o60.listen.example": "203.0.113.68"}, services=UDP)
def opus_60ms(cell):
    """Opus, frames of 60 ms."""
    gst_scene(cell, "ws-secretary", "o60.listen.example", 80, "opusenc bitrate=20000 audio-type=voice frame-size=60 ! "
              "rtpopuspay", 1200, "opus 20k 60 ms", "dictation", 19, tool="opusenc")


@scene("opus-120ms", seconds=90, hosts=["ws-secretary"], far={"o120.listen.example": "203.0.113.69"},
       services=UDP + [{"type": "udp", "port": 5005}])
def opus_120ms(cell):
    """Opus, frames of 120 ms, 8.3 packets a second."""
    wav = speech(cell, 90, "dictation", 20)
    cell.run("ws-secretary", "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-c:a", "libopus", "-b:a", "16k",
             "-frame_duration", "120", "-f", "rtp", "rtp://o120.listen.example:5004")
    one_way(cell, "ws-secretary", "o120.listen.example", 80, 650, "opus 16k 120 ms", "ffmpeg rtp")
    cell.row("udp", "ws-secretary", "*", "o120.listen.example", 5005, "either", "rtcp", tool="ffmpeg rtp")


@scene("sbc-grid", seconds=55, hosts=["laptop-it"], far={"bt.listen.example": "203.0.113.70"}, services=UDP)
def sbc_grid(cell):
    """SBC at 44.1 kHz, four frames a packet: a clock of 11.61 ms."""
    gst_scene(cell, "laptop-it", "bt.listen.example", 55, "audiobuffersplit output-buffer-duration=512/44100 ! "
              "sbcenc ! audio/x-sbc,rate=44100,channels=1,blocks=16,"
              "subbands=8,allocation-method=loudness,bitpool=12 ! rtpsbcpay min-frames=4 mtu=150", 4000,
              "SBC 44.1 kHz 11.61 ms", "dictation", 21, 44100, "sbcenc")


@scene("mp3-rtp", seconds=80, hosts=["laptop-it"], far={"mp3.listen.example": "203.0.113.71"}, services=UDP,
       kept=False)
def mp3_rtp(cell):
    """MP3 at 44.1 kHz over RTP: a clock of 26.12 ms, two frames a packet now and then."""
    gst_scene(cell, "laptop-it", "mp3.listen.example", 80, "lamemp3enc target=bitrate bitrate=48 cbr=true mono=true ! "
              "mpegaudioparse ! rtpmpapay mtu=220", 2000, "MP3 48k 26.12 ms", "dictation", 22, 44100, "lamemp3enc")


@scene("ipv6-g722", seconds=80, hosts=["laptop-deputy"], far={"six.listen.example": "2001:db8:113::72"}, services=UDP,
       ipv6=True)
def ipv6_g722(cell):
    """G.722 over IPv6."""
    wav = speech(cell, 80, "dictation", 23)
    cell.run("laptop-deputy", "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-ar", "16000", "-ac", "1", "-c:a",
             "g722", "-b:a", "64k", "-f", "rtp", "-pkt_size", "172", "rtp://six.listen.example:5004?rtcpport=5004")
    cell.far_ends()
    n = received_udp(cell, 5004, 70, 2000)
    cell.row("udp", "fd20::14", "*", "six.listen.example", 5004, "alert", "audio-live", "G.722 64k", n, "ffmpeg rtp",
             "IPv6; RTCP on the same port", got=n)


@scene("vlan-opus", seconds=75, hosts=["tablet-briefing"], far={"v.listen.example": "203.0.113.73"}, services=UDP,
       vlan=220)
def vlan_opus(cell):
    """Opus, seen at the mirror port of a trunk: every frame carries a tag."""
    gst_scene(cell, "tablet-briefing", "v.listen.example", 75, "opusenc bitrate=24000 audio-type=voice ! rtpopuspay",
              3300, "opus 24k 20 ms", "dictation", 24, tool="opusenc, 802.1Q tag 220")


@scene("aac-tcp", seconds=90, hosts=["ws-legal"], far={"aac.listen.example": "203.0.113.74"},
       services=[{"type": "sink", "port": 9400}])
def aac_tcp(cell):
    """AAC in ADTS frames over bare TCP."""
    wav = speech(cell, 90, "dictation", 25)
    cell.run("ws-legal", "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-ac", "1", "-ar", "44100", "-c:a",
             "aac", "-b:a", "48k", "-flush_packets", "1", "-f", "adts", "tcp://aac.listen.example:9400")
    cell.until(lambda: cell.arrived("sink", 9400), "the stream ended")
    n = received_stream(cell, "sink", 9400, 300000, 80)
    cell.row("tcp", "ws-legal", "*", "aac.listen.example", 9400, "alert", "audio-live", "aac 48k adts", n, "ffmpeg tcp",
             got=n)


@scene("rtp-tcp", seconds=90, hosts=["pc-finance"], far={"rt.listen.example": "203.0.113.75"},
       services=[{"type": "sink", "port": 5554}])
def rtp_tcp(cell):
    """RTP over TCP with RFC 4571 framing."""
    wav = speech(cell, 90, "dictation", 26)
    cell.wait(gst(cell, "pc-finance", mono(wav), "opusenc bitrate=32000 audio-type=voice ! rtpopuspay ! rtpstreampay ! "
                  "tcpclientsink host=rt.listen.example port=5554 sync=true"))
    cell.until(lambda: cell.arrived("sink", 5554), "the stream ended")
    n = received_stream(cell, "sink", 5554, 250000, 80)
    cell.row("tcp", "pc-finance", "*", "rt.listen.example", 5554, "alert", "audio-live", "opus 32k 20 ms", n,
             "gstreamer rtpstreampay", "RTP over TCP, RFC 4571", got=n)


@scene("tls-chunked-opus", seconds=100, hosts=["pc-reception"], far={"up.stream.example": "203.0.113.76"},
       services=[{"type": "http", "port": 443, "tls": True}], link=(35, 4, 0.2, 10000))
def tls_chunked_opus(cell):
    """Live Ogg Opus in one chunked HTTPS request."""
    wav = speech(cell, 100, "dictation", 27)
    cell.run("pc-reception", "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-c:a", "libopus", "-b:a", "32k",
             "-page_duration", "200000", "-flush_packets", "1", "-method", "PUT", "-f", "ogg",
             "https://up.stream.example/live")
    cell.until(lambda: cell.arrived("http", 443), "the stream ended")
    n = received_stream(cell, "http", 443, 250000, 85)
    cell.row("tcp", "pc-reception", "*", "up.stream.example", 443, "alert", "audio-live", "ogg/opus 32k", n,
             "ffmpeg https", "chunked request in TLS, pages of 0.2 s")


@scene("tls-pipe-mp3", seconds=100, hosts=["srv-files"], far={"x.stream.example": "203.0.113.77"},
       services=[{"type": "sink", "port": 8443, "tls": True}])
def tls_pipe_mp3(cell):
    """lame's MP3 into openssl s_client."""
    wav = speech(cell, 100, "dictation", 28)
    # -quiet: else a Q in the sound would end it. It does not end with its input, so it is ended.
    p = cell.start("srv-files", "sh", "-c", "ffmpeg -nostdin -v error -re -i '%s' -ar 32000 -ac 1 -f s16le - | lame "
                   "--quiet -r -s 32 -m m -b 64 --cbr - - | openssl s_client -quiet -connect x.stream.example:8443 "
                   "-servername x.stream.example >/dev/null 2>&1" % wav)
    time.sleep(103)
    cell.stop(p)
    cell.until(lambda: cell.arrived("sink", 8443), "the stream ended")
    n = received_stream(cell, "sink", 8443, 500000, 80)
    cell.row("tcp", "srv-files", "*", "x.stream.example", 8443, "alert", "audio-live", "mp3 64k", n,
             "ffmpeg|lame|openssl s_client", "blocks as the pipe gives them")


@scene("wss-mic", seconds=90, hosts=["laptop-deputy"], far={"ws.stream.example": "203.0.113.78"},
       services=[{"type": "ws", "port": 443, "tls": True}])
def wss_mic(cell):
    """WebM/Opus as a browser's MediaRecorder sends it: a message every 250 ms, WebSocket in TLS."""
    wav = speech(cell, 90, "dictation", 29)
    cell.run("laptop-deputy", PYTHON, os.path.join(HERE, "recorder.py"), "ws", wav,
             "wss://ws.stream.example/mic", "0.25")
    cell.until(lambda: cell.arrived("ws", 443), "the stream ended")
    n = received_stream(cell, "ws", 443, 200000, 80)
    cell.row("tcp", "laptop-deputy", "*", "ws.stream.example", 443, "alert", "audio-live", "webm/opus 32k", n,
             "recorder.py, python websockets", "messages of 0.25 s")


@scene("srt-aac", seconds=80, hosts=["ws-secretary"], far={"srt.stream.example": "203.0.113.79"},
       link=(25, 4, 0.5, 20000))
def srt_aac(cell):
    """SRT with an AAC transport stream and no picture; its acknowledgements come back every 10 ms."""
    wav = speech(cell, 80, "dictation", 30)
    far = cell.start("far", "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", "srt://:7001?mode=listener", "-c", "copy",
                     "-f", "mpegts", cell.file("got.ts"))
    cell.run("ws-secretary", "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", wav, "-c:a", "aac", "-b:a", "64k", "-f",
             "mpegts", "-pes_payload_size", "0", "srt://203.0.113.79:7001?mode=caller&pkt_size=1316")
    cell.wait(far, 20, None)
    n = os.path.getsize(cell.file("got.ts"))
    cell.check(n > 500000, "%d bytes of transport stream" % n)
    cell.row("udp", "ws-secretary", "*", "srt.stream.example", 7001, "alert", "audio-live", "aac 64k mpegts", n,
             "ffmpeg srt", "SRT; never looked up")


def padded(cell, host, dst, port, how, seconds, period, size, seed, note):
    wav = speech(cell, seconds, "dictation", seed)
    cell.run(host, PYTHON, os.path.join(HERE, "pad.py"), how, wav, "%s:%d" % (dst, port), str(period), str(size))
    if how == "udp":
        cell.far_ends()
        n = received_udp(cell, port, seconds * 0.9, seconds / period * 0.95)
    else:
        cell.until(lambda: cell.arrived("sink", port), "the stream ended")
        n = received_stream(cell, "sink", port, int(seconds / period * size * 0.95), seconds * 0.9)
    cell.row("tcp" if how == "tls" else "udp", host, "*", dst, port, "alert", "audio-live", "opus 24k, padded", n,
             "ffmpeg, pad.py", note, got=n if how == "udp" else None)


@scene("padded-udp", seconds=80, hosts=["ws-legal"], far={"p.listen.example": "203.0.113.57"},
       services=[{"type": "udp", "port": 7400}])
def padded_udp(cell):
    """Opus in blocks that are all of one size, enciphered: pauses and syllables do not show."""
    padded(cell, "ws-legal", "p.listen.example", 7400, "udp", 75, 0.02, 160, 87,
           "160 bytes every 20 ms, whatever is said: one severity lower is right")


@scene("padded-tls", seconds=80, hosts=["pc-press"], far={"p2.listen.example": "203.0.113.56"},
       services=[{"type": "sink", "port": 443, "tls": True}])
def padded_tls(cell):
    """The same in TLS, a block of 1000 bytes every 100 ms."""
    padded(cell, "pc-press", "p2.listen.example", 443, "tls", 75, 0.1, 1000, 88,
           "1000 bytes every 100 ms, whatever is said: one severity lower is right")


# ---- calls: never an alert ---------------------------------------------------------------

def call(cell, host, dst, seconds, codec, office=(), far=(), seeds=(31, 32), manner="talk", expect="quiet",
         kind="call", note="-", packets=800):
    """A two-way call between two phones; both ends say what they heard."""
    a, b = (speech(cell, min(seconds, 180), manner, s) for s in seeds)
    there, here = cell.file("far-phone"), cell.file("office-phone")
    f = cell.start("far", PYTHON, PHONE, "--wav", b, "--codec", codec, "--bind", "20000", "--seconds", str(seconds),
                   "--report", there, *far)
    cell.run(host, PYTHON, PHONE, "--wav", a, "--codec", codec, "--bind", "16384", "--to", dst + ":20000", "--seconds",
             str(seconds), "--report", here, *office)
    cell.wait(f, 30)
    got = json.load(open(there)), json.load(open(here))
    for g, other in (got, got[::-1]):
        cell.check(g["got"]["packets"] >= 0.95 * other["sent"] - 30, "a phone heard %d of %d packets" % (
            g["got"]["packets"], other["sent"]))
    cell.check(got[1]["sent"] + got[0]["sent"] > packets, "too short a call")
    cell.row("udp", host, 16384, dst, 20000, expect, kind, codec, got[0]["got"]["bytes"] if expect == "alert" else 0,
             "phone.py", note, got=got[0]["got"]["bytes"])


@scene("call-office-mutes", seconds=120, hosts=["phone-desk1"], far={"peer.talk.example": "198.51.100.60"})
def call_office_mutes(cell):
    """A call in which the office's side is muted for 60 s: coded silence, packets go on."""
    call(cell, "phone-desk1", "peer.talk.example", 120, "g729", ["--ptime", "40", "--mute", "40-100:silence"],
         note="two-way; the office mutes 40-100 s, coded silence")


@scene("call-peer-mutes", seconds=130, hosts=["phone-desk2"], far={"peer2.talk.example": "198.51.100.61"})
def call_peer_mutes(cell):
    """A call in which the other side is muted for 60 s and sends comfort noise only."""
    call(cell, "phone-desk2", "peer2.talk.example", 130, "g729", ["--ptime", "40"],
         ["--ptime", "40", "--mute", "45-105:noise"], seeds=(33, 34),
         note="two-way; the peer mutes 45-105 s, comfort noise every 800 ms")


@scene("call-peer-stops", seconds=130, hosts=["laptop-it"], far={"peer3.talk.example": "198.51.100.62"})
def call_peer_stops(cell):
    """The same with a peer that sends nothing at all for 60 s."""
    call(cell, "laptop-it", "peer3.talk.example", 130, "g729", [], ["--mute", "45-105:stop"], seeds=(35, 36),
         note="two-way; the peer sends nothing 45-105 s")


@scene("call-vad-both", seconds=120, hosts=["phone-desk1"], far={"peer4.talk.example": "198.51.100.63"},
       link=(60, 8, 0.5, 8000))
def call_vad_both(cell):
    """Both sides suppress silence: somebody speaks, then the other."""
    call(cell, "phone-desk1", "peer4.talk.example", 120, "g729", ["--vad"], ["--vad"], seeds=(37, 38),
         note="two-way, G.729B both sides")


@scene("call-late-answer", seconds=100, hosts=["laptop-deputy"], far={"peer5.talk.example": "198.51.100.64"})
def call_late_answer(cell):
    """Early media: the office's side sends 25 s before the other answers."""
    call(cell, "laptop-deputy", "peer5.talk.example", 100, "g729", ["--ptime", "30"],
         ["--ptime", "30", "--mute", "0-25:stop"], seeds=(39, 40),
         note="two-way; the peer answers after 25 s")


def split(cell, host, up, down, codec, seconds, note, seeds):
    """A call whose two ways have nothing in common but the device: four sockets, perhaps two far hosts."""
    a, b = (speech(cell, seconds, "talk", s) for s in seeds)
    said = [cell.file(n) for n in ("hears-up", "hears-down", "talks-up", "talks-down")]
    own = devices()[host][1]
    both = ["--codec", codec, "--ptime", "40", "--seconds", str(seconds)]
    ends = [cell.start("far", PYTHON, PHONE, "--wav", b, "--talk", "0-0", "--from", cell.names[up], "--bind", "20000",
                       "--report", said[0], *both),
            cell.start(host, PYTHON, PHONE, "--wav", a, "--talk", "0-0", "--bind", "16386", "--report", said[1], *both)]
    time.sleep(1)
    ends += [cell.start(host, PYTHON, PHONE, "--wav", a, "--bind", "16384", "--to", up + ":20000", "--report", said[2],
                        *both),
             cell.start("far", PYTHON, PHONE, "--wav", b, "--from", cell.names[down], "--bind", "20002", "--to",
                        own + ":16386", "--report", said[3], *both)]
    for p in ends:
        cell.wait(p, seconds + 30)
    got = [json.load(open(f)) for f in said]
    for hears, talks in ((got[0], got[2]), (got[1], got[3])):
        cell.check(hears["got"]["packets"] >= 0.95 * talks["sent"], "%d of %d packets came" % (
            hears["got"]["packets"], talks["sent"]))
    cell.row("udp", host, 16384, up, 20000, "quiet", "call", codec, 0, "phone.py", note + "; the way up",
             got=got[0]["got"]["bytes"])
    cell.row("udp", cell.names[down], 20002, own, 16386, "quiet", "call", codec, 0, "phone.py", note + "; the way down")


@scene("call-split-ports", seconds=85, hosts=["phone-desk1"], far={"peer7.talk.example": "198.51.100.68"})
def call_split_ports(cell):
    """A call that sends on one pair of ports and receives on another."""
    split(cell, "phone-desk1", "peer7.talk.example", "peer7.talk.example", "g729", 80, "two-way, four sockets",
          (48, 49))


@scene("call-split-relay", seconds=85, hosts=["laptop-it"],
       far={"in.relay.example": "198.51.100.69", "out.relay.example": "198.51.100.71"})
def call_split_relay(cell):
    """A call whose way up goes to one relay, and whose way down comes from another."""
    split(cell, "laptop-it", "in.relay.example", "out.relay.example", "pcma", 80,
          "two-way, each way by a relay of its own", (58, 59))


@scene("call-goes-one-way", seconds=740, hosts=["phone-desk2"], far={"peer6.talk.example": "203.0.113.80"})
def call_goes_one_way(cell):
    """A call whose far side falls silent for ever after 80 s; the microphone stays open 11 minutes."""
    call(cell, "phone-desk2", "peer6.talk.example", 740, "g729", ["--ptime", "60"],
         ["--ptime", "60", "--quiet-after", "80"], seeds=(41, 42), kind="call-one-way",
         note="two-way 80 s, then one-way 660 s: a suspect after ten minutes is right, an alert is not")


@scene("push-to-talk", seconds=120, hosts=["mobile-driver"], far={"ptt.talk.example": "198.51.100.65"})
def push_to_talk(cell):
    """A radio call: one speaks at a time, each holds a button, nothing between."""
    rnd, t, mine, theirs = random.Random(9), 1.0, [], []
    while t < 114:
        n = rnd.uniform(2, 9)
        (mine if len(mine) <= len(theirs) else theirs).append("%.2f-%.2f" % (t, t + n))
        t += n + rnd.uniform(0.4, 2.5)
    words = [[w for s in x for w in ("--talk", s)] for x in (mine, theirs)]
    call(cell, "mobile-driver", "ptt.talk.example", 120, "amr", words[0], ["--mute", "0-0:stop"] + words[1],
         seeds=(43, 44), kind="push-to-talk", note="half duplex, both sides in turns")


KEY = "key=012345678901234567890123456789012345678901234567890123456789"


def sound(wav):
    return (mono(wav) + " opusenc bitrate=32000 audio-type=voice frame-size=40 ! rtpopuspay pt=111 ! srtpenc " + KEY
            + " ! udpsink host=127.0.0.1 port=7000 sync=true ")


def picture(clip):
    return ("filesrc location=%s ! tsdemux ! h264parse ! rtph264pay pt=102 mtu=1180 config-interval=-1 ! srtpenc %s ! "
            "udpsink host=127.0.0.1 port=7000 sync=true" % (clip, KEY))


def meeting(cell, host, dst, office, far, seconds, expect, kind, note, codec):
    """Both ends bundle what they send on one port; each counts what it heard."""
    ends = []
    for where, bind, to in ((host, devices()[host][1], dst), ("far", cell.names[dst], devices()[host][1])):
        ends.append(cell.start(where, PYTHON, os.path.join(HERE, "bundle.py"), "7000", bind + ":30000", to + ":30000",
                               cell.file("bundle-" + where)))
    time.sleep(1)
    senders = [gst(cell, w, p) for w, p in ((host, office), ("far", far)) if p]
    for p in senders:
        cell.wait(p)
    time.sleep(1)
    for p in ends:
        cell.stop(p)
    here, there = (json.load(open(cell.file("bundle-" + w))) for w in (host, "far"))
    cell.check(there["got"] >= 0.95 * here["sent"] and there["last"] - there["first"] > 0.8 * seconds,
               "%d of %d packets came" % (there["got"], here["sent"]))
    cell.check(here["got"] >= 0.95 * there["sent"], "%d of %d packets came back" % (here["got"], there["sent"]))
    cell.row("udp", host, 30000, dst, 30000, expect, kind, codec, there["got_bytes"] if expect == "alert" else 0,
             "gstreamer srtpenc, bundle.py", note, got=there["got_bytes"])


@scene("meeting-video", seconds=65, hosts=["ws-legal"], far={"sfu.meet.example": "198.51.100.66"},
       link=(20, 3, 0.2, 30000))
def meeting_video(cell):
    """A meeting over a relay: sound and picture both ways in SRTP on one port."""
    clip = video(cell, 60, 140, "face", "320x180")
    meeting(cell, "ws-legal", "sfu.meet.example", sound(speech(cell, 60, "talk", 45)) + picture(clip),
            sound(speech(cell, 60, "talk", 46)) + picture(clip), 60, "quiet", "call",
            "two-way, sound and picture bundled", "opus, h264 SRTP both ways")


@scene("meeting-listens", seconds=62, hosts=["pc-finance"], far={"sfu2.meet.example": "198.51.100.67"},
       link=(20, 3, 0.2, 30000))
def meeting_listens(cell):
    """A webinar: the office listens and shows its camera, its microphone is off by DTX."""
    clip = video(cell, 58, 120, "small", "320x180")
    meeting(cell, "pc-finance", "sfu2.meet.example", picture(clip), sound(speech(cell, 58, "room", 47)), 58,
            "not-audio", "call", "two-way; the office sends picture only, the other side sound only",
            "h264 up, opus down, SRTP")
