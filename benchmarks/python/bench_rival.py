#!/usr/bin/env python3
"""What a rival costs the same Python job, and datamon beside it; prints one flat JSON object.

    bench_rival.py [--python PATH] [--pairs N]

- rival_short_..., rival_shorter_...: a training of short steps (rival_job.py; ..._plain_step_ms is
  their length without a recorder), slower by so much with traceml-ai 0.5.0 (`traceml run`) and with
  MON=1: ..._slowdown_percent, with ..._low and ..._high, 95 % intervals (bootstrap over the rounds)
- rival_traceml_process_s, rival_datamon_process_s: how much longer the whole process takes, its
  report included for TraceML, which writes one at the end

Each round runs the job plain, with datamon and with TraceML, in an order that goes round.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from pairs import interval  # noqa: E402

JOB = Path(__file__).with_name("rival_job.py")
SPINS_MS = {"short": 1.2, "shorter": 0.3}
RECORDERS = ("plain", "datamon", "traceml")


def run(python, recorder, spin_ms):
    """(seconds a step, seconds of the process) of one job in a folder of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MON", "PYTHON", "TRACEML"))}
    with tempfile.TemporaryDirectory() as folder:
        result = f"{folder}/result.json"
        command = [python, JOB, result, "plain", str(spin_ms)]
        if recorder == "datamon":
            hook = ROOT / "build/python/datamon/hook"
            clean |= {"PYTHONPATH": str(hook), "MON": "1", "MON_DIR": f"{folder}/recording"}
        elif recorder == "traceml":
            command = [Path(python).with_name("traceml"), "run", JOB, "--logs-dir", f"{folder}/logs",
                       "--args", result, "traceml", str(spin_ms)]
        begun = time.perf_counter()
        subprocess.run(command, cwd=folder, env=clean, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process_s = time.perf_counter() - begun
        return json.loads(Path(result).read_text())["step_s"], process_s


def rounds(python, spin_ms, count):
    """[{recorder: (step_s, process_s)}]"""
    results = []
    for number in range(count):
        turn = number % len(RECORDERS)
        order = RECORDERS[turn:] + RECORDERS[:turn]
        results.append({recorder: run(python, recorder, spin_ms) for recorder in order})
    return results


def figures_of(name, results):
    figures = {f"rival_{name}_plain_step_ms": statistics.median(r["plain"][0] for r in results) * 1e3}
    for recorder in RECORDERS[1:]:
        ratios = [r[recorder][0] / r["plain"][0] for r in results]
        low, high = interval(ratios)
        figures |= {
            f"rival_{name}_{recorder}_slowdown_percent": (statistics.median(ratios) - 1) * 100,
            f"rival_{name}_{recorder}_slowdown_low_percent": (low - 1) * 100,
            f"rival_{name}_{recorder}_slowdown_high_percent": (high - 1) * 100,
        }
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=ROOT / ".venv-rival/bin/python", type=Path)
    parser.add_argument("--pairs", default=9, type=int)
    options = parser.parse_args()
    if not options.python.exists():
        sys.exit(f"bench_rival: no {options.python}; scripts/bootstrap.sh rival makes it")
    all_results, figures = [], {}
    for name, spin_ms in SPINS_MS.items():
        results = rounds(options.python, spin_ms, options.pairs)
        figures |= figures_of(name, results)
        all_results += results
    for recorder in RECORDERS[1:]:
        figures[f"rival_{recorder}_process_s"] = statistics.median(
            r[recorder][1] - r["plain"][1] for r in all_results)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
