#include "launch/baselines/baseline_models.h"

#include <algorithm>

#include "common/error.h"
#include "common/io/npy.h"
#include "common/model/mean_content.h"
#include "common/model/model_files.h"
#include "common/model/neighbours.h"
#include "launch/baselines/algorithm_settings.h"
#include "launch/baselines/deep_hybrid.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using model::Algorithm;
using nlohmann::ordered_json;

template <typename T>
void WriteVector(const fs::path& path, std::span<const T> values) {
  io::WriteNpy<T>(path, std::vector<std::uint64_t>{values.size()}, values);
}

/// All users' items one behind the other.
model::SparseMatrix Histories(const data::TrainingData& data) {
  model::SparseMatrix histories;
  histories.columns.reserve(data.num_interactions());
  for (const data::Rows& rows : data.slices()) {
    for (Index offset = 0; offset < rows.users(); ++offset) {
      const auto items = rows[offset];
      histories.columns.insert(histories.columns.end(), items.begin(), items.end());
      histories.indptr.push_back(histories.columns.size());
    }
  }
  return histories;
}

std::uint64_t BytesOfHistories(const TrainingInputs& inputs) {
  return inputs.data->num_interactions() * sizeof(Index) +
         (std::uint64_t{inputs.dataset.num_users()} + 1) * sizeof(std::uint64_t);
}

class Popularity : public BaselineModel {
 public:
  explicit Popularity(const TrainingInputs& inputs) : inputs_(inputs) {}

  void AddMemory(MemoryPlan&) const override {}
  ordered_json Make(const fs::path& directory) override {
    WriteVector<std::uint32_t>(directory / "counts.npy", inputs_.data->item_counts());
    return model::ScorerSpecToJson({Algorithm::kPopularity, {}});
  }

 private:
  const TrainingInputs& inputs_;
};

/// The training histories: neighbours are found when a user is scored.
class UserKnn : public BaselineModel {
 public:
  UserKnn(const TrainingInputs& inputs, const model::NeighbourSpec& spec) : inputs_(inputs), spec_(spec) {}

  void AddMemory(MemoryPlan& plan) const override {
    plan.Add("histories", BytesOfHistories(inputs_));
    plan.Add("users of items, during evaluation", inputs_.data->num_interactions() * sizeof(Index));
  }
  ordered_json Make(const fs::path& directory) override {
    fs::create_directories(directory / "histories");
    const model::SparseMatrix histories = Histories(*inputs_.data);
    WriteVector<std::uint64_t>(directory / "histories" / "indptr.npy", histories.indptr);
    WriteVector<Index>(directory / "histories" / "items.npy", histories.columns);
    return model::ScorerSpecToJson({Algorithm::kUserKnn, spec_});
  }

 private:
  const TrainingInputs& inputs_;
  const model::NeighbourSpec spec_;
};

class ItemKnn : public BaselineModel {
 public:
  ItemKnn(const TrainingInputs& inputs, const model::NeighbourSpec& spec, unsigned threads)
      : inputs_(inputs), spec_(spec), threads_(threads) {}

  /// Neighbours are a pair of items each; without a bound at most all pairs that a user has.
  void AddMemory(MemoryPlan& plan) const override {
    const std::uint64_t items = inputs_.dataset.num_items();
    std::uint64_t pairs = 0;
    for (const data::Rows& rows : inputs_.data->slices()) {
      for (Index offset = 0; offset < rows.users(); ++offset) {
        const std::uint64_t n = rows[offset].size();
        pairs += n * (n - std::min<std::uint64_t>(n, 1));
      }
    }
    pairs = std::min(pairs, items * (spec_.neighbours == 0 ? items : spec_.neighbours));
    plan.Add("histories, and users of items",
             BytesOfHistories(inputs_) + inputs_.data->num_interactions() * sizeof(Index));
    // As they are found, and as they are written.
    plan.Add("neighbours, at most", 2 * pairs * sizeof(model::Neighbour), "--neighbours");
    plan.Add("scratch",
             threads_ * items * (sizeof(std::uint32_t) + sizeof(Index) + sizeof(model::Neighbour)));
  }
  ordered_json Make(const fs::path& directory) override {
    fs::create_directories(directory / "neighbours");
    const model::SparseMatrix histories = Histories(*inputs_.data);
    const model::SparseMatrix neighbours =
        model::ItemNeighbours(histories.view(), inputs_.dataset.num_items(), spec_, threads_);
    WriteVector<std::uint64_t>(directory / "neighbours" / "indptr.npy", neighbours.indptr);
    WriteVector<Index>(directory / "neighbours" / "items.npy", neighbours.columns);
    WriteVector<float>(directory / "neighbours" / "weights.npy", neighbours.values);
    return model::ScorerSpecToJson({Algorithm::kItemKnn, spec_});
  }

 private:
  const TrainingInputs& inputs_;
  const model::NeighbourSpec spec_;
  const unsigned threads_;
};

/// See model::ContentMeanSpec.
class ContentMean : public BaselineModel {
 public:
  ContentMean(const TrainingInputs& inputs, model::Similarity similarity, unsigned threads)
      : content_(inputs.dataset.features()->view()), similarity_(similarity), threads_(threads) {}

  void AddMemory(MemoryPlan& plan) const override {
    plan.Add("means of items' content, twice", 2 * model::MeanContent::Bytes(content_));
  }
  ordered_json Make(const fs::path& directory) override {
    const model::MeanContent means(content_, threads_);
    const model::RowsView rows = means.rows();
    io::NpyWriter writer(directory / "V.npy", io::DType::kF32, {rows.width});
    for (std::size_t item = 0; item < rows.rows; ++item) writer.Append(std::span(rows[item], rows.width));
    writer.Close();
    return model::SpecToJson(model::ContentMeanSpec(static_cast<std::uint32_t>(content_.dim()), similarity_));
  }

 private:
  const data::ContentView content_;
  const model::Similarity similarity_;
  const unsigned threads_;
};

void RequireFeatures(const data::Dataset& dataset, Algorithm algorithm) {
  if (dataset.features() != nullptr) return;
  ThrowUsage("--algorithm {} needs content, but {} has no features; prepare it with --features",
             NameOf(algorithm), dataset.path().string());
}

}  // namespace

std::unique_ptr<BaselineModel> MakeBaselineModel(const config::TrainSettings& settings,
                                                 const TrainingInputs& inputs, unsigned threads) {
  const config::AlgorithmSettings& given = settings.algorithm_settings();
  const model::NeighbourSpec search{given.neighbours(), given.shrinkage()};
  const Algorithm algorithm = ToAlgorithm(given.algorithm());
  switch (algorithm) {
    case Algorithm::kPopularity:
      return std::make_unique<Popularity>(inputs);
    case Algorithm::kUserKnn:
      return std::make_unique<UserKnn>(inputs, search);
    case Algorithm::kItemKnn:
      return std::make_unique<ItemKnn>(inputs, search, threads);
    case Algorithm::kContentMean:
      RequireFeatures(inputs.dataset, algorithm);
      return std::make_unique<ContentMean>(
          inputs,
          given.similarity() == config::SIMILARITY_DOT ? model::Similarity::kDot : model::Similarity::kCosine,
          threads);
    case Algorithm::kDeepHybrid:
      RequireFeatures(inputs.dataset, algorithm);
      return std::make_unique<DeepHybrid>(settings, inputs, threads);
    case Algorithm::kFactorisation:
      break;
  }
  ATTUNE_CHECK(false);
  return nullptr;
}

}  // namespace attune::launch
