"""The image set that demo, tests and benchmarks use is what the docs say."""

import os
from pathlib import Path

import pytest
from PIL import Image

DATA = Path(os.environ["DATAMON_DATA"])
# libjpeg's luminance table at quality 95 begins so.
QUALITY_95 = [2, 1, 1, 2, 2, 4, 5, 6]


@pytest.fixture(scope="module")
def files():
    found = sorted(DATA.glob("*/*.jpg"))
    assert found, f"no images in {DATA}: scripts/make_dataset.py"
    return found


def test_there_are_some_ten_classes_and_four_hundred_images(files):
    assert 300 <= len(files) <= 500
    assert 8 <= len({path.parent.name for path in files}) <= 15


def test_most_are_of_imagenets_size(files):
    sizes = [path.stat().st_size for path in files]
    assert sum(60_000 <= size <= 120_000 for size in sizes) > 0.7 * len(sizes)
    landscape = sum(Image.open(path).size == (500, 375) for path in files)
    assert landscape > 0.6 * len(files)


def test_all_are_colour_photographs_of_quality_95_and_420(files):
    for path in files:
        with Image.open(path) as image:
            assert image.mode == "RGB" and image.format == "JPEG"
            sampling = [(layer[1], layer[2]) for layer in image.layer]
            assert sampling == [(2, 2), (1, 1), (1, 1)], path
            assert image.quantization[0][:8] == QUALITY_95, path


def test_no_two_are_the_same(files):
    assert len({path.read_bytes() for path in files}) == len(files)
