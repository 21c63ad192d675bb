"""Pillow: Image.open reads and parses the head, ImageFile.load decodes and reads inside,
ImageFile.convert copies or converts what was loaded: what a loader does to come by pixels.
Where the preloaded library is, it sees the reads."""

import io

from datamon import _stages
from datamon._record import native, preloaded
from datamon.adapters import image_facts


def install_image(module):
    module.open = native.Around(module.open, _before_open, _after_open)


def install_image_file(module):
    file_class = module.ImageFile
    file_class.load = native.Around(file_class.load, _before_load, _end)
    # Of images as they come from files: what transforms convert is no longer one of these.
    file_class.convert = native.Around(file_class.convert, _before_convert, _end)


def _before_open(fp, *arguments, **keywords):
    reads = not preloaded
    if isinstance(fp, (str, bytes)) or hasattr(fp, "__fspath__"):
        native.set_file(fp)
    elif isinstance(fp, (io.BufferedReader, io.FileIO)):
        native.set_file(fp.name)
    else:
        reads = False  # bytes that somebody else has read
    if native.importing():
        return 0
    return native.begin(native.READ if reads else _stages.number("decode/open"))


def _after_open(handle, image, failed):
    _end(handle, image, failed)
    if preloaded:
        return
    fp = getattr(image, "fp", None)
    if isinstance(fp, (io.BufferedReader, io.FileIO)) and type(fp) is not _TimedFile:
        image.fp = _TimedFile(fp)


class _TimedFile:
    """A file whose reads are spans; all else is the file's. Stands in an image's
    `fp`, from which Pillow reads while it decodes."""

    __slots__ = ("_file", "read")

    def __init__(self, file):
        self._file = file
        self.read = native.Timed(file.read, native.READ, unless_importing=True)

    @property
    def __class__(self):
        return type(self._file)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __iter__(self):
        return iter(self._file)

    def __enter__(self):
        return self._file.__enter__()

    def __exit__(self, *exception):
        return self._file.__exit__(*exception)


def _before_load(image):
    # Each use of an image asks it to load; only the first one has something to do.
    if not image.tile or native.importing():
        return 0
    image_facts.see(image)
    return native.begin(native.DECODE)


def _before_convert(image, *arguments, **keywords):
    return 0 if native.importing() else native.begin(_stages.number("decode/convert"))


def _end(handle, result, failed):
    if handle:
        native.end(handle)
