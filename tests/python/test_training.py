"""A recorded training is the same training, and all of it is recorded."""

from running import JOBS, TORCH, assert_same, both, job, run


def test_losses_random_states_and_streams_are_the_same(tmp_path):
    recorded, plain = both(lambda **how: job("training.py", **how), tmp_path)
    assert plain.code == 3 and len(plain.stdout.splitlines()) == 55
    assert_same(recorded, plain)
    spans = recorded.recording.spans()
    # 36 items in batches of 4, 2 epochs each: with 2 workers, none, and 1 spawned.
    assert spans["fetch"] == 216
    assert spans["collate"] == spans["compute"] == 54
    assert spans["wait"] == 54 + 6  # and one more each epoch, to hear that it is over
    assert spans["receive"] == 36
    report = recorded.recording.report()
    assert report["monitor"]["dropped"] == 0 and report["monitor"]["mismatched_ends"] == 0


def test_torchrun_records_each_rank(tmp_path):
    def start(folder, mon):
        return run(TORCH, "-m", "torch.distributed.run", "--nproc_per_node", 2, "--master_port",
                   "0", "--standalone", JOBS / "ranks.py", folder=folder, mon=mon)

    recorded, plain = both(start, tmp_path)
    assert recorded.code == plain.code == 0, recorded.stderr.decode()
    assert recorded.stdout == plain.stdout != b""
    assert b"datamon" not in recorded.stderr
    report = recorded.recording.report()
    assert report["job"]["ranks"] == 2
    spans = recorded.recording.spans()
    assert spans["fetch"] == 40 and spans["compute"] == 10
