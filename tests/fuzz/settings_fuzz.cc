#include "common/config/settings_json.h"

#include <nlohmann/json.hpp>

#include "common/config/prepare.pb.h"
#include "common/config/train.pb.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

/// What is read is written as settings that read the same.
template <typename Settings>
void Read(const std::filesystem::path& path) {
  Settings settings;
  config::ReadSettingsFile(path, &settings);
  const auto json = config::SettingsToJson(settings);
  Settings again;
  config::SettingsFromJson(json, &again, "again");
  ATTUNE_CHECK(config::SettingsToJson(again) == json);
}

}  // namespace

/// --config files of 'attune train' and 'attune prepare'.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = fuzz::FileOf(fuzz::Input(data, size).Rest());
  fuzz::MayRefuse([&] { Read<config::TrainSettings>(path); });
  fuzz::MayRefuse([&] { Read<config::PrepareSettings>(path); });
  return 0;
}
