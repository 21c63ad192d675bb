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

_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    functools.partial,
)
_ATTRIBUTES = ("transform", "transforms", "target_transform", "joint_transform", "augment")


def install_torchvision(module):
    """torchvision.transforms.transforms, and torchvision.transforms.v2."""
    _time_module(module)


def install_albumentations(module):
    from albumentations.core import composition, transforms_interface

    for cls in _subclasses(transforms_interface.BasicTransform):
        time_class(cls)
    _time_compose(composition.Compose)


def install_torchaudio(module):
    _time_module(module)


def _time_module(module):
    library = module.__name__.partition(".")[0]
    for name in getattr(module, "__all__", dir(module)):
        cls = getattr(module, name, None)
        if not isinstance(cls, type) or cls.__module__.partition(".")[0] != library:
            continue
        if name == "Compose":
            _time_compose(cls)
        else:
            time_class(cls)


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
        if isinstance(each, (list, tuple)):
            time_list(each)
        elif type(each) is native.Timed:
            continue
        elif type(each) in _FUNCTIONS:
            if isinstance(callables, list):
                callables[index] = time_function(each)
        elif callable(each) and not isinstance(each, type):
            time_class(type(each))


def time_function(function):
    name = getattr(function, "func", function)
    name = getattr(name, "__name__", type(function).__name__).replace("<lambda>", "lambda")
    return native.Timed(function, _stages.number("transform/" + name))


def time_dataset(dataset):
    """Times the transforms that a dataset keeps in the usual attributes."""
    for _ in range(8):
        attributes = getattr(dataset, "__dict__", {})
        for name in _ATTRIBUTES:
            value = attributes.get(name)
            if value is None or type(value) is native.Timed:
                continue
            if isinstance(value, (list, tuple)):
                time_list(value)
            elif type(value) in _FUNCTIONS:
                setattr(dataset, name, time_function(value))
            elif callable(value) and not isinstance(value, type):
                time_class(type(value))
        inner = attributes.get("dataset")
        if inner is None:
            return
        dataset = inner
