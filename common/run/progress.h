#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace attune {

/// What a progress line says.
struct ProgressState {
  std::string label;                   ///< "epoch 3/40"
  double fraction = 0;                 ///< share of this step that is done, 0..1
  std::optional<double> rate;          ///< units a second
  std::string unit;                    ///< "triples"
  std::optional<double> loss;          ///< mean so far
  std::optional<double> seconds_left;  ///< of the whole job
};

/// "epoch 3/40  62 %  4.21 M triples/s  loss 0.4123  12 s left". What does not fit into `columns` characters
/// is left out from the end; a label that is too long is cut.
std::string FormatProgress(const ProgressState& state, std::size_t columns);

/// Shows how far a long job is. On a terminal: one line, rewritten at most ten times a second, above which
/// log lines appear. Elsewhere: a log line as each step ends, and one every 30 seconds within a step.
/// Use: Begin("epoch 1/40", triples), Update(done) often, End(), Begin("epoch 2/40", …), …
/// Threads: confined. One at a time per process, for there is one terminal.
class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  /// Where the line goes; tests put their own in.
  struct Output {
    bool terminal = false;
    std::function<std::size_t()> columns;        ///< width of the terminal
    std::function<void(std::string_view)> draw;  ///< replaces the line; empty takes it away
    std::function<void(std::string_view)> log;   ///< writes a log line
    std::function<Clock::time_point()> now = Clock::now;
  };

  /// Standard error: a terminal or not.
  static Output StandardError();

  /// @param unit  what is counted: "triples"
  explicit ProgressLine(std::string unit, Output output = StandardError());
  /// Takes the line away.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Starts a step of `total` units, after which `later` more are to come in further steps.
  void Begin(std::string label, std::uint64_t total, std::uint64_t later = 0);

  /// Says that `done` units of the step are done. Cheap when nothing is to be drawn: one look at the clock.
  void Update(std::uint64_t done, std::optional<double> loss = std::nullopt);

  /// Ends the step, complete.
  void End(std::optional<double> loss = std::nullopt);

  /// What the line says now.
  ProgressState State() const { return StateAt(output_.now()); }

 private:
  ProgressState StateAt(Clock::time_point now) const;

  const std::string unit_;
  const Output output_;
  std::string label_;
  std::uint64_t total_ = 0;
  std::uint64_t later_ = 0;
  std::uint64_t done_ = 0;
  std::optional<double> loss_;
  Clock::time_point began_;
  Clock::time_point shown_;
};

}  // namespace attune
