"""Each way to use a DataLoader gives the same batches, and all items are counted."""

import json

import pytest

from running import assert_same, both, job


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return both(lambda **how: job("loaders.py", **how), tmp_path_factory.mktemp("loaders"))


def test_same_batches(runs):
    recorded, plain = runs
    assert plain.code == 0, plain.stderr.decode()
    assert_same(recorded, plain)


def test_counts(runs):
    recorded = runs[0].recording
    wholly, all_batches = (json.loads(line)["batches"] for line in runs[0].stdout.splitlines()
                           if line.startswith(b'{"batches"'))
    spans = recorded.spans()
    assert wholly == 102 and all_batches > wholly
    # The last compute span of an iterator that is given up ends with the next wait or never.
    assert all_batches - 2 <= spans["compute"] <= all_batches
    assert spans["collate"] >= all_batches  # and those made for nobody
    assert spans["receive"] <= spans["queue"] + all_batches
    report = recorded.report()
    assert report["monitor"]["mismatched_ends"] == 0
    assert report["problems"] == []


def test_each_loader_is_told_apart(runs):
    notes = {note["key"]: note["value"] for note in runs[0].recording.report()["job"]["notes"]}
    names = {key: value for key, value in notes.items() if key.endswith(".name")}
    assert len(names) >= 10
    assert "validation: Squares" in names.values() and "Uneven" in names.values()


def test_the_wait_that_ends_an_epoch_is_no_step(tmp_path):
    done = job("epochs.py", 3, 16, folder=tmp_path)
    assert done.code == 0, done.stderr.decode()
    steps = {loader["name"]: loader["steps"] for loader in done.recording.report()["loaders"]}
    assert steps == {"Numbers": 48, "Workerless": 48, "wrapped": 48}
    spans = done.recording.spans()
    assert spans["wait"] == 3 * (48 + 3)  # what they took is there
    assert spans["read"] == 0  # what PyTorch reads while it is imported is not data
