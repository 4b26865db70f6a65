#include "common/config/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

#include "common/config/nearest.h"
#include "common/config/schema.h"
#include "common/config/settings_json.h"
#include "common/config/value.h"
#include "common/error.h"

namespace attune::config {
namespace {

using google::protobuf::Message;

constexpr std::array<std::pair<const char*, log::Level>, 5> kLogLevels{{{"debug", log::Level::kDebug},
                                                                        {"info", log::Level::kInfo},
                                                                        {"warning", log::Level::kWarning},
                                                                        {"error", log::Level::kError},
                                                                        {"off", log::Level::kOff}}};

std::vector<std::string> LogLevelNames() {
  std::vector<std::string> names;
  for (const auto& level : kLogLevels) names.emplace_back(level.first);
  return names;
}

log::Level ParseLogLevel(const std::string& text) {
  for (const auto& [name, level] : kLogLevels) {
    if (text == name) return level;
  }
  const std::vector<std::string> names = LogLevelNames();
  ThrowUsage("--log-level = {}: expected {}{}", text, JoinWithOr(names), DidYouMean(text, names));
}

std::string NoFlag(const SettingInfo& setting) {
  return "--no-" + setting.flag.substr(2);
}

/// Splits arguments into the texts given for each flag. The parser library sees texts only: types, ranges and
/// repetitions are checked here and in value.h, so that every error reads alike.
class ArgumentParser {
 public:
  ArgumentParser(const CommandLineSpec& spec, const Schema& schema) : command_(spec.name), schema_(schema) {
    app_.set_help_flag();
    app_.allow_extras();
    for (const SettingInfo& setting : schema.settings()) setting_options_.push_back(AddSetting(setting));
    config_ = AddOption("--config");
    log_level_ = AddOption("--log-level");
    json_ = AddSwitch("--json", "--json");
    if (spec.supports_dry_run) dry_run_ = AddSwitch("--dry-run", "--dry-run");
    help_ = AddSwitch("--help", "-h,--help");
  }

  /// Throws Error(kUsage) for what is no known flag and for flags without a value.
  void Parse(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) RefuseEmptyValue(argument);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
      app_.parse(std::move(reversed));
    } catch (const CLI::ParseError&) {
      // The one mistake left to the library is to end where a value should follow.
      ThrowUsage("{}: a value is missing", arguments.empty() ? command_ : arguments.back());
    }
    if (Given(help_)) return;
    RefuseFlagsAsValues(arguments);
    RefuseExtras();
  }

  bool help() const { return Given(help_); }
  bool json() const { return IsOn(json_, "--json"); }
  bool dry_run() const { return dry_run_ != nullptr && IsOn(dry_run_, "--dry-run"); }
  /// The value of --config, or null.
  const std::string* config() const { return SingleText(config_, "--config"); }
  /// The value of --log-level, or null.
  const std::string* log_level() const { return SingleText(log_level_, "--log-level"); }

  /// Texts given for setting number `index` of the schema.
  const std::vector<std::string>& TextsOf(std::size_t index) const {
    const SettingInfo& setting = schema_.settings()[index];
    const std::vector<std::string>& texts = setting_options_[index]->results();
    if (!setting.repeated) RefuseRepetition(texts, setting.flag);
    return texts;
  }

 private:
  static bool Given(const CLI::Option* option) { return option->count() > 0; }

  static bool IsOn(const CLI::Option* option, const std::string& flag) {
    RefuseRepetition(option->results(), flag);
    if (!Given(option)) return false;
    const std::string& text = option->results().front();
    if (text != "true" && text != "false") ThrowUsage("{} = {}: expected true or false", flag, text);
    return text == "true";
  }

