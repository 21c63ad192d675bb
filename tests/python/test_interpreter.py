"""Every way to start Python is recorded, or the user is told why not."""

import subprocess
import sys
import textwrap

import pytest

from running import BIN, LINE, TORCH, assert_same, both, environment, run

# A job without PyTorch: reads a file, and says what it sees of its start.
READS = """
import pathlib, sys
pathlib.Path(sys.executable).read_bytes()
print("ran", sys.argv[1:], sorted(set(sys.modules) & {"numpy", "torch", "PIL"}))
"""
BARE = sys.executable  # of .venv: the package is not installed there


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "modules" / "jobpackage"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text(READS)
    (tmp_path / "script.py").write_text(READS)
    return folder.parent


WAYS = {  # {script}: the path of a file
    "script": (["{script}", "a"], {}),
    "package": (["-m", "jobpackage", "a"], {}),
    "command": (["-c", READS, "a"], {}),
    "stdin": (["-", "a"], {"input": READS.encode()}),
    "with options": (["-u", "-X", "dev", "-W", "ignore", "{script}"], {}),
}


def way_to_start(way, tmp_path):
    words, options = WAYS[way]
    return [tmp_path / "script.py" if word == "{script}" else word for word in words], options


@pytest.mark.parametrize("way", WAYS)
def test_installed(way, package, tmp_path):
    arguments, options = way_to_start(way, tmp_path)
    env = {"PYTHONPATH": package}
    recorded, plain = both(lambda **how: run(TORCH, *arguments, env=env, **options, **how), tmp_path)
    assert plain.stdout.startswith(b"ran") and plain.stdout.rstrip().endswith(b"[]")
    assert_same(recorded, plain)
    assert recorded.recording.spans()["read"] >= 1
    assert recorded.recording.notes("job.adapter")[0].startswith("python 3.")


@pytest.mark.parametrize("way", WAYS)
def test_not_installed(way, package, tmp_path):
    arguments, options = way_to_start(way, tmp_path)
    done = run(BIN / "datamon", "run", "--dir", "recording", "--", BARE, *arguments, folder=tmp_path,
               mon=False, env={"PYTHONPATH": package}, **options)
    assert done.stdout.startswith(b"ran") and done.code == 0
    assert done.stderr.startswith(b"datamon: recorded in") and done.stderr.count(b"\n") == 1
    assert done.recording.spans()["read"] >= 1
    remedies = [remedy["change"] for remedy in done.recording.report()["remedies"]]
    assert any("for batch in datamon.wrap(loader):" in change for change in remedies)


@pytest.mark.parametrize("option", ["-S", "-I", "-E", "-BES"])
def test_options_that_leave_out_the_hook(option, package, tmp_path):
    done = run(BIN / "datamon", "run", "--dir", "recording", "--", BARE, option,
               tmp_path / "script.py", folder=tmp_path, mon=False)
    assert done.stdout.startswith(b"ran") and done.code == 0
    assert b"datamon: Python was started with -" in done.stderr
    assert b"which leaves out start-up hooks" in done.stderr


@pytest.mark.parametrize("option", ["-I", "-E"])
def test_an_installed_hook_works_with(option, package, tmp_path):
    done = run(TORCH, option, tmp_path / "script.py", folder=tmp_path)
    assert done.stdout.startswith(b"ran") and done.stderr == b""
    assert done.recording.spans()["read"] >= 1


def test_without_MON_nothing_of_ours_is_imported(tmp_path):
    for value in (None, "", "0"):
        done = run(TORCH, "-c", "import sys; print([m for m in sys.modules if 'datamon' in m])",
                   folder=tmp_path, mon=False, env={"MON": value})
        assert (done.stdout, done.stderr) == (b"[]\n", b"")


def test_the_jobs_own_sitecustomize_runs(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys; sys.own = __file__; print('own')\n")
    script = ("import datamon, sitecustomize, sys\n"
              "print(sitecustomize.__file__ == sys.own, sys.path[1], datamon.active())")
    done = run(BIN / "datamon", "run", "--dir", "recording", "--", BARE, "-c", script,
               folder=tmp_path, mon=False, env={"PYTHONPATH": own})
    assert done.stdout.decode().splitlines() == ["own", f"True {own} True"]
    assert done.recording.notes("job.adapter")


def test_the_jobs_own_sitecustomize_may_fail(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import no_such_module\n")
    command = [BARE, "-c", "import sys; print('ran', 'datamon' in sys.modules)"]
    plain = run(*command, folder=tmp_path, mon=False, env={"PYTHONPATH": own})
    done = run(BIN / "datamon", "run", "--dir", "recording", "--", *command, folder=tmp_path,
               mon=False, env={"PYTHONPATH": own})
    assert plain.stdout == b"ran False\n" and b"no_such_module" in plain.stderr
    assert done.stdout == b"ran True\n" and done.stderr.startswith(plain.stderr)


def test_nowhere_to_write(tmp_path):
    """A job in a folder, and with a home, in which nobody can write."""
    env = {"MON_DIR": None, "MON": "1", "HOME": "/proc", "TMPDIR": "/proc"}
    done = subprocess.run([TORCH, "-c", "print('ran')"], cwd="/proc", env=environment(**env),
                          capture_output=True)
    assert done.stdout == b"ran\n" and done.returncode == 0
    assert done.stderr.startswith(LINE) and done.stderr.count(b"\n") == 1


def test_no_library(tmp_path):
    done = run(TORCH, "-c", "print('ran')", folder=tmp_path, env={"MON_LIBRARY": "/nowhere.so"})
    assert done.stdout == b"ran\n" and done.code == 0
    assert done.stderr.startswith(b"datamon: not recording: ") and done.stderr.count(b"\n") == 1
    assert b"MON_LIBRARY" in done.stderr


def test_a_job_that_preloads_a_library(tmp_path):
    source = tmp_path / "preload.c"
    source.write_text('#include <stdlib.h>\nint getpagesize(void) { return 7; }\n')
    library = tmp_path / "preload.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    script = textwrap.dedent("""
        import ctypes, os, pathlib, subprocess, sys
        print(ctypes.CDLL(None).getpagesize(), os.environ.get("LD_PRELOAD"), flush=True)
        pathlib.Path(sys.executable).read_bytes()
        if len(sys.argv) == 1:
            os.environ["LD_PRELOAD"] = os.environ["LIBRARY"]
            subprocess.run([sys.executable, sys.orig_argv[1], "again"], check=True)
    """)
    (tmp_path / "job.py").write_text(script)
    env = {"LD_PRELOAD": library, "LIBRARY": library}
    recorded, plain = both(lambda **how: run(TORCH, tmp_path / "job.py", env=env, **how), tmp_path)
    assert plain.stdout.count(b"7 ") == 2
    assert_same(recorded, plain)
    assert recorded.recording.spans()["read"] >= 2 and len(recorded.recording.files) == 2
    through_run = run(BIN / "datamon", "run", "--dir", "recording", "--", TORCH, tmp_path / "job.py",
                      folder=tmp_path, mon=False, env=env)
    assert through_run.stdout.count(b"7 ") == 2
