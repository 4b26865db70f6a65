#include "launch/scale/machine_limits.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/run/metrics_log.h"
#include "common/thread.h"
#include "launch/runs/process_end.h"
#include "launch/scale/figures.h"
#include "launch/scale/machine_speed.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kLook(200);

/// Throws json::exception unless it is what MachineLimits::Measure() writes.
void RequireMeasurement(const ordered_json& measurement) {
  measurement.at("time").get_ref<const std::string&>();
  for (const char* key : {"memory_bytes_per_s", "multiply_adds_per_s"}) {
    measurement.at(key).get_ref<const ordered_json::object_t&>();
    for (const auto& value : measurement.at(key)) value.get<double>();
  }
  for (const char* key : {"round_trip_us", "link_bytes_per_s"})
    if (measurement.contains(key)) measurement.at(key).get<double>();
  if (measurement.contains("processors")) measurement.at("processors").get<std::vector<std::string>>();
}

ordered_json ReadMeasurements(const std::filesystem::path& path) {
  ordered_json measurements = io::ReadJson(path);
  try {
    measurements.get_ref<const ordered_json::array_t&>();
    for (const auto& measurement : measurements) RequireMeasurement(measurement);
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: not measurements of attune scale: {}; remove it to have the machine measured again",
                  path.string(), error.what());
  }
  return measurements;
}

}  // namespace

MachineLimits::MachineLimits(const std::filesystem::path& out, std::vector<std::string> launcher)
    : out_(out), launcher_(std::move(launcher)) {
  const auto path = out_ / "machine.json";
  if (std::filesystem::exists(path)) measurements_ = ReadMeasurements(path);
}

bool MachineLimits::Measure(ProcessPool& pool) {
  ordered_json measurement = {{"time", FormatUtc(std::chrono::system_clock::now())}};
  for (const unsigned threads : {1u, AvailableProcessors()}) {
    const MachineSpeed speed = MeasureMachine(threads);
    measurement["memory_bytes_per_s"][std::to_string(threads)] = speed.memory_bytes_per_s;
    measurement["multiply_adds_per_s"][std::to_string(threads)] = speed.multiply_adds_per_s;
  }
  pool.Start(0, {"doctor", "--json"}, launcher_, out_ / "doctor.json", out_ / "doctor.log");
  std::optional<ProcessPool::Ended> ended;
  while (!(ended = pool.Wait(kLook))) {
    if (pool.interrupted()) return false;
  }
  AddLinks(*ended, measurement);
  measurements_.push_back(measurement);
  io::WriteFileAtomically(out_ / "machine.json", io::JsonText(measurements_, 1) + "\n");
  return true;
}

void MachineLimits::AddLinks(const ProcessPool::Ended& ended, ordered_json& measurement) const {
  const auto log = out_ / "doctor.log";
  try {
    // Doctor has another exit code for what is wrong with the hosts, too, and then it has measured well.
    if (!ended.well() && std::filesystem::is_empty(out_ / "doctor.json"))
      ThrowFailed("{}", WhyEnded(ended, log));
    const ordered_json doctor = io::ReadJson(out_ / "doctor.json");
    std::vector<double> round_trips, rates;
    for (const auto& pair : doctor.at("pairs")) {
      if (!pair.at("problem").get<std::string>().empty()) continue;
      round_trips.push_back(pair.at("round_trip_us"));
      rates.push_back(pair.at("sent_bytes_per_s"));
    }
    measurement["processors"] = ordered_json::array();
    for (const auto& rank : doctor.at("ranks")) measurement["processors"].push_back(rank.at("processor"));
    if (round_trips.empty()) ThrowFailed("no pair of processes could be measured");
    measurement["round_trip_us"] = SpreadOfRepeats(round_trips).median;
    measurement["link_bytes_per_s"] = SpreadOfRepeats(rates).median;
  } catch (const std::exception& error) {
    log::Warning("messages between processes were not measured: {}; see {}", error.what(), log.string());
  }
}

}  // namespace attune::launch
