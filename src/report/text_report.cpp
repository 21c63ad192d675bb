// The report for people: one screen that a tired engineer understands.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_evidence.h"
#include "report/diagnosis_thresholds.h"
#include "report/diagnosis_verdict.h"
#include "report/reporter.h"
#include "report/text_job.h"
#include "report/text_layout.h"
#include "report/text_sections.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// A step of which less than a hundredth is work: how much less says nothing about
// the job, and a factor from it would be mistaken for a promise.
constexpr double kLargestFactor = 100;

// A bound this much lower than the speed without wait is another answer.
constexpr double kClearlyLower = 0.95;

Paint verdict_paint(Label label) {
  if (is_input_bound(label) || label == Label::kTransferBound) return Paint::kRed;
  return label == Label::kComputeBound ? Paint::kGreen : Paint::kYellow;
}

std::string verdict_title(const Verdict& verdict) {
  std::string title = to_string(verdict.label);
  if (is_input_bound(verdict.label)) title = "INPUT-BOUND: " + title;
  if (verdict.label == Label::kComputeBound) title = "COMPUTE-BOUND";
  if (verdict.label == Label::kTransferBound) title = "TRANSFER-BOUND";
  if (verdict.label == Label::kBalanced) title = "BALANCED";
  if (verdict.label == Label::kInsufficientData) title = "NO VERDICT: insufficient-data";
  for (const Qualifier qualifier : verdict.qualifiers)
    title += std::string(" · ") + to_string(qualifier);
  return title;
}

// Where the hand-off is to blame: what the consumer could take, over what it does, if
// batches were always ready but had to be received as they are now. 0: no less than
// without any wait, or not known.
double speedup_while_receiving(const Profile& profile, const Verdict& verdict,
                               const ForecastSection* forecasts) {
  if (forecasts == nullptr || !forecasts->why_not.empty()) return 0;
  if (verdict.label != Label::kHandoffBound || profile.workers.empty()) return 0;
  const double factor = forecasts->bounds.consumer / forecasts->measured_items_per_s;
  const bool lower = std::isfinite(factor) && factor < kClearlyLower * verdict.speedup_without_wait;
  return lower ? std::max(1.0, factor) : 0;
}

// Epoch boundaries take so much that what is said of the steady state is not of the run.
bool has_epoch_starts(const Profile& profile, const Verdict& verdict) {
  return is_among(verdict.qualifiers, Qualifier::kStartUp) &&
         epoch_boundaries(profile.phases).count > 0;
}

// "154 → 410 steps/s (4934 → 13133 items/s)"
std::string faster_text(const Profile& profile, double factor) {
  const double steps = finite_or(profile.steps_per_s, 0), items = profile.items_per_s;
  return fmt::format(
      "{} → {} steps/s{}", rate_text(steps), rate_text(steps * factor),
      items > 0 ? fmt::format(" ({} → {} items/s)", rate_text(items), rate_text(items * factor))
                : "");
}

// Who makes the batches. Threads that were never called workers are counted as what they
// are: some may be of a shell or a tool that the job ran.
std::string makers_text(const Profile& profile) {
  if (profile.import) return profile.import->workers;
  const std::size_t makers = profile.workers.size();
  if (makers == 0) return profile.consumer.present ? "no workers" : "";
  const char* ending = plural(static_cast<double>(makers));
  return profile.workers.front().has_role
             ? fmt::format("{} worker{}", makers, ending)
             : fmt::format("{} thread{} without a role", makers, ending);
}

class TextReporter : public Reporter {
 public:
  explicit TextReporter(TextStyle style) : style_(style) {
    style_.width = std::clamp(style.width, 76, 140);
  }

  std::string render(const Profile& profile, const Diagnosis& diagnosis,
                     const ForecastSection* forecasts) const override {
    const Sections sections(profile, diagnosis, style_);
    std::string out = header(profile) + "\n" + verdict(profile, diagnosis, forecasts) + "\n";
    for (const std::string& part :
         {sections.stages(), sections.probe(forecasts), sections.workers_and_machine(),
          sections.slow_items(), sections.import_notes(), sections.remedies(forecasts),
          sections.placement(forecasts), sections.problems(), sections.loaders()})
      if (!part.empty()) out += part + "\n";
    out += sections.next();
    return style_.utf8 ? out : to_ascii(out);
  }

 private:
  std::size_t width() const { return static_cast<std::size_t>(style_.width); }

  std::string header(const Profile& profile) const {
    const JobFacts& job = profile.job;
    std::string facts;
    if (const std::string makers = makers_text(profile); !makers.empty()) facts += " · " + makers;
    if (std::isfinite(profile.machine.cores_allowed) && profile.machine.cores_allowed > 0)
      facts += fmt::format(" · {} core{}", cores_text(profile.machine.cores_allowed),
                           plural(profile.machine.cores_allowed));
    if (job.ranks > 1) facts += fmt::format(" · {} ranks", job.ranks);
    if (profile.consumer.present)
      facts += fmt::format(" · {} step{}, {} steady", profile.consumer.steps,
                           plural(static_cast<double>(profile.consumer.steps)),
                           profile.consumer.steady_steps);
    if (!profile.import || job.duration_s > 0)
      facts += fmt::format(" · {}", time_text(job.duration_s));
    if (job.still_running) facts += " · still running";
    const std::size_t used = std::min(display_width(facts), width() - 12);
    return painted(cut(job_in_short(job), width() - used), Paint::kBold, style_.color) +
           painted(cut(facts, width()), Paint::kDim, style_.color) + "\n";
  }

