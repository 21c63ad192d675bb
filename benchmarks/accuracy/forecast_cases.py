"""What is changed about the reference pipeline, and how the forecast is asked for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    common: str  # options of both runs
    before: str
    after: str
    forecast: str  # options of datamon forecast; {rates}: a file of this machine's rates

    def options(self, which):
        return f"{self.common} {getattr(self, which)}".split()


# While anything is slowed the pipeline also reads CPU clocks: that cost must not
# be part of a change, so a knob that slows nothing stays.
NO_KNOB = "--slow send=+0.001ms"
SLOW_READ = "--slow read=+5ms"

CASES = [
    Case("workers 1 to 2, computing", "--batch 8 --compute-ms 2", "--workers 1", "--workers 2", "--workers 2"),
    Case("workers 1 to 2, computing, processes", "--batch 8 --compute-ms 2 --worker-kind process",
         "--workers 1", "--workers 2", "--workers 2"),
    Case("workers 2 to 4, reading", f"--batch 8 --compute-ms 2 {SLOW_READ}",
         "--workers 2", "--workers 4", "--workers 4"),
    Case("workers 2 to 4, reading, processes", f"--batch 8 --compute-ms 2 --worker-kind process {SLOW_READ}",
         "--workers 2", "--workers 4", "--workers 4"),
    Case("workers 4 to 2, reading", f"--batch 8 --compute-ms 2 {SLOW_READ}",
         "--workers 4", "--workers 2", "--workers 2"),
    Case("workers 2 to 4, all cores busy", "--batch 8 --compute-ms 2", "--workers 2", "--workers 4", "--workers 4"),
    Case("workers 0 to 2", "--batch 8 --compute-ms 8", "--workers 0", "--workers 2", "--workers 2"),
    Case("decode x3 removed", "--batch 8 --compute-ms 2 --workers 1", "--slow decode=x3", NO_KNOB, "--faster decode=3"),
    Case("decode x3 removed, processes", "--batch 8 --compute-ms 2 --workers 2 --worker-kind process",
         "--slow decode=x3", NO_KNOB, "--faster decode=3"),
    Case("transform x5 removed", "--batch 8 --compute-ms 2 --workers 1", "--slow transform=x5", NO_KNOB,
         "--faster transform=5"),
    Case("slow reading removed", "--batch 8 --compute-ms 2 --workers 1", SLOW_READ, NO_KNOB, "--cached"),
    Case("prefetch 1 to 4, stragglers", "--batch 4 --compute-ms 10 --workers 4 --slow item=0.02:+150ms",
         "--prefetch 1", "--prefetch 4", "--prefetch 4"),
    Case("step halved", "--batch 8 --workers 2", "--compute-ms 16", "--compute-ms 8", "--consumer 0.5"),
    Case("step doubled", "--batch 8 --workers 2", "--compute-ms 8", "--compute-ms 16", "--consumer 2"),
    Case("stragglers removed", "--batch 4 --compute-ms 6 --workers 2", "--slow item=0.02:+150ms", NO_KNOB,
         "--no-stragglers"),
    Case("batch 8 to 32", "--compute-ms 0 --workers 1", "--batch 8", "--batch 32", "--batch-size 32"),
    Case("workers 2 to 4 and step halved", f"--batch 8 {SLOW_READ}", "--workers 2 --compute-ms 12",
         "--workers 4 --compute-ms 6", "--workers 4 --consumer 0.5"),
    # A slower loader, in whose place the reference pipeline comes.
    Case("placement cpu", "--batch 8 --compute-ms 2 --workers 1", "--slow decode=x3 --slow transform=x5", NO_KNOB,
         "--placement cpu --rates {rates}"),
    Case("placement cpu, slow reading", f"--batch 8 --compute-ms 2 --workers 2 {SLOW_READ}",
         "--slow decode=x3 --slow transform=x5", "", "--placement cpu --rates {rates}"),
    Case("placement cpu, slow step", "--batch 8 --compute-ms 14 --workers 1", "--slow decode=x3 --slow transform=x5", NO_KNOB,
         "--placement cpu --rates {rates}"),
]
