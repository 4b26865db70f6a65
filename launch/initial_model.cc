#include "launch/initial_model.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/error.h"

namespace attune::launch {
namespace {

/// For each id of `to` its row in `from`, or kNoIndex.
std::vector<Index> RowsOf(const data::IdTable& from, const data::IdTable& to) {
  const data::IdIndex index(from);
  std::vector<Index> rows(to.size());
  for (Index row = 0; row < to.size(); ++row) rows[row] = index.Find(to[row]);
  return rows;
}

std::size_t Known(const std::vector<Index>& rows) {
  return rows.size() - static_cast<std::size_t>(std::count(rows.begin(), rows.end(), kNoIndex));
}

void RequireSameSizes(const model::ModelSpec& from, const model::ModelSpec& to, const std::string& path,
                      const data::Dataset& dataset) {
  if (from.dim != to.dim) {
    ThrowUsage("--init-from {}: its dim is {}, not {}; pass --dim {}", path, from.dim, to.dim, from.dim);
  }
  if (from.HasContent() && to.HasContent() && from.feature_dim != to.feature_dim) {
    ThrowUsage(
        "--init-from {}: it was trained on features of {} numbers, those of {} have {}; prepare the data "
        "with the features it was trained on (--feature-projection-from its data), or leave --init-from out",
        path, from.feature_dim, dataset.path().string(), to.feature_dim);
  }
}

const char* ThetaText(const model::ModelSpec& spec) {
  return spec.HasAttention() ? "attention parameters" : "weights of the item content";
}

const model::LoadedModel& WithVectors(const model::LoadedModel& model, const std::string& path) {
  if (model.HasVectors() && model.algorithm() != model::Algorithm::kContentMean) return model;
  ThrowUsage("--init-from {}: the {} model has no vectors of users and items to start from", path,
             model::NameOf(model.algorithm()));
}

void RequireFinite(const model::LoadedModel& from) {
  const std::vector<std::string> problems = from.NonFinite();
  if (problems.empty()) return;
  ThrowBadInput("--init-from {}: {}; start from an earlier model", from.path().string(), problems.front());
}

}  // namespace

bool SameShape(const model::Theta& a, const model::Theta& b) {
  return std::equal(a.blocks().begin(), a.blocks().end(), b.blocks().begin(), b.blocks().end(),
                    [](const auto& x, const auto& y) { return x.name == y.name && x.size() == y.size(); });
}

InitialModel::InitialModel(const std::string& path, const data::Dataset& dataset, const TrainingSpec& spec)
    : from_(path), dataset_(dataset), spec_(spec) {
  const model::ModelView view = WithVectors(from_, path).view();
  RequireSameSizes(view.spec, spec.model, path, dataset);
  RequireFinite(from_);
  if (spec.model.HasU() && !view.u.empty()) users_ = RowsOf(from_.users(), dataset.users());
  items_ = RowsOf(from_.items(), dataset.items());
  if (Known(items_) == 0) {
    ThrowUsage("--init-from {}: it knows none of the {} items of {}; was the data prepared from other ids?",
               path, dataset.num_items(), dataset.path().string());
  }
  const model::Theta theta(spec.model);
  has_theta_ = !theta.blocks().empty() && SameShape(theta, *view.theta);
}

void InitialModel::CopyUsers(Index first, Index end, const Tables& tables) const {
  if (users_.empty()) return;
  const model::RowsView u = from_.view().u;
  for (Index user = first; user < end; ++user) {
    if (users_[user] != kNoIndex) std::copy_n(u[users_[user]], u.width, tables.users.First(user));
  }
}

void InitialModel::CopyShared(ps::ModelStore& store) const {
  const model::ModelView view = from_.view();
  const Tables tables = store.tables();
  const bool has_p = spec_.model.HasP() && !view.p.empty();
  for (Index row = 0; row < store.placement().rows(); ++row) {
    const Index from = items_[store.placement().ItemOf(row)];
    if (from == kNoIndex) continue;
    std::copy_n(view.v[from], view.v.width, tables.items.First(row));
    if (has_p) std::copy_n(view.p[from], view.p.width, tables.items.Second(row));
  }
  if (has_theta_) store.theta().Assign(*view.theta);
}

std::string InitialModel::Summary() const {
  const bool has_p = spec_.model.HasP() && !from_.view().p.empty();
  std::string text =
      fmt::format("{}: {} of {} users, {} of {} items{}{} taken over", from_.path().string(), Known(users_),
                  dataset_.num_users(), Known(items_), dataset_.num_items(), has_p ? " with P" : "",
                  has_theta_ ? fmt::format(", {}", ThetaText(spec_.model)) : "");
  if (spec_.model.HasTheta() && !has_theta_) {
    text +=
        fmt::format("; {} begin anew: {}", ThetaText(spec_.model),
                    spec_.model.HasAttention() ? "its attention has other inputs or sizes" : "it has none");
  }
  return text;
}

}  // namespace attune::launch
