"""datamon run: the command's own streams, signals and exit code."""

import os
import pty
import shlex
import signal
import subprocess
import time

import pytest

from programs import DATAMON, PIPELINE, datamon, environment


def until(condition, seconds=120):
    """Waits for it; so long only where it never comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_code_is_the_commands(tmp_path, code):
    assert datamon("run", "--", "sh", "-c", f"exit {code}", cwd=tmp_path).returncode == code


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV"])
def test_death_by_signal_is_128_plus_n(tmp_path, name):
    done = datamon("run", "--", "sh", "-c", f"ulimit -c 0; kill -{name} $$", cwd=tmp_path)
    assert done.returncode == 128 + getattr(signal, "SIG" + name)


def test_not_found_and_not_executable(tmp_path):
    missing = datamon("run", "--", "no-such-program", cwd=tmp_path)
    assert missing.returncode == 127
    assert "cannot run no-such-program" in missing.stderr and "PATH" in missing.stderr
    assert datamon("run", "--", "/etc/passwd", cwd=tmp_path).returncode == 126
    assert list(tmp_path.iterdir()) == []  # no empty recording is left behind


def test_arguments_arrive_as_typed(tmp_path):
    words = ["a b", "", "--", "--dir", "-h", "*", "x\ny", "--json"]
    done = datamon("run", "--", "printf", "[%s]", *words, cwd=tmp_path)
    assert done.stdout == "".join(f"[{w}]" for w in words)
    without_mark = datamon("run", "printf", "[%s]", "-h", "--", "x", cwd=tmp_path)
    assert without_mark.stdout == "[-h][--][x]"


def test_standard_streams_are_untouched(tmp_path):
    data = bytes(range(256)) * 1000
    done = subprocess.run([DATAMON, "run", "--", "cat"], input=data, capture_output=True,
                          cwd=tmp_path, env=environment())
    assert done.stdout == data
    assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"datamon: nothing was recorded")


def test_the_command_keeps_the_terminal(tmp_path):
    controller, terminal = pty.openpty()
    done = subprocess.Popen([DATAMON, "run", "--", "sh", "-c", "test -t 0 && test -t 1 && echo yes"],
                            stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL,
                            cwd=tmp_path, env=environment())
    assert done.wait(timeout=120) == 0
    assert b"yes" in os.read(controller, 100)


def test_settings_become_the_monitors_variables(tmp_path):
    done = datamon("run", "--dir", "rec", "--max-mb", "5", "--budget", "0.2", "--", "env", cwd=tmp_path)
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert seen["MON"] == "1" and seen["MON_DIR"] == str(tmp_path / "rec")
    assert seen["MON_MAX_MB"] == "5" and seen["MON_BUDGET"] == "0.2"
    assert "libdatamon.so.0" in seen["MON_LIBRARY"]
    from_environment = datamon("run", "--", "env", cwd=tmp_path, MON_MAX_MB="9")
    assert "MON_MAX_MB=9" in from_environment.stdout


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "USR1"])
def test_signals_are_passed_on(tmp_path, name):
    script = f"trap 'echo got; exit 5' {name}; echo ready; while :; do sleep 0.05; done"
    child = subprocess.Popen([DATAMON, "run", "--", "sh", "-c", script], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, cwd=tmp_path, env=environment(), text=True)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(getattr(signal, "SIG" + name))
    assert child.stdout.readline() == "got\n"
    assert child.wait(timeout=120) == 5


def test_ignored_signals_stay_ignored(tmp_path):
    """nohup datamon run ... survives a hang-up."""
    child = subprocess.Popen(["sh", "-c", f"trap '' HUP; exec \"{DATAMON}\" run -- sh -c 'echo ready; sleep 0.5; exit 3'"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path,
                             env=environment(), text=True)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGHUP)
    assert child.wait(timeout=120) == 3


def test_says_where_it_recorded_and_what_next(tmp_path, photos):
    done = datamon("run", "--", PIPELINE, photos, "--steps", "3", "--batch", "2", cwd=tmp_path)
    folders = list(tmp_path.glob("datamon-*"))
    assert len(folders) == 1
    assert f"datamon: recorded in {folders[0].name}" in done.stderr
    assert f"next: datamon report {folders[0].name}" in done.stderr
    again = datamon("run", "--dir", folders[0].name, "--", "true", cwd=tmp_path)
    assert again.returncode == 125 and "already holds a recording" in again.stderr


def test_what_is_next_can_be_typed_as_it_is(tmp_path, photos):
    done = datamon("run", "--dir", "my runs/it's", "--", PIPELINE, photos, "--steps", "3", "--batch",
                   "2", cwd=tmp_path)
    words = shlex.split(done.stderr.split("next: datamon ")[1])
    assert words == ["report", "my runs/it's"]
    assert datamon(*words, cwd=tmp_path).returncode == 0


def test_errors_of_ours(tmp_path):
    assert datamon("run", cwd=tmp_path).returncode == 2
    assert datamon("run", "--dir", "/proc/nowhere/x", "--", "true").returncode == 125
    bad = datamon("run", "--max-mb", "lots", "--", "true")
    assert bad.returncode == 2 and "--max-mb" in bad.stderr and "datamon run --help" in bad.stderr


def test_a_killed_job_is_readable(tmp_path, photos):
    child = subprocess.Popen([DATAMON, "run", "--dir", "rec", "--", PIPELINE, photos, "--workers", "2",
                              "--batch", "2", "--epochs", "0", "--seconds", "600"], cwd=tmp_path,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(),
                             text=True)
    until(lambda: "steps" in datamon("report", "rec", cwd=tmp_path).stdout)
    pid = int(subprocess.check_output(["pgrep", "-P", str(child.pid)], text=True).split()[0])
    os.kill(pid, signal.SIGKILL)
    assert child.wait(timeout=120) == 128 + signal.SIGKILL
    assert "next: datamon report rec" in child.stderr.read()
    report = datamon("report", "rec", cwd=tmp_path)
    assert report.returncode == 0 and "steps" in report.stdout


def test_cupti_is_offered_to_the_driver(tmp_path):
    show = ["--", "sh", "-c", "echo $MON_CUPTI $CUDA_INJECTION64_PATH"]
    done = datamon("run", "--cupti", *show, cwd=tmp_path)
    assert done.returncode == 0
    on, path = done.stdout.split()
    assert on == "1" and os.path.basename(path) == "libdatamon-cupti.so" and os.path.exists(path)
    if not os.path.exists("/dev/nvidiactl"):
        assert "--cupti records nothing here: there is no NVIDIA driver" in done.stderr


def test_cupti_leaves_the_place_to_another_tool(tmp_path):
    taken = datamon("run", "--cupti", "--", "true", cwd=tmp_path, CUDA_INJECTION64_PATH="/a/tool.so")
    assert taken.returncode == 125 and "/a/tool.so" in taken.stderr
