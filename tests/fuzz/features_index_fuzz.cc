#include "common/data/features_index.h"

#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

constexpr std::uint64_t kRows = 5;

const data::VectorFile& Vectors() {
  static const data::VectorFile vectors = [] {
    const std::uint64_t shape[] = {kRows, 2};
    return data::VectorFile(fuzz::FileOf(
        io::FormatNpyHeader(io::DType::kF16, shape) + std::string(kRows * 4, '\0'), "vectors.npy"));
  }();
  return vectors;
}

data::FeatureItems Items() {
  static const std::vector<std::string> ids = {"10", "20", "c"};
  const auto find = [](std::string_view id) {
    const auto at = std::ranges::find(ids, id);
    return at == ids.end() ? kNoIndex : static_cast<Index>(at - ids.begin());
  };
  return {static_cast<Index>(ids.size()), find, [](Index item) { return std::string_view(ids[item]); }};
}

void Read(std::string_view bytes) {
  const data::FeatureRows rows = data::ReadFeaturesIndex(fuzz::FileOf(bytes).string(), Vectors(), Items());
  ATTUNE_CHECK(rows.first.size() == 3 && rows.indptr.size() == 4);
  for (std::size_t item = 0; item < 3; ++item) {
    ATTUNE_CHECK(rows.first[item] + (rows.indptr[item + 1] - rows.indptr[item]) <= kRows);
  }
}

}  // namespace

/// The index of a file of features.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::MayRefuse([&] { Read(fuzz::Input(data, size).Rest()); });
  return 0;
}
