"""Runs programs with and without the preloaded library; shared by the tests here."""

import json
import os
import pathlib
import subprocess

BIN = pathlib.Path(os.environ["DATAMON_BIN"])
LIB = pathlib.Path(os.environ["DATAMON_LIB"])
DATAMON = BIN / "datamon"
SHIM = LIB / "libdatamon-preload.so"


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MON") and k not in ("NO_COLOR", "LD_PRELOAD")}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def run(*command, cwd, check=True, **more):
    return subprocess.run([str(word) for word in command], cwd=cwd, env=environment(**more), check=check,
                          capture_output=True, timeout=120)


def record(*command, cwd, check=True, options=(), **more):
    """The command's result below `datamon run`, and the JSON report (None: nothing recorded)."""
    folder = pathlib.Path(cwd) / "rec"
    done = run(DATAMON, "run", "--dir", folder, *options, "--", *command, cwd=cwd, check=check, **more)
    return done, report(folder) if folder.exists() else None


def report(folder):
    found = json.loads(run(DATAMON, "report", folder, "--json", cwd=folder).stdout)
    assert found["problems"] == [], found["problems"]
    return found


def stage(found, name):
    """Sums of a stage over the whole run: count, bytes and seconds."""
    rows = [s for s in found["stages"] + found["start_up"]["stages"] if s["name"] == name]
    return {key: sum(row[key] for row in rows) for key in ("count", "bytes", "wall_s")}


def files(found):
    return {pathlib.Path(file["path"]).name: file for file in found["files"]["slowest"]}
