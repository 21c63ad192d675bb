"""What a library reads while it is imported is not recorded."""

import json
import os
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.environ["DATAMON_BUILD"], "python"))
FOLDER = tempfile.TemporaryDirectory()
os.environ.update(MON="1", MON_DIR=os.path.join(FOLDER.name, "recording"))

from datamon import _native as native  # noqa: E402

why = native.attach(os.path.join(os.environ["DATAMON_LIB"], "libdatamon.so.0"))
assert why is None, why


def count_of(stage):
    output = os.path.join(FOLDER.name, "trace.json")
    subprocess.run([os.path.join(os.environ["DATAMON_BIN"], "datamon"), "trace", "-f",
                    os.environ["MON_DIR"], "-o", output], check=True, capture_output=True)
    with open(output) as file:
        return sum(e["ph"] == "X" and e["name"] == stage for e in json.load(file)["traceEvents"])


class Flags:
    waiting = helper = False


def test_what_an_import_reads_is_not_recorded(tmp_path, monkeypatch):
    flags = Flags()
    native.use_import_locks(sys.modules["_frozen_importlib"]._module_locks, flags)
    stage = native.define_stage("read/test", native.CLASS_READ)
    read = native.Timed(lambda: "text", stage, unless_importing=True)
    beside = []

    def in_another_thread():
        thread = threading.Thread(target=lambda: beside.append((native.importing(), read())))
        thread.start()
        thread.join()

    builtins = {"datamon_test_read": read, "datamon_test_other": in_another_thread,
                "datamon_test_flags": flags, "datamon_test_native": native}
    for name, value in builtins.items():
        monkeypatch.setattr("builtins." + name, value, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "reads_when_imported.py").write_text(
        "import reads_deeper\n"
        "result, importing = datamon_test_read(), datamon_test_native.importing()\n"
        "datamon_test_other()\n"
        "datamon_test_flags.waiting = True\n"
        "waited = datamon_test_read()\n"
        "datamon_test_flags.waiting = False\n")
    (tmp_path / "reads_deeper.py").write_text("result = datamon_test_read()\n")
    assert not native.importing()
    import reads_when_imported

    assert reads_when_imported.result == reads_when_imported.waited == "text"
    assert reads_when_imported.importing and not native.importing()
    assert beside == [(False, "text")]
    assert read() == "text"
    # The other thread's, the one of a batch that is waited for, and the last one.
    assert count_of("read/test") == 3
