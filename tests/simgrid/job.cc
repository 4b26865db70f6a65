#include "tests/simgrid/job.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace attune::crosscheck {
namespace {

using nlohmann::json;

void Require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("this model knows no " + what);
}

ByteCost MessageCost(const json& costs, const char* name) {
  return {costs.at(name).at("each_s"), costs.at(name).at("byte_s")};
}

Costs ReadCosts(const json& from, bool encrypted) {
  Costs costs;
  costs.theta_floats = from.at("theta_floats");
  costs.user_floats = from.at("user_floats");
  costs.triple_of_batch = from.at("triple_of_batch_s");
  costs.scan_row = from.at("scan_row_s");
  costs.send_row = from.at("send_row_s");
  costs.apply_row = from.at("apply_row_s");
  costs.owner_scan_row = from.at("owner_scan_row_s");
  costs.answer_row = from.at("answer_row_s");
  costs.replace_row = from.at("replace_row_s");
  costs.pull_row = from.at("pull_row_s");
  costs.theta = from.at("theta_s");
  costs.hop = from.at("hop_s");
  costs.send = MessageCost(from, "send");
  costs.receive = MessageCost(from, "receive");
  costs.carry = MessageCost(from, encrypted ? "carry_encrypted" : "carry");
  return costs;
}

Touched ReadTouched(const json& from) {
  return {from.at("items"), from.at("steps_of_doubling"), from.at("different").get<std::vector<double>>()};
}

void RequireKnown(const json& scenario) {
  Require(scenario.at("pulled").at("items") == 0, "pulled rows (--replica-memory)");
  Require(scenario.at("shared_cores") == 0, "processors that hosts share (--shared-cores)");
  Require(scenario.at("oversubscription") == 0, "narrow switches (--oversubscription)");
  Require(scenario.at("host_spread") == 0, "hosts of different speeds (--host-spread)");
  Require(scenario.at("bandwidth_bytes_s").is_number(), "links without limit (--bandwidth infinite)");
}

Job ReadJob(const json& prediction, const json& costs) {
  const json& scenario = prediction.at("scenario");
  RequireKnown(scenario);
  Job job;
  job.hosts = prediction.at("hosts");
  job.threads = prediction.at("threads");
  job.cores = scenario.at("cores");
  job.bandwidth = scenario.at("bandwidth_bytes_s");
  job.latency = scenario.at("latency_s");
  job.encrypted = scenario.at("encrypted");
  job.costs = ReadCosts(costs, job.encrypted);
  job.triple = scenario.at("triple_s");
  job.row_bytes = scenario.at("row_bytes");
  job.rows = ReadTouched(scenario.at("replicated"));
  job.batch_triples = scenario.at("batch_triples");
  const json& batches = scenario.at("batches_of_round");
  if (batches.is_number()) job.batches_of_round = batches;
  job.staleness = scenario.at("staleness");
  job.slices = std::floor(scenario.at("slices").get<double>());
  job.slice_triples = scenario.at("slice_triples");
  job.slice_users = scenario.at("slice_users");
  job.jitter = scenario.at("jitter");
  job.seconds = scenario.at("seconds");
  job.rounds = scenario.at("rounds");
  return job;
}

}  // namespace

double Touched::Of(double triples) const {
  if (triples <= 0 || different.empty()) return 0;
  if (triples < 1) return triples * different.front();
  const double place = std::log2(triples) * steps_of_doubling;
  const auto left = static_cast<std::size_t>(place);
  if (left + 1 >= different.size()) return different.back();
  return std::lerp(different[left], different[left + 1], place - static_cast<double>(left));
}

std::vector<Job> ReadJobs(const std::filesystem::path& file) try {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot be opened");
  const json predicted = json::parse(stream);
  std::vector<Job> jobs;
  for (const json& one : predicted.at("predictions")) jobs.push_back(ReadJob(one, predicted.at("costs")));
  return jobs;
} catch (const std::exception& error) {
  throw std::runtime_error(file.string() + ": " + error.what() +
                           "; expected what attune predict --json prints");
}

}  // namespace attune::crosscheck
