"""Makes recordings that several tests read."""

import os
import subprocess

import pytest
from PIL import Image

from programs import DATAMON, PIPELINE, environment


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Sixty small JPEGs with content, in folders of one class each."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(60):
        image = Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).resize((320, 240))
        target = folder / f"class{i % 3}" / f"{i}.jpg"
        target.parent.mkdir(exist_ok=True)
        image.save(target, quality=90)
    return folder


@pytest.fixture(scope="session")
def record(photos, tmp_path_factory):
    """record(*pipeline options) -> the recording's folder."""

    def run(*options):
        folder = tmp_path_factory.mktemp("recording") / "r"
        subprocess.run([DATAMON, "run", "--dir", folder, "--", PIPELINE, photos, *options],
                       env=environment(), check=True, capture_output=True, timeout=300)
        return folder

    return run


@pytest.fixture(scope="session")
def recording(record):
    return record("--workers", "2", "--batch", "4", "--steps", "60", "--compute-ms", "4")
