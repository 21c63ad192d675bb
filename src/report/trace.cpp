#include "report/trace.h"

#include <fmt/format.h>

#include "report/text_units.h"
#include "report/trace_counters.h"
#include "report/trace_default.h"
#include "report/trace_events.h"
#include "report/trace_identity.h"
#include "report/trace_json.h"
#include "report/trace_selection.h"
#include "report/trace_timeline.h"
#include "report/trace_weaver.h"

namespace datamon::report {
namespace {

// Viewers that know no sort index keep the order of the file.
void write_names(const Recording& recording, const TraceTimeline& timeline,
                 const TraceIdentity& identity, TraceEvents& events) {
  std::size_t place = 0;
  for (const TraceGroup& group : identity.groups) events.process(group.pid, group.name, place++);
  for (std::size_t i = 0; i < identity.threads.size(); ++i) {
    const TraceThread& thread = identity.threads[i];
    events.thread(identity.groups[thread.group].pid, thread.tid, thread.name, i);
  }
  std::vector<bool> sampled(timeline.hosts, false), metered(timeline.hosts, false);
  for (std::size_t i = 0; i < recording.processes().size(); ++i) {
    const Samples& samples = recording.processes()[i].samples;
    if (!samples.rows.empty()) sampled[timeline.processes[i].host] = true;
    if (!samples.processes.empty()) metered[timeline.processes[i].host] = true;
  }
  for (std::size_t host = 0; host < timeline.hosts; ++host) {
    const TraceGroup& machine = identity.machines[host];
    const TraceGroup& meters = identity.process_meters[host];
    if (sampled[host]) events.process(machine.pid, machine.name, place++);
    if (metered[host]) events.process(meters.pid, meters.name, place++);
  }
}

void describe_damage(const WeaverCounts& counts, TraceSummary& summary) {
  if (counts.damaged > 0)
    summary.statements.push_back(
        fmt::format("{} span{} left out: impossible times (a damaged recording)", counts.damaged,
                    plural(static_cast<double>(counts.damaged), " is", "s are")));
  if (counts.squeezed > 0)
    summary.statements.push_back(fmt::format(
        "{} span{} left out: shorter than a nanosecond, without room between the neighbours",
        counts.squeezed, plural(static_cast<double>(counts.squeezed), " is", "s are")));
}

void write_facts(const Recording& recording, const TraceTimeline& timeline,
                 const TraceSummary& summary, JsonBuffer& out) {
  std::string_view command;
  std::string_view host;
  if (!recording.processes().empty()) {
    command = job_command(recording.processes().front());
    host = recording.processes().front().host;
  }
  std::string shown;
  for (const std::string& statement : summary.statements)
    shown += (shown.empty() ? "" : ",") + json_string(statement);
  out.text(fmt::format(
      "\"otherData\":{{\"tool\":\"datamon\",\"command\":{},\"host\":{},\"hosts\":{},"
      "\"start_realtime_ns\":\"{}\",\"slices\":{},\"arrows\":{},\"counters\":{},"
      "\"slices_left_out\":{},\"left_out\":[{}]}}}}\n",
      json_string(command), json_string(host), timeline.hosts, timeline.start_realtime_ns,
      summary.slices, summary.arrows, summary.counters, summary.left_out, shown));
}

}  // namespace

TraceSummary write_trace(const Recording& recording, const TraceOptions& options, TraceSink& sink) {
  const TraceTimeline timeline = build_timeline(recording);
  const TraceIdentity identity = identify(recording, timeline);
  const TraceSelection selection = select_spans(recording, timeline, identity, options);

  JsonBuffer out(sink);
  TraceEvents events(out);
  out.text("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
  write_names(recording, timeline, identity, events);
  write_counters(recording, timeline, identity, selection.counters, events);
  TraceWeaver weaver(recording, timeline, identity, selection, events);
  const WeaverCounts counts = weaver.weave();
  out.text("\n],\n");

  TraceSummary summary;
  summary.slices = events.slices();
  summary.arrows = events.arrows();
  summary.counters = events.counters();
  summary.left_out = counts.selected.left_out;
  summary.squeezed = counts.squeezed;
  summary.damaged = counts.damaged;
  summary.statements = selection.statements;
  for (std::string& words : default_statements(selection, counts.selected))
    summary.statements.push_back(std::move(words));
  for (std::string& gap : gap_statements(timeline, identity))
    summary.statements.push_back(std::move(gap));
  describe_damage(counts, summary);
  write_facts(recording, timeline, summary, out);
  out.flush();
  summary.bytes = out.bytes_written();
  sink.commit();
  return summary;
}

}  // namespace datamon::report
