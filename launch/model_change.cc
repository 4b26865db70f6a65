#include "launch/model_change.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "launch/initial_model.h"
#include "launch/model_data.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

ordered_json Counts(const data::IdTable& before, const data::IdTable& after, const IdMap& rows_before) {
  const Index kept = after.size() - rows_before.unknown();
  return {{"kept", kept}, {"new", rows_before.unknown()}, {"gone", before.size() - kept}};
}

/// How far rows have moved on average.
class Movement {
 public:
  void Add(const float* before, const float* after, std::size_t dim) {
    double dot = 0, change = 0, norm_before = 0, norm_after = 0;
    for (std::size_t c = 0; c < dim; ++c) {
      const double b = before[c], a = after[c];
      dot += a * b;
      change += (a - b) * (a - b);
      norm_before += b * b;
      norm_after += a * a;
    }
    if (norm_before == 0 || norm_after == 0) return;
    ++rows_;
    cosine_ += dot / std::sqrt(norm_before * norm_after);
    change_ += std::sqrt(change / norm_before);
  }

  bool any() const { return rows_ > 0; }
  ordered_json Json() const {
    const auto rows = static_cast<double>(rows_);
    return {{"mean_cosine", cosine_ / rows}, {"mean_relative_change", change_ / rows}};
  }

 private:
  std::size_t rows_ = 0;
  double cosine_ = 0;
  double change_ = 0;
};

Movement MovementOf(const model::RowsView& before, const model::RowsView& after, const IdMap& rows_before) {
  Movement movement;
  if (before.empty() || after.empty() || before.width != after.width) return movement;
  for (Index row = 0; row < after.rows; ++row) {
    const Index from = rows_before[row];
    if (from != kNoIndex) movement.Add(before[from], after[row], after.width);
  }
  return movement;
}

std::string Attention(const model::Theta& before, const model::Theta& after) {
  if (after.blocks().empty()) return "none";
  return SameShape(before, after) ? "kept" : "new";
}

std::string CountsText(const ordered_json& counts, const char* what) {
  return fmt::format("{} {} kept, {} new, {} gone", counts["kept"].get<Index>(), what,
                     counts["new"].get<Index>(), counts["gone"].get<Index>());
}

}  // namespace

ordered_json ModelChange(const model::LoadedModel& before, const model::LoadedModel& after) {
  const model::ModelView old_view = before.view();
  const model::ModelView new_view = after.view();
  const IdMap users(after.users(), before.users());
  const IdMap items(after.items(), before.items());
  ordered_json rows = ordered_json::object();
  const auto add = [&](const char* name, const Movement& movement) {
    if (movement.any()) rows[name] = movement.Json();
  };
  add("U", MovementOf(old_view.u, new_view.u, users));
  add("V", MovementOf(old_view.v, new_view.v, items));
  add("P", MovementOf(old_view.p, new_view.p, items));
  return {{"model", before.path().string()},
          {"users", Counts(before.users(), after.users(), users)},
          {"items", Counts(before.items(), after.items(), items)},
          {"attention", Attention(*old_view.theta, *new_view.theta)},
          {"rows", std::move(rows)}};
}

std::string ModelChangeText(const ordered_json& change) {
  std::string text =
      fmt::format("from {}: {}; {}{}\n", change["model"].get<std::string>(),
                  CountsText(change["users"], "users"), CountsText(change["items"], "items"),
                  change["attention"] == "new" ? "; the parameters that all items share began anew" : "");
  if (change["rows"].empty()) return text;
  text += "rows that were kept, cosine with what they were:";
  for (const auto& [name, movement] : change["rows"].items()) {
    text += fmt::format("  {} {:.4f}", name, movement["mean_cosine"].get<double>());
  }
  return text + '\n';
}

}  // namespace attune::launch
