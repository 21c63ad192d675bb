"""The public functions of a job that is recorded; datamon/_inert.py has those of
one that is not, with the same signatures."""

import functools

from datamon import _consumer, _giving, _loaders, _stages, _wrapped
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
    (PyTorch's DataLoader) is returned as it is.

    Of a function that gives a batch (`get_batch = datamon.wrap(get_batch)`, or as a
    decorator) each call is the wait for one, until it fails or gives None."""
    if type(getattr(type(iterable), "__iter__", None)) is native.Around:
        return iterable
    if not _wrapped.is_iterable(iterable):
        if not callable(iterable) or isinstance(iterable, type) or _resumes(iterable):
            return iterable
        name = name or getattr(iterable, "__name__", None)
        return _giving.stand_for(iterable, _loaders.for_wrapped(iterable, name))
    return _wrapped.stand_for(iterable, _loaders.for_wrapped(iterable, name))
