"""Calls through the native types leave nothing behind."""

import copy
import gc
import pickle
import sys
import tracemalloc
import types
import weakref

import pytest

from test_native import STAGE, around, broken, by_name, native, plain, timed

CALLS = {
    "timed": lambda f=timed(len): f("abc"),
    "timed that fails": lambda f=timed(int): pytest.raises(ValueError, f, "x"),
    "timed with a file": lambda f=native.Timed(lambda p: b"x", STAGE, 0): f(str(id(object()))),
    "around": lambda f=around(len): f("abc"),
    "around with state": lambda f=native.Around(len, lambda x: [x], lambda s, r, e: [s]): f("abc"),
    "around, broken": lambda f=native.Around(len, broken, broken): f("abc"),
    "method": lambda h=type("H", (), {"m": timed(lambda self: self)})(): h.m(),
    "static": lambda h=type("H", (), {"m": timed(staticmethod(len))})(): h.m("abc"),
    "attribute": lambda f=timed(plain): (f.__name__, hasattr(f, "nothing"), hash(f), f == plain),
    "pickle": lambda: pickle.dumps(by_name),
    "copy": lambda f=timed(plain): copy.copy(f),
    "items": lambda d=native.TimedItems([1, 2]): d[1],
    "iterator": lambda: list(native.TimedIter(iter("ab"))),
    "Span": lambda: native.Span(STAGE, id=1, name=str(id(object()))).__enter__().__exit__(None, None, None),
    "note": lambda: native.set_file(str(id(object()))),
    "create": lambda: (timed(plain), around(plain), weakref.ref(timed(plain))),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_leaks(name):
    call = CALLS[name]
    slow = name in ("timed that fails", "around, broken", "pickle", "create", "copy")
    for _ in range(200):
        call()
    gc.collect()
    counted = [None, True, False, plain, by_name, STAGE, len, int, native.Timed, native.Around,
               native.Span, native.TimedIter, types.MethodType, broken]
    before = [sys.getrefcount(each) for each in counted]
    tracemalloc.start()
    size_before = tracemalloc.get_traced_memory()[0]
    for _ in range(10_000 if slow else 100_000):
        call()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] - size_before
    tracemalloc.stop()
    after = [sys.getrefcount(each) for each in counted]
    assert size < 20_000, f"{size} bytes stay behind"
    grown = [(each, b, a) for each, b, a in zip(counted, before, after) if abs(a - b) > 50]
    assert not grown
