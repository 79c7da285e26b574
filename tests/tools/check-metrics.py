#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an exposition (Prometheus text format 0.0.4) on standard input, strictly, and says what
is wrong: form, a family in two places or without HELP and TYPE, a sample twice, names against
the book (counters end in _total, base units). With --after, an earlier page: a counter that is
less than there, or gone, is wrong. usage: check-metrics.py [--after PAGE] [NAME...], which must
be there.
"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (-?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|NaN|[-+]Inf)"
                    % (NAME, LABEL, LABEL))
faults, helps, types, samples, order = [], {}, {}, {}, []
text = sys.stdin.buffer.read().decode("utf-8")
if not text.endswith("\n"):
    faults.append("does not end in a newline")
for line in text.split("\n")[:-1]:
    m = re.fullmatch(r"# (HELP|TYPE) (%s) (.+)" % NAME, line)
    if m:
        where = helps if m[1] == "HELP" else types
        if m[2] in where:
            faults.append("two lines of %s for %s" % (m[1], m[2]))
        where[m[2]] = m[3]
        if m[1] == "TYPE" and m[3] not in ("counter", "gauge", "untyped"):
            faults.append("type of %s" % m[2])
        order.append(m[2])
        continue
    m = SAMPLE.fullmatch(line)
    if not m:
        faults.append("no sample: %r" % line)
        continue
    if (m[1], m[2]) in samples:
        faults.append("twice: " + line)
    samples[(m[1], m[2])] = float(m[len(m.groups())])
    order.append(m[1])
    if m[1] not in helps or m[1] not in types:
        faults.append("no HELP or TYPE before " + m[1])
    elif types[m[1]] == "counter" and (not m[1].endswith("_total") or samples[(m[1], m[2])] < 0):
        faults.append("no counter: " + line)
    elif types[m[1]] == "gauge" and m[1].endswith("_total"):
        faults.append("a gauge that ends in _total: " + m[1])
    if re.search(r"_(ms|milliseconds|kb|kilobytes|minutes|percent)(_|$)", m[1]):
        faults.append("no base unit: " + m[1])
seen = [n for i, n in enumerate(order) if i == 0 or order[i - 1] != n]
if len(seen) != len(set(seen)):
    faults.append("a family in two places: %s" % sorted(n for n in set(seen) if seen.count(n) > 1))
names = sys.argv[1:]
if names[:1] == ["--after"]:
    with open(names[1], encoding="utf-8") as f:
        for line in f:
            m = SAMPLE.fullmatch(line.rstrip("\n"))
            if m and types.get(m[1]) == "counter" and \
                    samples.get((m[1], m[2]), -1) < float(m[len(m.groups())]):
                faults.append("a counter fell, or is gone: it was " + line.rstrip("\n"))
    names = names[2:]
for name in names:
    if name not in {n for n, _ in samples}:
        faults.append("missing: " + name)
print("\n".join(faults) or "%d samples" % len(samples))
sys.exit(1 if faults else 0)
