"""Format and size of the images that a loader decodes: the notes loader.N.image_* of
docs/recording-format.md. The first images of each loader and process, then no more.
"""

from datamon._consumer import this_thread
from datamon._record import native

_ENOUGH = 8


class _Seen:
    __slots__ = ("formats", "pixels", "progressive", "count")

    def __init__(self):
        self.formats = {}
        self.pixels = self.progressive = self.count = 0


_seen = {}  # loader -> _Seen; None once it is noted


def see(image):
    """A Pillow image that is about to be decoded, at the size that it is decoded to."""
    loader = this_thread.loader
    if loader is None:
        return
    seen = _seen.get(loader, _seen)
    if seen is None:
        return
    if seen is _seen:
        seen = _seen[loader] = _Seen()
    width, height = image.size
    kind = image.format or ""
    seen.count += 1
    seen.pixels += width * height
    seen.formats[kind] = seen.formats.get(kind, 0) + 1
    seen.progressive += bool(image.info.get("progressive"))
    if seen.count == _ENOUGH:
        _seen[loader] = None
        _note(loader, seen)


def _note(loader, seen):
    most = max(seen.formats, key=seen.formats.get)
    native.note(f"loader.{loader}.image_format", most)
    native.note(f"loader.{loader}.image_pixels", str(min(seen.pixels // seen.count, 10**9)))
    native.note(f"loader.{loader}.image_progressive", str(round(100 * seen.progressive / seen.count)))
