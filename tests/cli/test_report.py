"""datamon report and doctor: text, JSON, and what goes wrong."""

import json
import re
import subprocess

import jsonschema
import pytest

from programs import DATAMON, SCHEMA, as_json, datamon, environment


def test_json_follows_the_schema(recording):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    report = as_json("report", recording)
    jsonschema.validate(report, SCHEMA)
    names = {stage["name"] for stage in report["stages"]}
    assert {"read", "decode", "collate"} <= names
    assert len(report["workers"]) == 2
    assert report["throughput"]["items_per_s"] > 0


def test_schema_refuses_other_words(recording):
    report = as_json("report", recording)
    report["verdict"]["label"] = "slow"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, SCHEMA)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_text_fits_the_width(recording, width):
    text = datamon("report", recording, "--width", width).stdout
    assert "\x1b" not in text
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    for part in ("confidence:", "making batches", "workers", "cores", "start-up", "monitor",
                 "what would help", "next: datamon trace"):
        assert part in text


def test_colours_only_where_wanted(recording):
    assert "\x1b[" in datamon("report", recording, "--color", "always").stdout
    assert "\x1b" not in datamon("report", recording).stdout
    on_terminal = ["script", "-qec", f"'{DATAMON}' report {recording}", "/dev/null"]
    seen = lambda **more: subprocess.run(on_terminal, capture_output=True, text=True,
                                         env=environment(TERM="xterm", **more)).stdout
    assert "\x1b[" in seen()
    assert "\x1b[" not in seen(NO_COLOR="1")


def test_c_locale_gets_ascii(recording):
    text = datamon("report", recording, LC_ALL="C").stdout
    assert text.isascii() and "#" in text


def test_newest_recording_is_the_default(recording):
    found = datamon("report", cwd=recording.parent)
    assert found.returncode == 0 and "next: datamon trace" in found.stdout


def test_no_recording_says_how_to_make_one(tmp_path):
    nothing = datamon("report", cwd=tmp_path)
    assert nothing.returncode == 1
    assert "no recording below" in nothing.stderr and "datamon run --" in nothing.stderr
    missing = datamon("report", tmp_path / "missing")
    assert missing.returncode == 1 and "missing" in missing.stderr
    (tmp_path / "empty").mkdir()
    assert datamon("report", tmp_path / "empty").returncode == 1


def test_unknown_loader_names_those_there_are(recording):
    done = datamon("report", recording, "--loader", "7")
    assert done.returncode == 1 and "--loader takes one of: 0" in done.stderr


def test_damage_is_reported_and_survived(recording, tmp_path):
    whole = next(recording.glob("*.mon")).read_bytes()
    (tmp_path / "a.mon").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.mon").write_bytes(b"\x00" * 5000)
    report = as_json("report", tmp_path)
    jsonschema.validate(report, SCHEMA)
    assert any(problem["file"] == "b.mon" for problem in report["problems"])
    assert "problems with the recording" in datamon("report", tmp_path).stdout


def test_output_file(recording, tmp_path):
    target = tmp_path / "out.json"
    assert datamon("report", recording, "--json", "-o", target).returncode == 0
    jsonschema.validate(json.loads(target.read_text()), SCHEMA)
    failed = datamon("report", recording, "-o", tmp_path / "no" / "out")
    assert failed.returncode == 1 and "No such file" in failed.stderr
    full = subprocess.run(f"'{DATAMON}' report {recording} > /dev/full", shell=True,
                          capture_output=True, env=environment())
    assert full.returncode == 1 and b"No space left" in full.stderr


def test_doctor(tmp_path):
    done = datamon("doctor", cwd=tmp_path)
    assert done.returncode == 0
    assert "jobs can be recorded" in done.stdout and "next: datamon run" in done.stdout
    found = json.loads(datamon("doctor", "--json", cwd=tmp_path).stdout)
    assert found["can_record"] and {"name", "status", "reason", "remedy"} <= set(found["capabilities"][0])
    broken = datamon("doctor", cwd=tmp_path, MON_LIBRARY="/nowhere/lib.so")
    assert broken.returncode == 1 and "CANNOT" in broken.stdout


def test_wrong_usage_exits_with_2():
    for words in (["nonsense"], ["report", "--nonsense"], [], ["report", "x", "--color", "pink"]):
        done = datamon(*words)
        assert done.returncode == 2 and done.stderr
    assert re.match(r"datamon \d+\.\d+\.\d+\n", datamon("--version").stdout)
