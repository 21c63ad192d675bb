"""The training that bench_rival.py times, told how to be recorded by its arguments.

    rival_job.py FILE traceml|plain SPIN_MS [STEPS]

A small model's real step and a wait on the clock of SPIN_MS, over a trivial dataset; FILE gets
{"step_s": seconds a step} (TraceML's launcher takes the job's output). With `traceml` each step
is in its trace_step, as its documentation asks of plain loops; datamon asks for no line.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

WARM_UP = 100


def main():
    result, recorder, milliseconds, *count = sys.argv[1:]
    steps = int(count[0]) if count else 2000
    spin_s = float(milliseconds) / 1e3
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    if recorder == "traceml":
        import traceml_ai

        traceml_ai.init(mode="auto")

        def step():
            return traceml_ai.trace_step(model)

    else:
        step = contextlib.nullcontext
    torch.set_num_threads(1)
    loader = DataLoader(TensorDataset(torch.zeros(steps + WARM_UP, 8)), batch_size=1)
    begun = 0.0
    for number, (rows,) in enumerate(loader):
        if number == WARM_UP:
            begun = time.perf_counter()
        with step():
            optimizer.zero_grad(set_to_none=True)
            model(rows).sum().backward()
            optimizer.step()
            until = time.perf_counter() + spin_s
            while time.perf_counter() < until:
                pass
    Path(result).write_text(json.dumps({"step_s": (time.perf_counter() - begun) / steps}))


if __name__ == "__main__":
    main()
