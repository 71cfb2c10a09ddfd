// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "api-server/authenticate.hpp"
#include "common/base/crypto.hpp"
#include "print_result.hpp"

namespace calsync::testing {
namespace {

using api::CallerKind;
using api::TokenRing;

const std::string token_a = "canary-a-0123456789";
const std::string token_b = "canary-b-0123456789";

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

}  // namespace

TEST_CASE("a ring finds the name of each of its tokens") {
  const std::string texts[] = {"a:" + token_a + ",b:" + token_b, " a:" + token_a + "\n\tb:" + token_b + "\r\n",
                               ",,a:" + token_a + " , b:sha256:" + sha256_hex(token_b) + ",",
                               "a:sha256:" + upper(sha256_hex(token_a)) + " b:" + token_b};
  for (const std::string& text : texts) {
    INFO(text);
    const auto ring = TokenRing::parse(text, CallerKind::admin);
    REQUIRE(ring);
    REQUIRE(ring->find(token_a));
    CHECK(ring->find(token_a)->name == "a");
    CHECK(ring->find(token_a)->kind == CallerKind::admin);
    CHECK(ring->find(token_b)->name == "b");
    for (const std::string& other : {std::string(), token_a + " ", upper(token_a), sha256_hex(token_a), "a:" + token_a,
                                     "sha256:" + sha256_hex(token_b)}) {
      CHECK_FALSE(ring->find(other));
    }
  }
}

TEST_CASE("an empty ring lets nobody pass") {
  for (const char* text : {"", " ", ",", "\n"}) {
    const auto ring = TokenRing::parse(text, CallerKind::app);
    REQUIRE(ring);
    CHECK(ring->empty());
    CHECK_FALSE(ring->find(""));
  }
}

TEST_CASE("a token may hold colons and everything else that a header may") {
  const auto ring = TokenRing::parse("a:abc:def:0123456789/+=~", CallerKind::app);
  REQUIRE(ring);
  CHECK(ring->find("abc:def:0123456789/+=~"));
}

TEST_CASE("a malformed entry is named, its token never") {
  struct Case {
    std::string text;
    const char* says;
  };
  const Case cases[] = {
      {token_a, "token entry number 1 must be written name:token"},
      {"a:" + token_a + "," + token_b, "token entry number 2 must be written name:token"},
      {":" + token_a, "token entry number 1 must be written name:token"},
      {"can/ary:" + token_a, "token entry number 1 must be written name:token"},
      {std::string(65, 'x') + ":" + token_a, "token entry number 1 must be written name:token"},
      {"ops:", "the token entry 'ops' is shorter than 16 characters"},
      {"ops:canary-01234567", "the token entry 'ops' is shorter than 16 characters"},
      {"ops: " + token_a, "the token entry 'ops' is shorter than 16 characters"},
      {"ops:sha256:canary", "the token entry 'ops' must have 64 hex digits after sha256:"},
      {"ops:sha256:" + std::string(63, 'a'), "the token entry 'ops' must have 64 hex digits after sha256:"},
      {"ops:sha256:" + std::string(64, 'g'), "the token entry 'ops' must have 64 hex digits after sha256:"},
      {"ops:" + token_a + ",ops:" + token_b, "the token entry 'ops' is given twice"},
      {"ops:" + token_a + ",cron:" + token_a, "the token entry 'cron' has the token of the entry 'ops'"},
      {"ops:" + token_a + ",cron:sha256:" + sha256_hex(token_a), "the token entry 'cron' has the token of"},
  };
  for (const Case& one : cases) {
    const auto ring = TokenRing::parse(one.text, CallerKind::app);
    REQUIRE_FALSE(ring);
    CHECK(ring.error().failure == Failure::misconfigured);
    CHECK_THAT(ring.error().message, Catch::Contains(one.says));
    CHECK_THAT(ring.error().message, !Catch::Contains("canary"));
  }
}

}  // namespace calsync::testing
