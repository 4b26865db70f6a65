#include "worker/batch_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "common/model/reference.h"
#include "ps/table.h"
#include "ps/theta_store.h"
#include "tests/support/golden.h"
#include "tests/support/tiny_content.h"
#include "worker/triple_source.h"

namespace attune::worker {
namespace {

using model::ItemAttention;
using model::ModelSpec;
using model::ReferenceModel;
using model::ReferenceParameters;
using model::ThetaName;
using testing::Flat;
using testing::Golden;

/// The fast path with its own tables, beside the reference with the same parameters.
class Pair {
 public:
  Pair(const TrainingSpec& spec, const ReferenceParameters& parameters,
       std::vector<std::vector<Index>> histories, std::vector<std::vector<double>> components = {})
      : spec_(spec),
        reference_(spec.model, parameters, histories, components),
        theta_(spec),
        histories_(std::move(histories)),
        content_(spec.model.HasContent() ? components : std::vector<std::vector<double>>(),
                 spec.model.feature_dim),
        shared_(spec, content_.view(), 1) {
    const std::size_t d = spec.model.dim;
    const auto kind = spec.optimizer.kind;
    if (spec.model.HasU()) {
      users_ = ps::Table(ps::Table::Id::kUsers, parameters.U.size() / d, RecordLayout(d, false, kind));
      tables_.users = users_.view();
      Fill(parameters.U, [&](Index row) { return tables_.users.First(row); });
    }
    items_ =
        ps::Table(ps::Table::Id::kItems, parameters.V.size() / d, RecordLayout(d, spec.model.HasP(), kind));
    tables_.items = items_.view();
    Fill(parameters.V, [&](Index row) { return tables_.items.First(row); });
    if (spec.model.HasP()) Fill(parameters.P, [&](Index row) { return tables_.items.Second(row); });
    AssignTheta(parameters);
    indptr_.push_back(0);
    for (const auto& history : histories_) {
      flat_.insert(flat_.end(), history.begin(), history.end());
      indptr_.push_back(flat_.size());
    }
    rows_ = {0, indptr_, flat_};
  }

  BatchReport Train(std::span<const Triple> triples) { return Train(triples, theta_, 1); }

  /// Trains one batch `times` times, with a Θ of its own.
  BatchReport Train(std::span<const Triple> triples, ThetaService& theta, int times) {
    const auto trainer = MakeBatchTrainer(spec_, tables_, theta, shared_);
    const EpochRates rates = RatesOf(spec_, 1.0);
    Batch batch;
    BatchReport report;
    StepTimer timer;
    for (int n = 0; n < times; ++n) {
      TripleSource source(triples, {&rows_, 1}, spec_.model.HasHistory(), 1 << 20,
                          spec_.sampling.max_visit_triples());
      while (source.Fill(batch)) {
        const BatchReport one = trainer->Train(batch, rates, timer);
        report.triples += one.triples;
        report.loss += one.loss;
      }
      trainer->FoldOverdue(0, static_cast<Index>(content_.items()), rates);
    }
    return report;
  }

  model::Theta theta() {
    model::Theta theta(spec_.model);
    theta_.Fetch(theta);
    return theta;
  }

  /// The trained parameters in the reference's form; those that the variant lacks stay as given.
  ReferenceParameters Trained(ReferenceParameters parameters) {
    if (spec_.model.HasU()) Read(parameters.U, [&](Index row) { return tables_.users.First(row); });
    Read(parameters.V, [&](Index row) { return tables_.items.First(row); });
    if (spec_.model.HasP()) Read(parameters.P, [&](Index row) { return tables_.items.Second(row); });
    model::Theta theta(spec_.model);
    theta_.Fetch(theta);
    const auto arrays = parameters.All();
    for (std::size_t n = 0; n < kNames.size(); ++n) {
      const auto block = theta[kNames[n]];
      if (!block.empty()) arrays[3 + n]->assign(block.begin(), block.end());
    }
    return parameters;
  }

  ReferenceModel& reference() { return reference_; }

