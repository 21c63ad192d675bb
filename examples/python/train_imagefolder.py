"""Trains a small network on a folder of folders of images. Nothing here knows of
datamon:

    MON=1 python train_imagefolder.py data/imagenet-like --workers 2
    datamon report
"""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--batch", type=int, default=32)
    options.add_argument("--epochs", type=int, default=5)
    args = options.parse_args()

    augment = transforms.Compose(
        [
            transforms.RandomResizedCrop(224),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    images = datasets.ImageFolder(args.folder, augment)
    loader = DataLoader(images, args.batch, shuffle=True, num_workers=args.workers)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = nn.Sequential(
        nn.Conv2d(3, 16, 7, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(16, len(images.classes)),
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loss_of = nn.CrossEntropyLoss()

    for epoch in range(args.epochs):
        for pictures, labels in loader:
            loss = loss_of(model(pictures.to(device)), labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
