#include "common/data/dataset.h"

#include <nlohmann/json.hpp>

#include "common/io/json_file.h"
#include "tests/fuzz/directory_input.h"

using namespace attune;

namespace {

const std::vector<std::string> kFiles = {"manifest.json",      "users.tsv",         "items.tsv",
                                         "validation.tsv",     "test.tsv",          "train/s/users.npy",
                                         "train/s/indptr.npy", "train/s/items.npy", "features/vectors.npy",
                                         "features/indptr.npy"};

/// Reads all that commands read of a data set.
void ReadAll(const data::Dataset& dataset) {
  std::uint64_t interactions = 0;
  for (Index user = 0; user < dataset.num_users(); ++user) interactions += dataset.History(user).size();
  ATTUNE_CHECK(interactions == dataset.num_interactions());
  ATTUNE_CHECK(dataset.ItemCounts().size() == dataset.num_items());
  ATTUNE_CHECK(!dataset.Fingerprint().empty());
  if (dataset.features() != nullptr) {
    const data::ContentView view = dataset.features()->view();
    ATTUNE_CHECK(view.items() == dataset.num_items() && view.LargestItem() <= data::kMaxComponents);
    view.FindNotFinite();
  }
  for (const auto split : {data::Split::kValidation, data::Split::kTest}) {
    fuzz::MayRefuse([&] {
      const data::HeldOut held = dataset.LoadHeldOut(split);
      for (const Index user : held.users) ATTUNE_CHECK(!held.Find(user).empty());
    });
  }
}

}  // namespace

/// Data sets: the manifest and the files that it names (directory_input.h).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto directory = fuzz::DirectoryOf(fuzz::Input(data, size).Rest(), kFiles);
  fuzz::MayRefuse([&] {
    const data::Dataset dataset(directory);
    io::VerifyChecksums(directory, dataset.manifest());
    ReadAll(dataset);
  });
  return 0;
}
