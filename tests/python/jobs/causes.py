"""A loader whose batches, images and code are of a known kind: causes.py KIND FOLDER.
24 items in batches of 4, with one worker (`alone`: none)."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

KIND, FOLDER = sys.argv[1], Path(sys.argv[2])
ITEMS = 24


class Images(Dataset):
    """96 x 64 pixels as files, 32 x 32 in a batch."""

    def __init__(self, ending, **how):
        self.paths = [FOLDER / f"{i}.{ending}" for i in range(ITEMS)]
        random = np.random.default_rng(0)
        for path in self.paths:
            Image.fromarray(random.integers(0, 255, (64, 96, 3), np.uint8)).save(path, **how)
        self.transform = speckle

    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        return self.transform(Image.open(self.paths[index]).convert("RGB").crop((0, 0, 32, 32)))


def speckle(image):
    out = np.array(image)
    for y in range(0, 32, 8):
        for x in range(0, 32, 8):
            out[y, x] = 0
    return torch.from_numpy(out).permute(2, 0, 1)


class Sentences(Dataset):
    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        return list(range(3 + index % 5))


class Pad:
    """What is called is an object, whose code calls a function."""

    def __call__(self, batch):
        return pad(batch)


def pad(batch):
    longest = max(len(words) for words in batch)
    return torch.tensor([[float(w) for w in words] + [0.0] * (longest - len(words)) for words in batch],
                        dtype=torch.float64)


class Features(Dataset):
    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        return {f"feature{i}": torch.ones(3) for i in range(20)}, "name"


class Broken(list):
    """A batch that must not be looked into."""

    def __iter__(self):
        raise RuntimeError("looked into")


def loader(kind, workers):
    if kind == "png":
        return DataLoader(Images("png"), 4, num_workers=workers)
    if kind == "progressive":
        return DataLoader(Images("jpg", progressive=True), 4, num_workers=workers)
    if kind == "padding":
        return DataLoader(Sentences(), 4, collate_fn=Pad(), num_workers=workers)
    if kind == "broken":
        return DataLoader(Sentences(), 4, collate_fn=Broken, num_workers=0)
    return DataLoader(Features(), 4, num_workers=workers)


batches = sum(1 for _ in loader(KIND.removeprefix("alone-"), 0 if KIND.startswith("alone-") else 1))
print(batches, "batches")
