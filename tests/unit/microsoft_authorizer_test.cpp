// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/base/crypto.hpp"
#include "common/net/url.hpp"
#include "common/providers/microsoft/entra_authorizer.hpp"
#include "common/providers/microsoft/entra_scopes.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::microsoft {
namespace {

using testing::run_task;
using Scopes = std::set<std::string>;

struct Fixture {
  testing::VirtualClock clock;
  testing::FakeTransport entra;
  EntraAuthorizer authorizer{options(), entra, clock};

  static Options options() {
    Options options;
    options.client_id = "client-1";
    options.client_secret = Secret("s3cret/+");
    options.redirect_uri = "https://sync.example/api/auth/microsoft/callback";
    options.tenant = "contoso.example";
    options.endpoints = {"https://login.test/{tenant}/oauth2/v2.0/authorize",
                         "https://login.test/{tenant}/oauth2/v2.0/token", "https://graph.test/v1.0"};
    return options;
  }
  Deadline deadline() const { return Deadline(clock, std::chrono::seconds(20)); }
  net::TokenGrant grant(const std::string& claims) const {
    net::TokenGrant grant;
    grant.access_token = Secret("opaque");
    if (!claims.empty()) grant.id_token = Secret("e30." + base64url(claims) + ".sig");
    return grant;
  }
};

std::string form(const net::HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : net::parse_query(request.body.reveal()).value()) {
    if (key == name) return value;
  }
  return {};
}

const std::string tokens = R"({"token_type":"Bearer","access_token":"a2","refresh_token":"r2","expires_in":3600})";

}  // namespace

TEST_CASE("where a person is sent", "[microsoft][authorizer]") {
  Fixture f;
  const std::string url = f.authorizer.authorization_url("st", Secret("verifier"), "ana@example.com");
  CHECK(url.starts_with("https://login.test/contoso.example/oauth2/v2.0/authorize?"));
  const auto query = net::parse_query(url.substr(url.find('?') + 1));
  REQUIRE(query.has_value());
  const std::map<std::string, std::string> given(query->begin(), query->end());
  CHECK(given.at("client_id") == "client-1");
  CHECK(given.at("response_type") == "code");
  CHECK(given.at("response_mode") == "query");
  CHECK(given.at("prompt") == "select_account");
  CHECK(given.at("state") == "st");
  CHECK(given.at("code_challenge_method") == "S256");
  CHECK(given.at("code_challenge") == base64url(sha256("verifier")));
  CHECK(given.at("login_hint") == "ana@example.com");
  CHECK(given.at("scope") == "openid profile email offline_access User.Read Calendars.ReadWrite");
}

TEST_CASE("a code and a refresh token are exchanged for one resource", "[microsoft][authorizer]") {
  Fixture f;
  const std::string url = "https://login.test/contoso.example/oauth2/v2.0/token";
  f.entra.expect("POST", url, testing::http_response(200, tokens))
      .expect("POST", url, testing::http_response(200, tokens));
  REQUIRE(run_task(f.authorizer.exchange("c0de", Secret("verifier"), f.deadline())).has_value());
  const auto renewed = run_task(f.authorizer.refresh(Secret("r1"), f.deadline()));
  REQUIRE(renewed.has_value());
  // It rotates: the answer's is the one that counts.
  CHECK(renewed->refresh_token == Secret("r2"));
  const auto& sent = f.entra.sent();
  CHECK(form(sent[0], "grant_type") == "authorization_code");
  CHECK(form(sent[0], "code_verifier") == "verifier");
  CHECK(form(sent[0], "client_secret") == "s3cret/+");
  CHECK(form(sent[1], "grant_type") == "refresh_token");
  CHECK(form(sent[1], "refresh_token") == "r1");
  for (const auto& request : sent)
    CHECK(form(request, "scope") == "openid profile email offline_access User.Read Calendars.ReadWrite");
}

