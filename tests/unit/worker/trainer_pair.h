#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/model/reference.h"
#include "ps/table.h"
#include "ps/theta_store.h"
#include "tests/support/tiny_content.h"
#include "worker/batch_trainer.h"
#include "worker/triple_source.h"

namespace attune::worker {

using model::ModelSpec;
using model::ReferenceModel;
using model::ReferenceParameters;
using model::ThetaName;

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

inline void ExpectClose(const ReferenceParameters& actual, const ReferenceParameters& expected,
                        double tolerance, const std::string& what) {
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
inline ReferenceParameters SgdStep(const ModelSpec& model, const ReferenceParameters& from,
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

inline TrainingSpec BatchSpec(const ModelSpec& model) {
  TrainingSpec spec;
  spec.model = model;
  spec.model.dim = RandomCase::kDim;
  spec.model.item_hidden = RandomCase::kHidden;
  spec.lr = spec.lr_theta = 0.1;
  spec.l2 = {0.03, 0.02, 0.05, 0.01, true};
  spec.update_batch = true;
  return spec;
}

}  // namespace attune::worker
