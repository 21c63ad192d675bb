"""Committed recordings of real jobs, whose truth was established by intervention
(docs/accuracy.md): what is said of them stays. tests/report/golden/recordings/README.md."""

import json
import tarfile

import pytest

from programs import SOURCE, datamon

RECORDINGS = SOURCE / "tests/report/golden/recordings"
LABELS = json.loads((RECORDINGS / "labels.json").read_text())


@pytest.mark.parametrize("name", LABELS)
def test_verdict(name, tmp_path):
    with tarfile.open(RECORDINGS / f"{name}.tar.xz") as tar:
        for entry in tar:
            (tmp_path / entry.name).write_bytes(tar.extractfile(entry).read())
    report = json.loads(datamon("report", tmp_path, "--json").stdout)
    verdict, label = report["verdict"], LABELS[name]
    assert verdict["label"] in (label["label"], label.get("or")), verdict
    if "or" in label:  # two that are close: said, and not with confidence
        assert verdict["confidence"] != "high" and verdict["doubts"]
    assert set(label["named"]) <= set(verdict["qualifiers"])
    assert not set(label["not_named"]) & set(verdict["qualifiers"])
    assert report["remedies"] and report["problems"] == []
