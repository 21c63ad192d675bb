"""What `cmake --install` leaves is enough for an outside project: it finds the
header, records with MON=1 and gets its report, after the tree was moved."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(os.environ["DATAMON_BUILD"])
OUTSIDE = Path(__file__).parent / "outside"
STEPS = 200


def run(*command, **options):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MON")}
    environment |= options.pop("env", {})
    return subprocess.run([str(part) for part in command], env=environment, check=True, text=True,
                          capture_output=True, timeout=120, **options)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("install")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    return (folder / "first").rename(folder / "moved")


def only(prefix, pattern):
    found = list(prefix.glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


@pytest.fixture(scope="module")
def cmake_jobs(prefix, tmp_path_factory):
    build = tmp_path_factory.mktemp("outside")
    run("cmake", "-S", OUTSIDE, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", build)
    return {"c": build / "job_c", "cpp": build / "job_cpp"}


@pytest.fixture(scope="module")
def pkgconfig_jobs(prefix, tmp_path_factory):
    build = tmp_path_factory.mktemp("pkgconfig")
    environment = {"PKG_CONFIG_PATH": str(only(prefix, "lib*/**/pkgconfig"))}
    flags = run("pkg-config", "--cflags", "--libs", "datamon", env=environment).stdout
    run("sh", "-c", f'cc -std=c11 "$1"/job.c -o "$2"/job_c {flags}', "sh", OUTSIDE, build)
    run("sh", "-c", f'c++ -std=c++17 "$1"/job.cpp -o "$2"/job_cpp {flags}', "sh", OUTSIDE, build)
    return {"c": build / "job_c", "cpp": build / "job_cpp"}


def check_report(prefix, recording):
    report = json.loads(run(prefix / "bin/datamon", "report", recording, "--json").stdout)
    stages = {stage["name"]: stage for stage in report["stages"]}
    assert report["monitor"]["dropped"] == 0
    assert report["verdict"]["label"] == "decode-bound", report["verdict"]
    assert 0 < stages["decode"]["count"] <= STEPS
    assert stages["transform/blur"]["class"] == "transform"
    assert stages["decode"]["p50_ms"] > 0.9 * 4  # longer on a busy machine


@pytest.mark.parametrize("language", ["c", "cpp"])
@pytest.mark.parametrize("found_by", ["cmake", "pkgconfig"])
def test_an_outside_job_records_and_is_reported_on(found_by, language, prefix, request, tmp_path):
    job = request.getfixturevalue(f"{found_by}_jobs")[language]
    result = run(job, env={"MON": "1", "MON_DIR": str(tmp_path / "recording")}, cwd=tmp_path)
    assert "not recording" not in result.stderr
    check_report(prefix, tmp_path / "recording")


def test_without_mon_nothing_is_recorded_or_said(cmake_jobs, tmp_path):
    result = run(cmake_jobs["cpp"], cwd=tmp_path)
    assert result.stdout + result.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_datamon_run_uses_the_installed_library(prefix, cmake_jobs, tmp_path):
    run(prefix / "bin/datamon", "run", "--", cmake_jobs["c"], cwd=tmp_path)
    check_report(prefix, only(tmp_path, "datamon-*"))


@pytest.mark.skipif(not (BUILD / "lib/libdatamon-nvtx.so").exists(), reason="built without NVTX")
def test_the_installed_nvtx_reader_is_found(prefix, tmp_path):
    job = "import nvtx\nfor _ in range(5):\n  with nvtx.annotate('decode'): pass"
    run(prefix / "bin/datamon", "run", "--dir", "recording", "--nvtx-in", "--", sys.executable, "-c", job,
        cwd=tmp_path)
    report = json.loads(run(prefix / "bin/datamon", "report", "recording", "--json", cwd=tmp_path).stdout)
    assert report["monitor"]["spans"] == 5


def test_the_installed_example_builds_and_records(prefix, tmp_path):
    build, recording = tmp_path / "build", tmp_path / "recording"
    run("cmake", "-S", prefix / "share/datamon/examples/cpp", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", build)
    run(build / "datamon-example-job", prefix, env={"MON": "1", "MON_DIR": str(recording)})
    report = json.loads(run(prefix / "bin/datamon", "report", recording, "--json").stdout)
    files = sum(path.is_file() for path in prefix.rglob("*"))
    assert report["monitor"]["spans"] >= 3 * files  # fetch, read, transform


def test_programs_manual_and_completions_are_installed(prefix):
    for program in ("datamon", "datamon-pipeline"):
        assert "Usage" in run(prefix / "bin" / program, "--help").stdout
    only(prefix, "share/man/man1/datamon.1")
    only(prefix, "share/bash-completion/completions/datamon")
    only(prefix, "share/zsh/site-functions/_datamon")
    only(prefix, "share/fish/vendor_completions.d/datamon.fish")


def test_installed_binaries_look_for_nothing_in_the_build_folder(prefix):
    library = only(prefix, "lib*/**/libdatamon.so.0")
    for binary in (prefix / "bin/datamon", prefix / "bin/datamon-pipeline", library,
                   *library.parent.glob("libdatamon-nvtx.so"), library.parent / "libdatamon-cupti.so"):
        assert str(BUILD) not in run("readelf", "-d", binary).stdout
