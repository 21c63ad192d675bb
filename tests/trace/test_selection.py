"""What a default export shows of a recording with more slices than its limit."""

import functools
import re
import subprocess
from collections import defaultdict

import pytest
import rules
from exporting import BIN, export, record

LIMIT = 2000


class Cut:
    """A recording's whole export and its default one with a small limit."""

    def __init__(self, folder, whole, limit):
        self.whole = whole
        output = folder / f"{limit}.json"
        command = [BIN / "export_at_most", str(limit), folder / "recording", output]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.said = done.stdout.splitlines()
        self.cut = rules.check(output.read_bytes())

    def numbers(self, start):
        """Those of the statement that begins so."""
        return [float(n) if "." in n else int(n)
                for line in self.said if line.startswith(start)
                for n in re.findall(r"\d+(?:\.\d+)?", line)]


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    @functools.cache
    def whole(kind):
        folder = tmp_path_factory.mktemp(kind)
        export(record(kind, folder / "recording"), folder / "all.json", "--all")
        return folder, rules.check((folder / "all.json").read_bytes())

    @functools.cache
    def get(kind, limit):
        return Cut(*whole(kind), limit)

    return lambda kind, limit=LIMIT: get(kind, limit)


def slices(counted):
    return [(place, start, end, e) for place, all_ in counted["threads"].items()
            for start, end, e in all_]


def named_items(counted):
    return [(place, start, end, e) for place, start, end, e in slices(counted)
            if "name" in e.get("args", {})]


def waits(counted):
    return sorted(start for _, start, _, e in slices(counted) if e["name"] == "wait")


@pytest.mark.parametrize("kind", ["epochs", "loader", "threads", "gap", "hosts"])
def test_the_limit_is_kept_and_used(cut, kind):
    written = cut(kind).cut["phases"]["X"]
    assert LIMIT * 0.5 <= written <= LIMIT


@pytest.mark.parametrize("limit", [1, 30, 1000])
@pytest.mark.parametrize("kind", ["epochs", "gap", "hostile", "same_numbers", "touching", "devices"])
def test_rules_hold_at_any_limit(cut, kind, limit):
    counted = cut(kind, limit)
    # What begins before a window or ends behind it is shown whole: a few for each thread.
    edges = 8 * len(counted.whole["threads"])
    assert counted.cut["phases"]["X"] <= limit + edges


@pytest.mark.parametrize("kind", ["epochs", "loader", "gap"])
def test_whole_steps_of_the_steady_work_are_exported(cut, kind):
    both = cut(kind)
    first, last, begin, end, steady_begin, steady_end, _ = both.numbers("shown: steps")
    assert steady_begin <= begin < end <= steady_end
    every = waits(both.whole)
    # Numbers count from the end where the ring lost the middle.
    if kind == "gap":
        first, last = first - 400, last - 400
    start, stop = every[first], every[last + 1]
    assert [w for w in waits(both.cut) if start <= w < stop] == every[first:last + 1]

    def touching(counted):
        times = defaultdict(list)
        for (_, tid), at, until, e in slices(counted):
            if at < stop and until >= start:
                times[tid, e["name"]].append((at, until))
        return {key: sorted(values) for key, values in times.items()}

    expected, shown = touching(both.whole), touching(both.cut)
    assert shown.keys() == expected.keys()
    for key, times in expected.items():
        assert len(shown[key]) == len(times), key
        # A neighbour that is left out makes room for a nanosecond.
        assert all(abs(a[0] - b[0]) <= 2 and abs(a[1] - b[1]) <= 2
                   for a, b in zip(shown[key], times)), key


def test_steady_steps_are_from_the_middle(cut):
    _, _, begin, end, steady_begin, steady_end, _ = cut("epochs").numbers("shown: steps")
    assert begin - steady_begin == pytest.approx(steady_end - end, abs=0.25 * (steady_end - steady_begin))


def test_a_slow_item_is_in_with_its_insides(cut):
    both = cut("epochs")
    [(place, start, end, item)] = named_items(both.whole)
    begin = both.numbers("shown: steps")[2]
    assert end < begin * 1e9, "the item is outside of the steps shown"
    [(shown_place, shown_start, _, shown)] = named_items(both.cut)
    assert (shown_place, shown_start, shown["args"]) == (place, start, item["args"])
    inside = [[e["name"] for s, until, e in counted["threads"][place] if start <= s and until <= end + 2]  # its neighbour may be gone, see above
              for counted in (both.whole, both.cut)]
    assert len(inside[0]) == 4 and inside[1] == inside[0]


def test_the_longest_items_are_taken_first(cut):
    both = cut("slow_items", 150)
    items, said = both.numbers("shown: slowest")[:2]
    assert items == 5 and said == 3 * items  # a tenth of the limit, three slices each
    length = {(place, start): end - start for place, start, end, _ in named_items(both.whole)}
    shown = {(place, start) for place, start, _, _ in named_items(both.cut)}
    assert len(length) == 120 and shown < length.keys()
    by_length = sorted(length, key=length.get, reverse=True)
    begin, end = both.numbers("shown: a stretch")[:2]
    elsewhere = [i for i in by_length
                 if i[1] + length[i] < begin * 1e9 or i[1] > end * 1e9 + 1e6]
    assert set(elsewhere[:4]) <= shown


def test_a_start_up_that_fits_is_whole_and_a_large_one_is_its_outer_slices(cut):
    for limit, only_outer in ((LIMIT, False), (300, True)):
        both = cut("threads", limit)
        line = next(line for line in both.said if line.startswith("shown: the start-up"))
        assert ("outer slices; --to" in line) == only_outer
        until = both.numbers("shown: the start-up")[1] * 1e9
        count = {name: sum(start <= until - 1e6 for _, start, _, _ in slices(counted))
                 for name, counted in (("whole", both.whole), ("cut", both.cut))}
        assert (count["cut"] < count["whole"]) == only_outer
        names = {e["name"] for _, start, _, e in slices(both.cut) if start < until}
        assert {"init", "wait"} <= names


@pytest.mark.parametrize("kind", ["epochs", "gap", "threads"])
def test_statements_name_the_counts_and_the_options(cut, kind):
    both = cut(kind)
    left_out, total = both.numbers(str(both.cut["top"]["otherData"]["slices_left_out"]))[:2]
    assert total == both.whole["phases"]["X"]
    assert total - left_out == both.cut["phases"]["X"]
    shown = [int(line.rsplit(": ", 1)[1].split()[0])
             for line in both.said if line.startswith("shown: ")]
    assert len(shown) == 3 and sum(shown) == both.cut["phases"]["X"]
    assert all(option in both.said[0] for option in ("--all", "--steps", "--from", "--to"))
    assert both.cut["top"]["otherData"]["left_out"] == both.said


@pytest.mark.parametrize("kind", ["epochs", "loader", "gap"])
def test_arrows_are_those_of_the_whole_export(cut, kind):
    """Batch numbers repeat each epoch: halves of two epochs must not meet where the rest is cut."""
    both = cut(kind)

    def arrows(counted):
        return {(batch, sent["tid"], sent["ts"], got["tid"], got["ts"])
                for sent, got, batch in counted["arrows"]}

    assert len(arrows(both.cut)) > 10
    assert arrows(both.cut) <= arrows(both.whole)


def test_a_recording_below_the_limit_is_whole(cut):
    both = cut("epochs", 10**6)
    assert both.said == []
    assert both.cut["phases"] == both.whole["phases"]
