"""Every rule of docs/chrome-trace.md on exports of many kinds of recordings."""

import gzip
import subprocess
from collections import defaultdict

import pytest
import rules
from exporting import BIN, export, record

KINDS = ["loader", "threads", "gap", "hosts", "hostile", "same_numbers", "touching",
         "two_loaders", "devices"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """kind -> (what the rules counted, what the command said)"""
    known = {}

    def get(kind, *options):
        if (kind, options) not in known:
            folder = tmp_path_factory.mktemp(kind)
            said = export(record(kind, folder / "recording"), folder / "trace.json", *options)
            known[kind, options] = rules.check((folder / "trace.json").read_bytes()), said
        return known[kind, options]

    return get


@pytest.mark.parametrize("kind", KINDS)
def test_keeps_every_rule(exported, kind):
    counted, said = exported(kind)
    assert counted["phases"]["X"] > 0
    assert f"{counted['phases']['X']} slices, {counted['phases']['s']} arrows" in said


def test_every_batch_has_its_arrow_though_numbers_repeat(exported):
    counted, _ = exported("loader")
    assert len(counted["arrows"]) == 2 * 60
    names = counted["names"]
    for sent, got, batch in counted["arrows"]:
        assert (sent["name"], got["name"]) == ("send", "receive")
        assert names[sent["pid"], sent["tid"]].startswith("worker")
        assert names[got["pid"], got["tid"]].startswith("consumer")
        # Batches go round the workers in turn.
        worker = int(batch.removeprefix("batch ")) % 4
        assert names[sent["pid"], sent["tid"]].startswith(f"worker {worker} ")
    # An epoch's arrows end before the next epoch's begin.
    first = {}
    for sent, got, batch in sorted(counted["arrows"], key=lambda a: a[0]["ts"]):
        if batch in first:
            assert first[batch] < sent["ts"]
        first.setdefault(batch, got["ts"])


def test_arrows_begin_where_the_feeder_sends(exported):
    counted, _ = exported("two_loaders")
    assert len(counted["arrows"]) == 2 * 20
    names = counted["names"]
    for sent, got, _ in counted["arrows"]:
        assert (sent["name"], got["name"]) == ("send", "receive")
        sender, receiver = (names[end["pid"], end["tid"]] for end in (sent, got))
        assert sender.startswith("hand-off: feeder, loader ")
        assert receiver.startswith("consumer: main, loader ")
        assert sender.partition(", loader ")[2][0] == receiver.partition(", loader ")[2][0]


def test_threads_of_several_loaders_say_whose_they_are(exported):
    names = [name for (_, tid), name in exported("two_loaders")[0]["names"].items()
             if tid is not None]
    assert [name.rpartition(" (")[0] for name in names] == [
        "consumer: main, loader 1 train: photos", "consumer: main, loader 2",
        "worker 0, loader 1 train: photos", "worker 0, loader 2",
        "hand-off: feeder, loader 1 train: photos", "hand-off: feeder, loader 2"]
    assert not any("loader" in name for name in exported("loader")[0]["names"].values())


def test_consumer_first_then_workers_in_order(exported):
    for kind in ("loader", "threads"):
        counted, _ = exported(kind)
        threads = [(tid, name) for (_, tid), name in counted["names"].items() if tid is not None]
        assert threads == sorted(threads), "viewers sort by tid"
        assert threads[0][1].startswith("consumer")
        workers = [name for _, name in threads[1:]]
        assert workers == sorted(workers) and all(name.startswith("worker") for name in workers)


def test_receive_is_a_short_slice_inside_wait(exported):
    counted, _ = exported("loader")
    for _, got, _ in counted["arrows"]:
        slices = counted["threads"][got["pid"], got["tid"]]
        start = rules.ns(got, "ts")
        around = [e["name"] for s, end, e in slices if s <= start < end and e is not got]
        assert around == ["wait"]


def test_batches_ready_follows_send_and_receive(exported):
    counted, _ = exported("loader")
    series = [e for e in counted["events"] if e["ph"] == "C" and e["name"] == "batches ready"]
    values = sorted((rules.ns(e, "ts"), int(e["args"]["count"])) for e in series)
    assert len({time for time, _ in values}) == len(values)
    assert values[0] == (0, 0) and values[-1][1] == 0
    assert all(abs(b[1] - a[1]) <= 4 for a, b in zip(values, values[1:]))
    # The area below the curve is the time that batches lay in the queue.
    area = sum(a[1] * (b[0] - a[0]) for a, b in zip(values, values[1:]))
    waiting = sum(rules.ns(got, "ts") - rules.ns(sent, "ts") - rules.ns(sent, "dur")
                  for sent, got, _ in counted["arrows"])
    assert area == pytest.approx(waiting, rel=0.1)


def test_slow_item_has_its_name(exported):
    counted, _ = exported("loader")
    named = [e for e in counted["events"] if e["ph"] == "X" and "name" in e.get("args", {})]
    assert len(named) == 1 and named[0]["args"]["id"] == 37
    assert rules.ns(named[0], "dur") > 200e6


def test_counters_are_rates_and_levels(exported):
    counted, _ = exported("loader")
    by_name = {name: events for (_, name), events in counted["counters"].items()}
    assert {"CPU cores used", "pressure %", "memory GB", "threads running or ready"} <= set(by_name)
    for event in by_name["CPU cores used"]:
        assert 0 <= sum(event["args"].values()) <= 4.01  # the model's machine has four


def test_ring_gap_is_said(exported):
    counted, said = exported("gap")
    assert "did not keep" in said and "MON_MAX_MB" in said
    assert any("did not keep" in text for text in counted["top"]["otherData"]["left_out"])


def test_hosts_are_aligned_by_realtime(exported):
    counted, _ = exported("hosts")
    first = {}
    for (pid, _), slices in counted["threads"].items():
        first[pid] = min(first.get(pid, 1 << 62), min(start for start, _, _ in slices))
    assert len(first) == 2
    assert abs(first.popitem()[1] - first.popitem()[1]) < 1000  # the model starts both together


def test_hostile_names_survive(exported):
    counted, _ = exported("hostile")
    names = {e["name"] for e in counted["events"] if e["ph"] == "X"}
    assert 'quote" backslash\\ slash/' in names
    assert "\ufffd\ufffd\ufffd lone surrogate" in names
    assert "cut off \ufffd" in names
    assert "\u2028 line separator \U0001f40c" in names


def device_rows(counted):
    """(process, row) -> its slices, of everything that is no thread of the job."""
    names = counted["names"]
    return {(names[pid, None], names[pid, tid]): slices
            for (pid, tid), slices in counted["threads"].items() if not names[pid, tid].startswith("consumer")}


def test_each_stream_of_each_gpu_has_a_row(exported):
    counted, _ = exported("devices")
    rows = device_rows(counted)
    assert set(rows) == {(f"{group} (pid {pid})", row)
                         for pid, gpu in ((300, 'GPU 0 NVIDIA "H200" <b>'), (400, "GPU 0"))
                         for group, row in ((gpu, "stream 7"), (gpu, "stream 14"), ("GPU 1", "other streams"),
                                            ("CUDA calls", "CUDA calls of thread 1"))}
    for (_, row), slices in rows.items():
        assert len(slices) == {"stream 7": 120, "CUDA calls of thread 1": 80}.get(row, 40)
    # The job's own threads come first and keep their numbers.
    assert [name for (_, tid), name in counted["names"].items() if tid is not None][:2] == 2 * ["consumer: main"]
    busy = [e for (_, name), series in counted["counters"].items() if name == "gpu-busy under way" for e in series]
    assert len(busy) == 2 * (2 * 40 + 1)


def test_device_work_says_what_it_is(exported):
    rows = device_rows(exported("devices")[0])
    copies = [e for _, _, e in rows['GPU 0 NVIDIA "H200" <b> (pid 300)', "stream 14"]]
    assert {e["name"] for e in copies} == {"copy to device", "copy to device, pageable"}
    for e in copies:
        assert e["cat"] == "gpu" and e["args"]["bytes"] == 1 << 20
        assert e["args"]["memory"] == ("pageable" if e["name"].endswith("pageable") else "pinned")
        assert float(e["args"]["queued_us"]) == pytest.approx(1000, abs=0.01)
        assert float(e["args"]["launched_us"]) == pytest.approx(float(e["ts"]) - 1000, abs=0.01)
    by_name = defaultdict(list)
    for _, _, e in rows['GPU 0 NVIDIA "H200" <b> (pid 300)', "stream 7"]:
        by_name[e["name"]].append(e)
    assert set(by_name) == {"at::native::reduce_kernel", 'odd\ufffd\n"kernel', "memset"}
    assert {e["args"]["bytes"] for e in by_name["memset"]} == {64}
    for e in by_name['odd\ufffd\n"kernel']:
        assert float(e["dur"]) == pytest.approx(2000, abs=0.01) and "lasted_us" not in e["args"]
    # Its end is behind the next one's start; the slice is cut, its length is not.
    for e in by_name["at::native::reduce_kernel"]:
        assert float(e["dur"]) == pytest.approx(2000, abs=0.01)
        assert float(e["args"]["lasted_us"]) == pytest.approx(2100, abs=0.01)
        assert "bytes" not in e["args"]
    assert {e["name"] for _, _, e in rows["GPU 1 (pid 300)", "other streams"]} == {"other kernels"}
    assert {e["name"] for _, _, e in rows["CUDA calls (pid 300)", "CUDA calls of thread 1"]} == {
        "wait for the device", "load code"}


def test_a_recording_without_names_has_kernels(exported):
    rows = device_rows(exported("devices")[0])
    names = {e["name"] for _, _, e in rows["GPU 0 (pid 400)", "stream 7"]}
    assert names == {"kernel", "memset"}


def test_numbers_are_unique_however_often_they_were_used(exported):
    counted, _ = exported("same_numbers")
    assert len({pid for pid, _ in counted["threads"]}) == 3
    assert len(counted["threads"]) == 9


def consumer_waits(counted):
    return sorted(rules.ns(e, "ts") for e in counted["events"]
                  if e["ph"] == "X" and e["name"] == "wait")


@pytest.mark.parametrize("kind", ["threads", "gap"])
def test_steps_selects_those_steps(exported, kind):
    every = consumer_waits(exported(kind)[0])
    # Numbers count from the end where the ring lost the middle.
    total = 200 if kind == "threads" else 400
    first, end = total - 20, total - 10
    waits = consumer_waits(exported(kind, "--steps", f"{first}:{end}")[0])
    assert waits == every[-20:-10]


def test_steps_that_are_gone_are_an_error(tmp_path):
    record("gap", tmp_path / "r")
    command = [BIN / "datamon", "trace", tmp_path / "r", "-o", tmp_path / "t.json", "--steps"]
    for steps, why in (("200:210", "were not kept"), ("900:901", "no step 900")):
        done = subprocess.run([*command, steps], capture_output=True, text=True)
        assert done.returncode != 0 and why in done.stderr
        assert not list(tmp_path.glob("t.json*"))


def test_from_to_selects_what_touches_the_window(exported):
    counted, _ = exported("loader", "--from", "0.6", "--to", "0.7")
    assert 0 < counted["phases"]["X"] < exported("loader")[0]["phases"]["X"] / 4
    for slices in counted["threads"].values():
        assert all(start <= 0.7e9 and end >= 0.6e9 for start, end, _ in slices)


def test_gzip_holds_the_same(tmp_path):
    record("threads", tmp_path / "r")
    export(tmp_path / "r", tmp_path / "t.json")
    export(tmp_path / "r", tmp_path / "t.json.gz")
    assert gzip.decompress((tmp_path / "t.json.gz").read_bytes()) == (tmp_path / "t.json").read_bytes()


def test_standard_output_holds_the_same(tmp_path):
    record("threads", tmp_path / "r")
    export(tmp_path / "r", tmp_path / "t.json")
    done = subprocess.run([BIN / "datamon", "trace", tmp_path / "r", "-o", "-"], capture_output=True)
    assert done.stdout == (tmp_path / "t.json").read_bytes()


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    record("same_numbers", tmp_path / "r")
    (tmp_path / "t.json").write_text("precious")
    command = [BIN / "datamon", "trace", tmp_path / "r", "-o", tmp_path / "t.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "-f" in done.stderr
    assert (tmp_path / "t.json").read_text() == "precious"
    subprocess.run([*command, "-f"], check=True, capture_output=True)
    rules.check((tmp_path / "t.json").read_bytes())


def test_a_full_disk_leaves_no_file(tmp_path):
    record("threads", tmp_path / "r")
    command = f"ulimit -f 100; trap '' XFSZ; exec '{BIN}/datamon' trace {tmp_path}/r -o {tmp_path}/t.json"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode != 0 and "cannot write" in done.stderr
    assert not list(tmp_path.glob("t.json*"))


def test_every_rule_can_fail(exported):
    """The reader itself: each rule refuses what breaks it."""
    slice_ = ('{"ph":"X","name":"a","cat":"read","pid":1,"tid":2,"ts":%s,"dur":%s}')
    meta = ('{"ph":"M","name":"%s_name","cat":"m","pid":1,"tid":%d,"ts":0,"args":{"name":"n"}},'
            '{"ph":"M","name":"%s_sort_index","cat":"m","pid":1,"tid":%d,"ts":0,"args":{"sort_index":0}}')
    head = meta % ("process", 0, "process", 0) + "," + meta % ("thread", 2, "thread", 2)

    def text(*events, slices=0):
        body = ",".join([head, *events])
        return (f'{{"displayTimeUnit":"ms","traceEvents":[{body}],'
                f'"otherData":{{"slices":{slices},"arrows":0,"counters":0}}}}').encode()

    good = slice_ % ("0.000", "1.000")
    rules.check(text(good, slices=1))
    bad = {
        "overhang": [good, slice_ % ("0.500", "0.501")],
        "touching": [good, slice_ % ("1.000", "1.000")],
        "child before its parent": [slice_ % ("0.000", "0.500"), good],
        "negative": [slice_ % ("-1.000", "1.000")],
        "since 1970": [slice_ % ("1790000000000000.000", "1.000")],
        "two decimals": [slice_ % ("0.00", "1.000")],
        "a float": [slice_ % ("1e3", "1.000")],
        "no dur": [good.replace(',"dur":1.000', "")],
        "begin": [good.replace('"X"', '"B"')],
        "no name": [good.replace('"name":"a",', "")],
        "no cat": [good.replace('"cat":"read",', "")],
        "text id": [good.replace('"tid":2', '"tid":"2"')],
        "colour": [good.replace('"cat"', '"cname":"x","cat"')],
        "surrogate": [good.replace('"a"', '"\\ud800"')],
        "half an arrow": [good, '{"ph":"s","id":1,"name":"b","cat":"c","pid":1,"tid":2,"ts":0.000}'],
        "args": [good.replace('"read"', '"wait"').replace('"pid"', '"args":{"id":1},"pid"')],
        "NaN": [good.replace("1.000", "NaN")],
        "unknown thread": [good.replace('"tid":2', '"tid":3')],
    }
    for what, events in bad.items():
        with pytest.raises((rules.BrokenRule, ValueError)):
            rules.check(text(*events, slices=len(events)))
            pytest.fail(f"nothing refused: {what}")
    with pytest.raises(ValueError):
        rules.check(text(good, slices=1)[:-20])
