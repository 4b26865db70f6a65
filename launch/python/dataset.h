#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <string>
#include <vector>

namespace attune::python {

/// A CSR matrix as the package's own code hands it over, checked there: rows ascending without duplicates,
/// every index in range.
struct Csr {
  pybind11::array_t<std::int64_t, pybind11::array::c_style> indptr;
  pybind11::array_t<std::int32_t, pybind11::array::c_style> indices;
};

/// Writes a data set as `attune prepare` does, for the program to train on. Interactions have no times.
/// @param path        does not exist
/// @param validation  held out of training; no interaction of `train`
/// @param users, items  ids, distinct; "0", "1", … if unset
/// Releases the interpreter's lock; stops when Python has got a signal.
void WriteDataset(const std::string& path, const Csr& train, const std::optional<Csr>& validation,
                  std::size_t num_users, std::size_t num_items,
                  const std::optional<std::vector<std::string>>& users,
                  const std::optional<std::vector<std::string>>& items);

}  // namespace attune::python
