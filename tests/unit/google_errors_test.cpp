// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_errors.hpp"

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"

namespace calsync::google {
namespace {

using testing::http_response;
using testing::read_fixture;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

std::string back_end_error(int status, const std::string& reason, const std::string& message,
                           const std::string& location = "") {
  json::Writer out;
  out.begin_object().key("error").begin_object().key("errors").begin_array().begin_object();
  out.put("domain", "calendar").put("reason", reason).put("message", message);
  if (!location.empty()) out.put("locationType", "parameter").put("location", location);
  out.end_object().end_array().put("code", status).put("message", message).end_object().end_object();
  return out.text();
}

TEST_CASE("every row of Google's error catalogue", "[google][errors]") {
  struct Row {
    int status;
    std::string reason, message, location;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {400, "timeRangeEmpty", "The specified time range is empty.", "timeMax", Failure::rejected},
      {400, "required", "Missing end time.", "", Failure::rejected},
      {400, "invalid", "Invalid resource id value.", "", Failure::rejected},
      {400, "invalidParameter", "Invalid field selection", "fields", Failure::rejected},
      {400, "parseError", "Parse Error", "", Failure::rejected},
      {400, "badRequest", "The requested ordering is not available for the particular query.", "", Failure::rejected},
      {400, "badRequest", "Sync token cannot be used with other request restrictions.", "", Failure::cursor_expired},
      {400, "invalid", "Invalid Value", "syncToken", Failure::cursor_expired},
      {400, "invalid", "The syncToken is not valid", "", Failure::cursor_expired},
      {401, "authError", "Invalid Credentials", "Authorization", Failure::token_rejected},
      {401, "required", "Request is missing required authentication credential.", "", Failure::token_rejected},
      {401, "rateLimitExceeded", "odd, but 401 is about the token", "", Failure::token_rejected},
      {403, "userRateLimitExceeded", "User Rate Limit Exceeded", "", Failure::throttled},
      {403, "rateLimitExceeded", "Rate Limit Exceeded", "", Failure::throttled},
      {429, "rateLimitExceeded", "Rate Limit Exceeded", "", Failure::throttled},
      {429, "somethingNew", "Slow down", "", Failure::throttled},
      {403, "quotaExceeded", "Calendar usage limits exceeded.", "", Failure::quota_exhausted},
      {403, "dailyLimitExceeded", "Daily Limit Exceeded", "", Failure::quota_exhausted},
      {403, "accessNotConfigured", "Calendar API has not been used in project 1.", "", Failure::misconfigured},
      {403, "insufficientPermissions", "Insufficient Permission", "", Failure::scope_missing},
      {403, "forbiddenForNonOrganizer", "Shared properties can only be changed by the organizer.", "",
       Failure::rejected},
      {403, "requiredAccessLevel", "You need to have writer access to this calendar.", "", Failure::rejected},
      {403, "forbidden", "Forbidden", "", Failure::rejected},
      {403, "notACalendarUser", "The user must be signed up for Google Calendar.", "", Failure::rejected},
      {403, "forbiddenForServiceAccounts", "Service accounts cannot invite attendees.", "", Failure::rejected},
      {404, "notFound", "Not Found", "", Failure::not_found},
      {409, "duplicate", "The requested identifier already exists.", "", Failure::conflict},
      {409, "conflict", "Conflict", "", Failure::conflict},
      {410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.", "syncToken",
       Failure::cursor_expired},
      {410, "updatedMinTooLongAgo", "The requested minimum modification time lies too far in the past.", "updatedMin",
       Failure::cursor_expired},
      {410, "deleted", "Resource has been deleted", "", Failure::not_found},
      {412, "conditionNotMet", "Precondition Failed", "If-Match", Failure::conflict},
      {500, "backendError", "Backend Error", "", Failure::unavailable},
      {502, "backendError", "Backend Error", "", Failure::unavailable},
      {503, "backendError", "Backend Error", "", Failure::unavailable},
      {504, "backendError", "Backend Error", "", Failure::unavailable},
      {503, "rateLimitExceeded", "5xx is the server's trouble", "", Failure::unavailable},
      {418, "teapot", "Short and stout", "", Failure::rejected},
  }));
  CAPTURE(row.status, row.reason, row.message);
  const net::HttpResponse response =
      http_response(row.status, back_end_error(row.status, row.reason, row.message, row.location));
  // These reasons speak for themselves, whatever was asked.
  for (const Asked asked : {Asked::incremental, Asked::full_read}) {
    const Error error = api_error(response, asked, now);
    CHECK(error.failure == row.failure);
    const std::string begin = "Google answered " + std::to_string(row.status) + " " + row.reason + ": " + row.message;
    CHECK(error.message.substr(0, begin.size()) == begin);
  }
}

