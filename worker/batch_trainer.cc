#include "worker/batch_trainer.h"

#include <algorithm>
#include <optional>

#include "common/model/loss.h"
#include "worker/attention_batch.h"
#include "worker/visitor.h"

namespace attune::worker {
namespace {

template <typename Rule, typename Access>
class Trainer : public BatchTrainer {
 public:
  Trainer(const TrainingSpec& spec, const Tables& tables, ThetaService& theta)
      : spec_(spec), tables_(tables), access_(tables, spec), visitor_(spec, tables) {
    if (spec.model.HasAttention()) attention_.emplace(spec, tables, theta);
  }

  BatchReport Train(const Batch& batch, const EpochRates& rates) override {
    if (batch.visits.empty()) return {};
    optim::OptimizerSpec optimizer = spec_.optimizer;
    optim::WithRule(optimizer, static_cast<float>(rates.lr), [&](const auto& rule) {
      if constexpr (std::is_same_v<std::decay_t<decltype(rule)>, Rule>) {
        access_.BeginBatch(rule, rates, RowGradients(batch));
      }
    });
    if (attention_) attention_->Begin(batch);
    margins_.resize(batch.triples());
    for (std::size_t n = 0; n < batch.visits.size(); ++n) {
      if (n + 1 < batch.visits.size()) PrefetchVisit(batch, batch.visits[n + 1]);
      RunVisit(batch, n);
    }
    if (attention_) EndAttention(batch, rates);
    access_.EndBatch(batch.triples());
    return {batch.triples(), model::PairwiseLoss(margins_)};
  }

 private:
  /// Upper bound of the rows that gradients of the batch go to, each counted as often as it is touched.
  static std::size_t RowGradients(const Batch& batch) {
    std::size_t entries = 2 * batch.triples() + batch.visits.size();
    for (const Visit& visit : batch.visits) entries += 2 * visit.history.size();
    return entries;
  }

  void RunVisit(const Batch& batch, std::size_t n) {
    const Visit& visit = batch.visits[n];
    VisitAttention attention{};
    if (attention_) attention = {attention_->Inputs(n), attention_->Gradients(n)};
    visitor_.Run(access_, visit, std::span(batch.positives).subspan(visit.first, visit.count),
                 std::span(batch.negatives).subspan(visit.first, visit.count), attention,
                 std::span(margins_).subspan(visit.first, visit.count));
  }

  void EndAttention(const Batch& batch, const EpochRates& rates) {
    attention_->End(batch.triples(), rates.lr_theta);
    const auto items = attention_->items();
    for (std::size_t slot = 0; slot < items.size(); ++slot) {
      access_.StepAttendedItem(items[slot], attention_->ItemGradient(slot),
                               attention_->HistoryGradient(slot));
    }
    if (!spec_.model.attend_user) return;
    for (std::size_t n = 0; n < batch.visits.size(); ++n) {
      access_.StepAttendingUser(batch.visits[n].user, attention_->UserGradient(n));
    }
  }

  /// Brings the rows that the next visit reads first.
  void PrefetchVisit(const Batch& batch, const Visit& visit) const {
    const std::size_t padded = tables_.items.layout.padded;
    for (const Index item : visit.history) PrefetchRow(tables_.items.Second(item), padded);
    const std::size_t first = std::min<std::size_t>(visit.count, kFirstTriples);
    for (std::size_t t = visit.first; t < visit.first + first; ++t) {
      PrefetchRow(tables_.items.First(batch.positives[t]), padded);
      PrefetchRow(tables_.items.First(batch.negatives[t]), padded);
    }
    if (!tables_.users.empty()) PrefetchRow(tables_.users.First(visit.user), padded);
  }
  static void PrefetchRow(const float* row, std::size_t padded) {
    for (std::size_t c = 0; c < padded; c += simd::kLanes) __builtin_prefetch(row + c, 1);
  }
  static constexpr std::size_t kFirstTriples = 6;

  const TrainingSpec spec_;
  const Tables tables_;
  Access access_;
  Visitor<Access> visitor_;
  std::optional<AttentionBatch> attention_;
  std::vector<float> margins_;
};

template <typename Rule>
std::unique_ptr<BatchTrainer> MakeWithRule(const TrainingSpec& spec, const Tables& tables,
                                           ThetaService& theta) {
  if (spec.update_batch) return std::make_unique<Trainer<Rule, BatchGradient<Rule>>>(spec, tables, theta);
  if constexpr (Rule::kPlain) {
    switch (tables.items.layout.padded / simd::kLanes) {
      case 2:
        return std::make_unique<Trainer<Rule, InPlace<Rule, 2>>>(spec, tables, theta);
      case 4:
        return std::make_unique<Trainer<Rule, InPlace<Rule, 4>>>(spec, tables, theta);
      case 8:
        return std::make_unique<Trainer<Rule, InPlace<Rule, 8>>>(spec, tables, theta);
      default:
        break;
    }
  }
  return std::make_unique<Trainer<Rule, InPlace<Rule, 0>>>(spec, tables, theta);
}

}  // namespace

std::unique_ptr<BatchTrainer> MakeBatchTrainer(const TrainingSpec& spec, const Tables& tables,
                                               ThetaService& theta) {
  return optim::WithRule(spec.optimizer, 0.0f, [&](const auto& rule) -> std::unique_ptr<BatchTrainer> {
    return MakeWithRule<std::decay_t<decltype(rule)>>(spec, tables, theta);
  });
}

EpochRates RatesOf(const TrainingSpec& spec, double factor) {
  const double lr = spec.lr * factor;
  const std::size_t most = std::max(spec.sampling.max_visit_triples(), spec.sampling.negatives_per_positive);
  return {lr, spec.lr_theta * factor, optim::DecayTable(lr, spec.l2.u, most),
          optim::DecayTable(lr, spec.l2.v, most), optim::DecayTable(lr, spec.l2.p, most)};
}

}  // namespace attune::worker
