"""Epochs of a loader with fork workers, with one without workers, and by datamon.wrap;
the loop's epochs and batches are the program's arguments."""

import sys

import datamon
from torch.utils.data import DataLoader, Dataset

EPOCHS, BATCHES = int(sys.argv[1]), int(sys.argv[2])


class Numbers(Dataset):
    def __len__(self):
        return BATCHES

    def __getitem__(self, index):
        return index


class Workerless(Numbers):
    pass


LOADERS = (
    DataLoader(Numbers(), num_workers=2, persistent_workers=True),
    DataLoader(Workerless()),
    datamon.wrap(range(BATCHES), name="wrapped"),
)

for loader in LOADERS:
    for _ in range(EPOCHS):
        taken = sum(1 for _ in loader)
        assert taken == BATCHES, taken
