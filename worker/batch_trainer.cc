#include "worker/batch_trainer.h"

#include <algorithm>
#include <optional>

#include "common/model/loss.h"
#include "worker/attention_batch.h"
#include "worker/item_content_access.h"
#include "worker/visitor.h"

namespace attune::worker {
namespace {

template <typename Rule, typename Access>
class Trainer : public BatchTrainer {
 public:
  Trainer(const TrainingSpec& spec, const Tables& tables, ThetaService& theta, const SharedContent& content)
      : spec_(spec), tables_(tables), access_(tables, spec), visitor_(spec, tables) {
    if (spec.model.HasAttention()) attention_.emplace(spec, tables, theta, content);
    if constexpr (requires { access_.SetItemContent(nullptr); }) {
      item_content_.emplace(spec, theta, content.means());
      access_.SetItemContent(&*item_content_);
    }
  }

  BatchReport Train(const Batch& batch, const EpochRates& rates, StepTimer& timer) override {
    if (batch.visits.empty()) return {};
    optim::OptimizerSpec optimizer = spec_.optimizer;
    optim::WithRule(optimizer, static_cast<float>(rates.lr), [&](const auto& rule) {
      if constexpr (std::is_same_v<std::decay_t<decltype(rule)>, Rule>) {
        access_.BeginBatch(rule, rates, RowGradients(batch), batch.names.visitors.size());
      }
    });
    if (attention_) attention_->BeginBatch(batch.names);
    if (item_content_) item_content_->BeginBatch(batch);
    margins_.resize(batch.triples());
    timer.Lap(StepPhase::kGather);
    for (std::size_t begin = 0; begin < batch.visits.size();) begin = RunChunk(batch, begin);
    const double loss = model::PairwiseLoss(margins_);
    timer.Lap(StepPhase::kCompute);
    if (attention_) attention_->EndBatch(batch.triples(), rates.lr_theta);
    if (item_content_) item_content_->EndBatch(batch.triples(), rates.lr_theta);
    access_.EndBatch(batch.triples());
    timer.Lap(StepPhase::kUpdate);
    return {batch.triples(), loss};
  }

  void FoldOverdue(Index first, Index end, const EpochRates& rates) override {
    if (attention_) attention_->FoldOverdue(first, end, rates.lr_theta);
  }

 private:
  /// Upper bound of the rows that gradients of the batch go to, each counted as often as it is touched.
  static std::size_t RowGradients(const Batch& batch) {
    std::size_t entries = 2 * batch.triples() + batch.visits.size();
    for (const Visit& visit : batch.visits) entries += 2 * visit.history.size();
    return entries;
  }

  /// Trains visits from `begin` on, as many as share an attention chunk; returns the end.
  std::size_t RunChunk(const Batch& batch, std::size_t begin) {
    const std::size_t end = attention_ ? EndOfChunk(batch, begin) : batch.visits.size();
    const auto visits = std::span(batch.visits).subspan(begin, end - begin);
    if (attention_) attention_->Begin(visits);
    for (std::size_t n = begin; n < end; ++n) {
      if (n + 1 < end) PrefetchVisit(batch, batch.visits[n + 1]);
      RunVisit(batch, batch.visits[n], n - begin);
    }
    if (attention_) StepAttended(visits);
    return end;
  }

  std::size_t EndOfChunk(const Batch& batch, std::size_t begin) const {
    const std::size_t most = AttentionBatch::MaxEntries(spec_.model);
    std::size_t entries = batch.visits[begin].history.size();
    std::size_t end = begin + 1;
    while (end < batch.visits.size() && (entries += batch.visits[end].history.size()) <= most) ++end;
    return end;
  }

  /// @param n  number of the visit in its chunk
  void RunVisit(const Batch& batch, const Visit& visit, std::size_t n) {
    VisitAttention attention{};
    if (attention_) attention = {attention_->Inputs(n), attention_->Gradients(n)};
    visitor_.Run(access_, visit, std::span(batch.positives).subspan(visit.first, visit.count),
                 std::span(batch.negatives).subspan(visit.first, visit.count), attention,
                 std::span(margins_).subspan(visit.first, visit.count));
  }

  void StepAttended(std::span<const Visit> visits) {
    attention_->Backward();
    const auto items = attention_->items();
    for (std::size_t slot = 0; slot < items.size(); ++slot) {
      access_.StepAttendedItem(items[slot], attention_->ItemGradient(slot),
                               attention_->HistoryGradient(slot));
    }
    if (!spec_.model.AttentionReadsUser()) return;
    for (std::size_t n = 0; n < visits.size(); ++n) {
      access_.StepAttendingUser(visits[n].user, attention_->UserGradient(n));
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
  std::optional<ItemContentBatch> item_content_;
  std::vector<float> margins_;
};

template <typename Rule>
std::unique_ptr<BatchTrainer> MakeWithRule(const TrainingSpec& spec, const Tables& tables,
                                           ThetaService& theta, const SharedContent& content) {
  if (spec.model.HasItemContent()) {
    if (spec.update_batch)
      return std::make_unique<Trainer<Rule, WithItemContent<BatchGradient<Rule>>>>(spec, tables, theta,
                                                                                   content);
    return std::make_unique<Trainer<Rule, WithItemContent<InPlace<Rule, 0>>>>(spec, tables, theta, content);
  }
  if (spec.update_batch)
    return std::make_unique<Trainer<Rule, BatchGradient<Rule>>>(spec, tables, theta, content);
  if constexpr (Rule::kPlain) {
    switch (tables.items.layout.padded / simd::kLanes) {
      case 2:
        return std::make_unique<Trainer<Rule, InPlace<Rule, 2>>>(spec, tables, theta, content);
      case 4:
        return std::make_unique<Trainer<Rule, InPlace<Rule, 4>>>(spec, tables, theta, content);
      case 8:
        return std::make_unique<Trainer<Rule, InPlace<Rule, 8>>>(spec, tables, theta, content);
      default:
        break;
    }
  }
  return std::make_unique<Trainer<Rule, InPlace<Rule, 0>>>(spec, tables, theta, content);
}

}  // namespace

std::unique_ptr<BatchTrainer> MakeBatchTrainer(const TrainingSpec& spec, const Tables& tables,
                                               ThetaService& theta, const SharedContent& content) {
  return optim::WithRule(spec.optimizer, 0.0f, [&](const auto& rule) -> std::unique_ptr<BatchTrainer> {
    return MakeWithRule<std::decay_t<decltype(rule)>>(spec, tables, theta, content);
  });
}

EpochRates RatesOf(const TrainingSpec& spec, double factor) {
  const double lr = spec.lr * factor;
  const std::size_t most = std::max(spec.sampling.max_visit_triples(), spec.sampling.negatives_per_positive);
  return {lr, spec.lr_theta * factor, optim::DecayTable(lr, spec.l2.u, most),
          optim::DecayTable(lr, spec.l2.v, most), optim::DecayTable(lr, spec.l2.p, most)};
}

}  // namespace attune::worker
