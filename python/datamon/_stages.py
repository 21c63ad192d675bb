"""Stage numbers by name."""

from datamon._record import native

BUILT_IN = {
    "init": native.INIT,
    "fetch": native.FETCH,
    "read": native.READ,
    "decode": native.DECODE,
    "transform": native.TRANSFORM,
    "collate": native.COLLATE,
    "send": native.SEND,
    "queue": native.QUEUE,
    "receive": native.RECEIVE,
    "pin": native.PIN,
    "transfer": native.TRANSFER,
    "wait": native.WAIT,
    "compute": native.COMPUTE,
}
_CLASSES = {
    "init": native.CLASS_INIT,
    "fetch": native.CLASS_FETCH,
    "read": native.CLASS_READ,
    "decode": native.CLASS_DECODE,
    "transform": native.CLASS_TRANSFORM,
    "collate": native.CLASS_COLLATE,
    "send": native.CLASS_HANDOFF,
    "queue": native.CLASS_HANDOFF,
    "receive": native.CLASS_HANDOFF,
    "pin": native.CLASS_HANDOFF,
    "transfer": native.CLASS_TRANSFER,
    "wait": native.CLASS_WAIT,
    "compute": native.CLASS_COMPUTE,
}
_known = dict(BUILT_IN)


def number(name):
    """The stage called `name`; "transform/blur" is of the class of "transform"."""
    stage = _known.get(name)
    if stage is None:
        stage_class = _CLASSES.get(name.partition("/")[0], native.CLASS_OTHER)
        stage = _known[name] = native.define_stage(name, stage_class)
    return stage


native.use_stages(_known, number)