 private:
  static constexpr std::array kNames = {ThetaName::kW1u, ThetaName::kW1v, ThetaName::kW1p, ThetaName::kB1,
                                        ThetaName::kW1,  ThetaName::kW1x, ThetaName::kW2u, ThetaName::kW2x,
                                        ThetaName::kB2,  ThetaName::kW2,  ThetaName::kF};

  template <typename RowOf>
  void Fill(const std::vector<double>& values, RowOf&& row_of) {
    const std::size_t d = spec_.model.dim;
    for (std::size_t n = 0; n < values.size(); ++n) {
      row_of(static_cast<Index>(n / d))[n % d] = static_cast<float>(values[n]);
    }
  }
  template <typename RowOf>
  void Read(std::vector<double>& values, RowOf&& row_of) {
    const std::size_t d = spec_.model.dim;
    for (std::size_t n = 0; n < values.size(); ++n) values[n] = row_of(static_cast<Index>(n / d))[n % d];
  }
  void AssignTheta(ReferenceParameters parameters) {
    model::Theta theta(spec_.model);
    const auto arrays = parameters.All();
    for (std::size_t n = 0; n < kNames.size(); ++n) {
      const auto block = theta[kNames[n]];
      if (!block.empty()) std::copy(arrays[3 + n]->begin(), arrays[3 + n]->end(), block.begin());
    }
    theta_.Assign(theta);
  }

  TrainingSpec spec_;
  ReferenceModel reference_;
  ps::Table users_, items_;
  Tables tables_;
  ps::ThetaStore theta_;
  std::vector<std::vector<Index>> histories_;
  testing::TinyContent content_;
  SharedContent shared_;
  std::vector<std::uint64_t> indptr_;
  std::vector<Index> flat_;
  data::Rows rows_;
};

void ExpectClose(const ReferenceParameters& actual, const ReferenceParameters& expected, double tolerance,
                 const std::string& what) {
  ReferenceParameters a = actual, e = expected;
  const auto actual_arrays = a.All();
  const auto expected_arrays = e.All();
  for (std::size_t n = 0; n < actual_arrays.size(); ++n) {
    ASSERT_EQ(actual_arrays[n]->size(), expected_arrays[n]->size());
    for (std::size_t i = 0; i < actual_arrays[n]->size(); ++i) {
      const double want = (*expected_arrays[n])[i];
      ASSERT_NEAR((*actual_arrays[n])[i], want, tolerance * std::max(1.0, std::abs(want)))
          << what << ": array " << n << " at " << i;
    }
  }
}

/// theta - lr gradient, for the arrays that the variant trains.
ReferenceParameters SgdStep(const ModelSpec& model, const ReferenceParameters& from,
                            ReferenceParameters gradient, double lr) {
  ReferenceParameters stepped = from;
  const auto values = stepped.All();
  const auto gradients = gradient.All();
  const bool attention = model.HasAttention();
  const bool components = model.HasComponentAttention();
  const std::array<bool, 14> trained = {model.HasU(),
                                        true,
                                        model.HasP(),
                                        attention && model.attend_user,
                                        attention && model.attend_item,
                                        attention && model.attend_history,
                                        attention,
                                        attention,
                                        model.AttendsContent(),
                                        components,
                                        components,
                                        components,
                                        components,
                                        model.HasItemContent()};
  for (std::size_t n = 0; n < values.size(); ++n) {
    for (std::size_t i = 0; trained[n] && i < values[n]->size(); ++i)
      (*values[n])[i] -= lr * (*gradients[n])[i];
  }
  return stepped;
}

class BatchTrainerGolden : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Cases, BatchTrainerGolden, ::testing::Values("nocontent", "fixed", "variable"));

TEST_P(BatchTrainerGolden, OneTextbookStepOfEveryVariant) {
  const auto golden = Golden::Read(GetParam());
  if (!golden) GTEST_SKIP() << "no golden vectors at " << ATTUNE_GOLDEN_DIR;
  for (const auto& [name, variant] : golden->variants().items()) {
    const auto& config = variant.at("config");
    const model::L2 l2 = testing::GoldenL2(config);
    TrainingSpec spec;
    spec.model = testing::GoldenSpec(*golden, config);
    spec.lr = spec.lr_theta = golden->lr();
    spec.l2 = {l2.u * l2.factor, l2.v * l2.factor, l2.p * l2.factor, l2.theta * l2.factor, l2.per_occurrence};
    spec.update_batch = true;
    spec.mean = config.at("reduction") == "mean";
    Pair pair(spec, golden->Parameters(), golden->Histories(), golden->Components());
    const auto batch = golden->Batch();
    const BatchReport report = pair.Train(batch);
    const double data_loss =
        variant.at("data_loss").get<double>() * (spec.mean ? static_cast<double>(batch.size()) : 1);
    EXPECT_NEAR(report.loss, data_loss, 2e-5 * data_loss) << name;

    ReferenceParameters expected = golden->Parameters();
    const auto arrays = expected.All();
    const auto& names = testing::kParameterNames;
    for (std::size_t n = 0; n < names.size(); ++n) {
      if (names[n] == "U" && !spec.model.HasU()) continue;  // FISM keeps no U; the golden one only decays
      if (variant.at("after_sgd").contains(names[n])) *arrays[n] = Flat(variant.at("after_sgd").at(names[n]));
    }
    ExpectClose(pair.Trained(golden->Parameters()), expected, 2e-5, name);
  }
}

/// Random parameters, histories and components; no size is a whole number of vectors.
struct RandomCase {
  static constexpr std::size_t kUsers = 7, kItems = 40, kDim = 19, kHidden = 21, kHidden2 = 18;
  ReferenceParameters parameters;
  std::vector<std::vector<Index>> histories;
  std::vector<std::vector<double>> components;  ///< none to four an item
  std::vector<Triple> triples;                  ///< grouped by user, so that they form visits

