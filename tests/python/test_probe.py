"""Experiments on PyTorch jobs that know nothing of them."""

import pytest

from running import assert_same, both, job


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_delays_change_no_result(tmp_path, start_method):
    probed, plain = both(lambda **how: job("probed.py", start_method, env={"MON_PROBE": "1"}, **how),
                         tmp_path)
    assert plain.code == 0 and len(plain.stdout.splitlines()) == 1200
    assert_same(probed, plain)
    found = probed.recording.report()["probe"]
    assert found["windows"] > 0 and found["added_s"] > 0, found
    # Items are fetched in the workers: their processes took part.
    fetched = next(s for s in found["stages"] if s["class"] == "fetch")
    assert fetched["added_s"] > 0


def test_off_it_leaves_nothing(tmp_path):
    recorded = job("training.py", folder=tmp_path, env={"MON_PROBE": "0"})
    assert recorded.code == 3
    assert list(recorded.folder.glob("*.probe*")) == []
