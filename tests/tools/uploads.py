#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""uploads: every way of clear text that earshot reads, as one capture: a device for each.
uploads.py OUT.pcap [SEED]   with a seed segments are cut anywhere
uploads.py --expected        what is to be said: device, class, format, codec, seconds (* any), proof"""
import base64, io, os, random, struct, sys, tarfile, zipfile, zlib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clear import Cap, FAR, chunked, put

# ---- files -------------------------------------------------------------------------------
AMRWB = b"#!AMR-WB\n" + (b"\x44" + bytes(60)) * 500                        # 10 s
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 250                              # 5 s
FRAME = b"\xff\xfb\x90\xc4" + bytes(413)                                    # 417 B, 128 kbit/s, 26.12 ms
MP3 = b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + FRAME * 383                      # 10 s
NOISE = random.Random(1).randbytes(100000)


def tag(n):
    return bytes((n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127))


MP3_COVER = b"ID3\3\0\0" + tag(90000) + b"APIC" + bytes(89996) + FRAME * 383
JPEG = b"\xff\xd8\xff\xe0\0\4..\xff\xc0\0\x11\x08\x04\0\x04\0\3" + NOISE[:60000]


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack("!I", 8 + len(body)) + kind + body


def trak(handler, entry, rest=b"", ticks=240000):
    stbl = box(b"stbl", box(b"stsd", struct.pack("!II", 0, 1), entry), rest)
    return box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"mdhd", struct.pack("!IIIIII", 0, 0, 0, 8000, ticks, 0)),
               box(b"hdlr", bytes(8), handler, bytes(13)), box(b"minf", stbl)))


def entry(kind):
    return box(kind, bytes(28))


def movie(*tracks):
    return box(b"moov", box(b"mvhd", struct.pack("!IIIII", 0, 0, 0, 1000, 30000), bytes(80)), *tracks)


FTYP = box(b"ftyp", b"3gp4\0\0\2\0isom3gp4")
SOUN, VIDE = trak(b"soun", entry(b"samr")), trak(b"vide", entry(b"avc1"))
TABLES = trak(b"soun", entry(b"sawb"), box(b"stsz", bytes(9000)))
GP3 = FTYP + box(b"mdat", NOISE[:30000]) + movie(SOUN)                      # its index behind
GP3_LONG = FTYP + movie(TABLES, trak(b"hint", entry(b"rtp "))) + box(b"mdat", NOISE[:30000])
VIDEO = FTYP + movie(SOUN, VIDE) + box(b"mdat", NOISE[:60000])
FRAG = FTYP + box(b"moov", box(b"mvhd", struct.pack("!IIIII", 0, 0, 0, 1000, 0), bytes(80)), trak(b"soun", entry(b"Opus"), ticks=0),
                  box(b"mvex", box(b"trex", struct.pack("!IIIIII", 0, 1, 1, 160, 0, 0)))) + \
    box(b"moof", box(b"traf", box(b"tfhd", struct.pack("!II", 0, 1)), box(b"trun", struct.pack("!II", 0, 50)))) + \
    box(b"mdat", NOISE[:3000]) + NOISE[:27000]                              # a second in 3,000 B
CAF = b"caff\0\1\0\0desc" + struct.pack("!QdIIIIII", 32, 8000, 0x756c6177, 0, 1, 1, 1, 8) + \
    b"data" + struct.pack("!Q", 4 + 40000) + bytes(4) + NOISE[:40000]       # 5 s of mu-law
WAV = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 7, 1, 8000, 8000, 1, 8) + b"data" + \
    struct.pack("<I", 40000) + NOISE[:40000]
AU = b".snd" + struct.pack("!IIIII", 24, 80000, 3, 8000, 1) + NOISE[:80000]
FLAC = b"fLaC\0\0\0\x22" + bytes(10) + bytes.fromhex("03e802f000027100") + bytes(16) + NOISE[:30000]   # 16 kHz, 10 s


def ebml(ident, body):
    return bytes.fromhex(ident) + (struct.pack("!B", 0x80 | len(body)) if len(body) < 127 else
                                   struct.pack("!I", 0x10000000 | len(body))) + body


WEBM = bytes.fromhex("1a45dfa380") + bytes.fromhex("1853806701ffffffffffffff") + \
    ebml("1549a966", ebml("2ad7b1", b"\x0f\x42\x40") + ebml("4489", struct.pack("!d", 12000))) + \
    ebml("1654ae6b", ebml("ae", ebml("83", b"\2") + ebml("86", b"A_OPUS"))) + NOISE[:20000]


def zipped(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in names:
            z.writestr(name, data)
    return out.getvalue()


def tarred(names, form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for name, data in names:
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    return out.getvalue()


LONG = "notes/" + "x" * 120 + "/talk.opus"
ZIP = zipped([("notes.txt", b"n" * 9000), ("rec-1.m4a", NOISE[:20000])])    # behind what is read first
GZIP = b"\x1f\x8b\x08\x08\0\0\0\0\0\3memo.wav\0" + NOISE[:20000]
RAR4 = b"Rar!\x1a\x07\0" + b"\xcf\x90\x73\0\0\x0d\0" + bytes(6) + b"\0\0\x74\0\0" + struct.pack("<H", 40) + \
    struct.pack("<IIBIIBBHI", 5000, 5000, 2, 0, 0, 20, 48, 8, 0) + b"call.amr" + NOISE[:5000]


def rar5(kind, rest, data=b""):
    head = bytes((kind, 2 if data else 0)) + (bytes((0x80 | len(data) & 127, len(data) >> 7)) if data else b"") + rest
    sized = bytes((len(head),)) + head
    return struct.pack("<I", zlib.crc32(sized)) + sized + data


RAR5 = b"Rar!\x1a\x07\1\0" + rar5(1, b"\0") + rar5(2, b"\0\x64\x20\0\0\x08memo.mp3", NOISE[:3000])
SEVEN = b"7z\xbc\xaf\x27\x1c\0\4" + NOISE[:20000]

CASES = []


def case(*told):
    """class, format, codec, seconds, proof: as the flow's event has them, '-' where absent"""
    def add(fn):
        CASES.append((fn.__name__, told, fn))
        return fn
    return add


