"""How deep loops nest in a function of the job's own: the sign of Python code that
visits each element. Read from its bytecode; nothing is called.
"""

import dis
import functools
import sysconfig
import types

from datamon._record import native

_DEEPEST = 9
_MOST_FUNCTIONS = 20  # that one calls, directly or not, and that are looked into


def depth_of(function):
    """Of a function, a partial of one, or an object that is called; what it calls of the
    same module, or holds in its attributes, counts as well. 0: none, or not the job's."""
    try:
        return min(_DEEPEST, _depth(function, set()))
    except Exception:  # whatever a job puts there
        return 0


def is_own(code):
    """Not of the standard library or of an installed package."""
    name = code.co_filename
    return not name.startswith("<frozen") and not name.startswith(_libraries()) and "site-packages" not in name


@functools.cache
def _libraries():
    paths = sysconfig.get_paths()
    return paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]


def _depth(function, seen):
    deepest = 0
    for each in _functions(function):
        code = each.__code__
        if code in seen or len(seen) >= _MOST_FUNCTIONS or not is_own(code):
            continue
        seen.add(code)
        deepest = max(deepest, _loops(code))
        for name in _names(code):
            called = each.__globals__.get(name)
            if isinstance(called, types.FunctionType) and called.__globals__ is each.__globals__:
                deepest = max(deepest, _depth(called, seen))
    return deepest


def _functions(value):
    """The Python functions behind something that is called."""
    value = _behind(value)
    if isinstance(value, types.FunctionType):
        return [value]
    call = _behind(getattr(type(value), "__call__", None))
    held = [v for v in getattr(value, "__dict__", {}).values() if isinstance(v, types.FunctionType)]
    return ([call] if isinstance(call, types.FunctionType) else []) + held


def _behind(value):
    """What a partial, a method, a decorator or we ourselves stand before."""
    for _ in range(8):
        if isinstance(value, functools.partial):
            value = value.func
        elif isinstance(value, types.MethodType):
            value = value.__func__
        elif type(value) is native.Timed:
            value = value.__wrapped__
        elif isinstance(value, types.FunctionType) and "__wrapped__" in value.__dict__:
            value = value.__dict__["__wrapped__"]
        else:
            break
    return value


def name_of(value):
    value = _behind(value)
    return value.__qualname__ if isinstance(value, types.FunctionType) else type(value).__qualname__


def _names(code):
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _loops(code):
    """How deep loops nest in the code and in what is defined inside of it."""
    instructions = list(dis.get_instructions(code))
    spans = {}  # where a loop begins -> where it ends
    for one in instructions:
        if "JUMP" not in one.opname or one.opname.endswith("NO_INTERRUPT"):
            continue  # the latter waits for a generator that it delegates to
        if isinstance(one.argval, int) and one.argval <= one.offset:
            spans[one.argval] = max(spans.get(one.argval, 0), one.offset)

    def nesting(offset):
        return sum(begin <= offset <= end for begin, end in spans.items())

    deepest = max((nesting(begin) for begin in spans), default=0)
    for one in instructions:
        if isinstance(one.argval, types.CodeType):
            inner = _loops(one.argval)
            if inner:
                deepest = max(deepest, nesting(one.offset) + inner)
    return deepest
