"""datamon probe: real jobs, and what their experiment says of them.

The knobs sleep for far longer than the machine's noise, and only signs and orders are
tested: figures are benchmarks/accuracy/probe_accuracy.py's."""

import json
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest

from programs import DATAMON, PIPELINE, SCHEMA, environment

SECONDS = "25"


def probe(folder, photos, *options, seconds="20", job_seconds=SECONDS):
    done = subprocess.run(
        [DATAMON, "probe", "--json", "-o", folder / "report.json", "--dir", folder / "r",
         "--probe-seconds", seconds, "--", PIPELINE, photos, "--seconds", job_seconds, *options],
        env=environment(), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "report.json").read_text())
    jsonschema.validate(report, SCHEMA)
    return report, done.stderr


@pytest.fixture(scope="module")
def experiments(photos, tmp_path_factory):
    """Jobs that sleep nearly all the time, so all at the same time."""
    workers = ["--workers", "2", "--batch", "2"]
    with ThreadPoolExecutor(3) as pool:
        def start(name, *options, **seconds):
            return pool.submit(probe, tmp_path_factory.mktemp(name), photos, *workers, *options, **seconds)

        yield {"reading": start("reading", "--compute-ms", "2", "--worker-kind", "process",
                                "--slow", "read=+20ms"),
               "step": start("step", "--compute-ms", "40"),
               "short": start("short", "--compute-ms", "20", seconds="5", job_seconds="12")}


def sensitivities(report):
    found = report["probe"]
    assert found["why_not"] is None, found
    return {s["class"]: s["sensitivity"] for s in found["stages"] if s["sensitivity"]}


def test_reading_that_limits_is_found(experiments):
    report, said = experiments["reading"].result()
    found = sensitivities(report)
    assert found["read"]["value"] > 0.6, found
    assert all(found["read"]["value"] > s["value"] for c, s in found.items() if c != "read"), found
    assert report["probe"]["verdict"] in ("confirmed", "undecided")
    assert report["probe"]["added_s"] > 0
    assert said.startswith("datamon: an experiment: ")


def test_a_step_that_limits_is_found(experiments):
    report, _ = experiments["step"].result()
    found = sensitivities(report)
    assert found["compute"]["value"] > 0.7, found
    assert all(s["value"] < 0.4 for c, s in found.items() if c != "compute"), found
    assert report["probe"]["verdict"] in ("confirmed", "undecided")


def test_it_ends_by_itself_and_the_job_goes_on(experiments):
    report, _ = experiments["short"].result()
    assert report["probe"]["seconds"] <= 5.5
    assert report["probe"]["end"] in ("limit", "narrow")
    assert report["job"]["duration_s"] > 10


def test_a_short_job_is_told_why_not(tmp_path, photos):
    report, _ = probe(tmp_path, photos, "--batch", "2", job_seconds="1")
    assert "never began" in report["probe"]["why_not"]
    assert report["probe"]["stages"] == []


def test_without_it_nothing_is_left_behind(record):
    folder = record("--workers", "1", "--batch", "2", "--steps", "20")
    assert list(folder.glob("*.probe*")) == []


def test_exit_code_and_streams_are_the_jobs(tmp_path):
    done = subprocess.run([DATAMON, "probe", "--", "sh", "-c", "echo out; exit 7"], cwd=tmp_path,
                          env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert "nothing was recorded" in done.stderr
    assert subprocess.run([DATAMON, "probe"], env=environment(), capture_output=True).returncode == 2


def test_a_damaged_file_costs_the_experiment_alone(tmp_path, record):
    folder = record("--workers", "1", "--batch", "2", "--steps", "20")
    (folder / "host.probe").write_bytes(struct.pack("<8s", b"dmprobe\n") + bytes(100))
    done = subprocess.run([DATAMON, "report", "--json", folder], env=environment(),
                          capture_output=True, text=True)
    report = json.loads(done.stdout)
    (folder / "host.probe").unlink()
    assert "probe" not in report
    assert any("host.probe" in p["file"] for p in report["problems"])
