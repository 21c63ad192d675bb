#!/usr/bin/env python3
"""How right forecasts are: each change is forecast from a recording, then really made.

    benchmarks/accuracy/forecast_accuracy.py [--repeats N] [--seconds S] [--only TEXT] [--json FILE]

Runs before and after a change alternate; figures are medians over the pairs.
Error: forecast speed-up over the measured one. Noise: how much the rate of one
and the same set-up differs from run to run (half the middle 68 % of the
runs' rates before the change). Other programs on the machine are noise for both;
as root the runs get priority over them. Goals: median error 5 %, the 95th
percentile 10 % or twice the noise. Never fails on a figure.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from forecast_cases import CASES
from programs import BIN, DATA, datamon, recording_environment, with_priority

MEDIAN_GOAL, TAIL_GOAL = 0.05, 0.10


def record(folder, options, seconds):
    """Steady items a second of one recorded run; the recording stays in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([BIN / "datamon-pipeline", DATA, *options, "--seconds", str(seconds)],
                   env=recording_environment(folder), check=True, stdout=subprocess.DEVNULL, preexec_fn=with_priority)
    return datamon("report", folder, "--json")["throughput"]["items_per_s"]


def spread(values):
    """Half the width of the middle 68 %, relative: one standard deviation for normal noise."""
    if len(values) < 3:
        return max(values) / min(values) / 2 - 0.5
    cut = statistics.quantiles(values, n=100, method="inclusive")
    return (cut[83] - cut[15]) / 2 / statistics.median(values)


def forecast_options(case, folder):
    """What an image costs here is measured when it is first asked for."""
    rates = folder / "rates.json"
    if "{rates}" in case.forecast and not rates.exists():
        subprocess.run([BIN / "datamon-pipeline", DATA, "--rates", rates, "--batch", "8"], check=True,
                       stdout=subprocess.DEVNULL, preexec_fn=with_priority)
    return case.forecast.format(rates=rates).split()


def measure(case, arguments, folder):
    before, after, forecasts, inside, calibration = [], [], [], [], []
    for _ in range(arguments.repeats):
        before.append(record(folder / "before", case.options("before"), arguments.seconds))
        answer = datamon("forecast", folder / "before", *forecast_options(case, folder), "--json")
        after.append(record(folder / "after", case.options("after"), arguments.seconds))
        forecast = answer["forecasts"][0]
        forecasts.append(forecast["speedup"]["value"])
        calibration.append(answer["forecast_basis"]["simulated_over_measured"])
        low, high = (forecast["speedup"][end] for end in ("low", "high"))
        inside.append((low or 0) <= after[-1] / before[-1] <= high)
    measured = statistics.median(b / a for a, b in zip(before, after))
    forecast = statistics.median(forecasts)
    return {"name": case.name, "before": statistics.median(before), "after": statistics.median(after),
            "measured": measured, "forecast": forecast, "error": forecast / measured - 1,
            "noise": max(spread(before), spread(after)), "inside": sum(inside) / len(inside),
            "simulated_over_measured": statistics.median(calibration),
            "single_errors": [f * a / b - 1 for f, a, b in zip(forecasts, before, after)]}


def show(row):
    print(f"{row['name']:<40} {row['before']:>7.0f} {row['after']:>7.0f}   {row['measured']:>6.2f}x "
          f"{row['forecast']:>6.2f}x {row['error']:>+8.1%} {row['noise']:>7.1%} {row['inside']:>7.0%} "
          f"{row['simulated_over_measured']:>7.3f}", flush=True)


def summary(rows):
    errors = sorted(abs(row["error"]) for row in rows)
    tail = errors[min(len(errors) - 1, math.ceil(0.95 * len(errors)) - 1)]
    late = [row["name"] for row in rows if abs(row["error"]) > max(TAIL_GOAL, 2 * row["noise"])]
    return {"accuracy_forecast_median_error": statistics.median(errors),
            "accuracy_forecast_p95_error": tail,
            "accuracy_forecast_median_noise": statistics.median(row["noise"] for row in rows),
            "accuracy_forecast_single_run_median_error": statistics.median(
                abs(e) for row in rows for e in row["single_errors"]),
            "beyond_goal": late}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    print(f"{'change':<40} {'before':>7} {'after':>7}   {'meas.':>7} {'forec.':>7} {'error':>8} {'noise':>7} "
          f"{'inside':>7} {'as is':>7}")
    with tempfile.TemporaryDirectory(prefix="datamon-accuracy-") as folder:
        rows = []
        for case in CASES:
            if arguments.only in case.name:
                rows.append(measure(case, arguments, Path(folder)))
                show(rows[-1])
    if not rows:
        sys.exit(f"no case holds '{arguments.only}'")
    figures = summary(rows)
    print(f"\nerror: median {figures['accuracy_forecast_median_error']:.1%} (goal {MEDIAN_GOAL:.0%}), "
          f"95th percentile {figures['accuracy_forecast_p95_error']:.1%} "
          f"(goal {TAIL_GOAL:.0%} or twice the noise); "
          f"single pairs of runs: median {figures['accuracy_forecast_single_run_median_error']:.1%}; "
          f"noise: median {figures['accuracy_forecast_median_noise']:.1%}")
    print("beyond the goal: " + (", ".join(figures["beyond_goal"]) or "none"))
    if arguments.json:
        arguments.json.write_text(json.dumps({"figures": figures, "cases": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
