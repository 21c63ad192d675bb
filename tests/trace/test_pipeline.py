"""The whole way: a real loader runs with MON=1, and its export keeps every rule."""

import os
import subprocess
from pathlib import Path

import pytest
import rules
from exporting import BIN, export

LIBRARY = Path(os.environ["DATAMON_LIB"]) / "libdatamon.so.0"
DATA = Path(os.environ["DATAMON_DATA"])


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_real_pipeline(tmp_path, kind):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MON")}
    environment |= {"MON": "1", "MON_DIR": str(tmp_path / "r"), "MON_LIBRARY": str(LIBRARY)}
    command = [BIN / "datamon-pipeline", DATA, "--workers", "2", "--worker-kind", kind,
               "--batch", "8", "--epochs", "1", "--compute-ms", "1"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)

    said = export(tmp_path / "r", tmp_path / "t.json")
    counted = rules.check((tmp_path / "t.json").read_bytes())
    steps = [e for e in counted["events"] if e["ph"] == "X" and e["name"] == "compute"]
    assert len(steps) > 10, said
    # Each batch that the consumer computed on has an arrow into a receive inside its wait.
    assert len(counted["arrows"]) == len(steps), said
    for sent, got, _ in counted["arrows"]:
        assert got["name"] == "receive"
        slices = counted["threads"][got["pid"], got["tid"]]
        start = rules.ns(got, "ts")
        assert "wait" in [e["name"] for s, end, e in slices if s <= start < end]
    names = [name for (_, tid), name in counted["names"].items() if tid is not None]
    assert names[0].startswith("consumer")
    assert [name[:8] for name in names[1:3]] == ["worker 0", "worker 1"]
    charts = {name for _, name in counted["counters"]}
    assert {"batches ready", "CPU cores used"} <= charts
