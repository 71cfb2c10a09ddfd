// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_authorizer.hpp"

#include <catch2/catch.hpp>

#include "common/base/crypto.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::google {
namespace {

using testing::FakeTransport;
using testing::run_task;

/// One authorizer against a scripted Google.
struct Fixture {
  testing::VirtualClock clock;
  FakeTransport google;
  GoogleAuthorizer authorizer{options(), google, clock};
  Deadline deadline{clock, std::chrono::seconds(30)};

  static Options options() {
    Options options;
    options.client_id = "client-7";
    options.client_secret = Secret("s3cret");
    options.redirect_uri = "https://app.test/callback";
    options.endpoints = {"https://idp.test/auth", "https://idp.test/token", "https://idp.test/revoke",
                         "https://idp.test/userinfo", "https://api.test"};
    return options;
  }
  static net::TokenGrant grant(const std::string& claims) {
    net::TokenGrant grant;
    grant.access_token = Secret("ya29.a");
    if (!claims.empty()) grant.id_token = Secret("e30." + base64url(claims) + ".c2ln");
    return grant;
  }
};

TEST_CASE("the consent URL asks for a refresh token, each time", "[google][authorizer]") {
  Fixture f;
  const Secret verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  const std::string url = f.authorizer.authorization_url("state-1", verifier, "ana@example.com");
  REQUIRE(url.starts_with("https://idp.test/auth?"));
  const auto parameters = net::parse_query(url.substr(url.find('?') + 1)).value();
  const std::map<std::string, std::string> asked(parameters.begin(), parameters.end());
  CHECK(asked == std::map<std::string, std::string>{
                     {"client_id", "client-7"},
                     {"redirect_uri", "https://app.test/callback"},
                     {"response_type", "code"},
                     {"scope",
                      "openid email https://www.googleapis.com/auth/calendar.events "
                      "https://www.googleapis.com/auth/calendar.calendarlist.readonly"},
                     {"state", "state-1"},
                     {"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
                     {"code_challenge_method", "S256"},
                     {"access_type", "offline"},
                     {"prompt", "consent"},
                     {"include_granted_scopes", "false"},
                     {"login_hint", "ana@example.com"},
                 });
  CHECK_THAT(f.authorizer.authorization_url("s", verifier, ""), !Catch::Contains("login_hint"));
}

TEST_CASE("scopes are configurable, and what is missing follows them", "[google][authorizer]") {
  testing::VirtualClock clock;
  FakeTransport google;
  Options options = Fixture::options();
  options.scopes = {"openid", "https://www.googleapis.com/auth/calendar.readonly"};
  const GoogleAuthorizer authorizer(options, google, clock);
  CHECK_THAT(authorizer.authorization_url("s", Secret("v"), ""),
             Catch::Contains("scope=openid%20https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.readonly&"));
  CHECK(authorizer.missing_scopes({"https://www.googleapis.com/auth/calendar"}).empty());
  CHECK(authorizer.missing_scopes({"openid"}) ==
        std::set<std::string>{"https://www.googleapis.com/auth/calendar.readonly"});
}

TEST_CASE("a code is exchanged for a grant", "[google][authorizer]") {
  Fixture f;
  f.google.expect(
      "POST", "https://idp.test/token",
      testing::http_response(
          200, R"({"access_token":"ya29.a","refresh_token":"1//r","expires_in":3599,"token_type":"Bearer"})"));
  const auto grant = run_task(f.authorizer.exchange("4/0A", Secret("verifier-1"), f.deadline));
  REQUIRE(grant.has_value());
  CHECK(grant->refresh_token == Secret("1//r"));
  const auto form = net::parse_query(f.google.sent().at(0).body.reveal()).value();
  CHECK(form.at(1).second == "4/0A");
}

TEST_CASE("a refused code disconnects nobody", "[google][authorizer]") {
  Fixture f;
  f.google.reply(400, R"({"error":"invalid_grant","error_description":"Malformed auth code."})");
  const auto grant = run_task(f.authorizer.exchange("4/0A-secret", Secret("verifier-1"), f.deadline));
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().failure == Failure::rejected);
  CHECK_THAT(grant.error().message, !Catch::Contains("4/0A-secret"));
}

TEST_CASE("a refused refresh token is a dead grant; anything else is not", "[google][authorizer]") {
  struct Row {
    int status;
    std::string body;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {400, R"({"error":"invalid_grant","error_description":"Token has been expired or revoked."})",
       Failure::grant_dead},
      {400, R"({"error":"invalid_grant","error_subtype":"invalid_rapt"})", Failure::grant_dead},
      {401, R"({"error":"invalid_client"})", Failure::misconfigured},
      {400, R"({"error":"unauthorized_client"})", Failure::misconfigured},
      {429, "", Failure::throttled},
      {503, "<html>", Failure::unavailable},
      {200, "{}", Failure::malformed},
  }));
  CAPTURE(row.status, row.body);
  Fixture f;
  f.google.reply(row.status, row.body);
  const auto grant = run_task(f.authorizer.refresh(Secret("1//r"), f.deadline));
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().failure == row.failure);
  CHECK_THAT(std::string(f.google.sent().at(0).body.reveal()), Catch::Contains("refresh_token=1%2F%2Fr"));
}

