"""The accuracy figures for people: a summary and docs/accuracy.md."""

import math
import statistics
import subprocess
from collections import Counter

import rivals

# A real effect smaller than this is noise; forecasts of it are counted, but by themselves.
NOTABLE = 0.05
# What 95 of 100 forecasts shall keep to, or to twice the noise where that is larger.
FORECAST_GOAL = 0.10
# Of a job whose runs differ by more than this the truth itself is known roughly.
QUIET = 0.10
INTRO = """# How often datamon is right

Written by `make accuracy` on a machine that does nothing else; nothing in it is typed by hand. Each
job's truth is established by *intervention*: every class of stages is made twice as slow in the
running job, the model is taken away, the input is taken away, workers are doubled, stragglers and
other programs removed, and what that does to the job's own count of steps decides
(`benchmarks/accuracy/truth.py`). A label within the noise of the truth counts as right. A third of the jobs, chosen by
a hash of their names, is held back: no threshold was looked at with them.
"""


def mark(row):
    if not row["label_judged"]:
        return "not judged"
    return "right" if row["right"] else "WRONG"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def errors(rows, notable_only):
    return [abs(f["forecast"] / f["real"] - 1) for row in rows for f in row["forecasts"]
            if not notable_only or abs(f["real"] - 1) >= NOTABLE]


def score(rows):
    """[(what, figure)] of these rows."""
    judged = [row for row in rows if row["label_judged"]]
    right = sum(row["right"] for row in judged)
    confident = [row for row in judged if row["confidence"] == "high"]
    confidently_wrong = [row["name"] for row in confident if not row["right"]]
    qualifiers = [correct for row in rows for _, correct in row["qualifiers_right"]]
    same = sum(row["verdict"] == row["again"] or row["again"] in row["accepted"] for row in judged)
    out = [("verdict right", f"{right} of {len(judged)}"),
           ("wrong with high confidence", f"{len(confidently_wrong)} of {len(confident)}"
            + (f" ({'; '.join(confidently_wrong)})" if confidently_wrong else "")),
           ("right or the same when run again", f"{same} of {len(judged)}")]
    if qualifiers:
        out.append(("qualifiers right", f"{sum(qualifiers)} of {len(qualifiers)}"))
    for title, found in (("forecast error, all", errors(judged, False)),
                         (f"forecast error, real effect of {NOTABLE:.0%} and more", errors(judged, True))):
        if found:
            out.append((title, f"median {statistics.median(found):.1%}, 95th percentile "
                               f"{percentile(found, 0.95):.1%} ({len(found)} changes)"))
    good = [abs(f["forecast"] / f["real"] - 1) <= max(FORECAST_GOAL, 2 * row["noise"])
            for row in rows for f in row["forecasts"]]
    if good:
        out.append((f"forecast within {FORECAST_GOAL:.0%} or twice the noise", f"{sum(good)} of {len(good)}"))
    inside = [f["low"] <= f["real"] <= f["high"] for row in judged for f in row["forecasts"]
              if f["low"] is not None and f["high"] is not None]
    if inside:
        out.append(("real speed-up inside the forecast's interval", f"{sum(inside)} of {len(inside)}"))
    out.append(("noise between two runs", f"median {statistics.median(r['noise'] for r in rows):.1%}"))
    return out


def rivals_score(rows):
    """[(rule, right, of, what it was asked)]"""
    rows = [row for row in rows if row["label_judged"]]
    out = []
    for rule in rows[0]["rivals"]:
        by_stage = rule.startswith("largest")
        asked = [row for row in rows if by_stage or rivals.side(row["truth"]) != rivals.NO_ANSWER]
        if by_stage:
            right = sum(row["rivals"][rule] in row["accepted"] for row in asked)
        else:
            right = sum(row["rivals"][rule] in {rivals.side(label) for label in row["accepted"]}
                        for row in asked)
        out.append((rule, right, len(asked), "which stage" if by_stage else "input or compute"))
    two_way = [row for row in rows if rivals.side(row["truth"]) != rivals.NO_ANSWER]
    ours = sum(rivals.side(row["verdict"]) in {rivals.side(label) for label in row["accepted"]} for row in two_way)
    out.append(("datamon", ours, len(two_way), "input or compute"))
    out.append(("datamon", sum(row["right"] for row in rows), len(rows), "which stage"))
    return out


