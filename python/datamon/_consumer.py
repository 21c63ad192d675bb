"""What the calling thread does as a consumer: it waits for a batch of a loader,
then computes until it waits for the next one.

All functions are for the thread that calls them.
"""

import threading

from datamon._record import native


class _Thread(threading.local):
    loader = None  # number of the loader that the thread's spans belong to
    compute = 0  # handle of the open compute span
    batch = None  # the number of the batch it works on
    received = None  # the number of the batch that it unpickled last
    waiting = False  # inside a wait: what is unpickled now is this thread's batch
    helper = False  # a worker or helper of a loader: never a consumer


this_thread = _Thread()


def turn_to(loader):
    """The thread now deals with that loader: what it did for another one ends."""
    end_step()
    if this_thread.loader != loader:
        native.thread(native.ROLE_CONSUMER, 0, loader, "main")
        this_thread.loader = loader


def begin_wait(loader):
    """Returns the wait's handle."""
    turn_to(loader)
    this_thread.waiting = True
    return native.begin(native.WAIT)


def end_wait(handle, batch, computes):
    """Ends a wait with the number of the batch it got; `computes`: work follows."""
    this_thread.waiting = False
    native.end(handle, batch)
    this_thread.batch = batch
    if computes:
        this_thread.compute = native.begin(native.COMPUTE)


def end_step():
    """Ends the compute span, if one is open."""
    if this_thread.compute:
        native.end(this_thread.compute, this_thread.batch)
        this_thread.compute = 0


def become_helper(role, index, loader, name):
    """The thread is a worker (ROLE_WORKER) or helper (ROLE_PIN) of a loader."""
    this_thread.compute = 0  # of the parent, if this is a forked child
    this_thread.waiting = False
    this_thread.helper = True
    native.thread(role, index, loader, name)
