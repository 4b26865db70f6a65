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

/// @param row_of  where row n of the table starts
template <typename RowOf>
void CopyRows(const model::RowsView& from, const std::vector<Index>& source, Index first, Index end,
              RowOf&& row_of) {
  for (Index row = first; row < end; ++row) {
    if (source[row] != kNoIndex) std::copy_n(from[source[row]], from.width, row_of(row));
  }
}

bool SameShape(const model::Theta& a, const model::Theta& b) {
  return std::equal(a.blocks().begin(), a.blocks().end(), b.blocks().begin(), b.blocks().end(),
                    [](const auto& x, const auto& y) { return x.name == y.name && x.size() == y.size(); });
}

void RequireSameSizes(const model::ModelSpec& from, const model::ModelSpec& to, const std::string& path,
                      const data::Dataset& dataset) {
  if (from.dim != to.dim) {
    ThrowUsage("--init-from {}: its dim is {}, not {}; pass --dim {}", path, from.dim, to.dim, from.dim);
  }
  if (from.HasContent() && to.HasContent() && from.feature_dim != to.feature_dim) {
    ThrowUsage(
        "--init-from {}: it was trained on features of {} numbers, those of {} have {}; prepare the data "
        "with "
        "the features it was trained on (--feature-projection-from its data), or leave --init-from out",
        path, from.feature_dim, dataset.path().string(), to.feature_dim);
  }
}

}  // namespace

InitialModel::InitialModel(const std::string& path, const data::Dataset& dataset, const TrainingSpec& spec)
    : from_(path), dataset_(dataset), spec_(spec) {
  const model::ModelView view = from_.view();
  RequireSameSizes(view.spec, spec.model, path, dataset);
  if (spec.model.HasU() && !view.u.empty()) users_ = RowsOf(from_.users(), dataset.users());
  items_ = RowsOf(from_.items(), dataset.items());
  const model::Theta theta(spec.model);
  has_theta_ = !theta.blocks().empty() && SameShape(theta, *view.theta);
}

void InitialModel::CopyUsers(Index first, Index end, const Tables& tables) const {
  if (users_.empty()) return;
  CopyRows(from_.view().u, users_, first, end, [&](Index row) { return tables.users.First(row); });
}

void InitialModel::CopyShared(ps::ModelStore& store) const {
  const model::ModelView view = from_.view();
  const Tables tables = store.tables();
  const Index items = dataset_.num_items();
  CopyRows(view.v, items_, 0, items, [&](Index row) { return tables.items.First(row); });
  if (spec_.model.HasP() && !view.p.empty()) {
    CopyRows(view.p, items_, 0, items, [&](Index row) { return tables.items.Second(row); });
  }
  if (has_theta_) store.theta().Assign(*view.theta);
}

std::string InitialModel::Summary() const {
  const bool has_p = spec_.model.HasP() && !from_.view().p.empty();
  std::string text = fmt::format("{}: {} of {} users, {} of {} items{}{} taken over", from_.path().string(),
                                 Known(users_), dataset_.num_users(), Known(items_), dataset_.num_items(),
                                 has_p ? " with P" : "", has_theta_ ? ", attention parameters" : "");
  if (spec_.model.HasAttention() && !has_theta_)
    text += "; attention parameters begin anew: its attention has other inputs or sizes";
  return text;
}

}  // namespace attune::launch
