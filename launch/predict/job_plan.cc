#include "launch/predict/job_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>

#include "common/data/training_data.h"
#include "common/error.h"
#include "launch/cluster/stale_steps.h"
#include "launch/predict/quantity.h"
#include "launch/require_effect.h"

namespace attune::predict {
namespace {

constexpr double kInteractionsOfSlice = 32'768;
constexpr double kSlicesOfWorker = 4;
/// Tables beyond this are in no cache.
constexpr double kCachedBytes = 256.0 * (1 << 20);
constexpr double kDefaultBatch = 4096;

TrainingSpec SpecOf(const config::PredictSettings& settings, const Costs& costs) {
  TrainingSpec spec;
  spec.model.item_attention =
      costs.has_history ? model::ItemAttention::kAttention : model::ItemAttention::kNone;
  spec.sampling.negatives_per_positive = settings.job().negatives_per_positive();
  return spec;
}

/// Items of histories for each positive, of users with these numbers of positives.
double HistoryOf(double positives, double of_visit) {
  return std::ceil(positives / of_visit);
}

Shape ShapeOfData(const config::PredictSettings& settings, const Costs& costs) {
  const data::Dataset dataset(settings.job().data());
  const data::TrainingData data(dataset);
  const TrainingSpec spec = SpecOf(settings, costs);
  Shape shape;
  shape.users = dataset.num_users();
  shape.items = dataset.num_items();
  shape.interactions = static_cast<double>(data.num_interactions());
  if (shape.interactions == 0) ThrowBadInput("{}: has no training interactions", settings.job().data());
  shape.slices = static_cast<double>(data.slices().size());
  shape.popularity = BinsOfCounts(data.item_counts());
  shape.steps_of_triple = launch::StepsOfTriple(spec, data.slices());
  if (!costs.has_history) return shape;
  double read = 0;
  for (const data::Rows& slice : data.slices()) {
    for (Index user = 0; user < slice.users(); ++user) {
      const auto positives = static_cast<double>(slice[user].size());
      read += positives * HistoryOf(positives, spec.sampling.positives_per_visit());
    }
  }
  shape.history_of_triple = read / shape.interactions / spec.sampling.negatives_per_positive;
  return shape;
}

Shape ShapeOfNumbers(const config::PredictSettings& settings, const Costs& costs) {
  const auto& job = settings.job();
  if (!job.has_users() || !job.has_items() || !job.has_interactions()) {
    ThrowUsage("what shall be trained? Give --data DATA, or --users, --items and --interactions");
  }
  for (const auto& [name, number] :
       {std::pair{"users", job.users()}, {"items", job.items()}, {"interactions", job.interactions()}}) {
    if (number != std::floor(number)) ThrowUsage("--{} = {}: expected a whole number", name, number);
  }
  if (job.interactions() > job.users() * job.items()) {
    ThrowUsage("--interactions = {}: more than each of --users = {} with each of --items = {}",
               job.interactions(), job.users(), job.items());
  }
  if (job.interactions() < job.users()) {
    ThrowUsage("--interactions = {}: fewer than --users = {}; expected one for each user at least",
               job.interactions(), job.users());
  }
  const TrainingSpec spec = SpecOf(settings, costs);
  Shape shape;
  shape.users = job.users();
  shape.items = job.items();
  shape.interactions = job.interactions();
  shape.popularity = BinsOfPowerLaw(shape.items, job.item_exponent());
  if (!costs.has_history) return shape;
  const double positives = shape.interactions / shape.users;
  const double negatives = spec.sampling.negatives_per_positive;
  shape.history_of_triple = HistoryOf(positives, spec.sampling.positives_per_visit()) / negatives;
  shape.steps_of_triple = 2 + HistoryOf(positives, spec.sampling.visit_triples);
  return shape;
}

}  // namespace

Shape ShapeOf(const config::PredictSettings& settings, const Costs& costs) {
  const auto& job = settings.job();
  const char* why = "--data says what is trained";
  launch::RequireEffect(job.has_users(), !job.has_data(), "users", why);
  launch::RequireEffect(job.has_items(), !job.has_data(), "items", why);
  launch::RequireEffect(job.has_interactions(), !job.has_data(), "interactions", why);
  launch::RequireEffect(job.has_item_exponent(), !job.has_data(), "item-exponent", why);
  return job.has_data() ? ShapeOfData(settings, costs) : ShapeOfNumbers(settings, costs);
}

std::vector<unsigned> ParseHosts(const std::string& text) {
  std::vector<unsigned> hosts;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool rises = hosts.empty() || number > hosts.back();
    if (error != std::errc() || end != word.data() + word.size() || number == 0 || number > 65'536 ||
        !rises) {
      ThrowUsage("--hosts {}: '{}' is not one of rising numbers from 1 to 65536", text, word);
    }
    hosts.push_back(number);
  }
  if (hosts.empty() || text.ends_with(','))
    ThrowUsage("--hosts {}: expected numbers, comma-separated, without a comma at the end", text);
  return hosts;
}

