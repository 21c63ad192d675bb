"""Committed recordings of real jobs, whose truth was established by intervention
(docs/accuracy.md): what is said of them stays. tests/report/golden/recordings/README.md."""

import functools
import json
import re

import pytest

from programs import datamon, golden_labels, golden_recording

LABELS = golden_labels()


class Told:
    """What the commands say of one recording; each is asked once."""

    def __init__(self, recording):
        self.recording = recording

    @functools.cache
    def text(self, command, *options):
        done = datamon(command, self.recording, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, command, *options):
        return json.loads(self.text(command, *options, "--json"))


@pytest.fixture(scope="module", params=LABELS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def told(name, tmp_path_factory):
    return Told(golden_recording(name, tmp_path_factory.mktemp(name)))


def test_verdict(name, told):
    report = told.json("report")
    verdict, label = report["verdict"], LABELS[name]
    assert verdict["label"] in (label["label"], label.get("or")), verdict
    if "or" in label:  # two that are close: said, and not with confidence
        assert verdict["confidence"] != "high" and verdict["doubts"]
    assert set(label["named"]) <= set(verdict["qualifiers"])
    assert not set(label["not_named"]) & set(verdict["qualifiers"])
    assert report["remedies"] and report["problems"] == []


GAIN = re.compile(r": ([+-][\d.]+) % \(([+-][\d.]+) to ")


def test_what_gains_is_not_said_to_be_in_vain(told):
    """Not for sure, nor by 5 % and more."""
    for line in told.json("report")["unhelpful"]:
        if found := GAIN.search(line):
            value, low = map(float, found.groups())
            assert value < 5 and low <= 0, line


def test_the_largest_gains_come_first(told):
    """The largest sure one, then by size: what is shown holds the largest of all."""
    remedies = told.json("report")["remedies"]
    gains = [r["forecast"]["speedup"]["value"] for r in remedies if "forecast" in r]
    assert max(gains) in gains[:2]
    text = told.text("report", "--width", "80")
    shown = re.search(r"what would help(?: \((\d+) more: --json\))?\n", text)
    assert int(shown[1] or 0) == max(0, len(remedies) - 3)
    assert len(re.findall(r"^  [123] ", text[shown.end():], re.M)) == min(3, len(remedies))


def test_the_loop_adds_up(told):
    report = told.json("report")
    on_consumer = [stage for stage in report["stages"] if stage["on_consumer"]]
    assert sum(stage["share"] for stage in on_consumer) == pytest.approx(1, abs=0.01)
    wait = next(stage for stage in on_consumer if stage["name"] == "wait")
    receive = next(stage for stage in on_consumer if stage["name"] == "receive")
    assert wait["share"] + receive["share"] == pytest.approx(
        report["consumer"]["wait_s"] / report["consumer"]["steady_s"], abs=0.005)


def test_the_report_names_no_more_than_the_forecast(name, told):
    """Speeds that the first sentence and the forecast's bounds give for one and the same thing."""
    text = " ".join(told.text("report", "--width", "140").split())
    bound = told.json("forecast")["forecast_basis"]["bounds_items_per_s"]["consumer"]
    if LABELS[name]["label"] == "compute-bound":
        return
    most = float(re.search(r"→ [\d.]+ steps/s \([\d.]+ → ([\d.]+) items/s\)", text)[1])
    assert most <= 1.06 * bound  # what the simulation is off as it is, where nothing is received
    if name in ("padding", "small-tensors"):
        assert "but received as now" in text and most <= 1.01 * bound
    sweep = told.json("forecast", "--sweep")["sweep"]
    assert all(point["throughput"]["value"] <= 1.000001 * sweep["consumer_items_per_s"]
               for point in sweep["points"])


@pytest.mark.parametrize("width", ["80", "100"])
def test_words(told, width):
    report, forecast = (told.text(command, "--width", width) for command in ("report", "forecast"))
    for text in (report, forecast):
        assert not re.search(r"\d\n\s+(%|([num]?s|[kMG]?B|items/s|steps/s)\b)", text)
        assert "no handoff" not in text and "at most +" not in text
    assert not re.search(r" 0 a read|\+-0", report)
    if "100 % from the page cache" in report:
        assert "bandwidth" not in report and "disk is at its limit" not in report
    missing = {"range", "then"} - set(re.search(r"^change .*", forecast, re.M)[0].split())
    left = re.search(r"left out: ([a-z, ]+) \(", forecast)
    assert missing == (set(left[1].split(", ")) if left else set())