TEST_CASE("a refused code disconnects nobody, a refused refresh token does", "[microsoft][authorizer]") {
  Fixture f;
  const std::string refusal = R"({"error":"invalid_grant","error_codes":[54005]})";
  f.entra.reply(400, refusal).reply(400, refusal);
  CHECK(run_task(f.authorizer.exchange("c", Secret("v"), f.deadline())).error().failure == Failure::rejected);
  CHECK(run_task(f.authorizer.refresh(Secret("r"), f.deadline())).error().failure == Failure::grant_dead);
}

TEST_CASE("who connected", "[microsoft][authorizer]") {
  Fixture f;
  struct Row {
    std::string claims;
    std::string me;
    std::string id, email;
  };
  const std::string head = R"({"aud":"client-1","exp":1800000000,)";
  const auto row = GENERATE_COPY(values<Row>({
      {head + R"("oid":"o1","tid":"t1","sub":"x","email":"a@example.com","preferred_username":"b@example.com"})", "",
       "o1@t1", "a@example.com"},
      {head + R"("oid":"o1","tid":"t1","preferred_username":"b@example.com"})", "", "o1@t1", "b@example.com"},
      {"", R"({"id":"o1","mail":"a@example.com","userPrincipalName":"u@example.com"})", "o1", "a@example.com"},
      {"", R"({"id":"o1","mail":null,"userPrincipalName":"u@example.com"})", "o1", "u@example.com"},
      {head + R"("sub":"x"})", R"({"id":"o2","mail":null})", "o2", ""},
      {"nonsense", R"({"id":"o2","mail":null})", "o2", ""},
  }));
  CAPTURE(row.claims, row.me);
  if (!row.me.empty()) f.entra.expect("GET", "https://graph.test/v1.0/me", testing::http_response(200, row.me));
  const auto account = run_task(f.authorizer.identify(f.grant(row.claims), f.deadline()));
  REQUIRE(account.has_value());
  CHECK(account->id == row.id);
  CHECK(account->email == row.email);
  CHECK(f.entra.exhausted());
}

TEST_CASE("an id_token for somebody else is not replaced by another source", "[microsoft][authorizer]") {
  Fixture f;
  const auto claims = GENERATE(values<std::string>(
      {R"({"aud":"other","exp":1800000000,"oid":"o"})", R"({"aud":"client-1","exp":1000000000,"oid":"o"})"}));
  CHECK(run_task(f.authorizer.identify(f.grant(claims), f.deadline())).error().failure == Failure::rejected);
}

TEST_CASE("there is nothing to revoke at Entra", "[microsoft][authorizer]") {
  Fixture f;
  CHECK(run_task(f.authorizer.revoke(Secret("r"), f.deadline())).has_value());
  CHECK(f.entra.sent().empty());
}

TEST_CASE("granted scopes are compared by their last segment", "[microsoft][scopes]") {
  struct Row {
    std::vector<std::string> wanted;
    Scopes granted;
    Scopes missing;
  };
  const auto row = GENERATE(values<Row>({
      {default_scopes(), {"User.Read", "Calendars.ReadWrite", "openid"}, {}},
      {default_scopes(), {"https://graph.microsoft.com/Calendars.ReadWrite"}, {}},
      {default_scopes(), {"https://outlook.office.com/calendars.readwrite"}, {}},
      {default_scopes(), {"Calendars.Read", "User.Read"}, {"Calendars.ReadWrite"}},
      {default_scopes(), {}, {"Calendars.ReadWrite"}},
      {{"https://graph.microsoft.com/Calendars.Read"}, {"Calendars.ReadWrite"}, {}},
      {{"Calendars.Read"}, {"Calendars.Read.Shared"}, {}},
      {{"Calendars.Read.Shared"}, {"Calendars.Read"}, {"Calendars.Read.Shared"}},
      {{"MailboxSettings.Read"}, {"MailboxSettings.ReadWrite"}, {}},
      {{"https://graph.microsoft.com/.default"}, {"Calendars.Read"}, {}},
  }));
  CHECK(missing_scopes(row.wanted, row.granted) == row.missing);
}

}  // namespace calsync::microsoft
