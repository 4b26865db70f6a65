#include "launch/study/grid.h"

#include <algorithm>
#include <array>

#include "common/config/nearest.h"
#include "common/config/schema.h"
#include "common/config/train.pb.h"
#include "common/config/value.h"
#include "common/error.h"
#include "common/random.h"
#include "launch/runs/words.h"

namespace attune::launch {
namespace {

/// More points than this are not counted, let alone tried.
constexpr std::uint64_t kMostPoints = 1'000'000'000;

/// What the study decides for every run, and where it is set.
constexpr std::array<std::pair<const char*, const char*>, 10> kOwn = {{{"dim", "--dims"},
                                                                       {"seed", "--seeds"},
                                                                       {"epochs", "--epochs"},
                                                                       {"evaluate_every", "--evaluate-every"},
                                                                       {"patience", "--patience"},
                                                                       {"metric", "--metric"},
                                                                       {"threads", "--threads"},
                                                                       {"data", "--data"},
                                                                       {"out", "--out"},
                                                                       {"init_from", "--methods"}}};

/// Settings of a run's place and record, which make no sense for each of many.
bool IsOfTheRun(const config::SettingInfo& setting) {
  const auto* const group = setting.path.front()->message_type();
  return group == config::RunSettings::descriptor() || group == config::ClusterSettings::descriptor();
}

/// Values may be written in several ways: 0.05 is 0.050, and is tried once.
void CheckValues(const config::SettingInfo& setting, const std::string& name,
                 const std::vector<std::string>& texts) {
  std::vector<std::vector<std::string>> values;
  for (const std::string& text : texts) {
    config::TrainSettings scratch;
    config::SetFromText(setting, text, {"--vary " + name}, &scratch);
    const std::vector<std::string> value = config::ValueTexts(setting, scratch);
    const auto same = std::find(values.begin(), values.end(), value);
    if (same != values.end()) {
      const std::string& first = texts[static_cast<std::size_t>(same - values.begin())];
      ThrowUsage("--vary {}: the value {} is given twice{}", name, first,
                 first == text ? "" : ", once as " + text);
    }
    values.push_back(value);
  }
}

void CheckVariation(const config::Schema& schema, const std::string& name, const Axis& axis) {
  for (const auto& [own, flag] : kOwn) {
    if (axis.name == own) ThrowUsage("--vary {}: the study sets {} itself; see {}", name, own, flag);
  }
  const config::SettingInfo* setting = schema.Find(axis.name);
  if (setting == nullptr) {
    ThrowUsage("--vary {}: attune train has no setting '{}'{}", name, axis.name,
               config::DidYouMean(axis.name, schema.Names()));
  }
  if (IsOfTheRun(*setting)) ThrowUsage("--vary {}: '{}' is no hyper-parameter", name, axis.name);
  CheckValues(*setting, name, axis.values);
}

/// A method is one of ours, and a variation leaves it what it is.
void CheckMethod(const std::string& name, const Variation& variation) {
  const std::string& method = variation.method;
  std::vector<std::string> known;
  for (const Method& one : AllMethods()) {
    known.push_back(one.name);
    if (one.name != method) continue;
    for (const SettingText& own : one.settings) {
      if (own.name != variation.axis.name) continue;
      ThrowUsage("--vary {}: {} is what it is by {} {}; it cannot be varied", name, method, own.name,
                 own.text);
    }
    return;
  }
  ThrowUsage("--vary {}: unknown method '{}'{}; known are {}", name, method,
             config::DidYouMean(method, known), JoinWords(known, ", "));
}

void CheckOnce(const std::string& name, const Variation& variation, const std::vector<Variation>& before) {
  const bool twice = std::any_of(before.begin(), before.end(), [&](const Variation& other) {
    return other.method == variation.method && other.axis.name == variation.axis.name;
  });
  if (twice) ThrowUsage("--vary {}: it is given twice; list its values once, as in {}=1,2", name, name);
}

}  // namespace

std::vector<Variation> ParseVariations(const std::string& text) {
  const config::Schema schema(*config::TrainSettings::descriptor());
  std::vector<Variation> variations;
  for (const std::string& part : SplitWords(text, ';')) {
    const std::size_t equals = part.find('=');
    Variation variation;
    if (equals != std::string::npos) variation.axis.values = SplitWords(part.substr(equals + 1), ',');
    const std::vector<std::string> names = SplitWords(part.substr(0, equals), '=');
    if (variation.axis.values.empty() || names.empty())
      ThrowUsage("--vary '{}': expected NAME=VALUE,VALUE or METHOD.NAME=VALUE,VALUE", part);
    const std::string& name = names.front();
    const std::size_t dot = name.find('.');
    if (dot != std::string::npos) {
      variation.method = name.substr(0, dot);
      variation.axis.name = name.substr(dot + 1);
      CheckMethod(name, variation);
    } else {
      variation.axis.name = name;
    }
    CheckVariation(schema, name, variation.axis);
    CheckOnce(name, variation, variations);
    variations.push_back(std::move(variation));
  }
  return variations;
}

std::uint64_t CountPoints(const std::vector<Axis>& axes, std::uint64_t most) {
  std::uint64_t points = 1;
  for (const Axis& axis : axes) points = std::min(points * axis.values.size(), most + 1);
  return points;
}

std::vector<std::vector<SettingText>> DrawTrials(const std::vector<Axis>& axes, std::uint32_t trials) {
  const std::uint64_t points = CountPoints(axes, kMostPoints);
  if (points > kMostPoints) ThrowUsage("--vary: a grid of more than {} points", kMostPoints);
  std::vector<std::vector<SettingText>> drawn;
  const auto others = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, points - 1));
  const random::Permutation order(others, {1, 2, 3, 4});
  for (std::uint32_t trial = 0; trial < std::min<std::uint64_t>(trials, points); ++trial) {
    std::uint64_t point = trial == 0 ? 0 : 1 + order(trial - 1);
    std::vector<SettingText> settings;
    for (const Axis& axis : axes) {
      settings.push_back({axis.name, axis.values[point % axis.values.size()]});
      point /= axis.values.size();
    }
    drawn.push_back(std::move(settings));
  }
  return drawn;
}

}  // namespace attune::launch
