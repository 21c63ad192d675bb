"""What goes wrong in training jobs: each is caught and its traceback printed; the
last one is not caught."""

import gc
import os
import signal
import sys
import time
import traceback

import torch
from torch.utils.data import DataLoader, Dataset


class Broken(Dataset):
    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index == 5:
            raise self.error
        return index


class BrokenBatches(Broken):
    def __getitems__(self, indices):
        return [self[i] for i in indices]


class Unpicklable(Broken):
    def __getitem__(self, index):
        return (lambda: 0) if index == 5 else index


class Poison:
    """Cannot be unpickled."""

    def __reduce__(self):
        return explode, ()


def explode():
    raise ValueError("not in this process")


class Poisonous(Broken):
    def __getitem__(self, index):
        return Poison() if index == 5 else index


class Killed(Broken):
    def __getitem__(self, index):
        if index == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


class Slow(Broken):
    def __getitem__(self, index):
        time.sleep(30 if index == 5 else 0)
        return index


class BrokenStream(torch.utils.data.IterableDataset):
    def __iter__(self):
        yield 1
        raise OSError(5, "no such record")


class Complaint(Exception):
    pass


def no_batch(items):
    raise TypeError("no batch")


def attempt(what, dataset, trace=True, **options):
    print(what, flush=True)
    try:
        for batch in DataLoader(dataset, **{"batch_size": 2, **options}):
            print(batch, flush=True)
    except Exception as error:
        text = "".join(traceback.format_exception(error)) if trace else ""
        sys.stderr.write(text + repr(error) + "\n")
    gc.collect()  # now, and not at any time in a worker of the next one, which complains


def main():
    for workers in (0, 1):
        attempt("item", Broken(Complaint("item 5")), num_workers=workers)
        attempt("items", BrokenBatches(KeyError("five")), num_workers=workers)
        attempt("one", Broken(Complaint("item 5")), num_workers=workers, batch_size=None)
        attempt("stream", BrokenStream(), num_workers=workers)
        attempt("collate", Broken(None), collate_fn=no_batch, num_workers=workers)
        attempt("default collate", Poisonous(None), num_workers=workers)
    attempt("spawned", Broken(Complaint("item 5")), num_workers=1,
            multiprocessing_context="spawn")
    attempt("not to be received", Poisonous(None), num_workers=1, collate_fn=list)
    attempt("killed", Killed(None), num_workers=1, trace=False)  # noticed at one of two places
    attempt("slow", Slow(None), num_workers=1, timeout=2)
    attempt("not to be sent", Unpicklable(None), num_workers=1, collate_fn=list, timeout=2)
    try:
        DataLoader(Broken(None), num_workers=-1)
    except ValueError as error:
        print(error)
    for batch in DataLoader(Broken(Complaint("the last one")), batch_size=2, num_workers=2):
        pass


if __name__ == "__main__":
    main()
