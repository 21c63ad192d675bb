"""Comparing two things on a machine whose speed drifts: pairs of runs that follow
each other, and the median of the ratios inside a pair with its interval."""

import math
import random
import statistics
import time


def interleaved(pairs, first, second, until=math.inf):
    """[(result of first, result of second)], who goes first changing from pair to pair. None begins
    that would not be done `until` (time.monotonic()), if it took as long as the longest before."""
    results, longest_s, begun = [], 0, time.monotonic()
    for pair in range(pairs):
        longest_s, begun = max(longest_s, time.monotonic() - begun), time.monotonic()
        if results and begun + longest_s > until:
            break
        if pair % 2:
            later = second()
            results.append((first(), later))
        else:
            earlier = first()
            results.append((earlier, second()))
    return results


def interval(ratios, share=0.95, rounds=5000):
    """Bootstrap interval of the median."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(rounds))
    cut = int(rounds * (1 - share) / 2)
    return medians[cut], medians[-cut - 1]
