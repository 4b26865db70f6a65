#include "common/data/prepare.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/data/dataset.h"
#include "common/data/dataset_writer.h"
#include "common/data/prepare_settings.h"
#include "common/data/timestamp.h"
#include "common/data/user_groups.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/staged_directory.h"
#include "common/log.h"

namespace attune::data {
namespace fs = std::filesystem;
namespace {

constexpr const char* kCreatedBy = "attune prepare";
/// Seconds since 1970 at the year 5000: later times are milliseconds, as a rule.
constexpr std::int64_t kImplausibleUs = 95'617'584'000 * 1'000'000;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Most resident memory of this process so far, in bytes; 0 where the system does not tell.
std::uint64_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

/// The order of ids in the data set, and back.
struct IdOrder {
  std::vector<Index> ids;    ///< numbers in the interner, in order of index
  std::vector<Index> index;  ///< index of each number; kNoIndex for those that are not in
};

/// Orders ids by the position of their first interaction. @param first  position, or the greatest number for
/// none
IdOrder OrderByAppearance(const std::vector<std::uint64_t>& first) {
  constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();
  IdOrder order;
  for (Index id = 0; id < first.size(); ++id) {
    if (first[id] != kNever) order.ids.push_back(id);
  }
  const auto earlier = [&](Index a, Index b) { return first[a] < first[b]; };
  if (!std::is_sorted(order.ids.begin(), order.ids.end(), earlier)) {
    std::sort(order.ids.begin(), order.ids.end(), earlier);
  }
  order.index.assign(first.size(), kNoIndex);
  for (Index index = 0; index < order.ids.size(); ++index) order.index[order.ids[index]] = index;
  return order;
}

/// Writes the interactions of one user after another to the files of their parts.
class SplitFiles {
 public:
  SplitFiles(const PrepareOptions& options, const fs::path& directory, const LogReader& log, Index users,
             const IdOrder& items)
      : log_(log),
        items_(items),
        train_(directory, users),
        trained_(static_cast<Index>(items.ids.size())),
        trained_by_user_(log.items().size()) {
    const SplitMode mode = options.split.mode;
    if (mode == SplitMode::kGiven ? !options.test_inputs.empty() : mode != SplitMode::kNone) {
      test_.emplace(directory / "test.tsv");
    }
    if (options.split.validation != ValidationMode::kNone || !options.validation_inputs.empty()) {
      validation_.emplace(directory / "validation.tsv");
    }
  }

  void Append(Index user, std::span<const Interaction> rows, std::span<const Part> parts) {
    trained_by_user_.Clear();
    for (std::size_t n = 0; n < rows.size(); ++n) {
      if (parts[n] == Part::kTrain) AppendTrain(user, rows[n]);
    }
    for (std::size_t n = 0; n < rows.size(); ++n) {
      if (parts[n] == Part::kValidation) AppendHeldOut(*validation_, rows[n]);
      if (parts[n] == Part::kTest) AppendHeldOut(*test_, rows[n]);
    }
  }

  /// Items with a training interaction.
  Index items_trained() const { return items_trained_; }

  std::vector<SlicePlan> Close(std::uint32_t slices) {
    if (validation_) validation_->Close();
    if (test_) test_->Close();
    return train_.Write(slices);
  }

 private:
  void AppendTrain(Index user, const Interaction& row) {
    const Index item = items_.index[row.item];
    train_.Append(user, item, row.time_us);
    trained_by_user_.Add(row.item);
    items_trained_ += trained_.Add(item) ? 1 : 0;
  }

  void AppendHeldOut(HeldOutWriter& writer, const Interaction& row) {
    ATTUNE_CHECK(
        !trained_by_user_.Has(row.item));  // what is held out is never trained on, whatever the split
    writer.Append(log_.users()[row.user], log_.items()[row.item], log_.TimeText(row));
  }

  const LogReader& log_;
  const IdOrder& items_;
  SliceWriter train_;
  std::optional<HeldOutWriter> validation_;
  std::optional<HeldOutWriter> test_;
  ItemMarks trained_;
  ItemMarks trained_by_user_;
  Index items_trained_ = 0;
};

/// One run of Prepare: the steps in their order, and what they hand on.
class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options)
      : options_(options),
        output_(options.out, options.overwrite, {kDatasetKind}),
        log_(options.log, output_.path()) {}

  PrepareReport Run() {
    ReadLogs();
    GroupedLog grouped = GroupAndFilterRows();
    FilterByCount(grouped);
    OrderIds(grouped);
    Split(std::move(grouped));
    WriteFeatures();
    WriteManifest();
    output_.Commit();
    report_.seconds = watch_.seconds();
    report_.peak_bytes = PeakMemory();
    return report_;
  }

