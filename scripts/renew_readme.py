#!/usr/bin/env python3
"""Runs the PyTorch example and the demo, and puts their real reports into README.md and docs/guide.md.

To be run on a machine that does nothing else: the reports also tell of that.
The example takes .venv-torch, which `make test` prepares.
"""

import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def put(page, name, block):
    """Replaces what stands between <!-- name --> and <!-- end of name -->."""
    page = ROOT / page
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.S)
    page.write_text(place.sub(lambda m: m[1] + block + m[2], page.read_text()))


def console(*lines):
    return "```console\n" + "\n".join(lines) + "\n```\n"


def demo():
    output = subprocess.run([ROOT / "scripts/demo.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout
    job = re.search(r"^\$ MON=1 .*$", output, re.M)[0].replace("build/bin/", "")
    report = re.search(r"^\$ datamon report.*?\n(.*?)\nThat was", output, re.M | re.S)[1]
    report = report.replace(" build/demo-recording", "")  # the newest one is the default
    return console(job, "$ datamon report", "", report.strip())


def python_demo():
    datamon = ROOT / "build/bin/datamon"
    command = ["examples/python/train_imagefolder.py", "data/imagenet-like", "--workers", "2"]
    with tempfile.TemporaryDirectory() as folder:
        recording = f"{folder}/recording"
        subprocess.run([datamon, "run", "--dir", recording, "--", ROOT / ".venv-torch/bin/python", *command],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        report = subprocess.run([datamon, "report", recording, "--width", "100"], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
    report = report.replace(f" {recording}", "")
    return console("$ MON=1 python " + " ".join(command), "$ datamon report", "", report.strip())


if __name__ == "__main__":
    put("docs/guide.md", "demo", demo())
    put("README.md", "python demo", python_demo())
