"""Loops that are left before their loaders end, and a forked child within a step."""

import itertools
import os

import datamon
from torch.utils.data import DataLoader

numbers = DataLoader(range(10))
for batch in itertools.islice(numbers, 3):
    pass
with datamon.span("mark/after torch"):
    pass

for number, batch in enumerate(datamon.wrap(range(10), name="wrapped")):
    if number == 2:
        break
with datamon.span("mark/after wrap"):
    pass

one = next(iter(numbers))
with datamon.span("mark/after one"):
    pass

for batch in DataLoader(range(4)):
    child = os.fork()
    if child == 0:
        for inner in DataLoader(range(2)):
            pass
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
