"""What a DataLoader is called in the report, and what its settings are."""

import torch
from datamon.adapters import torch_facts
from datamon.adapters.datasets import layers

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "validation",
}


def key(loader):
    """Equal for loaders that are the same place in the program."""
    return (
        kind_of(loader.dataset),
        split_of(loader),
        loader.batch_size,
        loader.num_workers,
        start_method_of(loader),
        loader.prefetch_factor,
        loader.persistent_workers,
        loader.pin_memory,
        loader.drop_last,
        type(loader.sampler).__qualname__,
        type(loader.batch_sampler).__qualname__,
    )


def facts(loader):
    """The notes loader.N.KEY of docs/recording-format.md."""
    split = split_of(loader)
    kind = type(innermost(loader.dataset)).__qualname__
    return {
        "name": f"{split}: {kind}" if split else kind,
        "dataset": kind_of(loader.dataset),
        "workers": loader.num_workers,
        "prefetch": loader.prefetch_factor if loader.num_workers else None,
        "batch_size": batch_size_of(loader),
        "worker_kind": "process" if loader.num_workers else None,
        "persistent_workers": int(loader.persistent_workers),
        "pin_memory": int(bool(loader.pin_memory)),
        "start_method": start_method_of(loader),
        "sharing": torch_facts.sharing_of(loader),
    }


def start_method_of(loader):
    """Of its workers, or None if it has none."""
    if not loader.num_workers:
        return None
    context = loader.multiprocessing_context or torch.multiprocessing
    return context.get_start_method()


def batch_size_of(loader):
    size = loader.batch_size
    return size if size is not None else getattr(loader.batch_sampler, "batch_size", None)


def innermost(dataset):
    """The dataset below Subset and its like."""
    *_, last = layers(dataset)
    return last


def kind_of(dataset):
    kind = type(innermost(dataset))
    return f"{kind.__module__}.{kind.__qualname__}"


def split_of(loader):
    """train, validation, test, or None where nothing tells."""
    dataset = innermost(loader.dataset)
    named = _named_split(dataset)
    if named:
        return named
    sampler = type(loader.sampler).__name__
    if "Random" in sampler or getattr(loader.sampler, "shuffle", False) is True:
        return "train"
    if not torch.is_grad_enabled():
        return "validation"
    return None


def _named_split(dataset):
    facts = getattr(dataset, "__dict__", {})
    split = facts.get("split")
    if isinstance(split, str) and split.lower() in _SPLITS:
        return _SPLITS[split.lower()]
    if isinstance(facts.get("train"), bool):
        return "train" if facts["train"] else "test"
    for name in ("root", "path", "data_dir", "image_dir"):
        place = facts.get(name)
        if isinstance(place, str):
            for part in reversed(place.replace("\\", "/").split("/")):
                if part.lower() in _SPLITS:
                    return _SPLITS[part.lower()]
    return None
