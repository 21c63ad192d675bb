"""The public functions of a job that is recorded; datamon/_inert.py has those of
one that is not, with the same signatures."""

import functools

from datamon import _consumer, _loaders, _stages
from datamon._record import attach, native

span = native.span  # its docstring is in native/span.c

attach()


def active():
    """True when this process records."""
    return native.active()


def stage(name):
    """A decorator that records each call as a span of stage `name`; of a generator
    or `async` function each resumption, until it yields, awaits or returns."""
    number = _stages.number(name)
    return lambda function: native.Timed(function, number, resumes=_resumes(function))


_RESUMES = 0x20 | 0x80 | 0x200  # inspect.CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
_ITERABLE_COROUTINE = 0x100


def _resumes(function):
    """Does a call return something that runs when it is resumed? Not the generators of
    types.coroutine(), which only CPython itself can await."""
    while isinstance(function, (staticmethod, classmethod, functools.partial)):
        function = function.func if isinstance(function, functools.partial) else function.__func__
    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    return bool(flags & _RESUMES) and not flags & _ITERABLE_COROUTINE


def step():
    """Says that the work of the current step ends here: what follows until the
    next batch is asked for (a checkpoint, an evaluation) is not the step's."""
    _consumer.end_step()


def wrap(iterable, name=None):
    """Iterates like `iterable`; waiting for its items is the input wait, what the
    loop does between them is compute. Each object wrapped under the same `name`
    is the same loader in the report. A loader that an adapter records by itself
    (PyTorch's DataLoader) is returned as it is."""
    if type(getattr(type(iterable), "__iter__", None)) is native.Around:
        return iterable
    loader = _loaders.for_wrapped(iterable, name)
    return _Wrapped(iterable, loader)


class _Wrapped:
    """An iterable whose iterators record; all else is the wrapped object's."""

    def __init__(self, iterable, loader):
        self.__dict__["_iterable"] = iterable
        self.__dict__["_loader"] = loader

    def __iter__(self):
        return _WrappedIterator(iter(self._iterable), self._loader)

    def __len__(self):
        return len(self._iterable)

    def __next__(self):
        if "_iterator" not in self.__dict__:
            self.__dict__["_iterator"] = iter(self)
        return next(self._iterator)

    def __getattr__(self, name):
        return getattr(self._iterable, name)

    def __setattr__(self, name, value):
        setattr(self._iterable, name, value)


class _WrappedIterator:
    def __init__(self, iterator, loader):
        self._iterator = iterator
        self._iteration = _consumer.Iteration(loader, self)
        self._iteration.begin(_consumer.current_step())
        self._batch = 0

    def __iter__(self):
        return self

    def __next__(self):
        if _consumer.this_thread.waiting or _consumer.this_thread.helper:
            return next(self._iterator)  # a loader inside another one
        handle = _consumer.begin_wait(self._iteration)
        done = False
        try:
            batch = next(self._iterator)
            done = True
            return batch
        finally:
            _consumer.end_wait(handle, self._iteration, self._batch if done else None, done)
            self._batch += done

    def __getattr__(self, name):
        return getattr(self._iterator, name)
