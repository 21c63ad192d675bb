"""A function that runs in pieces is recorded piece by piece, and stays what it is."""

import asyncio
import contextlib
import gc
import inspect
import os
import pathlib
import sys
import tempfile
import time
import types
import warnings
import weakref

import pytest

from running import spans_in

sys.path.insert(0, os.path.join(os.environ["DATAMON_BUILD"], "python"))
FOLDER = tempfile.TemporaryDirectory()
os.environ.update(MON="1", MON_DIR=os.path.join(FOLDER.name, "recording"),
                  MON_LIBRARY=os.path.join(os.environ["DATAMON_LIB"], "libdatamon.so.0"))

import datamon  # noqa: E402

AWAY_S = 0.2


def spans_of(name):
    """The spans of a stage that this process has recorded so far."""
    return [e for e in spans_in(pathlib.Path(os.environ["MON_DIR"])) if e["name"] == name]


def seconds_of(spans):
    return sum(span["dur"] for span in spans) / 1e6


def numbers(count):
    """Its documentation."""
    got = []
    try:
        for i in range(count):
            got.append((yield i))
    except KeyError as error:
        yield f"caught {error}"
    finally:
        got.append("closed")
    return got


async def add(a, b):
    await asyncio.sleep(AWAY_S)
    await asyncio.sleep(0)
    if b is None:
        raise ValueError("nothing to add")
    return a + b


async def lines(count):
    try:
        for i in range(count):
            await asyncio.sleep(0)
            got = yield i
            if got:
                yield got
    except KeyError:
        yield "caught"


def test_they_are_what_they_were():
    for function, asks in ((numbers, inspect.isgeneratorfunction),
                           (add, inspect.iscoroutinefunction),
                           (lines, inspect.isasyncgenfunction)):
        timed = datamon.stage("transform/same")(function)
        assert asks(timed) and timed == function and timed.__name__ == function.__name__
        assert inspect.signature(timed) == inspect.signature(function)
        assert inspect.getdoc(timed) == inspect.getdoc(function)
    generator = datamon.stage("transform/same")(numbers)(3)
    assert inspect.isgenerator(generator) and isinstance(generator, types.GeneratorType)
    assert generator.gi_code is numbers.__code__ and iter(generator) is generator
    assert inspect.getgeneratorstate(generator) == inspect.GEN_CREATED
    assert weakref.ref(generator)() is generator
    coroutine = datamon.stage("transform/same")(add)(1, 2)
    assert inspect.iscoroutine(coroutine) and inspect.isawaitable(coroutine)
    with pytest.raises(TypeError):
        iter(coroutine)
    coroutine.close()
    assert inspect.isasyncgen(datamon.stage("transform/same")(lines)(1))


def test_a_generator_is_recorded_while_it_runs():
    timed = datamon.stage("transform/numbers")(numbers)
    got = []
    for number in timed(3):
        got.append(number)
        time.sleep(AWAY_S)
    assert got == [0, 1, 2]
    spans = spans_of("transform/numbers")
    assert len(spans) == 4  # and the one that finds the end
    assert seconds_of(spans) < AWAY_S  # none of the consumer's sleeps


def test_send_throw_close_and_return():
    timed = datamon.stage("transform/talk")(numbers)
    plain, generator = numbers(3), timed(3)
    for each in (plain, generator):
        assert next(each) == 0 and each.send("a") == 1
        assert each.throw(KeyError("k")) == "caught 'k'"
        with pytest.raises(StopIteration) as stop:
            next(each)
        assert stop.value.value == ["a", "closed"]
        with pytest.raises(StopIteration) as stop:
            each.send(None)
        assert stop.value.args == () and each.close() is None
    assert len(spans_of("transform/talk")) == 6
    thrown = timed(3)
    with pytest.raises(TypeError, match="can't send non-None"):
        thrown.send(1)
    with pytest.raises(OSError, match="gone") as failure:
        thrown.throw(OSError("gone"))
    names = [entry.name for entry in failure.traceback]
    assert names[-1] in ("numbers", "test_send_throw_close_and_return") and len(set(names)) <= 2

    def outer():
        return (yield from timed(2))

    def take(generator):
        values = []
        while True:
            try:
                values.append(generator.send("x" if values else None))
            except StopIteration as stop:
                return values, stop.value

    assert take(outer()) == ([0, 1], ["x", "x", "closed"])
    context = contextlib.contextmanager(datamon.stage("transform/context")(numbers))
    with pytest.raises(RuntimeError, match="didn't stop"), context(2) as value:
        assert value == 0
    with pytest.raises(RuntimeError, match="didn't stop after throw"), context(2):
        raise KeyError


def test_a_coroutine_is_recorded_while_it_runs():
    timed = datamon.stage("transform/add")(add)

    async def main():
        direct = await timed(1, 2)
        tasks = asyncio.gather(timed(3, 4), asyncio.create_task(timed(5, 6)))
        return direct, await tasks

    assert asyncio.run(main()) == (3, [7, 11])
    spans = spans_of("transform/add")
    assert len(spans) == 3 * 3
    assert seconds_of(spans) < AWAY_S
    with pytest.raises(ValueError, match="nothing to add") as failure:
        asyncio.run(timed(1, None))
    assert failure.traceback[-1].name == "add"

    async def cancelled():
        task = asyncio.create_task(timed(1, 2))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        timed(1, 2)
        gc.collect()
    assert any("'add' was never awaited" in str(warning.message) for warning in said)


def test_an_asynchronous_generator_is_recorded_while_it_runs():
    timed = datamon.stage("transform/lines")(lines)

    async def use(function):
        got = []
        async for line in function(3):
            got.append(line)
            await asyncio.sleep(AWAY_S / 4)
        generator = function(3)
        got += [await generator.__anext__(), await generator.asend("sent"),
                await generator.athrow(KeyError)]
        await generator.aclose()
        try:
            await generator.asend(None)
        except StopAsyncIteration:
            got.append("ended")
        got += [line async for line in function(2)]
        async with contextlib.aclosing(function(9)) as left_early:
            async for line in left_early:
                break
        return got

    got = asyncio.run(use(timed))
    assert got == asyncio.run(use(lines)) == [0, 1, 2, 0, "sent", "caught", "ended", 0, 1]
    spans = spans_of("transform/lines")
    assert len(spans) >= 2 * 3 + 1  # each awaits once on its way
    assert seconds_of(spans) < AWAY_S / 2


def test_methods_and_what_is_no_such_function():
    class Reader:
        @datamon.stage("transform/method")
        def items(self, count):
            yield from range(count)

        @datamon.stage("transform/method")
        @staticmethod
        def static(count):
            yield from range(count)

    assert list(Reader().items(2)) == list(Reader.static(2)) == [0, 1]
    assert len(spans_of("transform/method")) == 6

    @datamon.stage("transform/awaited")
    @types.coroutine
    def awaited():
        yield from asyncio.sleep(0).__await__()
        return 5

    async def main():
        return await awaited()

    assert asyncio.run(main()) == 5
    made = numbers(2)
    assert datamon.stage("transform/call")(lambda: made)() is made


def test_nothing_is_kept_alive():
    timed = datamon.stage("transform/freed")(numbers)

    class Kept:
        pass

    def hold(kept):
        yield kept

    held = Kept()
    generator = datamon.stage("transform/freed")(hold)(held)
    next(generator)
    reference = weakref.ref(held)
    del generator, held
    gc.collect()
    assert reference() is None
    before = sys.getrefcount(None)
    for _ in range(1000):
        list(timed(2))
    assert abs(sys.getrefcount(None) - before) < 100
