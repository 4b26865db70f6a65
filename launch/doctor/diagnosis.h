#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/config/doctor.pb.h"
#include "launch/doctor/host_facts.h"
#include "launch/doctor/pair_probe.h"

namespace attune::launch {

/// How a check ended.
enum class Health {
  kWell,
  kDoubtful,  ///< a job runs, but not as it could
  kIll,       ///< a job would fail
};

/// One line of the table.
struct Finding {
  std::string check;
  Health health = Health::kWell;
  std::string found;
  std::string advice;  ///< what to do; empty if all is well
};

/// What all ranks have found.
struct Examination {
  config::DoctorSettings settings;  ///< rank 0's
  std::vector<HostFacts> ranks;     ///< by rank
  std::string network_problem;      ///< why no pairs were measured
  std::vector<PairFigures> pairs;
};

/// What that means, check by check.
std::vector<Finding> Diagnose(const Examination& examination);

/// Exit code: 1 if something is ill, else 0.
int ExitCodeOf(const std::vector<Finding>& findings);

/// For people: a line for each check, what to do under it, then the pairs.
std::string TableOf(const std::vector<Finding>& findings, const Examination& examination);

/// For machines: {"checks": […], "ranks": […], "pairs": […], "exit_code": 0}
nlohmann::ordered_json JsonOf(const std::vector<Finding>& findings, const Examination& examination);

}  // namespace attune::launch
