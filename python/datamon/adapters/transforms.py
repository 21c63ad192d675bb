"""Transforms: each class of a known library, and the callables in a Compose or in
a dataset's own lists, become stages "transform/NAME".

Classes are timed at their __call__, so that it does not matter who calls them.
Functions have no class to time: in the lists of a Compose or dataset a Timed one
stands for each, equal to it and of its class.
"""

import functools
import types

from datamon import _stages
from datamon._record import native
from datamon.adapters import datasets

_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    functools.partial,
)
_ATTRIBUTES = ("transform", "transforms", "target_transform", "joint_transform", "augment")


def install(module):
    """A module whose transforms are its classes: torchvision v1 and v2, torchaudio."""
    library = module.__name__.partition(".")[0]
    for name in getattr(module, "__all__", dir(module)):
        cls = getattr(module, name, None)
        if not isinstance(cls, type) or cls.__module__.partition(".")[0] != library:
            continue
        if name == "Compose":
            _time_compose(cls)
        else:
            time_class(cls)


def install_albumentations(module):
    from albumentations.core import composition, transforms_interface

    for cls in _subclasses(transforms_interface.BasicTransform):
        time_class(cls)
    _time_compose(composition.Compose)


def _subclasses(cls):
    found = {cls}
    for sub in cls.__subclasses__():
        found |= _subclasses(sub)
    return found - {cls}


_timed_classes = set()


def time_class(cls):
    """Records each call of an instance of `cls` as transform/NAME."""
    if cls in _timed_classes:
        return
    _timed_classes.add(cls)
    call = _call_of(cls)
    if call is None or cls.__module__.startswith("torch."):
        return  # a layer is a transform here and a part of the model there
    try:
        cls.__call__ = native.Timed(call, _stages.number("transform/" + cls.__name__))
    except TypeError:
        pass  # a class of C: its time stays with what calls it


def _call_of(cls):
    """The function behind instances' calls, as it was before we timed it; or None."""
    for base in cls.__mro__:
        call = vars(base).get("__call__")
        if call is not None:
            return call.__wrapped__ if type(call) is native.Timed else call
    return None


def _time_compose(cls):
    _timed_classes.add(cls)

    def before(compose, *arguments, **keywords):
        time_list(getattr(compose, "transforms", None))
        return native.begin(native.TRANSFORM)

    def after(handle, result, failed):
        native.end(handle)

    cls.__call__ = native.Around(cls.__call__, before, after)


def time_list(callables):
    """Times what is in a list of transforms."""
    if not isinstance(callables, (list, tuple)):
        return
    for index, each in enumerate(callables):
        timed = _timed(each)
        if timed is not each and isinstance(callables, list):
            callables[index] = timed


def _timed(value):
    """Times a transform or a list of them; what is to stand in its place, if not itself."""
    if isinstance(value, (list, tuple)):
        time_list(value)
    elif type(value) in _FUNCTIONS:
        return time_function(value)
    elif callable(value) and not isinstance(value, type) and type(value) is not native.Timed:
        time_class(type(value))
    return value


def time_function(function):
    return native.Timed(function, _stages.number("transform/" + _name_of(function)))


def _name_of(value):
    """Behind "transform/": of a function, or of an object that is called."""
    if type(value) not in _FUNCTIONS:
        return type(value).__name__
    name = getattr(value, "func", value)
    return getattr(name, "__name__", type(value).__name__).replace("<lambda>", "lambda")


def in_dataset(dataset):
    """(name, transform) of what a dataset keeps in the usual attributes."""
    for layer in datasets.layers(dataset):
        attributes = getattr(layer, "__dict__", {})
        for name in _ATTRIBUTES:
            yield from _in(attributes.get(name), 3)


def _in(value, deep):
    inner = value if isinstance(value, (list, tuple)) else getattr(value, "transforms", None)
    if isinstance(inner, (list, tuple)):
        for each in inner if deep else ():
            yield from _in(each, deep - 1)
    elif callable(value) and not isinstance(value, type):
        yield _name_of(value), value


def time_dataset(dataset):
    """Times the transforms that a dataset keeps in the usual attributes."""
    for layer in datasets.layers(dataset):
        attributes = getattr(layer, "__dict__", {})
        for name in _ATTRIBUTES:
            value = attributes.get(name)
            timed = _timed(value)
            if timed is not value:
                setattr(layer, name, timed)
