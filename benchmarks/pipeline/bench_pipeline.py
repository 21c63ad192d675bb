#!/usr/bin/env python3
"""Measures the whole pipeline and prints its figures as one flat JSON object.

    bench_pipeline.py [--data FOLDER] [--bin FOLDER] [--pairs N]

- pipeline_recipe_over_full_decode: CPU time of the program's whole recipe, without workers on one
  core, over that of libjpeg-turbo's plain full decode of the same files
- pipeline_two_workers_speedup: images/s with two workers over images/s with one, on two cores
- pipeline_two_workers_over_two_programs: images/s with two workers over the sum of two programs that
  load without workers at the same time, a core each: what of the machine's own limit is reached
- pipeline_recorded_slowdown_percent: how much longer an image takes with MON=1, wall time, two
  workers; ..._low and ..._high bound it (95 %, bootstrap over pairs); ..._cpu_percent is the same
  in CPU time

The two runs of a pair follow each other and change places from pair to pair; a figure is the median
over pairs of the ratio inside a pair, so that a machine that gets slower meanwhile does not matter.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from pairs import interleaved, interval  # noqa: E402

EPOCHS = 4


def run(command, cores, environment=None):
    """The JSON that a program prints, run on some of our cores without any MON variables."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MON")}
    result = subprocess.run(command, env=clean | (environment or {}), capture_output=True, text=True, check=True,
                            preexec_fn=lambda: os.sched_setaffinity(0, cores))
    return json.loads(result.stdout)


class Bench:
    def __init__(self, data, programs, pairs):
        self.data, self.programs, self.pairs = str(data), Path(programs), pairs
        self.cores = sorted(os.sched_getaffinity(0))[:2]

    def pipeline(self, cores, *options, epochs=EPOCHS, environment=None):
        command = [self.programs / "datamon-pipeline", self.data, "--json", "--epochs", str(epochs), *options]
        return run(command, cores, environment)

    def full_decode(self, cores):
        return run([self.programs / "datamon-full-decode", self.data, str(EPOCHS)], cores)

    def recipe(self):
        one = self.cores[:1]
        pairs = interleaved(self.pairs, lambda: self.pipeline(one), lambda: self.full_decode(one))
        cpu = [(p["cpu_s"] / p["items"]) / (d["cpu_s"] / d["images"]) for p, d in pairs]
        return {"pipeline_recipe_over_full_decode": statistics.median(cpu),
                "pipeline_one_core_images_per_s": statistics.median(p["items"] / p["cpu_s"] for p, _ in pairs),
                "pipeline_full_decode_images_per_s": statistics.median(d["images"] / d["cpu_s"] for _, d in pairs)}

    def two_programs(self):
        """Images/s of both."""
        with ThreadPoolExecutor() as at_once:
            return sum(done["items_per_s"] for done in at_once.map(lambda core: self.pipeline([core]), self.cores))

    def scaling(self):
        if len(self.cores) < 2:
            return {}
        with_workers = lambda n: lambda: self.pipeline(self.cores, "--workers", str(n))
        pairs = interleaved(self.pairs, with_workers(2), with_workers(1))
        of_programs = interleaved(self.pairs, with_workers(2), self.two_programs)
        processes = [self.pipeline(self.cores, "--workers", "2", "--worker-kind", "process")["items_per_s"]
                     for _ in range(self.pairs)]
        return {"pipeline_two_workers_speedup": statistics.median(a["items_per_s"] / b["items_per_s"] for a, b in pairs),
                "pipeline_two_workers_over_two_programs":
                    statistics.median(a["items_per_s"] / b for a, b in of_programs),
                "pipeline_two_workers_images_per_s": statistics.median(a["items_per_s"] for a, _ in pairs),
                "pipeline_two_processes_images_per_s": statistics.median(processes)}

    def recorded(self):
        options = ("--workers", str(len(self.cores)))

        def with_monitor():
            with tempfile.TemporaryDirectory() as folder:
                environment = {"MON": "1", "MON_DIR": f"{folder}/recording"}
                result = self.pipeline(self.cores, *options, environment=environment)
                if not list(Path(folder).glob("recording/*.mon")):
                    sys.exit("bench_pipeline.py: MON=1 left no recording")
                return result

        pairs = interleaved(3 * self.pairs, with_monitor, lambda: self.pipeline(self.cores, *options))
        wall = [on["run_s"] / off["run_s"] for on, off in pairs]
        cpu = [on["cpu_s"] / off["cpu_s"] for on, off in pairs]
        percent = lambda ratio: 100 * (ratio - 1)
        low, high = interval(wall)
        cpu_low, cpu_high = interval(cpu)
        return {"pipeline_recorded_slowdown_percent": percent(statistics.median(wall)),
                "pipeline_recorded_slowdown_percent_low": percent(low),
                "pipeline_recorded_slowdown_percent_high": percent(high),
                "pipeline_recorded_cpu_percent": percent(statistics.median(cpu)),
                "pipeline_recorded_cpu_percent_low": percent(cpu_low),
                "pipeline_recorded_cpu_percent_high": percent(cpu_high)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("DATAMON_DATA", ROOT / "data/imagenet-like"))
    parser.add_argument("--bin", default=os.environ.get("DATAMON_BIN", ROOT / "build/bin"))
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    if not Path(arguments.data).exists():
        parser.error(f"there is no {arguments.data}; `make data` makes it")
    bench = Bench(arguments.data, arguments.bin, arguments.pairs)
    print(json.dumps(bench.recipe() | bench.scaling() | bench.recorded(), indent=2))


if __name__ == "__main__":
    main()
