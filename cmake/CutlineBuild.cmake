# How everything here is built: C++23, warnings are errors, one precompiled header, ccache where it is installed.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Position-independent by the compiler's default, the same for programs and libraries: else they cannot share a precompiled header.

set(CUTLINE_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize takes them: address,undefined or thread")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # A precompiled header carries its time of creation; ccache needs to be told that this one is fine.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

# Release builds compile up to eight files of a room at once (CMake's unity build): what they include, and above all the templates that each would
# make anew, then cost once: six tenths of the time of a build from nothing (docs/performance.md). So names in unnamed namespaces differ within a room.
add_library(cutline_options INTERFACE)
target_compile_options(cutline_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-missing-field-initializers)
target_include_directories(cutline_options INTERFACE ${CMAKE_SOURCE_DIR})
if(CMAKE_UNITY_BUILD)
  target_compile_options(cutline_options INTERFACE -Wno-subobject-linkage)   # true of headers, which these are not
endif()
if(CUTLINE_SANITIZE)
  target_compile_options(cutline_options INTERFACE -fsanitize=${CUTLINE_SANITIZE} -fno-omit-frame-pointer
    -Wno-maybe-uninitialized)  # which takes the instrumentation for use; the other builds ask
  if(CUTLINE_SANITIZE MATCHES undefined)  # which otherwise says what it has found, and goes on
    target_compile_options(cutline_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(CUTLINE_SANITIZE STREQUAL thread)  # which knows no fences; those of Boost.Asio stand beside its locks
    target_compile_options(cutline_options INTERFACE -Wno-tsan)
  endif()
  target_link_options(cutline_options INTERFACE -fsanitize=${CUTLINE_SANITIZE})
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)

# The headers that nearly every file includes.
set(CUTLINE_PCH <algorithm> <chrono> <cstdint> <filesystem> <functional> <map> <memory> <optional> <set> <span> <string>
    <string_view> <utility> <variant> <vector> <fmt/format.h> <tl/expected.hpp>)

# cutline_library(NAME [SOURCES...] [USES...] [PRIVATE...]): a room, or a part of one.
# USES is what its headers need, PRIVATE what only its sources need.
function(cutline_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC cutline_options ${arg_USES} PRIVATE ${arg_PRIVATE})
  cutline_precompiled(${name})
endfunction()

# cutline_program(NAME [SOURCES...] [USES...]): an executable, put into the build folder's bin.
function(cutline_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE cutline_options ${arg_USES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  cutline_precompiled(${name})
endfunction()

# cutline_test_properties(OUT LABEL TIMEOUT): what ctest is to know of a test. With a sanitizer all takes longer.
function(cutline_test_properties out label timeout)
  set(properties LABELS ${label})
  if(CUTLINE_SANITIZE)
    math(EXPR timeout "${timeout} * 5")
    set(options "UBSAN_OPTIONS=print_stacktrace=1")
    if(CUTLINE_SANITIZE STREQUAL thread)
      set(options "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp")
    endif()
    list(APPEND properties ENVIRONMENT ${options})
  endif()
  set(${out} ${properties} TIMEOUT ${timeout} PARENT_SCOPE)
endfunction()

# cutline_test(NAME LABEL unit|property|simulation|integration [TIMEOUT seconds] [SEPARATE] [ALONE] SOURCES... USES...): one GoogleTest
# executable; ctest lists each of its tests. `ctest -L unit` runs one kind. SEPARATE: its files give the same name to helpers of their own.
# ALONE: no other test runs beside it.
function(cutline_test name)
  cmake_parse_arguments(arg "SEPARATE;ALONE" "LABEL;TIMEOUT" "SOURCES;USES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  cutline_program(${name} SOURCES ${arg_SOURCES} USES ${arg_USES} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(arg_SEPARATE)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  cutline_test_properties(properties ${arg_LABEL} ${arg_TIMEOUT})
  if(arg_ALONE)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
endfunction()

# Compiled once, in a target that defines nothing of its own: the compiler refuses a header whose definitions differ.
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/pch/pch.cpp CONTENT "// Carries the precompiled header.\n")
add_library(cutline_pch STATIC ${CMAKE_BINARY_DIR}/pch/pch.cpp)
target_link_libraries(cutline_pch PRIVATE cutline_options fmt::fmt Threads::Threads)
target_precompile_headers(cutline_pch PRIVATE ${CUTLINE_PCH})

function(cutline_precompiled name)
  target_precompile_headers(${name} REUSE_FROM cutline_pch)
endfunction()
