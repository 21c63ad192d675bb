"""Runs Python jobs with and without datamon and reads what was recorded."""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

BIN = pathlib.Path(os.environ["DATAMON_BIN"])
TORCH = pathlib.Path(os.environ["DATAMON_TORCH"]) / "bin" / "python"
JOBS = pathlib.Path(__file__).parent / "jobs"
LINE = b"datamon: "  # what our one line on stderr begins with
TIMEOUT_S = 400  # of a crowded machine


def environment(**more):
    """Ours, without what would change a result. A value None removes a variable."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MON", "PYTHON"))}
    kept |= {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
             "PYTHONDONTWRITEBYTECODE": "1", **more}
    return {k: str(v) for k, v in kept.items() if v is not None}


class Job:
    """A finished process and the folder of its recording."""

    def __init__(self, done, folder):
        self.code = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        self.folder = folder

    @property
    def recording(self):
        return Recording(self.folder)


class Recording:
    def __init__(self, folder):
        self.folder = folder

    @property
    def files(self):
        return sorted(self.folder.glob("*.mon"))

    def report(self, *options):
        done = subprocess.run([BIN / "datamon", "report", "--json", *options, self.folder],
                              capture_output=True, env=environment())
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def text(self):
        done = subprocess.run([BIN / "datamon", "report", self.folder], capture_output=True,
                              text=True, env=environment(COLUMNS="100"))
        return done.stdout + done.stderr

    def notes(self, key):
        return [note["value"] for note in self.report()["job"]["notes"] if note["key"] == key]

    def events(self):
        """All spans, also those of the start-up, as a trace has them."""
        return spans_in(self.folder)

    def spans(self):
        """How many spans each stage has in the whole job."""
        return collections.Counter(e["name"] for e in self.events())


def spans_in(folder):
    """All spans of a recording, as a trace has them."""
    trace = folder.parent / (folder.name + ".trace.json")
    subprocess.run([BIN / "datamon", "trace", "-f", folder, "-o", trace],
                   check=True, capture_output=True, env=environment())
    return [e for e in json.loads(trace.read_text())["traceEvents"] if e["ph"] == "X"]


def run(*command, folder, mon=True, timeout=TIMEOUT_S, **options):
    """Runs a command; `folder` is where it starts and where `recording` will be."""
    more = options.pop("env", {})
    if mon:
        more = {"MON": "1", "MON_DIR": folder / "recording", **more}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment(**more),
                          capture_output=True, timeout=timeout, **options)
    return Job(done, folder / "recording")


def job(name, *arguments, **options):
    """Runs jobs/NAME with the Python that has PyTorch."""
    return run(TORCH, JOBS / name, *arguments, **options)


def both(start, tmp_path):
    """start(folder=..., mon=...) with and without datamon, at the same time."""
    folders = {mon: tmp_path / ("with" if mon else "without") for mon in (True, False)}
    for folder in folders.values():
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        runs = {mon: pool.submit(start, folder=folder, mon=mon) for mon, folder in folders.items()}
        return runs[True].result(), runs[False].result()


def without_identities(text):
    """Without what two runs of one program never have in common."""
    text = re.sub(rb"0x[0-9a-f]+", b"ADDRESS", text)
    text = re.sub(rb"(?<=pid)([ ()s:=]+)\d+", rb"\1N", text)
    text = re.sub(rb"(\.|/)(with|without)/", rb"\1FOLDER/", text)
    # Whether a batch lay ready when it was asked for decides which of two lines it came through.
    text = re.sub(rb'(dataloader\.py", line )\d+(, in _next_data)', rb"\1N\2", text)
    # A queue's thread that ends with the interpreter may have removed a semaphore, but not told
    # Python's resource tracker yet: so one of ten runs of plain Python 3.11 with four queues.
    text = re.sub(rb".*/resource_tracker\.py:\d+: UserWarning: resource_tracker: "
                  rb"(There appear to be \d+ leaked semaphore|'/mp-).*\n *warnings\.warn\(.*\n", b"", text)
    return re.sub(rb"Process-?\d+|rank\d+\]:\[W[^\]]*\]", b"ID", text)


def assert_same(recorded, plain):
    """The job did the same; nothing of ours shows."""
    assert recorded.code == plain.code, recorded.stderr.decode()
    assert without_identities(recorded.stdout) == without_identities(plain.stdout)
    # Several processes write there: which one is first is nobody's doing.
    said, says_plain = (collections.Counter(without_identities(job.stderr).splitlines())
                        for job in (recorded, plain))
    assert said == says_plain, f"more: {said - says_plain}, missing: {says_plain - said}"
    assert not plain.folder.exists()


def interrupt_group(child):
    """Ctrl-C on the terminal."""
    os.killpg(child.pid, signal.SIGINT)
