#include "common/data/splitter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/data/user_draw.h"
#include "common/error.h"

namespace attune::data {

Splitter::Splitter(const SplitOptions& options, Index items, bool has_times, PartOfRow part_of,
                   std::optional<std::int64_t> time_cut_us)
    : options_(options), has_times_(has_times), part_of_(std::move(part_of)), earlier_(items) {
  ATTUNE_CHECK((options_.mode == SplitMode::kTime) == time_cut_us.has_value());
  report_.time_cut_us = time_cut_us;
}

std::span<const Part> Splitter::Assign(Index user, std::span<const Interaction> rows) {
  parts_.assign(rows.size(), Part::kTrain);
  ChooseTest(user, rows);
  if (options_.mode == SplitMode::kTime || options_.mode == SplitMode::kGiven) RemoveLeaks(rows);
  ChooseValidation(user, rows);
  Count();
  return parts_;
}

void Splitter::ChooseTest(Index user, std::span<const Interaction> rows) {
  const std::size_t n = rows.size();
  switch (options_.mode) {
    case SplitMode::kNone:
      return;
    case SplitMode::kLatest:
      if (n < 2) return;
      parts_[n - 1] = Part::kTest;
      report_.test_ties += TiesWithEarlier(rows, n - 1) ? 1 : 0;
      return;
    case SplitMode::kRandom:
      if (n >= 2) parts_[DrawBelow(UserDraw(options_.seed, DrawPurpose::kTest, user), n)] = Part::kTest;
      return;
    case SplitMode::kTime:
      for (std::size_t at = 0; at < n; ++at) {
        if (rows[at].time_us > *report_.time_cut_us) parts_[at] = Part::kTest;
      }
      return;
    case SplitMode::kGiven:
      for (std::size_t at = 0; at < n; ++at) parts_[at] = part_of_(rows[at]);
      return;
  }
}

void Splitter::ChooseValidation(Index user, std::span<const Interaction> rows) {
  if (options_.validation == ValidationMode::kNone) return;
  const auto train = static_cast<std::size_t>(std::count(parts_.begin(), parts_.end(), Part::kTrain));
  const auto dropped = static_cast<std::size_t>(std::count(parts_.begin(), parts_.end(), kDropped));
  if (rows.size() - dropped < 3 || train < 2) return;
  const bool latest = options_.validation == ValidationMode::kLatest;
  std::size_t left =
      latest ? train - 1 : DrawBelow(UserDraw(options_.seed, DrawPurpose::kValidation, user), train);
  std::size_t at = 0;
  for (; parts_[at] != Part::kTrain || left > 0; ++at) left -= parts_[at] == Part::kTrain ? 1 : 0;
  report_.validation_ties += latest && TiesWithEarlier(rows, at) ? 1 : 0;
  parts_[at] = Part::kValidation;
}

/// Whether an earlier training row has the same time as row `at`, so that the order of lines decided.
bool Splitter::TiesWithEarlier(std::span<const Interaction> rows, std::size_t at) const {
  if (!has_times_) return false;
  for (std::size_t n = at; n-- > 0;) {
    if (rows[n].time_us != rows[at].time_us) return false;
    if (parts_[n] == Part::kTrain) return true;
  }
  return false;
}

void Splitter::RemoveLeaks(std::span<const Interaction> rows) {
  earlier_.Clear();
  for (const Part part : {Part::kTrain, Part::kValidation, Part::kTest}) {
    for (std::size_t at = 0; at < rows.size(); ++at) {
      if (parts_[at] != part || earlier_.Add(rows[at].item)) continue;
      if (options_.mode == SplitMode::kGiven && options_.on_leak == OnLeak::kError) NoteLeak(rows, at);
      parts_[at] = kDropped;
      ++report_.leaks_dropped;
    }
  }
}

void Splitter::NoteLeak(std::span<const Interaction> rows, std::size_t at) {
  const bool first = leak_.count++ == 0 || rows[at].position < leak_.position;
  if (!first) return;
  leak_.position = rows[at].position;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    if (n != at && rows[n].item == rows[at].item && parts_[n] < parts_[at]) leak_.repeats = rows[n].position;
  }
}

void Splitter::Count() {
  std::uint64_t counts[kParts + 1] = {};
  for (const Part part : parts_) ++counts[static_cast<std::size_t>(part)];
  report_.train += counts[0];
  report_.validation += counts[1];
  report_.test += counts[2];
  report_.users_not_validated += counts[1] == 0 ? 1 : 0;
  report_.users_not_tested += counts[2] == 0 ? 1 : 0;
}

std::int64_t TimeQuantile(const SpillFile& rows, double share,
                          const std::function<bool(const Interaction&)>& count) {
  constexpr int kDigitBits = 22;
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;  // orders signed times as unsigned keys
  std::vector<std::uint64_t> histogram(std::size_t{1} << kDigitBits);
  std::uint64_t prefix = 0;
  std::uint64_t rank = 0;  // of the wanted time among those with the prefix, from 0
  for (int shift = 2 * kDigitBits; shift >= 0; shift -= kDigitBits) {
    std::fill(histogram.begin(), histogram.end(), 0);
    std::uint64_t total = 0;
    const int above = shift + kDigitBits;
    SpillReader<Interaction> reader(rows);
    for (auto block = reader.Read(); !block.empty(); block = reader.Read()) {
      for (const Interaction& row : block) {
        const std::uint64_t key = static_cast<std::uint64_t>(row.time_us) ^ kSign;
        if ((above < 64 && key >> above != prefix >> above) || !count(row)) continue;
        ++histogram[(key >> shift) & (histogram.size() - 1)];
        ++total;
      }
    }
    ATTUNE_CHECK(total > 0);
    if (above >= 64) {
      const auto at_or_before = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
      rank = std::clamp<std::uint64_t>(at_or_before, 1, total) - 1;
    }
    std::uint64_t digit = 0;
    for (; rank >= histogram[digit]; ++digit) rank -= histogram[digit];
    prefix |= digit << shift;
  }
  return static_cast<std::int64_t>(prefix ^ kSign);
}

std::optional<double> ParseShare(std::string_view text) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share > 0 && share < 1))
    return std::nullopt;
  return share;
}

}  // namespace attune::data
