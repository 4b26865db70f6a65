#include "common/config/value.h"

#include <google/protobuf/descriptor.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>

#include "common/config/nearest.h"

namespace attune::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

[[noreturn]] void Refuse(const SettingInfo& setting, std::string_view text, const ValueSource& source,
                         const std::string& expected) {
  throw Error(source.kind, fmt::format("{} = {}: expected {}{}", source.name, text, expected,
                                       DidYouMean(text, ChoiceTexts(setting))));
}

[[noreturn]] void Refuse(const SettingInfo& setting, std::string_view text, const ValueSource& source) {
  Refuse(setting, text, source, ExpectedText(setting));
}

std::string UnitText(const SettingInfo& setting) {
  return setting.unit.empty() ? "" : " " + setting.unit;
}

/// The whole of `text` as a T, or none.
template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

template <typename T>
bool InRange(const SettingInfo& setting, T value) {
  const auto number = static_cast<double>(value);
  if (setting.min && (number < *setting.min || (setting.above_min && number == *setting.min))) return false;
  return !setting.max || number <= *setting.max;
}

/// Bytes, also as "512MiB".
template <typename T>
std::optional<T> ParseBytes(std::string_view text) {
  constexpr std::array<std::string_view, 4> kSuffixes = {"KiB", "MiB", "GiB", "TiB"};
  unsigned shift = 0;
  for (std::size_t n = 0; n < kSuffixes.size(); ++n) {
    if (!text.ends_with(kSuffixes[n])) continue;
    text.remove_suffix(kSuffixes[n].size());
    shift = 10 * (static_cast<unsigned>(n) + 1);
  }
  const std::optional<T> number = ParseWhole<T>(text);
  if (!number || *number > std::numeric_limits<T>::max() >> shift) return std::nullopt;
  return static_cast<T>(*number << shift);
}

template <typename T>
std::optional<T> ParseOf(const SettingInfo& setting, std::string_view text) {
  if constexpr (std::is_integral_v<T>) {
    if (setting.unit == "bytes") return ParseBytes<T>(text);
  }
  return ParseWhole<T>(text);
}

template <typename T>
T ParseNumber(const SettingInfo& setting, std::string_view text, const ValueSource& source) {
  const std::optional<T> value = ParseOf<T>(setting, text);
  if (!value || !std::isfinite(static_cast<double>(*value))) Refuse(setting, text, source);
  if (!InRange(setting, *value)) Refuse(setting, text, source, RangeText(setting) + UnitText(setting));
  return *value;
}

bool ParseBool(const SettingInfo& setting, std::string_view text, const ValueSource& source) {
  if (text != "true" && text != "false") Refuse(setting, text, source);
  return text == "true";
}

int ParseChoice(const SettingInfo& setting, std::string_view text, const ValueSource& source) {
  for (const Choice& choice : setting.choices) {
    if (choice.text == text) return choice.number;
  }
  Refuse(setting, text, source);
}

std::string ChoiceText(const SettingInfo& setting, int number) {
  for (const Choice& choice : setting.choices) {
    if (choice.number == number) return choice.text;
  }
  return std::to_string(number);
}

std::string BoolText(bool value) {
  return value ? "true" : "false";
}

/// The message that directly holds the leaf, made if missing.
Message* MutableHolder(const SettingInfo& setting, Message* message) {
  for (std::size_t i = 0; i + 1 < setting.path.size(); ++i)
    message = message->GetReflection()->MutableMessage(message, setting.path[i]);
  return message;
}

/// The message that directly holds the leaf; the default one when it is missing.
const Message& Holder(const SettingInfo& setting, const Message& message) {
  const Message* holder = &message;
  for (std::size_t i = 0; i + 1 < setting.path.size(); ++i)
    holder = &holder->GetReflection()->GetMessage(*holder, setting.path[i]);
  return *holder;
}

/// Gives `value` to Set, or to Add for a repeated field.
template <typename T>
void Store(const SettingInfo& setting, Message* message, T value,
           void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
           void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  Message* const holder = MutableHolder(setting, message);
  const auto store = setting.repeated ? add : set;
  (holder->GetReflection()->*store)(holder, &setting.leaf(), std::move(value));
}

