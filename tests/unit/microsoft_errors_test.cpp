// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/providers/microsoft/entra_errors.hpp"
#include "common/providers/microsoft/graph_errors.hpp"
#include "tests/support/fake_transport.hpp"

namespace calsync::microsoft {
namespace {

using testing::http_response;
using namespace std::chrono_literals;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

std::string refusal(const std::string& code, const std::string& inner = "") {
  return R"({"error":{"code":")" + code + R"(","message":"It said so.")" +
         (inner.empty() ? "" : R"(,"innerError":{"code":")" + inner + R"("})") + "}}";
}

std::string entra(const std::string& error, int number, const std::string& more = "") {
  return R"({"error":")" + error + R"(","error_description":"AADSTS)" + std::to_string(number) +
         R"(: something.\r\nTrace ID: 1","error_codes":[)" + std::to_string(number) + "]" + more + "}";
}

}  // namespace

TEST_CASE("what Graph's refusals mean", "[microsoft][errors]") {
  struct Row {
    int status;
    std::string code, inner;
    Asked asked;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {401, "InvalidAuthenticationToken", "", Asked::delta, Failure::token_rejected},
      {401, "", "", Asked::delta, Failure::token_rejected},
      {401, "syncStateNotFound", "", Asked::delta, Failure::token_rejected},
      {403, "ErrorAccessDenied", "", Asked::calendars, Failure::scope_missing},
      {403, "ErrorAccessDenied", "", Asked::delta, Failure::rejected},
      {403, "ErrorAccessDenied", "", Asked::event, Failure::rejected},
      {404, "ErrorItemNotFound", "", Asked::delta, Failure::not_found},
      {404, "MailboxNotEnabledForRESTAPI", "", Asked::calendars, Failure::rejected},
      {404, "mailboxnotenabledforrestapi", "", Asked::delta, Failure::rejected},
      {409, "Conflict", "", Asked::event, Failure::conflict},
      {410, "", "", Asked::delta, Failure::cursor_expired},
      {410, "", "", Asked::event, Failure::not_found},
      {400, "BadRequest", "SyncStateNotFound", Asked::delta, Failure::cursor_expired},
      {412, "ErrorIrresolvableConflict", "", Asked::event, Failure::conflict},
      {429, "ApplicationThrottled", "", Asked::delta, Failure::throttled},
      {429, "", "", Asked::delta, Failure::throttled},
      {403, "activityLimitReached", "", Asked::delta, Failure::throttled},
      {500, "ErrorInternalServerError", "", Asked::delta, Failure::unavailable},
      {502, "", "", Asked::delta, Failure::unavailable},
      {503, "ErrorServerBusy", "", Asked::delta, Failure::unavailable},
      {503, "syncStateNotFound", "", Asked::delta, Failure::unavailable},
      {504, "UnknownError", "", Asked::delta, Failure::unavailable},
      {507, "", "", Asked::delta, Failure::quota_exhausted},
      {509, "", "", Asked::delta, Failure::throttled},
      {400, "ErrorInvalidIdMalformed", "", Asked::event, Failure::rejected},
      {418, "", "", Asked::event, Failure::rejected},
  }));
  CAPTURE(row.status, row.code, row.inner);
  const Error error = api_error(
      http_response(row.status, row.code.empty() ? "<html>busy</html>" : refusal(row.code, row.inner)), row.asked, now);
  CHECK(error.failure == row.failure);
  CHECK(error.message.find(std::to_string(row.status)) != std::string::npos);
}

TEST_CASE("Retry-After of Graph is kept in full", "[microsoft][errors]") {
  struct Row {
    int status;
    std::string header;
    std::optional<std::chrono::seconds> wait;
  };
  const auto row = GENERATE(values<Row>({{429, "120", 120s},
                                         {429, "Mon, 02 Mar 2026 00:05:00 GMT", 300s},
                                         {429, "", std::nullopt},
                                         {503, "10", 10s},
                                         {504, "10", 10s},
                                         {404, "10", std::nullopt}}));
  std::vector<net::Header> headers;
  if (!row.header.empty()) headers.emplace_back("Retry-After", row.header);
  CHECK(api_error(http_response(row.status, "", headers), Asked::delta, now).retry_after == row.wait);
}

