#pragma once

#include <cstdint>
#include <span>

#include "common/model/neighbours.h"
#include "common/model/sparse.h"
#include "common/types.h"

namespace attune::model {

/// A model that scores all items of a user at once, because its scores are no products of vectors.
/// Threads: const methods from any thread.
class ItemScorer {
 public:
  virtual ~ItemScorer() = default;

  virtual Index items() const = 0;

  /// @param user     row of the model, or kNoIndex for a user that it does not know
  /// @param history  R(i), rows of items without duplicates; empty for a user without
  /// @param scores   [items()]
  virtual void Score(Index user, std::span<const Index> history, std::span<float> scores) const = 0;
};

/// Every user gets the items with the most training interactions.
class PopularityScorer : public ItemScorer {
 public:
  /// @param counts  [items]; must outlive this object
  explicit PopularityScorer(std::span<const std::uint32_t> counts) : counts_(counts) {}

  Index items() const override { return static_cast<Index>(counts_.size()); }
  void Score(Index user, std::span<const Index> history, std::span<float> scores) const override;

 private:
  const std::span<const std::uint32_t> counts_;
};

/// ItemKNN: items like those in the history. Sarwar et al., Item-based collaborative filtering recommendation
/// algorithms (WWW 2001), with the cosine of binary vectors and sums instead of averages, as Hu, Koren and
/// Volinsky, Collaborative filtering for implicit feedback datasets (ICDM 2008), adapt it:
///   score(i, j) = Σ_{l in R(i), j in N(l)} s(l, j)
/// Departures: N(l) are the `neighbours` items most similar to l (Deshpande and Karypis, TOIS 2004), where
/// Hu et al. take all items (neighbours = 0); interactions weigh 1, however often a log repeats them.
class ItemKnnScorer : public ItemScorer {
 public:
  /// @param neighbours  of ItemNeighbours: [items, items]; must outlive this object
  explicit ItemKnnScorer(const SparseView& neighbours) : neighbours_(neighbours) {}

  Index items() const override { return neighbours_.rows(); }
  void Score(Index user, std::span<const Index> history, std::span<float> scores) const override;

 private:
  const SparseView neighbours_;
};

/// UCF: items of users with similar histories. Breese, Heckerman and Kadie, Empirical analysis of predictive
/// algorithms for collaborative filtering (UAI 1998), with the cosine of binary vectors:
///   score(i, j) = Σ_{w in N(i)} s(R(i), R(w)) [j in R(w)]
/// N(i) are the `neighbours` training users whose histories are most similar to R(i), without i itself.
/// Departures: no means of users are taken off and the sum is not divided by Σ s (all ratings are 1, and the
/// divisor would not change a user's order). The neighbours are found when a user is scored, so users that
/// the model does not know, and interactions newer than it, are served too.
class UserKnnScorer : public ItemScorer {
 public:
  /// @param histories  items of each training user, [users, items]; must outlive this object
  UserKnnScorer(const SparseView& histories, Index items, const NeighbourSpec& spec);

  Index items() const override { return items_; }
  void Score(Index user, std::span<const Index> history, std::span<float> scores) const override;

 private:
  const SparseView histories_;
  const Index items_;
  const SparseMatrix users_of_item_;
  const NeighbourSearch search_;
};

}  // namespace attune::model
