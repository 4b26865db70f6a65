#include "common/model/reference.h"

#include <algorithm>
#include <cmath>

namespace attune::model {
namespace {

double Softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

/// y += W x for W [rows, cols].
void AddProduct(const std::vector<double>& w, const double* x, std::size_t cols, std::vector<double>& y) {
  for (std::size_t r = 0; r < y.size(); ++r) {
    for (std::size_t c = 0; c < cols; ++c) y[r] += w[r * cols + c] * x[c];
  }
}

/// For z = W x with gradient dz: dW += dz xᵀ, dx += Wᵀ dz.
void AddProductGradient(const std::vector<double>& w, const double* x, std::size_t cols,
                        const std::vector<double>& dz, std::vector<double>& dw, double* dx) {
  for (std::size_t r = 0; r < dz.size(); ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      dw[r * cols + c] += dz[r] * x[c];
      dx[c] += w[r * cols + c] * dz[r];
    }
  }
}

double WeightedSquares(const std::vector<double>& counts, const std::vector<double>& rows) {
  const std::size_t width = counts.empty() ? 0 : rows.size() / counts.size();
  double sum = 0;
  for (std::size_t n = 0; n < rows.size(); ++n) sum += counts[n / width] * rows[n] * rows[n];
  return sum;
}

void AddWeighted(double factor, const std::vector<double>& counts, const std::vector<double>& rows,
                 std::vector<double>& gradient) {
  const std::size_t width = counts.empty() ? 0 : rows.size() / counts.size();
  for (std::size_t n = 0; n < rows.size(); ++n) gradient[n] += factor * counts[n / width] * rows[n];
}

}  // namespace

ReferenceModel::ReferenceModel(const ModelSpec& spec, ReferenceParameters parameters,
                               std::vector<std::vector<Index>> histories,
                               std::vector<std::vector<double>> components)
    : spec_(spec),
      parameters_(std::move(parameters)),
      histories_(std::move(histories)),
      components_(std::move(components)) {}

std::vector<Index> ReferenceModel::History(Index user, Index target) const {
  std::vector<Index> history;
  for (const Index item : histories_[user]) {
    if (!(spec_.exclude_target && item == target)) history.push_back(item);
  }
  return history;
}

std::vector<double> ReferenceModel::ComponentHidden(Index user, Index item, std::size_t component) const {
  const std::size_t d = spec_.dim;
  const std::size_t dx = spec_.feature_dim;
  std::vector<double> q = parameters_.b2;
  AddProduct(parameters_.W2u, &parameters_.U[user * d], d, q);
  AddProduct(parameters_.W2x, &components_[item][component * dx], dx, q);
  return q;
}

ReferenceContent ReferenceModel::Content(Index user, Index item) const {
  if (!spec_.AttendsContent()) return {};
  const std::size_t dx = spec_.feature_dim;
  const std::size_t count = Components(item);
  ReferenceContent content{std::vector<double>(count, 1.0), std::vector<double>(dx)};
  double sum = 0;
  for (std::size_t m = 0; m < count; ++m) {
    if (spec_.HasComponentAttention()) {
      const std::vector<double> q = ComponentHidden(user, item, m);
      double b = 0;
      for (std::size_t h = 0; h < q.size(); ++h) b += parameters_.w2[h] * std::max(q[h], 0.0);
      content.beta[m] = std::exp(b);
    }
    sum += content.beta[m];
  }
  for (std::size_t m = 0; m < count; ++m) {
    content.beta[m] /= sum;
    for (std::size_t c = 0; c < dx; ++c) content.x[c] += content.beta[m] * components_[item][m * dx + c];
  }
  return content;
}

std::vector<double> ReferenceModel::Hidden(Index user, Index item, const ReferenceContent& content) const {
  const std::size_t d = spec_.dim;
  std::vector<double> z = parameters_.b1;
  if (spec_.attend_user) AddProduct(parameters_.W1u, &parameters_.U[user * d], d, z);
  if (spec_.attend_item) AddProduct(parameters_.W1v, &parameters_.V[item * d], d, z);
  if (spec_.attend_history) AddProduct(parameters_.W1p, &parameters_.P[item * d], d, z);
  if (spec_.AttendsContent()) AddProduct(parameters_.W1x, content.x.data(), spec_.feature_dim, z);
  return z;
}

ReferenceForward ReferenceModel::Forward(Index user, std::span<const Index> history) const {
  const std::size_t d = spec_.dim;
  ReferenceForward out;
  out.u_prime.assign(d, 0.0);
  if (spec_.user_vector) std::copy_n(&parameters_.U[user * d], d, out.u_prime.begin());
  if (!spec_.HasHistory() || history.empty()) return out;

  if (spec_.HasAttention()) {
    double sum = 0;
    for (const Index item : history) {
      out.content.push_back(Content(user, item));
      const std::vector<double> z = Hidden(user, item, out.content.back());
      double a = 0;
      for (std::size_t h = 0; h < z.size(); ++h) a += parameters_.w1[h] * std::max(z[h], 0.0);
      out.alpha.push_back(std::exp(a));
      sum += out.alpha.back();
    }
    for (double& alpha : out.alpha) alpha *= spec_.HistoryWeight(history.size()) / sum;
  } else {
    out.alpha.assign(history.size(), std::pow(static_cast<double>(history.size()), -spec_.history_exponent));
  }
  for (std::size_t n = 0; n < history.size(); ++n) {
    for (std::size_t c = 0; c < d; ++c) out.u_prime[c] += out.alpha[n] * parameters_.P[history[n] * d + c];
  }
  return out;
}

std::vector<double> ReferenceModel::MeanContent(Index item) const {
  const std::size_t dx = spec_.feature_dim;
  std::vector<double> mean(dx);
  const std::size_t count = Components(item);
  for (std::size_t m = 0; m < count; ++m) {
    for (std::size_t c = 0; c < dx; ++c) {
      mean[c] += components_[item][m * dx + c] / static_cast<double>(count);
    }
  }
  return mean;
}

std::vector<double> ReferenceModel::ItemVector(Index item) const {
  const std::size_t d = spec_.dim;
  std::vector<double> vector(&parameters_.V[item * d], &parameters_.V[item * d] + d);
  if (spec_.HasItemContent()) AddProduct(parameters_.F, MeanContent(item).data(), spec_.feature_dim, vector);
  return vector;
}

double ReferenceModel::Score(Index user, Index item) const {
  const ReferenceForward forward = Forward(user, histories_[user]);
  const std::vector<double> vector = ItemVector(item);
  double score = 0;
  for (std::size_t c = 0; c < spec_.dim; ++c) score += forward.u_prime[c] * vector[c];
  return score;
}

double ReferenceModel::DifferenceOfScores(const Triple& triple) const {
  const ReferenceForward forward = Forward(triple.user, History(triple.user, triple.positive));
  const std::vector<double> positive = ItemVector(triple.positive);
  const std::vector<double> negative = ItemVector(triple.negative);
  double r = 0;
  for (std::size_t c = 0; c < spec_.dim; ++c) r += forward.u_prime[c] * (positive[c] - negative[c]);
  return r;
}

std::vector<std::size_t> ReferenceModel::ThetaArrays() const {
  if (spec_.HasItemContent()) return {13};
  if (!spec_.HasAttention()) return {};
  std::vector<std::size_t> arrays = {6, 7};  // b1, w1
  if (spec_.attend_user) arrays.push_back(3);
  if (spec_.attend_item) arrays.push_back(4);
  if (spec_.attend_history) arrays.push_back(5);
  if (spec_.AttendsContent()) arrays.push_back(8);
  if (spec_.HasComponentAttention()) arrays.insert(arrays.end(), {9, 10, 11, 12});
  return arrays;
}

