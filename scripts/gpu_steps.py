"""What gpu_check.py runs on a GPU, as data (STEPS), and how each step gets its figures.

A measure_... function takes the run's Context and returns {figure: value}; the parts that only read a
program's answer are functions of their own, tested without a GPU (tests/gpu_job).
"""

import itertools
import json
import os
import shutil
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from bench import google_figures  # noqa: E402
from gpu_results import Figure, NotRun, Step, StepFailed  # noqa: E402
from gpu_run import Context, json_of  # noqa: E402, F401
from pairs import interleaved, interval  # noqa: E402

TESTS = ("gpu_device_test", "gpu_program_test", "nvjpeg_test", "cupti_test", "cupti_headers_test")
TEST_S = 100  # for one of them
TEST_FIGURES = ("decoded_difference",)  # that tests record
IMAGES = 16_384  # of an epoch: its end should not show
COST_PAIRS, COST_SECONDS = 6, 2
JOB_SECONDS = 6
TRAIN_SECONDS = 20
RATES_SECONDS = 2
PLACEMENTS = ("cpu", "hybrid", "gpu")
IDLE = {"idle_data_s": "data", "idle_host_s": "launches", "idle_copy_s": "a copy", "idle_other_s": "other"}


# Tests

def test_counts(result):
    """What google test's JSON says; for it a skipped test is one that ran."""
    cases = [case for suite in result.get("testsuites", []) for case in suite["testsuite"]]
    skipped = sum(case.get("result") == "SKIPPED" for case in cases)
    return {"run": len(cases) - skipped, "skipped": skipped,
            "failed": [case["name"] for case in cases if "failures" in case],
            "measured": {name: float(case[name]) for case in cases for name in TEST_FIGURES if name in case}}


def run_tests(context, name):
    """Counts of one program; one that crashes or hangs is a failed test, and the others go on."""
    out = context.scratch("tests") / "result.json"
    try:
        code, _, _ = context.run(context.program(name), f"--gtest_output=json:{out}", good=None, at_most_s=TEST_S)
        trouble = None if code in (0, 1) and out.exists() else f"{name} ended with {code}"
    except StepFailed as failure:
        trouble = str(failure)
    counts = test_counts(json.loads(out.read_text()) if out.exists() else {})
    return counts | {"failed": counts["failed"] + ([trouble] if trouble else [])}


def measure_tests(context):
    counts = {}
    for name in TESTS:
        if name == "cupti_headers_test" and not (context.build / "bin" / name).exists():
            continue  # built where the toolkit has libcupti beside its headers
        counts[name] = run_tests(context, name)
    failed = [name for each in counts.values() for name in each["failed"]]
    return {"tests_on_device": counts["gpu_device_test"]["run"],
            "tests_on_device_skipped": counts["gpu_device_test"]["skipped"],
            "tests_failed": len(failed), "tests_failed_names": ", ".join(failed) or "none",
            **counts["gpu_device_test"]["measured"]}


