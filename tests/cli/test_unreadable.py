"""Recordings that cannot be read, or of which too little is left for an answer."""

import json
import subprocess

import jsonschema
import pytest

from programs import BIN, SCHEMA, datamon

READERS = [["report"], ["report", "--json"], ["forecast"], ["forecast", "--sweep"], ["trace", "-o", "-"]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "r"
    subprocess.run([BIN / "make_recording", "threads", folder], check=True)
    (file,) = folder.glob("*.mon")
    return file


@pytest.fixture
def beheaded(whole, tmp_path):
    """Nothing but the file's first page, which says whose it is."""
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / "1.mon").write_bytes(whole.read_bytes()[:4096])
    return tmp_path / "rec"


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize("content, why", [
    (b"", "empty file"),
    (b"x" * 100_000, "not a datamon recording"),
    (None, "ends inside its header"),
])
def test_nothing_to_read_is_an_error_in_one_line(tmp_path, whole, command, content, why):
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / "1.mon").write_bytes(whole.read_bytes()[:100] if content is None else content)
    done = datamon(command[0], "rec", *command[1:], cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("datamon: nothing in rec can be read: 1.mon at byte ")
    assert why in done.stderr and "datamon run -- COMMAND" in done.stderr


def test_a_file_that_is_none(tmp_path):
    done = datamon("report", "/etc/passwd")
    assert done.returncode == 1 and done.stdout == ""
    assert "nothing in /etc/passwd can be read" in done.stderr and done.stderr.count("\n") == 1
    (tmp_path / "trace.json").write_text("mine")
    assert datamon("trace", "-f", "/etc/passwd", cwd=tmp_path).returncode == 1
    assert (tmp_path / "trace.json").read_text() == "mine"


def test_what_can_be_read_is_told(tmp_path, whole):
    (tmp_path / "1.mon").write_bytes(b"")
    (tmp_path / "2.mon").write_bytes(whole.read_bytes())
    report = json.loads(datamon("report", tmp_path, "--json").stdout)
    assert report["consumer"]["steps"] > 0 and report["problems"][0]["file"] == "1.mon"


def test_damage_is_the_first_reason_for_no_verdict(beheaded):
    report = json.loads(datamon("report", beheaded, "--json").stdout)
    jsonschema.validate(report, SCHEMA)
    assert report["verdict"]["label"] == "insufficient-data"
    assert "1.mon at byte 4096: the file ends here" in report["verdict"]["why"][0]
    assert "record the job again" in report["remedies"][0]["change"]
    text = datamon("report", beheaded).stdout
    assert text.index("1.mon at byte 4096") < text.index("none was marked as consumer")


@pytest.mark.parametrize("options", [[], ["--sweep"], ["--workers", "4"]])
def test_without_a_forecast_the_report_says_why(beheaded, options):
    text = datamon("forecast", "rec", *options, cwd=beheaded.parent).stdout
    assert "no forecasts: nobody takes batches" in text
    assert text.endswith("\n  next: datamon report rec\n")
    assert "--sweep" not in text


def test_an_empty_trace_says_why(beheaded, tmp_path):
    done = datamon("trace", beheaded, "-o", tmp_path / "t.json")
    assert done.returncode == 0
    assert "0 slices" in done.stderr and "the recording is damaged" in done.stderr
    assert f"next: datamon report {beheaded}" in done.stderr
    assert "open it" not in done.stderr
