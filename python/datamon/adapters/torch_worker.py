"""PyTorch's DataLoader, the workers' side: init, fetch, collate, send; and what
unpickles and pins batches in the consumer's process.

A worker knows its loader from a mark around collate_fn, the one argument that
the consumer's iterator keeps for itself and hands on by fork or by pickle. No
function of ours stands between PyTorch's: tracebacks show the job's frames alone.
"""

import functools
import multiprocessing.queues
import struct
import threading

from datamon import _consumer, _record
from datamon._consumer import this_thread
from datamon._record import native
from datamon.adapters import loops, transforms

starting_loader = 0  # of the iterator that this process made last: for its pin thread
_init_span = 0  # of a worker that starts


class _Marked(functools.partial):
    """A collate_fn with the number of its loader. Pickles as a plain partial, which a
    worker that was started without datamon can read."""

    def __reduce__(self):
        state = (self.func, self.args, self.keywords, {"datamon_loader": self.datamon_loader})
        return functools.partial, (self.func,), state


def mark(collate, loader):
    marked = _Marked(collate)
    marked.datamon_loader = loader
    return marked


def is_marked(collate):
    return isinstance(collate, functools.partial) and hasattr(collate, "datamon_loader")


def after_create_fetcher(state, fetcher, failed):
    """Puts timed ones in place of the fetcher's own dataset, iterator, collate_fn."""
    global _init_span
    if _init_span:
        native.end(_init_span)
        _init_span = 0
    if failed:
        return
    if not is_marked(fetcher.collate_fn):
        return
    _note_own_code(fetcher)
    fetcher.collate_fn = native.Timed(
        fetcher.collate_fn, native.COLLATE, native.NO_NAME, native.BATCH_ID
    )
    transforms.time_dataset(fetcher.dataset)
    if hasattr(fetcher, "dataset_iter"):
        fetcher.dataset_iter = native.TimedIter(fetcher.dataset_iter)
    elif fetcher.auto_collation and getattr(fetcher.dataset, "__getitems__", None):
        fetcher.dataset = _WholeBatches(fetcher.dataset)
    else:
        fetcher.dataset = native.TimedItems(fetcher.dataset)


_described = set()  # loaders


def _note_own_code(fetcher):
    """How deep loops nest in the job's own collate_fn and transforms, once a loader."""
    loader = fetcher.collate_fn.datamon_loader
    if loader in _described:
        return
    _described.add(loader)
    collate = fetcher.collate_fn.func
    depth = loops.depth_of(collate)
    if depth:
        native.note(f"loader.{loader}.collate", loops.name_of(collate))
        native.note(f"loader.{loader}.collate_loops", str(depth))
    nested = {
        name: depth
        for name, each in transforms.in_dataset(fetcher.dataset)
        if (depth := loops.depth_of(each))
    }
    if nested:
        entries = ",".join(f"{name}={depth}" for name, depth in nested.items())
        native.note(f"loader.{loader}.transform_loops", entries)


class _WholeBatches:
    """Stands for a dataset with __getitems__ (Hugging Face's), of which a fetcher
    that collates calls nothing else: one fetch span a batch."""

    def __init__(self, dataset):
        self.__getitems__ = native.Timed(
            dataset.__getitems__, native.FETCH, native.NO_NAME, native.BATCH_ID
        )


def before_worker_loop(*arguments, **keywords):
    """A worker's process begins. Its arguments are ours to look at, not to change."""
    global _init_span
    if not _record.attach():
        return
    named = _name_arguments(arguments, keywords)
    loader = getattr(named["collate_fn"], "datamon_loader", 0)
    worker = named["worker_id"]
    _consumer.become_helper(native.ROLE_WORKER, worker, loader, f"worker {worker}")
    native.set_batch(None)
    _init_span = native.begin(native.INIT)
    _follow_batches(named["index_queue"])
    _time_sending(named["data_queue"], worker, loader)


