"""Real PyTorch jobs with bottlenecks; `torch_job.py` is the job."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from interventions import (ALONE, LOADER_CLASSES, MORE_WORKERS, NO_COMPUTE, NO_INPUT, NO_STRAGGLERS,
                           SLOW_COMPUTE, Case, Run, slow)
from pipeline_jobs import busy_cores
from programs import BIN, DATA, ROOT, with_priority
from slow_disk import SlowDisk

PYTHON = ROOT / ".venv-torch/bin/python"
JOB = Path(__file__).with_name("torch_job.py")
MAKE_IMAGES = Path(__file__).with_name("make_images.py")
TORCH_SECONDS = 1.6  # times as long as the pipeline's runs: its steps are longer


@dataclass
class TorchCase(Case):
    spec: dict = field(default_factory=dict)
    images: str = ""       # of make_images.py; "": the data set as it is
    without: str = ""      # the images without the stragglers
    disk_mb_s: float = 0   # the images lie on a disk of this rate
    environment = None     # where prepare() has put things

    def run(self, intervention, folder, seconds):
        spec = {"source": "files", **self.spec, "workers": self.workers, "seconds": seconds * TORCH_SECONDS}
        disk_mb_s, images = self.disk_mb_s, self.images
        if intervention == SLOW_COMPUTE:
            spec["twice"] = "compute"
        elif intervention == NO_COMPUTE:
            spec["no_compute"] = True
        elif intervention == NO_INPUT:
            spec["no_input"] = True
        elif intervention == MORE_WORKERS:
            spec["workers"] *= 2
        elif intervention == NO_STRAGGLERS:
            images = self.without
        elif intervention == slow("read") and self.disk_mb_s:
            disk_mb_s /= 2
        else:
            spec["twice"] = next((c for c in LOADER_CLASSES if intervention == slow(c)), "")
        spec["folder"] = str(self.environment.images(images))
        with ExitStack() as stack:
            stack.enter_context(busy_cores(0 if intervention == ALONE else self.burners))
            into_group = None
            if self.disk_mb_s:
                spec["folder"], into_group = stack.enter_context(self.environment.disk(disk_mb_s))
            done = subprocess.run([BIN / "datamon", "run", "--dir", folder, "--", PYTHON, JOB, json.dumps(spec)],
                                  capture_output=True, text=True, env=dict(os.environ),
                                  preexec_fn=lambda: (with_priority(), into_group and into_group()))
        if done.returncode != 0:
            sys.exit(f"{self.name}, {intervention}: {done.stderr}")
        count = json.loads(done.stdout.strip().splitlines()[-1])
        return Run(count["steps"] / count["seconds"], str(folder))


class Environment:
    """Images of several kinds, made when they are asked for, and the slow disk."""

    def __init__(self, folder):
        self.folder, self._disk = folder, None

    def images(self, kind):
        if not kind:
            return DATA
        made = self.folder / kind
        if not made.exists():
            subprocess.run([PYTHON, MAKE_IMAGES, DATA, made, kind], check=True)
        return made

    def disk(self, mb_s):
        if self._disk is None:
            self._disk = SlowDisk(self.folder, self.images("disk"))
        return self._disk.mounted(mb_s)


@contextmanager
def prepare(cases):
    """Gives the PyTorch jobs their images."""
    with tempfile.TemporaryDirectory(prefix="datamon-accuracy-images-") as folder:
        TorchCase.environment = Environment(Path(folder))
        yield


def job(name, workers=1, **options):
    own = {key: options.pop(key) for key in ("images", "without", "disk_mb_s", "burners", "tries", "built_in")
           if key in options}
    return TorchCase(name, workers=workers, spec=options, **own)


CASES = [
    job("ImageFolder recipe, one worker"),
    job("ImageFolder recipe, two workers", workers=2),
    job("large photographs", images="large"),
    job("PNG files", images="png"),
    job("heavy augmentation", augment="heavy"),
    job("padding in Python", source="sentences", batch=32, step_ms=2),
    job("two hundred small tensors", source="features", parts=200, shape=[4], step_ms=5),
    job("wide float64 batches", source="features", parts=1, shape=[3, 256, 256], dtype="float64", batch=16, step_ms=2),
    job("slow network", width=96),
    job("slow network, no workers", workers=0, width=96),
    job("no workers, recipe", workers=0),
    job("no workers, heavy augmentation", workers=0, augment="heavy"),
    job("slow disk, Pillow opens", disk_mb_s=3, lazily=True, batch=2, step_ms=5),
    job("slow disk, read then decode", workers=2, disk_mb_s=4, batch=2, step_ms=5),
    job("slow disk, memory-mapped array", source="mapped", disk_mb_s=6, batch=2, step_ms=5),
    job("four workers on two cores, heavy augmentation", workers=4, augment="heavy", step_ms=5),
    job("other programs take the cores, recipe", workers=2, step_ms=5, burners=2, tries=(ALONE,)),
    job("one huge photograph in fifty", workers=2, images="huge", without="even", step_ms=25, tries=(NO_STRAGGLERS,)),
    job("short epochs, workers anew", workers=2, items=64, step_ms=5, built_in=("start-up",)),
    job("balance, recipe", step_ms=60),
]