def http(name, data, *told, **more):
    CASES.append((name, told, lambda cap, dev: cap.tcp(80, [put(data, **more), (1, b"HTTP/1.1 200 OK\r\n\r\n")], client=dev)))


def raw(name, data, *told, port=80):
    CASES.append((name, told, lambda cap, dev: cap.tcp(port, [data], client=dev)))


MAGIC, NAME, TYPE = "magic bytes", "file name", "content type"
http("put_amr_wb", AMRWB, "audio", "amr-wb", "amr-wb", 10, MAGIC)
http("put_amr", AMR, "audio", "amr", "amr", 5, MAGIC)
http("put_mp3", MP3, "audio", "mp3", "mp3", 10, MAGIC)
http("put_mp3_with_a_cover", MP3_COVER, "audio", "mp3", "mp3", 10, MAGIC)
http("put_3gp_index_behind", GP3, "audio", "mp4", "amr", 30, MAGIC)
http("put_3gp_long_tables", GP3_LONG, "audio", "mp4", "amr-wb", 30, MAGIC)
http("put_fragmented_mp4", FRAG, "audio", "mp4", "opus", 10, MAGIC)
http("put_caf", CAF, "audio", "caf", "g711-ulaw", 5, MAGIC)
http("put_wav_g711", WAV, "audio", "wav", "g711-ulaw", 5, MAGIC)
http("put_au", AU, "audio", "au", "pcm", 5, MAGIC)
http("put_flac", FLAC, "audio", "flac", "flac", 10, MAGIC)
http("put_webm", WEBM, "audio", "matroska", "opus", 12, MAGIC)
http("put_video", VIDEO, "video", "mp4", "amr", 30, MAGIC)
http("put_jpeg", JPEG, "image", "jpeg", "-", "-", MAGIC)
http("range_from_0", AMRWB[:6000], "audio", "amr-wb", "amr-wb", 10, MAGIC, more=f"Content-Range: bytes 0-5999/{len(AMRWB)}\r\n")
http("range_in_the_middle", AMRWB[:6000], "-", "-", "-", "-", "-", more="Content-Range: bytes 6000-11999/30509\r\n")
http("tus_in_the_middle", AMRWB[:6000], "-", "-", "-", "-", "-", more="Upload-Offset: 6000\r\n")
http("zip_later_name", ZIP, "audio", "zip", "-", "-", NAME)
http("tar_pax", tarred([("a.txt", b"a" * 700), (LONG, NOISE[:9000])], tarfile.PAX_FORMAT), "audio", "tar", "-", "-", NAME)
http("tar_gnu", tarred([("a.txt", b"a" * 70000), (LONG, NOISE[:9000])], tarfile.GNU_FORMAT), "audio", "tar", "-", "-", NAME)
http("tar_of_texts", tarred([("a.txt", b"a" * 700), ("b.txt", b"b")], tarfile.USTAR_FORMAT), "archive", "tar", "-", "-", MAGIC)
http("gzip_name", GZIP, "audio", "gzip", "-", "-", NAME)
http("rar4_name", RAR4, "audio", "rar", "-", "-", NAME)
http("rar5_name", RAR5, "audio", "rar", "-", "-", NAME)
http("7z_nothing", SEVEN, "archive", "7z", "-", "-", MAGIC, path="/up/backup.7z")
http("7z_aufnahmen", SEVEN, "audio", "7z", "-", "-", NAME, path="/up/Aufnahmen-Sitzung.7z")
http("7z_enregistrement", SEVEN, "audio", "7z", "-", "-", NAME, path="/up/enregistrement.7z")
http("docx_and_a_recording", zipped([("[Content_Types].xml", b"<x/>" * 50), ("rec.m4a", NOISE[:9000])]), "audio", "office", "-", "-", NAME)
raw("chunked", chunked(AMRWB, 700), "audio", "amr-wb", "amr-wb", 10, MAGIC)
raw("chunked_by_bytes", chunked(AMRWB[:3000], 3), "audio", "amr-wb", "amr-wb", "*", MAGIC)
B64 = base64.b64encode(AMRWB)
http("json_base64", b'{"meta":{"a":1},"file":"' + B64 + b'"}', "audio", "amr-wb", "amr-wb", 10, MAGIC, kind="application/json")
http("json_data_url", b'{"x":"data:audio/amr;base64,' + B64.replace(b"/", b"\\/") + b'"}', "audio", "amr-wb", "amr-wb", 10, MAGIC, kind="application/json")
http("json_url_safe", b'["' + base64.urlsafe_b64encode(b"#!AMR\n" + b"\x3c\xff\xef\xbe" * 2000) + b'"]', "audio", "amr", "amr", "*", MAGIC, kind="application/json")
http("json_picture_then_sound", b'{"t":"' + base64.b64encode(JPEG[:600]) + b'","a":"' + B64 + b'"}', "audio", "amr-wb", "amr-wb", 10, MAGIC, kind="application/json")
http("form_urlencoded", b"a=1&b=" + B64.replace(b"+", b"%2B").replace(b"/", b"%2F"), "audio", "amr-wb", "amr-wb", 10, MAGIC, kind="application/x-www-form-urlencoded")


