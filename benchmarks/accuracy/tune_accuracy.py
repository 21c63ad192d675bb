#!/usr/bin/env python3
"""How near `datamon tune` comes to an exhaustive search, and in how many trials.

    benchmarks/accuracy/tune_accuracy.py [--seconds S] [--only TEXT] [--json FILE]

For each job of the reference pipeline: every setting of 0 to 8 workers and 1, 2, 4
batches ahead is measured, then `datamon tune` starts from a setting of its own. The
setting that it names is compared with the best one by runs in turn, as rates of
one search differ by noise from those of another. Goals: within 10 % of the
best, in at most a quarter of the trials. Never fails on a figure.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from forecast_accuracy import record
from programs import BIN, DATA, with_priority

WORKERS, PREFETCH = range(0, 9), (1, 2, 4)
SETTINGS = [(0, 2)] + [(w, p) for w in WORKERS if w > 0 for p in PREFETCH]
PAIRS = 3

# name, the job, the setting that it starts from
CASES = [
    ("reading, 1 worker", "--batch 8 --compute-ms 10 --slow read=+5ms", (1, 2)),
    ("reading, slow steps, 8 workers", "--batch 4 --compute-ms 25 --slow read=+5ms", (8, 2)),
    ("one device for all workers", "--batch 8 --compute-ms 10 --slow read-latency=2ms", (1, 2)),
    ("stragglers", "--batch 4 --compute-ms 10 --slow item=0.02:+150ms", (2, 1)),
    ("decoding, no workers", "--batch 8 --compute-ms 3", (0, 2)),
    ("decoding, a step that computes", "--batch 8 --compute-ms 6 --compute burn", (4, 2)),
]


def options(case, setting):
    return f"{case} --workers {setting[0]} --prefetch {setting[1]}".split()


def tune(folder, case, first):
    done = subprocess.run(
        [BIN / "datamon", "tune", "--json", "--max-workers", str(max(WORKERS)), "--dir", folder, "--",
         BIN / "datamon-pipeline", DATA, *options(case, first), "--epochs", "1000000"],
        capture_output=True, text=True, preexec_fn=with_priority)
    if done.returncode != 0:
        sys.exit(f"datamon tune: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measure(case, arguments, folder):
    name, job, first = case
    rates = {s: record(folder / "run", options(job, s), arguments.seconds) for s in SETTINGS}
    best = max(rates, key=rates.get)
    answer = tune(folder / f"tune-{name}", job, first)
    found = answer["best"]["setting"]
    found = (found["workers"], found["prefetch"] or 2)
    pairs = []
    for _ in range(PAIRS if found != best else 0):
        there = record(folder / "run", options(job, best), arguments.seconds)
        pairs.append(record(folder / "run", options(job, found), arguments.seconds) / there)
    return {"name": name, "first": first, "first_over_best": rates[first] / rates[best], "best": best,
            "found": found, "found_over_best": statistics.median(pairs) if pairs else 1.0,
            "trials": len(answer["trials"]), "seconds": sum(t["seconds"] for t in answer["trials"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.2, help="of each run of the exhaustive search")
    parser.add_argument("--only", default="", help="jobs whose name holds this text")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    print(f"{'job':<34} {'first':>7} {'of best':>8} {'best':>7} {'found':>7} {'of best':>8} {'trials':>7} "
          f"of {len(SETTINGS)}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="datamon-tune-") as folder:
        for case in CASES:
            if arguments.only not in case[0]:
                continue
            row = measure(case, arguments, Path(folder))
            rows.append(row)
            first, best, found = ("{}x{}".format(*row[k]) for k in ("first", "best", "found"))
            print(f"{row['name']:<34} {first:>7} {row['first_over_best']:>8.0%} {best:>7} {found:>7} "
                  f"{row['found_over_best']:>8.1%} {row['trials']:>7}", flush=True)
    if not rows:
        sys.exit(f"no job holds '{arguments.only}'")
    figures = {"accuracy_tune_least_of_best": min(r["found_over_best"] for r in rows),
               "accuracy_tune_most_trials_share": max(r["trials"] for r in rows) / len(SETTINGS)}
    print(f"\nleast: {figures['accuracy_tune_least_of_best']:.1%} of the best (goal 90 %), in at most "
          f"{figures['accuracy_tune_most_trials_share']:.0%} of the trials (goal 25 %)")
    if arguments.json:
        arguments.json.write_text(json.dumps({"figures": figures, "cases": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
