// SPDX-License-Identifier: Apache-2.0
#include "common/http/respond.hpp"

#include <catch2/catch.hpp>

#include "common/http/http_answer.hpp"
#include "print_result.hpp"

namespace calsync::testing {
namespace {

using http::Request;
using http::Response;

Request with_body(std::string body) {
  Request request;
  request.body = std::move(body);
  return request;
}

}  // namespace

TEST_CASE("an error is a sentence, a code, and what belongs to it") {
  const Response response = http::error_response(403, "calendar_sync_disabled", "Calendar \"sync\" is off",
                                                 {{"flag", "CALENDAR_SYNC_ENABLED"}});
  CHECK(response.status == 403);
  CHECK(response.body ==
        R"({"error":"Calendar \"sync\" is off","code":"calendar_sync_disabled","flag":"CALENDAR_SYNC_ENABLED"})");
}

TEST_CASE("each failure has its status") {
  struct Case {
    Failure failure;
    int status;
    const char* code;
  };
  const Case cases[] = {{Failure::invalid_input, 400, "invalid_request"},
                        {Failure::not_found, 404, nullptr},
                        {Failure::conflict, 409, "conflict"},
                        {Failure::throttled, 429, "rate_limited"},
                        {Failure::quota_exhausted, 429, "quota_exceeded"},
                        {Failure::misconfigured, 500, nullptr},
                        {Failure::internal, 500, "internal_error"},
                        {Failure::unavailable, 503, nullptr},
                        {Failure::network, 503, "network_error"},
                        {Failure::timeout, 503, "timeout"},
                        {Failure::database, 503, "database_error"},
                        {Failure::grant_dead, 503, "invalid_token"}};
  for (const Case& one : cases) {
    const Response response = http::from_error(fail(one.failure, "because"));
    INFO(response.body);
    CHECK(response.status == one.status);
    CHECK(response.headers.empty());
    if (one.code) CHECK_THAT(response.body, Catch::Contains("\"code\":\"" + std::string(one.code) + "\""));
  }
  const Response later = http::from_error(fail(Failure::throttled, "because", std::chrono::seconds(90)));
  CHECK(later.headers == std::vector<http::Header>{{"Retry-After", "90"}});
}

TEST_CASE("a JSON body has known fields, each once") {
  const std::set<std::string> known{"a", "b"};
  const auto body = http::json_body(with_body(R"({"a":1,"b":"x"})"), known);
  REQUIRE(body);
  CHECK(json::int_at(*body, "a") == 1);
  REQUIRE(http::json_body(with_body(""), known));
  CHECK(http::json_body(with_body(""), known)->IsObject());

  struct Case {
    const char* body;
    const char* says;
  };
  const Case cases[] = {{R"({"a":1,"c":2})", "unknown field \"c\""},
                        {R"({"a":1,"a":2})", "the field \"a\" is given twice"},
                        {R"([])", "the body must be a JSON object"},
                        {R"({)", "the body is not JSON"}};
  for (const Case& one : cases) {
    const auto wrong = http::json_body(with_body(one.body), known);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().failure == Failure::invalid_input);
    CHECK_THAT(wrong.error().message, Catch::Contains(one.says));
  }
  const auto required = http::json_body(with_body(""), known, http::EmptyBody::refused);
  REQUIRE_FALSE(required);
  CHECK_THAT(required.error().message, Catch::Contains("required"));
}

TEST_CASE("dates are those of RFC 9110") {
  struct Case {
    const char* time;
    const char* date;
  };
  const Case cases[] = {{"1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
                        {"2024-02-29T23:59:59.999999Z", "Thu, 29 Feb 2024 23:59:59 GMT"},
                        {"2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
                        {"1969-12-31T23:59:59.5Z", "Wed, 31 Dec 1969 23:59:59 GMT"}};
  for (const Case& one : cases) CHECK(http::http_date(parse_rfc3339(one.time).value()) == one.date);
}

}  // namespace calsync::testing
