"""Training jobs with other libraries, on small images that it makes itself:
images.py MAKE|LIBRARY FOLDER. Each goes once through 24 images in batches of 4,
with two workers."""

import os
import sys
import warnings
from pathlib import Path

IMAGES = 24
warnings.filterwarnings("ignore")


def make(folder):
    import tarfile

    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    for i in range(IMAGES):
        path = folder / "train" / f"class{i % 2}" / f"{i:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(path)
    paths = sorted(folder.rglob("*.jpg"))
    for shard in range(2):
        with tarfile.open(folder / f"shard{shard}.tar", "w") as tar:
            for path in paths[shard::2]:
                tar.add(path, path.name)
                label = folder / path.with_suffix(".cls").name
                label.write_text(path.parent.name[-1])
                tar.add(label, label.name)


def loader(dataset, **options):
    from torch.utils.data import DataLoader

    return DataLoader(dataset, **{"batch_size": 4, "num_workers": 2, **options})


def torchvision_v1(folder):
    from torchvision import datasets, transforms

    steps = transforms.Compose([
        transforms.RandomResizedCrop(32), transforms.RandomHorizontalFlip(),
        transforms.Lambda(lambda image: image), transforms.ToTensor(),
        transforms.Normalize([0.5] * 3, [0.5] * 3)])
    yield from loader(datasets.ImageFolder(folder / "train", steps))


def torchvision_v2(folder):
    import torch
    from torchvision.io import decode_image, read_file, read_image
    from torchvision.transforms import v2

    class Files:
        paths = sorted(folder.rglob("*.jpg"))
        transform = v2.Compose([v2.Resize((32, 32)), v2.ToDtype(torch.float32)])

        def __len__(self):
            return IMAGES

        def __getitem__(self, index):
            path = str(self.paths[index])
            image = decode_image(read_file(path)) if index % 2 else read_image(path)
            return self.transform(image)

    yield from loader(Files())


def lightning(folder):
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from torchvision import datasets, transforms

    class Model(LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3 * 32 * 32, 2)
            self.seen = []

        def training_step(self, batch, number):
            images, labels = batch
            self.seen.append(labels)
            return torch.nn.functional.cross_entropy(self.layer(images.flatten(1)), labels)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    steps = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])
    model = Model()
    Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False).fit(
                model, loader(datasets.ImageFolder(folder / "train", steps)))
    yield from model.seen


def hugging_face(folder):
    import datasets

    paths = [str(path) for path in sorted(folder.rglob("*.jpg"))]
    data = datasets.Dataset.from_dict({"image": paths, "label": [0, 1] * (IMAGES // 2)})
    data = data.cast_column("image", datasets.Image()).with_format("torch")
    yield from loader(data)


def webdataset(folder):
    import webdataset
    from torchvision import transforms

    prepare = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])
    shards = [str(folder / f"shard{i}.tar") for i in range(2)]
    data = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("jpg", "cls")
    yield from loader(data.map_tuple(prepare, int))


def albumentations(folder):
    import albumentations
    import cv2

    class Files:
        paths = sorted(folder.rglob("*.jpg"))
        transform = albumentations.Compose([albumentations.RandomCrop(32, 32),
                                            albumentations.HorizontalFlip(p=1.0)])

        def __len__(self):
            return IMAGES

        def __getitem__(self, index):
            return self.transform(image=cv2.imread(str(self.paths[index])))["image"]

    yield from loader(Files())


if __name__ == "__main__":
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    name, folder = sys.argv[1], Path(sys.argv[2])
    if name == "make":
        make(folder)
    else:
        batches = list(globals()[name](folder))
        print(len(batches), "batches")
