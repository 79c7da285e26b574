# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that speak RTSP to a server outside: with a picture only, and with a microphone."""
import os

from scene import made, scene, speech, video


def clip(cell, seconds, kbit, name, seed=0, sound=("-c:a", "aac", "-b:a", "48k")):
    """H.264, and with a SEED the speech of a room beside it."""
    v = video(cell, seconds, kbit, name, "480x270")
    if not seed:
        return v
    return made(cell, "%s-sound-%d.mkv" % (name, seed), [
        "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", v, "-i", speech(cell, seconds, "room", seed), "-map", "0:v",
        "-map", "1:a", "-c:v", "copy", *sound, "-shortest", "-f", "matroska"])


def publish(cell, host, dst, what, transport, least):
    """The camera announces itself (RTSP ANNOUNCE, RECORD); the server writes down what comes."""
    far = cell.start("far", "ffmpeg", "-nostdin", "-v", "error", "-y", "-rtsp_flags", "listen", "-i",
                     "rtsp://%s:554/live" % cell.names[dst], "-c", "copy", "-f", "matroska", cell.file("got.mkv"))
    cell.until(lambda: b":022A" in b"".join(
        l for l in cell.inside("far", "cat", "/proc/net/tcp").splitlines(True) if b" 0A " in l), "the server listens")
    cell.run(host, "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", what, "-c", "copy", "-f", "rtsp",
             "-rtsp_transport", transport, "rtsp://%s:554/live" % dst)
    cell.wait(far, 20, None)
    n = os.path.getsize(cell.file("got.mkv"))
    cell.check(n >= least, "%d bytes came" % n)
    return n


@scene("rtsp-video", seconds=70, hosts=["cam-lobby"], far={"v.cloudcam.example": "203.0.113.124"})
def rtsp_video(cell):
    """A camera publishes H.264 by RTSP to a server outside, RTP over UDP; it has no microphone."""
    publish(cell, "cam-lobby", "v.cloudcam.example", clip(cell, 70, 200, "gate"), "udp", 1000000)
    cell.row("udp", "cam-lobby", "*", "v.cloudcam.example", "*", "quiet", "camera", "h264", 0, "ffmpeg rtsp",
             "video only, unlisted; RTP in clear text")
    cell.row("tcp", "cam-lobby", "*", "v.cloudcam.example", 554, "quiet", "camera", "-", 0, "ffmpeg rtsp",
             "RTSP: ANNOUNCE without sound")


@scene("rtsp-video-tcp", seconds=70, hosts=["nvr"], far={"v2.cloudcam.example": "203.0.113.125"})
def rtsp_video_tcp(cell):
    """The same with RTP inside the RTSP connection."""
    publish(cell, "nvr", "v2.cloudcam.example", clip(cell, 70, 200, "yard2"), "tcp", 1000000)
    cell.row("tcp", "nvr", "*", "v2.cloudcam.example", 554, "quiet", "camera", "h264", 0, "ffmpeg rtsp",
             "video only, unlisted; RTSP interleaved, clear text")


@scene("rtsp-sound", seconds=80, hosts=["cam-lobby"], far={"a.cloudcam.example": "203.0.113.126"})
def rtsp_sound(cell):
    """A camera with a microphone, RTP over UDP: picture and sound on ports of their own."""
    n = publish(cell, "cam-lobby", "a.cloudcam.example", clip(cell, 75, 200, "hall", 93), "udp", 1000000)
    cell.row("udp", "cam-lobby", "*", "a.cloudcam.example", "*", "alert", "audio-live", "aac 48k beside h264", n,
             "ffmpeg rtsp", "picture and sound in clear RTP, ports of their own; bytes of both")
    cell.row("tcp", "cam-lobby", "*", "a.cloudcam.example", 554, "either", "camera", "-", 0, "ffmpeg rtsp",
             "RTSP: ANNOUNCE with sound")


@scene("rtsp-sound-tcp", seconds=80, hosts=["nvr"], far={"a2.cloudcam.example": "203.0.113.127"})
def rtsp_sound_tcp(cell):
    """The same with both inside the RTSP connection; the sound is G.711."""
    n = publish(cell, "nvr", "a2.cloudcam.example",
                clip(cell, 75, 160, "stairs", 94, ("-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1")), "tcp", 1000000)
    cell.row("tcp", "nvr", "*", "a2.cloudcam.example", 554, "alert", "audio-live", "G.711 a-law beside h264", n,
             "ffmpeg rtsp", "picture and sound interleaved in one RTSP connection, clear text; bytes of both")