 private:
  void Stage(const char* what) const;
  void ReadLogs();
  void CheckTimesAreThere() const;
  GroupedLog GroupAndFilterRows();
  void FilterByCount(GroupedLog& grouped);
  void OrderIds(const GroupedLog& grouped);
  void Split(GroupedLog grouped);
  std::optional<std::int64_t> TimeCut(const GroupedLog& grouped) const;
  void VisitInOrder(GroupedLog grouped, const VisitUser& visit);
  void RefuseLeaks(const Splitter& splitter) const;
  void WriteFeatures();
  void WriteManifest();

  /// For rows of given splits: the part of the file they came from; empty otherwise.
  RowFilter::PartOfRow PartOf() const {
    if (options_.split.mode != SplitMode::kGiven) return nullptr;
    return [this](const Interaction& row) { return log_.PartOf(row); };
  }

  const PrepareOptions& options_;
  Stopwatch watch_;
  io::StagedDirectory output_;
  LogReader log_;
  IdOrder users_;
  IdOrder items_;
  std::vector<SlicePlan> slices_;
  PrepareReport report_;
};

/// Says what begins now, once a job has taken long enough that somebody may wonder.
void Preparation::Stage(const char* what) const {
  constexpr double kQuietSeconds = 5;
  if (watch_.seconds() > kQuietSeconds) log::Info("{}, {:.0f} s after the start", what, watch_.seconds());
}

void Preparation::ReadLogs() {
  for (const auto& path : options_.inputs) log_.Read(path, Part::kTrain);
  for (const auto& path : options_.validation_inputs) log_.Read(path, Part::kValidation);
  for (const auto& path : options_.test_inputs) log_.Read(path, Part::kTest);
  log_.Finish();
  log_.users().ForgetHashes();
  report_.log = log_.counts();
  report_.id_bytes = log_.users().text_bytes() + log_.items().text_bytes();
  report_.read_seconds = watch_.seconds();
  CheckTimesAreThere();
  if (report_.log.latest_us > kImplausibleUs) {
    log::Warning("the latest timestamp is {}: are the times milliseconds? Seconds are expected",
                 FormatTimestamp(report_.log.latest_us));
  }
  if (options_.log.min_rating) {
    report_.filters.push_back({"rating", report_.log.low_rated, report_.log.interactions, log_.users().size(),
                               log_.items().size()});
  }
  if (report_.log.interactions == 0)
    ThrowBadInput("no interaction is rated {} or higher", *options_.log.min_rating);
}

void Preparation::CheckTimesAreThere() const {
  if (report_.log.has_times) return;
  if (options_.split.mode == SplitMode::kTime)
    ThrowBadInput("a split by time needs timestamps, but the log has none");
  if (options_.filters.since_us || options_.filters.until_us) {
    ThrowBadInput("a time window needs timestamps, but the log has none");
  }
}

/// Brings the interactions of each user together and in order of time, without duplicates and what lies
/// outside the time window.
GroupedLog Preparation::GroupAndFilterRows() {
  Stage("ordering interactions by user");
  const Index items = log_.items().size();
  GroupedLog grouped(log_.users().size(), items, output_.path());
  RowFilter filter(options_.filters, items, PartOf());
  ForEachUser(
      log_.TakeInteractions(), log_.user_rows(), {}, options_.bucket_bytes, output_.path(),
      [&](Index user, std::span<Interaction> rows) { grouped.Append(user, rows.first(filter.Apply(rows))); });
  grouped.Finish();
  const std::uint64_t read = report_.log.interactions;
  report_.filters.push_back(
      {"duplicates", filter.duplicates(), read - filter.duplicates(), log_.users().size(), items});
  if (options_.filters.since_us || options_.filters.until_us) {
    report_.filters.push_back(grouped.Left("time window", read - filter.duplicates()));
  }
  return grouped;
}

void Preparation::FilterByCount(GroupedLog& grouped) {
  Stage("filtering");
  const FilterOptions& filters = options_.filters;
  std::uint64_t before = grouped.interactions();
  const auto note = [&](const std::string& name) {
    report_.filters.push_back(grouped.Left(name, before));
    before = grouped.interactions();
  };
  if (filters.min_user_interactions > 0 || filters.min_item_interactions > 0) {
    grouped.KeepCore(filters.min_user_interactions, filters.min_item_interactions);
    note("least interactions (k-core)");
  }
  if (filters.top_items > 0) {
    grouped.KeepTopItems(filters.top_items);
    note("most frequent items");
  }
  if (filters.sample_users > 0) {
    grouped.SampleUsers(filters.sample_users, options_.split.seed);
    note("sample of users");
  }
  if (before == 0) ThrowBadInput("the filters removed every interaction:\n{}", ReportText(report_));
}

/// Indices are given in the order in which ids appear first among the interactions that are in.
void Preparation::OrderIds(const GroupedLog& grouped) {
  constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> first_of_user(log_.users().size(), kNever);
  std::vector<std::uint64_t> first_of_item(log_.items().size(), kNever);
  ForEachPiece<Interaction>(grouped.rows(), grouped.rows_of(),
                            [&](Index user, std::span<const Interaction> rows) {
                              for (const Interaction& row : rows) {
                                if (!grouped.Has(row)) continue;
                                first_of_user[user] = std::min(first_of_user[user], row.position);
                                first_of_item[row.item] = std::min(first_of_item[row.item], row.position);
                              }
                            });
  users_ = OrderByAppearance(first_of_user);
  items_ = OrderByAppearance(first_of_item);
  report_.users = static_cast<Index>(users_.ids.size());
  report_.items = static_cast<Index>(items_.ids.size());
  WriteIds(output_.path() / "users.tsv", log_.users(), users_.ids);
  WriteIds(output_.path() / "items.tsv", log_.items(), items_.ids);
}