  CLI::Option* AddOption(const std::string& names) {
    return app_.add_option(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  CLI::Option* AddSwitch(const std::string& flag, const std::string& names) {
    known_flags_.push_back(flag);
    return app_.add_flag(names);
  }

  CLI::Option* AddSetting(const SettingInfo& setting) {
    known_flags_.push_back(setting.flag);
    if (setting.type == ValueType::kBool) {
      known_flags_.push_back(NoFlag(setting));
      return app_.add_flag(setting.flag + ",!" + NoFlag(setting))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    value_flags_.push_back(setting.flag);
    std::string names = setting.flag;
    if (setting.name.size() == 1) {
      known_flags_.push_back("-" + setting.name);
      value_flags_.push_back("-" + setting.name);
      names += ",-" + setting.name;
    }
    if (setting.positional) names += "," + setting.name;
    CLI::Option* const option = AddOption(names);
    if (setting.repeated) option->expected(-1);
    return option;
  }

  const std::string* SingleText(const CLI::Option* option, const std::string& flag) const {
    RefuseRepetition(option->results(), flag);
    if (!Given(option)) return nullptr;
    if (option->results().front().empty()) ThrowUsage("{} is empty", flag);
    return &option->results().front();
  }

  static void RefuseEmptyValue(const std::string& argument) {
    if (argument.size() > 3 && argument.compare(0, 2, "--") == 0 && argument.find('=') + 1 == argument.size())
      ThrowUsage("{}: a value is missing", argument.substr(0, argument.size() - 1));
  }

  static void RefuseRepetition(const std::vector<std::string>& texts, const std::string& flag) {
    if (texts.size() > 1)
      ThrowUsage("{} is given {} times: '{}', then '{}'", flag, texts.size(), texts[0], texts[1]);
  }

  /// The library takes whatever follows a flag for its value. What begins like a flag has to be bound to it:
  /// --title=--seed.
  void RefuseFlagsAsValues(const std::vector<std::string>& arguments) const {
    for (std::size_t n = 0; n + 1 < arguments.size() && arguments[n] != "--"; ++n) {
      if (!Contains(value_flags_, arguments[n])) continue;
      ++n;
      if (Contains(known_flags_, arguments[n]))
        ThrowUsage("{}: a value is missing before '{}'", arguments[n - 1], arguments[n]);
    }
  }

  static bool Contains(const std::vector<std::string>& flags, const std::string& text) {
    return std::find(flags.begin(), flags.end(), text) != flags.end();
  }

  void RefuseExtras() const {
    std::vector<std::string> extras = app_.remaining();
    extras.erase(std::remove(extras.begin(), extras.end(), "--"), extras.end());
    if (extras.empty()) return;
    const auto flag = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& text) { return text.size() > 1 && text[0] == '-'; });
    if (flag == extras.end()) {
      const bool truth = extras.front() == "true" || extras.front() == "false";
      ThrowUsage("unexpected argument '{}'{}", extras.front(),
                 truth ? "; switches are written --name, --no-name or --name=false" : "");
    }
    const std::string name = flag->substr(0, flag->find('='));
    ThrowUsage("unknown setting '{}'{}; 'attune {} --help' lists the settings", name,
               DidYouMean(name, known_flags_), command_);
  }

  std::string command_;
  const Schema& schema_;
  CLI::App app_;
  std::vector<std::string> known_flags_{"--config", "--log-level"};
  std::vector<std::string> value_flags_{"--config", "--log-level"};  ///< that a value follows
  std::vector<CLI::Option*> setting_options_;  // owned by app_, in the order of the schema
  CLI::Option* config_ = nullptr;
  CLI::Option* log_level_ = nullptr;
  CLI::Option* json_ = nullptr;
  CLI::Option* dry_run_ = nullptr;
  CLI::Option* help_ = nullptr;
};

/// Only a file can have one in a value. Paths and messages would end there.
void RefuseNul(const std::string& file, const Schema& schema, const Message& settings) {
  for (const SettingInfo& setting : schema.settings()) {
    for (std::string text : ValueTexts(setting, settings)) {
      std::size_t at = text.find('\0');
      if (at == std::string::npos) continue;
      for (; at != std::string::npos; at = text.find('\0')) text.replace(at, 1, "\\x00");
      ThrowUsage("{}: {} = {}: a value has no NUL character (\\x00)", file, setting.name, text);
    }
  }
}

void ApplyFlags(const ArgumentParser& parser, const Schema& schema, Message* settings) {
  for (std::size_t i = 0; i < schema.settings().size(); ++i) {
    const SettingInfo& setting = schema.settings()[i];
    const std::vector<std::string>& texts = parser.TextsOf(i);
    if (texts.empty()) continue;
    ClearSetting(setting, settings);
    for (const std::string& text : texts) SetFromText(setting, text, {setting.flag}, settings);
  }
}

void RefuseMissing(const CommandLineSpec& spec, const Schema& schema, const Message& settings) {
  std::string missing;
  std::size_t count = 0;
  for (const SettingInfo& setting : schema.settings()) {
    if (!setting.required || IsSet(setting, settings)) continue;
    if (!setting.unless.empty() && IsSet(*schema.Find(setting.unless), settings)) continue;
    missing += fmt::format("{}{} {}", count > 0 ? " and " : "", setting.flag, setting.placeholder);
    ++count;
  }
  if (count == 0) return;
  ThrowUsage("{} {} required; 'attune {} --help' lists the settings", missing, count > 1 ? "are" : "is",
             spec.name);
}

}  // namespace

std::vector<CommonFlag> CommonFlags(const CommandLineSpec& spec) {
  std::vector<CommonFlag> flags{
      {"--config", "FILE", "read settings from this JSON file: {\"name\": value}; flags win over it"},
      {"--json", "", "write results for machines, as JSON"},
      {"--log-level", "NAME",
       "least level that is logged: " + JoinWithOr(LogLevelNames()) + "; default info"}};
  if (spec.supports_dry_run) {
    flags.push_back({"--dry-run", "", "only print the effective settings and what they imply"});
  }
  flags.push_back({"--help", "", "print this text"});
  return flags;
}

ParsedCommandLine ParseCommandLine(const CommandLineSpec& spec, const Message& prototype,
                                   const std::vector<std::string>& arguments) {
  const Schema schema(*prototype.GetDescriptor());
  ArgumentParser parser(spec, schema);
  parser.Parse(arguments);
  ParsedCommandLine parsed;
  parsed.settings.reset(prototype.New());
  parsed.help = parser.help();
  if (parsed.help) return parsed;
  parsed.json = parser.json();
  parsed.dry_run = parser.dry_run();
  if (const std::string* const level = parser.log_level()) parsed.log_level = ParseLogLevel(*level);
  if (const std::string* const file = parser.config()) {
    ReadSettingsFile(*file, parsed.settings.get());
    RefuseNul(*file, schema, *parsed.settings);
    parsed.config = *file;
  }
  ApplyFlags(parser, schema, parsed.settings.get());
  RefuseMissing(spec, schema, *parsed.settings);
  return parsed;
}

}  // namespace attune::config
