"""Recordings and exports for the tests, made by the programs that were built."""

import os
import subprocess
from pathlib import Path

BIN = Path(os.environ["DATAMON_BIN"])


def record(kind, folder):
    subprocess.run([BIN / "make_recording", kind, folder], check=True)
    return folder


def export(folder, output, *options):
    """What the command said."""
    command = [BIN / "datamon", "trace", folder, "-o", output, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr
