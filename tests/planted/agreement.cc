#include "tests/planted/agreement.h"

#include <span>
#include <vector>

#include "common/io/npy.h"
#include "common/model/user_vectors.h"
#include "launch/model_data.h"

namespace attune::testing {
namespace {

using Marks = std::span<const std::uint8_t>;

/// Mean over what has both kinds; ties count half.
class MeanAuc {
 public:
  void Add(std::span<const float> scores, Marks positive) {
    double won = 0;
    double pairs = 0;
    for (std::size_t a = 0; a < scores.size(); ++a) {
      for (std::size_t b = 0; b < scores.size(); ++b) {
        if (positive[a] == 0 || positive[b] != 0) continue;
        pairs += 1;
        won += scores[a] > scores[b] ? 1.0 : scores[a] == scores[b] ? 0.5 : 0.0;
      }
    }
    if (pairs == 0) return;
    sum_ += won / pairs;
    ++count_;
  }
  double mean() const { return count_ == 0 ? 0 : sum_ / count_; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

class MeanMass {
 public:
  void Add(std::span<const float> weights, Marks positive) {
    for (std::size_t n = 0; n < weights.size(); ++n) sum_ += positive[n] != 0 ? weights[n] : 0.0f;
    ++count_;
  }
  double mean() const { return count_ == 0 ? 0 : sum_ / count_; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

Agreement CompareWithTruth(const std::filesystem::path& model_path, const std::filesystem::path& data_path) {
  const model::LoadedModel model(model_path);
  const data::Dataset dataset(data_path);
  const launch::ModelData matched(model, dataset);
  const model::ModelView view = matched.view();
  const model::UserVectors vectors(view, 1);
  const io::NpyView genuine_file(data_path / "truth" / "genuine.npy");
  const io::NpyView foreground_file(data_path / "truth" / "foreground.npy");
  const Marks genuine = genuine_file.As<std::uint8_t>();
  const Marks foreground = foreground_file.As<std::uint8_t>();
  const data::ContentView content = dataset.features()->view();

  MeanAuc alpha_auc, beta_auc;
  MeanMass alpha_mass, beta_mass;
  std::size_t first = 0;
  std::vector<float> out(view.spec.dim);
  for (Index user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Index> history = dataset.History(user);
    std::vector<float> alphas(history.size());
    std::vector<std::vector<float>> betas;
    vectors.Compute(user, history, out, alphas, &betas);
    alpha_auc.Add(alphas, genuine.subspan(first, history.size()));
    alpha_mass.Add(alphas, genuine.subspan(first, history.size()));
    first += history.size();
    for (std::size_t n = 0; n < betas.size(); ++n) {
      const Marks marks = foreground.subspan(content[history[n]].first, betas[n].size());
      beta_auc.Add(betas[n], marks);
      beta_mass.Add(betas[n], marks);
    }
  }
  return {alpha_auc.mean(), alpha_mass.mean(), beta_auc.mean(), beta_mass.mean()};
}

}  // namespace attune::testing
