"""The figures that a GPU has to show, and the page that tells which were: docs/gpu-results.md.

Results are one JSON object: `machine` ({} when nothing was run) and `steps`, by name, each with
`state` (run, failed, not run), `reason`, `seconds` and `figures`. The page is made of it alone.
"""

import json
from dataclasses import dataclass

NOT_RUN = "not run"


@dataclass(frozen=True)
class Figure:
    """One figure of a step. Without a goal it is only told."""

    name: str
    what: str
    at_most: float | None = None
    at_least: float | None = None
    equals: str | None = None

    def goal(self):
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return self.equals or ""

    def met(self, value):
        """True, False, or None where there is no goal."""
        if self.at_most is not None:
            return value <= self.at_most
        if self.at_least is not None:
            return value >= self.at_least
        return value == self.equals if self.equals is not None else None


@dataclass(frozen=True)
class Step:
    """Figures that one thing gives. `measure` is called with the run's Context and returns
    {name: value}; it raises NotRun where something is missing, StepFailed where something broke."""

    name: str
    how: str
    timeout_s: float
    figures: tuple
    measure: object


class NotRun(Exception):
    """What is missing for a step."""


class StepFailed(Exception):
    """Why a step has no figures."""


def state_of(figure, result):
    """(value, state) as the page shows them."""
    value = result["figures"].get(figure.name)
    if value is None:
        failed = result["state"] != NOT_RUN
        return "", "FAILED" if failed else NOT_RUN
    text = value if isinstance(value, str) else f"{value:.5g}"
    return text, {True: "met", False: "MISSED", None: "measured"}[figure.met(value)]


def nothing_run(steps, reason):
    return {"machine": {}, "steps": {step.name: {"state": NOT_RUN, "reason": reason, "seconds": 0, "figures": {}}
                                     for step in steps}}


def cell(text):
    """Text of a program inside a table: one line, no column of its own, no markup."""
    line = " ".join(str(text).split())
    return line.replace("|", "\\|").replace("<", "&lt;")[:300]


def machine_lines(machine):
    if not machine:
        return ["> **Not run on a GPU yet.** No figure of this page was measured; `make gpu-check` on a machine",
                "> with an NVIDIA GPU fills it in.", ""]
    return ["| | |", "|---|---|", *(f"| {name} | {cell(value)} |" for name, value in machine.items()), ""]


def step_lines(step, result):
    lines = [f"## {step.name}", "", step.how, ""]
    if result["reason"]:
        lines += [f"{result['state'].capitalize()}: {cell(result['reason'])}", ""]
    lines += ["| what | measured | goal | |", "|---|---:|---:|---|"]
    for figure in step.figures:
        value, state = state_of(figure, result)
        lines.append(f"| {figure.what} | {cell(value)} | {figure.goal()} | {state} |")
    return lines + [""]


def page(steps, results):
    absent = {"state": NOT_RUN, "reason": "not part of that run", "seconds": 0, "figures": {}}
    lines = ["# What was measured on a GPU", "",
             "Written by `make gpu-check` ([what it does](gpu.md#checking-it-on-a-gpu)); the figures are in",
             "[gpu-results.json](gpu-results.json). *Not run* is what nobody has seen yet, not a promise.", "",
             *machine_lines(results["machine"])]
    for step in steps:
        lines += step_lines(step, results["steps"].get(step.name, absent))
    return "\n".join(lines).rstrip() + "\n"


def read(path):
    return json.loads(path.read_text())


def write(path, steps, results):
    """`path` (.json) and the page beside it."""
    path.write_text(json.dumps(results, indent=1) + "\n")
    path.with_suffix(".md").write_text(page(steps, results))


def stale(path, steps):
    """True when the page is not the one that its figures give."""
    return not path.exists() or path.with_suffix(".md").read_text() != page(steps, read(path))


def summary(steps, results):
    """(lines for the terminal, whether every goal that was measured is met and no step failed)."""
    lines, good = [], True
    for step in steps:
        result = results["steps"][step.name]
        lines.append(f"{step.name}: {result['state']}" + (f", {result['reason']}" if result["reason"] else ""))
        good &= result["state"] != "failed"
        for figure in step.figures:
            value, state = state_of(figure, result)
            good &= state not in ("MISSED", "FAILED")
            if result["state"] != NOT_RUN:
                lines.append(f"  {figure.what}: {value} {'(' + figure.goal() + ') ' if figure.goal() else ''}{state}")
    return lines, good
