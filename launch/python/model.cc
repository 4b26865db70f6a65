#include "launch/python/model.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/output_file.h"
#include "common/thread.h"
#include "launch/model_kinds.h"

namespace attune::python {

namespace py = pybind11;

namespace {

/// Users that one thread takes at a time.
constexpr std::size_t kChunkUsers = 64;

/// Users in the terms of the model. Refers to their arrays.
class Queries {
 public:
  explicit Queries(const Users& users) {
    const std::int64_t* indptr = users.indptr.data();
    static_assert(sizeof(Index) == sizeof(std::int32_t));
    const auto* items = reinterpret_cast<const Index*>(users.items.data());
    for (py::ssize_t n = 0; n < users.rows.size(); ++n) {
      const std::int64_t row = users.rows.data()[n];
      queries_.push_back({row < 0 ? kNoIndex : static_cast<Index>(row),
                          {items + indptr[n], static_cast<std::size_t>(indptr[n + 1] - indptr[n])}});
    }
  }

  std::size_t size() const { return queries_.size(); }
  std::span<const launch::HistoryQuery> All() const { return queries_; }

  /// body(first, queries) for chunks of them, on several threads.
  template <typename Body>
  void ForChunks(unsigned threads, const Body& body) const {
    ParallelFor(threads, (size() + kChunkUsers - 1) / kChunkUsers, "python",
                [&](unsigned, std::size_t chunk) {
                  const std::size_t first = chunk * kChunkUsers;
                  body(first, All().subspan(first, std::min(kChunkUsers, size() - first)));
                });
  }

 private:
  std::vector<launch::HistoryQuery> queries_;
};

template <typename T>
Array<T> Matrix(std::size_t rows, std::size_t columns) {
  return Array<T>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)});
}

std::vector<Index> Rows(const Array<std::int32_t>& items) {
  return {items.data(), items.data() + items.size()};
}

std::optional<std::vector<Index>> Rows(const std::optional<Array<std::int32_t>>& items) {
  if (!items) return std::nullopt;
  return Rows(*items);
}

/// Lists as two matrices, filled up where they are short.
class ListMatrices {
 public:
  ListMatrices(std::size_t rows, std::size_t k)
      : k_(k), items_(Matrix<std::int32_t>(rows, k)), scores_(Matrix<float>(rows, k)) {
    item_ = items_.mutable_data();
    score_ = scores_.mutable_data();
    std::fill_n(item_, rows * k, -1);
    std::fill_n(score_, rows * k, -std::numeric_limits<float>::infinity());
  }

  /// Without the interpreter's lock; any thread, different rows.
  void Set(std::size_t row, std::span<const worker::ScoredItem> list) {
    for (std::size_t n = 0; n < list.size(); ++n) {
      item_[row * k_ + n] = static_cast<std::int32_t>(list[n].item);
      score_[row * k_ + n] = list[n].score;
    }
  }

  std::pair<Array<std::int32_t>, Array<float>> Take() { return {std::move(items_), std::move(scores_)}; }

 private:
  const std::size_t k_;
  Array<std::int32_t> items_;
  Array<float> scores_;
  std::int32_t* item_ = nullptr;
  float* score_ = nullptr;
};

launch::SimilarBy ToSimilarBy(const std::string& name) {
  std::string names;
  for (const auto by : {launch::SimilarBy::kCosine, launch::SimilarBy::kInnerProduct,
                        launch::SimilarBy::kHistoryCosine, launch::SimilarBy::kInfluence}) {
    if (name == Name(by)) return by;
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", Name(by));
  }
  ThrowUsage("by = '{}': expected one of {}", name, names);
}

void WriteIds(const std::filesystem::path& path, const data::IdTable& ids) {
  io::OutputFile file(path);
  for (Index row = 0; row < ids.size(); ++row) {
    file.Write(ids[row]);
    file.Write("\n");
  }
  file.Close();
}

/// A model's files are mapped: who writes into them, instead of replacing them, changes what is open.
void RequireSameFiles(const nlohmann::ordered_json& written, const model::LoadedModel& opened) {
  const nlohmann::ordered_json& files = opened.manifest().at("files");
  for (const auto& [name, description] : written.at("files").items()) {
    if (files.contains(name) && files.at(name) == description) continue;
    ThrowFailed("{}: is not what its manifest says: damaged, or changed since the model was opened",
                (opened.path() / name).string());
  }
}

}  // namespace

