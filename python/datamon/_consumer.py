"""What the calling thread does as a consumer: it waits for a batch of a loader,
then computes until it waits for the next one.

All functions are for the thread that calls them.
"""

import os
import threading
import weakref

from datamon._record import native


class Iteration:
    """What is known of an iterator over a loader."""

    __slots__ = ("loader", "batches", "batch", "open", "outer", "_iterator")

    def __init__(self, loader, iterator):
        self.loader = loader  # its number
        self.batches = 0  # taken so far
        self.batch = None  # the number of the latest
        self.open = True  # somebody may ask for another one
        self.outer = None  # the step of another loader in which it began
        self._iterator = weakref.ref(iterator, self._left)

    def begin(self, step):
        """Begins inside `step`, what current_step() said right before."""
        self.open = True
        self.outer = step if step is not None and step.iteration.loader != self.loader else None

    def end(self):
        """Nobody will ask for another batch: the thread goes on with the step around it."""
        self.open = False
        outer, self.outer = self.outer, None
        if outer is not None and outer.is_current():
            outer.go_on()

    def leave(self):
        """A loop over it is left. Who counts batches does not ask for one after the last,
        whose step ends here. `next(iter(loader))` says nothing of when its step ends."""
        if self.batches > 1 and this_thread.iteration is self:
            end_step()
            self.end()
        self.open = False

    def _left(self, reference):
        """The iterator is gone."""
        self._iterator = None
        try:
            self.leave()
        except Exception:
            pass  # the interpreter ends, and half of it is gone


class Step:
    """A step of a loader that has not ended, though loops over others run inside it."""

    __slots__ = ("iteration", "batches", "thread")

    def __init__(self, iteration):
        self.iteration = iteration
        self.batches = iteration.batches
        self.thread = threading.get_ident()

    def is_current(self):
        """Is the calling thread in it, and at nothing else?"""
        return (
            self.iteration.open
            and self.iteration.batches == self.batches
            and self.thread == threading.get_ident()
            and not this_thread.compute
            and not this_thread.waiting
        )

    def go_on(self):
        _be_at(self.iteration.loader)
        _begin_compute(self.iteration)


class _Thread(threading.local):
    loader = None  # number of the loader that the thread's spans belong to
    iteration = None  # that the open compute span is a step of
    compute = 0  # handle of the open compute span
    batch = None  # the number of the batch it works on
    received = None  # the number of the batch that it unpickled last
    waiting = False  # inside a wait: what is unpickled now is this thread's batch
    helper = False  # a worker or helper of a loader: never a consumer


this_thread = _Thread()


def _forget_step():
    """In a forked child: the open span is the parent's."""
    this_thread.compute = 0
    this_thread.iteration = None


os.register_at_fork(after_in_child=_forget_step)


def turn_to(loader):
    """The thread now deals with that loader: what it did for another one ends."""
    end_step()
    _be_at(loader)


def _be_at(loader):
    if this_thread.loader != loader:
        native.thread(native.ROLE_CONSUMER, 0, loader, "main")
        this_thread.loader = loader


def begin_wait(iteration):
    """Returns the wait's handle."""
    turn_to(iteration.loader)
    this_thread.waiting = True
    return native.begin(native.WAIT)


def end_wait(handle, iteration, batch, got):
    """Ends a wait with the number of the batch it got, if it got one: then work follows."""
    this_thread.waiting = False
    native.end(handle, batch)
    if got:
        iteration.batches += 1
        iteration.batch = batch
        _begin_compute(iteration)
    else:
        iteration.end()


def _begin_compute(iteration):
    this_thread.batch = iteration.batch
    this_thread.iteration = iteration
    this_thread.compute = native.begin(native.COMPUTE)


def current_step():
    """The Step that the calling thread is in, or None."""
    return Step(this_thread.iteration) if this_thread.compute else None


def end_step():
    """Ends the compute span, if one is open."""
    compute = this_thread.compute
    if compute:
        this_thread.compute = 0  # first: an iterator may be collected at any moment
        this_thread.iteration = None
        native.end(compute, this_thread.batch)


def become_helper(role, index, loader, name):
    """The thread is a worker (ROLE_WORKER) or helper (ROLE_PIN) of a loader."""
    this_thread.compute = 0  # of the parent, if this is a forked child
    this_thread.waiting = False
    this_thread.helper = True
    this_thread.loader = loader
    native.thread(role, index, loader, name)
