"""One decode span for an image, whatever library decodes it and however it was loaded."""

import shutil
import sys

import pytest
from PIL import Image, features

from conftest import picture
from jobs import BIN, LIB, record, run, stage

JPEG = BIN / "preload_jpeg_job"
PLUGIN = LIB / "libpreload_jpeg_plugin.so"


def test_program_linked_with_libjpeg(tmp_path, jpegs):
    plain = run(JPEG, "files", *jpegs, cwd=tmp_path)
    done, found = record(JPEG, "files", *jpegs, cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert stage(found, "decode")["count"] == len(jpegs)
    assert stage(found, "read")["bytes"] == sum(jpeg.stat().st_size for jpeg in jpegs)
    assert found["files"]["distinct"] == found["files"]["uses"] == len(jpegs)


def test_errors_that_jump_out_of_the_library(tmp_path, jpegs, broken_jpeg):
    images = [jpegs[0], broken_jpeg, jpegs[1], broken_jpeg, broken_jpeg, jpegs[2]]
    plain = run(JPEG, "files", *images, cwd=tmp_path)
    assert plain.stdout.split()[1] == b"0" * 16
    done, found = record(JPEG, "files", *images, cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert 3 <= stage(found, "decode")["count"] <= 6
    assert found["monitor"]["mismatched_ends"] == 0


def test_threads(tmp_path, jpegs):
    _, found = record(JPEG, "threads", *jpegs, cwd=tmp_path)
    assert stage(found, "decode")["count"] == 4 * len(jpegs) + 1
    assert found["files"]["distinct"] == len(jpegs)
    assert found["files"]["uses"] == 4 * len(jpegs) + 1


def test_forked_child(tmp_path, jpegs):
    _, found = record(JPEG, "child", *jpegs, cwd=tmp_path)
    assert stage(found, "decode")["count"] == found["files"]["uses"] == 2 * len(jpegs)
    assert found["files"]["distinct"] == len(jpegs)
    assert found["job"]["processes"] == 2


def test_signal_handlers_that_read(tmp_path, jpegs):
    plain = run(JPEG, "files", *jpegs, cwd=tmp_path)
    done, found = record(JPEG, "handler", *jpegs, cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert stage(found, "decode")["count"] == len(jpegs)


TWO_COPIES = """
import ctypes, hashlib, io, sys
from PIL import Image
plugin = ctypes.CDLL(sys.argv[1])  # RTLD_LOCAL, as extension modules are
plugin.decode_sum.restype = ctypes.c_ulong
plugin.decode_sum.argtypes = [ctypes.c_char_p, ctypes.c_ulong]
for path in sys.argv[2:]:
    data = open(path, 'rb').read()
    pixels = Image.open(io.BytesIO(data)).convert('RGB').tobytes()
    print(hashlib.sha256(pixels).hexdigest(), plugin.decode_sum(data, len(data)))
mapped = {line.split('/')[-1] for line in open('/proc/self/maps')}
assert sum(name.startswith('libjpeg') for name in mapped) == 2, mapped
"""


def test_two_copies_of_libjpeg_in_one_process(tmp_path, jpegs):
    """Pillow's own and the system's, each visible only to who loaded it."""
    program = tmp_path / "two.py"
    program.write_text(TWO_COPIES)
    command = [sys.executable, program, PLUGIN, *jpegs]
    plain = run(*command, cwd=tmp_path)
    done, found = record(*command, cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert stage(found, "decode")["count"] == 2 * len(jpegs)


UNLOADED = """
import _ctypes, ctypes, sys
data = open(sys.argv[2], 'rb').read()
for i in range(5):
    plugin = ctypes.CDLL(sys.argv[1])
    plugin.decode_sum.argtypes = [ctypes.c_char_p, ctypes.c_ulong]
    print(plugin.decode_sum(data, len(data)))
    _ctypes.dlclose(plugin._handle)
    mapped = {line.split('/')[-1] for line in open('/proc/self/maps')}
    assert not any('jpeg' in name for name in mapped), 'still there'
"""


def test_a_library_that_comes_and_goes(tmp_path, jpegs):
    program = tmp_path / "unloaded.py"
    program.write_text(UNLOADED)
    plain = run(sys.executable, program, PLUGIN, jpegs[0], cwd=tmp_path)
    done, found = record(sys.executable, program, PLUGIN, jpegs[0], cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert stage(found, "decode")["count"] == 5


def test_png_webp_and_turbojpeg(tmp_path, jpegs):
    job = BIN / "preload_decoders_job"
    if not job.exists():
        pytest.skip("built without libpng, libwebp or libturbojpeg")
    picture(3).save(tmp_path / "a.png")
    picture(3).save(tmp_path / "a.webp", lossless=True)
    command = [job, tmp_path / "a.png", tmp_path / "a.webp", jpegs[1]]
    plain = run(*command, cwd=tmp_path)
    done, found = record(*command, cwd=tmp_path)
    assert done.stdout == plain.stdout
    sums = done.stdout.split()
    assert sums[0] == sums[1] == sums[3] == sums[4] and sums[2] == b"0" * 16  # the same pixels
    assert stage(found, "decode")["count"] == 6


def test_symbols_that_no_library_defines(tmp_path, text):
    """Found by a probe although no libjpeg is there: failing is all they can do."""
    program = tmp_path / "probe.py"
    program.write_text("import ctypes\n"
                       "f = ctypes.CDLL(None).jpeg_start_decompress\n"
                       "f.argtypes = [ctypes.c_void_p]\nprint(f(None))\n")
    done, _ = record(sys.executable, program, cwd=tmp_path)
    assert done.stdout == b"0\n"


CONVERT = next(filter(None, map(shutil.which, ("convert-im6.q16", "convert"))), None)


@pytest.mark.skipif(CONVERT is None, reason="no ImageMagick")
def test_imagemagick(tmp_path, jpegs):
    picture(5).save(tmp_path / "five.png")
    command = [CONVERT, jpegs[0], tmp_path / "five.png", "-append", "rgb:-"]
    plain = run(*command, cwd=tmp_path)
    done, found = record(*command, cwd=tmp_path)
    assert done.stdout == plain.stdout and len(done.stdout) == 2 * 320 * 240 * 3
    assert stage(found, "decode")["count"] == 2
    assert found["files"]["distinct"] == 2


@pytest.mark.skipif(not features.check("webp"), reason="Pillow without WebP")
def test_pillow(tmp_path, jpegs):
    picture(5).save(tmp_path / "a.webp")
    program = tmp_path / "load.py"
    program.write_text("import sys\nfrom PIL import Image\n"
                       "for path in sys.argv[1:]: print(Image.open(path).convert('RGB').tobytes()[:100])\n")
    command = [sys.executable, program, *jpegs, tmp_path / "a.webp"]
    plain = run(*command, cwd=tmp_path)
    done, found = record(*command, cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert stage(found, "decode")["count"] == len(jpegs) + 1
