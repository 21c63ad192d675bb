#!/usr/bin/env python3
"""Runs the demo and puts its real report at the top of README.md: renew_readme.py

To be run on a machine that does nothing else: the report also tells of that.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = re.compile(r"(<!-- demo -->\n).*?(<!-- end of demo -->)", re.S)


def main():
    output = subprocess.run([ROOT / "scripts/demo.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout
    job = re.search(r"^\$ MON=1 .*$", output, re.M)[0].replace("build/bin/", "")
    report = re.search(r"^\$ datamon report.*?\n(.*?)\nThat was", output, re.M | re.S)[1]
    report = report.replace(" build/demo-recording", "")  # the newest one is the default
    block = f"```console\n{job}\n$ datamon report\n\n{report.strip()}\n```\n"
    readme = ROOT / "README.md"
    readme.write_text(PLACE.sub(lambda m: m[1] + block + m[2], readme.read_text()))


if __name__ == "__main__":
    main()
