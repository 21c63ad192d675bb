"""`datamon tune` on PyTorch jobs that know nothing of it."""

import json
import subprocess

import pytest

from running import BIN, JOBS, LINE, TORCH, environment, job


def tune(folder, which, *options):
    done = subprocess.run([BIN / "datamon", "tune", "--json", "--time-budget", "4m", *options, "--",
                           TORCH, JOBS / "tuned.py", which], cwd=folder, env=environment(),
                          capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_raises_the_workers_of_an_unmodified_job(tmp_path):
    found = tune(tmp_path, "plain")
    assert found["trials"][0]["setting"]["workers"] == 0
    best = found["best"]
    assert best["setting"]["workers"] >= 3
    assert best["speedup"] > 2
    assert best["code"].startswith("DataLoader(..., num_workers=")
    assert len(found["trials"]) <= 6


def test_changes_the_loader_in_training_alone(tmp_path):
    found = tune(tmp_path, "two_loaders", "--trials", "3")
    assert found["loader"].startswith("train")
    assert found["best"]["setting"]["workers"] >= 2
    chosen = found["trials"][found["best"]["trial"]]
    report = subprocess.run([BIN / "datamon", "report", "--json", chosen["recording"]],
                            capture_output=True, env=environment(), check=True)
    notes = {n["key"]: n["value"] for n in json.loads(report.stdout)["job"]["notes"]}
    assert sorted(v for k, v in notes.items() if k.endswith(".workers")) == sorted(
        ["1", str(best_workers(found))])


def best_workers(found):
    return found["best"]["setting"]["workers"]


def test_an_iterable_dataset_comes_with_a_warning(tmp_path):
    found = tune(tmp_path, "stream", "--trials", "2")
    assert any("among" in note and "workers" in note for note in found["notes"])


def test_workers_that_start_slowly_are_kept(tmp_path):
    found = tune(tmp_path, "short_epochs", "--trials", "1")
    assert [trial["setting"]["persistent"] for trial in found["trials"]] == [None, True]
    assert found["best"]["setting"]["persistent"] is True
    assert found["best"]["speedup"] > 1.2
    assert "persistent_workers=True" in found["best"]["code"]


@pytest.mark.parametrize("value, shown", [
    ("keep", "1 2 False False"),
    ("loader=1,workers=3,prefetch=4", "3 4 False False"),
    ("loader=1,workers=2,persistent=1", "2 2 False True"),
    ("loader=1,workers=0,prefetch=4,persistent=1", "0 None False False"),
    ("loader=2,workers=3", "1 2 False False"),
])
def test_what_a_loader_gets(tmp_path, value, shown):
    done = job("tuned.py", "settings", folder=tmp_path, env={"MON_TUNE": value})
    assert done.code == 0, done.stderr
    assert done.stdout.decode().strip() == shown
    assert LINE not in done.stderr


@pytest.mark.parametrize("value", ["workers", "loader=1,workers=-2", "loader=1,prefetch=0",
                                   "loader=1,workers=9999999", "loader=1,pin=2", "workers=3",
                                   "x" * 10000, "loader=1,workers=\N{SUPERSCRIPT TWO}"])
def test_a_malformed_setting_is_one_line_and_ignored(tmp_path, value):
    done = job("tuned.py", "settings", folder=tmp_path, env={"MON_TUNE": value})
    assert done.code == 0
    assert done.stdout.decode().strip() == "1 2 False False"
    assert done.stderr.count(b"\n") == 1 and b"MON_TUNE is not used" in done.stderr
    assert len(done.stderr) < 300


def test_a_loader_that_cannot_take_a_setting_keeps_its_own(tmp_path):
    done = job("tuned.py", "timeout_settings", folder=tmp_path,
               env={"MON_TUNE": "loader=1,workers=0"})
    assert done.code == 0, done.stderr
    assert done.stdout.decode().strip() == "1"
    assert "a loader with a timeout needs workers" in done.recording.notes("loader.1.kept")[0]


def test_without_tune_nothing_is_changed(tmp_path):
    done = job("tuned.py", "settings", folder=tmp_path)
    assert done.stdout.decode().strip() == "1 2 False False"
    assert done.recording.notes("loader.1.takes") == []
