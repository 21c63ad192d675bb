"""Asks many kinds of wrapped objects what Python can ask of them, and prints the answers."""

import asyncio
import collections.abc
import copy
import functools
import inspect
import operator
import pickle
import re

import datamon
from torch.utils.data import DataLoader


class Bare:
    """Has nothing but iterators."""

    note = "of the class"

    def __iter__(self):
        return iter((1, 2, 3))


class Dataset(Bare):
    """As tf.data's: its length is not always known, and it is true all the same."""

    def __len__(self):
        raise TypeError("The dataset length is unknown.")

    def __bool__(self):
        return True

    def batch(self, size):
        return ("batch", size)


class Never(Bare):
    def __bool__(self):
        return False


class Resetting:
    """Is its own iterator and begins anew with each loop, as DALI's; a context, too."""

    def __init__(self):
        self.at, self.closed = 0, False

    def __iter__(self):
        self.at = 0
        return self

    def __next__(self):
        self.at += 1
        if self.at > 3:
            raise StopIteration
        return self.at

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.closed = True
        return kind is KeyError

    def __call__(self, x):
        return x + self.at

    @property
    def secret(self):
        raise AttributeError("no secret")


class Sequence:
    """Of before there were iterators."""

    def __getitem__(self, index):
        if index >= 3:
            raise IndexError(index)
        return index * 10


class Asynchronous:
    def __aiter__(self):
        return self.items()

    async def items(self):
        yield 1


class Odd(type):
    __hash__ = None  # a class that cannot be a key

    def __eq__(cls, other):
        return cls is other


class OfOddClass(Bare, metaclass=Odd):
    pass


SUBJECTS = {
    "list": lambda: [3, 1, 2],
    "empty list": list,
    "dictionary": lambda: {"a": 1, "b": 2},
    "set": lambda: {1, 2},
    "text": lambda: "abc",
    "range": lambda: range(4),
    "generator": lambda: (i for i in range(3)),
    "iterator": lambda: iter([1, 2, 3]),
    "DataLoader": lambda: DataLoader([1, 2, 3]),
    "iterator of a DataLoader": lambda: iter(DataLoader([1, 2, 3])),
    "bare": Bare,
    "dataset": Dataset,
    "never": Never,
    "resetting": Resetting,
    "sequence": Sequence,
    "asynchronous": Asynchronous,
    "of an odd class": OfOddClass,
    "number": lambda: 5,
    "nothing": lambda: None,
}


@functools.singledispatch
def kind(value):
    return "object"


kind.register(list, lambda value: "list")
kind.register(dict, lambda value: "dict")
kind.register(collections.abc.Iterator, lambda value: "iterator")


def in_context(w, plain):
    with w as entered:
        return entered is w, list(entered)


def swallowed(w, plain):
    with w:
        raise KeyError("swallowed")
    return plain.closed


def set_and_delete(w, plain):
    w.mark = 7
    seen = plain.mark, w.mark, vars(w)["mark"]
    del w.mark
    return seen, hasattr(plain, "mark")


def in_place(w, plain):
    w += [9]
    return list(w), plain


def set_item(w, plain):
    w[0] = 8
    changed = list(w), plain
    del w[0]
    return changed, list(w), plain


def partly(w, plain):
    """Loops that are left, over what may be one iterator."""
    taken = []
    for _ in range(3):
        for item in w:
            taken.append(item)
            break
    return taken


async def from_each(w):
    return [item async for item in w]


def delegated(w, plain):
    def outer():
        return (yield from w)

    return list(outer())


def of_classes(w, plain):
    classes = (list, dict, str, Bare, Resetting, DataLoader, collections.abc.Iterator,
               collections.abc.Generator, collections.abc.Sized, collections.abc.Sequence,
               collections.abc.Container, collections.abc.Hashable, collections.abc.Callable)
    return [c.__name__ for c in classes if isinstance(w, c)], w.__class__ is type(plain), type(w).__name__


