"""What batches, images and code of a loader are is noted: the report names causes by it."""

import pytest

from running import job


def data_of(kind, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    done = job("causes.py", kind, images, folder=tmp_path)
    assert done.code == 0, done.stderr.decode()
    assert done.stdout == b"6 batches\n" and b"datamon" not in done.stderr
    return {key: value for key, value in done.recording.report()["data"].items() if value}


@pytest.mark.parametrize("kind", ["png", "alone-png"])
def test_images(kind, tmp_path):
    data = data_of(kind, tmp_path)
    assert data["image_format"] == "PNG" and data["image_pixels"] == 64 * 96
    assert data["image_used_pixels"] == 32 * 32
    assert "image_progressive_share" not in data
    assert data["batch_dtype"] == "uint8" and data["batch_shape"] == "4x3x32x32"
    assert data["batch_tensors"] == 1 and data["batch_bytes"] == 4 * 3 * 32 * 32
    assert data["transform_loops"] == {"speckle": 2}
    assert "collate" not in data  # PyTorch's own


def test_progressive(tmp_path):
    data = data_of("progressive", tmp_path)
    assert data["image_format"] == "JPEG" and data["image_progressive_share"] == 1


@pytest.mark.parametrize("kind", ["padding", "alone-padding"])
def test_padding(kind, tmp_path):
    data = data_of(kind, tmp_path)
    assert data["collate"] == "Pad" and data["collate_loops"] == 2
    assert data["batch_dtype"] == "float64"
    assert data.get("sharing") == (None if kind.startswith("alone") else "file_descriptor")
    assert not {"image_format", "image_used_pixels", "transform_loops"} & set(data)


def test_many_tensors(tmp_path):
    data = data_of("features", tmp_path)
    assert data["batch_tensors"] == 20 and data["batch_objects"] == 4
    assert data["batch_bytes"] == 20 * 4 * 3 * 4
    assert not {"collate", "collate_loops", "image_format"} & set(data)


def test_a_batch_that_fails_when_it_is_looked_into(tmp_path):
    assert "batch_tensors" not in data_of("broken", tmp_path)
