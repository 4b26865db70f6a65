#include "launch/titles.h"

#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

const data::IdTable& Items() {
  static const data::IdTable items(fuzz::FileOf("10\n20\nc\n", "items.tsv"));
  return items;
}

}  // namespace

/// A file of titles.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = fuzz::FileOf(fuzz::Input(data, size).Rest());
  fuzz::MayRefuse([&] { ATTUNE_CHECK(launch::ReadTitles(path.string(), Items()).size() == Items().size()); });
  return 0;
}