ReferenceModel::Counts ReferenceModel::CountRows(std::span<const Triple> batch, const L2& l2) const {
  const std::size_t d = spec_.dim;
  Counts counts{std::vector<double>(parameters_.U.size() / d), std::vector<double>(parameters_.V.size() / d),
                std::vector<double>(parameters_.P.size() / d), static_cast<double>(batch.size())};
  for (const Triple& triple : batch) {
    counts.u[triple.user] += 1;
    counts.v[triple.positive] += 1;
    counts.v[triple.negative] += 1;
    if (!spec_.HasP()) continue;
    for (const Index item : History(triple.user, triple.positive)) counts.p[item] += 1;
  }
  if (!l2.per_occurrence) {
    for (auto* table : {&counts.u, &counts.v, &counts.p}) {
      for (double& count : *table) count = std::min(count, 1.0);
    }
    counts.theta = 1;
  }
  return counts;
}

double ReferenceModel::Loss(std::span<const Triple> batch, const L2& l2, bool mean) const {
  double loss = 0;
  for (const Triple& triple : batch) loss += Softplus(-DifferenceOfScores(triple));
  const Counts counts = CountRows(batch, l2);
  double penalty = l2.u * WeightedSquares(counts.u, parameters_.U) +
                   l2.v * WeightedSquares(counts.v, parameters_.V) +
                   l2.p * WeightedSquares(counts.p, parameters_.P);
  for (const std::size_t array : ThetaArrays()) {
    const std::vector<double>& values = *parameters_.All()[array];
    penalty += l2.theta * WeightedSquares(std::vector<double>(values.size(), counts.theta), values);
  }
  loss += 0.5 * l2.factor * penalty;
  return mean ? loss / static_cast<double>(batch.size()) : loss;
}

void ReferenceModel::AddAttentionGradient(Index user, std::span<const Index> history,
                                          std::span<const double> logit_gradients,
                                          ReferenceParameters& gradient) const {
  const std::size_t d = spec_.dim;
  for (std::size_t n = 0; n < history.size(); ++n) {
    const Index item = history[n];
    const ReferenceContent content = Content(user, item);
    const std::vector<double> z = Hidden(user, item, content);
    std::vector<double> dz(z.size());
    for (std::size_t h = 0; h < z.size(); ++h) {
      gradient.w1[h] += logit_gradients[n] * std::max(z[h], 0.0);
      dz[h] = z[h] > 0 ? logit_gradients[n] * parameters_.w1[h] : 0.0;
      gradient.b1[h] += dz[h];
    }
    if (spec_.attend_user) {
      AddProductGradient(parameters_.W1u, &parameters_.U[user * d], d, dz, gradient.W1u,
                         &gradient.U[user * d]);
    }
    if (spec_.attend_item) {
      AddProductGradient(parameters_.W1v, &parameters_.V[item * d], d, dz, gradient.W1v,
                         &gradient.V[item * d]);
    }
    if (spec_.attend_history) {
      AddProductGradient(parameters_.W1p, &parameters_.P[item * d], d, dz, gradient.W1p,
                         &gradient.P[item * d]);
    }
    if (spec_.AttendsContent()) {
      std::vector<double> dx(spec_.feature_dim);
      AddProductGradient(parameters_.W1x, content.x.data(), dx.size(), dz, gradient.W1x, dx.data());
      if (spec_.HasComponentAttention()) AddComponentGradient(user, item, content, dx, gradient);
    }
  }
}

void ReferenceModel::AddComponentGradient(Index user, Index item, const ReferenceContent& content,
                                          std::span<const double> x_gradient,
                                          ReferenceParameters& gradient) const {
  const std::size_t d = spec_.dim;
  const std::size_t dx = spec_.feature_dim;
  std::vector<double> dbeta(content.beta.size());
  double mean = 0;
  for (std::size_t m = 0; m < dbeta.size(); ++m) {
    for (std::size_t c = 0; c < dx; ++c) dbeta[m] += components_[item][m * dx + c] * x_gradient[c];
    mean += content.beta[m] * dbeta[m];
  }
  std::vector<double> ignored(dx);  // features are data
  for (std::size_t m = 0; m < dbeta.size(); ++m) {
    const double db = content.beta[m] * (dbeta[m] - mean);
    const std::vector<double> q = ComponentHidden(user, item, m);
    std::vector<double> dq(q.size());
    for (std::size_t h = 0; h < q.size(); ++h) {
      gradient.w2[h] += db * std::max(q[h], 0.0);
      dq[h] = q[h] > 0 ? db * parameters_.w2[h] : 0.0;
      gradient.b2[h] += dq[h];
    }
    AddProductGradient(parameters_.W2u, &parameters_.U[user * d], d, dq, gradient.W2u, &gradient.U[user * d]);
    AddProductGradient(parameters_.W2x, &components_[item][m * dx], dx, dq, gradient.W2x, ignored.data());
  }
}

