// The parts of the text report below the verdict. Each returns whole lines, or
// "" when there is nothing to say.
#pragma once

#include <string>

#include "report/reporter.h"

namespace datamon::report {

class Sections {
 public:
  // All three must outlive this object.
  Sections(const Profile& profile, const Diagnosis& diagnosis, const TextStyle& style)
      : profile_(profile), diagnosis_(diagnosis), style_(style) {}

  std::string stages() const;               // where the time goes
  std::string workers_and_machine() const;  // who, on what, start-up, the monitor's cost
  // What an experiment found, beside the forecast (text_probe.cpp).
  std::string probe(const ForecastSection* forecasts) const;
  std::string slow_items() const;
  std::string import_notes() const;  // what an imported file tells beside, and cannot tell
  // What would help, what would not; and how far the forecasts may be trusted
  // (text_advice.cpp).
  std::string remedies(const ForecastSection* forecasts) const;
  std::string placement(const ForecastSection* forecasts) const;  // as the last one
  std::string problems() const;
  std::string loaders() const;  // a line each, where there are several
  std::string next() const;

 private:
  std::size_t width() const { return static_cast<std::size_t>(style_.width); }
  std::string heading(const std::string& text) const;
  std::string fact(const std::string& name, const std::string& text) const;
  // Sets `nested` where a row's own time is not all that its percentiles are of.
  std::string stage_table(bool on_consumer, bool& nested) const;
  std::string loader() const;
  std::string data() const;  // text_data.cpp
  std::string workers() const;
  std::string number_of(const WorkerProfile& worker) const;
  std::string cores() const;
  std::string not_measured() const;  // why nothing is known of them
  std::string storage() const;
  std::string files() const;
  std::string phases() const;
  std::string monitor() const;
  std::string gpus() const;    // text_import.cpp, as the next
  std::string source() const;  // of an imported file

  const Profile& profile_;
  const Diagnosis& diagnosis_;
  const TextStyle& style_;
};

}  // namespace datamon::report
