# SimGrid, for the second model that `attune predict` is held against: sets ATTUNE_WITH_SIMGRID, and makes the target
# attune_simgrid. Debian's package has no CMake package of its own.

set(ATTUNE_WITH_SIMGRID OFF)
# Its actors switch stacks, which sanitizers do not follow.
if(ATTUNE_SIMGRID STREQUAL "AUTO" AND ATTUNE_SANITIZE)
  return()
endif()
if(NOT ATTUNE_SIMGRID)
  return()
endif()
find_path(SIMGRID_INCLUDE_DIR simgrid/s4u.hpp)
find_library(SIMGRID_LIBRARY simgrid)
mark_as_advanced(SIMGRID_INCLUDE_DIR SIMGRID_LIBRARY)
if(SIMGRID_INCLUDE_DIR AND SIMGRID_LIBRARY)
  set(ATTUNE_WITH_SIMGRID ON)
  add_library(attune_simgrid INTERFACE)
  target_include_directories(attune_simgrid SYSTEM INTERFACE "${SIMGRID_INCLUDE_DIR}")
  target_link_libraries(attune_simgrid INTERFACE "${SIMGRID_LIBRARY}")
elseif(NOT ATTUNE_SIMGRID STREQUAL "AUTO")
  message(FATAL_ERROR "ATTUNE_SIMGRID is ON, but simgrid/s4u.hpp or libsimgrid was not found (Debian: libsimgrid-dev)")
endif()