def part(name, data, head=b""):
    return b'--xYz\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n%s\r\n' % (name, head) + data + b"\r\n"


FORM = "multipart/form-data; boundary=xYz"
http("form_second_file", b'--xYz\r\nContent-Disposition: form-data; name="t"\r\n\r\nhi\r\n' + part(b"a.jpg", JPEG) + part(b"b", AMRWB) + b"--xYz--\r\n",
     "audio", "amr-wb", "amr-wb", "-", MAGIC, kind=FORM)
http("form_3gp", part(b"x", GP3) + b"--xYz--\r\n", "audio", "mp4", "amr", 30, MAGIC, kind=FORM)


@case("audio", "amr-wb", "amr-wb", 10, MAGIC)
def picture_then_sound(cap, dev):
    cap.tcp(80, [put(JPEG), (1, b"HTTP/1.1 200 OK\r\n\r\n"), put(AMRWB), put(JPEG)], client=dev)


@case("audio", "unknown", "-", "-", NAME)
def webdav_move(cap, dev):
    cap.tcp(80, [b"MKCOL /dav/x/ HTTP/1.1\r\nHost: h\r\n\r\n", put(NOISE[:9000], path="/dav/x/1.tmp"),
                 b"MOVE /dav/x/1.tmp HTTP/1.1\r\nHost: h\r\nDestination: http://h/dav/memo.m4a\r\n\r\n"], client=dev)