TEST_CASE("a refusal names the request for Microsoft's support", "[microsoft][errors]") {
  const std::string id = "0a1b2c3d-1111-4222-8333-444455556666";
  const Error named =
      api_error(http_response(403, refusal("ErrorAccessDenied"), {{"request-id", id}}), Asked::delta, now);
  CHECK(named.message == "Microsoft answered 403 ErrorAccessDenied: It said so. (request-id " + id + ")");
  const Error odd = api_error(http_response(403, "", {{"request-id", "Bearer x"}}), Asked::delta, now);
  CHECK(odd.message.find("Bearer") == std::string::npos);
}

TEST_CASE("what is no name of an error is not repeated", "[microsoft][errors]") {
  for (const std::string code : {"8e87fd8fde305838ac893b1ace36f93f", "eyJ0eXAiOiJKV1Qi", "a b", "0.AXoA-x", ""}) {
    CAPTURE(code);
    CHECK(api_error(http_response(400, refusal(code)), Asked::delta, now).message ==
          "Microsoft answered 400: It said so.");
    CHECK(api_error(http_response(400, refusal("Known", code)), Asked::delta, now).message ==
          "Microsoft answered 400 Known: It said so.");
  }
}

TEST_CASE("whose turn it is after a refusal of Entra", "[microsoft][entra]") {
  struct Row {
    int status;
    std::string error;
    int number;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {400, "invalid_grant", 70000, Failure::grant_dead},
      {400, "invalid_grant", 70008, Failure::grant_dead},
      {400, "invalid_grant", 700082, Failure::grant_dead},
      {400, "invalid_grant", 50173, Failure::grant_dead},
      {400, "invalid_grant", 50057, Failure::grant_dead},
      {400, "invalid_grant", 65001, Failure::scope_missing},
      {400, "invalid_grant", 53003, Failure::grant_dead},
      {400, "invalid_grant", 50076, Failure::grant_dead},
      {400, "interaction_required", 50079, Failure::grant_dead},
      {400, "interaction_required", 999999, Failure::grant_dead},
      {400, "consent_required", 1, Failure::grant_dead},
      {400, "invalid_grant", 999999, Failure::grant_dead},
      {400, "access_denied", 50105, Failure::grant_dead},
      {401, "invalid_client", 7000215, Failure::misconfigured},
      {401, "invalid_client", 7000222, Failure::misconfigured},
      {401, "invalid_client", 999999, Failure::misconfigured},
      {401, "invalid_client", 70000, Failure::misconfigured},
      {400, "unauthorized_client", 700016, Failure::misconfigured},
      {400, "invalid_grant", 700084, Failure::misconfigured},
      {400, "invalid_scope", 70011, Failure::misconfigured},
      {400, "invalid_request", 90002, Failure::misconfigured},
      {400, "invalid_request", 9002332, Failure::misconfigured},
      {400, "temporarily_unavailable", 90033, Failure::unavailable},
      {400, "server_error", 90006, Failure::unavailable},
      {400, "invalid_grant", 50196, Failure::throttled},
      {429, "invalid_grant", 70000, Failure::throttled},
      {503, "invalid_grant", 70000, Failure::unavailable},
      {400, "something_new", 999999, Failure::rejected},
  }));
  CAPTURE(row.status, row.error, row.number);
  const auto grant = parse_entra_tokens(http_response(row.status, entra(row.error, row.number)), now);
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().failure == row.failure);
  if (row.failure == Failure::grant_dead) CHECK(grant.error().message.starts_with("token expired or revoked"));
}

TEST_CASE("Entra's numbers are also read from the sentence", "[microsoft][entra]") {
  const auto grant = parse_entra_tokens(
      http_response(
          400, R"({"error":"invalid_request","error_description":"AADSTS50194: Application is not multi-tenant"})"),
      now);
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().message.find("AADSTS50194") != std::string::npos);
  const auto suberror =
      parse_entra_tokens(http_response(400, R"({"error":"new_word","suberror":"bad_token","error_codes":["x"]})"), now);
  CHECK(suberror.error().failure == Failure::grant_dead);
}

TEST_CASE("answers of the token endpoint that are no refusal", "[microsoft][entra]") {
  const auto grant = parse_entra_tokens(
      http_response(200,
                    R"({"token_type":"Bearer","scope":"User.Read Calendars.ReadWrite openid","expires_in":3599,)"
                    R"("ext_expires_in":3599,"access_token":"opaque!","refresh_token":"0.AXoA","client_info":"x"})"),
      now);
  REQUIRE(grant.has_value());
  CHECK(grant->refresh_token == Secret("0.AXoA"));
  CHECK(grant->expires_in == 3599s);
  CHECK(parse_entra_tokens(http_response(400, "<html>"), now).error().failure == Failure::unavailable);
}

}  // namespace calsync::microsoft
