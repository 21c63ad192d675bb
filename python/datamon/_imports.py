"""Calls a function when a module has been imported, at once if it already is.

A finder at the head of sys.meta_path sees the first import of a watched name,
lets the other finders find it, and has the module's own loader call us after it
ran the module. What the job sees (module, spec, loader) is as without us. Only
what the job itself imports is ever touched.
"""

import sys
import threading

from datamon import _consumer
from datamon._record import native


def watch(hooks):
    """`hooks`: module name -> function(module), each called once at most."""
    waiting = {}
    for name, hook in hooks.items():
        module = sys.modules.get(name)
        if module is not None and not _is_being_imported(module):
            _call(hook, module)
        else:
            waiting[name] = hook
    sys.meta_path.insert(0, _Finder(waiting))
    _tell_who_imports()


def _tell_who_imports():
    """A library that is imported reads code and metadata of packages: not data. The
    import system has a lock for each module while a thread imports it."""
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", None)
    if isinstance(locks, dict):
        native.use_import_locks(locks, _consumer.this_thread)


def _is_being_imported(module):
    return getattr(getattr(module, "__spec__", None), "_initializing", False)


def _call(hook, module):
    try:
        hook(module)
    except Exception as error:
        from datamon import _record

        _record.incomplete(
            f"calls of {module.__name__} are not recorded: {type(error).__name__}: {error}"
        )


class _Finder:
    """One of sys.meta_path; knows nothing by itself."""

    def __init__(self, waiting):
        self._waiting = waiting
        self._busy = threading.local()

    def find_spec(self, name, path=None, target=None):
        hook = self._waiting.get(name)
        if hook is None or getattr(self._busy, "name", None) == name:
            return None
        self._busy.name = name
        try:
            spec = self._find(name, path, target)
        finally:
            self._busy.name = None
        # A loader that is a class (built-in, frozen) serves other modules, too.
        if spec is not None and hasattr(spec.loader, "exec_module") and not isinstance(spec.loader, type):
            self._follow(spec, name, hook)
        return spec

    def _find(self, name, path, target):
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _follow(self, spec, name, hook):
        loader = spec.loader
        run = loader.exec_module

        def exec_module(module):
            try:
                del loader.exec_module
            except AttributeError:
                pass
            run(module)
            if self._waiting.pop(name, None) is not None:
                _call(hook, module)

        try:
            loader.exec_module = exec_module
        except (AttributeError, TypeError):  # a loader without a __dict__
            self._waiting.pop(name, None)
