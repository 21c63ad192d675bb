"""What other tools' published rules would have said of the same recording.

They are given datamon's measurements, which most of them do not have: what is compared is
the rule. Sources: TensorFlow profiler's input-pipeline analyser (an input share of 5 % is
"moderately", of 20 % "highly input-bound"), torch_tb_profiler (more than 5 % in the DataLoader),
TraceML 0.5 (input share from 10 %; compute-bound from 90 %), MegEngine's data monitor (the stage
with the largest share of time).
"""

# The rules that answer "input or compute" say no stage.
INPUT, COMPUTE, NO_ANSWER = "input", "compute", "none"
_STAGE_LABEL = {"read": "io-bound", "decode": "decode-bound", "transform": "transform-bound",
                "collate": "collate-bound", "handoff": "handoff-bound", "compute": "compute-bound"}


def largest_share(report):
    """The largest of all recorded stages' times, the consumer's among them."""
    total = {}
    for stage in report["stages"]:
        name = stage["class"]
        if name in _STAGE_LABEL:
            total[name] = total.get(name, 0) + (stage["self_s"] or 0)
    return _STAGE_LABEL[max(total, key=total.get)] if total else NO_ANSWER


def answers(report):
    share = report["verdict"]["input_wait_share"]["value"] or 0
    compute = sum(s["self_s"] or 0 for s in report["stages"] if s["class"] == "compute")
    steady = report["consumer"]["steady_s"] or 0
    compute_share = compute / steady if steady else 1 - share
    return {
        "TensorFlow profiler, 5 %": INPUT if share > 0.05 else COMPUTE,
        "TensorFlow profiler, 20 %": INPUT if share > 0.20 else COMPUTE,
        "torch_tb_profiler, 5 %": INPUT if share > 0.05 else COMPUTE,
        "TraceML, 10 %": INPUT if share >= 0.10 else COMPUTE if compute_share >= 0.90 else NO_ANSWER,
        "largest fraction (MegEngine)": largest_share(report),
    }


def side(label):
    """A label of ours as input or compute."""
    return COMPUTE if label == "compute-bound" else NO_ANSWER if label == "balanced" else INPUT
