#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/interaction.h"
#include "common/data/item_marks.h"
#include "common/data/spill_file.h"
#include "common/types.h"

namespace attune::data {

enum class SplitMode {
  kNone,    ///< everything is for training
  kLatest,  ///< the last interaction of each user is its test
  kRandom,  ///< one interaction of each user, drawn at random, is its test
  kTime,    ///< what happened after a point in time is the test
  kGiven,   ///< separate files
};
enum class ValidationMode { kNone, kLatest, kRandom };
enum class OnLeak { kError, kDrop };

struct SplitOptions {
  SplitMode mode = SplitMode::kLatest;
  ValidationMode validation = ValidationMode::kNone;
  std::string time;  ///< for kTime: a timestamp, or a share of the interactions strictly between 0 and 1
  OnLeak on_leak = OnLeak::kError;
  std::uint64_t seed = 1;
};

/// What a split came to.
struct SplitReport {
  std::uint64_t train = 0;
  std::uint64_t validation = 0;
  std::uint64_t test = 0;
  std::uint64_t leaks_dropped = 0;    ///< held-out interactions that stood in an earlier part too
  std::uint64_t test_ties = 0;        ///< users whose latest time is shared, decided by the order of lines
  std::uint64_t validation_ties = 0;  ///< the same for the validation interaction
  Index users_not_tested = 0;         ///< users that are in, without a test interaction
  Index users_not_validated = 0;      ///< the same for validation
  std::optional<std::int64_t> time_cut_us;  ///< for kTime: later is test
};

/// Decides for the interactions of one user after another which part they belong to. Threads: confined.
///
/// latest, random: users with two interactions or more are tested. Validation: one of the training
/// interactions of each user that has three or more interactions, and two or more to train on, after the test
/// was taken. A held-out interaction whose item the user also has in an earlier part (train, then validation,
/// then test) is a leak.
class Splitter {
 public:
  using PartOfRow = std::function<Part(const Interaction&)>;

  /// @param part_of      for kGiven: the part of the file a row came from
  /// @param time_cut_us  for kTime
  Splitter(const SplitOptions& options, Index items, bool has_times, PartOfRow part_of,
           std::optional<std::int64_t> time_cut_us);

  static constexpr Part kDropped = static_cast<Part>(kParts);

  /// @param user  index of the user in users.tsv, which keys the random draws
  /// @param rows  one or more interactions of the user, by time, then position
  /// @returns the part of each row, or kDropped; valid until the next call
  std::span<const Part> Assign(Index user, std::span<const Interaction> rows);

  const SplitReport& report() const { return report_; }
  /// Leaks found, when they are errors: their number and the first in the order of the input, with the line
  /// it repeats.
  struct Leak {
    std::uint64_t count = 0;
    std::uint64_t position = 0;
    std::uint64_t repeats = 0;
  };
  const Leak& leaks() const { return leak_; }

 private:
  void ChooseTest(Index user, std::span<const Interaction> rows);
  void ChooseValidation(Index user, std::span<const Interaction> rows);
  bool TiesWithEarlier(std::span<const Interaction> rows, std::size_t at) const;
  void RemoveLeaks(std::span<const Interaction> rows);
  void NoteLeak(std::span<const Interaction> rows, std::size_t at);
  void Count();

  SplitOptions options_;
  bool has_times_;
  PartOfRow part_of_;
  ItemMarks earlier_;
  std::vector<Part> parts_;
  SplitReport report_;
  Leak leak_;
};

/// The time such that `share` of the interactions lie at or before it: the smallest time t of an interaction
/// with
/// #(time <= t) >= share * #all. Three passes over the file, 32 MiB of memory.
/// @param share  in (0, 1)
/// @param rows   Interaction records, at least one that is counted
/// @param count  whether a row is counted
std::int64_t TimeQuantile(const SpillFile& rows, double share,
                          const std::function<bool(const Interaction&)>& count);

/// The share that SplitOptions::time names, if it is one: a decimal number strictly between 0 and 1.
std::optional<double> ParseShare(std::string_view text);

}  // namespace attune::data
