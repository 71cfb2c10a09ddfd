# SPDX-License-Identifier: Apache-2.0
# The standard library's, Asio's and Catch2's headers are what most files spend most of their compile time on, so the ci
# preset parses them once. The other presets do without: there a file that leans on these headers without including what it
# uses does not compile.
option(CALSYNC_PRECOMPILE "parse the headers that most files include only once" OFF)
if(NOT CALSYNC_PRECOMPILE)
  return()
endif()

set(headers
  <algorithm> <chrono> <deque> <filesystem> <functional> <map> <memory> <mutex> <optional> <random> <ranges> <set> <span> <sstream>
  <string> <thread> <unordered_map> <variant> <vector> <fmt/format.h>
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/experimental/channel.hpp> <boost/asio/io_context.hpp>
  <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>)
file(WRITE ${PROJECT_BINARY_DIR}/precompiled/empty.cpp "")
foreach(kind library test)
  add_library(calsync_precompiled_${kind} OBJECT ${PROJECT_BINARY_DIR}/precompiled/empty.cpp)
  target_link_libraries(calsync_precompiled_${kind} PRIVATE calsync_boost fmt::fmt)
  # A header whose time stands in the precompiled one is a new header to a compiler cache.
  target_compile_options(calsync_precompiled_${kind} PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(calsync_precompiled_${kind} PRIVATE ${headers})
endforeach()
if(CALSYNC_BUILD_TESTS)
  find_package(Catch2 CONFIG REQUIRED)
  target_link_libraries(calsync_precompiled_test PRIVATE Catch2::Catch2)
  target_precompile_headers(calsync_precompiled_test PRIVATE <catch2/catch.hpp>)
endif()

function(calsync_precompile folder)
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(one IN LISTS folders)
    calsync_precompile(${one})
  endforeach()
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$")
      continue()
    endif()
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if("${libraries}" MATCHES "Catch2::")
      target_precompile_headers(${target} REUSE_FROM calsync_precompiled_test)
    else()
      target_precompile_headers(${target} REUSE_FROM calsync_precompiled_library)
    endif()
  endforeach()
endfunction()
calsync_precompile(${PROJECT_SOURCE_DIR})
