# What every target of ours is built with, and the one function that makes a library.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(ATTUNE_CCACHE ccache)
if(ATTUNE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ATTUNE_CCACHE}")
endif()

# Code generation: every target, generated code too, must agree on these.
add_library(attune_codegen INTERFACE)
target_compile_features(attune_codegen INTERFACE cxx_std_20)
target_compile_options(attune_codegen INTERFACE
  -ffp-contract=fast -fno-math-errno
  $<$<BOOL:${ATTUNE_NATIVE}>:-march=native>)
if(ATTUNE_NATIVE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(attune_codegen INTERFACE -mprefer-vector-width=512)
endif()
if(ATTUNE_SANITIZE)
  target_compile_options(attune_codegen INTERFACE
    -fsanitize=${ATTUNE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(attune_codegen INTERFACE -fsanitize=${ATTUNE_SANITIZE})
endif()
target_compile_definitions(attune_codegen INTERFACE
  EIGEN_DONT_PARALLELIZE EIGEN_MPL2_ONLY
  $<$<BOOL:${ATTUNE_HOGWILD_ATOMICS}>:ATTUNE_HOGWILD_ATOMICS=1>)
set_target_properties(attune_codegen PROPERTIES EXPORT_NAME codegen)

# Warnings: our own sources only.
add_library(attune_warnings INTERFACE)
target_compile_options(attune_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # GCC 12 sees overlaps in std::string and unset values in std::optional where there are none (GCC bug 105651).
  # Without AVX-512 it says that 64-byte vectors are passed in another way than with it: all of ours are built alike.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>
  -Wno-psabi
  $<$<BOOL:${ATTUNE_WERROR}>:-Werror>)

include(FastBuild)

# attune_library(name SOURCES a.cc ... DEPS attune::x lib ... PRIVATE_DEPS lib ... [FOR_MODULE])
# FOR_MODULE: becomes part of a library that is loaded at run time, and is position-independent
function(attune_library name)
  cmake_parse_arguments(ARG "FOR_MODULE" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(attune_${name} STATIC ${ARG_SOURCES})
  add_library(attune::${name} ALIAS attune_${name})
  target_include_directories(attune_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(attune_${name}
    PUBLIC attune_codegen ${ARG_DEPS}
    PRIVATE $<BUILD_INTERFACE:attune_warnings> ${ARG_PRIVATE_DEPS})
  if(ARG_FOR_MODULE)
    set_target_properties(attune_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  else()
    attune_build_fast(attune_${name})
  endif()
endfunction()
