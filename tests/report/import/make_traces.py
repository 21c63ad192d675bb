#!/usr/bin/env python3
"""Writes the committed traces of the PyTorch profiler: make_traces.py FOLDER

Real traces of small real jobs on the CPU, made with PyTorch 2.15: needs torch, Pillow
and numpy, which the tests do not. Each job is known by construction; its name says what limits it:

  starved-0-workers  the data set decodes slowly, no workers
  starved-2-workers  the same in two workers, which the trace does not hold
  computing-2-workers  quick data, a slow step
  unnamed-0-workers  the same without a range around the slow part: no name tells
  stacks-0-workers   a real JPEG file is decoded by Pillow, no workers, and with_stack=True:
                     the split comes from the names of Python functions

The time goes to sleeps where only its place matters, so that a busy machine changes
little. Host names are taken out.
"""

import gzip
import io
import json
import pathlib
import re
import sys
import tempfile
import time

import numpy
import torch
from PIL import Image
from torch.profiler import ProfilerActivity, profile, record_function, schedule
from torch.utils.data import DataLoader, Dataset

STEPS = 60


def jpeg():
    noise = numpy.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=numpy.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((960, 720)).save(file, "JPEG", quality=90)
    return file.getvalue()


class Photos(Dataset):
    def __init__(self):
        self.file = jpeg()

    def __len__(self):
        return 2 * (STEPS + 6)

    def __getitem__(self, index):
        image = Image.open(io.BytesIO(self.file))
        image.load()
        return torch.full((4, 8), float(image.width)), index % 4


class Images(Dataset):
    def __init__(self, decode_s, named):
        self.decode_s = decode_s
        self.named = named

    def __len__(self):
        return 2 * (STEPS + 6)

    def __getitem__(self, index):
        if self.named:
            with record_function("decode"):
                time.sleep(self.decode_s)
        else:
            time.sleep(self.decode_s)
        return torch.full((4, 8), float(index)).mul_(2), index % 4


def without_trifles(text):
    """For size: without Python functions below a microsecond, and their arguments."""
    trace = json.loads(text)
    python = [e for e in trace["traceEvents"] if e.get("cat") == "python_function"]
    for event in python:
        event.pop("args", None)
    short = {id(e) for e in python if e["dur"] < 1}
    trace["traceEvents"] = [e for e in trace["traceEvents"] if id(e) not in short]
    return json.dumps(trace) if python else text


def run(path, workers, data, step_s, steps=STEPS, with_stack=False, batch=2):
    model = torch.nn.Linear(8, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(data, batch_size=batch, num_workers=workers)
    with profile(activities=[ProfilerActivity.CPU], with_stack=with_stack,
                 schedule=schedule(wait=1, warmup=1, active=steps, repeat=1)) as prof:
        for step, (x, _) in enumerate(loader):
            loss = model(x).sum()
            loss.backward()
            time.sleep(step_s)
            optimizer.step()
            prof.step()
            if step == steps + 1:
                break
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        prof.export_chrome_trace(file.name)
        text = pathlib.Path(file.name).read_text()
    text = without_trifles(text)
    text = re.sub(r'"host_name": "[^"]*"', '"host_name": "host"', text)
    text = re.sub(r'"traceName": "[^"]*"', '"traceName": "trace.json"', text)
    here = str(pathlib.Path(__file__).resolve().parent) + "/"
    text = text.replace(here, "").replace(sys.prefix, "venv").replace(sys.base_prefix, "python")
    json.loads(text)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(path.name, path.stat().st_size)


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    run(folder / "starved-0-workers.json.gz", 0, Images(0.004, named=True), 0.002)
    run(folder / "unnamed-0-workers.json.gz", 0, Images(0.004, named=False), 0.002)
    run(folder / "starved-2-workers.json.gz", 2, Images(0.012, named=True), 0.002)
    run(folder / "computing-2-workers.json.gz", 2, Images(0.0005, named=True), 0.08)
    run(folder / "stacks-0-workers.json.gz", 0, Photos(), 0.002, steps=22, with_stack=True,
        batch=1)


if __name__ == "__main__":
    main()
