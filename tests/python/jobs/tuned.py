"""Training jobs whose loading is sleep. Argument: which."""

import sys
import time

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset


class Slow(Dataset):
    def __init__(self, items=1_000_000):
        self.items = items

    def __len__(self):
        return self.items

    def __getitem__(self, index):
        time.sleep(0.02)
        return torch.zeros(4)


class Stream(IterableDataset):
    def __iter__(self):
        while True:
            time.sleep(0.02)
            yield torch.zeros(4)


def train(loader, steps=1_000_000):
    for _, _batch in zip(range(steps), loader):
        time.sleep(0.01)


def plain():
    train(DataLoader(Slow(), batch_size=2))


def two_loaders():
    """A short validation first, as Lightning does; the loader in training is made anew."""
    validation = DataLoader(Slow(6), batch_size=2, num_workers=1)
    with torch.no_grad():
        train(validation)
    while True:
        train(DataLoader(Slow(), batch_size=2, shuffle=True), 20)


def stream():
    train(DataLoader(Stream(), batch_size=2))


def short_epochs():
    """Starting workers takes much of an epoch."""
    loader = DataLoader(Slow(24), batch_size=2, num_workers=4, worker_init_fn=lambda _: time.sleep(0.5))
    while True:
        train(loader)


def settings():
    """Takes one batch from a loader and prints what the loader then has."""
    loader = DataLoader(Slow(64), batch_size=2, num_workers=1)
    next(iter(loader))
    print(loader.num_workers, loader.prefetch_factor, loader.pin_memory, loader.persistent_workers)


def timeout_settings():
    """Without workers PyTorch refuses a timeout."""
    loader = DataLoader(Slow(64), batch_size=2, num_workers=1, timeout=60)
    next(iter(loader))
    print(loader.num_workers)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
