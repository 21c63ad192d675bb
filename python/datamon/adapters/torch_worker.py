"""PyTorch's DataLoader, the workers' side: init, fetch, collate, send; and what
unpickles and pins batches in the consumer's process.

A worker knows its loader from a mark around collate_fn, the one argument that
the consumer's iterator keeps for itself and hands on by fork or by pickle.
"""

import io
import multiprocessing.queues
import struct
import threading

from datamon import _consumer, _record
from datamon._consumer import this_thread
from datamon._record import native
from datamon.adapters import transforms

starting_loader = 0  # of the iterator that this process made last: for its pin thread
_init_span = 0  # of a worker that starts


class MarkedCollate:
    """A collate_fn that knows the number of its loader."""

    def __init__(self, function, loader):
        self.function = function
        self.loader = loader

    def __call__(self, *arguments, **keywords):
        return self.function(*arguments, **keywords)

    def __getattr__(self, name):
        if name in ("function", "loader"):
            raise AttributeError(name)
        return getattr(self.function, name)

    def __reduce__(self):
        return MarkedCollate, (self.function, self.loader)


def after_create_fetcher(state, fetcher, failed):
    """Puts timed ones in place of the fetcher's own dataset, iterator, collate_fn."""
    global _init_span
    if _init_span:
        native.end(_init_span)
        _init_span = 0
    if failed:
        return
    if isinstance(fetcher.collate_fn, MarkedCollate):
        collate = fetcher.collate_fn.function
        fetcher.collate_fn = native.Timed(
            collate, native.COLLATE, native.NO_NAME, native.BATCH_ID
        )
        transforms.time_dataset(fetcher.dataset)
        if hasattr(fetcher, "dataset_iter"):
            fetcher.dataset_iter = native.TimedIter(fetcher.dataset_iter)
        elif getattr(fetcher.dataset, "__getitems__", None):
            fetcher.dataset = _WholeBatches(fetcher.dataset)
        else:
            fetcher.dataset = native.TimedItems(fetcher.dataset)


class _WholeBatches:
    """A dataset with __getitems__ (Hugging Face's): one fetch span a batch."""

    def __init__(self, dataset):
        self._dataset = dataset
        self.__getitems__ = native.Timed(
            dataset.__getitems__, native.FETCH, native.NO_NAME, native.BATCH_ID
        )

    def __getitem__(self, index):
        return self._dataset[index]

    def __len__(self):
        return len(self._dataset)

    def __getattr__(self, name):
        return getattr(self._dataset, name)


def before_worker_loop(*arguments, **keywords):
    """A worker's process begins. Its arguments are ours to look at, not to change."""
    global _init_span
    if not _record.attach():
        return
    named = _name_arguments(arguments, keywords)
    mark = named.get("collate_fn")
    loader = mark.loader if isinstance(mark, MarkedCollate) else 0
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

    class SendingPickler(original):
        @classmethod
        def dumps(cls, obj, protocol=None):
            if threading.current_thread() is not getattr(queue, "_thread", None):
                return original.dumps(obj, protocol)
            if not getattr(feeder, "named", False):
                feeder.named = True
                _consumer.become_helper(native.ROLE_PIN, worker, loader, "feeder")
            number = obj[0] if type(obj) is tuple and type(obj[0]) is int else None
            feeder.number = number
            feeder.span = native.begin(native.SEND)
            buffer = io.BytesIO()
            try:
                original(buffer, protocol).dump(obj)
            except BaseException:
                native.end(feeder.span)
                raise
            if number is not None and number >= 0:
                buffer.write(_TRAILER.pack(_MAGIC, native.now(), number))
            return buffer.getbuffer()

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

    class ReceivingPickler(original):
        @staticmethod
        def loads(data, *rest, **keywords):
            if not this_thread.waiting:
                return original.loads(data, *rest, **keywords)
            begun = native.now()
            span = native.begin(native.RECEIVE)
            number = None
            try:
                obj = original.loads(data, *rest, **keywords)
                number = _note_residence(data, begun)
                return obj
            finally:
                native.end(span, number, len(data))

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