  RandomCase(unsigned seed, double scale, std::size_t feature_dim = 11) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal(0, scale);
    auto values = [&](std::size_t count) {
      std::vector<double> v(count);
      for (double& x : v) x = static_cast<float>(normal(generator));
      return v;
    };
    parameters = {values(kUsers * kDim),
                  values(kItems * kDim),
                  values(kItems * kDim),
                  values(kHidden * kDim),
                  values(kHidden * kDim),
                  values(kHidden * kDim),
                  values(kHidden),
                  values(kHidden),
                  values(kHidden * feature_dim),
                  values(kHidden2 * kDim),
                  values(kHidden2 * feature_dim),
                  values(kHidden2),
                  values(kHidden2),
                  values(kDim * feature_dim)};
    for (std::size_t item = 0; item < kItems; ++item) components.push_back(values(item % 5 * feature_dim));
    std::vector<Index> items(kItems);
    std::iota(items.begin(), items.end(), 0);
    for (Index user = 0; user < kUsers; ++user) {
      std::shuffle(items.begin(), items.end(), generator);
      const std::size_t n = user == 0 ? 0 : user == 1 ? 1 : user == 2 ? 2 : 5 + user;
      histories.emplace_back(items.begin(), items.begin() + n);
      for (std::size_t t = 0; t < n; ++t)
        triples.push_back({user, histories.back()[t], items[n + t % (kItems - n)]});
      triples.push_back({user, items[n], items[n + 1]});  // a positive outside R(i)
    }
  }
};

ModelSpec ContentSpec(model::ComponentAttention components, std::size_t feature_dim = 11) {
  ModelSpec spec{.attend_content = true, .component_attention = components, .history_exponent = 0.5};
  spec.component_hidden = RandomCase::kHidden2;
  spec.feature_dim = static_cast<std::uint32_t>(feature_dim);
  return spec;
}

