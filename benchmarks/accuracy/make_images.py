"""make_images.py DATA FOLDER KIND: image files of another kind from the photographs in DATA."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def photographs(data, most):
    return [Image.open(path).convert("RGB") for path in sorted(Path(data).rglob("*.jpg"))[:most]]


def main():
    data, folder, kind = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    folder.mkdir(parents=True)
    if kind == "png":
        for i, image in enumerate(photographs(data, 60)):
            image.save(folder / f"{i:04}.png")
    elif kind == "large":
        for i, image in enumerate(photographs(data, 40)):
            image.resize((1500, 1125)).save(folder / f"{i:04}.jpg", quality=92)
    elif kind in ("huge", "even"):  # with and without a huge one in fifty
        for i, image in enumerate(photographs(data, 50)):
            if kind == "huge" and i == 25:
                image = image.resize((4000, 3000))
            image.save(folder / f"{i:04}.jpg", quality=92)
    elif kind == "disk":  # what lies on the slow disk: files, and one array of decoded images
        images = photographs(data, 365)
        for i, image in enumerate(images):
            image.save(folder / f"{i:04}.jpg", quality=95)
        np.save(folder / "images.npy", np.stack([np.asarray(image.resize((256, 256))) for image in images]))
    else:
        sys.exit(f"make_images: there is no kind '{kind}'")


if __name__ == "__main__":
    main()
