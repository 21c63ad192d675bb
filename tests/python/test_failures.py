"""A job that fails fails as without datamon: same messages, tracebacks, exit codes."""

import os
import signal
import subprocess
import time

import pytest

from running import JOBS, TORCH, Job, assert_same, both, environment, interrupt_group, job


def test_same_tracebacks(tmp_path):
    recorded, plain = both(lambda **how: job("failures.py", **how), tmp_path)
    assert plain.code == 1
    assert_same(recorded, plain)
    assert b"Complaint: the last one" in plain.stderr and plain.stderr.count(b"Traceback") > 20
    assert b"datamon" not in recorded.stderr
    spans = recorded.recording.spans()
    assert spans["fetch"] > 60 and spans["init"] > 12
    assert recorded.recording.report()["monitor"]["mismatched_ends"] == 0


def heed_interrupts():
    """A shell starts what it runs in the background without them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def endless(tmp_path):
    started = []

    def start(mon):
        folder = tmp_path / ("with" if mon else "without")
        folder.mkdir()
        more = {"MON": "1", "MON_DIR": str(folder / "recording")} if mon else {}
        child = subprocess.Popen([TORCH, JOBS / "endless.py"], cwd=folder, env=environment(**more),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True, preexec_fn=heed_interrupts)
        started.append(child)
        return child, folder

    yield start
    for child in started:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def workers_of(child):
    listed = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True).stdout
    return [int(pid) for pid in listed.split()]


def finish(child, folder):
    stdout, stderr = child.communicate(timeout=60)
    return Job(subprocess.CompletedProcess([], child.returncode, stdout, stderr),
               folder / "recording")


def test_ctrl_c(endless):
    ends = []
    for child, folder in [endless(True), endless(False)]:
        assert child.stdout.readline() == b"running\n"
        interrupt_group(child)
        ends.append(finish(child, folder))
    recorded, plain = ends
    assert recorded.code == plain.code == -signal.SIGINT
    assert recorded.stderr.rstrip().endswith(b"KeyboardInterrupt") and b"datamon" not in recorded.stderr
    spans = recorded.recording.spans()
    assert spans["compute"] >= 20 and spans["fetch"] >= 40


def test_killed(endless):
    child, folder = endless(True)
    assert child.stdout.readline() == b"running\n"
    workers = workers_of(child)
    assert len(workers) == 2
    child.kill()
    ended = finish(child, folder)
    assert ended.code == -signal.SIGKILL
    spans = ended.recording.spans()
    assert spans["compute"] >= 20 and spans["fetch"] >= 40
    assert ended.recording.report()["job"]["ended_cleanly"] is False
    until = time.monotonic() + 60  # workers look for their parent every 5 s
    while any(os.path.exists(f"/proc/{pid}") for pid in workers):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_killed_worker(endless):
    """Where PyTorch notices it, and in which words it says so, is left to chance."""
    for mon in (True, False):
        child, folder = endless(mon)
        assert child.stdout.readline() == b"running\n"
        os.kill(workers_of(child)[0], signal.SIGKILL)
        ended = finish(child, folder)
        assert ended.code == 1
        assert b"Traceback" in ended.stderr and b"datamon" not in ended.stderr
        if mon:
            assert ended.recording.spans()["fetch"] >= 40
