"""What datamon.wrap() returns: it stands for the object that it is given and records how
long its items are waited for. To the job all else is that object: what it can do, its
class, its attributes, its copies and pickles (which are not recorded). Code in C that
asks for an exact type, and `is`, see another object."""

import functools
import operator

from datamon import _consumer

_ABSENT = object()

_OPERATORS = "add sub mul matmul truediv floordiv mod and or xor".split()
# What Python looks up on an object's type and not in its attributes. A type has what the
# wrapped one's has and no more: what an object can do is asked by these.
_BINARY = frozenset(
    f"__{prefix}{name}__"
    for name in (*_OPERATORS, "eq", "ne", "lt", "le", "gt", "ge")
    for prefix in (("", "r", "i") if name in _OPERATORS else ("",))
)
_SPECIAL = _BINARY | {
    f"__{name}__"
    for name in (
        "bool len length_hint contains getitem setitem delitem reversed hash repr str format dir "
        "call enter exit aenter aexit aiter anext await"
    ).split()
}
# What returns its object, and then this one.
_CHAINED = frozenset({f"__i{name}__" for name in _OPERATORS} | {"__enter__", "__aenter__", "__aiter__"})
_OWN = frozenset({"__iter__", "__next__", "__reduce__", "__reduce_ex__"})


def is_iterable(thing):
    """Can iter() take it, as far as its type says?"""
    return _has(type(thing), "__iter__") or _has(type(thing), "__getitem__")


def stand_for(thing, loader):
    """An object that does as `thing`, whose iterators are those of a loader's number."""
    try:
        return _class_for(type(thing))(thing, loader)
    except Exception:  # of an odd metaclass: then it is not recorded
        return thing


class _Iterable:
    __slots__ = ("_thing", "_loader", "__weakref__")

    def __init__(self, thing, loader):
        _Iterable._thing.__set__(self, thing)
        _Iterable._loader.__set__(self, loader)

    def __iter__(self):
        thing = _thing_of(self)
        iterator = iter(thing)
        stands = self if iterator is thing else stand_for(iterator, _loader_of(self))
        if issubclass(type(stands), _Iterator):
            _begin(stands)
        return stands

    def __getattribute__(self, name):
        value = getattr(_thing_of(self), name)
        return object.__getattribute__(self, name) if name in _OWN else value

    def __setattr__(self, name, value):
        setattr(_thing_of(self), name, value)

    def __delattr__(self, name):
        delattr(_thing_of(self), name)

    def __copy__(self):
        from copy import copy  # a module of that name is there: who calls this has imported it

        thing = _thing_of(self)
        copied = copy(thing)
        return self if copied is thing else copied

    def __reduce_ex__(self, protocol):
        """As what it stands for: no pickle refers to datamon."""
        return operator.getitem, ((_thing_of(self),), 0)

    def __reduce__(self):
        return self.__reduce_ex__(2)


class _Iterator(_Iterable):
    """Of an object that is its own iterator. A loop that is left is known to be when
    nobody has this any more, or begins another loop over it."""

    __slots__ = ("_iteration",)

    def __init__(self, thing, loader):
        _Iterable.__init__(self, thing, loader)
        _Iterator._iteration.__set__(self, None)

    def __next__(self):
        thing = _thing_of(self)
        if _consumer.this_thread.waiting or _consumer.this_thread.helper:
            return next(thing)  # a loader inside another one
        iteration = _iteration_of(self) or _begin(self)
        handle = _consumer.begin_wait(iteration)
        got = False
        try:
            item = next(thing)
            got = True
            return item
        finally:
            _consumer.end_wait(handle, iteration, iteration.batches if got else None, got)


# Past __getattribute__; of an object made without __init__ an AttributeError.
_thing_of = _Iterable._thing.__get__
_loader_of = _Iterable._loader.__get__
_iteration_of = _Iterator._iteration.__get__


def _begin(iterator):
    before = _iteration_of(iterator)
    if before is not None:
        before.leave()
    iteration = _consumer.Iteration(_loader_of(iterator), iterator)
    iteration.begin(_consumer.current_step())
    _Iterator._iteration.__set__(iterator, iteration)
    return iteration


def _looked_up(kind, name):
    """As Python looks up a special method."""
    return next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), _ABSENT)


def _has(kind, name):
    found = _looked_up(kind, name)
    return found is not None and found is not _ABSENT


@functools.lru_cache(maxsize=256)
def _class_for(kind):
    members = {name: _forward(name) for name in _SPECIAL if _has(kind, name)}
    members |= {name: None for name in _SPECIAL if _looked_up(kind, name) is None}
    members |= {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    base = _Iterator if _has(kind, "__next__") else _Iterable
    return type(kind.__name__, (base,), members)  # its name is in error messages


def _forward(name):
    def method(self, *arguments, **keywords):
        thing = _thing_of(self)
        function = _looked_up(type(thing), name)
        if hasattr(type(function), "__get__"):
            function = function.__get__(thing, type(thing))
        if name in _BINARY:
            arguments = [_behind(argument) for argument in arguments]
        result = function(*arguments, **keywords)
        return self if result is thing and name in _CHAINED else result

    return method


def _behind(thing):
    return _thing_of(thing) if issubclass(type(thing), _Iterable) else thing