  std::string verdict(const Profile& profile, const Diagnosis& diagnosis,
                      const ForecastSection* forecasts) const {
    const Verdict& verdict = diagnosis.verdict;
    const std::string because =
        verdict.doubts.empty() ? "" : fmt::format(", because {}", fmt::join(verdict.doubts, "; "));
    const std::string right =
        fmt::format("confidence: {}{}", to_string(verdict.confidence), because);
    std::string title = verdict_title(verdict);
    const Paint paint = verdict_paint(verdict.label);
    std::string out;
    if (verdict.label == Label::kInsufficientData) {
      out = "  " + painted(cut(title, width() - 2), paint, style_.color) + "\n";
    } else if (because.empty() && display_width(title) + right.size() + 4 <= width()) {
      out = "  " + painted(pad_right(title, width() - 2 - right.size()), paint, style_.color) +
            right + "\n";
    } else {
      out = painted(wrap(title, width(), "  ", "    "), paint, style_.color) +
            wrap(right, width(), "  ", "    ");
    }
    const double receiving = speedup_while_receiving(profile, verdict, forecasts);
    out += wrap(plain_words(profile, verdict, receiving), width(), "  ", "  ");
    // The first reason repeats the sentence above in other words, where that is about the wait.
    const bool about_wait =
        verdict.label != Label::kInsufficientData && verdict.label != Label::kTransferBound;
    const std::size_t from = about_wait ? 1 : 0;
    for (std::size_t i = std::min(from, verdict.why.size()); i < verdict.why.size(); ++i)
      out += wrap(verdict.why[i], width(), "  · ", "    ");
    return out;
  }

  // The answer in a sentence or two; `receiving`: speedup_while_receiving().
  static std::string plain_words(const Profile& profile, const Verdict& verdict, double receiving) {
    const Interval& wait = verdict.input_wait_share;
    const std::string share = fmt::format("{} of its time ({} to {})", percent_text(wait.value),
                                          percent_text(wait.low), percent_text(wait.high));
    const bool starts = has_epoch_starts(profile, verdict);
    const std::string loop = verdict.rank ? fmt::format("loop of rank {}", *verdict.rank) : "loop";
    const std::string waits =
        fmt::format("{} {} waits for data", starts ? "Within an epoch the" : "The", loop);
    const double steps = finite_or(profile.steps_per_s, 0);
    const std::string items =
        profile.items_per_s > 0 ? fmt::format(" ({} items/s)", rate_text(profile.items_per_s)) : "";
    const bool judged = wait.high > 0 && profile.consumer.steady_steps >= thresholds::kMinimumSteps;
    if (verdict.label == Label::kInsufficientData && judged)
      return fmt::format("{} {}, but it cannot be said for which stage.", waits, share);
    if (verdict.label == Label::kInsufficientData)
      return profile.consumer.present
                 ? fmt::format(
                       "{} step{} recorded, {} of them steady: too few to judge.",
                       profile.consumer.steps,
                       plural(static_cast<double>(profile.consumer.steps), " was", "s were"),
                       profile.consumer.steady_steps)
                 : "Nobody can say whether this job waits for data.";
    const double factor = verdict.speedup_without_wait;
    if (receiving > 0)
      return fmt::format(
          "{} {}. With batches always ready, but received as now, it would run at most {} as fast: "
          "{}; without any of that wait {}.",
          waits, share, factor_text(receiving), faster_text(profile, receiving),
          factor > kLargestFactor ? fmt::format("more than {:.0f}x", kLargestFactor)
                                  : factor_text(factor));
    if (factor > kLargestFactor)
      return fmt::format(
          "{} {}. Without that wait it would run more than {:.0f}x as fast: it does next to "
          "nothing but wait, and the loader alone sets its {} steps/s{}.",
          waits, share, kLargestFactor, rate_text(steps), items);
    if (is_input_bound(verdict.label) || verdict.label == Label::kBalanced)
      return fmt::format("{} {}. Without that wait it would run at most {} as fast: {}.", waits,
                         share, factor_text(factor), faster_text(profile, factor));
    if (verdict.label == Label::kTransferBound)
      return fmt::format("{} {}, at {} steps/s{}: copies to the device take longer.", waits, share,
                         rate_text(steps), items);
    return fmt::format("{} only {}, at {} steps/s{}: {}the loader is not what limits it.", waits,
                       share, rate_text(steps), items, starts ? "there " : "");
  }

  TextStyle style_;
};

}  // namespace

std::unique_ptr<Reporter> text_reporter(const TextStyle& style) {
  return std::make_unique<TextReporter>(style);
}

}  // namespace datamon::report
