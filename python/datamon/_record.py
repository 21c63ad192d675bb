"""The monitor as the adapters use it: the native module, once it records, and
what to say when something cannot be recorded.

`native` is None until load() has succeeded; its functions do nothing until
attach() has.
"""

import os
import sys

native = None
# The library that `datamon run` preloads sees reads of files and libjpeg, libwebp
# by itself: what it sees is not recorded a second time from here.
preloaded = "libdatamon-preload" in os.environ.get("LD_PRELOAD", "")
_said = False


def load():
    """Loads the native module; False (and a line on stderr) if it cannot be."""
    global native
    if native is None:
        try:
            from datamon import _native
        except ImportError as error:
            say(f"not recording: {error}")
            return False
        native = _native
    return True


def attach():
    """Opens the monitor library and begins to record; True if it does."""
    if native.active():
        return True
    why = native.attach(library_path())
    if why is not None:
        if why:
            say(f"not recording: {why}; set MON_LIBRARY to the path of libdatamon.so.0")
        return False
    # os.environ was copied before: children that are given a copy of it must join.
    for name in ("MON_DIR", "MON_JOINED"):
        value = native.environment(name)
        if value is not None:
            os.environ[name] = value
    native.note("job.adapter", "python " + ".".join(map(str, sys.version_info[:3])))
    return True


def library_path():
    """Where libdatamon.so.0 is: MON_LIBRARY, beside this package, or the system's."""
    named = os.environ.get("MON_LIBRARY")
    if named:
        return named
    here = os.path.dirname(os.path.abspath(__file__))
    for place in ("lib", os.path.join("..", "..", "..", "..", "lib"), os.path.join("..", "..", "lib")):
        path = os.path.normpath(os.path.join(here, place, "libdatamon.so.0"))
        if os.path.exists(path):
            return path
    return "libdatamon.so.0"


def say(text):
    """One line on stderr, and only the first one of a process."""
    global _said
    if _said:
        return
    _said = True
    try:
        os.write(2, f"datamon: {text}\n".encode(errors="backslashreplace"))
    except OSError:
        pass


def incomplete(what):
    """Writes down, and says, that something is not recorded and why."""
    if native is not None:
        native.note("job.incomplete", what)
    say(what)
