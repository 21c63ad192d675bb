#!/usr/bin/env python3
"""How often the verdict is right: labelled jobs whose truth interventions establish.

    benchmarks/accuracy/verdict_accuracy.py [--seconds S] [--only TEXT] [--jobs pipeline|torch|all]
                                            [--json FILE] [--page FILE] [--keep DIR | --judge DIR]

For each job: it runs as it is, with each class of stages twice as slow, with the model and with
the input taken away, with twice the workers, without its stragglers or without the programs
beside it; at the end those again whose two runs as they are differ by more than a tenth. What that does to the job's own rate is the truth. The verdict comes from the recording
of the job as it is, the forecasts from the recordings of the slowed runs: would making the stage
twice as fast bring what it really brought? Needs a machine that does nothing else. Never fails on
a figure.

With --keep the recordings and rates stay in DIR, job by job; --judge gives the verdicts and
forecasts of today's build on what was kept, without running a job again.
"""

import argparse
import json
import shutil
import tempfile
from datetime import date
from pathlib import Path

import accuracy_page
import rivals
from interventions import AS_IS, MORE_WORKERS, NO_STRAGGLERS, SLOW_COMPUTE, Run, slow
from pipeline_jobs import CASES as PIPELINE_CASES
from programs import DATA, commit, datamon, datamon_or_none
from torch_jobs import CASES as TORCH_CASES, prepare
from truth import noise_of, truth_of

RUNS = "runs.json"  # what run_all() leaves beside a job's recordings

# The change that undoes an intervention: on which run's recording it is forecast. (Unpacking on
# the consumer's thread, which doubling the hand-off doubles as well, is no stage of the workers.)
UNDOING = {
    slow("read"): ("--faster", "read=2"),
    slow("decode"): ("--faster", "decode=2"),
    slow("transform"): ("--faster", "transform=2"),
    slow("collate"): ("--faster", "collate=2"),
    SLOW_COMPUTE: ("--consumer", "0.5"),
}


def forecast(recording, options):
    """The forecast of one change; None where datamon says that it cannot tell."""
    answer, _ = datamon_or_none("forecast", recording, *options, "--json")
    return answer["forecasts"][0]["speedup"] if answer and answer["forecasts"] else None


def forecasts_of(case, runs):
    """[{change, forecast, low, high, real}]"""
    as_is = sum(run.steps_per_s for run in runs[AS_IS]) / len(runs[AS_IS])
    asked = [(name, runs[name][0], options, as_is / runs[name][0].steps_per_s)
             for name, options in UNDOING.items() if name in runs]
    if MORE_WORKERS in runs:
        asked.append((MORE_WORKERS, runs[AS_IS][0], ("--workers", case.workers * 2),
                      runs[MORE_WORKERS][0].steps_per_s / as_is))
    if NO_STRAGGLERS in runs:
        asked.append((NO_STRAGGLERS, runs[AS_IS][0], ("--no-stragglers",),
                      runs[NO_STRAGGLERS][0].steps_per_s / as_is))
    out = []
    for name, run, options, real in asked:
        speedup = forecast(run.recording, options)
        if speedup:
            out.append({"change": name, "forecast": speedup["value"], "low": speedup["low"],
                        "high": speedup["high"], "real": real})
    return out


def qualifiers_right(truth, named):
    return [(q, q in named) for q in sorted(truth.must)] + [(q, q not in named) for q in sorted(truth.must_not)]


def read_once(folder):
    """Into the page cache: a job's first run shall find what its later ones find."""
    for file in folder.rglob("*"):
        if file.is_file():
            file.read_bytes()


def run_all(case, seconds, folder):
    """Every intervention's runs, listed in `folder`/runs.json."""
    runs = {}
    folder.mkdir(parents=True)
    for i, intervention in enumerate(case.interventions() + [AS_IS]):
        run = case.run(intervention, folder / str(i), seconds)
        if run is not None:
            runs.setdefault(intervention, []).append(
                {"steps_per_s": run.steps_per_s, "recording": Path(run.recording).name if run.recording else ""})
    (folder / RUNS).write_text(json.dumps({"job": case.name, "commit": commit(), "date": date.today().isoformat(),
                                           "runs": runs}, indent=1) + "\n")


def kept_in(folder):
    """What run_all() left; None where it left nothing, or stopped before its end."""
    return json.loads((folder / RUNS).read_text()) if (folder / RUNS).exists() else None


def noise_in(folder):
    return noise_of([run["steps_per_s"] for run in kept_in(folder)["runs"][AS_IS]])