Plan PlanJob(const config::PredictSettings& settings, const Shape& shape, const Costs& costs,
             unsigned hosts) {
  const auto& job = settings.job();
  const auto& network = settings.network();
  Plan plan;
  Scenario& s = plan.scenario;
  s.hosts = hosts;
  s.threads = job.threads();
  s.cores = network.cores() > 0 ? network.cores() : job.threads() + 2;
  s.shared_cores = network.shared_cores();
  s.bandwidth = ParseBandwidth(network.bandwidth());
  s.latency = ParseLatency(network.latency());
  s.oversubscription = network.oversubscription();
  s.encrypted = !job.insecure();
  s.costs = costs;
  s.items = shape.items;
  s.staleness = job.staleness();
  s.batches_ahead = job.batches_ahead();
  s.host_spread = network.host_spread();
  s.jitter = network.jitter();
  s.seed = settings.run().seed();
  s.groups = settings.run().groups();
  s.seconds = settings.run().seconds();
  s.rounds = settings.run().rounds();
  s.events = settings.run().events();

  const double grows = job.scaling() == config::SCALING_WEAK ? hosts : 1;
  const double workers = static_cast<double>(hosts) * s.threads;
  const double negatives = job.negatives_per_positive();
  s.epoch_triples = shape.interactions * negatives * grows;
  const double default_slices =
      shape.slices > 0 ? shape.slices * grows : std::ceil(shape.interactions * grows / kInteractionsOfSlice);
  s.slices = job.has_slices() ? job.slices() : std::max(default_slices, kSlicesOfWorker * workers);
  if (s.slices < workers) {
    ThrowUsage("--slices = {}: {} workers could not all train at a time; expected one for each at least",
               s.slices, workers);
  }
  s.slice_triples = s.epoch_triples / s.slices;
  s.slice_users = shape.users * grows / s.slices;
  const double batch = hosts == 1
                           ? kDefaultBatch
                           : launch::BatchOfHosts(shape.steps_of_triple, kDefaultBatch, shape.items, workers);
  s.batch_triples = job.has_batch_triples() ? job.batch_triples() : batch;
  s.batches_of_round = launch::BatchesOfRound(shape.steps_of_triple, s.batch_triples, shape.items, workers);

  const double all =
      std::min(shape.items, job.has_replica_memory()
                                ? std::floor(static_cast<double>(job.replica_memory()) / s.row_bytes())
                                : shape.items);
  const double replicated = hosts == 1 ? shape.items : all;
  const Touch::Draws draws{std::max(1 / negatives, shape.history_of_triple), 1, shape.items};
  s.replicated = Touch(FirstItems(shape.popularity, replicated), draws);
  s.tail = Touch(ItemsAfter(shape.popularity, replicated), draws);

  plan.memory.items = (replicated + (shape.items - replicated) / hosts) * s.row_bytes();
  plan.memory.copies = hosts == 1 ? 0 : replicated * s.row_bytes();
  plan.memory.users = shape.users * grows / hosts * costs.user_floats * 4;
  plan.memory.data = shape.interactions * grows / hosts * 4;
  const bool cold = plan.memory.items + plan.memory.users > kCachedBytes;
  s.triple =
      costs.triple + (cold ? (draws.by_popularity + draws.uniform) * (costs.cold_row - costs.warm_row) : 0);
  return plan;
}

}  // namespace attune::predict
