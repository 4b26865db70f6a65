#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "common/error.h"
#include "common/log.h"
#include "common/run/version.h"
#include "launch/python/dataset.h"
#include "launch/python/model.h"

// The module `attune._native`. Its callers are the package's own: arguments are checked there.

namespace attune::python {
namespace {

namespace py = pybind11;

void TranslateErrors() {
  py::register_exception_translator([](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const Error& error) {
      PyErr_SetString(error.kind() == ErrorKind::kFailed ? PyExc_RuntimeError : PyExc_ValueError,
                      error.what());
    }
  });
}

void BindModel(py::module_& module) {
  py::class_<Users>(module, "Users")
      .def(py::init<Array<std::int64_t>, Array<std::int64_t>, Array<std::int32_t>>());
  py::class_<Model>(module, "Model")
      .def(py::init<const std::string&, const std::string&, unsigned>())
      .def("users", &Model::users)
      .def("items", &Model::items)
      .def_property_readonly("dim", &Model::dim)
      .def_property_readonly("has_history", &Model::has_history)
      .def_property_readonly("has_users", &Model::has_users)
      .def_property_readonly("own_items", &Model::own_items)
      .def("item_vectors", &Model::ItemVectors)
      .def("histories", &Model::Histories)
      .def("vectors", &Model::Vectors)
      .def("scores", &Model::Scores)
      .def("recommend", &Model::Recommend)
      .def("similar", &Model::Similar)
      .def("explain", &Model::Explain);
}

void BindDataset(py::module_& module) {
  py::class_<Csr>(module, "Csr").def(py::init<Array<std::int64_t>, Array<std::int32_t>>());
  module.def("write_dataset", &WriteDataset);
}

}  // namespace
}  // namespace attune::python

PYBIND11_MODULE(_native, module) {
  attune::log::SetLevel(attune::log::Level::kWarning);
  attune::python::TranslateErrors();
  attune::python::BindModel(module);
  attune::python::BindDataset(module);
  module.attr("version") = attune::Version();
}
