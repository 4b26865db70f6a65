#include "common/config/settings_json.h"

#include <fmt/core.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "common/config/nearest.h"
#include "common/config/schema.h"
#include "common/config/value.h"
#include "common/error.h"
#include "common/io/json_text.h"

namespace attune::config {
namespace {

using google::protobuf::Message;
using nlohmann::ordered_json;

ordered_json ToJson(const SettingInfo& setting, const std::string& text) {
  switch (setting.type) {
    case ValueType::kBool:
      return text == "true";
    case ValueType::kSigned:
      return std::stoll(text);
    case ValueType::kUnsigned:
      return std::stoull(text);
    case ValueType::kNumber:
      return std::stod(text);
    case ValueType::kText:
    case ValueType::kChoice:
      return text;
  }
  return nullptr;
}

bool HasFittingType(const SettingInfo& setting, const ordered_json& value) {
  switch (setting.type) {
    case ValueType::kBool:
      return value.is_boolean();
    case ValueType::kSigned:
    case ValueType::kUnsigned:
      return value.is_number_integer();
    case ValueType::kNumber:
      return value.is_number();
    case ValueType::kText:
    case ValueType::kChoice:
      return value.is_string();
  }
  return false;
}

void SetFromJson(const SettingInfo& setting, const ordered_json& value, const ValueSource& source,
                 Message* settings) {
  if (!HasFittingType(setting, value)) {
    throw Error(source.kind,
                fmt::format("{} = {}: expected {}", source.name, io::JsonText(value), ExpectedText(setting)));
  }
  SetFromText(setting, io::PlainText(value), source, settings);
}

[[noreturn]] void RefuseUnknown(const Schema& schema, const std::string& name, const ordered_json& value,
                                const std::string& where, ErrorKind kind) {
  std::string hint = DidYouMean(name, schema.Names());
  if (hint.empty() && value.is_object()) hint = "; settings are written flat, without groups";
  throw Error(kind, fmt::format("{}: unknown setting '{}'{}", where, name, hint));
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (!stream) ThrowBadInput("{}: cannot read the settings file: {}", path.string(), ErrnoText(errno));
  if (std::filesystem::is_directory(path))
    ThrowBadInput("{}: is a directory, not a settings file", path.string());
  if (stream.peek() == std::ifstream::traits_type::eof() && !stream.bad()) {
    ThrowBadInput("{}: the settings file is empty; expected JSON, such as {{}}", path.string());
  }
  if (!(text << stream.rdbuf())) ThrowBadInput("{}: cannot read the settings file", path.string());
  return text.str();
}

}  // namespace

ordered_json SettingsToJson(const Message& settings) {
  ordered_json json = ordered_json::object();
  const Schema schema(*settings.GetDescriptor());
  for (const SettingInfo& setting : schema.settings()) {
    const std::vector<std::string> texts = ValueTexts(setting, settings);
    if (texts.empty()) continue;
    if (!setting.repeated) {
      json[setting.name] = ToJson(setting, texts.front());
      continue;
    }
    ordered_json& array = json[setting.name] = ordered_json::array();
    for (const std::string& text : texts) array.push_back(ToJson(setting, text));
  }
  return json;
}

void SettingsFromJson(const ordered_json& json, Message* settings, const std::string& where, ErrorKind kind) {
  if (!json.is_object()) throw Error(kind, fmt::format("{}: expected a JSON object of settings", where));
  const Schema schema(*settings->GetDescriptor());
  for (const auto& [name, value] : json.items()) {
    const SettingInfo* const setting = schema.Find(name);
    if (setting == nullptr) RefuseUnknown(schema, name, value, where, kind);
    const ValueSource source{where + ": " + name, kind};
    ClearSetting(*setting, settings);
    if (!setting->repeated || !value.is_array()) {
      SetFromJson(*setting, value, source, settings);
      continue;
    }
    for (const ordered_json& element : value) SetFromJson(*setting, element, source, settings);
  }
}

void ReadSettingsFile(const std::filesystem::path& path, Message* settings) {
  const std::string text = ReadText(path);
  SettingsFromJson(io::ParseJson(text, path.string()), settings, path.string(), ErrorKind::kUsage);
}

}  // namespace attune::config
