#include "common/config/help.h"

#include <fmt/core.h>

#include <algorithm>

namespace attune::config {
namespace {

constexpr std::size_t kTextColumn = 30;
constexpr std::size_t kChoiceColumn = kTextColumn + 18;

std::string ValueSyntax(const SettingInfo& setting) {
  return setting.placeholder + (setting.repeated ? "..." : "");
}

/// "most triples of a user in one step; 1..65536 triples; default 32".
std::string Description(const SettingInfo& setting) {
  std::string text = setting.help;
  std::string range = RangeText(setting);
  if (!setting.unit.empty()) range += (range.empty() ? "" : " ") + setting.unit;
  if (!range.empty()) text += "; " + range;
  if (setting.required) text += "; required";
  if (setting.type == ValueType::kBool) {
    text += setting.default_text == "true" ? "; default on" : "; default off";
  } else if (setting.default_text) {
    text += "; default " + (setting.default_text->empty() ? "empty" : *setting.default_text);
  }
  return text;
}

std::string ChoiceEntry(const Choice& choice) {
  return HelpEntry(std::string(kTextColumn + 2, ' ') + choice.text, choice.meaning, kChoiceColumn + 2);
}

std::string SettingEntry(const SettingInfo& setting) {
  std::string text = HelpEntry("  " + FlagSyntax(setting), Description(setting), kTextColumn);
  for (const Choice& choice : setting.choices) text += ChoiceEntry(choice);
  return text;
}

}  // namespace

std::vector<std::string> WrapText(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    if (!line.empty() && line.size() + 1 + word.size() > columns) {
      lines.push_back(line);
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string HelpEntry(std::string_view left, std::string_view right, std::size_t indent) {
  const std::vector<std::string> lines = WrapText(right, kHelpColumns - indent);
  std::string text(left);
  if (lines.empty()) return text + '\n';
  const bool fits = left.size() + 1 < indent;
  text += fits ? std::string(indent - left.size(), ' ') : '\n' + std::string(indent, ' ');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += std::string(indent, ' ');
    text += lines[i] + '\n';
  }
  return text;
}

std::string FlagSyntax(const SettingInfo& setting) {
  if (setting.type == ValueType::kBool) return "--[no-]" + setting.flag.substr(2);
  const std::string letter = setting.name.size() == 1 ? "-" + setting.name + ", " : "";
  return letter + setting.flag + " " + ValueSyntax(setting);
}

std::string UsageLine(const CommandLineSpec& spec, const Schema& schema) {
  std::string line = "attune " + spec.name;
  for (const SettingInfo& setting : schema.settings()) {
    const std::string shown = setting.positional ? ValueSyntax(setting) : FlagSyntax(setting);
    if (setting.required) line += " " + shown;
    if (!setting.required && setting.positional) line += " [" + shown + "]";
  }
  return line + " [settings]";
}

std::string HelpText(const CommandLineSpec& spec, const Schema& schema) {
  std::string text =
      fmt::format("attune {}: {}\n\nUsage: {}\n", spec.name, spec.summary, UsageLine(spec, schema));
  std::string heading;
  for (const SettingInfo& setting : schema.settings()) {
    if (setting.heading != heading) {
      heading = setting.heading;
      text += "\n" + heading + "\n";
    }
    text += SettingEntry(setting);
  }
  text += "\nFor every command\n";
  for (const CommonFlag& flag : CommonFlags(spec)) {
    const std::string space = flag.placeholder.empty() ? "" : " ";
    text += HelpEntry("  " + flag.flag + space + flag.placeholder, flag.help, kTextColumn);
  }
  return text;
}

}  // namespace attune::config
