#pragma once

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/path_use.pb.h"

/// The typed settings of a command, read off a protobuf message whose fields carry the
/// (attune.config.setting) option. Flags, the --config file, checks, help and the reference page are all made
/// from a Schema.
namespace attune::config {

/// What a setting holds.
enum class ValueType { kBool, kSigned, kUnsigned, kNumber, kText, kChoice };

/// One value of an enum setting.
struct Choice {
  std::string text;     ///< what is written on the command line: "rowwise_adagrad"
  std::string meaning;  ///< what it does; may be empty
  int number = 0;       ///< the enum value
};

/// One leaf setting.
struct SettingInfo {
  std::string name;         ///< key in the --config file: visit_triples
  std::string flag;         ///< --visit-triples
  std::string heading;      ///< group under which help lists it
  std::string help;         ///< one sentence
  std::string unit;         ///< "triples"; empty for a pure number
  std::string placeholder;  ///< what stands for the value in help: FILE, N; empty for switches
  ValueType type = ValueType::kText;
  bool required = false;
  std::string unless;       ///< not required where the setting of this name is given
  bool positional = false;  ///< also accepted without its flag
  bool repeated = false;    ///< takes several values
  PathUse path_use = PATH_USE_NONE;
  std::vector<std::string> holds;  ///< names in the directory that are the command's own
  std::optional<double> min;
  std::optional<double> max;
  bool above_min = false;                   ///< `min` itself is refused
  std::optional<std::string> default_text;  ///< absent: unset means something of its own
  std::vector<Choice> choices;              ///< of kChoice only
  /// Fields from the outermost message to the leaf.
  std::vector<const google::protobuf::FieldDescriptor*> path;

  const google::protobuf::FieldDescriptor& leaf() const { return *path.back(); }
};

/// Every leaf setting of a message in the order of declaration; messages nested in it are groups.
/// Threads: immutable after construction.
class Schema {
 public:
  /// Throws std::logic_error when the message is not a proper settings message: a leaf without help, a name
  /// used twice, an enum value without the enum's prefix, a type that no flag can carry.
  explicit Schema(const google::protobuf::Descriptor& message);

  const std::vector<SettingInfo>& settings() const { return settings_; }

  /// The setting called `name`, or null.
  const SettingInfo* Find(std::string_view name) const;

  /// Names of all settings.
  std::vector<std::string> Names() const;

 private:
  void AddFields(const google::protobuf::Descriptor& message, const std::string& heading,
                 std::vector<const google::protobuf::FieldDescriptor*>& path);

  std::vector<SettingInfo> settings_;
};

/// Texts of the choices: {"sgd", "adagrad"}.
std::vector<std::string> ChoiceTexts(const SettingInfo& setting);

/// What a value must be, without the unit: "1..65536", "more than 0, at most 100", "at least 0"; empty when
/// every value of the type will do.
std::string RangeText(const SettingInfo& setting);

/// "a, b or c".
std::string JoinWithOr(const std::vector<std::string>& words);

}  // namespace attune::config
