"""The image recipe as Pillow and torchvision compute it, and the program that answers for ours."""

import os
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


class OpsError(Exception):
    """The operators reported that an image cannot be used."""


class Ops:
    """One process of datamon_ops_tool; see its source for the requests."""

    def __init__(self, environment=None):
        folder = Path(os.environ.get("DATAMON_BIN", REPOSITORY / "build" / "bin"))
        self.process = subprocess.Popen(
            [folder / "datamon_ops_tool"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0

    def ask(self, *fields):
        line = "\t".join(str(field) for field in fields) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        status = self.process.stdout.readline().decode(errors="replace")
        kind, _, rest = status.rstrip("\n").partition(" ")
        if kind == "ok":
            return self.process.stdout.read(int(rest))
        assert kind == "error", f"the operators died on {fields}: {status!r}"
        raise OpsError(rest)

    def pixels(self, path, box):
        return np.frombuffer(self.ask("pixels", path, *box), np.uint8).reshape(box[3], box[2], 3)

    def resize(self, path, box, size, level="best"):
        data = self.ask("resize", path, *box, *size, level)
        return np.frombuffer(data, np.uint8).reshape(size[1], size[0], 3)

    def sample(self, path, box, size, flip, kind, level="best"):
        data = self.ask("sample", path, *box, *size, level, int(flip), kind)
        if kind == "uint8":
            return np.frombuffer(data, np.uint8).reshape(size[1], size[0], 3)
        return np.frombuffer(data, kind).reshape(3, size[1], size[0])


def load(path):
    with Image.open(path) as image:
        return image.convert("RGB")


def crop(image, box):
    x, y, width, height = box
    return image.crop((x, y, x + width, y + height))


def resize(image, box, size):
    return crop(image, box).resize(size, Image.Resampling.BILINEAR)


def normalise(image, flip):
    """ToTensor and Normalize in float32, one rounding an operation as torch has it."""
    if flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scaled = np.asarray(image).astype(np.float32) / np.float32(255)
    return ((scaled - MEAN) / STD).transpose(2, 0, 1)