def run_again_if_noisy(case, seconds, folder):
    """Once more where the job as it is differed too much from itself: the quieter series stays. True if it ran."""
    if noise_in(folder) <= accuracy_page.QUIET or kept_in(folder).get("again"):
        return False
    again = folder.with_name(folder.name + ".again")
    shutil.rmtree(again, ignore_errors=True)
    read_once(DATA)
    run_all(case, seconds, again)
    if noise_in(again) < noise_in(folder):
        shutil.rmtree(folder)
        again.rename(folder)
    else:
        shutil.rmtree(again)
    (folder / RUNS).write_text(json.dumps({**kept_in(folder), "again": True}, indent=1) + "\n")
    return True


def judge(case, folder):
    kept = kept_in(folder)
    runs = {name: [Run(run["steps_per_s"], str(folder / run["recording"])) for run in several]
            for name, several in kept["runs"].items()}
    truth = truth_of(case, {name: [run.steps_per_s for run in r] for name, r in runs.items()})
    reports = [datamon("report", run.recording, "--json") for run in runs[AS_IS]]
    verdict = reports[0]["verdict"]
    return {
        "name": case.name, "kind": type(case).__name__, "held_back": case.held_back,
        "label_judged": case.label_judged, "recorded": kept["commit"], "date": kept["date"], "judged": commit(),
        "measured_again": kept.get("again", False),
        "truth": truth.label, "accepted": sorted(truth.accepted), "close": truth.runner_up_close,
        "noise": truth.noise, "cost": truth.cost, "gain": truth.gain,
        "verdict": verdict["label"], "confidence": verdict["confidence"],
        "qualifiers": verdict["qualifiers"], "right": verdict["label"] in truth.accepted,
        "again": reports[1]["verdict"]["label"],
        "qualifiers_right": qualifiers_right(truth, verdict["qualifiers"]),
        "forecasts": forecasts_of(case, runs),
        "rivals": rivals.answers(reports[0]),
    }


def show(row):
    mark = accuracy_page.mark(row)
    forecast_errors = [abs(f["forecast"] / f["real"] - 1) for f in row["forecasts"]]
    worst = f"{max(forecast_errors):.0%}" if forecast_errors else "-"
    print(f"{row['name']:<40} {row['truth']:<16} {row['verdict']:<16} {row['confidence']:<7} {mark} "
          f"noise {row['noise']:.1%}, worst forecast {worst}, qualifiers {','.join(row['qualifiers']) or '-'}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.5, help="of each run")
    parser.add_argument("--only", default="", help="jobs whose name holds this text")
    parser.add_argument("--jobs", choices=("pipeline", "torch", "all"), default="all")
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    parser.add_argument("--page", type=Path, help="write the page for people to this file")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--keep", type=Path, help="keep the recordings in this folder; jobs that it holds are not run again")
    where.add_argument("--judge", type=Path, help="run nothing: judge what an earlier --keep left in this folder")
    arguments = parser.parse_args()
    cases = {"pipeline": PIPELINE_CASES, "torch": TORCH_CASES, "all": PIPELINE_CASES + TORCH_CASES}[arguments.jobs]
    cases = [case for case in cases if arguments.only in case.name]
    if not cases:
        parser.error(f"no job's name holds '{arguments.only}'")
    rows = {}

    def take(case, folder):
        rows[case.name] = judge(case, folder)
        show(rows[case.name])
        if arguments.json:  # also when it is stopped
            arguments.json.write_text(json.dumps(list(rows.values()), indent=1) + "\n")

    with tempfile.TemporaryDirectory(prefix="datamon-accuracy-") as temporary, prepare(cases):
        base = arguments.keep or arguments.judge or Path(temporary)
        for case in cases:
            folder = base / case.folder
            if not kept_in(folder):
                if arguments.judge:
                    continue
                read_once(DATA)
                shutil.rmtree(folder, ignore_errors=True)  # of a series that was stopped
                run_all(case, arguments.seconds, folder)
            take(case, folder)
        for case in [] if arguments.judge else cases:
            if run_again_if_noisy(case, arguments.seconds, base / case.folder):
                take(case, base / case.folder)
    rows = list(rows.values())
    if not rows:
        parser.error(f"{arguments.judge} holds no runs of these jobs")
    print("\n" + accuracy_page.summary(rows))
    if arguments.page:
        measured = {row["name"] for row in rows}
        not_run = [case.name for case in PIPELINE_CASES + TORCH_CASES if case.name not in measured]
        arguments.page.write_text(accuracy_page.page(rows, not_run))


if __name__ == "__main__":
    main()
