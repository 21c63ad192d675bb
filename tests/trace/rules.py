"""The numbered rules of docs/chrome-trace.md, checked on the text of an export.

Shares no code with the exporter, and reads times as decimal texts, so that no
nanosecond is lost in a float. check(text) returns what it counted or raises
BrokenRule.
"""

import json
import re
from collections import Counter, defaultdict
from decimal import Decimal

EXACT = re.compile(r"(0|[1-9][0-9]*)\.[0-9]{3}\Z")


class BrokenRule(AssertionError):
    pass


class Number(Decimal):
    """A JSON number that remembers how it was written."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number


def require(good, rule, why):
    if not good:
        raise BrokenRule(f"rule {rule}: {why}")


def ns(event, key):
    value = event[key]
    require(isinstance(value, Number) and EXACT.match(value.text), 2,
            f"{key} is not in microseconds with 3 decimals: {event}")
    return int(value * 1000)


def no_constant(name):
    raise BrokenRule(f"rule 6: {name} in the file")


def one_key_each(pairs):
    keys = [key for key, _ in pairs]
    require(len(keys) == len(set(keys)), 6, f"a key twice in one object: {keys}")
    return dict(pairs)


def parse(data):
    require(not data.startswith(b"\xef\xbb\xbf"), 6, "a byte order mark")
    text = data.decode("utf-8", errors="strict")
    top = json.loads(text, parse_float=Number, parse_constant=no_constant,
                     object_pairs_hook=one_key_each)
    require(isinstance(top, dict) and isinstance(top.get("traceEvents"), list), 6,
            "not an object with traceEvents")
    require(top.get("displayTimeUnit") in ("ms", "ns"), 6, "no displayTimeUnit")
    return top


def check_identity(event):
    require(isinstance(event.get("name"), str) and event["name"], 5, f"no name: {event}")
    require(isinstance(event.get("cat"), str) and event["cat"], 5, f"no cat: {event}")
    for key in ("pid", "tid"):
        require(type(event.get(key)) is int and event[key] >= 0, 5, f"{key}: {event}")
    require("cname" not in event, 8, f"a colour name: {event}")
    for text in (event["name"], json.dumps(event, default=str)):
        require(not re.search("[\ud800-\udfff]", text), 6, f"a lone surrogate: {event}")


def check_nesting(slices):
    """Each slice inside its parent, 1 ns between siblings; parents first in the file."""
    ordered = sorted(slices, key=lambda s: s[0])  # stable: file order for equal starts
    stack = []
    last_child_end = {}
    for start, end, event in ordered:
        while stack and stack[-1][1] <= start:
            ended = stack.pop()
            last_child_end.pop(id(ended), None)
        if stack:
            parent = stack[-1]
            require(end <= parent[1], 2, f"{event} overhangs {parent[2]}")
            key = id(parent)
        else:
            key = None
        before = last_child_end.get(key)
        require(before is None or start > before, 2, f"{event} touches the slice before it")
        last_child_end[key] = end
        stack.append((start, end, event))


def innermost_started_at(slices, time):
    """The slice in which an arrow at `time` would end up: the last one in the
    file, of those that start then."""
    found = [s for s in slices if s[0] == time]
    return found[-1] if found else None


def check_arrows(events, threads):
    halves = defaultdict(list)
    for event in events:
        if event["ph"] in ("s", "f", "t"):
            require(type(event.get("id")) is int, 4, f"arrow id: {event}")
            halves[event["id"]].append(event)
    pairs = []
    for number, both in halves.items():
        require(sorted(e["ph"] for e in both) == ["f", "s"], 4, f"arrow {number} has {both}")
        sent = next(e for e in both if e["ph"] == "s")
        got = next(e for e in both if e["ph"] == "f")
        require(got.get("bp") == "e", 4, f"no bp:e: {got}")
        require((sent["name"], sent["cat"]) == (got["name"], got["cat"]), 4, f"names: {both}")
        ends = []
        for event in (sent, got):
            place = threads[(event["pid"], event["tid"])]
            found = innermost_started_at(place, ns(event, "ts"))
            require(found is not None, 4, f"no slice starts where this arrow is: {event}")
            ends.append(found)
        require(ends[1][0] > ends[0][0], 4, f"an arrow back in time: {both}")
        pairs.append((ends[0][2], ends[1][2], sent["name"]))
    return pairs


def check_metadata(events):
    """Names and places once for each process and thread, before all else."""
    names, places = {}, {}
    rest = False
    for event in events:
        if event["ph"] != "M":
            rest = True
            continue
        require(not rest, 7, f"metadata behind other events: {event}")
        key = (event["pid"], event["tid"] if event["name"].startswith("thread") else None)
        if event["name"] in ("process_name", "thread_name"):
            require(key not in names, 7, f"named twice: {event}")
            names[key] = event["args"]["name"]
            require(isinstance(names[key], str) and names[key], 5, f"empty name: {event}")
        else:
            require(event["name"].endswith("_sort_index"), 7, f"unknown metadata: {event}")
            places[key] = event["args"]["sort_index"]
    require(names.keys() == places.keys(), 7, "a name without a place")
    # The order of the file is the order of the indices.
    for kind in (False, True):
        indices = [places[k] for k in names if (k[1] is None) == kind]
        require(indices == sorted(indices), 7, "sort indices are not in file order")
    return names


ITEM_CATS = {"fetch", "read", "decode", "transform", "other", "gpu"}


def check(data):
    top = parse(data)
    events = top["traceEvents"]
    threads = defaultdict(list)
    counters = defaultdict(list)
    for event in events:
        check_identity(event)
        phase = event["ph"]
        require(phase in ("X", "M", "C", "s", "f"), 3, f"phase {phase}")
        if phase == "M":
            continue
        start = ns(event, "ts")
        require(start >= 0, 1, f"before the recording: {event}")
        require(start < 100 * 86400 * 10**9, 1, f"time since 1970: {event}")
        if phase == "X":
            require("dur" in event, 3, f"no dur: {event}")
            length = ns(event, "dur")
            require(length >= 1, 2, f"an empty slice: {event}")
            threads[(event["pid"], event["tid"])].append((start, start + length, event))
            if "args" in event:
                require(event["cat"] in ITEM_CATS, 8, f"args on a slice that is no item: {event}")
        if phase == "C":
            require(event["args"], 6, f"an empty counter: {event}")
            for value in event["args"].values():
                require(isinstance(value, (int, Number)), 6, f"a counter value: {event}")
                counters[(event["pid"], event["name"])].append(event)
    names = check_metadata(events)
    for place, slices in threads.items():
        require(place in names, 7, f"thread {place} has no name")
        check_nesting(slices)
    for pid, _ in counters:
        require((pid, None) in names, 7, f"counters of process {pid} without a name")
    tids = [tid for _, tid in names if tid is not None]
    require(len(tids) == len(set(tids)), 5, "one tid for two threads")
    arrows = check_arrows(events, threads)
    said = top["otherData"]
    phases = Counter(e["ph"] for e in events)
    require(said["slices"] == phases["X"] and said["arrows"] == phases["s"]
            and said["counters"] == phases["C"], 6, f"counts: {said} {phases}")
    return {"top": top, "events": events, "threads": threads, "names": names, "arrows": arrows,
            "counters": counters, "phases": phases}
