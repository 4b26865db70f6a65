#include <nlohmann/json.hpp>

#include "common/io/json_file.h"
#include "common/model/model_files.h"
#include "tests/fuzz/directory_input.h"

using namespace attune;

namespace {

const std::vector<std::string> kFiles = {"manifest.json",
                                         "users.tsv",
                                         "items.tsv",
                                         "U.npy",
                                         "V.npy",
                                         "P.npy",
                                         "theta/W1u.npy",
                                         "theta/W1v.npy",
                                         "theta/W1p.npy",
                                         "theta/W1x.npy",
                                         "theta/b1.npy",
                                         "theta/w1.npy",
                                         "theta/c1.npy",
                                         "theta/W2u.npy",
                                         "theta/W2x.npy",
                                         "theta/b2.npy",
                                         "theta/w2.npy",
                                         "theta/c2.npy",
                                         "theta/F.npy",
                                         "counts.npy",
                                         "neighbours/indptr.npy",
                                         "neighbours/items.npy",
                                         "neighbours/weights.npy",
                                         "histories/indptr.npy",
                                         "histories/items.npy"};

/// What is read is written as a description that reads the same.
void Read(const std::filesystem::path& directory) {
  const model::LoadedModel loaded(directory);
  io::VerifyChecksums(directory, loaded.manifest());
  loaded.NonFinite();
  if (!loaded.HasVectors()) {
    std::vector<float> scores(loaded.items().size());
    loaded.MakeScorer()->Score(kNoIndex, {}, scores);
    return;
  }
  const model::ModelView view = loaded.view();
  ATTUNE_CHECK(view.v.rows == loaded.items().size() && view.v.width == view.spec.dim);
  ATTUNE_CHECK(model::SpecFromJson(model::SpecToJson(view.spec), "again") == view.spec);
}

}  // namespace

/// Models: the manifest and the files that it names (directory_input.h).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto directory = fuzz::DirectoryOf(fuzz::Input(data, size).Rest(), kFiles);
  fuzz::MayRefuse([&] { Read(directory); });
  return 0;
}