def ftp(cap, dev, data, active=False, store=b"STOR t.dat", before=b"", extended=False):
    port = 20000 + cap.port % 10000
    split = b"%d,%d" % (port >> 8, port & 255)
    cap.open(21, client=dev)
    cap.say(1, b"220 x\r\n")
    cap.say(0, b"USER a\r\n")
    cap.say(0, b"TYPE I\r\n")
    if active:
        cap.say(0, b"EPRT |1|%s|%d|\r\n" % (dev.encode(), port) if extended else b"PORT %s,%s\r\n" % (dev.replace(".", ",").encode(), split))
    elif extended:
        cap.say(1, b"229 Entering (|||%d|)\r\n" % port)
    else:
        cap.say(1, b"227 Entering Passive Mode (203,0,113,7,%s)\r\n" % split)
    if before:
        cap.say(0, before)
    cap.say(0, store + b"\r\n")
    if active:
        cap.tcp(port, [(1, data)], client=FAR, server=dev)
    else:
        cap.tcp(port, [data], client=dev)


for mode, words in (("passive", {}), ("active", dict(active=True)), ("epsv", dict(extended=True)),
                    ("eprt", dict(active=True, extended=True)), ("appe", dict(store=b"APPE t.dat"))):
    CASES.append(("ftp_" + mode, ("audio", "amr-wb", "amr-wb", 10, MAGIC), lambda cap, dev, w=words: ftp(cap, dev, AMRWB, **w)))
CASES.append(("ftp_rest", ("-",) * 5, lambda cap, dev: ftp(cap, dev, AMRWB, before=b"REST 4000\r\n")))
CASES.append(("ftp_name", ("audio", "unknown", "-", "-", NAME), lambda cap, dev: ftp(cap, dev, NOISE[:9000], store=b"STOR diktat 1.dss")))


def mail(body, hello=b"EHLO", size=b"", bdat=False):
    head = b"MAIL FROM:<a@b>%s\r\nRCPT TO:<c@d>\r\n" % size
    if bdat:
        return [hello + b" pc\r\n", (1, b"250 x\r\n"), head, b"BDAT %d\r\n" % 300, body[:300], b"BDAT %d LAST\r\n" % (len(body) - 300), body[300:]]
    return [hello + b" pc\r\n", (1, b"250 x\r\n"), head, b"DATA\r\n", (1, b"354\r\n"), body + b"\r\n.\r\n", b"QUIT\r\n"]


def mime(*parts):
    return b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"xYz\"\r\n\r\n--xYz\r\nContent-Type: text/plain\r\n\r\nhello\r\n" + b"".join(
        b"--xYz\r\nContent-Type: application/octet-stream; name=\"f%d\"\r\nContent-Transfer-Encoding: %s\r\n\r\n" % (i, enc) + data + b"\r\n"
        for i, (enc, data) in enumerate(parts)) + b"--xYz--\r\n"


