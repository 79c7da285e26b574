# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech for the lab: synthetic, never a person's.

espeak-ng reads sentences of the licence in several voices; what makes it like speech in a room is
what lies between the sentences. Pauses are drawn from a lognormal distribution, as measured
pauses are, and room noise lies below everything, because a real microphone is never silent and an
encoder decides by the noise what is a pause.

manners: dictation  one voice, short pauses, a long one now and then
         talk       one side of a conversation: speaks in turns, silent while the other does
         room       several voices around a table
"""
import math
import os
import random
import re
import subprocess
import wave

RATE = 48000
VOICES = ["en-us", "en-gb", "en-us+f3", "en-gb+f2", "en-us+m4", "de", "fr", "es", "it+f4", "pl"]
#          voices, pause median s, sigma, chance of a long one, its median, sentences a turn
MANNERS = {"dictation": (1, 0.6, 0.6, 0.12, 2.5, 1),
           "talk": (1, 0.4, 0.5, 0.0, 4.5, 3),
           "room": (4, 0.5, 0.7, 0.10, 3.0, 1),
           # What a voice-activated recorder hears in an office: a few sentences, then long nothing.
           "remarks": (2, 0.4, 0.4, 0.0, 9.0, 2)}


def sentences(seed):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "COPYING")
    with open(path) as f:
        text = re.sub(r"\s+", " ", f.read())
    out = [s for s in re.split(r"(?<=[.;:,]) ", text) if 15 < len(s) < 160 and re.search("[a-z]{3}", s)]
    random.Random(seed).shuffle(out)
    return out


def pcm_of(sentence, voice, speed, work):
    tmp = os.path.join(work, "sentence.wav")
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", tmp, sentence], check=True,
                   stderr=subprocess.DEVNULL)
    p = subprocess.run(["sox", tmp, "-t", "raw", "-e", "signed", "-b", "16", "-r", str(RATE), "-c", "1", "-",
                        "silence", "1", "0.01", "0.1%", "gain", "-n", "-6"], check=True, stdout=subprocess.PIPE)
    return p.stdout


def make(path, seconds, manner="dictation", seed=1, noise_db=-62):
    """Writes a mono WAV at 48 kHz, exactly SECONDS long; keeps one that is there."""
    if os.path.exists(path):
        return path
    work = path + ".work"
    os.makedirs(work, exist_ok=True)
    rnd = random.Random(seed)
    n, median, sigma, long_share, long_median, turn = MANNERS[manner]
    voices = [(rnd.choice(VOICES), rnd.randint(135, 185)) for _ in range(n)]
    want, out, spoken = int(seconds * RATE) * 2, bytearray(), 0
    out += bytes(int(rnd.uniform(0.2, 1.0) * RATE) * 2)
    for s in sentences(seed):
        if len(out) >= want:
            break
        voice, speed = rnd.choice(voices)
        out += pcm_of(s, voice, speed, work)
        spoken += 1
        pause = rnd.lognormvariate(math.log(median), sigma)
        if spoken % turn == 0 and turn > 1 or rnd.random() < long_share:
            pause = rnd.lognormvariate(math.log(long_median), 0.4)
        out += bytes(int(pause * RATE) * 2)
    raw = os.path.join(work, "dry.wav")
    with wave.open(raw, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(bytes(out[:want]))
    done = os.path.join(work, "done.wav")
    subprocess.run(["sox", "-m", "-v", "1", raw, "-v", "%.6f" % 10 ** (noise_db / 20),
                    "|sox -R -n -r %d -b 16 -c 1 -p synth %s pinknoise" % (RATE, seconds), "-b", "16", done],
                   check=True, stderr=subprocess.DEVNULL)
    os.rename(done, path)
    for f in os.listdir(work):
        os.unlink(os.path.join(work, f))
    os.rmdir(work)
    return path
