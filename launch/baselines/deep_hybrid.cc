#include "launch/baselines/deep_hybrid.h"

#include <algorithm>

#include "common/error.h"
#include "common/io/npy.h"
#include "common/model/mean_content.h"
#include "launch/signals.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using model::RowsView;
using nlohmann::ordered_json;

/// Reads the settings before anything is opened.
std::string RequireInitFrom(const config::RunSettings& run) {
  if (run.has_init_from()) return run.init_from();
  ThrowUsage(
      "--algorithm deep_hybrid needs --init-from MODEL: a factorisation of the same data, whose item vectors "
      "are "
      "learnt from content, for example SVD++ (attune train --item-attention average)");
}

model::LoadedModel OpenFactorisation(const std::string& path) {
  model::LoadedModel model(path);
  if (model.algorithm() != model::Algorithm::kFactorisation) {
    ThrowUsage("--init-from {}: it is a {} model; --algorithm deep_hybrid needs a factorisation", path,
               model::NameOf(model.algorithm()));
  }
  if (model.view().spec.HasContent()) {
    ThrowUsage(
        "--init-from {}: its scores read content already; --algorithm deep_hybrid needs a factorisation "
        "without",
        path);
  }
  return model;
}

model::NetworkOptions OptionsOf(const config::TrainSettings& settings) {
  const auto& given = settings.algorithm_settings();
  model::NetworkOptions options;
  options.hidden = given.network_hidden();
  options.epochs = settings.run_settings().epochs();
  options.lr = given.network_lr();
  options.l2 = given.network_l2();
  options.seed = settings.sampling_settings().seed();
  return options;
}

/// Rows of the factorisation in the order of the data's ids; zeros for ids that it does not know.
class Reordered {
 public:
  Reordered(const RowsView& rows, const IdMap& map, Index count)
      : width_(rows.width), count_(count), values_(rows.empty() ? 0 : count * rows.width) {
    if (rows.empty()) return;
    for (Index row = 0; row < count; ++row) {
      if (map[row] != kNoIndex) std::copy_n(rows[map[row]], width_, values_.begin() + row * width_);
    }
  }
  RowsView view() const {
    if (values_.empty()) return {};
    return {values_.data(), count_, width_, width_};
  }
  float* operator[](std::size_t row) { return values_.data() + row * width_; }

 private:
  std::size_t width_;
  std::size_t count_;
  std::vector<float> values_;
};

void WriteNetwork(const fs::path& directory, const model::ContentNetwork& network) {
  fs::create_directories(directory);
  const auto write = [&](const char* name, const std::vector<float>& values, std::size_t cols) {
    std::vector<std::uint64_t> shape = {values.size() / cols};
    if (cols > 1) shape.push_back(cols);
    io::WriteNpy<float>(directory / name, shape, values);
  };
  write("mean.npy", network.mean, 1);
  write("scale.npy", network.scale, 1);
  write("W1.npy", network.w1, network.feature_dim);
  write("b1.npy", network.b1, 1);
  write("W2.npy", network.w2, network.hidden);
  write("b2.npy", network.b2, 1);
}

}  // namespace

DeepHybrid::DeepHybrid(const config::TrainSettings& settings, const TrainingInputs& inputs, unsigned threads)
    : inputs_(inputs),
      threads_(threads),
      path_(RequireInitFrom(settings.run_settings())),
      from_(OpenFactorisation(path_)),
      content_(inputs.dataset.features()->view()),
      options_(OptionsOf(settings)),
      content_weight_(settings.algorithm_settings().content_weight()),
      items_(inputs.dataset.items(), from_.items()) {}

void DeepHybrid::AddMemory(MemoryPlan& plan) const {
  const std::uint64_t dim = from_.view().spec.dim;
  const std::uint64_t items = inputs_.dataset.num_items();
  plan.Add("vectors of users and items",
           (std::uint64_t{inputs_.dataset.num_users()} + 3 * items) * dim * sizeof(float));
  plan.Add("means of items' content, twice", 2 * model::MeanContent::Bytes(content_));
  plan.Add("network with Adam's state", 5 * options_.hidden * (content_.dim() + dim) * sizeof(float),
           "--network-hidden");
}

std::vector<Index> DeepHybrid::Teachers() const {
  std::vector<Index> teachers;
  const auto& counts = inputs_.data->item_counts();
  for (Index item = 0; item < inputs_.dataset.num_items(); ++item) {
    if (counts[item] > 0 && items_[item] != kNoIndex && content_[item].count > 0) teachers.push_back(item);
  }
  if (teachers.size() < 2) {
    ThrowBadInput(
        "{} and {}: {} items have content and training interactions and are known to the "
        "factorisation; the network needs two",
        inputs_.dataset.path().string(), path_, teachers.size());
  }
  return teachers;
}

ordered_json DeepHybrid::Make(const fs::path& directory) {
  const data::Dataset& dataset = inputs_.dataset;
  const model::ModelView from = from_.view();
  const std::size_t dim = from.spec.dim;
  const IdMap users(dataset.users(), from_.users());
  const Reordered u(from.u, users, dataset.num_users());
  const Reordered p(from.p, items_, dataset.num_items());
  Reordered v(from.v, items_, dataset.num_items());
  const std::vector<Index> teachers = Teachers();
  const SignalGuard signals;
  const model::MeanContent means(content_, threads_);
  const RowsView x = means.rows();
  const model::TrainedNetwork trained =
      model::TrainContentNetwork(x, v.view(), teachers, options_, [] { return StopRequested(); });
  if (StopRequested()) throw Error(ErrorKind::kInterrupted, "told to end: no model is written");
  std::vector<float> f(dim);
  for (Index item = 0; item < dataset.num_items(); ++item) {
    if (content_[item].count == 0) continue;
    trained.network.Apply({x[item], 1, x.width, x.stride}, {f.data(), 1, dim, dim});
    const double n = items_[item] == kNoIndex ? 0.0 : inputs_.data->item_counts()[item];
    const double share = n == 0 ? 0.0 : n / (n + content_weight_);  // that v_j keeps
    for (std::size_t c = 0; c < dim; ++c)
      v[item][c] = static_cast<float>(share * v[item][c] + (1 - share) * f[c]);
  }
  model::ModelView view;
  view.spec = from.spec;
  view.spec.algorithm = model::Algorithm::kDeepHybrid;
  view.u = u.view();
  view.v = v.view();
  view.p = p.view();
  view.theta = from.theta;
  model::WriteModelArrays(directory, view);
  WriteNetwork(directory / "network", trained.network);
  report_ = {{"init_from", fs::absolute(path_).lexically_normal().string()},
             {"network_items", teachers.size()},
             {"network_error", trained.error},
             {"network_variance", trained.variance}};
  return model::SpecToJson(view.spec);
}

}  // namespace attune::launch
