"""A seeded training with forked workers, none and spawned ones; prints each loss
and the state of the random number generators to the last bit."""

import hashlib
import pickle
import random
import sys
import warnings

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    """Items that depend on each random number generator of the worker."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return self.items

    def __getitem__(self, index):
        noise = torch.randn(8) + random.random() + np.random.rand()
        return noise * 0.1 + index, torch.tensor(index % 3)


def seed_worker(worker_id):
    random.seed(torch.initial_seed() % 2**32)
    np.random.seed(torch.initial_seed() % 2**32)


def digest(value):
    return hashlib.sha256(pickle.dumps(value)).hexdigest()[:16]


def train(model, optimizer, loader):
    for data, label in loader:
        loss = torch.nn.functional.cross_entropy(model(data), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(loss.item().hex())


def main():
    torch.manual_seed(1)
    random.seed(2)
    np.random.seed(3)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for workers, method in ((2, "fork"), (0, None), (1, "spawn")):
        loader = DataLoader(Noisy(36), batch_size=4, shuffle=True, num_workers=workers,
                            worker_init_fn=seed_worker, multiprocessing_context=method)
        for epoch in range(2):
            train(model, optimizer, loader)
    print(digest(torch.get_rng_state().numpy().tobytes()), digest(random.getstate()),
          digest(np.random.get_state()[1].tobytes()))
    warnings.warn("one more line on stderr")
    sys.exit(3)


if __name__ == "__main__":
    main()
