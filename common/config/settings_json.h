#pragma once

#include <google/protobuf/message.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/error.h"

namespace attune::config {

/// The settings in effect as one flat object in the order of declaration: given values and defaults; a
/// setting that has neither is left out. Enums are their texts, repeated settings are arrays.
nlohmann::ordered_json SettingsToJson(const google::protobuf::Message& settings);

/// Puts the values of a flat object into `settings`; what the object does not name stays as it is, and a
/// repeated setting that it names is replaced.
/// @param where  what the object is called in errors: the name of its file
/// @param kind   kind of the errors: kUsage for what a user wrote, kBadInput for a manifest
/// Throws Error(kind) for an unknown name (with the nearest known one), a value of the wrong JSON type or out
/// of range: "run.json: visit_triples = 0: expected 1..65536 triples".
void SettingsFromJson(const nlohmann::ordered_json& json, google::protobuf::Message* settings,
                      const std::string& where, ErrorKind kind = ErrorKind::kBadInput);

/// SettingsFromJson for a --config file. Throws Error(kBadInput) when the file cannot be read or is not JSON,
/// Error(kUsage) when a setting in it is wrong or written twice.
void ReadSettingsFile(const std::filesystem::path& path, google::protobuf::Message* settings);

}  // namespace attune::config
