# SPDX-License-Identifier: Apache-2.0
# Versions are those of Debian 12; conan/conanfile.py names the same ones.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PostgreSQL 15 REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc i18n)
find_package(fmt CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(RapidJSON CONFIG REQUIRED)
find_package(libical CONFIG QUIET)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libical REQUIRED IMPORTED_TARGET libical)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)

add_library(calsync_boost INTERFACE)
target_link_libraries(calsync_boost INTERFACE Boost::headers Boost::url Threads::Threads)
target_compile_definitions(calsync_boost INTERFACE
  BOOST_ASIO_NO_DEPRECATED
  # A failed assertion inside Beast 1.81's chunk parser must cost one connection, not the process:
  # base/assert.cpp turns it into an exception.
  BOOST_ENABLE_ASSERT_HANDLER)

# RapidJSON's document.h assigns to a const member in an operator that nobody calls, which clang-19 refuses. A copy with that
# operator deleted stands in for it (-fdelayed-template-parsing would hide it too, but drops parts of Asio's coroutines).
set(rapidjson_copy ${PROJECT_BINARY_DIR}/third_party)
# The changed header is left out here: copied twice it would look new, and rebuild everything, at each configuration.
file(COPY ${RAPIDJSON_INCLUDE_DIRS}/rapidjson DESTINATION ${rapidjson_copy} PATTERN document.h EXCLUDE)
file(READ ${RAPIDJSON_INCLUDE_DIRS}/rapidjson/document.h rapidjson_document)
string(REPLACE "{ s = rhs.s; length = rhs.length; }" "= delete;" rapidjson_document "${rapidjson_document}")
file(WRITE ${rapidjson_copy}/rapidjson/document.h.new "${rapidjson_document}")
file(COPY_FILE ${rapidjson_copy}/rapidjson/document.h.new ${rapidjson_copy}/rapidjson/document.h ONLY_IF_DIFFERENT)
set(RAPIDJSON_INCLUDE_DIRS ${rapidjson_copy})

add_library(calsync_rapidjson INTERFACE)
target_include_directories(calsync_rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE_DIRS})
