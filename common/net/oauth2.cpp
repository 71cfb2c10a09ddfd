// SPDX-License-Identifier: Apache-2.0
#include "common/net/oauth2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "common/base/crypto.hpp"
#include "common/base/json.hpp"
#include "common/net/answer_evidence.hpp"
#include "common/net/plain_words.hpp"

namespace calsync::net {
namespace {

/// Longer lives than this are nonsense, and would overflow a timestamp.
constexpr std::int64_t longest_life_seconds = 10LL * 366 * 24 * 3600;
/// How far two well-kept clocks may differ.
constexpr std::chrono::minutes clock_skew{5};

struct Meaning {
  std::string_view error;
  Failure failure;
  std::string_view advice;  ///< what an operator or a user has to do
};

constexpr std::array meanings{
    Meaning{"invalid_grant", Failure::grant_dead, "the account has to be connected again"},
    Meaning{"invalid_client", Failure::misconfigured, "check the client id and the client secret"},
    Meaning{"unauthorized_client", Failure::misconfigured,
            "check that the client id is of a web application and may use this grant"},
    Meaning{"deleted_client", Failure::misconfigured, "the OAuth client was deleted: check the client id"},
    Meaning{"disabled_client", Failure::misconfigured, "the OAuth client is disabled: check the provider's console"},
    Meaning{"org_internal", Failure::misconfigured,
            "the OAuth client admits one organisation only: check its consent screen"},
    Meaning{"redirect_uri_mismatch", Failure::misconfigured,
            "check that the redirect URI is registered with the provider, byte for byte"},
    Meaning{"unsupported_grant_type", Failure::misconfigured, "check that the token endpoint is the right URL"},
    Meaning{"invalid_request", Failure::misconfigured, "check the token endpoint, the client id and the redirect URI"},
    Meaning{"invalid_scope", Failure::misconfigured, "check the configured scopes"},
    Meaning{"rate_limit_exceeded", Failure::throttled, "it is asked again later"},
    Meaning{"slow_down", Failure::throttled, "it is asked again later"},
    Meaning{"server_error", Failure::unavailable, "it is asked again later"},
    Meaning{"internal_failure", Failure::unavailable, "it is asked again later"},
    Meaning{"temporarily_unavailable", Failure::unavailable, "it is asked again later"},
};

/// An error slug is one of a small alphabet; anything else might be an echo of what was sent.
std::string error_slug(const json::Value& body) {
  std::string slug = json::text_at(body, "error");
  const bool plain = !slug.empty() && slug.size() <= 40 &&
                     std::all_of(slug.begin(), slug.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return plain ? slug : std::string();
}

std::string said(int status, std::string_view error, const json::Value& body) {
  const std::string description = plain_words(json::text_at(body, "error_description"), 120);
  return fmt::format("the token endpoint answered {} {}{}{}", status, error, description.empty() ? "" : ": ",
                     description);
}

Error error_of_body(int status, const json::Value& body, std::optional<std::chrono::seconds> retry_after) {
  const std::string error = error_slug(body);
  if (error.empty())
    return fail(Failure::malformed, fmt::format("the token endpoint answered {} without an error code", status));
  const std::string sentence = said(status, error, body);
  const auto known =
      std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) { return one.error == error; });
  if (known == meanings.end()) return fail(Failure::rejected, sentence);
  const std::string full = fmt::format("{}; {}", sentence, known->advice);
  if (known->failure == Failure::grant_dead) return fail(Failure::grant_dead, "token expired or revoked: " + full);
  return fail(known->failure, full, retry_after);
}

/// Status first: a proxy between us and the server speaks HTML, and 429 and 5xx mean the same whatever the body says.
Error refusal_of(const HttpResponse& response, Time now) {
  const auto retry_after = response.retry_after(now);
  const int status = response.status;
  if (status == 429) return fail(Failure::throttled, "the token endpoint answered 429: too many requests", retry_after);
  if (status >= 500)
    return fail(Failure::unavailable, fmt::format("the token endpoint answered {}", status), retry_after);
  const auto body = json::parse(response.body);
  if (body && body->IsObject()) return error_of_body(status, *body, retry_after);
  return fail(Failure::unavailable,
              fmt::format("the token endpoint answered {} with something that is not JSON", status), retry_after);
}

Error token_endpoint_error(const HttpResponse& response, Time now) {
  return told_by(refusal_of(response, now), response);
}

/// RFC 6749 appendix A.12: VSCHAR. A token with a line break in it would forge header lines.
bool is_token_text(std::string_view token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](unsigned char c) { return c >= 0x20 && c <= 0x7e; });
}

bool is_bearer(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type == "bearer";
}

