#!/usr/bin/env python3
"""Records jobs of the accuracy benchmark anew for tests/cli/test_golden.py.

    tests/report/golden/recordings/make.py [NAME ...]

Each becomes NAME.tar.xz here. What they are and what must be said of them is in labels.json, where
a new one's truth is written by hand, from docs/accuracy.md: it was established by intervention.
Needs what `make accuracy` needs. Folders of this checkout are replaced in the recordings.
"""

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path.insert(0, str(ROOT / "benchmarks/accuracy"))

from interventions import AS_IS  # noqa: E402
from pipeline_jobs import CASES as PIPELINE_CASES  # noqa: E402
from torch_jobs import CASES as TORCH_CASES, prepare  # noqa: E402


def neutral(content):
    """Of the same length, without where it was made."""
    for place in {str(ROOT).encode(), str(Path(sys.executable).parents[1]).encode()}:
        content = content.replace(place, b"/checkout".ljust(len(place), b"_")[: len(place)])
    return content


def pack(folder, archive):
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for file in sorted(folder.glob("*.mon")):
            content = neutral(file.read_bytes())
            entry = tarfile.TarInfo(file.name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def main():
    labels = json.loads((HERE / "labels.json").read_text())
    wanted = sys.argv[1:] or list(labels)
    cases = {case.name: case for case in PIPELINE_CASES + TORCH_CASES}
    chosen = [(name, cases[labels[name]["job"]]) for name in wanted]
    with tempfile.TemporaryDirectory(prefix="golden-") as folder, prepare([case for _, case in chosen]):
        for name, case in chosen:
            recording = Path(folder) / name
            case.run(AS_IS, recording, labels[name]["seconds"])
            pack(recording, HERE / f"{name}.tar.xz")
            print(f"{name}: {(HERE / f'{name}.tar.xz').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
