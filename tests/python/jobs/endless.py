"""Trains until it is stopped."""

import time

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 100000

    def __getitem__(self, index):
        time.sleep(0.002)
        return torch.zeros(16)


if __name__ == "__main__":
    for number, batch in enumerate(DataLoader(Numbers(), batch_size=2, num_workers=2)):
        if number == 20:
            print("running", flush=True)
