#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace attune::launch {

/// What --dry-run prints: the effective settings, then what they imply. For machines that is one document,
/// {"settings": {…}, …}.
/// @param implied  members of that document besides the settings
/// @param text     the same for people
void PrintDryRun(const google::protobuf::Message& settings, const nlohmann::ordered_json& implied,
                 const std::string& text, bool json);

}  // namespace attune::launch
