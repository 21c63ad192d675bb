"""datamon report --kineto and --megengine-log."""

import gzip
import json
import subprocess

import jsonschema
import pytest

from programs import DATAMON, SCHEMA, SOURCE, datamon, environment

GOLDEN = SOURCE / "tests" / "report" / "import" / "golden"
GPU_TRACE = SOURCE / "fuzz" / "corpus" / "kineto" / "gpu.json"
TRACES = sorted(GOLDEN.glob("*.json.gz")) + [GPU_TRACE]
LOGS = [log for log in sorted(GOLDEN.glob("*.log")) if log.stem != "megengine-serial-crash"]
FILES = [("--kineto", path) for path in TRACES] + [("--megengine-log", path) for path in LOGS]
ids = [path.name for _, path in FILES]


@pytest.mark.parametrize("option, path", FILES, ids=ids)
def test_json_follows_the_schema(option, path):
    report = json.loads(datamon("report", option, path, "--json").stdout)
    jsonschema.validate(report, SCHEMA)
    assert report["import"]["file"] == str(path)
    assert report["import"]["missing"]
    assert ("gpu" in report) == (path == GPU_TRACE)


@pytest.mark.parametrize("option, path", FILES, ids=ids)
def test_text_fits_the_screen(option, path):
    done = datamon("report", option, path, "--width", 80)
    assert done.returncode == 0 and not done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    for part in ("source", "what it cannot say", "what would help", "next: MON=1"):
        assert part in done.stdout
    assert "monitor " not in done.stdout.split("what it cannot say")[0].replace("data monitor", "")
    assert f"cores     not in the {'trace' if option == '--kineto' else 'log'}" in done.stdout
    assert "doctor" not in done.stdout


def test_gpus_are_shown():
    text = datamon("report", "--kineto", GPU_TRACE).stdout
    assert "idle for want of data" in text and "PAGEABLE" in text
    assert "NVIDIA H100 · busy" in text and "kernel time: sgemm 100 %" in text


def test_a_pipe_is_read():
    for option, path, value in (("--kineto", TRACES[0], "-"), ("--megengine-log", LOGS[0], "-")):
        text = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
        done = subprocess.run([DATAMON, "report", option, value], input=text, capture_output=True,
                              env=environment(), timeout=60)
        assert done.returncode == 0, done.stderr


def test_a_recording_in_the_environment_does_not_matter(tmp_path):
    assert datamon("report", "--kineto", TRACES[0], MON_DIR=str(tmp_path)).returncode == 0


def test_errors_name_the_file_and_what_to_do(tmp_path):
    missing = datamon("report", "--kineto", tmp_path / "no.json")
    assert missing.returncode == 1 and "no.json" in missing.stderr
    other = tmp_path / "other.json"
    other.write_text('{"a": 1}')
    wrong = datamon("report", "--kineto", other)
    assert wrong.returncode == 1 and "export_chrome_trace" in wrong.stderr
    log = tmp_path / "a.log"
    log.write_text("nothing\n")
    none = datamon("report", "--megengine-log", log)
    assert none.returncode == 1 and "MGE_DATA_MONITOR=1" in none.stderr
    both = datamon("report", "--kineto", other, "--megengine-log", log)
    assert both.returncode != 0
