"""datamon: what a training job waits for, and what to change.

    MON=1 python train.py       records, unmodified
    datamon report              the answer

For loops and loaders that datamon does not know by itself:

    for batch in datamon.wrap(loader):           # tf.data, Grain, DALI, one's own
        ...
    get_batch = datamon.wrap(get_batch)          # a function that gives a batch
    with datamon.span("decode"): ...             # a piece of work in the loader
    @datamon.stage("transform/blur")             # each call of a function
    datamon.step()                               # the step's work ends here

Without MON=1 all of these do nothing: `wrap` and `stage` return what they are
given, `span` returns one shared empty context.
"""

from datamon import _start

__version__ = "0.1.0"
__all__ = ["active", "span", "stage", "step", "wrap"]


def __getattr__(name):
    """Chooses at first use, so that an interpreter's start imports no more than it needs."""
    if name not in __all__:
        raise AttributeError(f"module 'datamon' has no attribute {name!r}")
    if _start.start():
        from datamon import _api as functions
    else:
        from datamon import _inert as functions
    for each in __all__:
        globals()[each] = getattr(functions, each)
    return globals()[name]