TrainingSpec BatchSpec(const ModelSpec& model) {
  TrainingSpec spec;
  spec.model = model;
  spec.model.dim = RandomCase::kDim;
  spec.model.item_hidden = RandomCase::kHidden;
  spec.lr = spec.lr_theta = 0.1;
  spec.l2 = {0.03, 0.02, 0.05, 0.01, true};
  spec.update_batch = true;
  return spec;
}

TEST(BatchTrainer, GroupedVisitGivesTheSumOfItsTriplesGradients) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
      for (const bool exclude : {false, true}) {
        const RandomCase random(seed, 0.5);
        TrainingSpec spec =
            BatchSpec({.item_attention = attention, .history_exponent = 0.5, .exclude_target = exclude});
        const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
        for (const std::uint32_t visit_triples : {1u, 3u, 32u}) {
          spec.sampling.visit_triples = visit_triples;
          spec.sampling.visit_steps = visit_triples == 1 ? 1 : 8;
          Pair pair(spec, random.parameters, random.histories);
          const BatchReport report = pair.Train(random.triples);
          EXPECT_EQ(report.triples, random.triples.size());
          EXPECT_NEAR(report.loss, pair.reference().Loss(random.triples, {}, false), 1e-4 * report.loss);
          const auto gradient = pair.reference().Gradient(random.triples, l2, false);
          ExpectClose(pair.Trained(random.parameters),
                      SgdStep(spec.model, random.parameters, gradient, spec.lr), 5e-5,
                      "attention " + std::to_string(static_cast<int>(attention)) + " exclude " +
                          std::to_string(exclude) + " visits of " + std::to_string(visit_triples));
        }
      }
    }
  }
}

TEST(BatchTrainer, ContentOfAGroupedVisitGivesTheSumOfItsTriplesGradients) {
  for (const auto components : {model::ComponentAttention::kAverage, model::ComponentAttention::kAttention}) {
    for (const bool exclude : {false, true}) {
      for (const std::size_t feature_dim : {11u, 70u}) {
        const RandomCase random(11, 0.4, feature_dim);
        TrainingSpec spec = BatchSpec(ContentSpec(components, feature_dim));
        spec.model.exclude_target = exclude;
        spec.model.attend_user = !exclude;
        Pair pair(spec, random.parameters, random.histories, random.components);
        pair.Train(random.triples);
        const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
        const auto gradient = pair.reference().Gradient(random.triples, l2, false);
        ExpectClose(pair.Trained(random.parameters),
                    SgdStep(spec.model, random.parameters, gradient, spec.lr), 1e-4,
                    "components " + std::to_string(static_cast<int>(components)) + " exclude " +
                        std::to_string(exclude) + " Dx " + std::to_string(feature_dim));
      }
    }
  }
}

TEST(BatchTrainer, ItemContentOfAGroupedVisitGivesTheSumOfItsTriplesGradients) {
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage}) {
    for (const bool exclude : {false, true}) {
      for (const std::size_t feature_dim : {11u, 70u}) {
        const RandomCase random(17, 0.4, feature_dim);
        TrainingSpec spec = BatchSpec({.item_attention = attention, .history_exponent = 0.5});
        spec.model.item_content = model::ItemContent::kAverage;
        spec.model.feature_dim = static_cast<std::uint32_t>(feature_dim);
        spec.model.exclude_target = exclude;
        Pair pair(spec, random.parameters, random.histories, random.components);
        const BatchReport report = pair.Train(random.triples);
        EXPECT_NEAR(report.loss, pair.reference().Loss(random.triples, {}, false), 1e-4 * report.loss);
        const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
        const auto gradient = pair.reference().Gradient(random.triples, l2, false);
        ExpectClose(pair.Trained(random.parameters),
                    SgdStep(spec.model, random.parameters, gradient, spec.lr), 1e-4,
                    "attention " + std::to_string(static_cast<int>(attention)) + " exclude " +
                        std::to_string(exclude) + " Dx " + std::to_string(feature_dim));
      }
    }
  }
}

