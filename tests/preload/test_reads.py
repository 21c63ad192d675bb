"""Reads of data files: what the program gets, and what the recording says of it."""

import os
import signal
import sys

from jobs import BIN, SHIM, files, record, report, run, stage

READS = BIN / "preload_reads_job"


def test_every_way_of_reading_is_counted_and_changes_nothing(tmp_path, text):
    plain = run(READS, text, cwd=tmp_path)
    done, found = record(READS, text, cwd=tmp_path)
    assert done.stdout == plain.stdout
    size = text.stat().st_size
    seen = files(found)["lines.txt"]
    assert seen["file_bytes"] == size
    # read, dup, pread, preadv, readv; fread, getc, fgets, getline; the first bytes and the child's rest.
    assert seen["bytes_read"] == 9 * size + size
    assert seen["bytes_mapped"] == size
    # By descriptor, by its duplicate, by stream; parent and child share an opening that was read.
    assert seen["uses"] == 4
    assert found["files"]["distinct"] == 1
    assert stage(found, "read")["bytes"] == seen["bytes_read"]
    assert stage(found, "read")["count"] == seen["reads"] == found["files"]["reads"]


def test_what_was_read_before_a_kill_is_there(tmp_path, text):
    done, found = record(READS, text, "kill", cwd=tmp_path, check=False)
    assert done.returncode == 128 + signal.SIGKILL
    assert files(found)["lines.txt"]["bytes_read"] == 10 * text.stat().st_size + 100


def test_without_mon_the_library_records_nothing(tmp_path, text):
    plain = run(READS, text, cwd=tmp_path)
    preloaded = run(READS, text, cwd=tmp_path, LD_PRELOAD=str(SHIM))
    assert preloaded.stdout == plain.stdout and preloaded.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_relative_paths_are_the_same_file(tmp_path, text):
    script = f"cat {text} >/dev/null; cd {text.parent}; cat lines.txt ./lines.txt > /dev/null"
    _, found = record("sh", "-c", script, cwd=tmp_path)
    assert found["files"]["distinct"] == 1 and found["files"]["uses"] == 3
    assert list(files(found)) == ["lines.txt"]


def test_code_and_configuration_are_no_data(tmp_path):
    program = tmp_path / "train.py"
    program.write_text("import json, sysconfig\nopen('settings.yaml').read()\n")
    (tmp_path / "settings.yaml").write_text("a: 1\n")
    done, found = record(sys.executable, program, cwd=tmp_path)
    assert found is None and b"nothing was recorded" in done.stderr


def test_python_reads(tmp_path, text):
    """Also behind a child that closes all descriptors in its parent's memory (vfork)."""
    program = tmp_path / "train.py"
    program.write_text(
        "import subprocess, sys\n"
        "file = open(sys.argv[1], 'rb', buffering=0)\n"
        "subprocess.run(['/bin/true'], close_fds=True)\n"
        "assert len(file.read()) == int(sys.argv[2])\n")
    size = text.stat().st_size
    _, found = record(sys.executable, program, text, size, cwd=tmp_path)
    assert files(found)["lines.txt"]["bytes_read"] == size
    assert found["job"]["processes"] == 1


def test_a_page_without_a_consumer_still_says_where_the_time_went(tmp_path, text):
    record("cat", text, cwd=tmp_path)
    found = report(tmp_path / "rec")
    assert found["verdict"]["label"] == "insufficient-data"
    assert found["remedies"] and found["next"]
    page = run(BIN / "datamon", "report", tmp_path / "rec", cwd=tmp_path).stdout.decode()
    assert "1 data file" in page and "read" in page


def test_many_files_stay_bounded_and_their_number_is_known(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    count = 9000
    for i in range(count):
        (folder / f"{i}.bin").write_bytes(b"x" * (1 + i % 7))
    program = tmp_path / "train.py"
    program.write_text(
        "import os, sys\n"
        "for name in os.listdir(sys.argv[1]):\n"
        "    fd = os.open(f'{sys.argv[1]}/{name}', os.O_RDONLY); os.read(fd, 100); os.close(fd)\n")
    _, found = record(sys.executable, program, folder, cwd=tmp_path)
    assert found["files"]["uses"] == count
    assert found["files"]["bytes_read"] == sum(1 + i % 7 for i in range(count))
    assert found["files"]["distinct_estimated"]
    assert abs(found["files"]["distinct"] - count) < 0.08 * count  # five standard errors
    recorded = sum(file.stat().st_size for file in (tmp_path / "rec").glob("*.mon"))
    assert recorded < 8 << 20


def test_a_job_with_an_allocator_of_its_own(tmp_path, text):
    found = [path for path in ("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
                               "/usr/lib/aarch64-linux-gnu/libjemalloc.so.2") if os.path.exists(path)]
    if not found:
        import pytest
        pytest.skip("no libjemalloc2")
    plain = run(READS, text, cwd=tmp_path, LD_PRELOAD=found[0])
    done, seen = record(READS, text, cwd=tmp_path, LD_PRELOAD=found[0])
    assert done.stdout == plain.stdout
    assert files(seen)["lines.txt"]["bytes_read"] == 10 * text.stat().st_size
