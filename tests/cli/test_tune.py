"""`datamon tune` on real jobs. What they take is sleep, far longer than any machine's
noise, so that more workers help everywhere."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from programs import DATAMON, PIPELINE, datamon, environment

READING = ["--batch", "2", "--compute-ms", "4", "--slow", "read=+25ms", "--epochs", "100000"]


def tune(tmp_path, *command, options=(), **more):
    return datamon("tune", "--time-budget", "3m", *options, "--", *command, cwd=tmp_path, **more)


def answer(tmp_path, *command, options=(), **more):
    done = tune(tmp_path, *command, options=("--json", *options), **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def left_running(mark):
    """Processes whose command line holds `mark`."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "cmdline").read_bytes().decode(errors="replace"):
                found.append(process.name)
        except OSError:
            pass
    return found


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_raises_the_workers_of_a_reading_job(tmp_path, photos):
    found = answer(tmp_path, PIPELINE, photos, "--workers", "1", *READING)
    first, *others = found["trials"]
    assert first["setting"]["workers"] == 1
    assert first["forecast_items_per_s"] is None
    assert others and others[0]["forecast_items_per_s"]["value"] > first["items_per_s"]["value"]
    best = found["best"]
    assert best["setting"]["workers"] >= 4
    assert best["speedup"] > 2
    assert best["code"].startswith(f"--workers {best['setting']['workers']} --prefetch ")
    chosen = found["trials"][best["trial"]]
    assert chosen["setting"] == best["setting"]
    # The trial really ran with that setting: its own recording says so.
    report = json.loads(datamon("report", chosen["recording"], "--json").stdout)
    notes = {note["key"]: note["value"] for note in report["job"]["notes"]}
    assert notes["loader.workers"] == str(best["setting"]["workers"])
    assert notes["loader.prefetch"] == str(best["setting"]["prefetch"])
    assert len(found["trials"]) <= 6
    assert not left_running(str(photos))


def test_says_it_to_people(tmp_path, photos):
    done = tune(tmp_path, PIPELINE, photos, "--workers", "1", *READING, options=["--trials", "2"])
    assert done.returncode == 0 and done.stderr == ""
    text = done.stdout
    assert "1 worker, prefetch 2" in text and "as it is" in text
    assert "use: --workers" in text and "as fast as now (measured)" in text
    assert "ended because" in text
    assert "next: datamon report" in text
    assert max(map(len, text.splitlines()[:-1])) <= 100


def test_keeps_a_setting_that_nothing_beats(tmp_path, photos):
    found = answer(tmp_path, PIPELINE, photos, "--workers", "2", "--batch", "2", "--compute-ms", "60",
                   "--epochs", "100000")
    assert found["best"]["trial"] == 0 and found["best"]["speedup"] == 1
    assert found["trials"][0]["verdict"] == "compute-bound"


def test_a_job_that_ends_too_early_says_so(tmp_path, photos):
    done = tune(tmp_path, PIPELINE, photos, "--batch", "2", "--steps", "4")
    assert done.returncode == 1
    assert "too few to measure; give it more steps" in done.stderr


def test_a_job_that_ends_by_itself_is_measured(tmp_path, photos):
    found = answer(tmp_path, PIPELINE, photos, "--batch", "2", "--steps", "30", "--workers", "1",
                   "--slow", "read=+25ms", options=["--trials", "2"])
    assert 5 <= found["trials"][0]["steady_steps"] <= 30


def test_a_job_that_fails_shows_its_error(tmp_path):
    done = tune(tmp_path, "sh", "-c", "echo hidden; echo broken thing >&2; exit 7")
    assert done.returncode == 7
    assert "exit code 7" in done.stderr and "broken thing" in done.stderr
    assert "hidden" not in done.stdout + done.stderr
    folder, = tmp_path.glob("datamon-tune-*")
    assert (folder / "trial-1" / "stdout").read_text() == "hidden\n"


