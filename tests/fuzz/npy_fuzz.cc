#include "common/io/npy.h"

#include "common/data/vector_file.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

template <typename T>
void ReadAs(const io::NpyView& view) {
  std::uint64_t sum = 0;
  for (const std::byte byte : std::as_bytes(view.As<T>())) sum += static_cast<std::uint64_t>(byte);
  ATTUNE_CHECK(sum <= 255 * view.data().size());
}

void ReadWhole(const std::filesystem::path& path) {
  const io::NpyView view(path);
  ATTUNE_CHECK(view.header().count() * io::DTypeBytes(view.header().dtype) == view.data().size());
  fuzz::MayRefuse([&] { ReadAs<float>(view); });
  fuzz::MayRefuse([&] { ReadAs<std::uint8_t>(view); });
  fuzz::MayRefuse([&] { ReadAs<std::uint32_t>(view); });
  fuzz::MayRefuse([&] { ReadAs<std::uint64_t>(view); });
  fuzz::MayRefuse([&] { ReadAs<std::int64_t>(view); });
}

void ReadInPieces(const std::filesystem::path& path) {
  const data::VectorFile vectors(path.string());
  ATTUNE_CHECK(vectors.rows() > 0 && vectors.dim() > 0);
  std::vector<std::byte> row(vectors.row_bytes());
  vectors.ReadRows(0, row);
  vectors.ReadRows(vectors.rows() - 1, row);
}

}  // namespace

/// Arrays, as those of data sets and models are mapped and as those of features are read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = fuzz::FileOf(fuzz::Input(data, size).Rest());
  fuzz::MayRefuse([&] { ReadWhole(path); });
  fuzz::MayRefuse([&] { ReadInPieces(path); });
  return 0;
}
