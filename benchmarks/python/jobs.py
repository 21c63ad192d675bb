"""The jobs that bench_python.py times; each prints one JSON object.

    jobs.py span                 ns of a begin/end pair and of a `with` block
    jobs.py steps MS [STEPS]     s a step of MS ms over a trivial dataset
    jobs.py recipe FOLDER [EPOCHS]   s an image: ImageFolder, Pillow, 2 workers
"""

import json
import sys
import time


def span():
    import timeit

    import datamon
    from datamon._record import native

    def best_ns(statement, **names):
        count = 200_000
        return min(timeit.repeat(statement, globals=names, number=count, repeat=7)) / count * 1e9

    loop = best_ns("pass")
    return {
        "pair_ns": best_ns("end(begin(3))", begin=native.begin, end=native.end) - loop,
        "with_ns": best_ns("with span('decode'): pass", span=datamon.span) - loop,
    }


def steps(milliseconds, count=2000):
    """The step waits on the clock, so that it lasts as long with datamon as without."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(torch.zeros(count + 100, 1)), batch_size=1)
    length = float(milliseconds) / 1e3
    begun = 0.0
    for number, _ in enumerate(loader):
        if number == 100:
            begun = time.perf_counter()
        until = time.perf_counter() + length
        while time.perf_counter() < until:
            pass
    return {"step_s": (time.perf_counter() - begun) / count}


def recipe(folder, epochs=2):
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    augment = transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    images = datasets.ImageFolder(folder, augment)
    loader = DataLoader(images, 32, shuffle=True, num_workers=2, persistent_workers=True)
    seen, begun = 0, 0.0
    for epoch in range(int(epochs) + 1):  # the first one warms up
        if epoch == 1:
            begun = time.perf_counter()
        for pictures, _ in loader:
            seen += len(pictures) if epoch else 0
    return {"image_s": (time.perf_counter() - begun) / seen}


if __name__ == "__main__":
    job = {"span": span, "steps": steps, "recipe": recipe}[sys.argv[1]]
    arguments = [int(a) if a.isdigit() else a for a in sys.argv[2:]]
    print(json.dumps(job(*arguments)))
