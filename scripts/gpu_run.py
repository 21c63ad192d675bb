"""How the steps of gpu_check.py run programs: under a deadline, with nothing of an outer recording,
with an error that a table can show, and with all that they said in a log."""

import json
import math
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from gpu_results import NotRun, StepFailed

LOG_TAIL = 40_000  # characters of each stream that the log keeps
KILL_S = 10  # for a process that was killed to be gone


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def json_of(text, what):
    """The JSON object that a program printed: all of `text`, or its last line."""
    for candidate in (text, last_line(text)):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    raise StepFailed(f"{what} printed no JSON: {last_line(text)}")


def end_group(process):
    """Kills a process and its children; what they had said. One that does not die (it hangs in the
    driver), or that left the group and holds the pipes, is left behind."""
    os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=KILL_S)
    except subprocess.TimeoutExpired:
        for pipe in (process.stdout, process.stderr):
            pipe.close()
        return "", ""


@dataclass
class Context:
    """Where things are, and until when (time.monotonic) the step may run."""

    root: Path
    build: Path
    data: Path
    deadline: float = float("inf")

    def program(self, name):
        path = self.build / "bin" / name
        if not path.exists():
            raise NotRun(f"{name} was not built")
        return path

    def scratch(self, name):
        """An empty folder that is kept after the run."""
        folder = self.build / "gpu-check" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def log(self, command, ended, seconds, *streams):
        """What remains of a command, whatever becomes of its step: build/gpu-check/log.txt."""
        path = self.build / "gpu-check/log.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", errors="replace") as log:
            log.write(f"$ {' '.join(map(str, command))}\n# {ended} after {seconds:.1f} s\n")
            for stream in streams:
                log.write(stream[-LOG_TAIL:].rstrip("\n") + "\n" if stream else "")

    def environment(self):
        """Ours without an outer recording; CUPTI and nvJPEG of .venv-cuda are found where it was made."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MON")}
        packages = self.root / ".venv-cuda"
        return kept | ({"VIRTUAL_ENV": str(packages)} if packages.exists() else {})

    def run(self, *command, good=(0,), at_most_s=float("inf")):
        """(exit code, stdout, stderr) of a command that has until the deadline. Its children end with it."""
        name = Path(str(command[0])).name
        begun = time.monotonic()
        left_s = min(self.deadline - begun, at_most_s)
        process = subprocess.Popen(list(map(str, command)), cwd=self.root, env=self.environment(),
                                   text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   errors="replace", start_new_session=True)
        try:
            out, err = process.communicate(timeout=max(left_s, 0.1) if math.isfinite(left_s) else None)
        except subprocess.TimeoutExpired:
            self.log(command, "killed", time.monotonic() - begun, *end_group(process))
            raise StepFailed(f"{name} was not done in time") from None
        self.log(command, f"ended with {process.returncode}", time.monotonic() - begun, out, err)
        if good is not None and process.returncode not in good:
            raise StepFailed(f"{name} ended with {process.returncode}: {last_line(err or out)}")
        return process.returncode, out, err

    def json(self, *command):
        return json_of(self.run(*command)[1], Path(str(command[0])).name)

    def record(self, name, *command, options=()):
        """Records a command with CUPTI; returns its report. Text and recording stay in build/gpu-check."""
        folder = self.scratch(name)
        datamon = self.program("datamon")
        self.run(datamon, "run", "--cupti", *options, "--dir", folder / "recording", "--", *command)
        (folder / "report.txt").write_text(self.run(datamon, "report", folder / "recording")[1])
        return self.json(datamon, "report", folder / "recording", "--json")
