"""The reference pipeline with bottlenecks made on purpose: its knobs are its interventions."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field

from interventions import (ALONE, AS_IS, LOADER_CLASSES, MORE_WORKERS, NO_COMPUTE, NO_INPUT,
                           NO_STRAGGLERS, SLOW_COMPUTE, Case, Run, slow)
from programs import BIN, DATA, recording_environment, with_priority

# The classes' stages in the pipeline.
STAGES = {"read": ("read",), "decode": ("decode",), "transform": ("transform",),
          "collate": ("collate",), "handoff": ("send", "receive")}


@dataclass
class Knob:
    """What one stage is slowed by; times in milliseconds."""
    factor: float = 1
    burn_ms: float = 0
    sleep_ms: float = 0

    def times(self, k):
        return Knob(self.factor * k, self.burn_ms * k, self.sleep_ms * k)

    def options(self, stage):
        if self.factor != 1:
            yield f"{stage}=x{self.factor:g}"
        if self.burn_ms:
            yield f"{stage}=+{self.burn_ms:g}ms:burn"
        if self.sleep_ms:
            yield f"{stage}=+{self.sleep_ms:g}ms:sleep"


@contextmanager
def busy_cores(count):
    """Other programs on the machine."""
    others = [subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=with_priority)
              for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@dataclass
class PipelineCase(Case):
    batch: int = 8
    compute_ms: float = 4
    burn_compute: bool = False
    kind: str = "thread"
    prefetch: int = 2
    knobs: dict = field(default_factory=dict)  # stage -> Knob
    bandwidth_mb_s: float = 0                  # of one device that all workers share
    slow_items: tuple = ()                     # (share, milliseconds): asleep in read ...
    slow_items_burn: bool = False              # ... or on the CPU, in decode
    extra: tuple = ()

    def run(self, intervention, folder, seconds):
        knobs = {stage: self.knobs.get(stage, Knob()) for stages in STAGES.values() for stage in stages}
        compute, workers, bandwidth = self.compute_ms, self.workers, self.bandwidth_mb_s
        items_share, items_ms = self.slow_items or (0, 0)
        for name in LOADER_CLASSES:
            if intervention == slow(name):
                for stage in STAGES[name]:
                    knobs[stage] = knobs[stage].times(2)
                if name == "read":
                    bandwidth /= 2
                if name == "read" and not self.slow_items_burn:
                    items_ms *= 2  # what items burn is decoding's CPU time, and doubled with it
        if intervention == SLOW_COMPUTE:
            compute *= 2
        elif intervention == NO_COMPUTE:
            compute = 0
        elif intervention == MORE_WORKERS:
            workers *= 2
        elif intervention == NO_STRAGGLERS:
            items_ms = 0
        elif intervention == NO_INPUT:  # the stand-in's time is known
            return Run(1e3 / compute if compute else float("inf"), "")
        options = ["--workers", workers, "--batch", self.batch, "--compute-ms", compute, "--prefetch",
                   self.prefetch, "--worker-kind", self.kind, "--seconds", seconds, *self.extra]
        options += ["--compute", "burn"] if self.burn_compute else []
        slowed = [option for stage, knob in knobs.items() for option in knob.options(stage)]
        slowed += [f"read-bandwidth={bandwidth:g}MB/s"] if bandwidth else []
        burn = ":burn" if self.slow_items_burn else ""
        slowed += [f"item={items_share:g}:+{items_ms:g}ms{burn}"] if items_ms else []
        # With a knob the pipeline also reads clocks: no run shall be without.
        for option in slowed or ["send=+0.001ms"]:
            options += ["--slow", option]
        with busy_cores(0 if intervention == ALONE else self.burners):
            done = subprocess.run([BIN / "datamon-pipeline", DATA, *map(str, options), "--json"],
                                  env=recording_environment(folder), check=True, capture_output=True,
                                  text=True, preexec_fn=with_priority)
        return Run(json.loads(done.stdout)["steps_per_s"], str(folder))


def x(factor):
    return Knob(factor=factor)


def asleep(ms):
    return Knob(sleep_ms=ms)


def burnt(ms):
    return Knob(burn_ms=ms)


def case(name, **options):
    return PipelineCase(name, **options)


CASES = [
    # One stage leads, one worker.
    case("decode, one worker", knobs={}),
    case("decode x3", knobs={"decode": x(3)}),
    case("transform x6", knobs={"transform": x(6)}),
    case("read asleep", knobs={"read": asleep(4)}),
    case("read burns", knobs={"read": burnt(4)}),
    case("collate burns", knobs={"collate": burnt(25)}),
    case("send burns", knobs={"send": burnt(25)}),
    case("receive burns", knobs={"receive": burnt(25)}, compute_ms=2),
    # Several workers, threads and processes.
    case("decode, two workers", workers=2, compute_ms=3, knobs={"decode": x(2)}),
    case("decode, two processes", workers=2, compute_ms=3, kind="process", knobs={"decode": x(2)}),
    case("transform, two processes", workers=2, compute_ms=3, kind="process", knobs={"transform": x(5)}),
    case("read asleep, four workers", workers=4, compute_ms=2, knobs={"read": asleep(6)}),
    case("read asleep, eight processes", workers=8, compute_ms=2, kind="process", knobs={"read": asleep(12)}),
    case("collate, two processes", workers=2, compute_ms=3, kind="process", knobs={"collate": burnt(20)}),
    case("send, two processes", workers=2, compute_ms=3, kind="process", knobs={"send": burnt(20)}),
    case("one device for all", workers=4, compute_ms=2, bandwidth_mb_s=25),
    case("one device for all, processes", workers=3, compute_ms=2, kind="process", bandwidth_mb_s=30),
    # The consumer makes the batches itself.
    case("no workers, decode", workers=0, compute_ms=6, knobs={"decode": x(2)}),
    case("no workers, read asleep", workers=0, compute_ms=6, knobs={"read": asleep(5)}),
    case("no workers, transform", workers=0, compute_ms=6, knobs={"transform": x(6)}),
    # The model limits.
    case("slow step", compute_ms=60),
    case("slow step, two workers", workers=2, compute_ms=40, knobs={"decode": x(2)}),
    case("slow step that burns", workers=1, compute_ms=60, burn_compute=True),
    case("slow step, processes", workers=2, compute_ms=40, kind="process"),
    # Two stages within a fifth of each other.
    case("decode and read, close", knobs={"read": asleep(1.1)}),
    case("decode and transform, close", knobs={"transform": x(3.2)}),
    case("collate and decode, close", knobs={"collate": burnt(11)}),
    case("send and collate, close", knobs={"send": burnt(24), "collate": burnt(20)}),
    case("read and transform, close", workers=2, compute_ms=2,
         knobs={"read": asleep(3), "transform": x(7)}),
    # Near balance.
    case("balance, loader a little faster", compute_ms=15),
    case("balance, loader a little slower", compute_ms=12),
    case("balance, two sleeping workers", workers=2, compute_ms=18, knobs={"read": asleep(3)}),
    case("input-bound by a little", workers=2, compute_ms=17, knobs={"read": asleep(4)}),
    # Stragglers: what in-order delivery makes of them.
    case("few items very slow to read", workers=4, batch=4, compute_ms=7, slow_items=(0.02, 150),
         tries=(NO_STRAGGLERS,)),
    case("few items very slow to decode", workers=2, batch=4, compute_ms=9, slow_items=(0.02, 120), slow_items_burn=True,
         tries=(NO_STRAGGLERS,)),
    case("stragglers hidden by prefetch", workers=4, batch=4, prefetch=8, compute_ms=14,
         slow_items=(0.004, 60), tries=(NO_STRAGGLERS,)),
    case("stragglers, processes", workers=4, batch=4, compute_ms=7, kind="process", slow_items=(0.03, 120),
         tries=(NO_STRAGGLERS,)),
    # Crowded cores.
    case("four workers on two cores", workers=4, compute_ms=2, knobs={"decode": x(2)}),
    case("eight processes on two cores", workers=8, compute_ms=2, kind="process", knobs={"transform": x(4)}),
    case("other programs take the cores", workers=2, compute_ms=4, burners=2, tries=(ALONE,),
         knobs={"decode": x(2)}),
    case("other programs, reading", workers=4, compute_ms=3, burners=2, tries=(ALONE,),
         knobs={"read": asleep(8)}),
    case("a step that burns beside two workers", workers=2, compute_ms=8, burn_compute=True,
         knobs={"decode": x(2)}),
    # Each epoch starts anew.
    case("workers anew each epoch", workers=2, compute_ms=8, batch=16, kind="process",
         extra=("--new-workers", "--slow", "start=+400ms"), built_in=("start-up",)),
]
assert all(c.name for c in CASES) and len({c.name for c in CASES}) == len(CASES)
