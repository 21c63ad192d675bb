"""Children of a job join its recording, and live as they would without it."""

from running import TORCH, assert_same, both, job, run


def test_pools(tmp_path):
    recorded, plain = both(lambda **how: job("processes.py", "pools", **how), tmp_path)
    assert plain.code == 0, plain.stderr
    assert_same(recorded, plain)
    assert recorded.recording.spans()["read"] >= 18  # whichever of the pools' workers read
    assert recorded.recording.report()["job"]["processes"] >= 4


def test_commands(tmp_path):
    recorded, plain = both(lambda **how: job("processes.py", "commands", **how), tmp_path)
    assert plain.code == 0, plain.stderr
    assert_same(recorded, plain)
    assert len(recorded.recording.files) == 3  # the one without MON=1 in its environment is not


def test_a_cleared_environment(tmp_path):
    recorded, plain = both(lambda **how: job("processes.py", "cleared", **how), tmp_path)
    assert plain.code == 0, plain.stderr
    assert_same(recorded, plain)
    spans = recorded.recording.spans()
    assert spans["fetch"] == 8  # the forked worker's; the spawned one cannot know of us
    assert spans["wait"] == 6 and spans["receive"] == 4


NOTEBOOK = """
import nbformat, sys
from nbclient import NotebookClient

cells = ["from torch.utils.data import DataLoader\\nimport torch",
         "total = 0\\nfor batch in DataLoader(torch.arange(12), batch_size=4, num_workers=1):\\n"
         "    total += batch.sum()",
         "for batch in DataLoader(torch.arange(12), batch_size=4):\\n    total += batch.sum()\\nprint(total.item())"]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
print(notebook.cells[-1].outputs[0].text)
"""


def test_a_notebook(tmp_path):
    recorded, plain = both(lambda **how: run(TORCH, "-W", "ignore", "-c", NOTEBOOK, **how), tmp_path)
    assert plain.stdout == b"132\n\n", plain.stderr
    assert recorded.stdout == plain.stdout
    spans = recorded.recording.spans()
    assert spans["fetch"] == 24 and spans["compute"] >= 6
