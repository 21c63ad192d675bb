"""datamon trace: where the file goes. What is in it: tests/trace."""

import json
import subprocess

import pytest

from programs import BIN, datamon


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced") / "r"
    subprocess.run([BIN / "make_recording", "loader", folder], check=True)
    return folder


def test_without_a_name_it_is_trace_json_here(traced, tmp_path):
    done = datamon("trace", traced, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "trace.json").read_text())["otherData"]["slices"] > 0
    assert "in trace.json" in done.stderr and "next: open it" in done.stderr
    assert "vizviewer trace.json" in done.stderr


def test_what_is_there_is_kept_unless_forced(traced, tmp_path):
    (tmp_path / "trace.json").write_text("mine")
    kept = datamon("trace", traced, cwd=tmp_path)
    assert kept.returncode == 1 and "trace.json exists; use -f" in kept.stderr
    assert (tmp_path / "trace.json").read_text() == "mine"
    assert datamon("trace", traced, "-f", cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "trace.json").read_text())


def test_a_time_without_spans_says_so(traced, tmp_path):
    done = datamon("trace", traced, "--from", "900", cwd=tmp_path)
    assert done.returncode == 0
    assert "no span touches the time asked for" in done.stderr
    assert f"next: datamon report {traced}" in done.stderr and "open it" not in done.stderr


@pytest.mark.parametrize("option", ["--from", "--to"])
@pytest.mark.parametrize("value", ["1s", "2,5", "soon"])
def test_times_are_seconds(traced, tmp_path, option, value):
    done = datamon("trace", traced, option, value, cwd=tmp_path)
    assert done.returncode == 2
    assert f"{option}: must be seconds, as in 30 or 32.5, not '{value}'" in done.stderr