def abilities(w, plain):
    names = ("__len__", "__next__", "__getitem__", "__contains__", "__bool__", "__enter__", "__call__",
             "__dict__", "close", "note", "secret", "_iterable", "_loader", "_thing")
    return [name for name in names if hasattr(w, name)], callable(w)


QUESTIONS = {
    "bool": lambda w, plain: bool(w),
    "len": lambda w, plain: len(w),
    "length hint": lambda w, plain: operator.length_hint(w, -1),
    "items": lambda w, plain: list(w),
    "items twice": lambda w, plain: (list(w), list(w)),
    "is its own iterator": lambda w, plain: iter(w) is w,
    "iterator's iterator": lambda w, plain: (lambda it: iter(it) is it)(iter(w)),
    "iterator's class": lambda w, plain: (type(iter(w)).__name__, isinstance(iter(w), collections.abc.Iterator)),
    "iterator's pickle": lambda w, plain: list(pickle.loads(pickle.dumps(iter(w)))),
    "next": lambda w, plain: (next(w), next(w)),
    "next, called": lambda w, plain: (w.__iter__().__next__(), w.__next__()),
    "rest": lambda w, plain: (next(w), list(w)),
    "left loops": partly,
    "yield from": delegated,
    "send": lambda w, plain: (w.send(None), w.close(), list(w)),
    "in": lambda w, plain: (1 in w, 77 in w),
    "item": lambda w, plain: w[0],
    "missing item": lambda w, plain: w[77],
    "slice": lambda w, plain: w[1:],
    "set item": set_item,
    "reversed": lambda w, plain: list(reversed(w)),
    "sorted": lambda w, plain: sorted(w),
    "unpacked": lambda w, plain: [*w],
    "equal": lambda w, plain: (w == plain, plain == w, w != plain, w == w, w == 3),
    "equal to another": lambda w, plain: w == datamon.wrap(copy.copy(plain)),
    "less": lambda w, plain: w < plain,
    "hash": lambda w, plain: (hash(w) == hash(plain), {plain: 1}[w]),
    "sum": lambda w, plain: w + w,
    "product": lambda w, plain: (w * 2, 2 * w),
    "union": lambda w, plain: w | w,
    "in place": in_place,
    "repr": lambda w, plain: (repr(w) == repr(plain), str(w) == str(plain), f"{w}" == f"{plain}"),
    "dir": lambda w, plain: dir(w) == dir(plain),
    "doc": lambda w, plain: (w.__doc__ == plain.__doc__, w.__module__ if hasattr(w, "__module__") else None),
    "classes": of_classes,
    "abilities": abilities,
    "dispatched": lambda w, plain: kind(w),
    "inspected": lambda w, plain: (inspect.isgenerator(w), inspect.isclass(w)),
    "missing attribute": lambda w, plain: w.no_such_attribute,
    "failing attribute": lambda w, plain: w.secret,
    "method": lambda w, plain: w.batch(3),
    "set attribute": set_and_delete,
    "call": lambda w, plain: w(1),
    "copy": lambda w, plain: (type(copy.copy(w)).__name__, list(copy.copy(w)), copy.copy(w) is w),
    "deep copy": lambda w, plain: [list(copied) for copied in copy.deepcopy([w, w])],
    "copy's own": lambda w, plain: (copy.copy(w).append(5), list(w), list(copy.deepcopy(w))),
    "pickle": lambda w, plain: [(type(c).__name__, list(c)) for c in pickle.loads(pickle.dumps([w, plain]))],
    "pickle's bytes": lambda w, plain: b"_wrapped" in pickle.dumps(w),
    "context": in_context,
    "context that swallows": swallowed,
    "async for": lambda w, plain: asyncio.run(from_each(w)),
    "wrapped again": lambda w, plain: list(datamon.wrap(w)),
}


def answer(question, plain):
    try:
        return repr(question(datamon.wrap(plain), plain))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    for subject, make in SUBJECTS.items():
        for name, question in QUESTIONS.items():
            said = answer(question, make())
            print(f"{subject}: {name}: {re.sub(r'0x[0-9a-f]+', 'ADDRESS', said)}")
