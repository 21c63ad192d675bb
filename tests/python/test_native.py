"""The native types are what they wrap, and hide their own errors."""

import copy
import functools
import gc
import inspect
import os
import pathlib
import pickle
import sys
import tempfile
import traceback
import types
import weakref

import pytest

from running import spans_in

sys.path.insert(0, os.path.join(os.environ["DATAMON_BUILD"], "python"))
FOLDER = tempfile.TemporaryDirectory()
os.environ.update(MON="1", MON_DIR=os.path.join(FOLDER.name, "recording"))

from datamon import _native as native  # noqa: E402

why = native.attach(os.path.join(os.environ["DATAMON_LIB"], "libdatamon.so.0"))
assert why is None, why
STAGE = native.define_stage("transform/test", native.CLASS_TRANSFORM)


def spans_of(name):
    """The spans of a stage that this process has recorded so far."""
    return [e for e in spans_in(pathlib.Path(os.environ["MON_DIR"])) if e["name"] == name]


def plain(a, b=2, *rest, c: int = 3, **more) -> str:
    """Its documentation."""
    return f"{a} {b} {rest} {c} {more}"


def by_name(x):
    return x + 1


original_by_name = by_name
by_name = native.Timed(by_name, STAGE)
around_by_name = native.Around(plain)


class Holder:
    def method(self, x):
        return self, x

    @staticmethod
    def static(x):
        return x

    @classmethod
    def of_class(cls, x):
        return cls, x

    partial = functools.partialmethod(method, 5)


def timed(function):
    return native.Timed(function, STAGE)


def around(function):
    return native.Around(function, lambda *a, **k: None, lambda *a: None)


each = pytest.mark.parametrize("wrap", [timed, around])


@each
def test_is_what_it_wraps(wrap):
    proxy = wrap(plain)
    assert isinstance(proxy, types.FunctionType) and proxy.__class__ is types.FunctionType
    assert callable(proxy) and inspect.isfunction(proxy)
    assert proxy == plain and plain == proxy and proxy == wrap(plain) and not proxy != plain
    assert proxy != by_name and hash(proxy) == hash(plain) and {plain: 1}[proxy] == 1
    assert repr(proxy) == repr(plain) and str(proxy) == str(plain)
    assert proxy.__doc__ == plain.__doc__ and proxy.__name__ == "plain"
    assert proxy.__module__ == plain.__module__ and proxy.__annotations__ == plain.__annotations__
    assert dir(proxy) == dir(plain)
    assert inspect.signature(proxy) == inspect.signature(plain)
    assert inspect.getsource(proxy) == inspect.getsource(plain)
    assert inspect.unwrap(proxy) is plain
    proxy.attribute = 7
    assert plain.attribute == 7 == proxy.attribute
    del proxy.attribute
    assert not hasattr(plain, "attribute") and not hasattr(proxy, "attribute")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        proxy.nothing


@each
def test_arguments_and_results(wrap):
    assert wrap(plain)(1, 3, 4, 5, c=6, d=7) == plain(1, 3, 4, 5, c=6, d=7)
    assert wrap(plain)(a=1) == plain(a=1)
    marker = object()
    assert wrap(lambda: marker)() is marker
    with pytest.raises(TypeError) as ours:
        wrap(plain)()
    with pytest.raises(TypeError) as theirs:
        plain()
    assert str(ours.value) == str(theirs.value)
    assert wrap(int)("7") == 7 and wrap(functools.partial(plain, 1))(5) == plain(1, 5)
    assert sorted([3, 1, 2], key=wrap(lambda x: -x)) == [3, 2, 1]


@each
def test_functools(wrap):
    proxy = wrap(plain)

    @functools.wraps(proxy)
    def outer(*arguments):
        return proxy(*arguments)

    assert outer.__name__ == "plain" and outer.__wrapped__ is proxy and outer(1) == plain(1)
    assert inspect.signature(outer) == inspect.signature(plain)
    assert functools.partial(proxy, 1)(2) == plain(1, 2)
    cached = functools.lru_cache(proxy)
    assert cached(1) is cached(1)
    assert wrap(functools.lru_cache(lambda x: x)).cache_info().hits == 0


