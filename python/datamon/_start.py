"""Begins to record a Python process. Called at the start of each interpreter by
datamon.pth, datamon.start or hook/sitecustomize.py, or by `import datamon`.

Imports nothing before it knows that MON asks for it.
"""

import os

_state = None  # None: not tried; True: watching; False: cannot record


def wanted():
    """True when MON asks for a recording."""
    return os.environ.get("MON", "0") not in ("", "0")


def start():
    """Begins; True if this process can record. May be called any number of times."""
    global _state
    if _state is None:
        _state = False
        if wanted():
            try:
                _state = _begin()
            except Exception as error:  # a guest never fails the job
                _say_once(f"not recording: {type(error).__name__}: {error}")
    return _state


def at_startup():
    """For datamon.start: costs next to nothing without MON=1."""
    if wanted():
        start()


def _begin():
    from datamon import _record

    if not _record.load():
        return False
    # A process that another recorded one started may do nothing worth a file (a
    # resource tracker, a fork server): it begins when an adapter has something.
    if "MON_JOINED" not in os.environ and not _record.attach():
        return False
    from datamon import _imports, adapters

    _imports.watch(adapters.hooks())
    return True


def _say_once(text):
    try:
        os.write(2, f"datamon: {text}\n".encode(errors="backslashreplace"))
    except OSError:
        pass
