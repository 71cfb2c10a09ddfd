# SPDX-License-Identifier: Apache-2.0
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines (temporaries inside co_await expressions are "
    "copied bitwise or destroyed twice), so calsync does not build with GCC below 14. Install clang-19 "
    "(apt-get install clang-19 libclang-rt-19-dev) and configure with -DCMAKE_CXX_COMPILER=clang++-19.")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
  message(FATAL_ERROR
    "Clang ${CMAKE_CXX_COMPILER_VERSION} caches thread-local addresses across coroutine suspension; use clang-19.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(CALSYNC_WERROR "treat warnings as errors" OFF)
set(CALSYNC_SANITIZE "" CACHE STRING "sanitizers, for example address,undefined or thread")

find_program(CALSYNC_MOLD mold)
if(CALSYNC_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(CALSYNC_CCACHE ccache)
if(CALSYNC_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CALSYNC_CCACHE})
endif()

# Enough for a backtrace with lines; full debug information doubles link time.
add_compile_options("$<$<NOT:$<CONFIG:Release>>:-g1>")
if(CALSYNC_SANITIZE)
  add_compile_options(-fsanitize=${CALSYNC_SANITIZE} -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignore.txt
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CALSYNC_SANITIZE})
endif()

add_library(calsync_warnings INTERFACE)
target_compile_options(calsync_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  $<$<BOOL:${CALSYNC_WERROR}>:-Werror>)
