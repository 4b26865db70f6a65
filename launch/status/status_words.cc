#include "launch/status/status_words.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "common/eval/metrics.h"
#include "common/run/format.h"
#include "launch/status/record_field.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

std::string SettingText(const RunHistory& history, const char* name) {
  const ordered_json value = history.Setting(name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<double> MostEpochs(const JobStatus& status) {
  const ordered_json epochs = status.history->Setting("epochs");
  return epochs.is_number() && epochs.get<double>() > 0 ? std::optional(epochs.get<double>()) : std::nullopt;
}

class Words {
 public:
  explicit Words(const JobStatus& status) : status_(status), history_(*status.history) {}

  std::vector<StatusWords> All() {
    Epoch();
    Loss();
    Quality();
    Speed();
    Time();
    Staleness();
    Traffic();
    Memory();
    Leases();
    Checkpoint();
    return std::move(words_);
  }

 private:
  void Say(std::string what, std::string value, std::string note = {}) {
    words_.push_back({std::move(what), std::move(value), std::move(note)});
  }

  void Epoch() {
    const auto most = MostEpochs(status_);
    std::string note;
    if (status_.live && status_.live->progress)
      note = fmt::format("{:.0f} % of {}", std::floor(status_.live->progress->fraction * 100),
                         status_.live->progress->label);
    Say("epochs done",
        most ? fmt::format("{} of {:.0f}", history_.epochs_done, *most)
             : fmt::format("{}", history_.epochs_done),
        note);
  }

  void Loss() {
    const auto& epoch = history_.epochs.newest();
    if (!epoch || !std::isfinite(epoch->loss)) return;
    Say("loss", fmt::format("{:.4f}", epoch->loss),
        std::isfinite(epoch->lr) ? fmt::format("epoch {}, lr {:.3g}", epoch->epoch, epoch->lr) : "");
  }

  void Quality() {
    const std::string metric = SettingText(history_, "metric");
    for (const auto& [split, measured] : history_.measured) {
      const auto value = NumberOf(measured.metrics, metric.c_str());
      if (!value) continue;
      std::string note = fmt::format("epoch {}", measured.epoch);
      if (split == "validation" && history_.best)
        note += fmt::format("; best {:.4f} in epoch {}", history_.best->value, history_.best->epoch);
      Say(fmt::format("{} on {}", eval::MetricTitle(metric), split), fmt::format("{:.4f}", *value), note);
    }
  }

  void Speed() {
    const auto& epoch = history_.epochs.newest();
    const std::string note =
        epoch && std::isfinite(epoch->triples_per_second)
            ? fmt::format("{} in epoch {}", FormatCount(epoch->triples_per_second), epoch->epoch)
            : "";
    if (status_.live && status_.live->triples_per_second)
      Say("triples a second", FormatCount(*status_.live->triples_per_second), note);
    else if (epoch && std::isfinite(epoch->triples_per_second))
      Say("triples a second", FormatCount(epoch->triples_per_second),
          fmt::format("in epoch {}", epoch->epoch));
    Say("triples", FormatCount(status_.Triples()));
  }

  void Time() {
    if (status_.live && status_.live->progress && status_.live->progress->seconds_left)
      Say("time left", FormatDuration(*status_.live->progress->seconds_left), "at most, without evaluations");
    if (history_.train_seconds > 0) Say("time trained", FormatDuration(history_.train_seconds));
  }

  void Staleness() {
    const bool live =
        status_.live && status_.live->survey && status_.live->survey->staleness.clocks.total() > 0;
    if (live) {
      const attune::Staleness& seen = status_.live->survey->staleness;
      Say("staleness", fmt::format("{} batches", seen.clocks.Quantile(0.99)),
          fmt::format("99 % at most; all at most {}, {} ms", seen.clocks.max(), seen.milliseconds.max()));
      return;
    }
    const auto* batches = FieldOf(history_.staleness, "batches");
    if (batches == nullptr) return;
    Say("staleness", fmt::format("{} batches", CountOf(*batches, "p99")),
        fmt::format("99 % at most; all at most {}", CountOf(*batches, "max")));
  }

  void Traffic() {
    if (status_.live && status_.live->survey && status_.live->processes.size() > 1) {
      const auto& rate = status_.live->sync_bytes_per_second;
      Say("sent between processes", FormatBytes(status_.live->survey->counters.bytes_sent),
          rate ? FormatBytes(static_cast<std::uint64_t>(*rate)) + "/s now" : "");
    } else if (FieldOf(history_.traffic, "bytes_sent") != nullptr) {
      Say("sent between processes", FormatBytes(CountOf(history_.traffic, "bytes_sent")));
    }
  }

  void Memory() {
    if (status_.live && status_.live->survey) {
      const wire::NodeCounters& counters = status_.live->survey->counters;
      Say("memory", FormatBytes(counters.private_memory + counters.shared_memory),
          "of all processes, at most");
    } else if (const std::uint64_t peak = CountOf(history_.end, "peak_memory_bytes"); peak > 0) {
      Say("memory", FormatBytes(peak), "of all processes, at most");
    }
  }

  void Leases() {
    if (!status_.live || !status_.live->survey || status_.live->survey->leases == 0) return;
    const scheduler::Survey& survey = *status_.live->survey;
    Say("leases", fmt::format("{} of {}", survey.leases_done, survey.leases),
        fmt::format("{} out", survey.leases_out));
  }

  void Checkpoint() {
    const RunHistory::Checkpoints& checkpoints = history_.checkpoints;
    if (checkpoints.written + checkpoints.failed == 0) return;
    const auto age = status_.CheckpointAge();
    Say("newest checkpoint", age ? FormatDuration(*age) + " ago" : "none",
        fmt::format("{} written, {} failed", checkpoints.written, checkpoints.failed));
  }

  const JobStatus& status_;
  const RunHistory& history_;
  std::vector<StatusWords> words_;
};

}  // namespace

std::string TitleOf(const JobStatus& status) {
  const std::string model = SettingText(*status.history, "out");
  std::string title = model.empty() ? "attune" : std::filesystem::path(model).filename().string();
  title += ": " + (status.result ? status.result->status : std::string(NameOf(status.phase)));
  const auto most = MostEpochs(status);
  if (status.result || !most) return title;
  const double epoch = std::min<double>(*most, status.history->epochs_done + 1.0);
  return title + fmt::format(", epoch {:.0f} of {:.0f}", epoch, *most);
}

std::string WhereaboutsOf(const JobStatus& status) {
  std::string text;
  const auto add = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : "; ", what, value);
  };
  const std::string began = ShortTime(status.history->first_time);
  const std::string as_of = ShortTime(status.live ? status.now : status.history->last_time);
  add("data", SettingText(*status.history, "data"));
  add("run", status.run);
  add("began", began);
  add("as of", as_of);
  return began.empty() && as_of.empty() ? text : text + " UTC";
}

