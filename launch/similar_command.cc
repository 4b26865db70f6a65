#include "launch/similar_command.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "common/error.h"
#include "common/model/item_vectors.h"
#include "common/thread.h"
#include "launch/listed_items.h"
#include "launch/model_data.h"
#include "launch/model_kinds.h"
#include "launch/recommendation_text.h"
#include "launch/require_effect.h"
#include "launch/similar_items.h"
#include "launch/standard_streams.h"
#include "launch/titles.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// The items' vectors, with what content adds to them.
class ServedItems {
 public:
  ServedItems(const model::LoadedModel& model, const std::string& data, unsigned threads)
      : view_(model.view()) {
    const bool content = view_.spec.HasItemContent();
    RequireEffect(!data.empty(), content, "data", "the model's item vectors are not made of content");
    if (content && data.empty()) {
      ThrowUsage("--data is missing: item vectors of {} are made of content, which is in the data",
                 model.path().string());
    }
    if (content) {
      dataset_.emplace(data);
      matched_.emplace(model, *dataset_);
      view_ = matched_->view();
    }
    vectors_.emplace(view_, threads);
  }

  const model::RowsView& rows() const { return vectors_->rows(); }

 private:
  model::ModelView view_;
  std::optional<data::Dataset> dataset_;
  std::optional<ModelData> matched_;
  std::optional<const model::ItemVectors> vectors_;
};

SimilarBy ToSimilarBy(config::ItemSimilarity by) {
  switch (by) {
    case config::ITEM_SIMILARITY_COSINE:
      return SimilarBy::kCosine;
    case config::ITEM_SIMILARITY_INNER_PRODUCT:
      return SimilarBy::kInnerProduct;
    case config::ITEM_SIMILARITY_HISTORY_COSINE:
      return SimilarBy::kHistoryCosine;
    case config::ITEM_SIMILARITY_INFLUENCE:
      return SimilarBy::kInfluence;
  }
  return SimilarBy::kCosine;
}

const char* Compared(SimilarBy by) {
  switch (by) {
    case SimilarBy::kCosine:
      return "cosine of v, the vectors that users' scores are made with";
    case SimilarBy::kInnerProduct:
      return "inner product of v, the vectors that users' scores are made with";
    case SimilarBy::kHistoryCosine:
      return "cosine of p, what items add to the vectors of users who have them";
    case SimilarBy::kInfluence:
      return "p of the item with v of others: what it adds to their scores, before attention";
  }
  return "";
}

std::vector<Index> FindItems(const config::SimilarSettings& settings, const model::LoadedModel& model) {
  const data::IdIndex index(model.items());
  std::vector<Index> items;
  for (const std::string& id : settings.item()) {
    items.push_back(index.Find(id));
    if (items.back() == kNoIndex) ThrowBadInput("item '{}' is unknown to {}", id, model.path().string());
  }
  return items;
}

}  // namespace

int RunSimilar(const config::SimilarSettings& settings, const CommandContext& context) {
  const model::LoadedModel model(settings.model());
  RequireVectors(model, "attune similar");
  RequireFinite(model);
  const ServedItems vectors(model, settings.data(), ResolveThreads(settings.threads()));
  const std::vector<Index> items = FindItems(settings, model);
  const ListedItems listed = ReadListedItems(settings.candidates(), settings.deny(), model);
  const SimilarBy by = ToSimilarBy(settings.by());
  const SimilarItems similar(model, vectors.rows(), by, listed.rows);
  const RecommendationPrinter printer(model.items(), ReadTitles(settings.titles(), model.items()));
  const auto lists = similar.Find(items, settings.k());
  ordered_json all = ordered_json::array();
  for (std::size_t n = 0; n < items.size(); ++n) {
    const std::string id(model.items()[items[n]]);
    if (context.json) {
      all.push_back({{"item", id}, {"items", printer.ItemsJson(lists[n])}});
    } else {
      WriteStandardOutput(fmt::format("like item {}, by {}\n", id, Compared(by)) +
                          printer.ItemsTable(lists[n], "similarity"));
    }
  }
  if (!context.json) return 0;
  ordered_json json = {{"by", Name(by)}, {"lists", std::move(all)}};
  json.update(listed.report);
  WriteStandardOutput(JsonLine(json));
  return 0;
}

}  // namespace attune::launch
