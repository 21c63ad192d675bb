#!/usr/bin/env python3
"""Makes an ImageNet-like set of JPEGs from real photographs: make_dataset.py [FOLDER]

Crops of free photographs, scaled and stored as ImageNet's are: class folders,
mostly 500x375, quality 95, 4:2:0, most of them 60 to 120 kB. The photographs come from
Debian's and Ubuntu's package lomiri-wallpapers-16.04 (fetched with apt-get
download and unpacked beside the set; nothing is installed) and from
scikit-image's wheel. The same photographs give the same files, bit for bit.
Authors and licences: FOLDER.sources.txt, written with the set.

A set that is there and whole is left alone. Without a network, what can be had
is used; with nothing at all the script says so and ends with 1.
"""

import hashlib
import io
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

PACKAGE = "lomiri-wallpapers-16.04"
WHEEL = ["scikit-image==0.25.2", "--python-version", "3.11", "--platform", "manylinux2014_x86_64"]


@dataclass(frozen=True)
class Photo:
    origin: str  # "package" or "wheel"
    file: str
    class_name: str
    crops: int
    credit: str


PHOTOS = [
    Photo("package", "aitzgorri_by_Aitzol_Berasategi.jpg", "meadow", 76, "Aitzol Berasategi, CC-BY-4.0"),
    Photo("package", "Dragonfly_by_Bolly.jpg", "dragonfly", 48, "Bolly, CC-BY-SA-4.0"),
    Photo("package", "friends_by_Aitzol_Berasategi.jpg", "dogs", 26, "Aitzol Berasategi, CC-BY-4.0"),
    Photo("package", "life_by_Aitzol_Berasategi.jpg", "brook", 100, "Aitzol Berasategi, CC-BY-4.0"),
    Photo("package", "picosdeeuropa_by_Aitzol_Berasategi.jpg", "mountain", 100, "Aitzol Berasategi, CC-BY-4.0"),
    Photo("package", "Picture_0B_by_freespace.jpg", "fig", 56, 'Trevor "Freespace", CC-BY-4.0'),
    Photo("package", "Picture_1A_by_freespace.jpg", "brushes", 24, 'Trevor "Freespace", CC-BY-4.0'),
    Photo("package", "seeding_by_Clements_Engelhardt.jpg", "dandelion", 16, "Clemens Engelhardt, CC0-1.0"),
    Photo("package", "sunset_by_Aitzol_Berasategi.jpg", "sunset", 26, "Aitzol Berasategi, CC-BY-4.0"),
    Photo("package", "Wine_by_Jakkub_Mede.jpg", "parlour", 18, "Jakub Mede, CC-BY-4.0"),
    Photo("wheel", "astronaut.png", "studio", 2, "NASA, public domain"),
    Photo("wheel", "chelsea.png", "studio", 2, "Stefan van der Walt, CC0-1.0"),
    Photo("wheel", "coffee.png", "studio", 3, "Rachel Michetti, CC0-1.0"),
    Photo("wheel", "hubble_deep_field.jpg", "studio", 5, "NASA, public domain"),
    Photo("wheel", "rocket.jpg", "studio", 2, "SpaceX, CC0-1.0"),
]

# (width, height, how often in a hundred): ImageNet's usual sizes and a few large ones.
SIZES = [(500, 375, 68), (375, 500, 14), (500, 333, 10), (640, 480, 5), (1024, 768, 3)]
BYTES = (55_000, 135_000)  # of a 500x375 image; others in proportion to their area
MAX_OVERLAP = 0.45  # of two crops: intersection by union
MAX_ENCODED = 180  # for one photograph: those of little detail give fewer crops


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (areas - width * height)


def choose_box(dice, photo_size):
    """A size to store and the box of the photograph that it shows."""
    width, height, _ = dice.choices(SIZES, weights=[size[2] for size in SIZES])[0]
    largest = min(photo_size[0] / width, photo_size[1] / height)
    zoom = min(largest, 1.0) * max(1.0, largest) ** dice.random() ** 0.4
    box_width, box_height = width * zoom, height * zoom
    left = dice.random() * (photo_size[0] - box_width)
    top = dice.random() * (photo_size[1] - box_height)
    return (width, height), (left, top, left + box_width, top + box_height)


def encode(photo, size, box):
    out = io.BytesIO()
    crop = photo.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)
    crop.save(out, "JPEG", quality=95, subsampling="4:2:0")
    return out.getvalue()