std::optional<double> ShareDone(const JobStatus& status) {
  const auto most = MostEpochs(status);
  if (!most) return std::nullopt;
  double done = status.history->epochs_done;
  // Only where its epoch is not counted already.
  if (status.live && status.live->progress && status.live->progress->fraction < 1)
    done += status.live->progress->fraction;
  return std::clamp(done / *most, 0.0, 1.0);
}

std::vector<StatusWords> WordsOf(const JobStatus& status) {
  return Words(status).All();
}

std::string CheckpointText(const JobStatus& status) {
  const RunHistory::Checkpoints& checkpoints = status.history->checkpoints;
  std::string text = fmt::format("{} written, {} failed.", checkpoints.written, checkpoints.failed);
  if (checkpoints.newest_time.empty()) return text;
  return text + fmt::format(
                    " The newest, {}: {} in {}, {} UTC. Training stood still for {} until slices under way "
                    "had ended, "
                    "and {} for the copy.",
                    checkpoints.newest, FormatBytes(checkpoints.bytes), FormatDuration(checkpoints.seconds),
                    ShortTime(checkpoints.newest_time), FormatDuration(checkpoints.rest_seconds),
                    FormatDuration(checkpoints.copy_seconds));
}

std::string ChangesText(const scheduler::Survey& survey, const JobStatus& status) {
  const scheduler::Changes& changes = survey.changes;
  std::string text;
  if (changes.any()) {
    text = fmt::format("{} joined, {} left, {} died; {} leases were handed out again.", changes.joined,
                       changes.left, changes.died, changes.repeated_leases);
  }
  if (status.lives_ended > 0) {
    text += fmt::format("{}The job began again {} times; {} triples were trained again.",
                        text.empty() ? "" : " ", status.lives_ended, status.triples_lost);
  }
  return text;
}

std::string ShortTime(const std::string& utc) {
  constexpr std::size_t kToSeconds = 19;
  if (!SecondsOfUtc(utc)) return "";
  std::string text = utc.substr(0, kToSeconds);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

namespace {

/// Nothing that a terminal would obey: ids and paths are what others have chosen.
std::string Harmless(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; }, '?');
  return text;
}

std::string Told(const JobStatus& status) {
  std::string text = TitleOf(status) + "\n";
  if (const std::string where = WhereaboutsOf(status); !where.empty()) text += where + "\n";
  for (const std::string& problem : status.Problems()) text += "! " + problem + "\n";
  for (const StatusWords& words : WordsOf(status)) {
    text += fmt::format("  {:<24} {}{}\n", words.what, words.value,
                        words.note.empty() ? "" : fmt::format("  ({})", words.note));
  }
  constexpr std::size_t kEvents = 10;
  const auto& events = status.history->events;
  for (std::size_t n = events.size() - std::min(events.size(), kEvents); n < events.size(); ++n)
    text += fmt::format("  {}  {}{}\n", ShortTime(events[n].time), events[n].bad ? "! " : "", events[n].text);
  if (status.phase == Phase::kEnded) return text;
  if (!status.page.empty()) text += fmt::format("  live page: {}\n", status.page);
  const auto last = SecondsOfUtc(status.history->last_time);
  const auto now = SecondsOfUtc(status.now);
  if (last && now) {
    text += fmt::format("  no result yet: under way, or ended without one; the last record is {} old\n",
                        FormatDuration(*now - *last));
  }
  return text;
}

}  // namespace

std::string StatusText(const JobStatus& status) {
  return Harmless(Told(status));
}

}  // namespace attune::launch