LINES = b"\r\n".join(B64[i:i + 76] for i in range(0, len(B64), 76))
QUOTED = b"".join(bytes((c,)) if 33 <= c < 127 and c != 61 else b"=%02X" % c for c in AMR)
QUOTED = b"=\r\n".join(QUOTED[i:i + 60] for i in range(0, 3000, 60))
JLINES = base64.encodebytes(JPEG)
for name, script, told in (
        ("smtp_base64", mail(mime((b"base64", LINES)), size=b" SIZE=%d" % len(mime((b"base64", LINES)))), 10),
        ("lmtp_base64", mail(mime((b"base64", LINES)), hello=b"LHLO"), "-"),
        ("smtp_bdat", mail(mime((b"base64", LINES)), bdat=True), "-"),
        ("smtp_third_part", mail(mime((b"base64", JLINES), (b"base64", JLINES), (b"base64", LINES))), "-"),
        ("smtp_forwarded", mail(b"Content-Type: multipart/mixed; boundary=O\r\n\r\n--O\r\nContent-Type: message/rfc822\r\n\r\n" +
                                mime((b"base64", LINES)) + b"--O--\r\n"), "-")):
    CASES.append((name, ("audio", "amr-wb", "amr-wb", told, MAGIC), lambda cap, dev, s=script: cap.tcp(25, s, client=dev)))
CASES.append(("smtp_quoted", ("audio", "amr", "amr", "-", MAGIC), lambda cap, dev: cap.tcp(25, mail(mime((b"quoted-printable", QUOTED))), client=dev)))


def smb(command, body, following=b"", flags=0, number=1):
    head = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, 0, command, 1, flags, 0, number, 0, 0, 0, bytes(16))
    one = head + body
    if following:
        one += bytes(-len(one) % 8)
        one = one[:20] + struct.pack("<I", len(one)) + one[24:] + following
    return one


def created(name):
    text = name.encode("utf-16-le")
    return struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120, len(text), 0, 0) + text


def wrote(data, at=0):
    return struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), at, bytes(16), 0, 0, 0, 0, 0) + data


def netbios(m):
    return struct.pack("!I", len(m)) + m


SMB_MAGIC = ("audio", "amr-wb", "amr-wb", "-", MAGIC)
MQTT_MAGIC = ("audio", "amr-wb", "amr-wb", "10", MAGIC)     # a message says how long it is
CASES.append(("smb_write", SMB_MAGIC, lambda cap, dev: cap.tcp(445, [netbios(smb(5, created("dir\\x.bin"))), netbios(smb(9, wrote(AMRWB[:20000]))), netbios(smb(9, wrote(AMRWB[20000:], 20000)))], client=dev)))
CASES.append(("smb_compound_signed", SMB_MAGIC, lambda cap, dev: cap.tcp(445, [netbios(smb(5, created("x.bin"), smb(9, wrote(AMRWB[:20000]), flags=12), flags=8))], client=dev)))
CASES.append(("smb_name", ("audio", "unknown", "-", "-", NAME), lambda cap, dev: cap.tcp(445, [netbios(smb(5, created("m\\Diktat.ds2"))), netbios(smb(9, wrote(NOISE[:9000])))], client=dev)))
CASES.append(("smb_not_at_0", ("-",) * 5, lambda cap, dev: cap.tcp(445, [netbios(smb(5, created("x.bin"))), netbios(smb(9, wrote(AMRWB[:20000], 4096)))], client=dev)))


def mqtt(level, payload, topic=b"room/7", qos=1, props=b""):
    body = struct.pack("!H", len(topic)) + topic + (b"\0\1" if qos else b"") + (bytes((len(props),)) + props if level == 5 else b"") + payload
    n, size = len(body), b""
    while True:
        size += bytes((n & 127 | (128 if n > 127 else 0),))
        n >>= 7
        if not n:
            break
    return b"\x10" + bytes((13 + (level == 5),)) + b"\0\4MQTT" + bytes((level, 2)) + b"\0\x3c" + (b"\0" if level == 5 else b"") + b"\0\1a" + bytes((0x30 | qos << 1,)) + size + body


