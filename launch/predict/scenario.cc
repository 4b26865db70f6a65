#include "launch/predict/scenario.h"

#include <nlohmann/json.hpp>

namespace attune::predict {

nlohmann::ordered_json ToJson(const Touch& touch) {
  nlohmann::ordered_json different = nlohmann::ordered_json::array();
  for (const double items : touch.table()) {
    different.push_back(items);
    // All of them, but for what rounding leaves.
    if (items > touch.items() * (1 - 1e-9)) break;
  }
  return {{"items", touch.items()},
          {"steps_of_doubling", Touch::kStepsOfDoubling},
          {"different", std::move(different)}};
}

nlohmann::ordered_json ToJson(const Scenario& scenario) {
  return {{"cores", scenario.cores},
          {"shared_cores", scenario.shared_cores},
          {"bandwidth_bytes_s", scenario.bandwidth},
          {"latency_s", scenario.latency},
          {"oversubscription", scenario.oversubscription},
          {"encrypted", scenario.encrypted},
          {"triple_s", scenario.triple},
          {"row_bytes", scenario.row_bytes()},
          {"replicated", ToJson(scenario.replicated)},
          {"pulled", ToJson(scenario.tail)},
          {"batch_triples", scenario.batch_triples},
          {"batches_of_round", scenario.batches_of_round},
          {"staleness", scenario.staleness},
          {"slices", scenario.slices},
          {"slice_triples", scenario.slice_triples},
          {"slice_users", scenario.slice_users},
          {"host_spread", scenario.host_spread},
          {"jitter", scenario.jitter},
          {"seconds", scenario.seconds},
          {"rounds", scenario.rounds}};
}

}  // namespace attune::predict
