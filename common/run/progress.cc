#include "common/run/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/run/format.h"

namespace attune {
namespace {

using std::chrono::duration;

constexpr std::chrono::milliseconds kRedrawPeriod{100};
constexpr std::chrono::seconds kLogPeriod{30};
constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

bool IsTerminal() {
  const char* const kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t TerminalColumns() {
  constexpr std::size_t kUnknown = 80;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUnknown;
  return size.ws_col;
}

/// Share of `total` that `done` is; an empty step is done.
double Fraction(std::uint64_t done, std::uint64_t total) {
  return total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

std::vector<std::string> Parts(const ProgressState& state) {
  // Rounded down: 100 % is said only when all is done.
  std::vector<std::string> parts{fmt::format("{} %", static_cast<int>(state.fraction * 100))};
  if (state.rate) parts.push_back(FormatCount(*state.rate) + " " + state.unit + "/s");
  if (state.loss) parts.push_back(fmt::format("loss {:.4f}", *state.loss));
  if (state.seconds_left) parts.push_back(FormatDuration(*state.seconds_left) + " left");
  return parts;
}

}  // namespace

std::string FormatProgress(const ProgressState& state, std::size_t columns) {
  std::string line = state.label.substr(0, columns);
  for (const std::string& part : Parts(state)) {
    if (line.size() + 2 + part.size() > columns) break;
    line += (line.empty() ? "" : "  ") + part;
  }
  return line;
}

ProgressLine::Output ProgressLine::StandardError() {
  Output output;
  output.terminal = IsTerminal();
  output.columns = TerminalColumns;
  output.draw = log::SetStatusLine;
  output.log = [](std::string_view line) { log::Write(log::Level::kInfo, line); };
  return output;
}

ProgressLine::ProgressLine(std::string unit, Output output)
    : unit_(std::move(unit)), output_(std::move(output)) {}

ProgressLine::~ProgressLine() {
  if (output_.terminal) output_.draw("");
}

void ProgressLine::Begin(std::string label, std::uint64_t total, std::uint64_t later) {
  label_ = std::move(label);
  total_ = total;
  later_ = later;
  done_ = 0;
  loss_.reset();
  began_ = output_.now();
  shown_ = began_;
}

void ProgressLine::Update(std::uint64_t done, std::optional<double> loss) {
  done_ = done;
  if (loss) loss_ = loss;
  const Clock::time_point now = output_.now();
  const Clock::duration period = output_.terminal ? Clock::duration(kRedrawPeriod) : kLogPeriod;
  if (now - shown_ < period) return;
  shown_ = now;
  if (!output_.terminal) return output_.log(FormatProgress(StateAt(now), kUnlimited));
  // The last column stays free: some terminals go to the next line when it is filled.
  output_.draw(FormatProgress(StateAt(now), std::max<std::size_t>(output_.columns(), 1) - 1));
}

void ProgressLine::End(std::optional<double> loss) {
  done_ = total_;
  if (loss) loss_ = loss;
  if (output_.terminal) return output_.draw("");
  output_.log(FormatProgress(StateAt(output_.now()), kUnlimited));
}

ProgressState ProgressLine::StateAt(Clock::time_point now) const {
  ProgressState state;
  state.label = label_;
  state.fraction = Fraction(done_, total_);
  state.unit = unit_;
  state.loss = loss_;
  const double seconds = duration<double>(now - began_).count();
  if (seconds <= 0 || done_ == 0) return state;
  state.rate = static_cast<double>(done_) / seconds;
  const std::uint64_t left = total_ - std::min(done_, total_) + later_;
  if (left > 0) state.seconds_left = static_cast<double>(left) / *state.rate;
  return state;
}

}  // namespace attune
