#include "launch/predict/costs.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"

namespace attune::predict {
namespace {

using nlohmann::ordered_json;

constexpr const char* kKind = "attune costs";
constexpr int kVersion = 1;

struct Field {
  const char* name;
  double Costs::*number;
};
constexpr Field kNumbers[] = {
    {"record_floats", &Costs::record_floats},
    {"user_floats", &Costs::user_floats},
    {"theta_floats", &Costs::theta_floats},
    {"triple_s", &Costs::triple},
    {"triple_of_batch_s", &Costs::triple_of_batch},
    {"scan_row_s", &Costs::scan_row},
    {"send_row_s", &Costs::send_row},
    {"apply_row_s", &Costs::apply_row},
    {"owner_scan_row_s", &Costs::owner_scan_row},
    {"answer_row_s", &Costs::answer_row},
    {"replace_row_s", &Costs::replace_row},
    {"pull_row_s", &Costs::pull_row},
    {"push_row_s", &Costs::push_row},
    {"visit_row_s", &Costs::visit_row},
    {"theta_s", &Costs::theta},
    {"warm_row_s", &Costs::warm_row},
    {"cold_row_s", &Costs::cold_row},
    {"hop_s", &Costs::hop},
};
struct MessageField {
  const char* name;
  ByteCost Costs::*cost;
};
constexpr MessageField kMessages[] = {{"send", &Costs::send},
                                      {"receive", &Costs::receive},
                                      {"carry", &Costs::carry},
                                      {"carry_encrypted", &Costs::carry_encrypted}};

double NumberOf(const ordered_json& json, const std::string& name, const std::filesystem::path& file) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_number() || !std::isfinite(at->get<double>()) || at->get<double>() < 0) {
    ThrowBadInput("{}: {} is {}; expected a number of 0 or more, as attune predict --calibrate writes it",
                  file.string(), name, at == json.end() ? "missing" : io::JsonText(*at));
  }
  return at->get<double>();
}

}  // namespace

ordered_json ToJson(const Costs& costs) {
  ordered_json json = {{"kind", kKind},
                       {"format_version", kVersion},
                       {"machine", costs.machine},
                       {"threads", costs.threads},
                       {"model", costs.model},
                       {"has_history", costs.has_history}};
  for (const Field& field : kNumbers) json[field.name] = costs.*field.number;
  for (const MessageField& field : kMessages) {
    const ByteCost& cost = costs.*field.cost;
    json[field.name] = {{"each_s", cost.each}, {"byte_s", cost.byte}};
  }
  return json;
}

Costs ReadCosts(const std::filesystem::path& file) {
  const ordered_json json = io::ReadJson(file);
  if (!json.is_object() || json.value("kind", ordered_json()) != kKind ||
      json.value("format_version", ordered_json()) != kVersion) {
    ThrowBadInput("{}: is no file of costs; make one with attune predict --calibrate --data DATA --out FILE",
                  file.string());
  }
  Costs costs;
  for (const Field& field : kNumbers) costs.*field.number = NumberOf(json, field.name, file);
  for (const MessageField& field : kMessages) {
    const auto at = json.find(field.name);
    if (at == json.end() || !at->is_object()) ThrowBadInput("{}: {} is missing", file.string(), field.name);
    costs.*field.cost = {NumberOf(*at, "each_s", file), NumberOf(*at, "byte_s", file)};
  }
  if (costs.triple <= 0 || costs.record_floats <= 0) {
    ThrowBadInput("{}: triple_s and record_floats must be more than 0", file.string());
  }
  const auto text = [&](const char* name) {
    const auto at = json.find(name);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string("?");
  };
  costs.machine = text("machine");
  costs.model = text("model");
  costs.threads = static_cast<unsigned>(NumberOf(json, "threads", file));
  const auto history = json.find("has_history");
  if (history == json.end() || !history->is_boolean()) {
    ThrowBadInput("{}: has_history is neither true nor false", file.string());
  }
  costs.has_history = history->get<bool>();
  return costs;
}

}  // namespace attune::predict
