"""Jobs with the libraries that people use: each names its stages."""

import pytest

from running import TORCH, job, run

IMAGES, BATCHES = 24, 6
# Lightning does not ask for a batch after the last: its step ends with the iterator.
HAND_OVER = {"collate": BATCHES, "receive": BATCHES, "compute": BATCHES}
PER_IMAGE = {
    "torchvision_v1": {
        "fetch": IMAGES, "read": IMAGES, "decode": IMAGES, "transform": IMAGES,
        "transform/RandomResizedCrop": IMAGES, "transform/RandomHorizontalFlip": IMAGES,
        "transform/Lambda": IMAGES, "transform/ToTensor": IMAGES, "transform/Normalize": IMAGES},
    "torchvision_v2": {
        "fetch": IMAGES, "read": IMAGES, "decode": IMAGES, "transform": IMAGES,
        "transform/Resize": IMAGES, "transform/ToDtype": IMAGES},
    "lightning": {"fetch": IMAGES, "read": IMAGES, "decode": IMAGES, "transform/Resize": IMAGES,
                  "transform/ToTensor": IMAGES},
    "hugging_face": {"fetch": BATCHES, "decode": IMAGES},
    "webdataset": {"fetch": IMAGES, "read": IMAGES, "decode": IMAGES, "transform/Resize": IMAGES},
    "albumentations": {"fetch": IMAGES, "decode": IMAGES, "transform": IMAGES,
                       "transform/RandomCrop": IMAGES, "transform/HorizontalFlip": IMAGES},
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    assert job("images.py", "make", folder, folder=folder, mon=False).code == 0
    return folder


@pytest.mark.parametrize("library", PER_IMAGE)
def test_stages(library, images, tmp_path):
    if library == "torchvision_v2" and run(TORCH, "-c", "import torchvision.transforms.v2", folder=tmp_path, mon=False).code:
        pytest.skip("this torchvision has no transforms.v2")
    done = job("images.py", library, images, folder=tmp_path)
    assert done.code == 0, done.stderr.decode()
    assert done.stdout.splitlines()[-1] == b"6 batches"
    assert b"datamon" not in done.stderr
    spans = done.recording.spans()
    expected = HAND_OVER | PER_IMAGE[library]
    few = {stage: (spans[stage], count) for stage, count in expected.items() if spans[stage] < count}
    assert not few, spans
    # An iterable's end is asked for, and handed over, too; a file is read in pieces.
    many = {stage: (spans[stage], count) for stage, count in expected.items()
            if stage not in ("read", "decode") and spans[stage] > count + 2}
    assert not many, spans
    report = done.recording.report()
    assert report["monitor"]["mismatched_ends"] == 0 and report["monitor"]["dropped"] == 0
