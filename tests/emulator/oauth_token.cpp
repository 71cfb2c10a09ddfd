// SPDX-License-Identifier: Apache-2.0
// The token endpoint and revocation.
#include <algorithm>

#include "api_error.hpp"
#include "clock.hpp"
#include "digest.hpp"
#include "oauth.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

Query form_of(const Request& request) {
  const std::string_view type = trim(std::string_view(request.content_type).substr(0, request.content_type.find(';')));
  if (equal_ignoring_case(type, "application/json")) return Query();
  return Query(request.body);
}

struct Credentials {
  std::string id, secret;
};

// In the body or by HTTP Basic (RFC 6749 section 2.3.1, where both parts are form-encoded).
Credentials credentials_of(const Request& request, const Query& form) {
  if (request.authorization.size() > 6 &&
      equal_ignoring_case(std::string_view(request.authorization).substr(0, 6), "Basic ")) {
    const std::string pair = decode_base64(trim(std::string_view(request.authorization).substr(6))).value_or("");
    const std::size_t colon = pair.find(':');
    if (colon != pair.npos)
      return {percent_decode(std::string_view(pair).substr(0, colon), true),
              percent_decode(std::string_view(pair).substr(colon + 1), true)};
  }
  return {std::string(form.get("client_id")), std::string(form.get("client_secret"))};
}

bool valid_verifier(std::string_view verifier) {
  return verifier.size() >= 43 && verifier.size() <= 128 &&
         verifier.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") ==
             verifier.npos;
}

bool verifier_fits(const std::string& challenge, std::string_view verifier) {
  if (!valid_verifier(verifier)) return false;
  const std::size_t colon = challenge.find(':');
  const std::string_view expected = std::string_view(challenge).substr(colon + 1);
  return challenge.starts_with("S256") ? base64url(sha256(verifier)) == expected : verifier == expected;
}

Response token_response(Provider& provider, Account& account, const ScopeSet& scopes, const std::string& refresh_token,
                        const std::string& nonce) {
  const std::int64_t lifetime = provider.settings.access_token_lifetime_seconds;
  const std::string access = provider.tokens.mint_access(account, scopes, lifetime);
  std::string body;
  {
    ObjectWriter object(body);
    object.text("access_token", access);
    object.number("expires_in", lifetime);
    object.text_unless_empty("refresh_token", refresh_token);
    if (const auto end = provider.settings.refresh_token_lifetime_seconds; end > 0 && !refresh_token.empty())
      object.number("refresh_token_expires_in", end);
    object.text("scope", scopes_text(scopes));
    object.text("token_type", "Bearer");
    if ((scope_mask(scopes) & (scope::sign_in | scope::email | scope::profile)) != 0)
      object.text("id_token", sign_id_token(account, provider.client.id, nonce, access, scopes));
  }
  Response response = json_response(200, std::move(body));
  response.content_type = "application/json; charset=utf-8";
  response.header("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate");
  response.header("Pragma", "no-cache");
  return response;
}

Response exchange_code(Provider& provider, const Query& form) {
  if (form.get("code").empty()) return oauth_error(400, "invalid_request", "Missing required parameter: code");
  if (form.get("redirect_uri").empty()) return oauth_error(400, "invalid_request", "Missing parameter: redirect_uri");
  AuthorizationCode* code = provider.tokens.find_code(form.get("code"));
  if (!code) return oauth_error(400, "invalid_grant", "Malformed auth code.");
  if (code->used || code->expires_ms <= now_ms()) return oauth_error(400, "invalid_grant", "Bad Request");
  if (form.get("redirect_uri") != code->redirect_uri) return oauth_error(400, "redirect_uri_mismatch", "Bad Request");
  if (!code->challenge.empty()) {
    if (form.get("code_verifier").empty()) return oauth_error(400, "invalid_grant", "Missing code verifier.");
    if (!verifier_fits(code->challenge, form.get("code_verifier")))
      return oauth_error(400, "invalid_grant", "Invalid code verifier.");
  }
  code->used = true;
  std::string refresh;
  if (code->refresh_token_due && !provider.settings.omit_refresh_token_once)
    refresh = provider.tokens.mint_refresh(*code->account, code->scopes, provider.settings);
  provider.settings.omit_refresh_token_once = false;
  return token_response(provider, *code->account, code->scopes, refresh, code->nonce);
}

