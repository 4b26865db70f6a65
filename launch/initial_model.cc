#include "launch/initial_model.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/error.h"

namespace attune::launch {
namespace {

/// Copies the rows whose ids `from_ids` has; returns their number. @param row_of  where row n of the table
/// starts
template <typename RowOf>
Index CopyRows(const model::RowsView& from, const data::IdTable& from_ids, const data::IdTable& to_ids,
               RowOf&& row_of) {
  const data::IdIndex index(from_ids);
  Index copied = 0;
  for (Index row = 0; row < to_ids.size(); ++row) {
    const Index source = index.Find(to_ids[row]);
    if (source == kNoIndex) continue;
    std::copy_n(from[source], from.width, row_of(row));
    ++copied;
  }
  return copied;
}

bool SameShape(const model::Theta& a, const model::Theta& b) {
  return std::equal(a.blocks().begin(), a.blocks().end(), b.blocks().begin(), b.blocks().end(),
                    [](const auto& x, const auto& y) { return x.name == y.name && x.size() == y.size(); });
}

}  // namespace

std::string InitialiseFrom(const model::LoadedModel& from, const data::Dataset& dataset,
                           const TrainingSpec& spec, ps::ModelStore& store) {
  const model::ModelView view = from.view();
  if (view.spec.dim != spec.model.dim) {
    ThrowUsage("--init-from {}: its dim is {}, not {}; pass --dim {}", from.path().string(), view.spec.dim,
               spec.model.dim, view.spec.dim);
  }
  if (view.spec.HasContent() && spec.model.HasContent() && view.spec.feature_dim != spec.model.feature_dim) {
    ThrowUsage(
        "--init-from {}: it was trained on features of {} numbers, those of {} have {}; prepare the data "
        "with "
        "the features it was trained on (--feature-projection-from its data), or leave --init-from out",
        from.path().string(), view.spec.feature_dim, dataset.path().string(), spec.model.feature_dim);
  }
  const Tables tables = store.tables();
  Index users = 0;
  if (!tables.users.empty() && !view.u.empty()) {
    users =
        CopyRows(view.u, from.users(), dataset.users(), [&](Index row) { return tables.users.First(row); });
  }
  const Index items =
      CopyRows(view.v, from.items(), dataset.items(), [&](Index row) { return tables.items.First(row); });
  const bool has_p = spec.model.HasP() && !view.p.empty();
  if (has_p)
    CopyRows(view.p, from.items(), dataset.items(), [&](Index row) { return tables.items.Second(row); });
  model::Theta theta(spec.model);
  const bool has_theta = !theta.blocks().empty() && SameShape(theta, *view.theta);
  if (has_theta) store.theta().Assign(*view.theta);
  std::string text =
      fmt::format("{} of {} users, {} of {} items{}{} taken over", users, dataset.num_users(), items,
                  dataset.num_items(), has_p ? " with P" : "", has_theta ? ", attention parameters" : "");
  if (!theta.blocks().empty() && !has_theta)
    text += "; attention parameters begin anew: its attention has other inputs or sizes";
  return text;
}

}  // namespace attune::launch
