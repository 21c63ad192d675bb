"""Validation inside training steps; loaders that differ in one setting each."""

import time

import datamon
from torch.utils.data import DataLoader, Dataset

STEPS, EVERY, PASS, SLEEP_S = 40, 10, 5, 0.02


class Train(Dataset):
    def __len__(self):
        return STEPS

    def __getitem__(self, index):
        return index


class Validation(Train):
    def __len__(self):
        return PASS


class Setting(Train):
    def __len__(self):
        return 2


def work():
    time.sleep(SLEEP_S)


def train(loader, validation):
    for step, _ in enumerate(loader):
        work()
        if step % EVERY == EVERY - 1:
            for number, _ in enumerate(validation):
                work()
                if step == STEPS - 1 and number == PASS - 2:
                    break  # leaves the last pass early
        work()


if __name__ == "__main__":
    train(DataLoader(Train()), DataLoader(Validation()))
    train(datamon.wrap(range(STEPS), name="outer"), datamon.wrap(range(PASS), name="inner"))
    for settings in (
        {"multiprocessing_context": "fork"},
        {"multiprocessing_context": "forkserver"},
        {"multiprocessing_context": "fork", "prefetch_factor": 3},
        {"multiprocessing_context": "fork", "persistent_workers": True},
    ):
        for _ in range(2):
            assert len(list(DataLoader(Setting(), num_workers=1, **settings))) == 2
