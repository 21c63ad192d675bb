"""A job with a GPU that is made up (tests/cupti), from datamon run to the report."""

import json

import jsonschema
import pytest

from programs import BIN, SCHEMA, datamon

LIBRARIES = BIN.parent / "lib"
FAKE = LIBRARIES / "libfake_cupti.so"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    done = datamon("run", "--cupti", "--no-preload", "--dir", folder / "rec", "--", BIN / "cupti_job",
                   LIBRARIES / "libdatamon-cupti.so", FAKE, "steps", cwd=folder, MON_CUPTI_LIBRARY=str(FAKE))
    assert done.returncode == 0, done.stderr
    return folder / "rec"


def test_json_says_what_the_device_did(recording):
    report = json.loads(datamon("report", recording, "--json").stdout)
    jsonschema.validate(report, SCHEMA)
    gpu = report["gpu"]
    assert gpu["causes_known"] and gpu["lost_records"] == 0
    (device,) = gpu["devices"]
    assert device["kernels"] == 30
    assert device["to_device_pinned"]["count"] == 30
    assert device["to_device_pinned"]["bytes"] == 30 << 20
    assert device["busy_s"] > 0
    parts = [device[part] for part in ("busy_s", "idle_data_s", "idle_host_s", "idle_copy_s", "idle_other_s")]
    assert sum(parts) == pytest.approx(device["window_s"])
    assert device["launches"]["kernels_per_step"] == pytest.approx(1, abs=0.1)


def test_text_shows_it(recording):
    text = datamon("report", recording).stdout
    assert "gpu 0" in text and "for want of data" in text and "after their launch" in text


def test_kernels_are_named(recording):
    (device,) = json.loads(datamon("report", recording, "--json").stdout)["gpu"]["devices"]
    first, second = device["longest_kernels"]
    assert first["name"] == "at::native::vectorized_elementwise_kernel" and first["count"] == 20
    assert second["name"] == "ampere_sgemm_128x64_nn" and second["count"] == 10
    assert first["share"] + second["share"] == pytest.approx(1)
    assert "kernel time: at::native::vectorized_elementwise_kernel" in datamon("report", recording).stdout


def test_the_trace_has_a_row_for_each_stream(recording, tmp_path):
    done = datamon("trace", recording, "-o", tmp_path / "trace.json")
    assert done.returncode == 0, done.stderr
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    rows = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    processes = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    of_row = {}
    for e in events:
        if e["ph"] == "X":
            of_row.setdefault((processes[e["pid"]], rows[e["pid"], e["tid"]]), []).append(e)
    assert len(of_row["GPU 0", "stream 7"]) == len(of_row["GPU 0", "stream 14"]) == 30
    assert {e["name"] for e in of_row["GPU 0", "stream 7"]} == {
        "at::native::vectorized_elementwise_kernel", "ampere_sgemm_128x64_nn"}
    assert all(e["args"]["memory"] == "pinned" and e["args"]["bytes"] == 1 << 20
               for e in of_row["GPU 0", "stream 14"])
    (calls,) = [found for (process, _), found in of_row.items() if process == "CUDA calls"]
    assert {e["name"] for e in calls} == {"wait for the device"}
