#pragma once

#include <pybind11/numpy.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "launch/explain/score_parts.h"
#include "launch/history_lists.h"
#include "launch/model_data.h"
#include "launch/similar_items.h"

namespace attune::python {

template <typename T>
using Array = pybind11::array_t<T, pybind11::array::c_style>;

/// Users as the package's own code hands them over, checked there: rows of U (-1 for a stranger) and
/// histories as CSR, without duplicates, every index in range.
struct Users {
  Array<std::int64_t> rows;    ///< [n]
  Array<std::int64_t> indptr;  ///< [n+1]
  Array<std::int32_t> items;   ///< [indptr[n]]
};

/// A model that answers, as Python sees it.
/// Threads: methods from any thread that holds the interpreter's lock; they release it while they compute.
class Model {
 public:
  /// @param data     data set with the content that the model attends to; empty: none
  /// @param threads  0: one per available processor
  Model(const std::string& path, const std::string& data, unsigned threads);

  pybind11::list users() const { return Ids(model_.users()); }
  pybind11::list items() const { return Ids(model_.items()); }
  std::size_t dim() const { return model_.view().spec.dim; }
  bool has_history() const { return model_.view().spec.HasHistory(); }
  bool has_users() const { return model_.view().spec.HasU(); }

  /// Whether the directory still has the model that was opened.
  bool IsOnDisk() const;
  /// Writes the model that was opened, whatever its directory has by now, into a directory that is empty.
  /// Throws Error(kFailed) if its files were changed in place meanwhile.
  void WriteTo(const std::string& directory) const;

  /// The training histories of the data, in rows of the model: [users] CSR as (indptr, items).
  std::pair<Array<std::int64_t>, Array<std::int32_t>> Histories() const;

  /// What users' vectors are multiplied with: this model's memory, read-only. [items, D]
  /// @param self  this object as Python has it; the array keeps it
  Array<float> ItemVectors(pybind11::handle self) const;

  /// u' of each user. [n, D]
  Array<float> Vectors(const Users& users) const;
  /// Scores of every one of `items` for every user. [n, items]
  Array<float> Scores(const Users& users, const Array<std::int32_t>& items) const;
  /// (items [n, k], scores [n, k]); where there are fewer than k: -1, and minus infinity, as for everything
  /// of a user of whom there is nothing to go by.
  /// @param listed  rows that lists are made of; unset: all
  std::pair<Array<std::int32_t>, Array<float>> Recommend(
      const Users& users, std::size_t k, bool exclude_seen,
      const std::optional<Array<std::int32_t>>& listed) const;
  std::pair<Array<std::int32_t>, Array<float>> Similar(const Array<std::int32_t>& items, std::size_t k,
                                                       const std::string& by,
                                                       const std::optional<Array<std::int32_t>>& listed);
  /// What a score is made of; `users` has one. @param item  -1: the best outside the history
  pybind11::dict Explain(const Users& users, std::int32_t item) const;

 private:
  /// The best item outside the history. Throws Error(kBadInput) if there is none.
  Index BestOf(const launch::HistoryQuery& query) const;
  static pybind11::list Ids(const data::IdTable& table);
  std::shared_ptr<const launch::SimilarItems> SimilarOf(launch::SimilarBy by);

  const model::LoadedModel model_;
  std::optional<data::Dataset> dataset_;
  std::optional<launch::ModelData> matched_;
  const unsigned threads_;
  std::unique_ptr<const launch::HistoryLists> lists_;
  std::mutex similar_mutex_;                                            ///< guards the next
  std::array<std::shared_ptr<const launch::SimilarItems>, 4> similar_;  ///< among all items, by SimilarBy
};

}  // namespace attune::python