def find_sanitizer(environment):
    """compute-sanitizer in the PATH or beside a toolkit, or None."""
    roots = [environment.get(name) for name in ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")]
    places = [f"{root}/bin" for root in [*roots, "/usr/local/cuda"] if root]
    return shutil.which("compute-sanitizer", path=os.pathsep.join([environment.get("PATH", ""), *places]))


def sanitizer_errors(text):
    for line in text.splitlines():
        words = line.split()
        if "ERROR SUMMARY:" in line:
            return int(words[words.index("SUMMARY:") + 1])
    raise StepFailed("compute-sanitizer gave no summary")


def measure_sanitizer(context):
    tool = find_sanitizer(os.environ)
    if tool is None:
        raise NotRun("compute-sanitizer was not found (it comes with the CUDA toolkit)")
    code, out, err = context.run(tool, "--tool", "memcheck", context.program("gpu_device_test"), good=None)
    errors = sanitizer_errors(out + err)
    if code != 0 and errors == 0:
        raise StepFailed(f"gpu_device_test ended with {code} under compute-sanitizer")
    return {"sanitizer_errors": errors}


# The fused kernel

def kernel_figures(result):
    """Of bench-gpu's JSON, the batch at which the fused kernel is fastest."""
    figures = google_figures("gpu", result)
    batches = [name.split("_")[3] for name in figures if name.startswith("gpu_fused_f16_") and name.endswith("_us_image")
               and "limit" not in name]
    if not batches:
        raise StepFailed("bench-gpu measured no fused kernel")
    best = min(batches, key=lambda batch: figures[f"gpu_fused_f16_{batch}_us_image"])
    us_image = figures[f"gpu_fused_f16_{best}_us_image"]
    return {"fused_us_image": us_image, "fused_images_per_ms": 1000 / us_image,
            "fused_limit_us_image": figures[f"gpu_fused_f16_{best}_limit_us_image"],
            "chain_over_fused": figures[f"gpu_chain_f16_{best}_us_image"] / us_image, "fused_batch": int(best)}


def measure_kernel(context):
    return kernel_figures(context.json(context.program("bench-gpu"), "--benchmark_format=json"))


# The pipeline

def many_images(context):
    """A folder of links to the data set's images, often enough; reads each once into the page cache."""
    images = sorted(path for path in context.data.rglob("*.jpg"))
    if not images:
        raise NotRun(f"there are no JPEGs in {context.data.name} (make data)")
    for image in images:
        image.read_bytes()
    folder = context.scratch("images")
    for number, image in zip(range(IMAGES), itertools.cycle(images)):
        to = folder / image.parent.name / f"{number}.jpg"
        to.parent.mkdir(exist_ok=True)
        to.symlink_to(image)
    return folder


def slowest_part_images_per_s(summary):
    """What the slowest part of a hybrid run would reach alone, by the time each worked: the workers'
    (all of them, reading and decoding), the copies', the kernels'."""
    device, items = summary["device"], summary["items"]
    fetch = summary["stages"]["fetch"]
    busy_s = [device["copy_s"], device["transform_s"]]
    rates = [items / each for each in busy_s if each > 0]
    rates.append(summary["options"]["workers"] * fetch["count"] / fetch["wall_s"])
    return min(rates)


def best_run(context, backend, batch, workers):
    """The fastest run of those with each number of workers."""
    images, runs, failures = many_images(context), [], []
    for count in sorted(workers):
        try:
            runs.append(context.json(context.program("datamon-pipeline"), images, "--backend", backend, "--workers", count,
                                     "--batch", batch, "--layout", "nchw-f16", "--seconds", 5, "--json"))
        except StepFailed as failure:  # more workers take more memory than there may be
            failures.append(failure)
    if not runs:
        raise failures[0]
    return max(runs, key=lambda run: run["items_per_s"])


def measure_gpu_pipeline(context):
    cores = len(os.sched_getaffinity(0))
    run = best_run(context, "gpu", 256, {max(1, cores // 2), cores})
    device = run["device"]
    decoded = device["decoded_on_gpu"] + device["decoded_on_cpu"]
    return {"pipeline_gpu_images_per_s": run["items_per_s"], "pipeline_gpu_decoder": device["decoder"],
            "pipeline_gpu_decoded_by_cpu_share": device["decoded_on_cpu"] / max(1, decoded),
            "pipeline_gpu_workers": run["options"]["workers"]}


def measure_hybrid_pipeline(context):
    cores = len(os.sched_getaffinity(0))
    run = best_run(context, "hybrid", 128, {max(1, cores - 1), cores})
    return {"pipeline_hybrid_of_bound": run["items_per_s"] / slowest_part_images_per_s(run),
            "pipeline_hybrid_images_per_s": run["items_per_s"], "pipeline_hybrid_workers": run["options"]["workers"]}


# What the forecast of a placement starts from

def rate_figures(rates):
    """Of a file of rates; all three placements have to be in it."""
    figures = {}
    for placement, rate in rates["placements"].items():
        if rate is None:
            raise StepFailed(f"{placement} was not measured: {rates['not_measured'].get(placement, 'no reason given')}")
        figures[f"rates_{placement}_images_per_s"] = rate["images_per_s"]
        figures[f"rates_{placement}_cpu_us"] = rate["worker_cpu_us"] + rate["consumer_cpu_us"]
        if placement != "cpu":
            figures[f"rates_{placement}_device_us"] = rate["device_us"]
    return figures


def rates_file(context):
    return context.build / "gpu-check/rates/rates.json"


def measure_rates(context):
    context.scratch("rates")
    context.run(context.program("datamon-pipeline"), many_images(context), "--rates", rates_file(context), "--layout", "nchw-f16",
                "--batch", 128, "--seconds", RATES_SECONDS)
    return rate_figures(json.loads(rates_file(context).read_text()))


def advice_of(placement):
    """A report's placement advice in a few words."""
    if placement["why_not"]:
        return placement["why_not"]
    return f"none, {placement['limit']} is the limit" if placement["advice"] == "none" else placement["advice"] or "none measured"


def placement_advice(context, name):
    if not rates_file(context).exists():
        return "no rates were measured"
    report = context.json(context.program("datamon"), "report", context.build / "gpu-check" / name / "recording",
                          "--rates", rates_file(context), "--json")
    return advice_of(report["placement"])


# Recordings of a job whose bottleneck is known

def one_device(report):
    devices = (report.get("gpu") or {}).get("devices", [])
    if len(devices) != 1:
        raise StepFailed(f"the report shows {len(devices)} GPUs, not one: was CUPTI found?")
    return devices[0]


def report_figures(name, report):
    """The verdict, what the GPU was mostly idle for, and how much of its window it was busy."""
    device = one_device(report)
    window_s = max(device["window_s"], 1e-9)
    return {f"{name}_verdict": report["verdict"]["label"],
            f"{name}_idle_for": IDLE[max(IDLE, key=lambda part: device[part])],
            f"{name}_busy_share": device["busy_s"] / window_s,
            f"{name}_pageable_share": pageable_share(device),
            f"{name}_lost_records": report["gpu"]["lost_records"]}


def pageable_share(device):
    to_device = [device[f"to_device_{memory}"]["bytes"] for memory in ("pageable", "pinned", "unknown")]
    return to_device[0] / max(1, sum(to_device))


def calibrated(context):
    return context.json(context.program("gpu-job"), "calibrate", 0, 0)["rounds_per_us"]


def measure_verdict(variant):
    def measure(context):
        command = context.program("gpu-job"), variant, JOB_SECONDS, calibrated(context)
        return report_figures(variant.replace("-", "_"), context.record(variant, *command, options=["--no-preload"]))
    return measure


def cost_figures(name, pairs):
    """Percent that a step takes longer when recorded, of (recorded, plain) results of gpu-job."""
    ratios = [recorded["step_ms"] / plain["step_ms"] for recorded, plain in pairs]
    low, high = interval(ratios)
    rate = statistics.median(plain["kernels_per_s"] for _, plain in pairs)
    return {f"cupti_{name}_percent": (statistics.median(ratios) - 1) * 100,
            f"cupti_{name}_low_percent": (low - 1) * 100, f"cupti_{name}_high_percent": (high - 1) * 100,
            f"cupti_{name}_pairs": len(pairs), f"cupti_{name}_kernels_per_s": rate}


def measure_cost(name):
    def measure(context):
        job = context.program("gpu-job"), f"kernels-{name}", COST_SECONDS, calibrated(context)

        def recorded():
            return context.json(context.program("datamon"), "run", "--cupti", "--no-preload", "--dir",
                                context.scratch("cost") / "recording", "--", *job)

        return cost_figures(name, interleaved(COST_PAIRS, recorded, lambda: context.json(*job), until=context.deadline))
    return measure


# PyTorch

def torch_python(context):
    """A Python whose PyTorch sees the GPU."""
    probe = "import torch, torchvision; print(torch.cuda.is_available())"
    for python in (os.environ.get("DATAMON_TORCH_PYTHON"), context.root / ".venv-torch/bin/python",
                   shutil.which("python3")):
        if python and Path(python).exists():
            code, out, _ = context.run(python, "-c", probe, good=None)
            if code == 0 and out.strip().endswith("True"):
                return python
    raise NotRun("no Python here has PyTorch and torchvision that see the GPU (DATAMON_TORCH_PYTHON names one, "
                 "scripts/bootstrap.sh torch makes one)")


def measure_training(decoder):
    def measure(context):
        python = torch_python(context)
        name, result = f"resnet18_{decoder}", context.scratch(f"resnet18-{decoder}-result") / "result.json"
        workers = max(1, min(12, len(os.sched_getaffinity(0)) - 1))
        report = context.record(name, python, context.root / "tests/gpu_job/train_resnet18.py", many_images(context),
                                "--decode", decoder, "--workers", workers, "--seconds", TRAIN_SECONDS, "--result", result)
        figures = report_figures(name, report)
        if decoder == "cpu":
            figures[f"{name}_advice"] = placement_advice(context, name)
        return figures | {f"{name}_images_per_s": json_of(result.read_text(), "the training")["images_per_s"],
                          f"{name}_input_wait_share": report["verdict"]["input_wait_share"]["value"]}
    return measure


def verdict_step(variant, what, *figures):
    return Step(f"Recording: {variant}", f"`datamon run --cupti` of `gpu-job {variant}` ({what}), then `datamon report`.",
                60, figures, measure_verdict(variant))


def cost_step(name, what):
    return Step(f"Cost of the recording, {what}", f"Steps of 100 kernels, about 10,000 kernels a second: `datamon run --cupti` "
                f"of `gpu-job kernels-{name}` beside the plain job, {COST_PAIRS} pairs in turns, median of the ratios.", 90, (
                    Figure(f"cupti_{name}_percent", "a step longer with the recording, %", at_most=2),
                    Figure(f"cupti_{name}_low_percent", "95 % interval, from"),
                    Figure(f"cupti_{name}_high_percent", "95 % interval, to"),
                    Figure(f"cupti_{name}_pairs", "pairs that there was time for"),
                    Figure(f"cupti_{name}_kernels_per_s", "kernels a second, not recorded")), measure_cost(name))


def training_step(decoder, title, how, *more):
    name = f"resnet18_{decoder}"
    return Step(title, how, 120, (
        Figure(f"{name}_images_per_s", "images/s, recorded"), Figure(f"{name}_verdict", "verdict"),
        Figure(f"{name}_input_wait_share", "share of a step that waits for data"),
        Figure(f"{name}_busy_share", "share of the time that the GPU is busy"),
        Figure(f"{name}_idle_for", "what the GPU is mostly idle for"),
        Figure(f"{name}_pageable_share", "share of bytes copied from pageable memory"),
        Figure(f"{name}_lost_records", "records that CUPTI lost"),
        *more), measure_training(decoder))


STEPS = (
    Step("Tests", "Kernels, pipeline, nvJPEG and CUPTI on the device: " + ", ".join(f"`{name}`" for name in TESTS) + ".",
         240, (Figure("tests_on_device", "tests of `gpu_device_test` run on the GPU", at_least=1),
               Figure("tests_on_device_skipped", "of it skipped", at_most=0),
               Figure("tests_failed", "tests failed, of all", at_most=0),
               Figure("tests_failed_names", "which"),
               Figure("decoded_difference", "what nvJPEG's pixels differ from libjpeg's by, of 255 (0.03: by rounding; 1.4: it "
                      "does not interpolate chroma)")), measure_tests),
    Step("Fused kernel", "`bench-gpu`: 500x375 frames on the device, cropped, resized, flipped, normalised to 224x224 "
         "f16; the best batch size. The chain does the same with separate operators.", 60, (
             Figure("fused_us_image", "the fused kernel, µs an image", at_most=0.4),
             Figure("fused_images_per_ms", "images/ms (five times the published 500)", at_least=2500),
             Figure("chain_over_fused", "the chain of separate operators, times the fused kernel", at_least=4),
             Figure("fused_limit_us_image", "what the memory's nominal rate allows, µs an image"),
             Figure("fused_batch", "batch")), measure_kernel),
    Step("Whole pipeline, gpu", "`datamon-pipeline --backend gpu` from JPEGs in the page cache to batches of 256 in f16 on the "
         "device, the best of two numbers of workers.", 60, (
             Figure("pipeline_gpu_images_per_s", "images/s", at_least=21_500),
             Figure("pipeline_gpu_decoder", "decoder"),
             Figure("pipeline_gpu_decoded_by_cpu_share", "share of images decoded by the CPU"),
             Figure("pipeline_gpu_workers", "workers")), measure_gpu_pipeline),
    Step("Whole pipeline, hybrid", "The same with `--backend hybrid` and batches of 128. The bound is what the slowest of workers, copies and "
         "kernels would reach if it never waited, by the time each worked in that run.", 60, (
             Figure("pipeline_hybrid_of_bound", "share of its slowest part's bound", at_least=0.95),
             Figure("pipeline_hybrid_images_per_s", "images/s"),
             Figure("pipeline_hybrid_workers", "workers")), measure_hybrid_pipeline),
    Step("Placement rates", "`datamon-pipeline --rates`: what an image costs in each placement, for the placement advice of "
         "`datamon report --rates` ([forecast.md](forecast.md#placement)). Batches of 128 in f16.", 60, (
             *(Figure(f"rates_{name}_images_per_s", f"{name}, images/s") for name in PLACEMENTS),
             *(Figure(f"rates_{name}_cpu_us", f"{name}, CPU time of an image, µs") for name in PLACEMENTS),
             *(Figure(f"rates_{name}_device_us", f"{name}, GPU time of an image (at most), µs") for name in PLACEMENTS[1:])),
         measure_rates),
    verdict_step("starved", "a loader that takes four times as long as the step",
                 Figure("starved_verdict", "verdict", equals="io-bound"),
                 Figure("starved_idle_for", "what the GPU is mostly idle for", equals="data"),
                 Figure("starved_busy_share", "share of the time that the GPU is busy", at_most=0.5),
                 Figure("starved_lost_records", "records that CUPTI lost", at_most=0)),
    verdict_step("transfer-bound", "64 MiB of pageable memory copied for a kernel of 1 ms",
                 Figure("transfer_bound_verdict", "verdict", equals="transfer-bound"),
                 Figure("transfer_bound_idle_for", "what the GPU is mostly idle for", equals="a copy"),
                 Figure("transfer_bound_pageable_share", "share of bytes copied from pageable memory", at_least=0.99),
                 Figure("transfer_bound_busy_share", "share of the time that the GPU is busy"),
                 Figure("transfer_bound_lost_records", "records that CUPTI lost", at_most=0)),
    verdict_step("compute-bound", "10 kernels of 1 ms a step",
                 Figure("compute_bound_verdict", "verdict", equals="compute-bound"),
                 Figure("compute_bound_busy_share", "share of the time that the GPU is busy", at_least=0.9),
                 Figure("compute_bound_idle_for", "what the GPU is mostly idle for"),
                 Figure("compute_bound_lost_records", "records that CUPTI lost", at_most=0)),
    cost_step("device", "the GPU always busy"),
    cost_step("host", "the GPU waiting for launches"),
    training_step("cpu", "ResNet-18, CPU loader", "PyTorch: `ImageFolder` and `DataLoader` with a worker for each core but one (12 at most), "
                  "pinned memory; recorded with `datamon run --cupti`.",
                  Figure("resnet18_cpu_advice", "placement advice, by the rates above")),
    training_step("gpu", "ResNet-18, GPU path", "The same training with torchvision's nvJPEG decoder, crop and resize on the GPU; "
                  "workers only read. (`datamon-pipeline` itself gives no batches to PyTorch.)"),
    Step("Sanitizer", "`gpu_device_test` under `compute-sanitizer --tool memcheck`.", 180,
         (Figure("sanitizer_errors", "errors", at_most=0),), measure_sanitizer),
)
