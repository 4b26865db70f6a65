# How builds with sanitizers take less of the compiler's time: headers of libraries are read once for all targets, and what is not
# hot is not optimised. Off elsewhere: a file that forgets an #include would not be found.
option(ATTUNE_PRECOMPILE "Precompile the headers of libraries" OFF)
set(ATTUNE_COLD_OPTIONS "" CACHE STRING "Options of the compiler for launch and tests, where speed does not matter")

# attune_headers(name): the headers of libraries, for targets that are compiled as this one.
function(attune_headers name)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/${name}.cc" CONTENT "")
  add_library(${name} OBJECT "${PROJECT_BINARY_DIR}/${name}.cc")
  target_precompile_headers(${name} PRIVATE
    <algorithm> <array> <atomic> <chrono> <cmath> <condition_variable> <cstdint> <filesystem> <fstream> <functional>
    <future> <map> <memory> <mutex> <numeric> <optional> <random> <set> <span> <sstream> <string> <string_view> <thread>
    <unordered_map> <vector>
    <fmt/format.h> <google/protobuf/message.h> <nlohmann/json.hpp>)
  target_link_libraries(${name} PRIVATE attune_codegen fmt::fmt protobuf::libprotobuf nlohmann_json::nlohmann_json)
endfunction()

if(ATTUNE_PRECOMPILE)
  # What libraries define must be the same wherever their headers were read.
  target_compile_definitions(attune_codegen INTERFACE FMT_SHARED GTEST_HAS_PTHREAD=1)
  # The compiler's cache knows such headers by what is in them.
  target_compile_options(attune_codegen INTERFACE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  attune_headers(attune_headers)
endif()

# attune_cold_folder(name): nothing that this folder compiles is hot. Its headers have that name.
macro(attune_cold_folder name)
  set(ATTUNE_COLD ON)
  set(ATTUNE_COLD_HEADERS ${name})
  if(ATTUNE_PRECOMPILE)
    attune_headers(${name})
    target_compile_options(${name} PRIVATE ${ATTUNE_COLD_OPTIONS})
  endif()
endmacro()

# attune_build_fast(target): for every target that is not position-independent.
function(attune_build_fast target)
  set(headers attune_headers)
  if(ATTUNE_COLD)
    set(headers ${ATTUNE_COLD_HEADERS})
    target_compile_options(${target} PRIVATE ${ATTUNE_COLD_OPTIONS})
  endif()
  if(ATTUNE_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()