std::set<std::string> split_scopes(std::string_view text) {
  std::set<std::string> scopes;
  while (!text.empty()) {
    const auto end = text.find(' ');
    if (end != 0) scopes.emplace(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return scopes;
}

std::optional<std::chrono::seconds> life_of(const json::Value& body) {
  const auto seconds = json::int_at(body, "expires_in");
  if (!seconds || *seconds < 0 || *seconds > longest_life_seconds) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

HttpRequest form_post(OperationName operation, const std::string& url, const Parameters& form) {
  HttpRequest request;
  request.operation = operation;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  request.content_type = "application/x-www-form-urlencoded";
  request.body = Secret(query_string(form));
  request.max_body = 256 * 1024;
  return request;
}

/// The second of a JWT's three dot-separated parts (RFC 7519 section 3), parsed.
Result<json::Document> jwt_claims(std::string_view token) {
  const auto broken = [] { return fail(Failure::malformed, "the id_token is not a JWT"); };
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return broken();
  const auto payload = decode_base64(token.substr(first + 1, second - first - 1));
  if (!payload) return broken();
  auto claims = json::parse(*payload);
  // The parser's own sentence would name a position in a secret; it helps nobody.
  if (!claims || !claims->IsObject()) return broken();
  return claims;
}

/// RFC 7519 section 4.1.3: one text or a list of them.
bool is_for(const json::Value& claims, std::string_view client_id) {
  if (const auto one = json::string_at(claims, "aud")) return *one == client_id;
  const json::Value* several = json::array_at(claims, "aud");
  if (!several) return false;
  return std::any_of(several->Begin(), several->End(), [&](const json::Value& one) {
    return one.IsString() && std::string_view(one.GetString(), one.GetStringLength()) == client_id;
  });
}

/// What a 200 has to hold.
Result<TokenGrant> grant_of(const HttpResponse& response) {
  const auto body = json::parse(response.body);
  if (!body || !body->IsObject()) {
    return fail(Failure::malformed, "the token endpoint answered 200 with something that is not a JSON object");
  }
  TokenGrant grant;
  grant.access_token = Secret(json::text_at(*body, "access_token"));
  grant.refresh_token = Secret(json::text_at(*body, "refresh_token"));
  if (!is_token_text(grant.access_token.reveal())) {
    return fail(Failure::malformed, "the token endpoint answered 200 without a usable access_token");
  }
  if (!grant.refresh_token.empty() && !is_token_text(grant.refresh_token.reveal())) {
    return fail(Failure::malformed, "the token endpoint answered 200 with an unusable refresh_token");
  }
  if (const auto type = json::string_at(*body, "token_type"); type && !is_bearer(*type)) {
    return fail(Failure::malformed, "the token endpoint answered with a token that is not a bearer token");
  }
  grant.expires_in = life_of(*body);
  grant.scopes = split_scopes(json::text_at(*body, "scope"));
  grant.id_token = Secret(json::text_at(*body, "id_token"));
  return grant;
}

}  // namespace

Secret make_code_verifier(Random& random) { return Secret(random_token(random, 32)); }

std::string code_challenge(const Secret& verifier) { return base64url(sha256(verifier.reveal())); }

std::string authorization_url(const OAuthClient& client, const Parameters& extra, std::string_view scope,
                              std::string_view state, const Secret& verifier) {
  Parameters parameters{{"client_id", client.client_id},  {"redirect_uri", client.redirect_uri},
                        {"response_type", "code"},        {"scope", std::string(scope)},
                        {"state", std::string(state)},    {"code_challenge", code_challenge(verifier)},
                        {"code_challenge_method", "S256"}};
  parameters.insert(parameters.end(), extra.begin(), extra.end());
  return with_query(client.authorize_url, parameters);
}

HttpRequest code_exchange_request(const OAuthClient& client, std::string_view code, const Secret& verifier,
                                  const Parameters& extra) {
  Parameters form{{"grant_type", "authorization_code"},  {"code", std::string(code)},
                  {"client_id", client.client_id},       {"client_secret", std::string(client.client_secret.reveal())},
                  {"redirect_uri", client.redirect_uri}, {"code_verifier", std::string(verifier.reveal())}};
  form.insert(form.end(), extra.begin(), extra.end());
  return form_post("token", client.token_url, form);
}

HttpRequest refresh_request(const OAuthClient& client, const Secret& refresh_token, const Parameters& extra) {
  Parameters form{{"grant_type", "refresh_token"},
                  {"refresh_token", std::string(refresh_token.reveal())},
                  {"client_id", client.client_id},
                  {"client_secret", std::string(client.client_secret.reveal())}};
  form.insert(form.end(), extra.begin(), extra.end());
  return form_post("refresh", client.token_url, form);
}

HttpRequest revoke_request(const OAuthClient& client, const Secret& token) {
  return form_post("revoke", client.revoke_url, {{"token", std::string(token.reveal())}});
}

Result<TokenGrant> parse_token_response(const HttpResponse& response, Time now) {
  if (response.status != 200) return token_endpoint_error(response, now);
  return told_by(grant_of(response), response);
}

Result<void> parse_revoke_response(const HttpResponse& response, Time now) {
  if (response.status == 200) return {};
  if (response.status == 400) {
    const auto body = json::parse(response.body);
    const std::string error = body ? error_slug(*body) : std::string();
    if (error == "invalid_token" || error == "invalid_grant") return {};
  }
  return token_endpoint_error(response, now);
}

Result<std::map<std::string, std::string>> id_token_claims(const Secret& id_token, std::string_view client_id,
                                                           Time now) {
  const auto claims = jwt_claims(id_token.reveal());
  if (!claims) return claims.error();
  if (!is_for(*claims, client_id)) return fail(Failure::rejected, "the id_token was made for another client");
  const auto expiry = json::int_at(*claims, "exp");
  if (!expiry) return fail(Failure::malformed, "the id_token has no expiry");
  const auto oldest = std::chrono::floor<std::chrono::seconds>(now - clock_skew).time_since_epoch().count();
  if (*expiry <= oldest) return fail(Failure::rejected, "the id_token has expired: check this machine's clock");
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : claims->GetObject()) {
    if (value.IsString()) texts[name.GetString()] = std::string(value.GetString(), value.GetStringLength());
  }
  return texts;
}

Result<IdentityClaims> parse_id_token(const Secret& id_token, std::string_view client_id, Time now) {
  auto claims = id_token_claims(id_token, client_id, now);
  if (!claims) return claims.error();
  IdentityClaims identity{(*claims)["sub"], (*claims)["email"]};
  if (identity.subject.empty()) return fail(Failure::malformed, "the id_token does not say who connected");
  return identity;
}

}  // namespace calsync::net
