#!/usr/bin/env python3
"""A job whose output under MGE_DATA_MONITOR=1 is committed in golden/megengine-*.log:

    make_megengine_logs.py KIND WORKERS STEP_SECONDS STEPS >golden/megengine-NAME.log 2>&1

  workers            stream 2 0.005 60
  workers-every-batch pstream 2 0.03 60, MGE_DATA_MONITOR_FREQUENCY=1
  workers-starved    pstream 2 0 60, MGE_DATA_MONITOR_FREQUENCY=1
  map-workers-crash  map 2 0.01 60: the monitor itself fails, as it does for everybody
  serial-crash       map 0 0.01 60: the same, without workers
  serial             map 0 0.01 60, with the loader's failure mended (max(1, num_workers) places in
                     monitor_workers): no released loader prints these lines
  serial-stream      stream 0 0.01 40, mended likewise

Made with the loader of MegEngine 1.13.4 (its Python files over
the newest wheel in registries, 1.13.0, which has no data monitor yet) on Python 3.8. Folders
before site-packages are taken out of the paths.
"""

import sys
import time

import numpy
from megengine.data import DataLoader
from megengine.data.dataset import Dataset, StreamDataset
from megengine.data.sampler import SequentialSampler, StreamSampler
from megengine.data.transform import Transform

ITEMS = 400


def image(index):
    time.sleep(0.001)
    return numpy.full((3, 32, 32), index, numpy.float32)


class Slow(Transform):
    def __init__(self):
        super().__init__()

    def apply(self, item):
        time.sleep(0.003)
        return item

    def apply_batch(self, items):
        return [self.apply(item) for item in items]


class Map(Dataset):
    def __init__(self):
        super().__init__()

    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        return image(index)


class Stream(StreamDataset):
    def __init__(self):
        super().__init__()

    def __iter__(self):
        for index in range(ITEMS):
            yield image(index), index


def main():
    kind, workers, step_s, steps = (sys.argv[1], int(sys.argv[2]), float(sys.argv[3]),
                                    int(sys.argv[4]))
    if kind == "map":
        data = Map()
        sampler = SequentialSampler(data, batch_size=4)
    else:
        data = Stream()
        sampler = StreamSampler(batch_size=4)
    loader = DataLoader(data, sampler, Slow(), num_workers=workers,
                        parallel_stream=kind == "pstream")
    for step, _ in enumerate(loader, 1):
        time.sleep(step_s)
        if step % 10 == 0:
            print(f"step {step} loss 0.1", flush=True)
        if step >= steps:
            break


if __name__ == "__main__":
    main()
