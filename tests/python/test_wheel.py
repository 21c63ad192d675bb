"""The wheel: built as `pip install .` builds it, installed where nothing else is."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from running import environment, run

SOURCE = pathlib.Path(os.environ["DATAMON_SOURCE"])


def pip(python, *arguments):
    certificates = "/etc/ssl/certs/ca-certificates.crt"  # Debian's pip trusts a list of its own
    more = {"PIP_CERT": certificates} if os.path.exists(certificates) else {}
    if shutil.which("ccache"):
        more |= {"CMAKE_C_COMPILER_LAUNCHER": "ccache", "CMAKE_CXX_COMPILER_LAUNCHER": "ccache"}
    done = subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "--no-input",
                           *map(str, arguments)], env=environment(**{**more, **os.environ}),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", folder,
        "--config-settings", f"build-dir={folder}/build", SOURCE)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    """An environment with nothing but the wheel; its files before and after."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    before = set(folder.rglob("*"))
    pip(folder / "bin/python", "install", "--no-index", "--no-compile", wheel)
    return folder, before


def test_tag_and_content(wheel):
    assert wheel.name.startswith("datamon-0.1.0-cp310-abi3-linux_")
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("datamon.pth", "datamon.start", "datamon/__init__.py", "datamon/_native.abi3.so",
                 "datamon/bin/datamon", "datamon/lib/libdatamon.so.0",
                 "datamon/lib/libdatamon-preload.so", "datamon/lib/libdatamon-cupti.so",
                 "datamon/hook/sitecustomize.py"):
        assert name in names
    assert not [name for name in names if name.startswith(("tests/", "src/", "include/", "build"))]


def test_links_to_nothing_unusual(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    binaries = [path for path in tmp_path.rglob("*") if path.name == "datamon" and path.is_file()
                or ".so" in path.name]
    assert len(binaries) >= 3
    allowed = ("libc.so", "libm.so", "libz.so", "libdl.so", "libpthread.so", "ld-linux",
               "linux-vdso", "libjpeg.so", "librt.so")
    for binary in binaries:
        listed = subprocess.run(["ldd", binary], capture_output=True, text=True).stdout
        names = [line.split()[0].rpartition("/")[2] for line in listed.splitlines() if ".so" in line]
        assert names and not [name for name in names if not name.startswith(allowed)], listed


def test_records_and_reports(fresh, tmp_path):
    folder, _ = fresh
    script = ("import datamon, pathlib, sys, time\n"
              "pathlib.Path(sys.executable).read_bytes()\n"
              "for x in datamon.wrap(range(40)): time.sleep(0.001)")
    done = run(folder / "bin/python", "-c", script, folder=tmp_path)
    assert (done.code, done.stderr) == (0, b"")
    report = run(folder / "bin/datamon", "report", "recording", folder=tmp_path, mon=False)
    assert report.code == 0 and re.search(rb"4[01] steps", report.stdout), report.stdout + report.stderr
    ran = run(folder / "bin/datamon", "run", "--dir", "second", "--", folder / "bin/python", "-c",
              script, folder=tmp_path, mon=False)
    assert ran.code == 0 and b"datamon: recorded in second" in ran.stderr


def test_uninstalls_without_a_trace(fresh):
    folder, before = fresh
    pip(folder / "bin/python", "uninstall", "-y", "datamon")
    assert {path for path in folder.rglob("*") if "__pycache__" not in path.parts} <= before
