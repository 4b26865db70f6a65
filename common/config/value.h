#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/schema.h"
#include "common/error.h"

namespace attune::config {

/// Where a value came from, for error messages: "--visit-triples", or "run.json: visit_triples".
struct ValueSource {
  std::string name;
  ErrorKind kind = ErrorKind::kUsage;  ///< kind of the error when the value is refused
};

/// Parses and checks `text` and puts it into `message`; a repeated setting gets one more value.
/// Throws Error(source.kind): "--visit-triples = 0: expected 1..65536 triples"; then nothing has changed.
void SetFromText(const SettingInfo& setting, std::string_view text, const ValueSource& source,
                 google::protobuf::Message* message);

/// Forgets the value or values.
void ClearSetting(const SettingInfo& setting, google::protobuf::Message* message);

/// Whether a value was given; for a repeated setting, whether it has any.
bool IsSet(const SettingInfo& setting, const google::protobuf::Message& message);

/// The values in effect as texts that SetFromText accepts: the one given, else the default, else none.
std::vector<std::string> ValueTexts(const SettingInfo& setting, const google::protobuf::Message& message);

/// The declared default as a text, or none; only `path`, `type` and `choices` of the setting are looked at.
std::optional<std::string> DefaultText(const SettingInfo& setting);

/// What a value must be: "a whole number, 1..65536 triples", "a number", "sgd, adagrad or adam".
std::string ExpectedText(const SettingInfo& setting);

}  // namespace attune::config
