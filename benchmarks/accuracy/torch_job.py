"""A real PyTorch training job whose parts can be made heavier, for the accuracy benchmark.

    torch_job.py '{"source": "files", "folder": "photos", ...}'

Nothing here knows of datamon. `twice` names what is done twice (the intervention); the last
line is the job's own count: {"steps": n, "seconds": s}.
"""

import io
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate
from torchvision import transforms

SPEC = json.loads(sys.argv[1])
TWICE = SPEC.get("twice", "")


def times(what):
    return 2 if TWICE == what else 1


class Photos(Dataset):
    """Image files; `lazily`: one call of Pillow opens, reads and decodes."""

    def __init__(self, folder, transform, lazily):
        self.paths = sorted(p for p in Path(folder).rglob("*") if p.suffix in (".jpg", ".png"))
        self.transform, self.lazily = transform, lazily

    def __len__(self):
        return SPEC.get("items", 100_000)

    def __getitem__(self, index):
        path = self.paths[index * 7919 % len(self.paths)]
        if self.lazily:
            for _ in range(times("decode")):
                image = Image.open(path).convert("RGB")
        else:
            for _ in range(times("read")):
                content = path.read_bytes()
            for _ in range(times("decode")):
                image = Image.open(io.BytesIO(content)).convert("RGB")
        return self.transform(image), index % 10


class Mapped(Dataset):
    """Decoded images in one memory-mapped array."""

    def __init__(self, file, transform):
        self.images, self.transform = np.load(file, mmap_mode="r"), transform

    def __len__(self):
        return 100_000

    def __getitem__(self, index):
        image = Image.fromarray(np.array(self.images[index * 7919 % len(self.images)]))
        return self.transform(image), index % 10


class Sentences(Dataset):
    def __len__(self):
        return 100_000

    def __getitem__(self, index):
        length = 200 + index * 7919 % 600
        return list(range(length)), index % 10


class Features(Dataset):
    """Tensors that are there already: `parts` of them an item."""

    def __init__(self, parts, shape, dtype):
        self.item = {f"feature{i}": torch.ones(shape, dtype=dtype) for i in range(parts)}

    def __len__(self):
        return 100_000

    def __getitem__(self, index):
        return self.item, index % 10


class Twice:
    """A transform that does its work twice."""

    def __init__(self, transform):
        self.transform = transform

    def __call__(self, image):
        self.transform(image)
        return self.transform(image)


def augmentation():
    steps = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()]
    if SPEC.get("augment") == "heavy":
        steps += [transforms.ColorJitter(0.4, 0.4, 0.4, 0.1), transforms.RandomRotation(20)]
    steps += [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    return transforms.Compose([Twice(s) for s in steps] if TWICE == "transform" else steps)


def pad(batch):
    """Padding as people write it first: a list at a time, in Python."""
    longest = max(len(words) for words, _ in batch)
    rows = [[float(word) for word in words] + [0.0] * (longest - len(words)) for words, _ in batch]
    return torch.tensor(rows), torch.tensor([label for _, label in batch])


class SentTwice:
    """A batch that is packed and unpacked twice."""

    def __init__(self, batch, copy=None):
        self.batch = batch

    def __reduce__(self):
        return SentTwice, (self.batch, copied(self.batch))


def copied(batch):
    if isinstance(batch, torch.Tensor):
        return batch.clone()
    if isinstance(batch, dict):
        return {name: copied(part) for name, part in batch.items()}
    return [copied(part) for part in batch]


class Collate:
    def __init__(self):
        self.function = pad if SPEC["source"] == "sentences" else default_collate

    def __call__(self, batch):
        for _ in range(times("collate")):
            made = self.function(batch)
        return SentTwice(made) if TWICE == "handoff" else made


def dataset():
    source = SPEC["source"]
    if source == "sentences":
        return Sentences()
    if source == "features":
        return Features(SPEC["parts"], SPEC["shape"], getattr(torch, SPEC.get("dtype", "float32")))
    if source == "mapped":
        return Mapped(SPEC["folder"] + "/images.npy", augmentation())
    return Photos(SPEC["folder"], augmentation(), lazily=SPEC.get("lazily", False))


class Step:
    """The model's part: a small network, or an accelerator's time spent asleep."""

    def __init__(self):
        width = SPEC.get("width", 8)
        self.model = nn.Sequential(nn.Conv2d(3, width, 7, stride=4), nn.ReLU(), nn.Conv2d(width, width, 3),
                                   nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01)

    def __call__(self, inputs, labels):
        if "step_ms" in SPEC:
            time.sleep(SPEC["step_ms"] / 1e3)
            return
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(inputs), labels).backward()
        self.optimizer.step()


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random.seed(0)
    loader = DataLoader(dataset(), SPEC.get("batch", 8), shuffle="items" in SPEC, num_workers=SPEC["workers"],
                        collate_fn=Collate())
    step = Step()
    steps, began, ends = 0, None, None
    kept = None
    while ends is None or time.monotonic() < ends:
        for batch in loader:
            while True:
                kept = batch.batch if isinstance(batch, SentTwice) else batch
                if began is None:
                    began = time.monotonic()
                    ends = began + SPEC["seconds"]
                else:
                    steps += 1
                for _ in range(times("compute") if not SPEC.get("no_compute") else 0):
                    step(*kept)
                if time.monotonic() >= ends or not SPEC.get("no_input"):
                    break
            if time.monotonic() >= ends:
                break
    print(json.dumps({"steps": steps, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
