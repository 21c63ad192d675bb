"""PyTorch's DataLoader, the consumer's side: wait, compute, receive, queue, init;
with num_workers=0 also fetch and collate. adapters/torch_worker.py has the
workers' side.

Everything is done around PyTorch's own functions, none is replaced by a copy.
What each patch needs is checked first: a version that lacks it is left alone.
"""

import inspect

import torch
from datamon import _consumer, _loaders, _record
from datamon._consumer import this_thread
from datamon._record import native
from datamon.adapters import torch_facts, torch_names, torch_tune, torch_worker
from torch.utils.data import _utils

NEEDED = {
    "_worker_loop": {"collate_fn", "worker_id", "index_queue", "data_queue"},
    "create_fetcher": {"kind", "dataset", "collate_fn"},
}


def install(dataloader):
    """`dataloader`: the module torch.utils.data.dataloader."""
    missing = _missing(dataloader)
    if missing:
        _record.incomplete(
            f"torch {torch.__version__} is not known to this version of datamon "
            f"({missing}): its DataLoader is not recorded"
        )
        return
    native.note("job.adapter", f"torch {torch.__version__}")
    iterator = dataloader._BaseDataLoaderIter
    iterator.__init__ = native.Around(iterator.__init__, _arguments, _name_iterator)
    iterator.__next__ = native.Around(iterator.__next__, _before_next, _after_next)
    loader = dataloader.DataLoader
    loader.__iter__ = native.Around(loader.__iter__, _before_iter, _after_iter)
    kind = dataloader._DatasetKind
    kind.create_fetcher = staticmethod(
        native.Around(kind.create_fetcher, None, torch_worker.after_create_fetcher)
    )
    _utils.worker._worker_loop = native.Around(
        _utils.worker._worker_loop, torch_worker.before_worker_loop, None
    )
    pin = _utils.pin_memory
    pin._pin_memory_loop = native.Around(pin._pin_memory_loop, torch_worker.before_pin_loop, None)
    pin.pin_memory = native.Around(
        pin.pin_memory, torch_worker.before_pin, torch_worker.after_pin
    )
    torch_worker.time_receiving()


def _missing(dataloader):
    try:
        for function, names in (
            (_utils.worker._worker_loop, NEEDED["_worker_loop"]),
            (dataloader._DatasetKind.create_fetcher, NEEDED["create_fetcher"]),
        ):
            lacking = names - set(inspect.signature(function).parameters)
            if lacking:
                return f"{function.__qualname__} has no {', '.join(sorted(lacking))}"
        for holder, name in (
            (dataloader._BaseDataLoaderIter, "__next__"),
            (dataloader.DataLoader, "__iter__"),
            (_utils.pin_memory, "_pin_memory_loop"),
            (_utils.pin_memory, "pin_memory"),
        ):
            if name not in vars(holder):
                return f"no {name}"
    except (AttributeError, TypeError, ValueError) as error:
        return str(error)
    return ""


def _arguments(*arguments, **keywords):
    return arguments


def _name_iterator(arguments, result, failed):
    """After _BaseDataLoaderIter.__init__(iterator, loader): no worker runs yet."""
    if failed or this_thread.helper:
        return
    iterator, data_loader = arguments[0], arguments[1]
    loader = _loaders.loader_for(data_loader, torch_names.key)
    iterator._datamon_loader = loader
    iterator._datamon_iteration = _consumer.Iteration(loader.number, iterator)
    iterator._datamon_single = data_loader.num_workers == 0
    loader.iterating = True
    _loaders.note(loader, data_loader, torch_names.facts)
    torch_worker.starting_loader = loader.number
    iterator._collate_fn = torch_worker.mark(iterator._collate_fn, loader.number)


def _before_iter(data_loader):
    if this_thread.helper or this_thread.waiting:
        return None
    loader = _loaders.loader_for(data_loader, torch_names.key)
    step = _consumer.current_step()
    _consumer.turn_to(loader.number)
    torch_tune.tune(data_loader, loader.number)
    return native.begin(native.INIT), step


def _after_iter(state, iterator, failed):
    if state is not None:
        handle, step = state
        native.end(handle)
        iteration = getattr(iterator, "_datamon_iteration", None)
        if iteration is not None:
            iteration.begin(step)
    loader = getattr(iterator, "_datamon_loader", None)
    if loader is not None:
        loader.iterating = True


def _before_next(iterator):
    iteration = getattr(iterator, "_datamon_iteration", None)
    if iteration is None or this_thread.helper or this_thread.waiting:
        return None
    if iterator._datamon_single:
        native.set_batch(iterator._num_yielded)
    return iterator, iteration, _consumer.begin_wait(iteration)


def _after_next(state, batch, failed):
    if state is None:
        return
    iterator, iteration, handle = state
    _consumer.end_wait(handle, iteration, None if failed else _batch_number(iterator), not failed)
    loader = iterator._datamon_loader
    if failed:
        loader.iterating = False
    elif not loader.described:
        loader.described = True
        torch_facts.note_batch(loader.number, batch)


def _batch_number(iterator):
    """The number under which the worker made it; iterators count from 0 each epoch."""
    if iterator._datamon_single:
        return iterator._num_yielded - 1
    if not getattr(iterator, "_in_order", True):
        return this_thread.received
    return iterator._rcvd_idx - 1
