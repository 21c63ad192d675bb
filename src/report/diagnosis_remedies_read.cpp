// Remedies where reading leads: what about the reading is slow.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_advice.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

// One file, folder or mount that is far slower than the rest.
void help_slow_place(const Case& c, Advice& out) {
  const SlowPlace& slow = c.profile.files.slow_place;
  if (slow.path.empty()) return;
  const bool folder = slow.path.ends_with('/');
  out.remedies.push_back(at_best(
      {fmt::format("move or copy {} to where the rest lies, or find out what is slow about it "
                   "(another mount, a damaged disk)",
                   printable(slow.path)),
       fmt::format("{} takes {} of the reading, {} as long for a byte as the other files",
                   folder ? "what lies there" : "that one file", percent_text(slow.read_share),
                   factor_text(slow.factor))},
      // All that it takes beyond what the others would need for it.
      faster("read", 1 / (1 - slow.read_share * (1 - 1 / slow.factor)))));
}

// What is read from storage is more than there is: it is read again and again.
void help_rereads(const Case& c, Advice& out) {
  const FilesProfile& files = c.profile.files;
  if (!files.present) return;
  const double fetched = files.distinct_bytes > 0
                             ? static_cast<double>(files.storage_bytes) / files.distinct_bytes
                             : 0;
  if (fetched >= th::kFetchedAgain) {
    const double available = c.profile.machine.memory_available_bytes;
    const bool fits = std::isfinite(available) && available > files.distinct_bytes;
    out.remedies.push_back(at_best(
        {fmt::format("keep the files in memory once they were read{}",
                     fits ? ": copy them to /dev/shm, where they fit"
                          : ", or give the job more of it: the page cache does not hold them"),
         fmt::format("storage delivered {} for files of {} together: each byte {:.1f} times",
                     bytes_text(static_cast<double>(files.storage_bytes)),
                     bytes_text(files.distinct_bytes), fetched)},
        cached()));
  }
  double listed = 0;
  for (const FileProfile& file : files.slowest)
    listed += static_cast<double>(file.uses) * static_cast<double>(file.file_bytes);
  double read = 0;
  for (const FileProfile& file : files.slowest) read += static_cast<double>(file.bytes_read);
  if (listed > 0 && read >= th::kReadTwice * listed)
    out.remedies.push_back(
        at_best({"read each file once when it is opened, and pass its bytes on",
                 fmt::format("each opening reads its file {} over", factor_text(read / listed))},
                faster("read", read / listed)));
}

// How near the disk is to the best that it gave in this run.
std::string bandwidth_text(const Case& c) {
  if (c.evidence.machine.from_page_cache) return "";
  const MachineProfile& machine = c.profile.machine;
  const double now = machine.disk_read_bytes_per_s, best = machine.disk_best_bytes_per_s;
  if (!std::isfinite(now) || !std::isfinite(best) || !(now > 0) || !(best > 0)) return "";
  std::string out = fmt::format("; {} gave {}/s", printable(machine.disk), bytes_text(now));
  if (std::isfinite(machine.disk_read_latency_ms) && machine.disk_read_latency_ms > 0)
    out += fmt::format(" at {} a request", time_text(machine.disk_read_latency_ms * 1e-3));
  if (now < th::kNearBest * best)
    out += fmt::format(", and {}/s at its best in this run: latency, not bandwidth, is the limit",
                       bytes_text(best));
  return out;
}

void help_saturated(const Case& c, const std::string& item, Advice& out) {
  const MachineProfile& machine = c.profile.machine;
  if (c.evidence.machine.limit_above_disk)
    out.remedies.push_back(
        at_best({"raise the limit of the control group (io.max) or of the volume",
                 fmt::format("{} idles {} of the time while reads wait for {}/s",
                             printable(machine.disk), percent_text(1 - machine.disk_busy_share),
                             bytes_text(machine.job_storage_bytes_per_s))},
                cached()));
  out.remedies.push_back(
      at_best({"read fewer bytes: store the images at the size that is used, or in a "
               "denser format",
               fmt::format("{} is at its limit, so more readers would only queue{}{}",
                           server_of_reads(c.evidence.machine), item, bandwidth_text(c))},
              without(StageClass::kRead)));
  out.remedies.push_back(at_best(
      {c.evidence.machine.from_page_cache
           ? "copy the data to another file system, or to memory (/dev/shm) if it fits"
           : "copy the data to a faster disk, or to memory (/dev/shm) if it fits",
       std::isfinite(machine.memory_available_bytes)
           ? fmt::format("{} of memory are available", bytes_text(machine.memory_available_bytes))
           : "every epoch reads it again"},
      cached()));
}

void help_latency(const Case& c, const std::string& item, Advice& out) {
  const MachineProfile& machine = c.profile.machine;
  const double hits = machine.page_cache_hit_share;
  // More workers read more files at once; that advice is not given twice.
  if (!c.has(Qualifier::kTooFewWorkers))
    out.remedies.push_back(with(
        {fmt::format("read several files at once: {} workers{}, or a thread pool that reads ahead "
                     "in each worker",
                     std::max(2, 2 * c.workers()), c.in_each_rank()),
         fmt::format("reading is {} of a batch and sleeps rather than computes, and nothing shows "
                     "that storage is at its limit{}{}",
                     share_text(c, Cost::kRead), item, bandwidth_text(c))},
        change_to_workers(std::max(2, 2 * c.workers()))));
  if (c.evidence.machine.from_page_cache) {
    out.remedies.push_back(
        at_best({"find out what the reads wait for: a network or FUSE file system, "
                 "opening each file, a lock",
                 fmt::format("{} of the bytes come from the page cache, so the disk "
                             "is not it",
                             percent_text(hits))},
                cached()));
    return;
  }
  out.remedies.push_back(
      at_best({"keep the data in memory after the first epoch, or copy it to a local "
               "disk before the run",
               std::isfinite(hits)
                   ? fmt::format("the page cache is cold: only {} of the bytes come from it",
                                 percent_text(hits))
                   : "a read that is repeated every epoch is paid every epoch"},
              cached()));
}

}  // namespace

void help_reading(const Case& c, Advice& out) {
  const double each = bytes_each(c.profile, StageClass::kRead);
  const std::string item = each > 0 ? fmt::format(" ({} a read)", bytes_text(each)) : "";
  help_slow_place(c, out);
  help_rereads(c, out);
  if (c.has(Qualifier::kStorageSaturated))
    help_saturated(c, item, out);
  else
    help_latency(c, item, out);
  if (!(each > 0) || each >= th::kSmallReadBytes) return;
  const FilesProfile& files = c.profile.files;
  const std::string many =
      files.present && files.distinct > 1
          ? fmt::format("{} files; ", count_text(static_cast<double>(files.distinct)))
          : "";
  out.remedies.push_back(at_best({"pack the files into large shards (tar, WebDataset) and read "
                                  "them in sequence",
                                  fmt::format("{}a read brings only {}, so its latency is paid for "
                                              "each item",
                                              many, bytes_text(each))},
                                 cached()));
}

}  // namespace datamon::report
