"""datamon.toml, the functions of `import datamon`, and a PyTorch that is not known."""

import functools
import subprocess

import pytest

from running import TORCH, assert_same, both, run

READER = """
class Reader:
    def get(self, path):
        return b"12345"

def decode(data):
    return len(data)
"""
USES_READER = "import reader; print(reader.decode(reader.Reader().get('a.bin')))"
GOOD = """
[[call]]
module = "reader"
function = "Reader.get"
stage = "read"
file = 1

[[call]]
module = "reader"
function = "decode"
stage = "decode/own"

[[call]]
module = "reader"
function = "Gone.missing"
stage = "read"
"""


@functools.cache
def reads_toml():
    """Python 3.10 has no parser."""
    return subprocess.run([TORCH, "-c", "import tomllib"], capture_output=True).returncode == 0


def with_config(tmp_path, text, name="datamon.toml", **env):
    (tmp_path / name).write_text(text)
    (tmp_path / "reader.py").write_text(READER)
    done = run(TORCH, "-c", USES_READER, folder=tmp_path, env=env)
    assert done.stdout == b"5\n" and done.code == 0
    if not reads_toml():
        assert b"is not read: it takes Python 3.11" in done.stderr
        pytest.skip("this Python reads no TOML, and datamon says so")
    return done


def test_own_calls(tmp_path):
    done = with_config(tmp_path, GOOD)
    assert done.stderr == b""
    spans = done.recording.spans()
    assert spans["read"] == 1 and spans["decode/own"] == 1


def test_named_by_a_variable(tmp_path):
    done = with_config(tmp_path, GOOD, "other.toml", MON_CONFIG="other.toml")
    assert done.recording.spans()["decode/own"] == 1


def test_broken_files_are_said(tmp_path):
    broken = ["[[call", "[[call]]\nmodule = 'reader'\n", "call = 3\n", "call = [3]\n",
              "[[call]]\nmodule = 'reader'\nfunction = 'decode'\nstage = 'read'\nfile = 'x'\n",
              "[[call]]\nmodule = 3\nfunction = 'decode'\nstage = 'read'\n",
              "[[call]]\nmodule = 'reader'\nfunction = 3\nstage = 'read'\n",
              "[[call]]\nmodule = 'reader'\nfunction = 'decode'\nstage = 3\n"]
    for number, text in enumerate(broken):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = with_config(folder, text)
        assert done.stderr.startswith(b"datamon: datamon.toml is not used: "), text
        assert done.stderr.count(b"\n") == 1
        assert any("datamon.toml" in note for note in done.recording.notes("job.incomplete")), text


API = """
import datamon, sys, time

@datamon.stage("transform/own")
def transform(x):
    return x * 2

class Work:
    @datamon.stage("decode")
    @staticmethod
    def decode(x):
        return x

def produce():
    for i in range(20):
        with datamon.span("read", id=i, item=f"{i}.bin") as span:
            span.item(bytes=10)
        yield transform(Work.decode(i))

loader = list(range(5))
total = 0
for epoch in range(2):
    for item in datamon.wrap(produce(), name="train"):
        total += item
        datamon.step()
wrapped = datamon.wrap(loader, name="list")
assert len(wrapped) == 5 and wrapped == loader
assert list(wrapped) == loader and wrapped.index(3) == 3
try:
    for item in datamon.wrap(produce()):
        raise ValueError("in the loop")
except ValueError as error:
    print(error)
print(total, transform.__name__)
print(datamon.active(), file=sys.stderr)
"""


def test_functions(tmp_path):
    recorded, plain = both(lambda **how: run(TORCH, "-c", API, **how), tmp_path)
    assert (recorded.code, plain.code) == (0, 0), recorded.stderr
    assert recorded.stdout == plain.stdout
    assert recorded.stderr == b"True\n" and plain.stderr == b"False\n"
    spans = recorded.recording.spans()
    assert spans["transform/own"] == 41 and spans["decode"] == 41 and spans["read"] == 41
    assert spans["wait"] == 2 * 21 + 6 + 1
    assert spans["compute"] >= 40 + 5
    assert recorded.recording.report()["monitor"]["mismatched_ends"] == 0


UNKNOWN = """
import sys, importlib.abc, importlib.util

class Change(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "torch.utils.data._utils.worker":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            original = module._worker_loop
            def _worker_loop(kind, data, tasks, results, *rest):
                return original(kind, data, tasks, results, *rest)
            module._worker_loop = _worker_loop
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Change())
import io
from torch.utils.data import DataLoader
from PIL import Image

class Data:
    def __len__(self): return 8
    def __getitem__(self, i):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "png")
        return Image.open(file).convert("L").getpixel((0, 0))

print([b.tolist() for b in DataLoader(Data(), batch_size=4, num_workers=1)])
"""


def test_an_unknown_pytorch(tmp_path):
    recorded, plain = both(lambda **how: run(TORCH, "-c", UNKNOWN, **how), tmp_path)
    assert recorded.stdout == plain.stdout == b"[[0, 0, 0, 0], [0, 0, 0, 0]]\n"
    assert plain.stderr == b""
    assert recorded.stderr.startswith(b"datamon: torch ") and recorded.stderr.count(b"\n") == 1
    assert b"its DataLoader is not recorded" in recorded.stderr
    spans = recorded.recording.spans()
    assert "fetch" not in spans and "wait" not in spans and spans["decode"] >= 8
    assert "DataLoader is not recorded" in recorded.recording.text()


def test_models_still_compile_to_torchscript(tmp_path):
    """torch.jit reads the source of what it is given; transforms are timed, layers are not."""
    script = """
import torch
try:
    from torchvision.transforms import v2
except ImportError:  # before 0.15
    from torchvision import transforms as v2
from torchvision.transforms import CenterCrop, Compose, Normalize, ConvertImageDtype
chain = torch.nn.Sequential(CenterCrop(4), ConvertImageDtype(torch.float32), Normalize([0.5] * 3, [0.5] * 3))
image = torch.arange(108, dtype=torch.uint8).reshape(3, 6, 6)
print(torch.jit.script(chain)(image).sum(), torch.equal(chain(image), torch.jit.script(chain)(image)))
print(Compose([CenterCrop(4)]), v2.Compose([v2.CenterCrop(4)]))
"""
    recorded, plain = both(lambda **how: run(TORCH, "-W", "ignore", "-c", script, **how), tmp_path)
    assert plain.code == 0, plain.stderr
    assert_same(recorded, plain)
