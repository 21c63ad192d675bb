"""A seeded training whose loading sleeps; prints each loss to the last bit. Argument:
how workers start."""

import random
import sys
import time

import torch
from torch.utils.data import DataLoader, Dataset

# Enough windows (32 steps with two workers) for two rounds of all classes of stages, also
# where the first steps, which set a window's length, were slow.
STEPS = 1200


class Slow(Dataset):
    def __len__(self):
        return 4 * STEPS

    def __getitem__(self, index):
        time.sleep(0.003)
        return torch.randn(8) + random.random() + index % 5, torch.tensor(index % 3)


def main():
    torch.manual_seed(1)
    random.seed(2)
    model = torch.nn.Linear(8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = DataLoader(Slow(), batch_size=4, shuffle=True, num_workers=2,
                        multiprocessing_context=sys.argv[1])
    for data, label in loader:
        loss = torch.nn.functional.cross_entropy(model(data), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(loss.item().hex())


if __name__ == "__main__":
    main()