Response refresh(Provider& provider, const Query& form) {
  if (form.get("refresh_token").empty())
    return oauth_error(400, "invalid_request", "Missing required parameter: refresh_token");
  const RefreshToken* known = provider.tokens.find_refresh(form.get("refresh_token"));
  if (!known) return oauth_error(400, "invalid_grant", "Token has been expired or revoked.");
  const RefreshToken token = *known;
  ScopeSet scopes = token.scopes;
  if (const std::string_view narrower = form.get("scope"); !narrower.empty()) {
    const ScopeSet asked = parse_scopes(narrower);
    if (!std::ranges::includes(token.scopes, asked))
      return oauth_error(400, "invalid_scope", "Some requested scopes were invalid.");
    scopes = asked;
  }
  std::string rotated;
  if (provider.settings.rotate_refresh_tokens) {
    provider.tokens.retire_refresh(token.value, provider.settings.rotated_token_grace_seconds);
    rotated = provider.tokens.mint_refresh(*token.account, token.scopes, provider.settings);
  }
  return token_response(provider, *token.account, scopes, rotated, "");
}

std::string token_to_revoke(const Request& request) {
  const Query form(request.body);
  return std::string(form.has("token") ? form.get("token") : request.query.get("token"));
}

}  // namespace

Response answer_token(Provider& provider, const Request& request) {
  if (request.method != "POST") return oauth_error(405, "invalid_request", "Method not allowed");
  if (request.content_type.empty())
    return oauth_error(400, "invalid_request", std::string("The Content-Type must be ").append(form_type));
  const Query form = form_of(request);
  const std::string_view grant_type = form.get("grant_type");
  if (grant_type.empty()) return oauth_error(400, "invalid_request", "Missing required parameter: grant_type");
  if (grant_type != "authorization_code" && grant_type != "refresh_token")
    return oauth_error(400, "unsupported_grant_type", "Invalid grant_type: " + std::string(grant_type));
  const Credentials credentials = credentials_of(request, form);
  if (credentials.id.empty()) return oauth_error(400, "invalid_request", "Could not determine client ID from request.");
  if (credentials.id != provider.client.id)
    return oauth_error(401, "invalid_client", "The OAuth client was not found.");
  if (credentials.secret.empty()) return oauth_error(400, "invalid_request", "client_secret is missing.");
  if (credentials.secret != provider.client.secret)
    return oauth_error(401, "invalid_client", "The provided client secret is invalid.");
  return grant_type == "authorization_code" ? exchange_code(provider, form) : refresh(provider, form);
}

Response answer_revoke(Provider& provider, const Request& request) {
  if (request.method != "POST" && request.method != "GET")
    return oauth_error(405, "invalid_request", "Method not allowed");
  const std::string value = token_to_revoke(request);
  if (value.empty()) return oauth_error(400, "invalid_request", "Missing required parameter: token");
  Account* account = nullptr;
  if (const RefreshToken* token = provider.tokens.find_refresh(value)) account = token->account;
  if (const AccessToken* token = provider.tokens.find_access(value); token && token->expires_ms > now_ms())
    account = token->account;
  if (!account) return oauth_error(400, "invalid_token", "Token expired or revoked");
  // Revocation is for the user and the project: every token and every grant goes.
  provider.tokens.drop_all_of(account);
  account->granted_scopes.clear();
  return json_response(200, "{}");
}

std::string oauth_account(Provider& provider, const Request& request) {
  const Query form(request.body);
  if (const RefreshToken* token = provider.tokens.find_refresh(form.get("refresh_token"))) return token->account->email;
  if (const AuthorizationCode* code = provider.tokens.find_code(form.get("code"))) return code->account->email;
  const std::string value = token_to_revoke(request);
  if (const RefreshToken* token = provider.tokens.find_refresh(value)) return token->account->email;
  if (const AccessToken* token = provider.tokens.find_access(value)) return token->account->email;
  return "";
}

}  // namespace calsync::emulator