TEST_CASE("410 with a reason nobody knows is about the sync token, if one was sent", "[google][errors]") {
  for (const std::string& body :
       {back_end_error(410, "newReason", "Gone"), std::string(), std::string("<html></html>")}) {
    CAPTURE(body);
    CHECK(api_error(http_response(410, body), Asked::incremental, now).failure == Failure::cursor_expired);
    CHECK(api_error(http_response(410, body), Asked::full_read, now).failure == Failure::not_found);
  }
  CHECK(api_error(http_response(410, back_end_error(410, "deleted", "Resource has been deleted")), Asked::incremental,
                  now)
            .failure == Failure::not_found);
}

TEST_CASE("the front end's envelope: scopes and a disabled API", "[google][errors]") {
  const Error scope = api_error(http_response(403, read_fixture("google/error_scope.json")), Asked::full_read, now);
  CHECK(describe(scope) ==
        "insufficient_scope: Google answered 403 insufficientPermissions: Request had insufficient authentication "
        "scopes.; the account "
        "has to be connected again with access to its calendars");
  const Error disabled =
      api_error(http_response(403, read_fixture("google/error_api_disabled.json")), Asked::full_read, now);
  CHECK(disabled.failure == Failure::misconfigured);
  CHECK_THAT(disabled.message, Catch::StartsWith("Google answered 403 SERVICE_DISABLED: "));
  CHECK_THAT(disabled.message, Catch::Contains("enable the Google Calendar API"));
  const Error cursor =
      api_error(http_response(410, read_fixture("google/error_full_sync.json")), Asked::incremental, now);
  CHECK(cursor.failure == Failure::cursor_expired);
}

TEST_CASE("where the reason is read from", "[google][errors]") {
  struct Row {
    std::string body, reason;
    Failure at_403;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"error":{"errors":[{"reason":"quotaExceeded"}],"details":[{"x":1}],"status":"RESOURCE_EXHAUSTED"}})",
       "quotaExceeded", Failure::quota_exhausted},
      {R"({"error":{"errors":[{"reason":"forbidden"}],"details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}})",
       "forbidden", Failure::scope_missing},
      {R"({"error":{"errors":[],"details":[7,{"reason":"RATE_LIMIT_EXCEEDED"}],"status":"X"}})", "RATE_LIMIT_EXCEEDED",
       Failure::throttled},
      {R"({"error":{"code":403,"status":"RESOURCE_EXHAUSTED"}})", "RESOURCE_EXHAUSTED", Failure::throttled},
      {R"({"error":{"status":"PERMISSION_DENIED"}})", "PERMISSION_DENIED", Failure::rejected},
      {R"({"error":{"errors":{"reason":"x"},"details":"y","status":7}})", "", Failure::rejected},
      {R"({"error":"invalid_request"})", "", Failure::rejected},
      {R"([])", "", Failure::rejected},
      {"", "", Failure::rejected},
      {"<html>Forbidden</html>", "", Failure::rejected},
  }));
  CAPTURE(row.body);
  CHECK(parse_error_body(row.body).reason == row.reason);
  const Error error = api_error(http_response(403, row.body), Asked::full_read, now);
  CHECK(error.failure == row.at_403);
  CHECK_THAT(error.message, Catch::StartsWith(("Google answered 403 " + row.reason).c_str()));
}

TEST_CASE("a body of HTML or nothing still gives a sentence", "[google][errors]") {
  for (const char* body : {"", "<html><title>502</title></html>"}) {
    const Error error = api_error(http_response(502, body), Asked::incremental, now);
    CHECK(error.failure == Failure::unavailable);
    CHECK(error.message == "Google answered 502 with a body that says nothing");
  }
}

TEST_CASE("Retry-After is honoured in full, in seconds or as a date", "[google][errors]") {
  const auto wait = [](int status, const std::string& reason, const char* value) {
    return api_error(http_response(status, back_end_error(status, reason, "m"), {{"retry-after", value}}),
                     Asked::full_read, now)
        .retry_after;
  };
  CHECK(wait(429, "rateLimitExceeded", "3600") == std::chrono::hours(1));
  CHECK(wait(403, "userRateLimitExceeded", "86400") == std::chrono::hours(24));
  CHECK(wait(403, "quotaExceeded", "30") == std::chrono::seconds(30));
  CHECK(wait(503, "backendError", "Mon, 02 Mar 2026 00:10:00 GMT") == std::chrono::minutes(10));
  CHECK(wait(503, "backendError", "Sun, 01 Mar 2026 00:10:00 GMT") == std::chrono::seconds(0));
  CHECK_FALSE(wait(429, "rateLimitExceeded", "in a while"));
  CHECK_FALSE(wait(404, "notFound", "10"));
}

TEST_CASE("a message is one line of bounded length and whole characters", "[google][errors]") {
  std::string long_message = "two\nlines\u0001";
  for (int i = 0; i < 400; ++i) long_message += "é";
  const Error error =
      api_error(http_response(400, back_end_error(400, "invalid", long_message)), Asked::full_read, now);
  CHECK(error.message.size() < 400);
  CHECK(error.message.find_first_of("\n\x01") == std::string::npos);
  CHECK(json::parse(json::Writer().begin_object().put("m", error.message).end_object().text()).has_value());
}

}  // namespace
}  // namespace calsync::google
