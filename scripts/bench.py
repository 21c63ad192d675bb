#!/usr/bin/env python3
"""Runs every benchmark, prints its figures beside their goals, writes build/bench.json.

    scripts/bench.py [--only PART] [--write-docs]

A benchmark is a program build/bin/bench-PART of google/benchmark, or a script
benchmarks/*/bench_*.py that prints one flat JSON object of figures. All figures
end up in one flat object; a name ends with its unit. --write-docs also keeps
them as docs/performance.json and renews the table in docs/performance.md.
Never fails on a figure: a goal missed is something to read, not a broken build.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / "build/bin"
TABLE = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.S)


@dataclass(frozen=True)
class Goal:
    figure: str
    what: str
    at_most: float | None = None
    at_least: float | None = None

    def text(self):
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"

    def met(self, value):
        return value <= self.at_most if self.at_most is not None else value >= self.at_least


GOALS = [
    Goal("monitor_span_over_raw", "a recorded span over two timestamps and a 24-byte store", at_most=1.5),
    Goal("monitor_span_median_ns", "a recorded span, ns of CPU", at_most=30),
    Goal("monitor_off_median_ns", "a span while not recording, ns, loop included", at_most=1),
    Goal("monitor_loader_change_median_ns", "a thread going to another data loader, ns of CPU", at_most=2000),
    Goal("monitor_eight_threads_over_one", "a span of 8 threads at once over one thread's", at_most=1.05),
    Goal("nvtx_beside_spans_ranges_over_span", "an NVTX range that becomes a span, over a span", at_most=2),
    Goal("nvtx_beside_spans_spans_without_tool_over_span", "a span with MON_NVTX=1 and no tool, over a span", at_most=1.05),
    Goal("pipeline_recipe_over_full_decode", "whole recipe, one core, over plain full decode (CPU time)", at_most=0.90),
    Goal("pipeline_two_workers_speedup", "two workers on two cores, times one", at_least=1.9),
    Goal("pipeline_two_workers_over_two_programs", "two workers, of what two programs on a core each make", at_least=0.95),
    Goal("pipeline_recorded_slowdown_percent", "pipeline slower with MON=1, %", at_most=0.5),
    Goal("python_span_pair_ns", "a span from Python, begin/end pair, ns", at_most=250),
    Goal("python_startup_hook_ms", "Python's start with the hook, MON unset, ms more", at_most=0.5),
    Goal("python_startup_recorded_ms", "Python's start with MON=1, ms more", at_most=30),
    Goal("python_steps_1400us_slowdown_percent", "PyTorch steps of 1.4 ms slower with MON=1, %", at_most=2),
    Goal("python_recipe_slowdown_percent", "ImageFolder with 2 workers slower with MON=1, %", at_most=0.5),
    Goal("preload_decode_slowdown_percent", "decoding JPEGs slower when preloaded and recorded, % of CPU time", at_most=0.5),
    Goal("preload_read_cost_ns", "a read call more, preloaded and recorded, ns of CPU", at_most=300),
    Goal("preload_off_read_cost_ns", "a read call more, preloaded and not recorded, ns of CPU", at_most=10),
    Goal("report_open_and_profile_spans_per_cpu_second", "recording to profile, spans/s and core", at_least=50e6),
    Goal("trace_to_file_spans_per_s", "Chrome trace export, spans/s and core", at_least=3e6),
]


def snake(text):
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.replace("BM_", ""))
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def google_figures(part, result):
    """{"ops_full_decode_us": ...}: times by their unit, user counters by their name."""
    known = {"family_index", "per_family_instance_index", "repetitions", "repetition_index",
             "threads", "iterations", "real_time", "cpu_time"}
    figures = {}
    for run in result["benchmarks"]:
        if run.get("error_occurred"):
            print(f"bench-{part}: {run['name']}: {run.get('error_message')}", file=sys.stderr)
            continue
        if run.get("run_type") == "aggregate" and run["aggregate_name"] != "median":
            continue
        settings = r"/(iterations|repeats|min_time|min_warmup_time):[^/]*|/(real_time|process_time|manual_time)"
        name = snake(f"{part}_{re.sub(settings, '', run['name'])}")
        figures[f"{name}_{run['time_unit']}"] = run["real_time"]
        for key, value in run.items():
            if key not in known and isinstance(value, (int, float)):
                figures[f"{name}_{snake(key)}"] = value
    return figures


def run_json(command):
    environment = {**os.environ, "DATAMON_SOURCE": str(ROOT), "DATAMON_BUILD": str(ROOT / "build"),
                   "DATAMON_BIN": str(BIN), "DATAMON_LIB": str(ROOT / "build/lib"),
                   "DATAMON_DATA": str(ROOT / "data/imagenet-like")}
    result = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True)
    try:
        return json.loads(result.stdout)
    except ValueError:
        print(f"bench: {Path(command[-1]).name} gave no figures (exit {result.returncode})", file=sys.stderr)
        return {}


def benchmarks():
    """(part, command) of every benchmark there is."""
    for program in sorted(BIN.glob("bench-*")):
        yield program.name.removeprefix("bench-"), [program, "--benchmark_format=json"]
    for script in sorted(ROOT.glob("benchmarks/*/bench_*.py")):
        yield script.stem.removeprefix("bench_"), [sys.executable, script]


def measure(only):
    figures = {}
    for part, command in benchmarks():
        if only and part != only:
            continue
        print(f"bench: {part} …", file=sys.stderr, flush=True)
        result = run_json(command)
        figures |= google_figures(part, result) if "benchmarks" in result else result
    return figures


def table(figures):
    """Rows (figure, value, goal, state); those with a goal first."""
    rows = [(goal.what, figures[goal.figure], goal.text(), "met" if goal.met(figures[goal.figure]) else "MISSED")
            for goal in GOALS if goal.figure in figures]
    with_goal = {goal.figure for goal in GOALS}
    rows += [(name, value, "", "") for name, value in sorted(figures.items()) if name not in with_goal]
    return [(what, f"{value:.4g}" if isinstance(value, (int, float)) else str(value), goal, state)
            for what, value, goal, state in rows]


def print_table(figures):
    rows = [("figure", "measured", "goal", ""), *table(figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print(f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip())
    for goal in GOALS:
        if goal.figure not in figures:
            print(f"not measured: {goal.what} ({goal.figure})")


def markdown(figures):
    rows = [row for row in table(figures) if row[2]]
    lines = ["| what | measured | goal | |", "|---|---:|---:|---|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def renewed(page):
    figures = json.loads(page.with_suffix(".json").read_text())
    return TABLE.sub(lambda m: m[1] + markdown(figures) + m[2], page.read_text())


def stale(page):
    """True when the page's table is not the one that its figures give."""
    return page.with_suffix(".json").exists() and renewed(page) != page.read_text()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PART", help="one benchmark: " + ", ".join(p for p, _ in benchmarks()))
    parser.add_argument("--write-docs", action="store_true", help="renew docs/performance.json and .md")
    arguments = parser.parse_args()
    figures = {"cores": len(os.sched_getaffinity(0)), **measure(arguments.only)}
    (ROOT / "build/bench.json").write_text(json.dumps(figures, indent=1) + "\n")
    print_table(figures)
    if arguments.write_docs:
        page = ROOT / "docs/performance.md"
        page.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
        page.write_text(renewed(page))
    print("bench: build/bench.json")


if __name__ == "__main__":
    main()
