"""`datamon forecast` on real recordings: what must be true on any machine.

The knobs sleep for far longer than the machine's noise. Nothing is compared
closer than the stated factors; how right forecasts are: `make accuracy`."""

import json

import pytest

from programs import datamon

READING = ["--batch", "2", "--steps", "60", "--compute-ms", "2", "--slow", "read=+25ms"]


@pytest.fixture(scope="module")
def reading(record):
    return record("--workers", "2", *READING)


def forecast(recording, *options):
    done = datamon("forecast", recording, *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def speedup(recording, *options):
    return forecast(recording, *options)["forecasts"][0]["speedup"]


def rate(recording):
    return json.loads(datamon("report", recording, "--json").stdout)["throughput"]["items_per_s"]


def test_more_workers_that_sleep_bring_more(record, reading):
    """Twice the workers, twice the rate: forecast and truth, within a factor of 1.5."""
    gain = speedup(reading, "--workers", "4")
    measured = rate(record("--workers", "4", *READING)) / rate(reading)
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert gain["value"] > 1.3
    assert 1 / 1.5 < gain["value"] / measured < 1.5


def test_what_is_not_the_limit_brings_little(reading):
    assert speedup(reading, "--consumer", "0.5")["value"] < 1.15
    assert speedup(reading, "--faster", "transform=2")["value"] < 1.15
    assert speedup(reading, "--cached")["value"] > 2


def test_a_faster_step_helps_a_slow_one(record):
    recording = record("--workers", "2", "--batch", "2", "--steps", "50", "--compute-ms", "40")
    assert speedup(recording, "--consumer", "0.5")["value"] > 1.4
    assert speedup(recording, "--workers", "4")["value"] < 1.2


def test_without_options_it_goes_through_what_people_try(reading):
    answer = forecast(reading)
    kinds = {one["change"]["kind"] for one in answer["forecasts"]}
    assert {"workers", "prefetch", "faster", "cached", "consumer"} <= kinds
    assert 0.5 < answer["forecast_basis"]["simulated_over_measured"] < 2
    text = datamon("forecast", reading).stdout
    assert "4 workers" in text and f"next: datamon forecast {reading} --sweep" in text
    assert text.startswith(f"recording {reading} · datamon-pipeline")


def test_sweep(reading):
    sweep = forecast(reading, "--sweep")["sweep"]
    assert len(sweep["points"]) == 64
    assert 2 <= sweep["enough_workers"] <= 64
    done = datamon("forecast", reading, "--sweep", "--width", "80", LC_ALL="C", NO_COLOR="1")
    assert "workers" in done.stdout and done.stdout.isascii()
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_report_carries_forecasts(reading):
    report = json.loads(datamon("report", reading, "--json").stdout)
    assert report["forecasts"]
    gains = [r["forecast"]["speedup"]["value"] for r in report["remedies"]
             if "forecast" in r and not r["forecast"]["at_most"] and r["forecast"]["speedup"]["low"] > 1]
    assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize("options, said", [
    (["--faster", "tokenise=2"], "no stage 'tokenise'"),
    (["--faster", "decode"], "STAGE=FACTOR"),
    (["--faster", "decode=0"], "STAGE=FACTOR"),
    (["--persistent-workers"], "no epoch ended"),
    (["--placement", "moon"], "hybrid"),
    (["--workers", "2,4"], "must be one whole number from 0 to 4096, not '2,4'"),
    (["--batch-size", "many"], "one whole number"),
    (["--consumer", "half"], "one number"),
])
def test_what_cannot_be_forecast_is_an_error(reading, options, said):
    done = datamon("forecast", reading, *options)
    assert done.returncode != 0
    assert said in done.stderr


def test_too_short_a_recording_says_so(record):
    recording = record("--workers", "2", "--batch", "2", "--steps", "8")
    assert "no forecasts: only" in datamon("forecast", recording).stdout