Model::Model(const std::string& path, const std::string& data, unsigned threads)
    : model_(path), threads_(ResolveThreads(threads)) {
  const py::gil_scoped_release release;
  launch::RequireVectors(model_, "the Python package");
  if (!data.empty()) {
    dataset_.emplace(data);
    matched_.emplace(model_, *dataset_);
  } else if (model_.view().spec.HasContent()) {
    ThrowUsage("{} reads content, which is in the data it was trained on: pass data=", path);
  }
  launch::RequireFinite(model_);
  lists_ = std::make_unique<launch::HistoryLists>(matched_ ? matched_->view() : model_.view(), threads_);
}

py::list Model::Ids(const data::IdTable& table) {
  py::list ids;
  for (Index row = 0; row < table.size(); ++row) {
    const std::string_view id = table[row];
    // Ids are bytes: those that are not UTF-8 go through Python's text as file names do.
    PyObject* text = PyUnicode_DecodeUTF8(id.data(), static_cast<py::ssize_t>(id.size()), "surrogateescape");
    if (text == nullptr) throw py::error_already_set();
    ids.append(py::reinterpret_steal<py::str>(text));
  }
  return ids;
}

bool Model::IsOnDisk() const {
  const py::gil_scoped_release release;
  try {
    return io::ReadManifest(model_.path(), model::kModelKind, model::kModelVersion) == model_.manifest();
  } catch (const Error&) {  // there is none, or another kind of directory
    return false;
  }
}

void Model::WriteTo(const std::string& directory) const {
  const py::gil_scoped_release release;
  const std::filesystem::path path = directory;
  WriteIds(path / "users.tsv", model_.users());
  WriteIds(path / "items.tsv", model_.items());
  model::WriteModelArrays(path, model_.view());
  // Of content_mean P is V, which has a file already.
  if (!model_.manifest().at("files").contains("P.npy")) std::filesystem::remove(path / "P.npy");
  nlohmann::ordered_json manifest = model_.manifest();
  io::DescribeFiles(path, manifest);
  RequireSameFiles(manifest, model_);
  io::WriteManifest(path, std::move(manifest));
}

Array<float> Model::ItemVectors(py::handle self) const {
  const model::RowsView& items = lists_->items();
  constexpr py::ssize_t kFloat = sizeof(float);
  Array<float> result({static_cast<py::ssize_t>(items.rows), static_cast<py::ssize_t>(items.width)},
                      {static_cast<py::ssize_t>(items.stride) * kFloat, kFloat}, items.data, self);
  result.attr("flags").attr("writeable") = false;
  return result;
}

std::pair<Array<std::int64_t>, Array<std::int32_t>> Model::Histories() const {
  if (!matched_) ThrowUsage("{} was loaded without data=, which has the histories", model_.path().string());
  std::vector<std::int64_t> indptr = {0};
  std::vector<Index> items;
  {
    const py::gil_scoped_release release;
    const launch::IdMap data_users(model_.users(), dataset_->users());
    for (Index row = 0; row < model_.users().size(); ++row) {
      const Index user = data_users[row];
      if (user != kNoIndex) matched_->AppendKnownItems(dataset_->History(user), items);
      std::sort(items.begin() + indptr.back(), items.end());
      indptr.push_back(static_cast<std::int64_t>(items.size()));
    }
  }
  Array<std::int32_t> columns(static_cast<py::ssize_t>(items.size()));
  std::copy(items.begin(), items.end(), columns.mutable_data());
  return {Array<std::int64_t>(static_cast<py::ssize_t>(indptr.size()), indptr.data()), std::move(columns)};
}

Array<float> Model::Vectors(const Users& users) const {
  const Queries queries(users);
  Array<float> result = Matrix<float>(queries.size(), dim());
  float* out = result.mutable_data();
  const py::gil_scoped_release release;
  queries.ForChunks(threads_, [&](std::size_t first, std::span<const launch::HistoryQuery> chunk) {
    for (std::size_t n = 0; n < chunk.size(); ++n) {
      lists_->vectors().Compute(chunk[n].user, chunk[n].history, {out + (first + n) * dim(), dim()});
    }
  });
  return result;
}

