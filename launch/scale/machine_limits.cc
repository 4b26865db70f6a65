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
#include "launch/scale/figures.h"
#include "launch/scale/machine_speed.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kLook(200);

}  // namespace

MachineLimits::MachineLimits(const std::filesystem::path& out, std::vector<std::string> launcher)
    : out_(out), launcher_(std::move(launcher)) {
  const auto path = out_ / "machine.json";
  if (std::filesystem::exists(path)) measurements_ = io::ReadJson(path);
  if (!measurements_.is_array()) ThrowBadInput("{}: expected measurements of attune scale", path.string());
}

bool MachineLimits::Measure(ProcessPool& pool) {
  ordered_json measurement = {{"time", FormatUtc(std::chrono::system_clock::now())}};
  for (const unsigned threads : {1u, AvailableProcessors()}) {
    const MachineSpeed speed = MeasureMachine(threads);
    measurement["memory_bytes_per_s"][std::to_string(threads)] = speed.memory_bytes_per_s;
    measurement["multiply_adds_per_s"][std::to_string(threads)] = speed.multiply_adds_per_s;
  }
  const auto output = out_ / "doctor.json";
  pool.Start(0, {"doctor", "--json"}, launcher_, output, out_ / "doctor.log");
  while (!pool.Wait(kLook)) {
    if (pool.interrupted()) return false;
  }
  AddLinks(output, measurement);
  measurements_.push_back(measurement);
  io::WriteFileAtomically(out_ / "machine.json", io::JsonText(measurements_, 1) + "\n");
  return true;
}

void MachineLimits::AddLinks(const std::filesystem::path& output, ordered_json& measurement) const {
  try {
    const ordered_json doctor = io::ReadJson(output);
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
    log::Warning("messages between processes were not measured: {}; see {}", error.what(),
                 (out_ / "doctor.log").string());
  }
}

}  // namespace attune::launch
