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

/// What is no UTF-8, a path or an id, is shown as escapes: Python's text has no room for it.
void Raise(PyObject* type, const std::string& message) {
  PyObject* const text =
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "backslashreplace");
  if (text == nullptr) return;  // out of memory, which is raised instead
  PyErr_SetObject(type, text);
  Py_DECREF(text);
}

void TranslateErrors() {
  py::register_exception_translator([](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const Error& error) {
      Raise(error.kind() == ErrorKind::kFailed ? PyExc_RuntimeError : PyExc_ValueError, error.what());
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
      .def("is_on_disk", &Model::IsOnDisk)
      .def("write_to", &Model::WriteTo)
      .def("item_vectors", [](const py::object& self) { return self.cast<const Model&>().ItemVectors(self); })
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
