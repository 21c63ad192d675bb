"""scripts/gpu_check.py as far as it goes without a GPU: reading programs' answers, results, the page.
Nothing here is a measurement."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gpu_check
import gpu_results
import gpu_run
import gpu_steps
import pairs as pairs_of_runs
from gpu_results import Figure, NotRun, Step, StepFailed
from gpu_run import Context, json_of

SOURCE = Path(os.environ["DATAMON_SOURCE"])
BUILD = Path(os.environ["DATAMON_BUILD"])
DATA = Path(os.environ["DATAMON_DATA"])


@pytest.fixture
def context(tmp_path):
    return Context(root=SOURCE, build=tmp_path, data=DATA)


@pytest.fixture
def no_gpu(monkeypatch):
    def missing():
        raise gpu_check.NoGpu("there is no NVIDIA driver")
    monkeypatch.setattr(gpu_check, "gpu_name", missing)


def goals():
    return {figure.name: figure.goal() for step in gpu_steps.STEPS for figure in step.figures if figure.goal()}


# The list of steps

def test_every_figure_to_reach_has_a_row_with_its_goal():
    wanted = {"fused_us_image": "≤ 0.4", "fused_images_per_ms": "≥ 2500", "chain_over_fused": "≥ 4",
              "pipeline_gpu_images_per_s": "≥ 21500", "pipeline_hybrid_of_bound": "≥ 0.95",
              "cupti_device_percent": "≤ 2", "cupti_host_percent": "≤ 2",
              "starved_verdict": "io-bound", "starved_idle_for": "data",
              "transfer_bound_verdict": "transfer-bound", "transfer_bound_idle_for": "a copy",
              "compute_bound_verdict": "compute-bound", "sanitizer_errors": "≤ 0", "tests_failed": "≤ 0"}
    assert wanted.items() <= goals().items()


def test_names_are_used_once():
    names = [figure.name for step in gpu_steps.STEPS for figure in step.figures]
    assert len(names) == len(set(names))
    assert len({step.name for step in gpu_steps.STEPS}) == len(gpu_steps.STEPS)


def test_verdicts_and_idle_causes_asked_for_are_those_of_the_report():
    labels = json.loads((SOURCE / "docs/report.schema.json").read_text())["properties"]["verdict"]["properties"]["label"]["enum"]
    for name, goal in goals().items():
        if name.endswith("_verdict"):
            assert goal in labels
        if name.endswith("_idle_for"):
            assert goal in gpu_steps.IDLE.values()


def test_programs_asked_for_are_targets():
    targets = "".join(path.read_text() for part in ("tests", "benchmarks") for path in (SOURCE / part).rglob("*")
                      if path.name == "CMakeLists.txt" or path.suffix == ".cmake")
    for name in (*gpu_steps.TESTS, "gpu-job", "bench-gpu"):
        assert name in targets
        assert name in (SOURCE / "CMakeLists.txt").read_text()


# What programs answer

def test_google_test_results_are_counted():
    result = {"testsuites": [{"testsuite": [{"name": "a", "result": "COMPLETED"},
                                            {"name": "b", "result": "COMPLETED", "failures": [{"failure": "1 != 2"}]}]},
                             {"testsuite": [{"name": "c", "result": "SKIPPED"}]}]}
    assert gpu_steps.test_counts(result) == {"run": 2, "skipped": 1, "failed": ["b"], "measured": {}}
    result["testsuites"][1]["testsuite"].append({"name": "d", "result": "COMPLETED", "decoded_difference": "0.031"})
    assert gpu_steps.test_counts(result)["measured"] == {"decoded_difference": 0.031}


def write_program(context, name, text):
    program = context.build / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_a_test_program_that_crashes_does_not_take_the_others_along(context, monkeypatch):
    good = '{"testsuites": [{"testsuite": [{"name": "a", "result": "COMPLETED"}]}]}'
    for name in gpu_steps.TESTS:
        write_program(context, name, f"echo '{good}' >\"${{1#--gtest_output=json:}}\"")
    write_program(context, "nvjpeg_test", "echo what it said; kill -SEGV $$")
    write_program(context, "cupti_test", "exec sleep 600")
    monkeypatch.setattr(gpu_steps, "TEST_S", 2)
    figures = gpu_steps.measure_tests(context)
    assert figures["tests_on_device"] == 1 and figures["tests_failed"] == 2
    assert figures["tests_failed_names"] == "nvjpeg_test ended with -11, cupti_test was not done in time"
    log = (context.build / "gpu-check/log.txt").read_text()
    assert "what it said" in log and "# killed after" in log and "# ended with -11 after" in log


def test_of_two_runs_of_the_pipeline_one_is_enough(context, monkeypatch):
    monkeypatch.setattr(gpu_steps, "IMAGES", 4)
    write_program(context, "datamon-pipeline",
                  'if [ "$5" = 2 ]; then echo "no memory" >&2; exit 1; fi; echo "{\\"items_per_s\\": $5}"')
    assert gpu_steps.best_run(context, "gpu", 256, {1, 2}) == {"items_per_s": 1}
    with pytest.raises(StepFailed, match="no memory"):
        gpu_steps.best_run(context, "gpu", 256, {2})


def bench_run(name, batch, us_image, limit):
    return {"name": f"{name}/{batch}/manual_time", "run_type": "iteration", "real_time": us_image * batch, "time_unit": "us",
            "us_image": us_image, "limit_us_image": limit, "GB_s": 1.0}


def test_the_best_batch_of_the_fused_kernel_counts():
    result = {"benchmarks": [bench_run("fused_f16", 64, 0.5, 0.15), bench_run("fused_f16", 1024, 0.25, 0.16),
                             bench_run("chain_f16", 64, 1.0, 0.15), bench_run("chain_f16", 1024, 1.5, 0.16)]}
    figures = gpu_steps.kernel_figures(result)
    assert figures == {"fused_us_image": 0.25, "fused_images_per_ms": 4000, "fused_limit_us_image": 0.16,
                       "chain_over_fused": 6, "fused_batch": 1024}


def test_a_kernel_that_was_skipped_is_no_figure():
    with pytest.raises(StepFailed, match="no fused kernel"):
        gpu_steps.kernel_figures({"benchmarks": [{"name": "fused_f16/64/manual_time", "error_occurred": True,
                                                  "error_message": "not run, no GPU"}]})


@pytest.mark.skipif(not (BUILD / "bin/bench-gpu").exists(), reason="bench-gpu was not built")
def test_bench_gpu_says_in_our_form_what_it_does_without_a_gpu():
    out = subprocess.run([BUILD / "bin/bench-gpu", "--benchmark_format=json"], capture_output=True, text=True).stdout
    runs = json.loads(out)["benchmarks"]
    names = {run["name"] for run in runs}
    assert {"fused_f16/256/manual_time", "chain_f16/256/manual_time"} <= names
    if any(run.get("error_occurred") for run in runs):
        with pytest.raises(StepFailed):
            gpu_steps.kernel_figures(json.loads(out))
    else:
        assert gpu_steps.kernel_figures(json.loads(out))["fused_us_image"] > 0


@pytest.mark.parametrize("copy_s, transform_s, fetch_s, slowest", [
    (1, 2, 4, 5_000), (4, 2, 4, 2_500), (1, 2, 40, 1_000)])
def test_the_slowest_part_is_the_bound(copy_s, transform_s, fetch_s, slowest):
    summary = {"items": 10_000, "options": {"workers": 4}, "device": {"copy_s": copy_s, "transform_s": transform_s},
               "stages": {"fetch": {"count": 10_000, "wall_s": fetch_s}}}
    assert gpu_steps.slowest_part_images_per_s(summary) == pytest.approx(slowest)


def rate(**more):
    return {"images_per_s": 900.0, "worker_cpu_us": 1000.0, "consumer_cpu_us": 2.0, **more}


def test_rates_of_all_placements_are_figures():
    rates = {"placements": {"cpu": rate(), "hybrid": rate(device_us=1.5), "gpu": rate(worker_cpu_us=20.0, device_us=40.0)},
             "not_measured": {}}
    figures = gpu_steps.rate_figures(rates)
    (step,) = [step for step in gpu_steps.STEPS if step.name == "Placement rates"]
    assert figures.keys() == {figure.name for figure in step.figures}
    assert figures["rates_gpu_cpu_us"] == 22 and figures["rates_gpu_device_us"] == 40
    rates["placements"]["gpu"] = None
    with pytest.raises(StepFailed, match="gpu was not measured: no reason given"):
        gpu_steps.rate_figures(rates)


def test_rates_are_measured_as_far_as_there_is_a_gpu(context, monkeypatch):
    monkeypatch.setattr(gpu_steps, "IMAGES", 64)
    monkeypatch.setattr(gpu_steps, "RATES_SECONDS", 2)
    (context.build / "bin").mkdir()
    (context.build / "bin/datamon-pipeline").symlink_to(BUILD / "bin/datamon-pipeline")
    assert gpu_steps.placement_advice(context, "job") == "no rates were measured"
    try:
        figures = gpu_steps.measure_rates(context)
    except StepFailed as failure:
        assert "hybrid was not measured" in str(failure)
        figures = {"rates_cpu_cpu_us": json.loads(gpu_steps.rates_file(context).read_text())["placements"]["cpu"]["worker_cpu_us"]}
    assert figures["rates_cpu_cpu_us"] > 0


@pytest.mark.parametrize("placement, said", [
    ({"why_not": None, "advice": "gpu", "limit": "model"}, "gpu"),
    ({"why_not": None, "advice": "none", "limit": "storage"}, "none, storage is the limit"),
    ({"why_not": "too short", "advice": None, "limit": None}, "too short"),
    ({"why_not": None, "advice": None, "limit": "processor"}, "none measured")])
def test_an_advice_is_told_in_a_few_words(placement, said):
    assert gpu_steps.advice_of(placement) == said


def device(**more):
    nothing = {"count": 0, "bytes": 0, "time_s": 0, "overlapped_s": 0}
    return {"window_s": 10, "busy_s": 2, "idle_data_s": 5, "idle_host_s": 1, "idle_copy_s": 1.5, "idle_other_s": 0.5,
            "to_device_pageable": nothing, "to_device_pinned": nothing, "to_device_unknown": nothing, **more}


def report(*devices):
    return {"verdict": {"label": "io-bound"}, "gpu": {"devices": list(devices), "lost_records": 3}}


def test_a_report_gives_verdict_and_idle_cause():
    copies = {"count": 1, "bytes": 300, "time_s": 1, "overlapped_s": 0}
    pinned = {**copies, "bytes": 100}
    figures = gpu_steps.report_figures("job", report(device(to_device_pageable=copies, to_device_pinned=pinned)))
    assert figures == {"job_verdict": "io-bound", "job_idle_for": "data", "job_busy_share": 0.2,
                       "job_pageable_share": 0.75, "job_lost_records": 3}


@pytest.mark.parametrize("broken", [{"verdict": {"label": "io-bound"}, "gpu": None}, report(), report(device(), device())])
def test_a_report_without_the_gpu_is_a_failure(broken):
    with pytest.raises(StepFailed, match="CUPTI"):
        gpu_steps.report_figures("job", broken)


def test_the_cost_is_the_median_of_the_ratios():
    pairs = [({"step_ms": 10 * ratio}, {"step_ms": 10.0, "kernels_per_s": 9_900}) for ratio in (1.01, 1.02, 1.3)]
    figures = gpu_steps.cost_figures("host", pairs)
    assert figures["cupti_host_pairs"] == 3
    assert figures["cupti_host_percent"] == pytest.approx(2)
    assert figures["cupti_host_low_percent"] <= 2 <= figures["cupti_host_high_percent"]
    assert figures["cupti_host_kernels_per_s"] == 9_900


def test_pairs_end_in_time(monkeypatch):
    clock = itertools.count(0, 10)
    monkeypatch.setattr(pairs_of_runs.time, "monotonic", lambda: next(clock))
    made = pairs_of_runs.interleaved(6, lambda: "first", lambda: "second", until=100)
    assert 1 < len(made) < 6 and set(made) == {("first", "second")}
    assert len(pairs_of_runs.interleaved(6, lambda: 1, lambda: 2, until=0)) == 1
    assert len(pairs_of_runs.interleaved(6, lambda: 1, lambda: 2)) == 6


def use_host_device(context):
    (context.build / "bin").mkdir()
    for program, real in (("gpu-job", "gpu_job_on_host"), ("datamon", "datamon")):
        (context.build / "bin" / program).symlink_to(BUILD / "bin" / real)


@pytest.mark.skipif(not (BUILD / "bin/gpu_job_on_host").exists(), reason="built without CUDA")
@pytest.mark.parametrize("name", ["device", "host"])
def test_the_cost_is_measured_in_pairs(context, monkeypatch, name):
    """The whole way but for the device, which the host plays: the figure itself means nothing."""
    monkeypatch.setattr(gpu_steps, "COST_PAIRS", 2)
    monkeypatch.setattr(gpu_steps, "COST_SECONDS", 0.2)
    use_host_device(context)
    figures = gpu_steps.measure_cost(name)(context)
    assert figures.keys() == {figure.name for step in gpu_steps.STEPS for figure in step.figures
                              if figure.name.startswith(f"cupti_{name}_")}
    assert figures[f"cupti_{name}_low_percent"] <= figures[f"cupti_{name}_percent"] <= figures[f"cupti_{name}_high_percent"]
    assert list((context.build / "gpu-check/cost/recording").iterdir())


@pytest.mark.skipif(not (BUILD / "bin/gpu_job_on_host").exists(), reason="built without CUDA")
@pytest.mark.parametrize("variant", ["starved", "transfer-bound", "compute-bound"])
def test_a_recording_says_what_the_job_was_made_to_be(context, monkeypatch, variant):
    """The whole way, from the job to the figures, with a device and a CUPTI played by the host."""
    fake = BUILD / "lib/libfake_cupti.so"
    monkeypatch.setattr(Context, "environment", lambda self: {**os.environ, "MON_CUPTI_LIBRARY": str(fake)})
    monkeypatch.setattr(gpu_steps, "JOB_SECONDS", 2)
    use_host_device(context)
    (step,) = [step for step in gpu_steps.STEPS if step.name == f"Recording: {variant}"]
    figures = step.measure(context)
    for figure in step.figures:
        assert figure.name in figures
        if not figure.name.endswith("busy_share"):  # as fast as this machine wakes a sleeper
            assert figure.met(figures[figure.name]) is not False, (figure.name, figures)
    assert 0 < figures[f"{variant.replace('-', '_')}_busy_share"] < 1
    assert "gpu 0" in (context.build / "gpu-check" / variant / "report.txt").read_text()


def test_the_sanitizer_is_found_and_read(tmp_path):
    assert gpu_steps.find_sanitizer({"PATH": "/nowhere", "CUDA_HOME": str(tmp_path)}) in (
        None, "/usr/local/cuda/bin/compute-sanitizer")
    tool = tmp_path / "bin/compute-sanitizer"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert gpu_steps.find_sanitizer({"PATH": "/nowhere", "CUDA_HOME": str(tmp_path)}) == str(tool)
    assert gpu_steps.sanitizer_errors("========= ERROR SUMMARY: 12 errors\n") == 12
    with pytest.raises(StepFailed):
        gpu_steps.sanitizer_errors("killed")


def test_many_images_are_links_to_the_data_set(context, monkeypatch):
    monkeypatch.setattr(gpu_steps, "IMAGES", 800)
    folder = gpu_steps.many_images(context)
    out = subprocess.run([BUILD / "bin/datamon-pipeline", folder, "--workers", "1", "--steps", "2", "--json"],
                         capture_output=True, text=True)
    summary = json.loads(out.stdout)
    assert summary["dataset"]["items"] == 800
    assert summary["errors"]["count"] == 0
    assert {"count", "wall_s"} <= summary["stages"]["fetch"].keys()


# Running

def test_the_log_says_what_the_driver_does(context, monkeypatch):
    write_program(context, "nvidia-smi", "echo Power Draw: 71 W; exit 3")
    monkeypatch.setenv("PATH", str(context.build / "bin"))
    gpu_check.log_driver(context)
    assert "Power Draw: 71 W" in (context.build / "gpu-check/log.txt").read_text()
    monkeypatch.setenv("PATH", "/nowhere")
    gpu_check.log_driver(context)


def test_commands_fail_with_their_last_line(context):
    with pytest.raises(StepFailed, match="ended with 3: the reason"):
        context.run(sys.executable, "-c", "import sys; print('the reason', file=sys.stderr); sys.exit(3)")
    with pytest.raises(StepFailed, match="no JSON"):
        json_of("hello\n", "it")
    with pytest.raises(NotRun, match="was not built"):
        context.program("nowhere")
    assert json_of('noise\n{"a": 1}\n', "it") == {"a": 1}


def test_a_command_ends_at_the_deadline(context):
    context.deadline = 0
    with pytest.raises(StepFailed, match="not done in time"):
        context.run(sys.executable, "-c", "import time; time.sleep(600)")


def test_what_hangs_with_its_output_open_is_left_behind(context, monkeypatch):
    """A child that left the group survives the kill and holds the pipes."""
    monkeypatch.setattr(gpu_run, "KILL_S", 1)
    with pytest.raises(StepFailed, match="not done in time"):
        context.run(sys.executable, "-c", "import subprocess; subprocess.Popen(['sleep', '30'], start_new_session=True).wait()",
                    at_most_s=3)


def raises(error):
    def measure(_):
        raise error
    return measure


def steps(**measures):
    return tuple(Step(name, "how", 60, (Figure(f"{name}_x", "x", at_most=2),), measure) for name, measure in measures.items())


def test_one_failure_does_not_end_the_run(context):
    these = steps(absent=raises(NotRun("no tool")), broken=raises(StepFailed(f"{SOURCE}/it crashed")), mistaken=raises(KeyError("gpu")),
                  good=lambda _: {"good_x": 1.5}, missed=lambda _: {"missed_x": 3})
    results = gpu_check.run_steps(these, context, 100)
    assert [results[step.name]["state"] for step in these] == ["not run", "failed", "failed", "run", "run"]
    assert results["absent"]["reason"] == "no tool"
    lines, good = gpu_results.summary(these, {"machine": {}, "steps": results})
    assert not good
    assert "broken: failed, it crashed" in lines
    text = gpu_results.page(these, {"machine": {"GPU": "a | b"}, "steps": results})
    assert [line.split(" | ")[-1] for line in text.splitlines() if line.startswith("| x ")] == [
        "not run |", "FAILED |", "FAILED |", "met |", "MISSED |"]
    assert "a \\| b" in text


def test_a_run_that_is_cut_off_keeps_what_it_had(context):
    seen = []
    gpu_check.run_steps(steps(good=lambda _: {"good_x": 1.5}, broken=raises(StepFailed("it")), last=lambda _: {}), context, 100,
                        lambda results: seen.append(list(results)))
    assert seen == [["good"], ["good", "broken"], ["good", "broken", "last"]]
    of_one = {"machine": {"GPU": "one"}, "steps": {"good": {"state": "run", "reason": "", "seconds": 1, "figures": {"good_x": 1.5}}}}
    assert gpu_results.page(steps(good=None, broken=None), of_one).count("not part of that run") == 1


def test_steps_behind_the_budget_are_not_run(context):
    results = gpu_check.run_steps(steps(late=lambda _: {"late_x": 1}), context, 0)
    assert results["late"]["state"] == "not run" and "time" in results["late"]["reason"]


# Without a GPU

def test_without_a_gpu_one_line_and_no_file(no_gpu, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu_check, "RESULTS", tmp_path / "results.json")
    assert gpu_check.main([]) == 1
    assert capsys.readouterr().err == "gpu-check: not run: there is no NVIDIA driver\n"
    assert list(tmp_path.iterdir()) == []


def test_without_a_gpu_the_page_claims_nothing(no_gpu, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_check, "ROOT", tmp_path)
    monkeypatch.setattr(gpu_check, "RESULTS", tmp_path / "results.json")
    assert gpu_check.main(["--write-docs"]) == 1
    rows = [line for line in (tmp_path / "results.md").read_text().splitlines() if re.match(r"\| [^|]*\|  \|", line)]
    assert len(rows) == sum(len(step.figures) for step in gpu_steps.STEPS)
    assert all(row.endswith("| not run |") for row in rows)


def test_figures_of_a_gpu_are_kept(no_gpu, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_check, "ROOT", tmp_path)
    monkeypatch.setattr(gpu_check, "RESULTS", tmp_path / "results.json")
    measured = {"machine": {"GPU": "one"}, "steps": {}}
    gpu_results.write(gpu_check.RESULTS, (), measured)
    assert gpu_check.main(["--write-docs"]) == 1
    assert gpu_results.read(gpu_check.RESULTS) == measured


def test_a_driver_without_a_gpu_is_said():
    with pytest.raises(gpu_check.NoGpu, match="no NVIDIA driver"):
        gpu_check.gpu_name("libnowhere.so.1")
    assert gpu_check.driver_version("libnowhere.so.1") == "unknown"


def test_the_page_is_that_of_its_figures():
    assert not gpu_results.stale(SOURCE / "docs/gpu-results.json", gpu_steps.STEPS)