CASES.append(("mqtt_3", MQTT_MAGIC, lambda cap, dev: cap.tcp(1883, [mqtt(4, AMRWB)], client=dev)))
CASES.append(("mqtt_5_properties", MQTT_MAGIC, lambda cap, dev: cap.tcp(1883, [mqtt(5, AMRWB, props=b"\1\1\3\0\x09audio/amr")], client=dev)))
CASES.append(("mqtt_reading", ("-",) * 5, lambda cap, dev: cap.tcp(1883, [mqtt(4, b"21.5")], client=dev)))


@case("audio", "amr-wb", "amr-wb", 10, MAGIC)
def tftp_options(cap, dev):
    port = 30000 + cap.port % 10000
    cap.port += 1
    cap.udp(dev, port, FAR, 69, b"\0\2x.bin\0octet\0blksize\0" + b"1024\0tsize\0%d\0" % len(AMRWB))
    cap.udp(FAR, 3333, dev, port, b"\0\6blksize\0" + b"1024\0")
    for i in range(0, len(AMRWB), 1024):
        cap.udp(dev, port, FAR, 3333, b"\0\3" + struct.pack("!H", i // 1024 + 1) + AMRWB[i:i + 1024], 0.001)


@case("audio", "unknown", "-", "-", TYPE)
def icecast_source(cap, dev):
    cap.tcp(8000, [b"SOURCE /live HTTP/1.0\r\nAuthorization: Basic x\r\nice-name: room\r\nice-public: 0\r\n\r\n", (1, b"HTTP/1.0 200 OK\r\n\r\n"), NOISE[:9000]], client=dev)


SDP = b"v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\ns=x\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\nm=audio %d RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"


def rtp(n, kind=97, ssrc=9, x=False, csrc=0, pad=False, size=80):
    first = 0x80 | (0x10 if x else 0) | csrc | (0x20 if pad else 0)
    return struct.pack("!BBHII", first, kind, n & 65535, n * 960, ssrc) + bytes(4 * csrc) + \
        (b"\xbe\xde\0\1\x10\xff\0\0" if x else b"") + NOISE[n:n + size] + (b"\0\0\0\4" if pad else b"")


# Said by the description, then proven by the fourth packet of its type.
@case("audio", "rtp", "opus", 0, "rtp_headers")
def rtsp_record(cap, dev):
    sdp = SDP % 0
    cap.tcp(554, [b"ANNOUNCE rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(sdp) + sdp,
                  (1, b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), b"RECORD rtsp://h/x RTSP/1.0\r\nCSeq: 2\r\n\r\n"] +
            [b"$\0" + struct.pack("!H", len(rtp(n))) + rtp(n) for n in range(20)], client=dev)


# RTP is no file: its flow has audio.codec_guess alone.
@case("-", "-", "opus", "-", "-")
def rtp_after_sip(cap, dev):
    sdp = SDP % 7000
    cap.udp(FAR, 5060, dev, 5060, b"SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\n" + sdp)
    for n in range(60):
        cap.udp(dev, 6000, FAR, 7000, rtp(n, x=n % 2 == 0, csrc=n % 3, pad=n % 5 == 0))


@case("-", "-", "g711-alaw", "-", "-")
def rtp_static_type(cap, dev):
    for n in range(60):
        cap.udp(dev, 6000, FAR, 7000, rtp(n, 8, size=160))


@case("-", "-", "g711-ulaw", "-", "-")
def rtp_over_tcp(cap, dev):
    cap.tcp(9000, [struct.pack("!H", len(rtp(n, 0))) + rtp(n, 0) for n in range(40)], client=dev)


def device(i):
    return f"10.20.{1 + i // 200}.{1 + i % 200}"


if __name__ == "__main__":
    if sys.argv[1] == "--expected":
        for i, (name, told, _) in enumerate(CASES):
            print(device(i), name, *(str(t).replace(" ", "_") for t in told))
    else:
        cap = Cap(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
        for i, (_, _, fn) in enumerate(CASES):
            fn(cap, device(i))
        cap.close()
