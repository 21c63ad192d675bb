"""From what interventions did to the rate to what the verdict must say."""

from dataclasses import dataclass

from interventions import (ALONE, AS_IS, LABEL_OF, LOADER_CLASSES, MORE_WORKERS, NO_COMPUTE,
                           NO_INPUT, NO_STRAGGLERS, slow)

# The words' definitions (docs/diagnosis.md): input-bound is a wait of a tenth of the step and
# more, so without it the job would be 1/(1 - 0.1) times as fast; balanced is a loader that a
# step a tenth shorter would have to wait for.
INPUT_GAIN = 1 / 0.9 - 1
RESERVE_GAIN = 0.10
# A qualifier's change must bring this for it to be true; less than half of it, and it is false.
QUALIFIER_GAIN = 0.10
# Stages whose doubling costs this close to the greatest are the same for every purpose.
TIE = 0.10
QUALIFIER_OF = {MORE_WORKERS: "too-few-workers", NO_STRAGGLERS: "straggler-items", ALONE: "interference"}


@dataclass
class Truth:
    label: str
    accepted: set        # labels within the noise of the truth
    cost: dict           # class -> share of time that its doubling adds
    gain: dict           # intervention -> gain of rate
    noise: float         # relative difference between two runs as they are
    must: set            # qualifiers that must be named
    must_not: set        # that must not
    runner_up_close: bool


def near(value, threshold, noise):
    return abs(value - threshold) <= max(0.02, 2 * noise)


def input_labels(cost, noise):
    """(the leading class' label, labels within the noise of it)"""
    most = max(cost.values())
    leader = max(cost, key=cost.get)
    close = {LABEL_OF[c] for c in cost if cost[c] >= most - max(TIE * most, 2 * noise)}
    return LABEL_OF[leader], close


def noise_of(rates):
    """Relative difference between runs of the same job."""
    return (max(rates) - min(rates)) / (sum(rates) / len(rates))


def truth_of(case, rates):
    """`rates`: intervention -> list of steps a second (as is: two runs, first and last)."""
    as_is = sum(rates[AS_IS]) / len(rates[AS_IS])
    noise = noise_of(rates[AS_IS])
    gain = {name: sum(r) / len(r) / as_is - 1 for name, r in rates.items() if name != AS_IS}
    cost = {c: 1 / (1 + gain[slow(c)]) - 1 for c in LOADER_CLASSES if slow(c) in gain}
    stage, close = input_labels(cost, noise)
    input_gain, reserve = gain[NO_INPUT], gain[NO_COMPUTE]
    if input_gain >= INPUT_GAIN:
        label, accepted = stage, set(close)
    elif reserve < RESERVE_GAIN:
        label, accepted = "balanced", {"balanced"}
    else:
        label, accepted = "compute-bound", {"compute-bound"}
    if near(input_gain, INPUT_GAIN, noise):
        accepted |= close | ({"balanced", "compute-bound"} if near(reserve, RESERVE_GAIN, noise)
                             else {"balanced" if reserve < RESERVE_GAIN else "compute-bound"})
        accepted.add("balanced")  # the interval of the wait holds the threshold
    elif input_gain < INPUT_GAIN and near(reserve, RESERVE_GAIN, noise):
        accepted |= {"balanced", "compute-bound"}
    must, must_not = set(case.built_in), set()
    for change, qualifier in QUALIFIER_OF.items():
        if change not in gain or label in ("compute-bound", "balanced"):
            continue
        if gain[change] >= QUALIFIER_GAIN + noise:
            must.add(qualifier)
        elif gain[change] < QUALIFIER_GAIN / 2:
            must_not.add(qualifier)
    others = sorted(cost.values())
    return Truth(label, accepted, cost, gain, noise, must, must_not,
                 runner_up_close=len(others) > 1 and others[-2] >= 0.8 * others[-1])
