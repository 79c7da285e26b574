#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# A large site's rules, the same each time: usage: rules.py N FOLDER writes FOLDER/many.rules and
# its lists. What such rules are about is what people block and watch by: a device, a domain and
# all below it, an address, a network, a port, an application, a list from somebody else, and
# bytes summed for one of these. Some fire on the captures, most never do, as it is.
import os, random, sys

n, folder = int(sys.argv[1]), sys.argv[2]
lot = random.Random(7)
os.makedirs(folder, exist_ok=True)
LISTS = 20
for i in range(LISTS):
    with open(f"{folder}/feed-{i}.txt", "w") as f:
        for k in range(2000):
            f.write(f"domain bad-{i}-{k}.example\n" if k % 4 else
                    f"net 100.{64 + lot.randrange(64)}.{lot.randrange(256)}.{lot.randrange(256)}/32\n")


def name():
    return f"{lot.choice(['cdn', 'api', 'up', 'drop', 'sync'])}-{lot.randrange(99999)}.{lot.choice(['example', 'test', 'invalid'])}"


def address():
    return f"{lot.choice([45, 91, 103, 185, 193])}.{lot.randrange(256)}.{lot.randrange(256)}.{lot.randrange(1, 255)}"


def device():
    return f"10.{20 + lot.randrange(4)}.{lot.randrange(256)}.{lot.randrange(1, 255)}"


def mac():
    return ":".join(f"{b:02x}" for b in [2, 0, 10] + [lot.randrange(256) for _ in range(3)])


# how many of a hundred, and the condition
KINDS = [
    (14, lambda: f'outbound and dest.name = "{name()}"'),
    (12, lambda: f'tls.sni = "*.{name()}"'),
    (10, lambda: f'outbound and dest.ip = {address()}'),
    (10, lambda: f'dest.ip = {address().rsplit(".", 1)[0]}.0/24'),
    (6, lambda: f'outbound and dest.ip in {{ {address()}, {address().rsplit(".", 2)[0]}.0.0/16 }}'),
    (10, lambda: f'outbound and device.mac = {mac()} and upload > {lot.randrange(1, 90)} MB'),
    (8, lambda: f'src.ip = {device()} and dest.port = {lot.randrange(1, 65536)}'),
    (6, lambda: f'outbound and dest.port = {lot.randrange(1, 65536)} and transport = udp'),
    (6, lambda: f'outbound and app = "{lot.choice(["bittorrent", "tor", "anydesk", "teamviewer", "telegram", "dropbox", "mega", "ftp"])}" and src.ip = {device().rsplit(".", 1)[0]}.0/24'),
    (6, lambda: f'outbound and dest in feed_{lot.randrange(LISTS)} and upload > {lot.randrange(1, 900)} kB'),
    (6, lambda: f'outbound and src.ip = {device()} and upload > {lot.randrange(1, 90)} MB within {lot.randrange(1, 24)} h per device'),
    (6, lambda: f'outbound and dest.key = "{name()}" and upload > {lot.randrange(1, 90)} MB within {lot.randrange(1, 24)} h per device, dest'),
]
deck = [make for share, make in KINDS for _ in range(share)]
with open(f"{folder}/many.rules", "w") as f:
    for i in range(LISTS):
        f.write(f'list feed_{i} = file "feed-{i}.txt"\n')
    for i in range(n):
        f.write(f"rule made-{i} {{\n\tid {100000 + i}  rev 1  severity low  kind unknown-destination\n"
                f"\twhen {deck[i % len(deck)]()}\n\tlimit 1 per device, dest every 24 h\n"
                f'\texplain "{{device}} to {{dest}}, rule {i}"\n}}\n')
