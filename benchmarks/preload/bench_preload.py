#!/usr/bin/env python3
"""Measures what the preloaded library costs and prints its figures as one flat JSON object.

    bench_preload.py [--data FOLDER] [--bin FOLDER] [--lib FOLDER] [--pairs N]

- preload_decode_slowdown_percent: a loop that does nothing but decode the image set with libjpeg,
  recorded through the preloaded library, over the same loop without it, in CPU time;
  ..._low and ..._high bound it (95 %, bootstrap over pairs)
- preload_read_64k_slowdown_percent: a loop of nothing but 64 KiB reads from the page cache, the same
- preload_read_cost_ns: what one read call costs more, from a loop of 4 KiB reads
- preload_off_read_cost_ns: the same with the library preloaded but MON unset: passing a call on

The two runs of a pair follow each other and change places from pair to pair. A slowdown is the median
over pairs of the ratio inside a pair; what a call costs is the difference of the two sides' fastest
runs, since everything else on the machine only adds to it, and by more than that.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from pairs import interleaved, interval  # noqa: E402

PASSES = 1
READS_4K, READS_64K = 100_000, 20_000


class Bench:
    def __init__(self, data, programs, libraries, pairs):
        self.data, self.programs, self.pairs = data, Path(programs), pairs
        self.shim = Path(libraries) / "libdatamon-preload.so"
        self.monitor = Path(libraries) / "libdatamon.so.0"
        self.core = sorted(os.sched_getaffinity(0))[:1]

    def run(self, command, environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MON") and k != "LD_PRELOAD"}
        result = subprocess.run([str(word) for word in command], env=clean | environment, check=True, text=True,
                                capture_output=True, preexec_fn=lambda: os.sched_setaffinity(0, self.core))
        return json.loads(result.stdout)

    def recorded(self, command):
        # The sampler of the machine is not the library's cost, and measured elsewhere.
        with tempfile.TemporaryDirectory() as folder:
            found = self.run(command, {"MON": "1", "MON_DIR": f"{folder}/recording", "MON_SAMPLER": "0",
                                       "MON_LIBRARY": str(self.monitor), "LD_PRELOAD": str(self.shim)})
            if not list(Path(folder).glob("recording/*.mon")):
                sys.exit("bench_preload.py: MON=1 left no recording")
            return found

    def pairs_of(self, command, on, pairs=None):
        return interleaved(pairs or self.pairs, lambda: on(command), lambda: self.run(command, {}))

    def slowdown(self, figure, pairs):
        percents = [100 * (on["cpu_s"] / off["cpu_s"] - 1) for on, off in pairs]
        low, high = interval(percents)
        return {figure: statistics.median(percents), f"{figure}_low": low, f"{figure}_high": high}

    def call_cost(self, figure, pairs):
        fastest = [min(1e9 * run["cpu_s"] / run["reads"] for run in side) for side in zip(*pairs)]
        return {figure: fastest[0] - fastest[1]}

    def figures(self):
        decode = [self.programs / "datamon-full-decode", self.data, PASSES]
        with tempfile.NamedTemporaryFile(suffix=".bin") as file:
            file.write(os.urandom(1 << 22))
            file.flush()
            small = [self.programs / "datamon-read-loop", file.name, 4096, READS_4K]
            large = [self.programs / "datamon-read-loop", file.name, 65536, READS_64K]
            off = lambda command: self.run(command, {"LD_PRELOAD": str(self.shim)})
            return (self.slowdown("preload_decode_slowdown_percent", self.pairs_of(decode, self.recorded, 3 * self.pairs))
                    | self.slowdown("preload_read_64k_slowdown_percent", self.pairs_of(large, self.recorded, 2 * self.pairs))
                    | self.call_cost("preload_read_cost_ns", self.pairs_of(small, self.recorded, 2 * self.pairs))
                    | self.call_cost("preload_off_read_cost_ns", self.pairs_of(small, off, 2 * self.pairs)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("DATAMON_DATA", ROOT / "data/imagenet-like"))
    parser.add_argument("--bin", default=os.environ.get("DATAMON_BIN", ROOT / "build/bin"))
    parser.add_argument("--lib", default=os.environ.get("DATAMON_LIB", ROOT / "build/lib"))
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    if not Path(arguments.data).exists():
        parser.error(f"there is no {arguments.data}; `make data` makes it")
    print(json.dumps(Bench(arguments.data, arguments.bin, arguments.lib, arguments.pairs).figures(), indent=2))


if __name__ == "__main__":
    main()
