// Hand-overs that wait for their sender. Internal to the diagnosis.
//
// A batch counts as handed over when its worker has sent it, but what the
// consumer then receives may only name the memory: PyTorch's workers serve the
// file descriptors behind a batch from a thread that shares the interpreter with
// the next batch's making. A receiver that sleeps while its sender is at work on
// another batch waits for that work, not for the hand-over: if hand-overs are longer
// by the time that their senders work in them.
#pragma once

#include "report/diagnosis_evidence.h"

namespace datamon::report {

// Sets step.handover_late_s.
void add_late_handover(const Profile& profile, Evidence& evidence);

}  // namespace datamon::report