TEST(BatchTrainer, OneTripleWithItemContentInPlaceIsTheTextbookStep) {
  const RandomCase random(23, 0.4);
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kAverage});
  spec.model.item_content = model::ItemContent::kAverage;
  spec.model.feature_dim = 11;
  spec.update_batch = false;
  spec.clip = 0;
  const std::vector<Triple> one = {random.triples[9]};
  Pair pair(spec, random.parameters, random.histories, random.components);
  pair.Train(one);
  const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
  ExpectClose(pair.Trained(random.parameters),
              SgdStep(spec.model, random.parameters, pair.reference().Gradient(one, l2, false), spec.lr),
              2e-5, "in place");
}

/// Θ that stands still and sums what is pushed.
class SummingTheta : public ThetaService {
 public:
  explicit SummingTheta(model::Theta theta) : theta_(std::move(theta)), sum_(theta_) {
    std::ranges::fill(sum_.values(), 0.0f);
  }
  void Fetch(model::Theta& theta) override { theta = theta_; }
  void Push(const model::Theta& gradient, std::uint64_t, double) override {
    for (std::size_t n = 0; n < sum_.values().size(); ++n) sum_.values()[n] += gradient.values()[n];
  }
  const model::Theta& sum() const { return sum_; }

 private:
  model::Theta theta_, sum_;
};

TEST(BatchTrainer, CachedProjectionsGiveTheSameGradientsOnePeriodLater) {
  for (const std::size_t feature_dim : {11u, 70u}) {  // sums of features; sums of projections
    const RandomCase random(12, 0.4, feature_dim);
    TrainingSpec spec = BatchSpec(ContentSpec(model::ComponentAttention::kAttention, feature_dim));
    spec.update_batch = false;
    spec.lr = 0;  // rows stand still, so that batches are alike
    spec.l2 = {};
    std::vector<model::Theta> sums;
    for (const std::uint32_t refresh : {0u, 1u}) {
      spec.projection_refresh = refresh;
      Pair pair(spec, random.parameters, random.histories, random.components);
      SummingTheta theta(pair.theta());
      pair.Train(random.triples, theta, 3);
      sums.push_back(theta.sum());
    }
    for (const auto& block : sums[0].blocks()) {
      // Of three batches the last one's gradients of what is cached still wait.
      const bool waits = block.name == ThetaName::kW2x || (block.name == ThetaName::kW1x && feature_dim > 42);
      const auto exact = sums[0][block.name];
      const auto cached = sums[1][block.name];
      double error = 0, norm = 0;
      for (std::size_t n = 0; n < exact.size(); ++n) {
        const double expected = waits ? exact[n] * 2 / 3 : exact[n];
        error += std::pow(cached[n] - expected, 2);
        norm += std::pow(expected, 2);
      }
      // What is cached has the precision of f16.
      EXPECT_LE(std::sqrt(error), 3e-3 * std::sqrt(norm)) << block.file << ", Dx " << feature_dim;
    }
  }
}

TEST(BatchTrainer, TargetWithNearlyAllTheAttentionIsLeftOutExactly) {
  RandomCase random(5, 0.5);
  // Sharp attention: large output weights make one history item take nearly everything.
  for (double& w : random.parameters.w1) w *= 12;
  const TrainingSpec spec = BatchSpec({.history_exponent = 0.5, .exclude_target = true});
  Pair pair(spec, random.parameters, random.histories);
  double heaviest = 0;
  for (Index user = 2; user < RandomCase::kUsers; ++user) {
    const auto alpha = pair.reference().Forward(user, random.histories[user]).alpha;
    heaviest = std::max(heaviest, *std::max_element(alpha.begin(), alpha.end()));
  }
  ASSERT_GT(heaviest, 0.99);
  pair.Train(random.triples);
  const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
  const auto gradient = pair.reference().Gradient(random.triples, l2, false);
  ExpectClose(pair.Trained(random.parameters), SgdStep(spec.model, random.parameters, gradient, spec.lr),
              3e-4, "sharp");
}

