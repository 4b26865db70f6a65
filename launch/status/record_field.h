#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

/// Fields of records that others may have written: absent where they are not what is expected.
namespace attune::launch {

inline const nlohmann::ordered_json* FieldOf(const nlohmann::ordered_json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() ? nullptr : &*at;
}

inline std::optional<double> NumberOf(const nlohmann::ordered_json& object, const char* name) {
  const auto* field = FieldOf(object, name);
  return field != nullptr && field->is_number() ? std::optional(field->get<double>()) : std::nullopt;
}

/// A number of things, 0 where it is none or makes no sense.
inline std::uint64_t CountOf(const nlohmann::ordered_json& object, const char* name) {
  const auto* field = FieldOf(object, name);
  if (field == nullptr || !field->is_number_integer()) return 0;
  if (field->is_number_unsigned()) return field->get<std::uint64_t>();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, field->get<std::int64_t>()));
}

inline std::string TextOf(const nlohmann::ordered_json& object, const char* name) {
  const auto* field = FieldOf(object, name);
  return field != nullptr && field->is_string() ? field->get<std::string>() : std::string();
}

}  // namespace attune::launch
