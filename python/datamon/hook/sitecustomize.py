"""Starts datamon in an interpreter that does not have the package installed:
`datamon run` puts this folder at the head of PYTHONPATH. Then the job's own
sitecustomize runs, as if this one were not there."""

import os
import sys


def _start_datamon(package):
    if os.environ.get("MON", "0") in ("", "0"):
        return
    if "datamon" not in sys.modules:  # installed: its .pth file has begun
        import importlib.util

        spec = importlib.util.spec_from_file_location(
            "datamon", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules["datamon"] = module
        spec.loader.exec_module(module)
    from datamon import _start

    _start.start()


def _run_the_jobs_own(here):
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if ours is not None:
            sys.modules["sitecustomize"] = ours


_here = os.path.dirname(os.path.abspath(__file__))
try:
    _start_datamon(os.path.dirname(_here))
except Exception as error:  # a guest never fails the job
    try:
        os.write(2, f"datamon: not recording: {type(error).__name__}: {error}\n".encode())
    except OSError:
        pass
_run_the_jobs_own(_here)