@each
def test_methods(wrap):
    class Job:
        method = wrap(Holder.method)
        static = staticmethod(wrap(Holder.static))
        of_class = classmethod(wrap(Holder.of_class.__func__))
        wrapped_static = wrap(vars(Holder)["static"])
        wrapped_of_class = wrap(vars(Holder)["of_class"])
        wrapped_partial = wrap(vars(Holder)["partial"])
        lower = wrap(str.upper)
        twice = wrap(wrap(Holder.method))
        built_in = wrap(len)

    class Text(str):
        loud = wrap(str.upper)

    job = Job()
    for bound in (job.method, job.twice):
        assert bound(1) == (job, 1) and bound.__self__ is job and inspect.ismethod(bound)
        assert str(inspect.signature(bound)) == "(x)"
    assert Job.method(job, 2) == (job, 2) and Job.method == Holder.method
    assert job.static(3) == Job.static(3) == 3
    assert job.of_class(4) == Job.of_class(4) == (Job, 4)
    assert job.wrapped_static(3) == Job.wrapped_static(3) == 3
    assert job.wrapped_of_class(4) == Job.wrapped_of_class(4) == (Job, 4)
    assert job.wrapped_partial() == (job, 5)
    assert job.built_in("abc") == 3  # no method, as without us
    assert Text("a").loud() == "A"
    assert job.method == job.method and hash(job.method) == hash(job.method)


def test_before_and_after_see_the_instance():
    seen = []

    class Job:
        method = native.Around(Holder.method, lambda *a, **k: seen.append((a, k)) or "state",
                               lambda *a: seen.append(a))

    job = Job()
    result = job.method(x=1)
    assert seen == [((job,), {"x": 1}), ("state", result, False)]


@each
def test_weak_references_and_cycles(wrap):
    proxy = wrap(lambda: 0)
    reference = weakref.ref(proxy)
    assert reference() is proxy
    del proxy
    assert reference() is None

    class Node:
        pass

    node = Node()
    node.call = wrap(lambda: node)
    reference = weakref.ref(node)
    del node
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_by_name(protocol):
    data = pickle.dumps(by_name, protocol)
    assert b"datamon" not in data
    assert pickle.loads(data) is by_name
    assert pickle._loads(pickle._dumps(by_name, protocol)) is by_name


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@each
def test_pickles_by_value(wrap, protocol):
    data = pickle.dumps(wrap(plain), protocol)
    assert b"datamon" not in data
    assert pickle.loads(data) is plain
    assert pickle.loads(pickle.dumps([wrap(functools.partial(plain, 1))], protocol))[0](3) == plain(1, 3)
    bound = Holder().method
    assert pickle.loads(pickle.dumps(wrap(bound), protocol))(1)[1] == 1
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(wrap(lambda: 0), protocol)


@each
def test_copies(wrap):
    assert copy.copy(by_name) is by_name and copy.deepcopy(by_name) is by_name
    proxy = wrap(plain)
    assert copy.copy(proxy) == copy.deepcopy(proxy) == plain
    assert copy.deepcopy({"a": [proxy]}) == {"a": [plain]}
    partial = functools.partial(plain, [1])
    copied = copy.deepcopy(wrap(partial))
    assert copied(2) == partial(2) and copied.args[0] is not partial.args[0]


@each
def test_exceptions_pass_unchanged(wrap):
    error = ValueError("mine")

    def fail():
        raise error

    with pytest.raises(ValueError) as caught:
        wrap(fail)()
    assert caught.value is error and error.__cause__ is None and error.__context__ is None
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames == ["test_exceptions_pass_unchanged", "fail"]
    for kind in (KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration):
        with pytest.raises(kind):
            wrap(lambda: (_ for _ in ()).throw(kind()) if kind is not StopIteration else next(iter(())))()


def broken(*arguments, **keywords):
    raise RuntimeError("in datamon")


