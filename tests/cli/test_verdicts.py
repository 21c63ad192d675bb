"""Real jobs with a bottleneck made on purpose: the verdict must name it.

The knobs here sleep for far longer than the machine's noise, so that the
verdicts also hold on a busy machine."""

import json

import pytest

from programs import datamon

SMALL = ["--workers", "2", "--batch", "2", "--steps", "50"]
CASES = {
    "slow reading": ([*SMALL, "--compute-ms", "5", "--slow", "read=+25ms"], "io-bound", None),
    "slow receiving": ([*SMALL, "--compute-ms", "5", "--slow", "receive=+25ms:sleep"],
                       "handoff-bound", "consumer-thread-bound"),
    "slow step": ([*SMALL, "--compute-ms", "40"], "compute-bound", None),
    "no workers": (["--workers", "0", "--batch", "2", "--steps", "50", "--compute-ms", "10",
                    "--slow", "read=+12ms"], "io-bound", "consumer-thread-bound"),
    "too short": (["--workers", "2", "--batch", "2", "--steps", "8"], "insufficient-data", None),
}


@pytest.mark.parametrize("name", CASES)
def test_verdict(record, name):
    options, label, qualifier = CASES[name]
    report = json.loads(datamon("report", record(*options), "--json").stdout)
    verdict = report["verdict"]
    assert verdict["label"] == label, json.dumps(verdict, indent=1)
    if qualifier:
        assert qualifier in verdict["qualifiers"], json.dumps(verdict, indent=1)
    assert report["remedies"]
