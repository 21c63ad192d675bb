#!/usr/bin/env python3
"""Runs on a GPU what needs one, writes docs/gpu-results.md and .json: gpu_check.py [options]

`make gpu-check` builds first. Each step (scripts/gpu_steps.py) has a time limit of its own; one that
fails is a row of the page with its error, and the others go on. What was not run is "not run". The
page is written after each step: a run that is cut off keeps what it had. What each program said is in
build/gpu-check/log.txt.
Without a GPU one line says what is missing, nothing is written, and the exit code is 1;
--write-docs then writes the page with nothing run, unless it holds figures of a GPU.
Exit codes: 0 every goal met; 1 no GPU, a step failed or a goal is missed; 2 wrong options.
"""

import argparse
import ctypes
import datetime
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import gpu_results
from gpu_results import NOT_RUN, NotRun, StepFailed
from gpu_steps import STEPS, Context

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs/gpu-results.json"


class NoGpu(Exception):
    """What is missing, in one line."""


def gpu_name(library="libcuda.so.1"):
    """The first GPU's name, asked of the driver."""
    try:
        cuda = ctypes.CDLL(library)
    except OSError:
        raise NoGpu(f"there is no NVIDIA driver ({library} cannot be opened)") from None
    result = cuda.cuInit(0)
    if result != 0:
        raise NoGpu(f"the NVIDIA driver finds no GPU it can use (cuInit says {result})")
    count, name = ctypes.c_int(), ctypes.create_string_buffer(128)
    if cuda.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        raise NoGpu("the NVIDIA driver shows no GPU (CUDA_VISIBLE_DEVICES?)")
    cuda.cuDeviceGetName(name, len(name), 0)
    return f"{name.value.decode(errors='replace')}" + (f" (1 of {count.value})" if count.value > 1 else "")


def driver_version(library="libnvidia-ml.so.1"):
    try:
        nvml = ctypes.CDLL(library)
    except OSError:
        return "unknown"
    text = ctypes.create_string_buffer(96)
    if nvml.nvmlInit_v2() != 0 or nvml.nvmlSystemGetDriverVersion(text, len(text)) != 0:
        return "unknown"
    return text.value.decode(errors="replace")


def output_of(*command):
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def commit():
    name = output_of("git", "rev-parse", "--short=12", "HEAD") or "unknown"
    return name + (" and changes" if output_of("git", "status", "--porcelain", "--untracked-files=no") else "")


def cuda_version(build):
    packed = build / "cuda-version"  # gpu_pack.sh
    if packed.exists():
        return packed.read_text().strip() or "unknown"
    cache = build / "CMakeCache.txt"
    for line in cache.read_text().splitlines() if cache.exists() else []:
        if line.startswith("DATAMON_NVCC_WORKS"):
            found = output_of(line.split("=", 1)[1], "--version").rpartition("release ")[2]
            return found.partition(",")[0] or "unknown"
    return "unknown"


def machine(name, build, commit_name):
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "GPU": name, "driver": driver_version(), "CUDA": cuda_version(build), "commit": commit_name or commit(),
            "cores": str(len(os.sched_getaffinity(0)))}


def log_driver(context):
    """What nvidia-smi says, into the log: what somebody asks afterwards."""
    if tool := shutil.which("nvidia-smi"):
        try:
            context.run(tool, "-q", good=None, at_most_s=20)
        except StepFailed:
            pass  # the log says so


def run_step(step, context, limit_s):
    """The result of one step; whatever goes wrong in it is part of that."""
    if limit_s < 1:
        return {"state": NOT_RUN, "reason": "the time of the whole run was up", "seconds": 0, "figures": {}}
    begun = time.monotonic()
    context.deadline = begun + limit_s
    state, reason, figures = "run", "", {}
    try:
        figures = step.measure(context)
    except NotRun as missing:
        state, reason = NOT_RUN, str(missing)
    except StepFailed as failure:
        state, reason = "failed", str(failure)
    except Exception as error:  # a step's own mistake: the rest of the run is still wanted
        state, reason = "failed", f"{type(error).__name__}: {error}"
    reason = reason.replace(f"{context.root}/", "")  # no paths of a machine in the docs
    return {"state": state, "reason": reason, "seconds": round(time.monotonic() - begun, 1), "figures": figures}


def run_steps(steps, context, budget_s, done=lambda results: None):
    """By name; `done` is called with what there is after each."""
    end = time.monotonic() + budget_s
    results = {}
    for step in steps:
        print(f"gpu-check: {step.name} …", file=sys.stderr, flush=True)
        results[step.name] = run_step(step, context, min(step.timeout_s, end - time.monotonic()))
        done(results)
    return results


def without_gpu(reason, write_docs):
    print(f"gpu-check: not run: {reason}", file=sys.stderr)
    if write_docs:
        if RESULTS.exists() and gpu_results.read(RESULTS)["machine"]:
            print(f"gpu-check: {RESULTS.relative_to(ROOT)} holds figures of a GPU and stays", file=sys.stderr)
        else:
            gpu_results.write(RESULTS, STEPS, gpu_results.nothing_run(STEPS, ""))
    return 1


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true", help="without a GPU, too, write the page: nothing run")
    parser.add_argument("--look", action="store_true", help="only say whether there is a GPU")
    parser.add_argument("--only", metavar="STEP", action="append", choices=[step.name for step in STEPS],
                        help="only this step, printed and not written")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="build folder")
    parser.add_argument("--data", type=Path, default=ROOT / "data/imagenet-like", help="a folder of folders of JPEGs")
    parser.add_argument("--commit", metavar="NAME", help="what was built, where git does not know")
    parser.add_argument("--budget-s", type=float, default=480, help="time for all steps, seconds (default 480)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    try:
        name = gpu_name()
    except NoGpu as reason:
        return without_gpu(reason, options.write_docs)
    if options.look:
        return 0
    steps = [step for step in STEPS if not options.only or step.name in options.only]
    context = Context(root=ROOT, build=options.build.resolve(), data=options.data.resolve())
    (context.build / "gpu-check/log.txt").unlink(missing_ok=True)
    log_driver(context)
    results = {"machine": machine(name, context.build, options.commit)}

    def keep(so_far):
        results["steps"] = so_far
        if not options.only:
            gpu_results.write(RESULTS, STEPS, results)

    keep(run_steps(steps, context, options.budget_s, keep))
    lines, good = gpu_results.summary(steps, results)
    print("\n".join(lines))
    if not options.only:
        print(f"gpu-check: {RESULTS.with_suffix('.md').relative_to(ROOT)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
