"""The job of known bottlenecks: without a GPU it says so; with a device played by the host its marks
lead datamon report to the verdict that its variant is named after."""

import json
import os
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ["DATAMON_BIN"])
pytestmark = pytest.mark.skipif(not (BIN / "gpu-job").exists(), reason="built without CUDA")


def run(*command):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MON")}
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=120)


def test_without_a_gpu_it_says_so_in_one_line():
    done = run(BIN / "gpu-job", "starved", 1, 400)
    if done.returncode == 0:
        pytest.skip("there is a GPU")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("gpu-job: no GPU: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("nonsense", 1, 400), ("starved", 1), ("starved", 0, 400), ("starved", 1, -1)])
def test_wrong_arguments_are_said(arguments):
    done = run(BIN / "gpu-job", *arguments)
    assert done.returncode == 2
    assert "transfer-bound" in done.stderr


def test_calibration_finds_the_length_of_a_round():
    rate = json.loads(run(BIN / "gpu_job_on_host", "calibrate", 0, 0).stdout)["rounds_per_us"]
    assert rate == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize("variant, verdict", [("starved", "io-bound"), ("compute-bound", "compute-bound")])
def test_its_verdict_is_its_name(variant, verdict, tmp_path):
    done = run(BIN / "datamon", "run", "--no-preload", "--dir", tmp_path / "rec", "--",
               BIN / "gpu_job_on_host", variant, 2, 1000)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] > 10
    report = json.loads(run(BIN / "datamon", "report", tmp_path / "rec", "--json").stdout)
    assert report["verdict"]["label"] == verdict


def test_many_kernels_come_at_the_named_rate_at_most():
    for variant in ("kernels-device", "kernels-host"):
        result = json.loads(run(BIN / "gpu_job_on_host", variant, 1, 1000).stdout)
        assert 0 < result["kernels_per_s"] <= 10_600