def crop_photo(job):
    """Writes one photograph's crops; returns their number."""
    photo, path, folder = job
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    dice = random.Random(photo.file)
    taken = []
    encoded = 0
    for _ in range(20 * MAX_ENCODED):
        if len(taken) == photo.crops or encoded == MAX_ENCODED:
            break
        size, box = choose_box(dice, image.size)
        if any(overlap(box, other) > MAX_OVERLAP for other in taken):
            continue
        data = encode(image, size, box)
        encoded += 1
        scale = size[0] * size[1] / (500 * 375)
        if not BYTES[0] * scale <= len(data) <= BYTES[1] * scale:
            continue
        name = f"{Path(photo.file).stem.split('_by_')[0].lower()}_{len(taken):04d}.jpg"
        (folder / photo.class_name / name).write_bytes(data)
        taken.append(box)
    return len(taken)


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def fetch_package(folder):
    """Unpacks the wallpaper package; returns its folder of photographs, or None."""
    where = folder / PACKAGE
    photos = where / "usr/share/backgrounds"
    if photos.is_dir():
        return photos
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        print("dataset: no apt-get here, so no wallpaper package", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", PACKAGE]
        result = run(download, cwd=scratch)
        if result.returncode != 0:  # no package lists yet, or old ones
            root = [] if os.geteuid() == 0 else ["sudo", "-n"]
            if not root or shutil.which("sudo"):
                run([*root, "apt-get", "-q", "update"])
                result = run(download, cwd=scratch)
        packages = list(Path(scratch).glob("*.deb"))
        if not packages:
            print(f"dataset: cannot fetch {PACKAGE}: {result.stdout.strip()[-300:]}", file=sys.stderr)
            return None
        run(["dpkg", "-x", packages[0], Path(scratch) / "tree"], check=True)
        (Path(scratch) / "tree").rename(where)
    return photos


def fetch_wheel(folder):
    """Unpacks scikit-image's sample photographs; returns their folder, or None."""
    where = folder / "scikit-image"
    if where.is_dir():
        return where / "skimage/data"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")  # as in bootstrap.sh
        environment = {**({"PIP_CERT": str(certificates)} if certificates.exists() else {}), **os.environ}
        result = run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                      "--only-binary=:all:", "--no-input", "-d", scratch, *WHEEL], env=environment)
        wheels = list(Path(scratch).glob("*.whl"))
        if not wheels:
            print(f"dataset: cannot fetch scikit-image: {result.stdout.strip()[-300:]}", file=sys.stderr)
            return None
        tree = Path(scratch) / "tree"
        with zipfile.ZipFile(wheels[0]) as wheel:
            members = [n for n in wheel.namelist() if n.startswith("skimage/data/") or "LICENSE" in n]
            wheel.extractall(tree, members)
        tree.rename(where)
    return where / "skimage/data"


def sources(folder):
    """(photo, path) of every photograph that can be had here."""
    folder.mkdir(parents=True, exist_ok=True)
    origins = {"package": fetch_package(folder), "wheel": fetch_wheel(folder)}
    found = [(photo, origins[photo.origin] / photo.file) for photo in PHOTOS if origins[photo.origin]]
    return [(photo, path) for photo, path in found if path.is_file()]


def is_whole(folder, stamp_file):
    """True when the set was made by this script from all its sources and nothing is gone."""
    try:
        stamp = json.loads(stamp_file.read_text())
        files = [entry for entry in folder.glob("*/*.jpg")]
        return (stamp["script"] == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
                and stamp["photos"] == len(PHOTOS) and stamp["images"] == len(files))
    except (OSError, ValueError, KeyError):
        return False


def make(folder):
    found = sources(folder.parent / "sources")
    if not found:
        sys.exit("dataset: no photographs: connect to a network, or use your own images: "
                 "make demo DATA=/path/to/folder")
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name + "."))
    scratch.chmod(0o755)
    for photo, _ in found:
        (scratch / photo.class_name).mkdir(exist_ok=True)
    with multiprocessing.Pool(len(os.sched_getaffinity(0))) as pool:
        counts = pool.map(crop_photo, [(photo, path, scratch) for photo, path in found], chunksize=1)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    lines = [f"{photo.class_name}: {photo.file} ({photo.credit}; "
             f"{PACKAGE if photo.origin == 'package' else 'scikit-image'})\n" for photo, _ in found]
    folder.with_name(folder.name + ".sources.txt").write_text(
        "The images are crops of these photographs, scaled; the licences are the photographs'.\n\n"
        + "".join(lines))
    return len(found), sum(counts)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data/imagenet-like").absolute()
    stamp_file = folder.with_name(folder.name + ".stamp.json")
    if is_whole(folder, stamp_file):
        return
    print("dataset: making an ImageNet-like set from free photographs", file=sys.stderr)
    photos, images = make(folder)
    stamp_file.write_text(json.dumps({
        "script": hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
        "photos": photos, "images": images}) + "\n")
    total = sum(path.stat().st_size for path in folder.glob("*/*.jpg"))
    print(f"dataset: {images} JPEGs of {photos} photographs, {total / 1e6:.0f} MB: {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
