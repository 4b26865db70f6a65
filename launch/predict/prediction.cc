#include "launch/predict/prediction.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/log.h"

namespace attune::predict {
namespace {

Scenario Alone(const config::PredictSettings& settings, const Shape& shape, const Costs& costs) {
  return PlanJob(settings, shape, costs, 1).scenario;
}

void ScaleMessages(Costs& costs, double factor) {
  for (ByteCost* cost : {&costs.send, &costs.receive, &costs.carry, &costs.carry_encrypted}) {
    cost->each *= factor;
    cost->byte *= factor;
  }
  costs.hop *= factor;
}

void ScaleRows(Costs& costs, double factor) {
  for (double* cost :
       {&costs.scan_row, &costs.send_row, &costs.apply_row, &costs.owner_scan_row, &costs.answer_row,
        &costs.replace_row, &costs.pull_row, &costs.push_row, &costs.visit_row}) {
    *cost *= factor;
  }
}

struct Input {
  const char* name;
  std::function<void(Scenario&, double)> scale;
};

/// @param hosts  of the job
const std::vector<Input>& Inputs() {
  static const std::vector<Input> inputs{
      {"bandwidth of the links", [](Scenario& s, double f) { s.bandwidth *= f; }},
      {"latency of the network", [](Scenario& s, double f) { s.latency *= f; }},
      {"processor time of a triple",
       [](Scenario& s, double f) {
         s.triple *= f;
         s.costs.triple_of_batch *= f;
       }},
      {"processor time of messages", [](Scenario& s, double f) { ScaleMessages(s.costs, f); }},
      {"processor time of rows", [](Scenario& s, double f) { ScaleRows(s.costs, f); }},
      {"bytes of a row", [](Scenario& s, double f) { s.costs.record_floats *= f; }},
      {"numbers of Θ",
       [](Scenario& s, double f) {
         s.costs.theta_floats *= f;
         s.costs.theta *= f;
       }},
      {"triples of a batch", [](Scenario& s, double f) { s.batch_triples *= f; }},
      {"staleness bound",
       [](Scenario& s, double f) {
         if (s.staleness > 0) s.staleness = static_cast<std::int64_t>(static_cast<double>(s.staleness) * f);
       }},
  };
  return inputs;
}

}  // namespace

Limit LimitOf(const Outcome& outcome) {
  const Busy& busy = outcome.busy;
  const std::pair<const char*, double> shares[] = {{"network threads", busy.network},
                                                   {"transport threads", busy.carrier},
                                                   {"first host (scheduler, Θ)", busy.scheduler},
                                                   {"links", std::max(busy.link_out, busy.link_in)},
                                                   {"switches", busy.core}};
  Limit limit;
  for (const auto& [name, share] : shares) {
    if (share > limit.share) limit = {name, share};
  }
  return limit;
}

Prediction Predict(const config::PredictSettings& settings, const Plan& plan, double alone) {
  Prediction prediction{plan, RunModel(plan.scenario), 0, 0, 0};
  const Scenario& scenario = plan.scenario;
  const double rate = prediction.outcome.triples_per_second;
  prediction.efficiency = alone > 0 ? rate / (alone * scenario.hosts) : 0;
  prediction.hours_of_epoch = scenario.epoch_triples / rate / 3600;
  const double watts =
      settings.network().host_watts() + (scenario.hosts > 1 ? settings.network().port_watts() : 0);
  prediction.kwh_of_epoch = prediction.hours_of_epoch * scenario.hosts * watts / 1000;
  return prediction;
}

std::vector<Prediction> PredictAll(const config::PredictSettings& settings, const Shape& shape,
                                   const Costs& costs) {
  const double alone = RunModel(Alone(settings, shape, costs)).triples_per_second;
  std::vector<Prediction> predictions;
  for (const unsigned hosts : ParseHosts(settings.job().hosts())) {
    predictions.push_back(Predict(settings, PlanJob(settings, shape, costs, hosts), alone));
    const Outcome& outcome = predictions.back().outcome;
    log::Info("{} host{}: {:.3g} s of the job in {} events{}", hosts, hosts == 1 ? "" : "s", outcome.seconds,
              outcome.events, outcome.settled ? "" : ", not settled");
  }
  return predictions;
}

std::vector<Influence> PredictInfluences(const config::PredictSettings& settings, const Shape& shape,
                                         const Costs& costs) {
  const Scenario alone = Alone(settings, shape, costs);
  const Plan plan = PlanJob(settings, shape, costs, ParseHosts(settings.job().hosts()).back());
  std::vector<Influence> influences;
  for (const Input& input : Inputs()) {
    const auto efficiency = [&](double factor) {
      Scenario one = alone;
      Plan many = plan;
      input.scale(one, factor);
      input.scale(many.scenario, factor);
      return Predict(settings, many, RunModel(one).triples_per_second).efficiency;
    };
    influences.push_back({input.name, efficiency(0.5), efficiency(2)});
  }
  return influences;
}

nlohmann::ordered_json ToJson(const std::vector<Prediction>& predictions) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Prediction& one : predictions) {
    const Scenario& scenario = one.plan.scenario;
    const Outcome& outcome = one.outcome;
    const Busy& busy = outcome.busy;
    const Limit limit = LimitOf(outcome);
    all.push_back(
        {{"hosts", scenario.hosts},
         {"threads", scenario.threads},
         {"triples_per_second", outcome.triples_per_second},
         {"efficiency", one.efficiency},
         {"hours_of_epoch", one.hours_of_epoch},
         {"kwh_of_epoch", one.kwh_of_epoch},
         {"batch_triples", scenario.batch_triples},
         {"slices", scenario.slices},
         {"memory_bytes_of_host",
          {{"items", one.plan.memory.items},
           {"copies", one.plan.memory.copies},
           {"users", one.plan.memory.users},
           {"data", one.plan.memory.data}}},
         {"bytes_per_triple", outcome.bytes_per_triple},
         {"messages_per_second", outcome.messages_per_second},
         {"rows_sent_per_second", outcome.rows_sent},
         {"rows_received_per_second", outcome.rows_received},
         {"rounds_per_second", outcome.rounds_per_second},
         {"round_seconds", outcome.round_seconds},
         {"staleness",
          {{"batches_median", outcome.batches_behind_median},
           {"batches_max", outcome.batches_behind_most},
           {"seconds_median", outcome.seconds_behind_median},
           {"seconds_p99", outcome.seconds_behind_p99}}},
         {"workers_wait",
          {{"gate", outcome.gate_share}, {"rows", outcome.rows_share}, {"leases", outcome.lease_share}}},
         {"busy",
          {{"workers", busy.workers},
           {"network_threads", busy.network},
           {"transport_threads", busy.carrier},
           {"first_host", busy.scheduler},
           {"link_out", busy.link_out},
           {"link_in", busy.link_in},
           {"switches", busy.core}}},
         {"limit", limit.name},
         {"limit_share", limit.share},
         {"events", outcome.events},
         {"settled", outcome.settled},
         {"scenario", ToJson(scenario)}});
  }
  return all;
}

nlohmann::ordered_json ToJson(const std::vector<Influence>& influences) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Influence& one : influences) {
    all.push_back({{"input", one.input}, {"efficiency_half", one.half}, {"efficiency_twice", one.twice}});
  }
  return all;
}

}  // namespace attune::predict
