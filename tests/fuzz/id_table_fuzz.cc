#include "common/data/id_table.h"

#include "common/data/id_interner.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

void ReadTable(std::string_view bytes) {
  const data::IdTable table(fuzz::FileOf(bytes));
  const data::IdIndex index(table);
  data::IdInterner interner("user");
  for (Index n = 0; n < table.size(); ++n) {
    ATTUNE_CHECK(!table[n].empty() && index.Find(table[n]) == n);
    ATTUNE_CHECK(interner.Intern(table[n]) == n && interner[n] == table[n]);
  }
  ATTUNE_CHECK(index.Find("") == kNoIndex);
}

}  // namespace

/// users.tsv and items.tsv.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::MayRefuse([&] { ReadTable(fuzz::Input(data, size).Rest()); });
  return 0;
}
