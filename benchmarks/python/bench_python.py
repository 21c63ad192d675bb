#!/usr/bin/env python3
"""What recording costs a Python job; prints one flat JSON object.

    bench_python.py [--python PATH] [--pairs N]

- python_span_pair_ns, python_span_with_ns: a begin/end pair, a `with datamon.span(...)` block
- python_startup_hook_ms: start of an interpreter with the hook installed and MON unset, less one
  without; python_startup_recorded_ms: with MON=1, less one with MON unset (a job of no imports)
- python_steps_1400us_slowdown_percent: steps of 1.4 ms over a trivial dataset, with MON=1
- python_recipe_slowdown_percent: ImageFolder and Pillow, 2 workers, time an image, with MON=1
- ..._low, ..._high: 95 % intervals (bootstrap over pairs)

Pairs of runs follow each other and change places; a figure is the median of the ratios in a pair.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from pairs import interleaved, interval  # noqa: E402

JOBS = Path(__file__).with_name("jobs.py")


class Bench:
    def __init__(self, python, pairs, data):
        self.python, self.pairs, self.data = str(python), pairs, str(data)
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MON", "PYTHON"))}
        self.plain = clean
        package = ROOT / "build/python"
        self.hooked = clean | {"PYTHONPATH": str(package / "datamon/hook")}

    def recorded(self, folder):
        return self.hooked | {"MON": "1", "MON_DIR": f"{folder}/recording"}

    def job(self, environment, *arguments):
        command = [self.python, JOBS, *map(str, arguments)]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return json.loads(result.stdout.splitlines()[-1])

    def recorded_job(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            return self.job(self.recorded(folder), *arguments)

    def slowdown(self, name, figure, *arguments):
        """Percent that a job's figure is larger with MON=1."""
        results = interleaved(
            self.pairs,
            lambda: self.recorded_job(*arguments)[figure],
            lambda: self.job(self.plain, *arguments)[figure],
        )
        ratios = [with_it / without for with_it, without in results]
        low, high = interval(ratios)
        return {
            f"{name}_slowdown_percent": (statistics.median(ratios) - 1) * 100,
            f"{name}_slowdown_low_percent": (low - 1) * 100,
            f"{name}_slowdown_high_percent": (high - 1) * 100,
        }

    def spans(self):
        costs = self.recorded_job("span")
        return {f"python_span_{name}": value for name, value in costs.items()}

    def start_ups(self, pairs=100):
        """Two fresh environments, one of them with the package as a wheel installs it."""
        with tempfile.TemporaryDirectory() as folder:
            without, having = f"{folder}/without", f"{folder}/having"
            for environment in (without, having):
                subprocess.run([self.python, "-m", "venv", "--without-pip", environment], check=True)
            (site,) = Path(having).glob("lib/python*/site-packages")
            subprocess.run(
                ["cmake", "--install", ROOT / "build", "--component", "python", "--prefix", site],
                check=True, stdout=subprocess.DEVNULL,
            )

            def start_s(environment, **variables):
                begun = time.perf_counter()
                subprocess.run([f"{environment}/bin/python", "-c", "pass"], env=self.plain | variables, check=True)
                return time.perf_counter() - begun

            def recorded_s():
                with tempfile.TemporaryDirectory() as recording:
                    return start_s(having, MON="1", MON_DIR=f"{recording}/recording")

            hook = interleaved(pairs, lambda: start_s(having), lambda: start_s(without))
            record = interleaved(pairs, recorded_s, lambda: start_s(having))
        return {
            "python_startup_hook_ms": statistics.median(a - b for a, b in hook) * 1e3,
            "python_startup_recorded_ms": statistics.median(a - b for a, b in record) * 1e3,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=ROOT / ".venv-torch/bin/python", type=Path)
    parser.add_argument("--pairs", default=12, type=int)
    parser.add_argument("--data", default=ROOT / "data/imagenet-like", type=Path)
    options = parser.parse_args()
    if not options.python.exists():
        sys.exit(f"bench_python: no {options.python}; make test prepares it, or name a Python with torch by --python")
    bench = Bench(options.python, options.pairs, options.data)
    figures = bench.spans() | bench.start_ups()
    figures |= bench.slowdown("python_steps_1400us", "step_s", "steps", "1.4")
    figures |= bench.slowdown("python_recipe", "image_s", "recipe", bench.data)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
