// SPDX-License-Identifier: Apache-2.0
#include "common/base/repeatable.hpp"

#include <catch2/catch.hpp>

namespace calsync {
namespace {

TEST_CASE("a mistyped name resembles the name, a secret none", "[repeatable]") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(resembles("provder_id", "provider_id"));
  CHECK(resembles("providerId", "provider_id"));
  CHECK(resembles("foo", "provider_id"));
  CHECK_FALSE(resembles("password1", "provider_id"));
  CHECK_FALSE(resembles("d41d8cd98f00b204e9800998ecf8427e", "provider_id"));
  CHECK_FALSE(resembles(std::string(1000000, 'a'), "provider_id"));
}

TEST_CASE("unknown names are repeated if they were mistyped, else the known ones are told", "[repeatable]") {
  const std::set<std::string> known{"connection_id", "provider_id"};
  CHECK(unknown_name("provder_id", known) == "\"provder_id\"");
  CHECK(unknown_name("wait", known) == "\"wait\"");
  CHECK(unknown_name("ya29.a0AfB_byC", known) == "(known: connection_id, provider_id)");
  CHECK(unknown_name("ya29.a0AfB_byC", {}) == "(there is none)");
}

TEST_CASE("wrong values are repeated without long words", "[repeatable]") {
  const std::string uuid = "2f1acc6c-3f7b-4f0b-8a4e-000000000001";
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"ture", "ture"},
      {"  yes ", "  yes "},
      {uuid, uuid},
      {"{" + uuid + "}", "{" + uuid + "}"},
      {uuid + ";" + uuid, uuid + ";" + uuid},
      {"x" + uuid, "x" + uuid},
      {"0123456789abcdef0123456789abcdef", "[…]"},
      {"true CALENDAR_APP_TOKENS=host:0123456789abcdef", "true […]:[…]"},
      {"postgresql://user:s3cr3t-p4ssw0rd@db/x", "postgresql://user:[…]@db/x"},
      {"aaaaaaaa-aaaa-aaaa-aaaa-thisisnouuid", "[…]"}};
  for (const auto& [value, shown] : rows) CHECK(presentable(value) == shown);
  CHECK(presentable_path("/api/calendar/connections/" + uuid) == "/api/calendar/connections/" + uuid);
  CHECK(presentable_path("/api/0123456789abcdef0123456789abcdef/") == "/api/[…]/");
  CHECK(presentable_path("") == "");
}

}  // namespace
}  // namespace calsync
