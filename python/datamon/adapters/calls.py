"""Times the library calls of call_table.py and of the job's own datamon.toml."""

import os

from datamon._record import incomplete, native, preloaded


def time(module, calls):
    """`calls`: (function, stage, file argument) of the table, for one module."""
    from datamon import _stages

    if preloaded and module.__name__ == "torchvision.io.image":
        return  # the preloaded library sees its reads and its decoders
    for function, stage, file_argument in calls:
        _time(module, function, _stages.number(stage), file_argument)


def _time(module, path, stage, file_argument):
    """A function that this version of the library lacks is passed over."""
    *owners, name = path.split(".")
    holder = module
    for owner in owners:
        holder = getattr(holder, owner, None)
    function = vars(holder).get(name) if holder is not None else None
    if function is None or isinstance(function, (staticmethod, classmethod, property)):
        return
    index = native.NO_NAME if file_argument is None else file_argument
    try:
        setattr(holder, name, native.Timed(function, stage, index, unless_importing=True))
    except TypeError:
        pass  # a class of C


def own_calls():
    """What datamon.toml of the current folder (or MON_CONFIG) adds:

    [[call]]
    module = "mylib.io"
    function = "Reader.get"
    stage = "read"
    file = 1            # optional: index of the argument that names a file
    """
    path = os.environ.get("MON_CONFIG") or "datamon.toml"
    if not os.path.isfile(path):
        return []
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib  # the same parser, for Python 3.10
        except ImportError:
            incomplete(f"{path} is not read: it takes Python 3.11 or the package tomli")
            return []
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
        return [_own_call(entry) for entry in table.get("call", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        incomplete(f"{path} is not used: {type(error).__name__}: {error}")
        return []


def _own_call(entry):
    file_argument = entry.get("file")
    if file_argument is not None and not isinstance(file_argument, int):
        raise ValueError(f"file = {file_argument!r} is not the index of an argument")
    names = entry["module"], entry["function"], entry["stage"]
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"module, function and stage are names, not {names}")
    return *names, file_argument
