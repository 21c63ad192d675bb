"""A real training of a ResNet-18 on a GPU, unmodified for datamon.

    train_resnet18.py FOLDER --decode cpu|gpu --workers N --seconds S --result FILE

cpu: torchvision's ImageFolder recipe in the workers. gpu: workers read the files; nvJPEG decodes
them, and crop, resize, flip and normalisation run on the GPU. FILE gets one JSON object.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torchvision
from torch.utils.data import DataLoader
from torchvision.transforms import v2

MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BATCH = 128
WARM_UP = 10  # steps not counted


def read_images(path):
    return torchvision.io.read_file(str(path))


def keep(items):
    """The files in one tensor, and how long each is: many small ones would each cost a file descriptor."""
    files = [data for data, _ in items]
    labels = torch.tensor([label for _, label in items])
    return (torch.cat(files), [len(data) for data in files]), labels


def cpu_loader(folder, workers):
    recipe = v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip(), v2.PILToTensor(),
                         v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION)])
    return DataLoader(torchvision.datasets.ImageFolder(folder, recipe), batch_size=BATCH, shuffle=True, drop_last=True,
                      num_workers=workers, pin_memory=True, persistent_workers=True)


def gpu_loader(folder, workers):
    return DataLoader(torchvision.datasets.ImageFolder(folder, loader=read_images), batch_size=BATCH, shuffle=True,
                      drop_last=True, num_workers=workers, collate_fn=keep, persistent_workers=True)


class OnGpu:
    """The recipe behind reading, on the device."""

    def __init__(self):
        self.crop = v2.Compose([v2.RandomResizedCrop(224), v2.RandomHorizontalFlip()])
        self.normalise = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION)])

    def __call__(self, files):
        images = torchvision.io.decode_jpeg(list(torch.split(*files)), device="cuda",
                                            mode=torchvision.io.ImageReadMode.RGB)
        return self.normalise(torch.stack([self.crop(image) for image in images]))


def to_gpu(images):
    return images.to("cuda", non_blocking=True)


class Training:
    def __init__(self, classes):
        model = torchvision.models.resnet18(num_classes=classes).cuda()
        self.model = model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)

    def step(self, images, labels):
        with torch.autocast("cuda", torch.bfloat16):
            output = self.model(images.contiguous(memory_format=torch.channels_last))
            loss = torch.nn.functional.cross_entropy(output, labels.cuda(non_blocking=True))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


def train(loader, prepare, seconds):
    """Steps after the first ones, and how long they took."""
    training, steps, start = Training(len(loader.dataset.classes)), 0, 0.0
    while True:
        for images, labels in loader:
            training.step(prepare(images), labels)
            steps += 1
            if steps == WARM_UP:
                torch.cuda.synchronize()
                start = time.monotonic()
            if steps > WARM_UP and time.monotonic() - start > seconds:
                torch.cuda.synchronize()
                return steps - WARM_UP, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--decode", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--result", type=Path, required=True)
    options = parser.parse_args()
    on_cpu = options.decode == "cpu"
    loader = (cpu_loader if on_cpu else gpu_loader)(options.folder, options.workers)
    steps, seconds = train(loader, to_gpu if on_cpu else OnGpu(), options.seconds)
    options.result.write_text(json.dumps({"steps": steps, "images_per_s": steps * BATCH / seconds}) + "\n")


if __name__ == "__main__":
    main()