def _name_arguments(arguments, keywords):
    import inspect

    from torch.utils.data._utils import worker

    signature = inspect.signature(worker._worker_loop)
    return signature.bind(*arguments, **keywords).arguments


def _follow_batches(queue):
    """What the worker fetches after each index_queue.get() belongs to that batch."""

    def after(state, task, failed):
        if type(task) is tuple:
            native.set_batch(task[0])

    queue.get = native.Around(queue.get, None, after)


# A pickled batch ends with when and under which number it was sent; whatever
# follows a pickle's end is not read by pickle.loads().
_TRAILER = struct.Struct("<16sQQ")
_MAGIC = b"datamon-sent-\x00\x01\n"


def _time_sending(queue, worker, loader):
    """put() only hands a batch to the queue's feeder thread; pickling, moving
    tensors to shared memory, waiting for the pipe's lock and writing happen there."""
    feeder = threading.local()
    original = multiprocessing.queues._ForkingPickler

    def before_dump(pickler, obj):
        if threading.current_thread() is not getattr(queue, "_thread", None):
            return None
        if not getattr(feeder, "named", False):
            feeder.named = True
            _consumer.become_helper(native.ROLE_PIN, worker, loader, "feeder")
        feeder.number = obj[0] if type(obj) is tuple and type(obj[0]) is int else None
        feeder.span = native.begin(native.SEND)
        return pickler

    def after_dump(pickler, result, failed):
        if pickler is None:
            return
        if failed:
            native.end(feeder.span)
            feeder.span = 0
        elif feeder.number is not None and feeder.number >= 0:
            pickler.file.write(_TRAILER.pack(_MAGIC, native.now(), feeder.number))

    class SendingPickler(original):  # its dumps() is the original's
        def __init__(self, file, *rest):
            super().__init__(file, *rest)
            self.file = file

        dump = native.Around(original.dump, before_dump, after_dump)

    def before_send(data, *rest):
        return len(data)

    def after_send(size, result, failed):
        span = getattr(feeder, "span", 0)
        if span:
            native.end(span, feeder.number, size)
            feeder.span = 0

    queue._send_bytes = native.Around(queue._send_bytes, before_send, after_send)
    multiprocessing.queues._ForkingPickler = SendingPickler
    queue.put = native.Timed(queue.put, native.SEND, native.NO_NAME, native.BATCH_ID)


def time_receiving():
    """Unpickling of batches, wherever this process takes them from a worker."""
    original = multiprocessing.queues._ForkingPickler

    def before_loads(data, *rest, **keywords):
        if not this_thread.waiting:
            return None
        return data, native.now(), native.begin(native.RECEIVE)

    def after_loads(state, obj, failed):
        if state is None:
            return
        data, begun, span = state
        number = None if failed else _note_residence(data, begun)
        native.end(span, number, len(data))
        this_thread.received = number

    class ReceivingPickler(original):
        loads = staticmethod(native.Around(original.loads, before_loads, after_loads))

    multiprocessing.queues._ForkingPickler = ReceivingPickler


def _note_residence(data, taken):
    """Records how long a batch lay in the queue; its number, or None."""
    if len(data) < _TRAILER.size:
        return None
    magic, sent, number = _TRAILER.unpack(data[-_TRAILER.size :])
    if magic != _MAGIC:
        return None
    if sent <= taken:
        native.record(native.QUEUE, sent, taken, number, len(data))
    return number


def before_pin_loop(*arguments, **keywords):
    """The thread that takes batches from the workers and pins them."""
    _consumer.become_helper(native.ROLE_PIN, 0, starting_loader, "pin")
    this_thread.waiting = True  # what it unpickles are batches


def before_pin(*arguments, **keywords):
    """pin_memory() calls itself for what is inside a batch: only the outermost counts."""
    if getattr(this_thread, "pinning", False) or not this_thread.waiting:
        return 0
    this_thread.pinning = True
    return native.begin(native.PIN)


def after_pin(span, result, failed):
    if span:
        this_thread.pinning = False
        native.end(span)