@pytest.mark.parametrize("before, after", [(broken, None), (None, broken), (broken, broken)])
def test_errors_of_ours_never_show(before, after):
    proxy = native.Around(plain, before, after)
    assert proxy(1) == plain(1)
    with pytest.raises(ZeroDivisionError) as caught:
        native.Around(lambda: 1 / 0, before, after)()
    assert caught.value.__context__ is None
    assert sys.exc_info() == (None, None, None)


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_users_interrupt_passes(place):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        native.Around(plain, **{place: interrupted})(1)


def test_after_an_exception_the_wrapped_ones_wins():
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(ZeroDivisionError):
        native.Around(lambda: 1 / 0, None, interrupted)()


def test_after_may_catch_exceptions_of_its_own():
    def after(state, result, failed):
        try:
            {}["nothing"]
        except KeyError:
            pass

    with pytest.raises(ZeroDivisionError):
        native.Around(lambda: 1 / 0, None, after)()


def test_calls_are_spans():
    before = len(spans_of("transform/test"))
    for _ in range(5):
        by_name(1)
    with pytest.raises(TypeError):
        by_name("text")
    assert len(spans_of("transform/test")) == before + 6


def test_names_and_numbers_of_items():
    stage = native.define_stage("read/names", native.CLASS_READ)
    read = native.Timed(lambda path: b"12345", stage, 0)
    odd = os.fsdecode(b"surro\xffgate.jpg")
    for path in (odd, b"bytes\xfe.jpg", pathlib.Path("path.jpg"), 17, None, "x" * 5000, "a\0b"):
        assert read(path) == b"12345"
    with native.Span(stage, id=2**62, bytes=9, name="named"):
        pass
    for strange in (-1, 2**64, 1.5, "7", None):
        with native.Span(stage, id=strange):
            pass
    spans = [span.get("args", {}) for span in spans_of("read/names")]
    assert len(spans) == 13
    assert any(span.get("id") == 2**62 for span in spans)


def test_spans_nest():
    outer = native.define_stage("outer", native.CLASS_OTHER)
    inner = native.define_stage("inner", native.CLASS_OTHER)
    with native.Span(outer) as span:
        for _ in range(3):
            with native.Span(inner):
                pass
        span.item(id=4, bytes=10, name="late")
    with pytest.raises(ValueError), native.Span(outer):
        with native.Span(inner):
            raise ValueError
    outers, inners = spans_of("outer"), spans_of("inner")
    assert len(outers) == 2 and len(inners) == 4
    for each_inner in inners:
        assert any(o["ts"] <= each_inner["ts"] and
                   each_inner["ts"] + each_inner["dur"] <= o["ts"] + o["dur"] + 0.001 for o in outers)


def test_wrong_arguments_are_errors_of_the_caller():
    for call in (lambda: native.Timed(), lambda: native.Span("x"), lambda: native.end(),
                 lambda: native.record(1), lambda: native.define_stage("x"),
                 lambda: native.Around(), lambda: native.span(), lambda: native.span(1),
                 lambda: native.span("x", nothing=1), lambda: native.span("x", name="y")):
        with pytest.raises(TypeError):
            call()
    # What is out of range is not recorded, and no error.
    native.begin(-1), native.begin(10**30), native.end(2**63), native.end("x"), native.set_batch("x")
    native.end(native.begin(99999))
    native.Timed(plain, -5)(1)


def test_items_and_iterators():
    class Data:
        extra = 3

        def __getitem__(self, index):
            if index > 2:
                raise IndexError("too far")
            return index * 10

        def __len__(self):
            return 3

    data = native.TimedItems(Data())
    assert [data[i] for i in range(3)] == [0, 10, 20] and len(data) == 3 and data.extra == 3
    assert isinstance(data, Data)
    with pytest.raises(IndexError, match="too far"):
        data[3]
    iterator = native.TimedIter(iter([1, 2]))
    assert list(iterator) == [1, 2] and iter(iterator) is iterator
    with pytest.raises(StopIteration):
        next(iterator)

    def failing():
        yield 1
        raise OSError("gone")

    iterator = native.TimedIter(failing())
    assert next(iterator) == 1
    with pytest.raises(OSError, match="gone"):
        next(iterator)


def test_threads():
    """Calls of many threads at once."""
    import threading

    done = []

    def work():
        for _ in range(2000):
            by_name(1)
            with native.Span(STAGE):
                pass
        done.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8
