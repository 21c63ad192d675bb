"""Large files: hundreds of megabytes through a pipe, in bounded memory."""

import json
import os
import subprocess
import zlib

from programs import DATAMON, environment

MEGABYTES = 300
MOST_RSS_KB = 64 * 1024
NEXT = "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__"
KERNEL = "void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<c10::Half>>" * 2


def event(category, name, at_us, length_us, pid, tid, **more):
    return json.dumps({"ph": "X", "cat": category, "name": name, "pid": pid, "tid": tid,
                       "ts": round(at_us, 3), "dur": length_us, "args": more}, indent=1)


def step(index):
    """100 ms: 20 ms of wait, then 400 kernels of 100 us with gaps, each with its launch."""
    at = 1.7e9 + index * 1e5
    yield event("user_annotation", f"ProfilerStep#{index}", at, 99990.0, 1, 1)
    yield event("user_annotation", NEXT, at + 1, 20000.0, 1, 1)
    yield event("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", at + 20010, 900.0, 0, 7, device=0,
                stream=7, bytes=1 << 20)
    for i in range(400):
        launched = at + 21000 + i * 180
        yield event("cpu_op", "aten::mul", launched, 20.0, 1, 1, sequence=i)
        yield event("cuda_runtime", "cudaLaunchKernel", launched + 5, 10.0, 1, 1, correlation=i)
        yield event("kernel", KERNEL, launched + 20, 100.0, 0, 7, device=0, stream=7,
                    correlation=i, grid=[128, 1, 1])


def trace(steps_written):
    yield '{"schemaVersion": 1, "traceEvents": [\n'
    written = 0
    while written < MEGABYTES << 20:
        text = ",\n".join(step(steps_written[0]))
        yield (",\n" if steps_written[0] else "") + text
        written += len(text)
        steps_written[0] += 1
    yield "]}"


def log():
    line = ("pid: {p}, idx: {i}, dataset_time: 0.001000, transform_time: 0.002000, "
            "collate_time: 0.000500\n")
    written = index = 0
    while written < MEGABYTES << 20:
        block = "".join(f"[INFO] step {index + k} loss 0.1 lr 0.01 and other words of a log\n"
                        + line.format(p=k % 4, i=index + k) for k in range(2000))
        yield block
        written += len(block)
        index += 2000


def report(option, parts, compress):
    """The report, its peak memory in kB, and how many decompressed MB/s went in."""
    child = subprocess.Popen([DATAMON, "report", option, "-", "--json"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, env=environment())
    packer = zlib.compressobj(1, wbits=31) if compress else None
    size = 0
    for part in parts:
        data = part.encode()
        size += len(data)
        data = packer.compress(data) if packer else data
        child.stdin.write(data)
    if packer:
        child.stdin.write(packer.flush())
    child.stdin.close()
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0
    cpu_s = usage.ru_utime + usage.ru_stime
    print(f"\n{option} {'gzip' if compress else 'plain'}: {size >> 20} MiB, "
          f"{usage.ru_maxrss} kB resident, {size / 1e6 / cpu_s:.0f} MB per CPU second")
    return json.loads(text), usage.ru_maxrss


def check_trace(compress):
    steps = [0]
    found, rss_kb = report("--kineto", trace(steps), compress)
    assert rss_kb < MOST_RSS_KB
    assert not found["problems"]
    assert found["consumer"]["steps"] == steps[0]
    gpu = found["gpu"]["devices"][0]
    assert gpu["kernels"] == 400 * steps[0]
    assert abs(gpu["busy_s"] / gpu["window_s"] - 0.4) < 0.01
    assert abs(gpu["idle_data_s"] / gpu["window_s"] - 0.2) < 0.01
    assert abs(found["verdict"]["input_wait_share"]["value"] - 0.2) < 0.01


def test_a_large_trace_needs_little_memory():
    check_trace(compress=False)


def test_a_large_compressed_trace_needs_little_memory():
    check_trace(compress=True)


def test_a_large_log_needs_little_memory():
    found, rss_kb = report("--megengine-log", log(), compress=False)
    assert rss_kb < MOST_RSS_KB
    assert found["throughput"]["batches"] == found["import"]["records"] > 1_000_000
