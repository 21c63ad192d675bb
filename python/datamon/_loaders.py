"""Numbers and names of a job's data loaders.

A number must mean the same thing for the whole job, though loops often make a
new DataLoader each epoch and ranks run the same program: loaders that look the
same (dataset, split, sampler, settings) get the same number, unless one of them
is being iterated while another one starts (two loaders zipped).
"""

import weakref

from datamon._record import native


class Loader:
    """One place in the job where batches come from."""

    __slots__ = ("number", "holder", "iterating", "noted", "described")

    def __init__(self, number):
        self.number = number
        self.holder = None  # weak reference to the object that uses the number now
        self.iterating = False
        self.noted = False
        self.described = False  # its batches are

    def is_free_for(self, user):
        held = self.holder() if self.holder is not None else None
        return held is None or held is user or not self.iterating


_by_key = {}  # what a loader looks like -> [Loader, ...]
_by_user = {}  # id -> Loader; Loader.holder says whether it is still that object's
_count = 0
_wrapped = False


def loader_for(user, key_of):
    """The Loader of `user` (any object that can be referred to weakly). key_of(user),
    what it looks like, is asked for only when it is new."""
    global _count
    loader = _by_user.get(id(user))
    if loader is not None and loader.holder() is user:
        return loader
    same = _by_key.setdefault(key_of(user), [])
    loader = next((one for one in same if one.is_free_for(user)), None)
    if loader is None:
        _count += 1
        loader = Loader(_count)
        same.append(loader)
    loader.holder = weakref.ref(user)
    loader.iterating = False
    _by_user[id(user)] = loader
    return loader


def note(loader, user, facts_of):
    """Writes what is known of a loader, facts_of(user), into the recording, once."""
    if loader.noted:
        return
    loader.noted = True
    for key, value in facts_of(user).items():
        if value is not None:
            native.note(f"loader.{loader.number}.{key}", str(value))


def for_wrapped(iterable, name):
    """The number of an iterable given to datamon.wrap(): 0 for the first name, which
    is also the loader of threads that say nothing of themselves."""
    kind = type(iterable).__qualname__
    same = _by_key.setdefault(("wrap", name or kind), [])
    if not same:
        global _count, _wrapped
        if _wrapped:
            _count += 1
        same.append(Loader(_count if _wrapped else 0))
        _wrapped = True
        note(same[0], name or kind, lambda known_as: {"name": known_as})
    return same[0].number
