"""The scripts that a newcomer and CI rely on do what they say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(os.environ["DATAMON_SOURCE"])
BUILD = Path(os.environ["DATAMON_BUILD"])


@pytest.fixture
def copy(tmp_path):
    """The tree without git, in a folder whose name has a space."""
    to = tmp_path / "a copy"
    ignore = shutil.ignore_patterns("build*", ".git", ".venv*", "data", "__pycache__", "datamon-2*")
    shutil.copytree(SOURCE, to, ignore=ignore)
    return to


def check_docs(folder):
    return subprocess.run([sys.executable, folder / "scripts/check_docs.py", BUILD],
                          capture_output=True, text=True)


def test_help_lists_the_targets(copy):
    out = subprocess.run(["make"], cwd=copy, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "bench", "install"):
        assert f"make {target}" in out


@pytest.mark.parametrize("text, complaint", [
    ("[gone](docs/nowhere.md)", "no such file"),
    ("[gone](README.md#nowhere)", "no such heading"),
    ("```sh\nmake nonsense\n```", "no `make nonsense`"),
    ("```sh\ndatamon frobnicate\n```", "no `datamon frobnicate`"),
    ("```sh\ndatamon run --frobnicate\n```", "no option --frobnicate"),
    ("```sh\nscripts/nowhere.sh\n```", "no scripts/nowhere.sh"),
])
def test_docs_check_refuses_what_is_not_there(copy, text, complaint):
    (copy / "README.md").write_text(f"# datamon\n\n{text}\n")
    result = check_docs(copy)
    assert result.returncode == 1
    assert complaint in result.stdout


def test_docs_check_refuses_paths_of_the_machine(copy):
    (copy / "docs/guide.md").write_text(f"see {copy}/build\n")
    assert "a path of this machine" in check_docs(copy).stdout


def test_a_constant_that_would_hide_a_headers_is_found(copy):
    header, source = copy / "src/report/one.h", copy / "src/report/two.cpp"
    header.write_text("namespace datamon::report {\ninline constexpr int kMost = 1;\n}\n")
    source.write_text("namespace datamon::report {\nnamespace {\nconstexpr int kLeast = 0, kMost = 2;\n}\n}\n")
    assert "two.cpp:3: kMost is in src/report/one.h, too" in check_docs(copy).stdout


def test_bootstrap_says_what_is_missing_where_there_is_no_apt(copy, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "awk", "dirname", "sha256sum", "cat", "tr", "xargs", "echo"):
        (tools / name).symlink_to(shutil.which(name))
    result = subprocess.run([shutil.which("bash"), copy / "scripts/bootstrap.sh"],
                            env={"PATH": str(tools)}, capture_output=True, text=True)
    assert result.returncode == 1
    assert "no apt-get" in result.stderr and "libjpeg-dev" in result.stderr


def test_bootstrap_refuses_an_unknown_group(copy):
    result = subprocess.run([copy / "scripts/bootstrap.sh", "nonsense"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "no group 'nonsense'" in result.stderr


@pytest.mark.parametrize("setting, complaint", [("AUTO", "left out"), ("ON", "CMake Error")])
def test_without_nvcc_the_configuration_says_what_to_do(tmp_path, setting, complaint):
    """Only cmake/Cuda.cmake: the whole project would take long to configure."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.24)\nproject(probe LANGUAGES CXX)\n"
        f"include({SOURCE}/cmake/Cuda.cmake)\n")
    done = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DDATAMON_CUDA={setting}",
         "-DCMAKE_CUDA_COMPILER=/nowhere/nvcc"], capture_output=True, text=True)
    said = " ".join((done.stdout + done.stderr).split())
    assert complaint in said
    assert "/nowhere/nvcc does not exist" in said
    assert "scripts/bootstrap.sh cuda" in said
    assert (done.returncode == 0) == (setting == "AUTO")