/// The time after which interactions are test, for a split by time.
std::optional<std::int64_t> Preparation::TimeCut(const GroupedLog& grouped) const {
  if (options_.split.mode != SplitMode::kTime) return std::nullopt;
  if (const auto share = ParseShare(options_.split.time)) {
    return TimeQuantile(grouped.rows(), *share, [&](const Interaction& row) { return grouped.Has(row); });
  }
  return ParseTimestamp(options_.split.time)->us;
}

/// Visits the users in order of index with the rows that are in.
void Preparation::VisitInOrder(GroupedLog grouped, const VisitUser& visit) {
  std::vector<Interaction> in;
  const auto visit_index = [&](Index index, std::span<const Interaction> rows) {
    in.clear();
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(in),
                 [&](const Interaction& r) { return grouped.Has(r); });
    visit(index, in);
  };
  if (!std::is_sorted(users_.ids.begin(), users_.ids.end())) {
    std::vector<std::uint32_t> rows_at;
    for (const Index user : users_.ids) rows_at.push_back(grouped.rows_of()[user]);
    return ForEachUser(grouped.TakeRows(), rows_at, users_.index, options_.bucket_bytes, output_.path(),
                       visit_index);
  }
  std::vector<Interaction> rows;
  ForEachPiece<Interaction>(grouped.rows(), grouped.rows_of(),
                            [&](Index user, std::span<const Interaction> piece) {
                              if (users_.index[user] == kNoIndex) return;
                              rows.insert(rows.end(), piece.begin(), piece.end());
                              if (rows.size() < grouped.rows_of()[user]) return;
                              visit_index(users_.index[user], rows);
                              rows.clear();
                            });
}

void Preparation::Split(GroupedLog grouped) {
  Stage("splitting");
  Splitter splitter(options_.split, log_.items().size(), report_.log.has_times, PartOf(), TimeCut(grouped));
  SplitFiles files(options_, output_.path(), log_, report_.users, items_);
  VisitInOrder(std::move(grouped), [&](Index user, std::span<const Interaction> rows) {
    files.Append(user, rows, splitter.Assign(user, rows));
  });
  RefuseLeaks(splitter);
  report_.split = splitter.report();
  report_.items_not_trained = report_.items - files.items_trained();
  if (report_.split.train == 0) ThrowBadInput("no interaction is left to train on:\n{}", ReportText(report_));
  if (options_.split.mode != SplitMode::kNone && report_.split.test + report_.split.validation == 0) {
    log::Warning("no interaction was held out: the data set has nothing to evaluate on");
  }
  Stage("writing slices");
  slices_ = files.Close(options_.slices);
  report_.slices = slices_.size();
}

void Preparation::RefuseLeaks(const Splitter& splitter) const {
  const Splitter::Leak& leak = splitter.leaks();
  if (leak.count == 0) return;
  ThrowBadInput(
      "{}: this user and item stand in {} too, so the split leaks ({} such line{} in all); mend the files or "
      "pass --leaks drop to leave them out",
      log_.PlaceOf(leak.position), log_.PlaceOf(leak.repeats), leak.count, leak.count == 1 ? "" : "s");
}

void Preparation::WriteFeatures() {
  if (options_.features.vectors.empty()) return;
  Stage("features");
  FeatureItems items;
  items.count = report_.items;
  items.find = [&](std::string_view id) {
    const Index item = log_.items().Find(id);
    return item == kNoIndex ? kNoIndex : items_.index[item];
  };
  items.id_of = [&](Index index) { return log_.items()[items_.ids[index]]; };
  report_.features = ImportFeatures(options_.features, items, options_.split.seed, options_.threads,
                                    output_.path() / "features");
}

void Preparation::WriteManifest() {
  const SplitReport& split = report_.split;
  nlohmann::ordered_json manifest = BeginManifest(kCreatedBy, report_.users, report_.items,
                                                  {split.train, split.validation, split.test}, slices_);
  manifest["report"] = ReportJson(report_);
  manifest["settings"] = SettingsJson(options_);
  if (report_.features) manifest["features"] = manifest["report"]["features"];
  Stage("computing checksums");
  io::DescribeFiles(output_.path(), manifest);
  io::WriteManifest(output_.path(), manifest);
}

}  // namespace

PrepareReport Prepare(const PrepareOptions& options) {
  CheckOptions(options);
  if (!options.features.vectors.empty()) CheckFeatureFiles(options.features);
  return Preparation(options).Run();
}

}  // namespace attune::data
