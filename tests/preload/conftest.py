"""Pictures and texts that the programs read."""

import random

import pytest
from PIL import Image


def picture(seed, size=(320, 240)):
    noise = random.Random(seed).randbytes(64 * 48 * 3)
    return Image.frombytes("RGB", (64, 48), noise).resize(size)


@pytest.fixture(scope="session")
def jpegs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jpegs")
    for i in range(12):
        picture(i).save(folder / f"{i:02}.jpg", quality=90, progressive=i % 3 == 0)
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def broken_jpeg(tmp_path_factory, jpegs):
    """With a Huffman table that cannot be: libjpeg gives up in jpeg_start_decompress()."""
    data = bytearray(jpegs[1].read_bytes())
    counts = data.index(b"\xff\xc4") + 5  # codes of 1, 2, 3 ... bits
    most = max(range(16), key=lambda bits: data[counts + bits])
    data[counts], data[counts + most] = data[counts + most], data[counts]
    path = tmp_path_factory.mktemp("broken") / "broken.jpg"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="session")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    draw = random.Random(7)
    path.write_text("".join("x" * draw.randrange(1, 500) + "\n" for _ in range(80)))
    return path
