"""Other settings for a DataLoader, for a trial of `datamon tune`.

MON_TUNE is `keep`, or what one trial changes: `loader=1,workers=4,prefetch=2,pin=1,
persistent=1`, with the loader's number in the recording. The DataLoader gets them when
it is iterated for the first time, before its workers start. One that cannot take a
setting keeps its own, and the recording says so.
"""

import os

from datamon import _record
from datamon._record import native
from torch.utils.data.dataset import IterableDataset

_NUMBERS = {"loader", "workers", "prefetch"}
_FLAGS = {"pin", "persistent"}
_LIMIT = 4096
_tuned = "_datamon_tuned"  # on a DataLoader that has its settings


def parse(text):
    """The settings as a dict; None for `keep`. ValueError names what is wrong."""
    if text == "keep":
        return None
    settings = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in _NUMBERS | _FLAGS or not value.isascii() or not value.isdigit():
            raise ValueError(part)
        settings[name] = int(value)
        if settings[name] > (1 if name in _FLAGS else _LIMIT):
            raise ValueError(part)
    if settings.get("prefetch") == 0 or "loader" not in settings:
        raise ValueError(text)
    return settings


def wanted():
    """(tuning, settings) as the environment has it."""
    text = os.environ.get("MON_TUNE")
    if not text:
        return False, None
    try:
        return True, parse(text)
    except ValueError as error:
        _record.say(f"MON_TUNE is not used: it has {str(error)[:80]!r}")
        return False, None


_tuning, _settings = wanted()


def tune(data_loader, number):
    """Before `data_loader`, number `number` of this job, begins to iterate."""
    if not _tuning or _tuned in vars(data_loader):
        return
    vars(data_loader)[_tuned] = True
    native.note(f"loader.{number}.takes", "workers,prefetch,pin,persistent")
    if isinstance(data_loader.dataset, IterableDataset):
        native.note(f"loader.{number}.iterable", "1")
    if _settings is None or _settings["loader"] != number:
        return
    if getattr(data_loader, "_iterator", None) is not None:
        return  # its workers run already
    kept = [f"{name}: {why}" for name, why in _apply(data_loader, _settings)]
    if kept:
        native.note(f"loader.{number}.kept", "; ".join(kept))


def _apply(data_loader, settings):
    """Changes what can be changed; yields the rest, with the reason."""
    attributes = vars(data_loader)  # DataLoader forbids to set some by assignment
    workers = settings.get("workers", data_loader.num_workers)
    if workers != data_loader.num_workers:
        why = _why_not(data_loader, workers)
        if why:
            yield "workers", why
            workers = data_loader.num_workers
        else:
            attributes["num_workers"] = workers
            if workers == 0:
                attributes["prefetch_factor"] = None
                attributes["persistent_workers"] = False
            elif data_loader.prefetch_factor is None:
                attributes["prefetch_factor"] = 2
    if "prefetch" in settings:
        if workers > 0:
            attributes["prefetch_factor"] = settings["prefetch"]
        else:
            yield "prefetch", "there are no workers"
    if "persistent" in settings:
        if workers > 0 or not settings["persistent"]:
            attributes["persistent_workers"] = bool(settings["persistent"])
        else:
            yield "persistent", "there are no workers"
    if "pin" in settings:
        attributes["pin_memory"] = bool(settings["pin"])


def _why_not(data_loader, workers):
    if workers == 0 and data_loader.timeout > 0:
        return "a loader with a timeout needs workers"
    return ""
