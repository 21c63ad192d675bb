"""Runs the built programs; shared by the tests of this folder."""

import json
import os
import pathlib
import subprocess
import tarfile

BIN = pathlib.Path(os.environ["DATAMON_BIN"])
SOURCE = pathlib.Path(os.environ["DATAMON_SOURCE"])
DATAMON = BIN / "datamon"
PIPELINE = BIN / "datamon-pipeline"
GOLDEN = SOURCE / "tests/report/golden/recordings"
SCHEMA = json.loads((SOURCE / "docs" / "report.schema.json").read_text())  # of report --json


def environment(**more):
    """Ours, without what would change a result."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MON") and k != "NO_COLOR"}
    return {**kept, "LC_ALL": "C.UTF-8", "COLUMNS": "100", **more}


def datamon(*arguments, cwd=None, timeout=240, **more):
    return subprocess.run([DATAMON, *map(str, arguments)], cwd=cwd, env=environment(**more),
                          capture_output=True, text=True, timeout=timeout)


def as_json(command, recording, *options):
    """The answer of report or forecast."""
    return json.loads(datamon(command, recording, *options, "--json").stdout)


def golden_labels():
    """What the committed recordings are known to show, by their names."""
    return json.loads((GOLDEN / "labels.json").read_text())


def golden_recording(name, folder):
    """Unpacks a committed recording into `folder`, which it returns."""
    with tarfile.open(GOLDEN / f"{name}.tar.xz") as tar:
        for entry in tar:
            (folder / entry.name).write_bytes(tar.extractfile(entry).read())
    return folder
