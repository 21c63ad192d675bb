"""What loading an image with Pillow costs is decoding, whichever way it is recorded."""

import pytest

from running import BIN, TORCH, run

IMAGES = 8
SCRIPT = f"""
import hashlib, io, sys
from PIL import Image
for i in range({IMAGES}):
    Image.effect_noise((64, 48), 90 + i).save(f"{{i}}.jpg")
for i in range({IMAGES}):
    source = f"{{i}}.jpg"
    if sys.argv[1] == "bytes":
        with open(source, "rb") as file:
            source = io.BytesIO(file.read())
    image = Image.open(source).convert("RGB")
    print(hashlib.sha256(image.tobytes()).hexdigest(), image.convert("L").size)
"""


def recorded(how, source, folder):
    command = [TORCH, "-c", SCRIPT, source]
    if how == "hook":
        return run(*command, folder=folder)
    return run(BIN / "datamon", "run", "--dir", "recording", "--", *command, folder=folder, mon=False)


@pytest.mark.parametrize("source", ["bytes", "path"])
@pytest.mark.parametrize("how", ["hook", "datamon run"])
def test_opening_loading_and_converting_are_decoding(how, source, tmp_path):
    plain = run(TORCH, "-c", SCRIPT, source, folder=tmp_path, mon=False)
    done = recorded(how, source, tmp_path)
    assert done.code == 0 and done.stdout == plain.stdout
    spans = done.recording.spans()
    # Once an image: what is converted later is no longer a file's.
    assert spans["decode"] == spans["decode/convert"] == IMAGES, spans
    # Where nobody else sees a file's reads, opening it is reading.
    assert spans["decode/open"] == (0 if (how, source) == ("hook", "path") else IMAGES), spans
    assert spans["read"] >= (IMAGES if source == "path" else 0), spans
    assert done.recording.report()["monitor"]["mismatched_ends"] == 0
