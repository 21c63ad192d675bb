"""Children of a training job: pools, commands, cleared environments."""

import multiprocessing
import os
import pathlib
import subprocess
import sys
import time

from torch.utils.data import DataLoader

READ = "import pathlib, sys; pathlib.Path(sys.executable).read_bytes()"


def read(number):
    time.sleep(0.2)  # so that both workers of a pool get something to do
    return len(pathlib.Path(__file__).read_bytes()) > 0 and number


class Numbers:
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return index


def collate(items):
    return items


def pools():
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(read, range(6), chunksize=1), flush=True)


def commands():
    subprocess.run([sys.executable, "-c", READ], check=True)
    subprocess.run([sys.executable, "-c", READ], env=os.environ.copy(), check=True)
    subprocess.run([sys.executable, "-c", READ], env={"PATH": os.environ["PATH"]}, check=True)


def cleared():
    """As a launcher does that gives its workers an environment of its own."""
    os.environ.clear()
    for method in ("fork", "spawn"):
        loader = DataLoader(Numbers(), batch_size=4, num_workers=1, collate_fn=collate,
                            multiprocessing_context=method)
        print(method, list(loader), flush=True)
    print(sorted(os.environ))


if __name__ == "__main__":
    {"pools": pools, "commands": commands, "cleared": cleared}[sys.argv[1]]()