Array<float> Model::Scores(const Users& users, const Array<std::int32_t>& items) const {
  const Queries queries(users);
  const std::vector<Index> rows = Rows(items);
  Array<float> result = Matrix<float>(queries.size(), rows.size());
  float* out = result.mutable_data();
  const py::gil_scoped_release release;
  queries.ForChunks(threads_, [&](std::size_t first, std::span<const launch::HistoryQuery> chunk) {
    for (std::size_t n = 0; n < chunk.size(); ++n) {
      lists_->Score(chunk[n], rows, {out + (first + n) * rows.size(), rows.size()});
    }
  });
  return result;
}

std::pair<Array<std::int32_t>, Array<float>> Model::Recommend(
    const Users& users, std::size_t k, bool exclude_seen,
    const std::optional<Array<std::int32_t>>& listed) const {
  const Queries queries(users);
  ListMatrices lists(queries.size(), k);
  const auto rows = Rows(listed);
  {
    const py::gil_scoped_release release;
    const launch::ItemSubset subset(lists_->items(), rows);
    queries.ForChunks(threads_, [&](std::size_t first, std::span<const launch::HistoryQuery> chunk) {
      const auto best = lists_->Best(chunk, k, exclude_seen, subset);
      for (std::size_t n = 0; n < best.size(); ++n) {
        if (HasVector(lists_->view().spec, chunk[n])) lists.Set(first + n, best[n]);
      }
    });
  }
  return lists.Take();
}

std::shared_ptr<const launch::SimilarItems> Model::SimilarOf(launch::SimilarBy by) {
  const std::lock_guard lock(similar_mutex_);
  auto& similar = similar_[static_cast<std::size_t>(by)];
  if (!similar)
    similar = std::make_shared<const launch::SimilarItems>(model_, lists_->items(), by, std::nullopt);
  return similar;
}

std::pair<Array<std::int32_t>, Array<float>> Model::Similar(
    const Array<std::int32_t>& items, std::size_t k, const std::string& by,
    const std::optional<Array<std::int32_t>>& listed) {
  const launch::SimilarBy how = ToSimilarBy(by);
  const std::vector<Index> asked = Rows(items);
  const auto rows = Rows(listed);
  ListMatrices lists(asked.size(), k);
  {
    const py::gil_scoped_release release;
    const auto similar =
        rows ? std::make_shared<const launch::SimilarItems>(model_, lists_->items(), how, rows)
             : SimilarOf(how);
    const auto found = similar->Find(asked, k);
    for (std::size_t n = 0; n < found.size(); ++n) lists.Set(n, found[n]);
  }
  return lists.Take();
}

Index Model::BestOf(const launch::HistoryQuery& query) const {
  if (!HasVector(lists_->view().spec, query)) {
    ThrowBadInput(
        "user_items: there is nothing to go by of a stranger without items: no list, and no best "
        "item; pass the items, or itemid");
  }
  const auto list = lists_->Best({&query, 1}, 1, true, {}).front();
  if (!list.empty()) return list.front().item;
  ThrowBadInput("user_items: the user has all {} items: none is left to recommend; name one with itemid",
                lists_->items().rows);
}

py::dict Model::Explain(const Users& users, std::int32_t item) const {
  const Queries queries(users);
  ATTUNE_CHECK(queries.size() == 1);
  const launch::HistoryQuery& query = queries.All().front();
  launch::ScoreParts parts;
  {
    const py::gil_scoped_release release;
    parts = launch::TakeApart(*lists_, query, item < 0 ? BestOf(query) : static_cast<Index>(item));
  }
  const auto size = static_cast<py::ssize_t>(parts.history.size());
  Array<std::int32_t> items(size);
  Array<double> attention(size), weights(size), contributions(size);
  for (py::ssize_t n = 0; n < size; ++n) {
    const launch::HistoryPart& part = parts.history[static_cast<std::size_t>(n)];
    items.mutable_data()[n] = static_cast<std::int32_t>(part.item);
    attention.mutable_data()[n] = part.attention;
    weights.mutable_data()[n] = part.weight;
    contributions.mutable_data()[n] = part.contribution;
  }
  py::dict result;
  result["item"] = parts.item;
  result["score"] = parts.score;
  result["own"] = parts.own;
  result["items"] = items;
  result["attention"] = attention;
  result["weights"] = weights;
  result["contributions"] = contributions;
  return result;
}

}  // namespace attune::python
