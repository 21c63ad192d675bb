// Remedies where handing batches over leads: what about a batch makes that dear.
#include <fmt/format.h>

#include <algorithm>

#include "report/diagnosis_advice.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

// Bytes that were packed into a message for each batch; 0 if not known. Tensors in
// shared memory are not in it.
double packed_bytes(const Profile& profile) {
  double most = 0;
  for (const StageProfile& stage : profile.stages)
    if (stage.stage_class == StageClass::kHandoff && !stage.residence && stage.count > 0)
      most = std::max(most, static_cast<double>(stage.bytes) / static_cast<double>(stage.count));
  return most;
}

void help_many_parts(const Case& c, const std::string& size, Advice& out) {
  const DataFacts& data = c.profile.data;
  const int parts = data.tensors + data.objects;
  if (parts > 0 && parts < th::kManyTensors) return;  // it has few
  const double packed = packed_bytes(c.profile);
  const bool objects = data.objects > data.tensors;
  out.remedies.push_back(at_best(
      {objects
           ? "send arrays instead of Python objects (numbers, strings, lists), made in the worker"
           : "send few large tensors rather than many small ones or Python objects (stack them "
             "in the worker)",
       parts > 0
           ? fmt::format("a batch has {} tensors and {} other objects ({}); each is packed, sent "
                         "and unpacked by itself",
                         data.tensors, data.objects, bytes_text(std::max(data.batch_bytes, packed)))
           : fmt::format("if batches hold many objects, each is packed, sent and unpacked by "
                         "itself{}",
                         size)},
      without(StageClass::kHandoff)));
}

// A message that holds the data itself, which is then copied into and out of a pipe.
void help_packed(const Case& c, Advice& out) {
  const double packed = packed_bytes(c.profile);
  if (packed < th::kPackedBytes || c.profile.job.worker_kind != "process") return;
  out.remedies.push_back(at_best(
      {"return torch tensors, which go through shared memory, not NumPy arrays, lists or bytes",
       fmt::format("{} of each batch are pickled and copied through a pipe", bytes_text(packed))},
      without(StageClass::kHandoff)));
}

void help_dtype(const Case& c, Advice& out) {
  const std::string& dtype = c.profile.data.dtype;
  if (dtype == "float64" || dtype == "int64") {
    const bool real = dtype == "float64";
    out.remedies.push_back(
        at_best({fmt::format("send {} instead of {}",
                             real ? "float32 (or uint8)" : "int32 (or uint8)", dtype),
                 fmt::format("half of the bytes (or an eighth); a batch has {}",
                             bytes_text(c.profile.data.batch_bytes))},
                faster("handoff", 2)));
    return;
  }
  if (dtype == "uint8") return;  // less there is not
  // Few bytes are not what takes the time.
  if (c.profile.data.tensors > 0 && c.profile.data.batch_bytes < th::kSmallReadBytes) return;
  out.remedies.push_back(
      at_best({"send uint8 and convert on the device",
               dtype.empty() ? "if it is float32 now: a quarter of its bytes"
                             : fmt::format("it is {} now, {} a batch: uint8 has {} of the bytes",
                                           printable(dtype), bytes_text(c.profile.data.batch_bytes),
                                           dtype == "float32" ? "a quarter" : "fewer")},
              without(StageClass::kHandoff)));
}

}  // namespace

void help_sharing(const Case& c, Advice& out) {
  const DataFacts& data = c.profile.data;
  const bool many = data.tensors >= th::kManyTensors && c.ruling.leader == Cost::kHandoff;
  if (data.sharing != "file_descriptor" || (!many && !waits_for_senders(c.evidence.step))) return;
  out.remedies.push_back(at_best(
      {"share tensors by name instead of file descriptors "
       "(torch.multiprocessing.set_sharing_strategy(\"file_system\"))",
       many ? fmt::format("each of a batch's {} tensors is asked of the worker in a message of its "
                          "own, and answered by a thread that waits for the worker's interpreter",
                          data.tensors)
            : "a thread of the worker serves the descriptors, and waits for the interpreter while "
              "the next batch is made"},
      without(StageClass::kHandoff)));
}

void help_handoff(const Case& c, Advice& out) {
  const double each = std::max(bytes_each(c.profile, StageClass::kHandoff),
                               bytes_each(c.profile, StageClass::kCollate));
  const std::string size = each > 0 ? fmt::format("; a batch has {}", bytes_text(each)) : "";
  if (c.ruling.ground == Ground::kPinThread) {
    out.remedies.push_back(
        at_best({"pin less: smaller batches in bytes (uint8), or pinned memory that is "
                 "allocated once",
                 fmt::format("the pin-memory thread is busy {} of the time",
                             percent_text(c.evidence.makers.pin_busy_share))},
                without(StageClass::kHandoff)));
    return;
  }
  if (c.ruling.ground == Ground::kFeeder)
    out.remedies.push_back(
        {fmt::format(
             "use more workers, if cores are idle: each has a feeder thread of its own{}",
             c.evidence.machine.cores_idle
                 ? fmt::format(" ({} cores are idle)", cores_text(*c.evidence.machine.cores_idle))
                 : ""),
         "the feeders are the limit, not the making of batches"});
  help_many_parts(c, size, out);
  help_packed(c, out);
  help_dtype(c, out);
  if (c.ruling.ground == Ground::kHandoverOnWait && c.profile.job.pin_memory != 1)
    out.remedies.push_back({"receive in a helper thread (PyTorch: pin_memory=True)",
                            "the consumer then finds batches unpacked"});
}

}  // namespace datamon::report