/// The text of one value: number `index` of a repeated field, else the value in effect.
std::string TextAt(const SettingInfo& setting, const Message& holder, int index) {
  const Reflection& get = *holder.GetReflection();
  const FieldDescriptor* const field = &setting.leaf();
  const bool many = setting.repeated;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return BoolText(get.GetBool(holder, field));
    case FieldDescriptor::CPPTYPE_INT32:
      return fmt::format("{}",
                         many ? get.GetRepeatedInt32(holder, field, index) : get.GetInt32(holder, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return fmt::format("{}",
                         many ? get.GetRepeatedInt64(holder, field, index) : get.GetInt64(holder, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return fmt::format("{}",
                         many ? get.GetRepeatedUInt32(holder, field, index) : get.GetUInt32(holder, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return fmt::format("{}",
                         many ? get.GetRepeatedUInt64(holder, field, index) : get.GetUInt64(holder, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return fmt::format("{}",
                         many ? get.GetRepeatedFloat(holder, field, index) : get.GetFloat(holder, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}",
                         many ? get.GetRepeatedDouble(holder, field, index) : get.GetDouble(holder, field));
    case FieldDescriptor::CPPTYPE_STRING:
      return many ? get.GetRepeatedString(holder, field, index) : get.GetString(holder, field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return ChoiceText(
          setting, many ? get.GetRepeatedEnumValue(holder, field, index) : get.GetEnumValue(holder, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

std::string TypeText(const SettingInfo& setting) {
  switch (setting.type) {
    case ValueType::kBool:
      return "true or false";
    case ValueType::kSigned:
    case ValueType::kUnsigned:
      return "a whole number";
    case ValueType::kNumber:
      return "a number";
    case ValueType::kText:
      return "text";
    case ValueType::kChoice:
      return JoinWithOr(ChoiceTexts(setting));
  }
  return "";
}

}  // namespace

void SetFromText(const SettingInfo& setting, std::string_view text, const ValueSource& source,
                 Message* message) {
  if (setting.path_use != PATH_USE_NONE && text.empty())
    throw Error(source.kind, fmt::format("{} is empty: expected {}", source.name, setting.placeholder));
  switch (setting.leaf().cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Store(setting, message, ParseBool(setting, text, source), &Reflection::SetBool,
                   &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_INT32:
      return Store(setting, message, ParseNumber<std::int32_t>(setting, text, source), &Reflection::SetInt32,
                   &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return Store(setting, message, ParseNumber<std::int64_t>(setting, text, source), &Reflection::SetInt64,
                   &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Store(setting, message, ParseNumber<std::uint32_t>(setting, text, source),
                   &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Store(setting, message, ParseNumber<std::uint64_t>(setting, text, source),
                   &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Store(setting, message, ParseNumber<float>(setting, text, source), &Reflection::SetFloat,
                   &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Store(setting, message, ParseNumber<double>(setting, text, source), &Reflection::SetDouble,
                   &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_STRING:
      return Store<std::string>(setting, message, std::string(text), &Reflection::SetString,
                                &Reflection::AddString);
    case FieldDescriptor::CPPTYPE_ENUM:
      return Store(setting, message, ParseChoice(setting, text, source), &Reflection::SetEnumValue,
                   &Reflection::AddEnumValue);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  ATTUNE_CHECK(false);  // a setting is never a message
}

void ClearSetting(const SettingInfo& setting, Message* message) {
  if (!IsSet(setting, *message)) return;
  Message* const holder = MutableHolder(setting, message);
  holder->GetReflection()->ClearField(holder, &setting.leaf());
}

bool IsSet(const SettingInfo& setting, const Message& message) {
  const Message& holder = Holder(setting, message);
  const Reflection& reflection = *holder.GetReflection();
  return setting.repeated ? reflection.FieldSize(holder, &setting.leaf()) > 0
                          : reflection.HasField(holder, &setting.leaf());
}

std::vector<std::string> ValueTexts(const SettingInfo& setting, const Message& message) {
  const Message& holder = Holder(setting, message);
  std::vector<std::string> texts;
  if (setting.repeated) {
    const int count = holder.GetReflection()->FieldSize(holder, &setting.leaf());
    for (int i = 0; i < count; ++i) texts.push_back(TextAt(setting, holder, i));
  } else if (IsSet(setting, message) || setting.default_text) {
    texts.push_back(TextAt(setting, holder, 0));
  }
  return texts;
}

std::optional<std::string> DefaultText(const SettingInfo& setting) {
  const FieldDescriptor& field = setting.leaf();
  if (!field.has_default_value()) return std::nullopt;
  const Message* const holder =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(field.containing_type());
  return TextAt(setting, *holder, 0);
}

std::string ExpectedText(const SettingInfo& setting) {
  const std::string range = RangeText(setting);
  return TypeText(setting) + (range.empty() ? "" : ", " + range) + UnitText(setting);
}

}  // namespace attune::config
