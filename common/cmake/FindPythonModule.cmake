# What the Python module needs: sets ATTUNE_WITH_PYTHON, and the target pybind11::module.

set(ATTUNE_WITH_PYTHON OFF)
# A program under a sanitizer can load the module, Python itself cannot.
if(ATTUNE_PYTHON STREQUAL "AUTO" AND ATTUNE_SANITIZE)
  return()
endif()
if(NOT ATTUNE_PYTHON)
  return()
endif()

# The distribution's Python, which its pybind11 and NumPy belong to, whatever else is in PATH.
if(NOT DEFINED Python_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python_EXECUTABLE /usr/bin/python3)
endif()
if(ATTUNE_PYTHON STREQUAL "AUTO")
  find_package(Python COMPONENTS Interpreter Development.Module NumPy QUIET)
  find_package(pybind11 2.10 CONFIG QUIET)
else()
  find_package(Python REQUIRED COMPONENTS Interpreter Development.Module NumPy)
  find_package(pybind11 2.10 CONFIG REQUIRED)
endif()
if(Python_FOUND AND pybind11_FOUND)
  set(ATTUNE_WITH_PYTHON ON)
endif()