void ReferenceModel::AddTripleGradient(const Triple& triple, ReferenceParameters& gradient) const {
  const std::size_t d = spec_.dim;
  const std::vector<Index> history = History(triple.user, triple.positive);
  const ReferenceForward forward = Forward(triple.user, history);
  const double delta = -1.0 / (1.0 + std::exp(DifferenceOfScores(triple)));
  const std::vector<double> positive = ItemVector(triple.positive);
  const std::vector<double> negative = ItemVector(triple.negative);
  std::vector<double> du(d);  // d nll / d u'_i
  for (std::size_t c = 0; c < d; ++c) {
    du[c] = delta * (positive[c] - negative[c]);
    gradient.V[triple.positive * d + c] += delta * forward.u_prime[c];
    gradient.V[triple.negative * d + c] -= delta * forward.u_prime[c];
    if (spec_.user_vector) gradient.U[triple.user * d + c] += du[c];
  }
  if (spec_.HasItemContent()) {
    const std::vector<double> xj = MeanContent(triple.positive);
    const std::vector<double> xk = MeanContent(triple.negative);
    for (std::size_t n = 0; n < gradient.F.size(); ++n) {
      const std::size_t c = n % spec_.feature_dim;
      gradient.F[n] += delta * forward.u_prime[n / spec_.feature_dim] * (xj[c] - xk[c]);
    }
  }
  if (!spec_.HasHistory()) return;

  std::vector<double> dalpha(history.size());
  double mean = 0;  // Σ α_l dα_l over the softmax, whose sum is 1
  for (std::size_t n = 0; n < history.size(); ++n) {
    for (std::size_t c = 0; c < d; ++c) {
      gradient.P[history[n] * d + c] += forward.alpha[n] * du[c];
      dalpha[n] += parameters_.P[history[n] * d + c] * du[c];
    }
    mean += forward.alpha[n] * dalpha[n];
  }
  if (!spec_.HasAttention()) return;
  mean /= spec_.HistoryWeight(history.size());
  for (std::size_t n = 0; n < history.size(); ++n) dalpha[n] = forward.alpha[n] * (dalpha[n] - mean);
  AddAttentionGradient(triple.user, history, dalpha, gradient);
}

ReferenceParameters ReferenceModel::Gradient(std::span<const Triple> batch, const L2& l2, bool mean) const {
  ReferenceParameters gradient = parameters_;
  for (auto* values : gradient.All()) std::fill(values->begin(), values->end(), 0.0);
  for (const Triple& triple : batch) AddTripleGradient(triple, gradient);

  const Counts counts = CountRows(batch, l2);
  AddWeighted(l2.factor * l2.u, counts.u, parameters_.U, gradient.U);
  AddWeighted(l2.factor * l2.v, counts.v, parameters_.V, gradient.V);
  AddWeighted(l2.factor * l2.p, counts.p, parameters_.P, gradient.P);
  for (const std::size_t array : ThetaArrays()) {
    const std::vector<double>& values = *parameters_.All()[array];
    AddWeighted(l2.factor * l2.theta, std::vector<double>(values.size(), counts.theta), values,
                *gradient.All()[array]);
  }
  if (mean) {
    for (auto* values : gradient.All()) {
      for (double& value : *values) value /= static_cast<double>(batch.size());
    }
  }
  return gradient;
}

}  // namespace attune::model
