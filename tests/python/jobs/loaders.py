"""The ways to use a DataLoader, one after another in one process. Prints what came
out, and as the last line how many items and batches that were."""

import collections
import json

import torch
from torch.utils.data import (BatchSampler, DataLoader, Dataset, IterableDataset, Sampler, Subset,
                              TensorDataset, get_worker_info)

counts = collections.Counter()


class Squares(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return self.items

    def __getitem__(self, index):
        return index * index


class Fetched(Squares):
    """As Hugging Face's: a whole batch in one call."""

    def __getitems__(self, indices):
        return [self[i] for i in indices]


class Uneven(IterableDataset):
    """Worker n has 3 (n + 1) items."""

    def __iter__(self):
        info = get_worker_info()
        worker = info.id if info else 0
        assert info is None or type(info.dataset) is Uneven
        yield from range(100 * worker, 100 * worker + 3 * (worker + 1))


class Backwards(Sampler):
    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        return iter(reversed(range(len(self.dataset))))

    def __len__(self):
        return len(self.dataset)


class Batch:
    """A batch of a class of the job's own."""

    def __init__(self, items):
        self.items = torch.tensor(items)

    def pin_memory(self):
        return self

    def __repr__(self):
        return f"Batch({self.items.tolist()})"


def own_batch(items):
    return Batch(items)


def nested(items):
    return {"a": {"b": [torch.tensor(items)]}, "c": (len(items), "text")}


def start_worker(worker):
    print("worker", worker, flush=True)


def take(what, loader, batches=None):
    taken = []
    for batch in loader:
        taken.append(batch)
        if len(taken) == batches:
            break
    counts["batches"] += len(taken)
    print(what, taken)
    return taken


def whole():
    data = Squares(12)
    common = dict(batch_size=4, num_workers=2)
    take("forked", DataLoader(data, **common))
    take("not forked", DataLoader(data, batch_size=5, drop_last=True))
    lines = DataLoader(data, batch_size=4, num_workers=1, worker_init_fn=start_worker)
    take("worker_init_fn", lines)
    take("lambda", DataLoader(data, collate_fn=lambda items: sum(items), **common))
    take("spawned, own class", DataLoader(data, collate_fn=own_batch, batch_size=4, num_workers=1,
                                          multiprocessing_context="spawn"))
    take("own class, 0 workers", DataLoader(data, batch_size=4, collate_fn=own_batch))
    take("nested", DataLoader(data, collate_fn=nested, **common))
    take("__getitems__", DataLoader(Fetched(12), **common))
    take("__getitems__ of a subset", DataLoader(Subset(Fetched(12), range(3, 11)), **common))
    take("sampler", DataLoader(data, sampler=Backwards(data), **common))
    batches = BatchSampler(Backwards(data), 4, False)
    take("batch sampler", DataLoader(data, batch_sampler=batches, num_workers=2))
    take("no batches", DataLoader(data, batch_size=None, num_workers=2))
    take("no batches, __getitems__", DataLoader(Fetched(5), batch_size=None, num_workers=1))
    take("sampled batches", DataLoader(TensorDataset(torch.arange(12)), batch_size=None,
                                       sampler=batches))
    take("uneven, 0 workers", DataLoader(Uneven(), batch_size=2))
    take("uneven", DataLoader(Uneven(), batch_size=2, num_workers=3))
    take("uneven items", DataLoader(Uneven(), batch_size=None, num_workers=2))
    persistent = DataLoader(data, persistent_workers=True, timeout=60, **common)
    for _ in range(3):
        take("persistent", persistent)
    train, validation = DataLoader(data, shuffle=False, **common), DataLoader(data, batch_size=6)
    for _ in range(2):
        take("train", train)
        with torch.no_grad():
            take("validation", validation)
    print("zipped", list(zip(DataLoader(data, batch_size=3, num_workers=1),
                             DataLoader(data, batch_size=3, num_workers=1))))
    counts["batches"] += 8
    try:
        out_of_order = DataLoader(data, in_order=False, **common)
    except TypeError:  # before PyTorch 2.6
        out_of_order = DataLoader(data, **common)
    print("in any order", sorted(tuple(b.tolist()) for b in out_of_order))
    counts["batches"] += 3


def abandoned():
    data = Squares(40)
    loader = DataLoader(data, batch_size=2, num_workers=2)
    for _ in range(2):
        take("left early", loader, 3)
    iterator = iter(loader)
    print("deleted", next(iterator))
    del iterator
    persistent = DataLoader(data, batch_size=2, num_workers=2, persistent_workers=True)
    take("left early", persistent, 3)
    take("and again", persistent)
    print("generator", next(number for number in loader))
    print("len", len(loader))
    counts["batches"] += 2


if __name__ == "__main__":
    whole()
    print(json.dumps(counts))
    abandoned()
    print(json.dumps(counts))
