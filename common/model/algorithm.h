#pragma once

#include <array>
#include <string_view>

namespace attune::model {

/// How a model came to be, and so how it scores. All but the factorisation are methods to compare it with.
enum class Algorithm { kFactorisation, kPopularity, kUserKnn, kItemKnn, kContentMean, kDeepHybrid };

struct AlgorithmName {
  Algorithm algorithm;
  std::string_view name;  ///< in settings and manifests
};
inline constexpr std::array kAlgorithmNames = {
    AlgorithmName{Algorithm::kFactorisation, "factorisation"},
    AlgorithmName{Algorithm::kPopularity, "popularity"},
    AlgorithmName{Algorithm::kUserKnn, "user_knn"},
    AlgorithmName{Algorithm::kItemKnn, "item_knn"},
    AlgorithmName{Algorithm::kContentMean, "content_mean"},
    AlgorithmName{Algorithm::kDeepHybrid, "deep_hybrid"},
};

constexpr std::string_view NameOf(Algorithm algorithm) {
  for (const AlgorithmName& known : kAlgorithmNames) {
    if (known.algorithm == algorithm) return known.name;
  }
  return {};
}

/// Whether a score is a product of a user's and an item's vector (ModelView); else there is an ItemScorer.
constexpr bool HasVectors(Algorithm algorithm) {
  return algorithm == Algorithm::kFactorisation || algorithm == Algorithm::kContentMean ||
         algorithm == Algorithm::kDeepHybrid;
}

}  // namespace attune::model
