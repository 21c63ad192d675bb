"""The public functions of a job that is not recorded: each does nothing."""


class _Nothing:
    __slots__ = ()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None

    def item(self, id=None, bytes=0, name=None):
        """What the span worked on."""


_NOTHING = _Nothing()


def active():
    """True when this process records."""
    return False


def span(name, id=None, bytes=0, item=None):
    """A context manager that records its block as a span of stage `name`."""
    return _NOTHING


def stage(name):
    """A decorator that records each call as a span of stage `name`; of a generator
    or `async` function each resumption, until it yields, awaits or returns."""
    return lambda function: function


def wrap(iterable, name=None):
    """Iterates like `iterable`, or is called like that function; waiting for its items
    is the input wait."""
    return iterable


def step():
    """Says that the work of the current step ends here."""
