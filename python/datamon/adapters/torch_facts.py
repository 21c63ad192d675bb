"""What a loader's batches are made of and how they travel: the notes loader.N.batch_*
and loader.N.sharing of docs/recording-format.md. Looked at once a loader, on the
first batch that its consumer gets; nothing of it is touched.
"""

import numbers

import torch
from datamon import _record

_MOST_LEAVES = 10_000  # of a batch that are looked at
_LIMIT = 10**9  # of numbers in notes
_CHANNELS = (1, 3, 4)


class _Leaves:
    """Counts what is in a batch."""

    def __init__(self):
        self.tensors = self.objects = self.bytes = self.most = 0
        self.largest = None
        self._left = _MOST_LEAVES

    def add(self, value):
        if self._left <= 0:
            return
        self._left -= 1
        if isinstance(value, dict):
            for each in value.values():
                self.add(each)
        elif isinstance(value, (list, tuple)):
            for each in value:
                self.add(each)
        elif isinstance(value, torch.Tensor) or type(value).__name__ == "ndarray":
            self.tensors += 1
            size = _bytes_of(value)
            self.bytes += size
            if size > self.most:
                self.most, self.largest = size, value
        elif value is not None:
            self.objects += 1


def _bytes_of(value):
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    return int(value.nbytes)


def note_batch(number, batch):
    """Of the loader with that number. Never fails."""
    try:
        leaves = _Leaves()
        leaves.add(batch)
        _note(number, "batch_tensors", leaves.tensors)
        _note(number, "batch_objects", leaves.objects)
        _note(number, "batch_bytes", min(leaves.bytes, _LIMIT))
        if leaves.largest is None:
            return
        shape = [int(size) for size in leaves.largest.shape]
        _note(number, "batch_dtype", str(leaves.largest.dtype).removeprefix("torch."))
        _note(number, "batch_shape", "x".join(map(str, shape)))
        pixels = used_pixels(shape)
        if pixels:
            _note(number, "image_used_pixels", min(pixels, _LIMIT))
    except Exception:  # a batch class of the job's own may do anything
        pass


def used_pixels(shape):
    """Of one image in a batch of that shape, NCHW or NHWC; 0 if it is none."""
    if len(shape) != 4 or min(shape) < 1:
        return 0
    if shape[1] in _CHANNELS:
        return shape[2] * shape[3]
    return shape[1] * shape[2] if shape[3] in _CHANNELS else 0


def sharing_of(loader):
    """How tensors go from its workers to the consumer, or None if it has none."""
    return torch.multiprocessing.get_sharing_strategy() if loader.num_workers else None


def _note(number, key, value):
    if isinstance(value, numbers.Number) and not value:
        return
    _record.native.note(f"loader.{number}.{key}", str(value))
