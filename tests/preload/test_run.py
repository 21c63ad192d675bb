"""datamon run: what it preloads, and what it says where it cannot."""

import os
import shutil
import stat
import sys

import pytest

from jobs import DATAMON, SHIM, files, record, run


def preloaded(done):
    lines = dict(line.split("=", 1) for line in done.stdout.decode().splitlines() if "=" in line)
    return lines.get("LD_PRELOAD")


def test_keeps_what_the_user_preloads(tmp_path):
    done, _ = record("env", cwd=tmp_path)
    assert preloaded(done) == str(SHIM)
    theirs = str(SHIM.parent / "libdatamon.so.0")
    done, _ = record("env", cwd=tmp_path, LD_PRELOAD=theirs)
    assert preloaded(done) == f"{theirs}:{SHIM}"


def test_can_be_switched_off(tmp_path, text):
    for options, more in [(["--no-preload"], {}), ([], {"MON_PRELOAD": "0"})]:
        done, found = record("cat", text, cwd=tmp_path, options=options, **more)
        assert found is None and done.stdout == text.read_bytes()
    done, _ = record("env", cwd=tmp_path, options=["--no-preload"], LD_PRELOAD="")
    assert not preloaded(done)


BUSYBOX = shutil.which("busybox")


@pytest.mark.skipif(BUSYBOX is None, reason="no busybox-static")
def test_static_command(tmp_path, text):
    done, found = record(BUSYBOX, "cat", text, cwd=tmp_path)
    assert found is None and done.stdout == text.read_bytes()
    assert b"statically linked" in done.stderr and done.stderr.count(b"\n") == 1


@pytest.mark.skipif(BUSYBOX is None, reason="no busybox-static")
def test_exec_of_a_static_program(tmp_path, text):
    done, found = record("sh", "-c", f"cat {text}; exec {BUSYBOX} cat {text}", cwd=tmp_path)
    assert done.stdout == 2 * text.read_bytes()
    assert files(found)["lines.txt"]["uses"] == 1


def test_exec_of_a_program_that_reads_too(tmp_path, text):
    program = tmp_path / "train.py"
    program.write_text("import os, sys\nopen(sys.argv[1]).read(); os.execvp('cat', ['cat', sys.argv[1]])\n")
    done, found = record(sys.executable, program, text, cwd=tmp_path)
    assert done.stdout == text.read_bytes()
    assert files(found)["lines.txt"]["uses"] == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_set_user_id_command(tmp_path, text):
    program = tmp_path / "theirs"
    shutil.copy(shutil.which("cat"), program)
    os.chown(program, 65534, 65534)
    program.chmod(program.stat().st_mode | stat.S_ISUID)
    done, found = record(program, text, cwd=tmp_path, check=False)
    assert found is None and b"set-user-ID" in done.stderr


def test_scripts_are_judged_by_their_interpreter(tmp_path, text):
    script = tmp_path / "job"
    script.write_text(f"#!{BUSYBOX or '/bin/sh'} sh\ncat {text} >/dev/null\n")
    script.chmod(0o755)
    done, found = record(script, cwd=tmp_path)
    if BUSYBOX:
        assert b"statically linked" in done.stderr
    else:
        assert found is not None


def test_a_command_of_nothing(tmp_path):
    done = run(DATAMON, "run", "--", "true", cwd=tmp_path)
    assert b"nothing was recorded" in done.stderr and b"data file" in done.stderr
    assert list(tmp_path.iterdir()) == []
