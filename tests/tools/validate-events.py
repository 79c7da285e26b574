#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks events against the schema: validate-events.py [--mutate SEED] SCHEMA EVENTS...

Each line of EVENTS must be valid. With --mutate every leaf that is present is replaced, one at
a time, by a value of another type, and each object gets a key nobody knows: the schema must
refuse each of these. Prints one line a file as TAP; exit 1 when something is not as it should.
"""
import argparse
import copy
import json
import random
import sys

from jsonschema import Draft202012Validator

SAMPLES = {
    "null": [None],
    "boolean": [True, False],
    "integer": [-7],
    "number": [0.5],
    "string": ["\u0001 nobody", ""],
    "array": [[], [[]]],
    "object": [{}, {"nobody": 1}],
}


def type_of(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, path + (key,))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from leaves(inner, path + (n,))
    else:
        yield path


def objects(value, path=()):
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from objects(inner, path + (key,))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from objects(inner, path + (n,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def allowed_types(schema, event, path):
    """The JSON types the schema allows at a path of this event."""
    node = schema["$defs"][event["event_type"]]
    for step in path:
        node = node["items"] if isinstance(step, int) else node["properties"][step]
    if "const" in node and "type" not in node:
        return {type_of(node["const"])}
    types = node.get("type")
    types = set(types if isinstance(types, list) else [types])
    if "number" in types:
        types.add("integer")
    return types


def mutations(schema, event, rng, done):
    """Each field of each type of event is mutated three times over a run, not once an event."""
    for path in leaves(event):
        known = (event["event_type"],) + tuple("*" if isinstance(s, int) else s for s in path)
        done[known] = done.get(known, 0) + 1
        if done[known] > 3:
            continue
        if path == ("event_type",):
            others = ["null", "integer", "array", "object"]
        else:
            others = [t for t in SAMPLES if t not in allowed_types(schema, event, path)]
        other = rng.choice(others)
        bad = copy.deepcopy(event)
        at(bad, path[:-1])[path[-1]] = rng.choice(SAMPLES[other])
        yield "%s as %s" % (".".join(map(str, path)), other), bad
    for path in objects(event):
        known = (event["event_type"], "{}") + tuple("*" if isinstance(s, int) else s for s in path)
        done[known] = done.get(known, 0) + 1
        if done[known] > 3:
            continue
        bad = copy.deepcopy(event)
        at(bad, path)["nobody_knows"] = 1
        yield "unknown key in '%s'" % ".".join(map(str, path)), bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutate", type=int, metavar="SEED")
    parser.add_argument("schema")
    parser.add_argument("events", nargs="+")
    args = parser.parse_args()

    with open(args.schema, encoding="utf-8") as f:
        schema = json.load(f)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    rng = random.Random(args.mutate)
    done = {}
    total = wrong = refused = slipped = 0
    print("1..%d" % len(args.events))
    for number, name in enumerate(args.events, 1):
        before = wrong + slipped
        lines = 0
        with open(name, encoding="utf-8", newline="\n") as f:
            for place, line in enumerate(f, 1):
                lines += 1
                try:
                    event = json.loads(line)
                except ValueError as e:
                    wrong += 1
                    print("# %s:%d: not JSON: %s" % (name, place, e))
                    continue
                errors = list(validator.iter_errors(event))
                if errors:
                    wrong += 1
                    one = Draft202012Validator({**schema["$defs"].get(
                        event.get("event_type"), {}), "$defs": schema["$defs"]})
                    for e in list(one.iter_errors(event))[:5] or errors[:1]:
                        print("# %s:%d: %s: %s" % (name, place, e.json_path, e.message[:200]))
                    continue
                if args.mutate is None:
                    continue
                for what, bad in mutations(schema, event, rng, done):
                    if validator.is_valid(bad):
                        slipped += 1
                        print("# %s:%d: taken though wrong: %s" % (name, place, what))
                    else:
                        refused += 1
        total += lines
        ok = wrong + slipped == before and lines > 0
        print("%s %d - %s (%d events)" % ("ok" if ok else "not ok", number, name, lines))
        if lines == 0:
            wrong += 1
    print("# %d events, %d wrong, %d mutations refused, %d taken" % (total, wrong, refused, slipped))
    return 1 if wrong + slipped else 0


if __name__ == "__main__":
    sys.exit(main())
