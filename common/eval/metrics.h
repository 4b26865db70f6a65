#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Ranking metrics of leave-one-out and of several targets, per user and on average.
namespace attune::eval {

/// K = 10, 20, …, 100, as in the paper's Figure 3.
inline constexpr std::size_t kCutoffs = 10;
constexpr std::uint32_t Cutoff(std::size_t n) {
  return static_cast<std::uint32_t>(10 * (n + 1));
}

/// Rank from 1 of each target of one user among the items that are ranked; kUnranked for a target that cannot
/// be scored.
inline constexpr std::uint32_t kUnranked = 0xffffffffu;

/// Metrics of one user.
///   HR@K      1 if any target is among the first K
///   NDCG@K    Σ 1/log2(rank+1) over targets among the first K, divided by the best possible with min(K, n)
///   targets Recall@K  targets among the first K / min(K, n) MRR       1 / the best rank
struct UserMetrics {
  std::array<double, kCutoffs> hr{}, ndcg{}, recall{};
  double mrr = 0;
};

/// @param ranks  of the user's targets, one or more, any order
UserMetrics MetricsOf(std::span<const std::uint32_t> ranks);

/// A metric by name: "hr@10" … "hr@100", "ndcg@K", "recall@K", "mrr". Throws Error(kUsage) naming the known
/// ones.
double MetricOf(const UserMetrics& metrics, std::string_view name);

/// Names of all metrics: hr@10 … hr@100, ndcg@10 …, recall@10 … if wanted, mrr.
std::vector<std::string> MetricNames(bool with_recall);
/// Throws Error(kUsage) naming the setting unless it is one of MetricNames(false): what every evaluation has.
/// @param setting  "--metric"
void RequireMetricOfAll(std::string_view setting, std::string_view name);
/// A metric's name for people: "HR@10", "Recall@10", "MRR".
std::string MetricTitle(std::string name);

struct MeanAndError {
  double mean = 0;
  double standard_error = 0;  ///< of the mean over users; 0 for fewer than two users
};

/// Mean and standard error over users. The sum is taken in the order given, so equal input gives equal
/// output.
MeanAndError Average(std::span<const double> values);

/// Means over users of every metric, of whom none is kept. The sum is taken in the order of Add. Threads:
/// confined.
class MeanMetrics {
 public:
  void Add(const UserMetrics& user);
  /// All zero for no users.
  UserMetrics Mean() const;

 private:
  UserMetrics sum_;
  std::size_t users_ = 0;
};

/// Paired two-sided t-test of a - b over users.
struct TTest {
  std::size_t n = 0;
  double mean_difference = 0;
  double t = 0;
  double p = 1;            ///< 1 when all differences are zero, 0 when all are the same but not zero
  double effect_size = 0;  ///< Cohen's d of the differences; 0 where they do not vary
};
TTest PairedTTest(std::span<const double> a, std::span<const double> b);

}  // namespace attune::eval
