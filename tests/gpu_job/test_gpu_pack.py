"""The folder of scripts/gpu_pack.sh is whole: nothing in it leads back to the place where it was made."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ["DATAMON_SOURCE"])
BUILD = Path(os.environ["DATAMON_BUILD"])
DATA = Path(os.environ["DATAMON_DATA"])
SYSTEM = ("linux-vdso.so", "/lib64/ld-linux", "libc.so", "libm.so", "libdl.so", "librt.so", "libpthread.so", "libz.so", "libstdc++.so",
          "libgcc_s.so")
pytestmark = pytest.mark.skipif(not (BUILD / "bin/cupti_headers_test").exists() or not (SOURCE / ".venv-cuda").exists()
                                or BUILD != SOURCE / "build", reason="built without CUDA's packages, or in another folder")


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("there") / "pack"
    done = subprocess.run([SOURCE / "scripts/gpu_pack.sh", folder], env={**os.environ, "DATA": str(DATA)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("gpu-pack: ")
    return folder


def environment(pack):
    return {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": f"{pack}/build/lib:{pack}/build/lib/packed"}


def test_its_programs_find_all_their_libraries_in_it(pack):
    files = [path for folder in ("bin", "lib") for path in (pack / "build" / folder).iterdir() if path.is_file()]
    assert {"gpu_device_test", "datamon", "libdatamon-cupti.so"} <= {path.name for path in files}
    for path in files:
        for line in subprocess.run(["ldd", path], env=environment(pack), capture_output=True, text=True).stdout.splitlines():
            assert line.strip().startswith(SYSTEM) or f"=> {pack}/" in line or "statically linked" in line, (path.name, line)


def test_nvjpeg_and_cupti_are_where_they_are_looked_for(pack):
    for library in ("libnvjpeg.so.1", "libcupti.so.1"):
        assert list(pack.glob(f".venv-cuda/lib/python3*/site-packages/nvidia/*/lib/{library}*"))


def test_the_check_starts_there(pack):
    done = subprocess.run([pack / "run.sh", "--look"], cwd="/", env=environment(pack), capture_output=True, text=True)
    assert done.returncode == 0 or done.stderr.startswith("gpu-check: not run: "), done.stderr
    assert (pack / "build/cuda-version").read_text().strip().partition(".")[0].isdigit()


def test_its_pipeline_reads_its_images(pack):
    done = subprocess.run([pack / "build/bin/datamon-pipeline", pack / "data/imagenet-like", "--steps", "1", "--json"],
                          cwd="/", env=environment(pack), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
