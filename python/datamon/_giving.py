"""What datamon.wrap() returns for a function: one that is called like it, where each call is
the wait for a batch and what its thread does until the next call is the step."""

from datamon import _consumer
from datamon._record import native


def stand_for(function, loader):
    """`loader`: its number in the report."""
    try:
        iteration = _consumer.Iteration(loader, function)
    except TypeError:  # nothing can refer to it weakly: it is not recorded
        return function

    def before(*arguments, **keywords):
        thread = _consumer.this_thread
        if thread.waiting or thread.helper:
            return None  # inside another loader
        if not iteration.batches or not iteration.open:
            iteration.begin(_consumer.current_step())
        return _consumer.begin_wait(iteration)

    def after(handle, batch, failed):
        if handle is not None:
            got = not failed and batch is not None
            _consumer.end_wait(handle, iteration, iteration.batches if got else None, got)

    return native.Around(function, before, after)
