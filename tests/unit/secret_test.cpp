// SPDX-License-Identifier: Apache-2.0
#include "common/base/secret.hpp"

#include <catch2/catch.hpp>
#include <concepts>
#include <ostream>
#include <type_traits>

namespace calsync {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

const std::string long_text(200, 's');

TEST_CASE("a secret does not turn into text", "[secret]") {
  STATIC_REQUIRE_FALSE(Streamable<Secret>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, const char*>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, bool>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, Secret>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<const char*, Secret>);
}

TEST_CASE("copies are equal and independent", "[secret]") {
  const Secret first(long_text);
  Secret second = first;
  CHECK(second == first);
  second = Secret("other");
  CHECK_FALSE(second == first);
  CHECK(first.reveal() == long_text);
  CHECK(Secret().empty());
  CHECK(Secret() == Secret(""));
}

TEST_CASE("what was moved from is empty, short or long", "[secret]") {
  for (const std::string& text : {std::string("short"), long_text}) {
    Secret first(text);
    Secret second(std::move(first));
    CHECK(first.empty());
    CHECK(second.reveal() == text);
    Secret third("before");
    third = std::move(second);
    CHECK(second.empty());
    CHECK(third.reveal() == text);
    Secret& same = third;
    third = std::move(same);
    CHECK(third.reveal() == text);
  }
}

}  // namespace
}  // namespace calsync
