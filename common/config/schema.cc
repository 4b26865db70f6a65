#include "common/config/schema.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "common/config/options.pb.h"
#include "common/config/value.h"

namespace attune::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

template <typename... Args>
[[noreturn]] void ThrowBadSchema(const FieldDescriptor& field, fmt::format_string<Args...> format,
                                 Args&&... args) {
  throw std::logic_error(field.full_name() + ": " + fmt::format(format, std::forward<Args>(args)...));
}

char Upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

bool IsUpper(char c) {
  return std::isupper(static_cast<unsigned char>(c)) != 0;
}

/// "ItemAttention" -> "ITEM_ATTENTION_", "L2Scope" -> "L2_SCOPE_".
std::string EnumPrefix(const std::string& type_name) {
  std::string prefix;
  for (std::size_t i = 0; i < type_name.size(); ++i) {
    if (i > 0 && IsUpper(type_name[i]) && !IsUpper(type_name[i - 1])) prefix += '_';
    prefix += Upper(type_name[i]);
  }
  return prefix + '_';
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<Choice> ChoicesOf(const FieldDescriptor& field) {
  const EnumDescriptor& type = *field.enum_type();
  const std::string prefix = EnumPrefix(type.name());
  std::vector<Choice> choices;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    if (value.name().rfind(prefix, 0) != 0)
      ThrowBadSchema(field, "{} does not begin with {}", value.name(), prefix);
    choices.push_back({LowerCase(value.name().substr(prefix.size())), value.options().GetExtension(meaning),
                       value.number()});
  }
  return choices;
}

ValueType TypeOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return ValueType::kBool;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return ValueType::kSigned;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return ValueType::kUnsigned;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ValueType::kNumber;
    case FieldDescriptor::CPPTYPE_STRING:
      return ValueType::kText;
    case FieldDescriptor::CPPTYPE_ENUM:
      return ValueType::kChoice;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  ThrowBadSchema(field, "not a type that a flag can carry");
}

std::string DefaultPlaceholder(ValueType type) {
  switch (type) {
    case ValueType::kBool:
      return "";
    case ValueType::kSigned:
    case ValueType::kUnsigned:
      return "N";
    case ValueType::kNumber:
      return "X";
    case ValueType::kText:
      return "TEXT";
    case ValueType::kChoice:
      return "NAME";
  }
  return "";
}

std::string FlagOf(const std::string& name) {
  std::string flag = "--" + name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

SettingInfo Describe(const FieldDescriptor& field, const std::string& heading) {
  if (!field.options().HasExtension(setting)) ThrowBadSchema(field, "has no (setting) option");
  const Setting& option = field.options().GetExtension(setting);
  if (option.help().empty()) ThrowBadSchema(field, "has no help");
  SettingInfo info;
  info.name = field.name();
  info.flag = FlagOf(field.name());
  info.heading = heading;
  info.help = option.help();
  info.unit = option.unit();
  info.type = TypeOf(field);
  info.placeholder = option.has_placeholder() ? option.placeholder() : DefaultPlaceholder(info.type);
  info.required = option.required();
  info.unless = option.unless();
  info.positional = option.positional();
  info.repeated = field.is_repeated();
  info.path_use = option.path_use();
  info.holds.assign(option.holds().begin(), option.holds().end());
  if (info.repeated && info.type == ValueType::kBool) ThrowBadSchema(field, "a switch cannot be repeated");
  if (option.has_min()) info.min = option.min();
  if (option.has_max()) info.max = option.max();
  info.above_min = option.above_min();
  if (info.type == ValueType::kUnsigned && !info.min) info.min = 0;
  if (info.type == ValueType::kChoice) info.choices = ChoicesOf(field);
  return info;
}

}  // namespace

Schema::Schema(const Descriptor& message) {
  std::vector<const FieldDescriptor*> path;
  const std::string heading = message.options().GetExtension(group);
  AddFields(message, heading.empty() ? "Settings" : heading, path);
}

void Schema::AddFields(const Descriptor& message, const std::string& heading,
                       std::vector<const FieldDescriptor*>& path) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    path.push_back(&field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_repeated()) {
      const std::string inner = field.message_type()->options().GetExtension(group);
      AddFields(*field.message_type(), inner.empty() ? heading : inner, path);
    } else {
      SettingInfo info = Describe(field, heading);
      if (Find(info.name) != nullptr) ThrowBadSchema(field, "another setting has this name");
      info.path = path;
      info.default_text = DefaultText(info);
      settings_.push_back(std::move(info));
    }
    path.pop_back();
  }
}

const SettingInfo* Schema::Find(std::string_view name) const {
  const auto found = std::find_if(settings_.begin(), settings_.end(),
                                  [&](const SettingInfo& info) { return info.name == name; });
  return found == settings_.end() ? nullptr : &*found;
}

std::vector<std::string> Schema::Names() const {
  std::vector<std::string> names;
  for (const SettingInfo& info : settings_) names.push_back(info.name);
  return names;
}

std::vector<std::string> ChoiceTexts(const SettingInfo& info) {
  std::vector<std::string> texts;
  for (const Choice& choice : info.choices) texts.push_back(choice.text);
  return texts;
}

std::string RangeText(const SettingInfo& info) {
  const bool above = info.above_min;
  if (info.min && info.max && !above) return fmt::format("{}..{}", *info.min, *info.max);
  if (info.min && info.max) return fmt::format("more than {}, at most {}", *info.min, *info.max);
  if (info.min) return fmt::format("{} {}", above ? "more than" : "at least", *info.min);
  if (info.max) return fmt::format("at most {}", *info.max);
  return "";
}

std::string JoinWithOr(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace attune::config
