"""Python's own nvtx package, through `datamon run` as a user types it."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

DATAMON = pathlib.Path(os.environ["DATAMON_BIN"]) / "datamon"
TOOL = os.environ["NVTX_TOOL"]
JOB = """
import nvtx, time

@nvtx.annotate("augment", domain="mine")
def augment(): time.sleep(0.0002)

loader = nvtx.get_domain("loader")
attributes = loader.get_event_attributes(message="decode", payload=7)
for step in range(60):
    with nvtx.annotate("data loading"):
        loader.push_range(attributes)
        time.sleep(0.0005)
        loader.pop_range()
        augment()
    with nvtx.annotate(f"batch {step}"), nvtx.annotate("Forward"):
        time.sleep(0.0005)
    nvtx.mark("mark")
    nvtx.end_range(nvtx.start_range(message="copy"))
"""


def environment(**more):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("MON", "NVTX_INJECTION")) and k != "COUNTING_TOOL"}
    return {**kept, **more}


def run(tmp_path, *options, job=JOB, **more):
    done = subprocess.run([DATAMON, "run", "--dir", "rec", *options, "--", sys.executable, "-c", job],
                          cwd=tmp_path, env=environment(**more), capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return done


def stages(tmp_path):
    """How many slices each stage has; intervals show as counters."""
    done = subprocess.run([DATAMON, "trace", "rec", "--all", "-o", "trace.json"], cwd=tmp_path,
                          env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    counts = {}
    for event in json.loads((tmp_path / "trace.json").read_text())["traceEvents"]:
        if event["ph"] == "X" or event["name"].endswith(" under way"):
            counts[event["name"]] = counts.get(event["name"], 0) + 1
    return counts


def calls(tmp_path):
    files = list(tmp_path.glob("calls.*"))
    assert len(files) == 1
    lines = (line.rsplit(" ", 1) for line in files[0].read_text().splitlines())
    return {name: int(number) for name, number in lines}


def test_ranges_become_spans(tmp_path):
    done = run(tmp_path, "--nvtx-in")
    assert "datamon: recorded in rec" in done.stderr
    seen = stages(tmp_path)
    for name in ("wait", "decode", "augment", "batch #", "compute"):
        assert seen[name] == 60, seen
    assert seen["copy under way"] > 60
    report = subprocess.run([DATAMON, "report", "rec", "--json"], cwd=tmp_path, env=environment(),
                            capture_output=True, text=True, timeout=60)
    classes = {stage["name"]: stage["class"] for stage in json.loads(report.stdout)["stages"]}
    assert classes["wait"] == "wait" and classes["compute"] == "compute"
    assert classes["decode"] == "decode" and classes["augment"] == "other"


def test_rules_as_an_option(tmp_path):
    run(tmp_path, "--nvtx-in", "--nvtx-rules", "aug*=transform/*;batch *=-;mine/*=read")
    seen = stages(tmp_path)
    assert seen["transform/augment"] == 60 and "batch #" not in seen and "read" not in seen


def test_a_tool_that_was_there_stays(tmp_path):
    run(tmp_path, "--nvtx-in", NVTX_INJECTION64_PATH=TOOL, COUNTING_TOOL=str(tmp_path / "calls"))
    assert stages(tmp_path)["decode"] == 60
    seen = calls(tmp_path)
    assert seen["push"] == seen["pop"] == 5 * 60
    assert seen["mark"] == seen["start"] == seen["end"] == 60
    assert seen["loader/decode"] == seen["mine/augment"] == 60
    assert not [name for name in seen if "foreign" in name]


def test_structured_payloads_reach_the_tool(tmp_path):
    job = """
import numpy, nvtx
value = numpy.array((1, 2.0), dtype=[("a", numpy.int32), ("b", numpy.float64)])
domain = nvtx.get_domain("structured")
for _ in range(5):
    attributes = domain.get_event_attributes(message="decode", payload=value)
    domain.push_range(attributes)
    domain.pop_range()
"""
    run(tmp_path, "--nvtx-in", job=job, NVTX_INJECTION64_PATH=TOOL,
        COUNTING_TOOL=str(tmp_path / "calls"))
    assert stages(tmp_path)["decode"] == 5
    seen = calls(tmp_path)
    assert seen["schema"] >= 1 and "foreign domain" not in seen, seen
    assert seen["structured/decode"] == 5


def test_without_the_option_nothing_is_loaded(tmp_path):
    run(tmp_path, job=JOB + "assert 'datamon-nvtx' not in open('/proc/self/maps').read()\n")


@pytest.mark.parametrize("name", ["forkserver", "spawn", "fork"])
def test_worker_processes(tmp_path, name):
    job = tmp_path / "job.py"
    job.write_text(f"""
import multiprocessing, nvtx

def work(number):
    with nvtx.annotate("decode"):
        pass

if __name__ == "__main__":
    with nvtx.annotate("Forward"):
        pass
    context = multiprocessing.get_context("{name}")
    workers = [context.Process(target=work, args=(i,)) for i in range(3)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
""")
    run(tmp_path, "--nvtx-in", job=f"import runpy; runpy.run_path({str(job)!r}, run_name='__main__')")
    seen = stages(tmp_path)
    assert seen["decode"] == 3 and seen["compute"] == 1
