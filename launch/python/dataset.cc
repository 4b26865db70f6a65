#include "launch/python/dataset.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/data/dataset_writer.h"
#include "common/io/json_file.h"
#include "common/io/staged_directory.h"
#include "common/run/version.h"

namespace attune::python {

namespace py = pybind11;

namespace {

/// Users after which Python is asked whether it got a signal.
constexpr std::size_t kUsersBetweenLooks = 1 << 16;

using Names = std::optional<std::vector<std::string>>;

std::string NameOf(const Names& names, std::size_t index) {
  return names ? (*names)[index] : fmt::format("{}", index);
}

void WriteNames(const std::filesystem::path& path, const Names& names, std::size_t count) {
  io::OutputFile file(path);
  for (std::size_t n = 0; n < count; ++n) file.Write(NameOf(names, n) + '\n');
  file.Close();
}

void LookForSignals() {
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

/// Interactions of the matrix, users ascending.
template <typename Body>
void ForEach(const std::int64_t* indptr, const std::int32_t* indices, std::size_t num_users,
             const Body& body) {
  for (std::size_t user = 0; user < num_users; ++user) {
    if (user % kUsersBetweenLooks == 0) LookForSignals();
    for (std::int64_t at = indptr[user]; at < indptr[user + 1]; ++at) body(user, indices[at]);
  }
}

}  // namespace

void WriteDataset(const std::string& path, const Csr& train, const std::optional<Csr>& validation,
                  std::size_t num_users, std::size_t num_items, const Names& users, const Names& items) {
  const std::int64_t* indptr = train.indptr.data();
  const std::int32_t* indices = train.indices.data();
  const std::int64_t* held_indptr = validation ? validation->indptr.data() : nullptr;
  const std::int32_t* held_indices = validation ? validation->indices.data() : nullptr;
  const py::gil_scoped_release release;
  io::StagedDirectory staged(path);
  WriteNames(staged.path() / "users.tsv", users, num_users);
  WriteNames(staged.path() / "items.tsv", items, num_items);
  data::SliceWriter writer(staged.path(), static_cast<Index>(num_users));
  ForEach(indptr, indices, num_users, [&](std::size_t user, std::int32_t item) {
    writer.Append(static_cast<Index>(user), static_cast<Index>(item), 0);
  });
  const std::vector<data::SlicePlan> slices = writer.Write(0);
  data::PartCounts counts;
  counts.train = static_cast<std::uint64_t>(indptr[num_users]);
  if (held_indptr != nullptr) {
    counts.validation = static_cast<std::uint64_t>(held_indptr[num_users]);
    data::HeldOutWriter held(staged.path() / "validation.tsv");
    ForEach(held_indptr, held_indices, num_users, [&](std::size_t user, std::int32_t item) {
      held.Append(NameOf(users, user), NameOf(items, static_cast<std::size_t>(item)), "0");
    });
    held.Close();
  }
  const std::string by = fmt::format("attune {} for Python", Version());
  nlohmann::ordered_json manifest = data::BeginManifest(by.c_str(), static_cast<Index>(num_users),
                                                        static_cast<Index>(num_items), counts, slices);
  io::DescribeFiles(staged.path(), manifest);
  io::WriteManifest(staged.path(), manifest);
  staged.Commit();
}

}  // namespace attune::python
