"""What a case is, and the experiments that establish its truth.

A job's truth is not an opinion: each class of stages is made twice as slow in the running
job, the model or the input is taken away, and what that does to the rate decides.
"""

import zlib
from dataclasses import dataclass, field

# The classes of the loader, as in the verdict's labels. What is made twice as slow.
LOADER_CLASSES = ("read", "decode", "transform", "collate", "handoff")
LABEL_OF = {"read": "io-bound", "decode": "decode-bound", "transform": "transform-bound",
            "collate": "collate-bound", "handoff": "handoff-bound"}
AS_IS, NO_COMPUTE, NO_INPUT, MORE_WORKERS, NO_STRAGGLERS, ALONE = (
    "as is", "no compute", "no input", "more workers", "no stragglers", "alone")
SLOW_COMPUTE = "compute x2"


def slow(stage_class):
    return f"{stage_class} x2"


@dataclass
class Run:
    """One run of a job: its own count of batches and seconds, and its recording's folder."""
    steps_per_s: float
    recording: str


@dataclass
class Case:
    """A job with a bottleneck. `run(intervention, folder, seconds)` gives a Run, or None where
    the intervention makes no sense for it; subclasses know how."""
    name: str
    workers: int = 1
    # Qualifiers whose truth is tried: each by its own intervention.
    tries: tuple = ()
    burners: int = 0  # processes beside it that keep a core busy
    # Qualifiers that are so by construction and cannot be removed by one change. A verdict is
    # about steady steps: where start-up rules the job's own count, only the qualifier is judged.
    built_in: tuple = field(default=())

    @property
    def label_judged(self):
        return "start-up" not in self.built_in

    @property
    def folder(self):
        """The name as a folder's."""
        return "".join(c if c.isalnum() else "-" for c in self.name)

    @property
    def held_back(self):
        """A third, by name: no threshold was ever looked at with these."""
        return zlib.crc32(self.name.encode()) % 3 == 0

    def interventions(self):
        out = [AS_IS] + [slow(c) for c in LOADER_CLASSES] + [SLOW_COMPUTE, NO_COMPUTE, NO_INPUT]
        if self.workers > 0:
            out.append(MORE_WORKERS)
        return out + list(self.tries)
