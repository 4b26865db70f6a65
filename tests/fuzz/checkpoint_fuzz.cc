#include <nlohmann/json.hpp>

#include "common/io/json_file.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "tests/fuzz/directory_input.h"

using namespace attune;

namespace {

const std::vector<std::string> kFiles = {"manifest.json",   "theta.npy",           "users/00000.npy",
                                         "users/00001.npy", "items/00000.npy",     "items/00000.rows.npy",
                                         "items/00001.npy", "items/00001.rows.npy"};

/// Of the seeds: two users and three items of BPR, trained by SGD.
ps::ModelStore MakeStore() {
  TrainingSpec spec;
  spec.model.dim = 1;
  spec.model.item_attention = model::ItemAttention::kNone;
  spec.optimizer.kind = optim::Kind::kSgd;
  return {spec, 2, 3};
}

/// What is read fits into the store, or is refused.
void Read(const std::filesystem::path& directory) {
  static ps::ModelStore store = MakeStore();
  const launch::LoadedCheckpoint loaded(directory);
  io::VerifyChecksums(directory, loaded.manifest());
  loaded.CopyUsers(0, 0, store.tables().users);
  loaded.RequireFits(store);
  loaded.CopyUsers(0, 2, store.tables().users);
  loaded.CopyShared(store);
}

}  // namespace

/// Checkpoints: the manifest and the files that it names (directory_input.h).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto directory = fuzz::DirectoryOf(fuzz::Input(data, size).Rest(), kFiles);
  fuzz::MayRefuse([&] { Read(directory); });
  return 0;
}
