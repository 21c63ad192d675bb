"""The image operators against the real Pillow, bit for bit."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from pillow_reference import REPOSITORY, Ops, OpsError, crop, load, normalise, resize  # noqa: E402

LEVELS = ("scalar", "avx2", "avx512", "gpu")  # gpu: the kernels' code, run on the CPU


@pytest.fixture(scope="module")
def ops():
    program = Ops()
    yield program
    program.close()


@pytest.fixture(scope="session")
def photographs():
    folder = Path(os.environ.get("DATAMON_DATA", REPOSITORY / "data" / "imagenet-like"))
    script = REPOSITORY / "scripts" / "make_dataset.py"
    subprocess.run([sys.executable, script, folder], check=True, stdout=subprocess.DEVNULL)
    files = sorted(folder.rglob("*.jpg"))
    assert len(files) >= 30, f"too few photographs in {folder}"
    return files


def levels_here():
    flags = Path("/proc/cpuinfo").read_text()
    has = {"scalar": True, "avx2": " avx2" in flags, "avx512": " avx512_vnni" in flags,
           "gpu": True}
    return [level for level in LEVELS if has[level]]


def random_box(size, rng, largest=None):
    width = rng.randint(1, min(size[0], largest or size[0]))
    height = rng.randint(1, min(size[1], largest or size[1]))
    return (rng.randint(0, size[0] - width), rng.randint(0, size[1] - height), width, height)


def test_pixels_of_photographs(ops, photographs):
    rng = random.Random(1)
    for path in photographs[::2]:
        image = load(path)
        for box in [random_box(image.size, rng), random_box(image.size, rng, 20)]:
            expected = np.asarray(crop(image, box))
            assert np.array_equal(ops.pixels(path, box), expected), (path.name, box)


@pytest.mark.parametrize("level", ["best", "gpu"])
def test_recipe_on_photographs(ops, photographs, level):
    rng = random.Random(2)
    for path in photographs[::2]:
        image = load(path)
        box = random_box(image.size, rng)
        flip = rng.random() < 0.5
        resized = resize(image, box, (224, 224))
        expected = normalise(resized, flip)
        got = ops.sample(path, box, (224, 224), flip, "float32", level)
        assert np.array_equal(got, expected), (path.name, box, flip)
        got = ops.sample(path, box, (224, 224), flip, "float16", level)
        assert np.array_equal(got, expected.astype(np.float16)), (path.name, box, flip)
        mirrored = np.asarray(resized)[:, ::-1] if flip else np.asarray(resized)
        got = ops.sample(path, box, (224, 224), flip, "uint8", level)
        assert np.array_equal(got, mirrored), (path.name, box, flip)


@pytest.mark.parametrize("level", levels_here())
def test_resize_sizes(ops, photographs, level):
    """Enlarging, shrinking, extreme shapes, one pixel, sizes that stay."""
    rng = random.Random(3)
    for path in photographs[::24]:
        image = load(path)
        width, height = image.size
        boxes = [
            (0, 0, width, height),
            (width - 1, height - 1, 1, 1),
            (0, height // 2, width, 1),
            (width // 2, 0, 1, height),
            (3, 5, 2, 250),
            (5, 3, 250, 2),
            random_box(image.size, rng),
            random_box(image.size, rng, 25),
        ]
        for box in boxes:
            odd = (rng.randint(1, 300), rng.randint(1, 300))
            for size in [(224, 224), odd, (box[2], odd[1]), (odd[0], box[3]), (1, 1)]:
                expected = np.asarray(resize(image, box, size))
                got = ops.resize(path, box, size, level)
                assert np.array_equal(got, expected), (path.name, box, size)


@pytest.mark.parametrize("level", levels_here())
def test_large_photograph(ops, photographs, tmp_path, level):
    path = tmp_path / "large.jpg"
    load(photographs[0]).resize((4000, 3000)).save(path, quality=90)
    image = load(path)
    for box in [(0, 0, 4000, 3000), (1001, 7, 2500, 1800), (17, 1500, 1203, 901)]:
        expected = np.asarray(resize(image, box, (224, 224)))
        assert np.array_equal(ops.resize(path, box, (224, 224), level), expected), box


def saved(path, image, mode, **options):
    image.convert(mode).save(path, "JPEG", **options)
    return path


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("options", [{"subsampling": s} for s in (0, 1, 2)] + [{"keep_rgb": True}])
def test_kinds_of_files(ops, photographs, tmp_path, mode, progressive, options):
    if "keep_rgb" in options and mode != "RGB":
        options = {"restart_marker_blocks": 5}
    rng = random.Random(4)
    source = load(photographs[3])
    for size in [(1, 1), (2, 3), (16, 16), (37, 51), (200, 150)]:
        path = saved(tmp_path / "x.jpg", source.resize(size), mode, quality=92,
                     progressive=progressive, **options)
        image = load(path)
        width, height = size
        corners = [(x, y, 1, 1) for x in (0, width - 1) for y in (0, height - 1)]
        for box in corners + [random_box(size, rng) for _ in range(12)]:
            expected = np.asarray(crop(image, box))
            assert np.array_equal(ops.pixels(path, box), expected), (size, box)


def test_exif_orientation_is_not_applied(ops, photographs, tmp_path):
    path = tmp_path / "rotated.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    source = load(photographs[1])
    source.save(path, exif=exif)
    box = (0, 0, *source.size)
    assert np.array_equal(ops.pixels(path, box), np.asarray(load(path)))


def test_truncated_files_are_errors_where_pillow_raises(ops, photographs, tmp_path):
    data = photographs[0].read_bytes()
    path = tmp_path / "cut.jpg"
    for share in (0.0, 0.001, 0.02, 0.3, 0.8, 0.999):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(OSError):
            load(path)
        with pytest.raises(OpsError):
            ops.pixels(path, (0, 0, 1, 1))


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"GIF89a not a JPEG", b"\xff\xd8\xff\xd9"])
def test_not_an_image(ops, tmp_path, content):
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(OpsError, match="."):
        ops.pixels(path, (0, 0, 1, 1))