def test_commands_that_cannot_be_run(tmp_path):
    assert tune(tmp_path, "no-such-program").returncode == 127
    assert tune(tmp_path, "/etc/passwd").returncode == 126
    assert datamon("tune", cwd=tmp_path).returncode == 2
    nothing = tune(tmp_path, "true")
    assert nothing.returncode == 1 and "nothing was recorded" in nothing.stderr


@pytest.mark.parametrize("option, value, said", [("--time-budget", "soon", "with its unit"),
                                                 ("--time-budget", "0", "with its unit"),
                                                 ("--time-budget", "5", "90s, 5m or 1h, not '5'"),
                                                 ("--env", "NAME", "NAME=VALUE"),
                                                 ("--trials", "0", "one whole number from 1 to")])
def test_wrong_options(tmp_path, option, value, said):
    done = datamon("tune", option, value, "--", "true", cwd=tmp_path)
    assert done.returncode == 2 and option in done.stderr and said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_setting_that_breaks_the_job_is_not_chosen(tmp_path, photos):
    """With more than three workers it fails, as one does that has too little memory."""
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\ncase $MON_TUNE in keep|*workers=[0123],*) exec \"$@\";; esac\n"
                      "echo out of memory >&2\nexit 9\n")
    script.chmod(0o755)
    found = answer(tmp_path, script, PIPELINE, photos, "--workers", "1", *READING)
    failed = [trial for trial in found["trials"] if trial["failed"]]
    assert failed and "exit code 9" in failed[0]["note"] and "out of memory" in failed[0]["note"]
    assert found["best"]["setting"]["workers"] == 3


def test_ends_a_job_that_ignores_signals_and_its_children(tmp_path, photos):
    """Ones in another session, too."""
    mark = f"87654.{os.getpid()}"
    script = tmp_path / "job.sh"
    script.write_text(f"#!/bin/sh\ntrap '' INT TERM\nsetsid sleep {mark} &\nsleep {mark} &\n\"$@\"\n"
                      f"sleep {mark}\n")
    script.chmod(0o755)
    done = tune(tmp_path, script, PIPELINE, photos, "--batch", "2", "--compute-ms", "20", "--workers",
                "2", "--epochs", "100000", options=["--trials", "1"])
    assert done.returncode == 0, done.stderr
    assert "keep: --workers 2" in done.stdout
    assert not left_running(mark) and not left_running(str(photos))


def test_ctrl_c_prints_what_was_measured(tmp_path, photos):
    child = subprocess.Popen([DATAMON, "tune", "--dir", "trials", "--", PIPELINE, photos, "--workers",
                              "1", *READING], cwd=tmp_path, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=environment())
    until(lambda: (tmp_path / "trials" / "trial-2" / "stdout").exists())
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 130
    assert "1 worker, prefetch 2" in out and "interrupted" in out
    assert not left_running(str(photos))


def test_env_is_for_the_trials(tmp_path, photos):
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\necho \"[$WHERE]\"\nexec \"$@\"\n")
    script.chmod(0o755)
    done = tune(tmp_path, script, PIPELINE, photos, "--batch", "2", "--compute-ms", "20", "--epochs",
                "100000", options=["--trials", "1", "--dir", "t", "--env", "WHERE=a=b"])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "t/trial-1/stdout").read_text().startswith("[a=b]\n")


def test_a_malformed_setting_is_one_line_and_ignored(tmp_path, photos):
    for wrong in ["workers", "workers=x", "workers=-1", "workers=99999", "colour=3", "prefetch=0", ","]:
        done = subprocess.run([PIPELINE, photos, "--steps", "2", "--batch", "2", "--workers", "1"],
                              env=environment(MON_TUNE=wrong), capture_output=True, text=True)
        assert done.returncode == 0
        assert done.stderr.count("\n") == 1 and "MON_TUNE is not used" in done.stderr
        assert "1 worker thread" in done.stdout