TEST_CASE("a broken line is reported as it is", "[google][authorizer]") {
  Fixture f;
  const Error broken = fail(Failure::network, "connection reset");
  f.google.reply(broken).reply(broken).reply(broken).reply(broken);
  CHECK(run_task(f.authorizer.exchange("c", Secret("v"), f.deadline)).error().failure == Failure::network);
  CHECK(run_task(f.authorizer.refresh(Secret("r"), f.deadline)).error().failure == Failure::network);
  CHECK(run_task(f.authorizer.revoke(Secret("r"), f.deadline)).error().failure == Failure::network);
  CHECK(run_task(f.authorizer.identify(Fixture::grant(""), f.deadline)).error().failure == Failure::network);
  CHECK(f.google.exhausted());
}

TEST_CASE("the id_token says who connected, without another call", "[google][authorizer]") {
  Fixture f;
  const auto account = run_task(f.authorizer.identify(
      Fixture::grant(R"({"sub":"108","email":"ana@example.com","aud":"client-7","exp":1772413200})"), f.deadline));
  REQUIRE(account.has_value());
  CHECK(account->id == "108");
  CHECK(account->email == "ana@example.com");
  CHECK(f.google.sent().empty());
}

TEST_CASE("an id_token for somebody else is not worked around", "[google][authorizer]") {
  Fixture f;
  const auto account =
      run_task(f.authorizer.identify(Fixture::grant(R"({"sub":"108","aud":"other","exp":1772413200})"), f.deadline));
  REQUIRE_FALSE(account.has_value());
  CHECK(account.error().failure == Failure::rejected);
  CHECK(f.google.sent().empty());
}

TEST_CASE("without a readable id_token the userinfo endpoint is asked", "[google][authorizer]") {
  struct Row {
    std::string claims, body;
  };
  const auto row = GENERATE(values<Row>({
      {"", R"({"sub":"108","email":"ana@example.com","email_verified":true})"},
      {"", R"({"id":"108","email":"ana@example.com","verified_email":true})"},
      {"not json", R"({"sub":"108","email":"ana@example.com"})"},
      {R"({"aud":"client-7","exp":1772413200})", R"({"sub":"108","id":"other","email":"ana@example.com"})"},
  }));
  CAPTURE(row.claims, row.body);
  Fixture f;
  f.google.expect("GET", "https://idp.test/userinfo", testing::http_response(200, row.body));
  const auto account = run_task(f.authorizer.identify(Fixture::grant(row.claims), f.deadline));
  REQUIRE(account.has_value());
  CHECK(account->id == "108");
  CHECK(account->email == "ana@example.com");
  CHECK(f.google.sent().at(0).authorization == Secret("Bearer ya29.a"));
}

TEST_CASE("userinfo answers that name nobody", "[google][authorizer]") {
  const Time now{};
  CHECK(parse_userinfo(testing::http_response(200, "{}"), now).error().failure == Failure::malformed);
  CHECK(parse_userinfo(testing::http_response(200, "<html>"), now).error().failure == Failure::malformed);
  CHECK(parse_userinfo(testing::http_response(200, R"({"sub":108})"), now).error().failure == Failure::malformed);
  CHECK(parse_userinfo(testing::http_response(401, R"({"error":"invalid_request"})"), now).error().failure ==
        Failure::token_rejected);
  CHECK(parse_userinfo(testing::http_response(500, ""), now).error().failure == Failure::unavailable);
}

TEST_CASE("revoking what is already revoked succeeds", "[google][authorizer]") {
  Fixture f;
  f.google.expect("POST", "https://idp.test/revoke", testing::http_response(200, ""));
  f.google.expect("POST", "https://idp.test/revoke", testing::http_response(400, R"({"error":"invalid_token"})"));
  f.google.expect("POST", "https://idp.test/revoke", testing::http_response(503, ""));
  CHECK(run_task(f.authorizer.revoke(Secret("1//r"), f.deadline)).has_value());
  CHECK(run_task(f.authorizer.revoke(Secret("1//r"), f.deadline)).has_value());
  CHECK(run_task(f.authorizer.revoke(Secret("1//r"), f.deadline)).error().failure == Failure::unavailable);
  CHECK(f.google.sent().at(0).body == Secret("token=1%2F%2Fr"));
}

}  // namespace
}  // namespace calsync::google