def summary(rows):
    lines = [f"{what}: {figure}" for what, figure in score(rows)]
    lines += [f"{rule}: {right} of {of} ({asked})" for rule, right, of, asked in rivals_score(rows)]
    return "\n".join(lines)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def case_row(row):
    costs = sorted(row["cost"].items(), key=lambda item: -item[1])[:2]
    return [row["name"] + (" (held back)" if row["held_back"] else ""),
            row["truth"] + ("" if len(row["accepted"]) == 1 else " (or " + ", ".join(
                label for label in row["accepted"] if label != row["truth"]) + ")"),
            ", ".join(f"{name} {round(cost, 2) + 0:+.0%}" for name, cost in costs),
            f"{row['verdict']}, {row['confidence']}", mark(row),
            ", ".join(row["qualifiers"]) or "-", f"{row['noise']:.1%}"]


def processor():
    """What it ran on, without anything that names the machine."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{cores} cores, {model}"


def about_noise(rows):
    again = sum(row["measured_again"] for row in rows)
    left = sum(row["noise"] > QUIET and not row["measured_again"] for row in rows)
    text = f"The two runs of a job as it is differed by more than {QUIET:.0%} in {again + left} jobs"
    if again:
        text += f"; {again} of them were measured a second time, and the series with less noise counts"
    return text + (f"; {left} were not measured again.\n" if left else ".\n")


def page(rows, not_run):
    """`not_run`: names of the benchmark's jobs that were left out."""
    states = Counter((row["date"], row["recorded"], row["judged"]) for row in rows)
    held = [row for row in rows if row["held_back"]]
    quiet = [row for row in rows if row["noise"] <= QUIET]
    parts = [INTRO, f"{processor()}. " + "; ".join(
        f"{count} job{'s' * (count > 1)} recorded {day} at commit {recorded}, judged at commit {judged}"
        for (day, recorded, judged), count in states.items()) + ".\n", about_noise(rows), "## Figures\n"]
    columns = {"all": rows, "held-back third": held, f"noise up to {QUIET:.0%}": quiet}
    scores = {title: dict(score(some)) for title, some in columns.items() if some}
    parts.append(table(["", *scores], [[name, *(column.get(name, "-") for column in scores.values())]
                                       for name in scores["all"]]))
    if not_run:
        parts.append(f"Not run this time: {'; '.join(not_run)}.\n")
    parts.append("## Other tools' rules on the same recordings\n\nThey are given datamon's measurements "
                 "(`benchmarks/accuracy/rivals.py`); the two-way question leaves out the balanced jobs.\n")
    parts.append(table(["rule", "asked", "right"],
                       [[rule, asked, f"{right} of {of}"] for rule, right, of, asked in rivals_score(rows)]))
    parts.append("## Jobs\n\nCost: what the stages' doubling adds to the time of a step, the two largest.\n")
    parts.append(table(["job", "truth", "cost of doubling", "verdict", "", "qualifiers", "noise"],
                       [case_row(row) for row in rows]))
    far = sorted(((abs(f["forecast"] / f["real"] - 1), row["name"], f) for row in rows if row["label_judged"]
                  for f in row["forecasts"]), key=lambda item: -item[0])[:12]
    parts.append("## Forecasts furthest from what happened\n")
    parts.append(table(["job", "undone or changed", "forecast", "real", "error"],
                       [[name, f["change"], f"{f['forecast']:.2f}x ({f['low'] or 0:.2f} to {f['high'] or 0:.2f})",
                         f"{f['real']:.2f}x", f"{error:.0%}"] for error, name, f in far]))
    return "\n".join(parts)
