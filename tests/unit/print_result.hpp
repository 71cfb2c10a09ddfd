// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "common/base/result.hpp"

/// REQUIRE(result) prints the error. (Boost's own operator<< wants T and Error printable.)
template <class T>
struct Catch::StringMaker<boost::system::result<T, calsync::Error>> {
  static std::string convert(const boost::system::result<T, calsync::Error>& result) {
    return result.has_value() ? "a value" : calsync::describe(result.error());
  }
};
