// SPDX-License-Identifier: Apache-2.0
#include "common/net/oauth2.hpp"

#include <catch2/catch.hpp>

#include "common/base/crypto.hpp"
#include "common/base/json.hpp"
#include "tests/support/fake_transport.hpp"

namespace calsync::net {
namespace {

using testing::http_response;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

OAuthClient client() {
  return {"client-7",
          Secret("s3cret"),
          "https://app.test/api/auth/google/callback",
          "https://idp.test/auth",
          "https://idp.test/token",
          "https://idp.test/revoke"};
}

Parameters form_of(const HttpRequest& request) { return parse_query(request.body.reveal()).value(); }

class CountingRandom final : public Random {
 public:
  std::string bytes(std::size_t count) override { return std::string(count, static_cast<char>(++calls_)); }

 private:
  int calls_ = 0;
};

TEST_CASE("PKCE: the challenge is the one of RFC 7636 appendix B", "[net][oauth2]") {
  CHECK(code_challenge(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")) ==
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST_CASE("PKCE: a verifier has 43 characters of base64url and is new each time", "[net][oauth2]") {
  CountingRandom random;
  const Secret first = make_code_verifier(random);
  const Secret second = make_code_verifier(random);
  CHECK(first.reveal().size() == 43);
  CHECK(first.reveal().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string_view::npos);
  CHECK_FALSE(first == second);
}

TEST_CASE("the authorization URL carries the challenge, never the verifier", "[net][oauth2]") {
  const Secret verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  const std::string url = authorization_url(client(), {{"prompt", "consent"}}, "openid email", "state/1", verifier);
  REQUIRE(url.starts_with("https://idp.test/auth?"));
  const Parameters expected{{"client_id", "client-7"},
                            {"redirect_uri", "https://app.test/api/auth/google/callback"},
                            {"response_type", "code"},
                            {"scope", "openid email"},
                            {"state", "state/1"},
                            {"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
                            {"code_challenge_method", "S256"},
                            {"prompt", "consent"}};
  CHECK(parse_query(url.substr(url.find('?') + 1)).value() == expected);
}

TEST_CASE("token requests are forms whose secrets are in the body only", "[net][oauth2]") {
  const HttpRequest exchange = code_exchange_request(client(), "4/0A+b", Secret("verifier-1"));
  const HttpRequest refresh = refresh_request(client(), Secret("1//r"));
  const HttpRequest revoke = revoke_request(client(), Secret("1//r"));
  for (const HttpRequest* request : {&exchange, &refresh, &revoke}) {
    CHECK(request->method == "POST");
    CHECK(request->content_type == "application/x-www-form-urlencoded");
    CHECK_FALSE(request->follow_redirects);
    CHECK(request->authorization.empty());
  }
  CHECK(exchange.url == "https://idp.test/token");
  CHECK(form_of(exchange) == Parameters{{"grant_type", "authorization_code"},
                                        {"code", "4/0A+b"},
                                        {"client_id", "client-7"},
                                        {"client_secret", "s3cret"},
                                        {"redirect_uri", "https://app.test/api/auth/google/callback"},
                                        {"code_verifier", "verifier-1"}});
  CHECK(refresh.url == "https://idp.test/token");
  CHECK(form_of(refresh) == Parameters{{"grant_type", "refresh_token"},
                                       {"refresh_token", "1//r"},
                                       {"client_id", "client-7"},
                                       {"client_secret", "s3cret"}});
  CHECK(revoke.url == "https://idp.test/revoke");
  CHECK(form_of(revoke) == Parameters{{"token", "1//r"}});
}

TEST_CASE("a full token answer is read", "[net][oauth2]") {
  const auto grant = parse_token_response(
      http_response(
          200,
          R"({"access_token":"ya29.a","expires_in":3599,"refresh_token":"1//r","scope":"openid  https://x/calendar",
                            "token_type":"Bearer","id_token":"h.p.s","refresh_token_expires_in":604799})"),
      now);
  REQUIRE(grant.has_value());
  CHECK(grant->access_token == Secret("ya29.a"));
  CHECK(grant->refresh_token == Secret("1//r"));
  CHECK(grant->expires_in == std::chrono::seconds(3599));
  CHECK(grant->scopes == std::set<std::string>{"openid", "https://x/calendar"});
  CHECK(grant->id_token == Secret("h.p.s"));
}

TEST_CASE("a refresh answer may have no refresh token, scope or expiry", "[net][oauth2]") {
  for (const char* body :
       {R"({"access_token":"a"})", R"({"access_token":"a","refresh_token":null,"scope":"","expires_in":-1})",
        R"({"access_token":"a","token_type":"bearer","expires_in":99999999999999})"}) {
    CAPTURE(body);
    const auto grant = parse_token_response(http_response(200, body), now);
    REQUIRE(grant.has_value());
    CHECK(grant->refresh_token.empty());
    CHECK(grant->scopes.empty());
    CHECK_FALSE(grant->expires_in);
  }
  CHECK(parse_token_response(http_response(200, R"({"access_token":"a","expires_in":"3600"})"), now)->expires_in ==
        std::chrono::hours(1));
}

TEST_CASE("a 200 that is no token answer is malformed", "[net][oauth2]") {
  const auto body =
      GENERATE(as<std::string>(), "", "<html>ok</html>", "[]", "{}", R"({"access_token":""})", R"({"access_token":7})",
               R"({"access_token":"a\r\nX-Evil: 1"})", R"({"access_token":"a","refresh_token":"r\n"})",
               R"({"access_token":"a","token_type":"mac"})", R"({"error":"invalid_grant"})");
  CAPTURE(body);
  const auto grant = parse_token_response(http_response(200, body), now);
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().failure == Failure::malformed);
}

TEST_CASE("each token error means what the reference says", "[net][oauth2]") {
  struct Row {
    int status;
    std::string error, description;
    Failure failure;
    std::string says;
  };
  const auto row = GENERATE(values<Row>({
      {400, "invalid_grant", "Token has been expired or revoked.", Failure::grant_dead, "connected again"},
      {400, "invalid_grant", "Bad Request", Failure::grant_dead, "Bad Request"},
      {400, "invalid_grant", "Malformed auth code.", Failure::grant_dead, "Malformed auth code."},
      {400, "invalid_grant", "Invalid code verifier.", Failure::grant_dead, "Invalid code verifier."},
      {400, "invalid_grant", "", Failure::grant_dead, "invalid_grant"},
      {400, "redirect_uri_mismatch", "Bad Request", Failure::misconfigured, "redirect URI"},
      {401, "invalid_client", "The OAuth client was not found.", Failure::misconfigured,
       "client id and the client secret"},
      {401, "invalid_client", "Unauthorized", Failure::misconfigured, "client secret"},
      {400, "unauthorized_client", "Unauthorized", Failure::misconfigured, "web application"},
      {401, "unauthorized_client", "Unauthorized", Failure::misconfigured, "web application"},
      {401, "deleted_client", "", Failure::misconfigured, "deleted"},
      {400, "unsupported_grant_type", "", Failure::misconfigured, "token endpoint"},
      {400, "invalid_request", "Missing required parameter: code", Failure::misconfigured,
       "Missing required parameter: code"},
      {400, "invalid_scope", "", Failure::misconfigured, "scopes"},
      {403, "rate_limit_exceeded", "", Failure::throttled, "rate_limit_exceeded"},
      {400, "internal_failure", "", Failure::unavailable, "internal_failure"},
      {400, "temporarily_unavailable", "", Failure::unavailable, "temporarily_unavailable"},
      {429, "rate_limit_exceeded", "", Failure::throttled, "429"},
      {429, "invalid_grant", "", Failure::throttled, "429"},
      {500, "internal_failure", "", Failure::unavailable, "500"},
      {503, "invalid_grant", "", Failure::unavailable, "503"},
      {400, "admin_policy_enforced", "", Failure::rejected, "admin_policy_enforced"},
  }));
  CAPTURE(row.status, row.error, row.description);
  json::Writer body;
  body.begin_object().put("error", row.error).put("error_description", row.description).end_object();
  const auto grant = parse_token_response(http_response(row.status, body.text()), now);
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().failure == row.failure);
  CHECK_THAT(grant.error().message, Catch::Contains(row.says));
}

TEST_CASE("a dead grant reads as the contract says", "[net][oauth2]") {
  const auto grant = parse_token_response(
      http_response(400, R"({"error":"invalid_grant","error_description":"Token has been expired or revoked."})"), now);
  REQUIRE_FALSE(grant.has_value());
  CHECK(describe(grant.error()) ==
        "invalid_token: token expired or revoked: the token endpoint answered 400 invalid_grant: Token has been "
        "expired or revoked.; "
        "the account has to be connected again");
}

TEST_CASE("answers that are not OAuth's", "[net][oauth2]") {
  struct Row {
    int status;
    std::string body;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {502, "<html>Bad Gateway</html>", Failure::unavailable},
      {503, "", Failure::unavailable},
      {403, "<html>proxy</html>", Failure::unavailable},
      {302, "", Failure::unavailable},
      {429, "<html>slow down</html>", Failure::throttled},
      {400, "{}", Failure::malformed},
      {400, R"({"error":{"code":400}})", Failure::malformed},
      {400, R"({"error":"1//secret-token"})", Failure::malformed},
  }));
  CAPTURE(row.status, row.body);
  const auto grant = parse_token_response(http_response(row.status, row.body), now);
  REQUIRE_FALSE(grant.has_value());
  CHECK(grant.error().failure == row.failure);
  CHECK_THAT(grant.error().message, !Catch::Contains("secret-token"));
}

TEST_CASE("Retry-After of the token endpoint is kept in full", "[net][oauth2]") {
  const auto wait = [](int status, const char* value) {
    return parse_token_response(http_response(status, "", {{"Retry-After", value}}), now).error().retry_after;
  };
  CHECK(wait(429, "7200") == std::chrono::seconds(7200));
  CHECK(wait(503, "Mon, 02 Mar 2026 01:00:00 GMT") == std::chrono::hours(1));
  CHECK_FALSE(wait(503, "soon"));
}

TEST_CASE("no message repeats a token, a code or a parameter", "[net][oauth2]") {
  const auto echoed = GENERATE(as<std::string>(), "1//0gK-refresh", "4/0AY0e-code", "ya29.A0Ave_access", "s3cret",
                               "eyJhbGciOiJSUzI1NiJ9", "https://app.test/callback", std::string(60, 'x'));
  json::Writer body;
  body.begin_object()
      .put("error", "invalid_request")
      .put("error_description", "Bad value " + echoed + " given")
      .end_object();
  const auto grant = parse_token_response(http_response(400, body.text()), now);
  REQUIRE_FALSE(grant.has_value());
  CHECK_THAT(grant.error().message, !Catch::Contains(echoed));
  CHECK_THAT(grant.error().message, Catch::Contains("Bad value"));
}

TEST_CASE("revoking succeeds also when the token is unknown", "[net][oauth2]") {
  CHECK(parse_revoke_response(http_response(200, ""), now).has_value());
  CHECK(parse_revoke_response(http_response(200, "{}"), now).has_value());
  CHECK(parse_revoke_response(http_response(400, R"({"error":"invalid_token"})"), now).has_value());
  CHECK(parse_revoke_response(http_response(400, R"({"error":"invalid_grant"})"), now).has_value());
  CHECK(parse_revoke_response(http_response(400, R"({"error":"invalid_request"})"), now).error().failure ==
        Failure::misconfigured);
  CHECK(parse_revoke_response(http_response(401, R"({"error":"invalid_client"})"), now).error().failure ==
        Failure::misconfigured);
  CHECK(parse_revoke_response(http_response(503, ""), now).error().failure == Failure::unavailable);
}

Secret id_token(const std::string& claims) { return Secret("eyJhbGciOiJub25lIn0." + base64url(claims) + ".c2ln"); }

TEST_CASE("an id_token says who connected", "[net][oauth2]") {
  const auto claims = GENERATE(
      as<std::string>(),
      R"({"sub":"108","email":"a@example.com","aud":"client-7","exp":1772409700,"iss":"https://accounts.google.com"})",
      R"({"sub":"108","email":"a@example.com","aud":["other","client-7"],"exp":1772409700})",
      // Two clocks may differ by a few minutes: this one expired 200 seconds ago.
      R"({"sub":"108","email":"a@example.com","aud":"client-7","exp":1772409400})");
  CAPTURE(claims);
  const auto identity = parse_id_token(id_token(claims), "client-7", now);
  REQUIRE(identity.has_value());
  CHECK(identity->subject == "108");
  CHECK(identity->email == "a@example.com");
}

TEST_CASE("an id_token without an address still names the account", "[net][oauth2]") {
  const auto identity = parse_id_token(id_token(R"({"sub":"108","aud":"client-7","exp":1772409700})"), "client-7", now);
  REQUIRE(identity.has_value());
  CHECK(identity->email.empty());
}

TEST_CASE("id_tokens that must not be believed", "[net][oauth2]") {
  struct Row {
    std::string claims;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"sub":"108","aud":"somebody-else","exp":1772409700})", Failure::rejected},
      {R"({"sub":"108","aud":["a","b"],"exp":1772409700})", Failure::rejected},
      {R"({"sub":"108","aud":[7],"exp":1772409700})", Failure::rejected},
      {R"({"sub":"108","exp":1772409700})", Failure::rejected},
      {R"({"sub":"108","aud":"client-7","exp":1772409000})", Failure::rejected},
      {R"({"sub":"108","aud":"client-7"})", Failure::malformed},
      {R"({"aud":"client-7","exp":1772409700})", Failure::malformed},
      {R"({"sub":"","aud":"client-7","exp":1772409700})", Failure::malformed},
      {R"(["sub"])", Failure::malformed},
      {"not json", Failure::malformed},
  }));
  CAPTURE(row.claims);
  const auto identity = parse_id_token(id_token(row.claims), "client-7", now);
  REQUIRE_FALSE(identity.has_value());
  CHECK(identity.error().failure == row.failure);
}

TEST_CASE("what is not a JWT is malformed", "[net][oauth2]") {
  const auto text = GENERATE(as<std::string>(), "", "abc", "a.b", "a.b.c.d", "a.!!.c", "..");
  CAPTURE(text);
  const auto identity = parse_id_token(Secret(text), "client-7", now);
  REQUIRE_FALSE(identity.has_value());
  CHECK(identity.error().failure == Failure::malformed);
}

}  // namespace
}  // namespace calsync::net
