#!/usr/bin/env python3
"""How right an experiment on the running job is, beside the interventions it stands for.

    benchmarks/accuracy/probe_accuracy.py [--seconds S] [--probe-seconds S] [--only TEXT] [--torch] [--json FILE]

Each job runs once with `datamon probe`, which delays its stages by a fifth for moments. Then
each class of stages is really made twice as slow, in runs of their own between two runs as
the job is (truth.py). Compared is the share of a stage's slow-down that reaches the step: by
the experiment, its 95 % interval, by the forecast, and by the doubling (the step's added
time over itself). Doubling is five times the delay: where another stage becomes the limit
on the way, it finds more. Never fails on a figure.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pipeline_jobs
import torch_jobs
from interventions import AS_IS, LOADER_CLASSES, SLOW_COMPUTE, slow
from programs import datamon

PIPELINE_JOBS = ("decode, one worker", "transform x6", "read asleep, four workers",
                 "collate, two processes", "no workers, decode", "slow step",
                 "decode and read, close", "balance, loader a little slower",
                 "four workers on two cores", "one device for all")
TORCH_JOBS = ("ImageFolder recipe, two workers", "heavy augmentation", "slow network",
              "no workers, recipe")
# A pair of runs that differ by more says nothing of the doubling.
MOST_NOISE = 0.15


def chosen(module, names, text):
    return [c for c in module.CASES if c.name in names and text in c.name]


@contextmanager
def experiment(seconds):
    """The jobs started meanwhile make one: they take the environment as it is."""
    os.environ.update({"MON_PROBE": "1", "MON_PROBE_SECONDS": str(seconds)})
    try:
        yield
    finally:
        del os.environ["MON_PROBE"], os.environ["MON_PROBE_SECONDS"]


def probed(case, folder, seconds):
    """The report of one run with an experiment."""
    job_s = seconds + 5
    if isinstance(case, torch_jobs.TorchCase):
        job_s /= torch_jobs.TORCH_SECONDS
    with experiment(seconds):
        case.run(AS_IS, folder, job_s)
    return datamon("report", folder, "--json")


def doubled(case, folder, seconds, classes):
    """class -> added share of the step's time by its doubling; the noise of two runs as is."""
    def rate(intervention, n):
        return case.run(intervention, folder / f"{n}", seconds).steps_per_s

    interventions = [SLOW_COMPUTE if c == "compute" else slow(c) for c in classes]
    first, cost = rate(AS_IS, 0), {}
    for n, (name, intervention) in enumerate(zip(classes, interventions)):
        there = rate(intervention, 2 * n + 1)
        last = rate(AS_IS, 2 * n + 2)
        cost[name] = ((first + last) / 2 / there - 1, abs(last / first - 1))
        first = last
    return cost


def compare(case, arguments, folder):
    report = probed(case, folder / "probe", arguments.probe_seconds)
    probe = report["probe"]
    if probe["why_not"]:
        print(f"{case.name:<34} no values: {probe['why_not']}", flush=True)
        return []
    stages = {s["class"]: s for s in probe["stages"] if s["sensitivity"]}
    classes = [c for c in (*LOADER_CLASSES, "compute") if c in stages]
    truth = doubled(case, folder, arguments.seconds, classes)
    rows = []
    for name in classes:
        stage, (cost, noise) = stages[name], truth[name]
        value, forecast = stage["sensitivity"], stage["forecast"]
        rows.append({"job": case.name, "class": name, "probe": value["value"], "low": value["low"],
                     "high": value["high"], "forecast": forecast and forecast["value"],
                     "doubled": cost, "noise": noise, "verdict": report["verdict"]["label"],
                     "answer": probe["verdict"], "slowdown": probe["slowdown"],
                     "probe_seconds": probe["seconds"]})
        show(rows[-1], name == classes[0])
    print(f"{'':<34} {report['verdict']['label']}: {probe['verdict']}; {probe['seconds']:.0f} s, steps "
          f"{probe['slowdown']:.1%} slower", flush=True)
    return rows


def show(row, first):
    forecast = "-" if row["forecast"] is None else f"{row['forecast']:.0%}"
    print(f"{row['job'] if first else '':<34} {row['class']:<10} {row['probe']:>5.0%} "
          f"{row['low']:>5.0%} to {row['high']:>5.0%} {forecast:>7} {row['doubled']:>7.0%} {row['noise']:>6.0%}",
          flush=True)


def summary(rows):
    """Over the stages whose doubling was measured without much noise."""
    good = [r for r in rows if r["noise"] <= MOST_NOISE]
    errors = sorted(abs(r["probe"] - r["doubled"]) for r in good)
    jobs = {r["job"]: [x for x in good if x["job"] == r["job"]] for r in good}
    leads = [max(rs, key=lambda r: r["probe"])["class"] == max(rs, key=lambda r: r["doubled"])["class"]
             for rs in jobs.values() if len(rs) > 1]
    return {"accuracy_probe_median_error": statistics.median(errors),
            "accuracy_probe_p90_error": errors[min(len(errors) - 1, int(0.9 * len(errors)))],
            "accuracy_probe_median_width": statistics.median((r["high"] - r["low"]) / 2 for r in good),
            "accuracy_probe_leads_right": sum(leads), "accuracy_probe_jobs": len(leads),
            "accuracy_probe_stages": len(good), "accuracy_probe_noisy_stages": len(rows) - len(good)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4, help="of each run with a doubled stage")
    parser.add_argument("--probe-seconds", type=float, default=40, help="of each experiment")
    parser.add_argument("--only", default="", help="jobs whose name holds this text")
    parser.add_argument("--torch", action="store_true", help="the PyTorch jobs too")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    print(f"{'job':<34} {'delayed':<10} {'probe':>5} {'95 %':>14} {'forec.':>7} {'doubled':>7} {'noise':>6}")
    rows = []
    kinds = [(pipeline_jobs, PIPELINE_JOBS)] + ([(torch_jobs, TORCH_JOBS)] if arguments.torch else [])
    for module, names in kinds:
        cases = chosen(module, names, arguments.only)
        with module.prepare(cases) if hasattr(module, "prepare") else nullcontext():
            for case in cases:
                with tempfile.TemporaryDirectory(prefix="datamon-probe-") as folder:
                    rows += compare(case, arguments, Path(folder))
    if not rows:
        sys.exit("no job has values")
    figures = summary(rows)
    print(f"\nprobe against doubling: median {figures['accuracy_probe_median_error']:.1%} apart, 90 % within "
          f"{figures['accuracy_probe_p90_error']:.1%}; its intervals: ±{figures['accuracy_probe_median_width']:.1%}; "
          f"the leading stage is the same in {figures['accuracy_probe_leads_right']} of "
          f"{figures['accuracy_probe_jobs']} jobs")
    if arguments.json:
        arguments.json.write_text(json.dumps({"figures": figures, "stages": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
