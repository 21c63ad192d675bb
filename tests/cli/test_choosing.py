"""Which recording a command is about, and that what it suggests is about the same one."""

import json
import os
import re
import shlex
import shutil
import subprocess
import time

import pytest

from programs import BIN, datamon

READERS = ["report", "forecast", "trace"]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Recordings `old` and `new` of different jobs, of an hour and of three minutes ago."""
    folder = tmp_path_factory.mktemp("two")
    for name, kind, age_s in (("old", "threads", 3600), ("new", "gap", 180)):
        subprocess.run([BIN / "make_recording", kind, folder / name], check=True)
        for file in (folder / name).iterdir():
            os.utime(file, (time.time() - age_s,) * 2)
    return folder


def suggested(text):
    """The words of each command that a text suggests."""
    lines = [line.strip() for line in text.splitlines()]
    return [shlex.split(line[line.index("datamon "):]) for line in lines
            if line.startswith(("next: datamon ", "datamon ")) or ": datamon " in line]


def slices(folder, *arguments, **more):
    done = datamon("trace", *arguments, "-o", "-", cwd=folder, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["otherData"]["slices"]


def test_the_environment_names_it_to_every_command(two):
    named = {"MON_DIR": str(two / "old")}
    report = json.loads(datamon("report", "--json", cwd=two, **named).stdout)
    assert report["job"]["recording"] == named["MON_DIR"]
    assert datamon("forecast", cwd=two, **named).stdout.startswith(f"recording {two / 'old'}")
    assert slices(two, **named) == slices(two, "old") != slices(two, "new")


def test_the_newest_is_said_where_nobody_named_one(two):
    line = r"recording new, \d+ min ago \(the newest here\)"
    assert re.match(line + "\n", datamon("report", cwd=two).stdout)
    assert re.match(line, datamon("forecast", cwd=two).stdout)
    assert re.match(f"datamon: {line}\n", datamon("trace", "-o", "/dev/null", cwd=two).stderr)
    for command in ("report", "forecast"):
        done = datamon(command, "--json", cwd=two)
        assert json.loads(done.stdout) and "newest" not in done.stdout + done.stderr
    assert slices(two) == slices(two, "new")


def test_a_named_one_is_not_called_the_newest(two):
    for command in READERS:
        done = datamon(command, "new", *(["-o", "/dev/null"] if command == "trace" else []), cwd=two)
        assert done.returncode == 0 and "newest" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["old", "my runs/it's"])
@pytest.mark.parametrize("options", [["report"], ["report", "--width", "80"], ["forecast"],
                                     ["forecast", "--sweep"]])
def test_what_is_suggested_names_it(two, tmp_path, name, options):
    shutil.copytree(two / "old", tmp_path / name)
    done = datamon(options[0], name, *options[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    commands = suggested(done.stdout)
    assert commands and all(command[2] == name for command in commands), done.stdout
    assert done.stdout.count("next: datamon ") == 1
    words = [word.replace("N", "4") for word in commands[-1][1:]]
    assert datamon(*words, cwd=tmp_path).returncode == 0, commands  # they can be typed as they are


def test_also_what_is_suggested_of_the_newest_stays_about_it(two):
    """Another job may have been recorded before it is typed."""
    for command in ("report", "forecast"):
        assert all(words[2] == "new" for words in suggested(datamon(command, cwd=two).stdout))


@pytest.mark.parametrize("command", READERS)
def test_the_error_names_the_right_command(tmp_path, command):
    done = datamon(command, cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no recording below" in done.stderr
    assert f"name it: datamon {command} DIR" in done.stderr


def test_every_command_describes_it_alike():
    """In one line: the help has two for what is long."""
    told = {command: " ".join(datamon(command, "--help").stdout.split()) for command in READERS}
    words = "DIR DIR (Env:MON_DIR) The recording (default: the newest one below this folder)"
    assert all(words in text for text in told.values())