TEST(BatchTrainer, OneTripleInPlaceIsTheTextbookStep) {
  // With one triple a batch the two ways of updating differ only in when L2 acts: not at all for one triple.
  const RandomCase random(9, 0.5);
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
    TrainingSpec spec = BatchSpec({.item_attention = attention});
    spec.l2 = {};
    spec.clip = 0;
    const std::vector<Triple> one = {random.triples[10]};
    Pair textbook(spec, random.parameters, random.histories);
    textbook.Train(one);
    spec.update_batch = false;
    Pair in_place(spec, random.parameters, random.histories);
    in_place.Train(one);
    ExpectClose(in_place.Trained(random.parameters), textbook.Trained(random.parameters), 2e-6, "in place");
  }
}

TEST(BatchTrainer, EveryOptimizerLowersTheLossOfEveryVariant) {
  const RandomCase random(3, 0.1);
  for (const auto kind :
       {optim::Kind::kSgd, optim::Kind::kAdagrad, optim::Kind::kRowwiseAdagrad, optim::Kind::kAdam}) {
    for (const bool batch : {false, true}) {
      TrainingSpec spec = BatchSpec({});
      spec.update_batch = batch;
      spec.optimizer.kind = kind;
      spec.lr = kind == optim::Kind::kSgd ? 0.05 : 0.02;
      spec.lr_theta = 0.01;
      spec.l2 = {};
      Pair pair(spec, random.parameters, random.histories);
      const double before = pair.Train(random.triples).loss;
      double after = before;
      for (int epoch = 0; epoch < 60; ++epoch) after = pair.Train(random.triples).loss;
      EXPECT_LT(after, 0.5 * before) << "optimizer " << static_cast<int>(kind) << " batch " << batch;
    }
  }
}

TEST(BatchTrainer, L2DecaysARowAsOftenAsTriplesTouchIt) {
  // A visit of T triples decays u_i and p_l by (1 - lr lambda)^T, whatever the grouping.
  const RandomCase random(4, 0.3);
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kAverage});
  spec.update_batch = false;
  spec.lr = 1e-3;  // gradients hardly move anything: decay is what is left
  spec.l2 = {20, 20, 20, 0, true};
  std::vector<ReferenceParameters> results;
  for (const std::uint32_t visit_triples : {1u, 32u}) {
    spec.sampling.visit_triples = visit_triples;
    spec.sampling.visit_steps = 1;
    Pair pair(spec, random.parameters, random.histories);
    pair.Train(random.triples);
    results.push_back(pair.Trained(random.parameters));
  }
  ExpectClose(results[1], results[0], 2e-3, "decay");
}

TEST(BatchTrainer, ClipBoundsHowFarAHistoryRowMoves) {
  const RandomCase random(8, 0.5);
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kAverage, .history_exponent = 0});
  spec.update_batch = false;
  spec.l2 = {};
  spec.clip = 0.01;
  Pair pair(spec, random.parameters, random.histories);
  pair.Train(random.triples);
  const ReferenceParameters after = pair.Trained(random.parameters);
  double longest = 0;
  for (std::size_t item = 0; item < RandomCase::kItems; ++item) {
    double squares = 0;
    for (std::size_t c = item * RandomCase::kDim; c < (item + 1) * RandomCase::kDim; ++c) {
      squares += std::pow(after.P[c] - random.parameters.P[c], 2);
    }
    longest = std::max(longest, std::sqrt(squares));
  }
  // Each of the seven users visits once and moves a row by at most lr * clip.
  EXPECT_GT(longest, 0.0);
  EXPECT_LT(longest, 7 * 0.1 * 0.01 * 1.001);
}

TEST(BatchTrainer, DivergedRowsGiveALossThatIsNotFinite) {
  RandomCase random(6, 0.5);
  random.parameters.V[0] = std::nan("");
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kNone});
  Pair pair(spec, random.parameters, random.histories);
  const std::vector<Triple> triples = {{3, 0, 1}, {3, 2, 4}};
  EXPECT_FALSE(std::isfinite(pair.Train(triples).loss));
}

}  // namespace
}  // namespace attune::worker
