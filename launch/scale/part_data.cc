#include "launch/scale/part_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/data/dataset.h"
#include "common/data/dataset_writer.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/output_file.h"
#include "common/io/staged_directory.h"
#include "common/log.h"
#include "common/random.h"
#include "launch/runs/whole_files.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPartOf = "part_of";  ///< key of a part's manifest: Fingerprint() of the whole

void WriteUserIds(const data::Dataset& dataset, const std::vector<Index>& users, const fs::path& path) {
  io::OutputFile file(path);
  for (const Index user : users) file.Write(fmt::format("{}\n", dataset.users()[user]));
  file.Close();
}

/// The same files, without their bytes where the file system can do that.
void LinkFeatures(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    std::error_code failed;
    fs::create_hard_link(entry.path(), to / entry.path().filename(), failed);
    if (failed) fs::copy_file(entry.path(), to / entry.path().filename());
  }
}

}  // namespace

std::vector<Index> UsersOfPart(const data::Dataset& dataset, unsigned share, unsigned of) {
  const random::Stream stream(1, random::Purpose::kSampleUsers);
  const random::Permutation permutation(dataset.num_users(), stream(0));
  const std::uint64_t wanted = dataset.num_interactions() * share / of;
  std::vector<Index> users;
  std::uint64_t interactions = 0;
  for (Index n = 0; n < dataset.num_users() && (interactions < wanted || share == of); ++n) {
    users.push_back(permutation(n));
    interactions += dataset.History(users.back()).size();
  }
  std::sort(users.begin(), users.end());
  return users;
}

bool IsWholePart(const fs::path& path, const data::Dataset& dataset) {
  std::error_code none;
  if (!fs::exists(path / "manifest.json", none)) return false;
  try {
    const data::Dataset part(path);
    RequireWhole(path, part.manifest());
    if (part.manifest().value(kPartOf, "") == dataset.Fingerprint()) return true;
    log::Warning("{} is of another data set and will be written again", path.string());
  } catch (const Error& error) {
    log::Warning("{} is damaged and will be written again: {}", path.string(), error.what());
  }
  return false;
}

void WritePart(const data::Dataset& dataset, unsigned share, unsigned of, const fs::path& out) {
  const std::vector<Index> users = UsersOfPart(dataset, share, of);
  fs::remove_all(out);
  io::StagedDirectory staged(out);
  const fs::path& directory = staged.path();
  WriteUserIds(dataset, users, directory / "users.tsv");
  fs::copy_file(dataset.path() / "items.tsv", directory / "items.tsv");
  data::SliceWriter writer(directory, static_cast<Index>(users.size()));
  data::PartCounts counts;
  for (Index user = 0; user < users.size(); ++user) {
    for (const Index item : dataset.History(users[user])) writer.Append(user, item, 0);
    counts.train += dataset.History(users[user]).size();
  }
  const auto slices =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, dataset.slices().size() * share / of));
  const std::vector<data::SlicePlan> plan = writer.Write(slices);
  nlohmann::ordered_json manifest = data::BeginManifest("attune scale", static_cast<Index>(users.size()),
                                                        dataset.num_items(), counts, plan);
  if (dataset.features() != nullptr) {
    LinkFeatures(dataset.path() / "features", directory / "features");
    manifest["features"] = dataset.manifest().at("features");
  }
  manifest[kPartOf] = dataset.Fingerprint();
  io::DescribeFiles(directory, manifest);
  io::WriteManifest(directory, manifest);
  staged.Commit();
}

}  // namespace attune::launch
