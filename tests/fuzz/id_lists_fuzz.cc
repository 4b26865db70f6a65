#include "launch/id_lists.h"

#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

/// Ids as --history takes them, each in quotes.
std::string Quoted(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) {
    text += text.empty() ? "\"" : ",\"";
    for (const char letter : id) text += letter == '"' ? "\"\"" : std::string(1, letter);
    text += '"';
  }
  return text;
}

}  // namespace

/// Ids on a command line, and in a file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::Input(data, size).Rest());
  fuzz::MayRefuse([&] {
    const std::vector<std::string> ids = launch::ParseIdList("--history", text);
    ATTUNE_CHECK(!ids.empty() && launch::ParseIdList("--history", Quoted(ids)) == ids);
  });
  fuzz::MayRefuse([&] {
    for (const std::string& id : launch::ReadIdFile(fuzz::FileOf(text).string())) ATTUNE_CHECK(!id.empty());
  });
  return 0;
}
