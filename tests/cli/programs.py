"""Runs the built programs; shared by the tests of this folder."""

import json
import os
import pathlib
import subprocess

BIN = pathlib.Path(os.environ["DATAMON_BIN"])
SOURCE = pathlib.Path(os.environ["DATAMON_SOURCE"])
DATAMON = BIN / "datamon"
PIPELINE = BIN / "datamon-pipeline"
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
