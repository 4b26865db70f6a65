# Libraries that come without a CMake package of their own, or with one in some distributions only: they are looked for by
# header and library, so that CMAKE_PREFIX_PATH suffices for them, too.

# attune_plain_library(NAME HEADER a.h [LIBRARY a] DEBIAN package)   makes the target attune_NAME
#   LIBRARY   none: headers only
function(attune_plain_library name)
  cmake_parse_arguments(ARG "" "HEADER;LIBRARY;DEBIAN" "" ${ARGN})
  string(TOUPPER "${name}" prefix)
  set(missing "")
  find_path(${prefix}_INCLUDE_DIR "${ARG_HEADER}")
  if(NOT ${prefix}_INCLUDE_DIR)
    list(APPEND missing "the header ${ARG_HEADER}")
  endif()
  if(ARG_LIBRARY)
    find_library(${prefix}_LIBRARY "${ARG_LIBRARY}")
    if(NOT ${prefix}_LIBRARY)
      list(APPEND missing "the library ${ARG_LIBRARY}")
    endif()
  endif()
  mark_as_advanced(${prefix}_INCLUDE_DIR ${prefix}_LIBRARY)
  if(missing)
    list(JOIN missing " and " missing)
    message(FATAL_ERROR "${name}: ${missing} was not found. Install it (Debian: ${ARG_DEBIAN}), or add the prefix that has it "
                        "to CMAKE_PREFIX_PATH")
  endif()

  add_library(attune_${name} INTERFACE)
  target_include_directories(attune_${name} SYSTEM INTERFACE "${${prefix}_INCLUDE_DIR}")
  if(ARG_LIBRARY)
    target_link_libraries(attune_${name} INTERFACE "${${prefix}_LIBRARY}")
  endif()
endfunction()

attune_plain_library(random123 HEADER Random123/philox.h DEBIAN librandom123-dev)
attune_plain_library(xxhash HEADER xxhash.h LIBRARY xxhash DEBIAN libxxhash-dev)
attune_plain_library(sodium HEADER sodium.h LIBRARY sodium DEBIAN libsodium-dev)
