// SPDX-License-Identifier: Apache-2.0
// Who signed in: userinfo, tokeninfo and id_token.

#include "api_error.hpp"
#include "clock.hpp"
#include "digest.hpp"
#include "jwt.hpp"
#include "oauth.hpp"

namespace calsync::emulator {
namespace {

void append_names(ObjectWriter& object, const Account& account) {
  const std::string& name = account.name;
  const std::size_t space = name.find(' ');
  object.text_unless_empty("name", name);
  object.text_unless_empty("given_name", name.substr(0, space));
  if (space != name.npos) object.text("family_name", name.substr(space + 1));
  object.text("picture", "https://lh3.googleusercontent.com/a/default-user=s96-c");
}

const AccessToken* live_token(Provider& provider, std::string_view value) {
  const AccessToken* token = provider.tokens.find_access(value);
  return token && token->expires_ms > now_ms() ? token : nullptr;
}

}  // namespace

std::string sign_id_token(const Account& account, const std::string& client_id, const std::string& nonce,
                          const std::string& access_token, const ScopeSet& scopes) {
  const std::int64_t now = now_ms() / 1000;
  std::string claims;
  {
    ObjectWriter object(claims);
    object.text("iss", "https://accounts.google.com");
    object.text("azp", client_id);
    object.text("aud", client_id);
    object.text("sub", account.sub);
    const ScopeMask mask = scope_mask(scopes);
    if ((mask & scope::email) != 0) {
      object.text("email", account.email);
      object.boolean("email_verified", true);
    }
    object.text("at_hash", base64url(sha256(access_token).substr(0, 16)));
    object.text_unless_empty("nonce", nonce);
    if ((mask & scope::profile) != 0) append_names(object, account);
    object.number("iat", now);
    object.number("exp", now + 3600);
  }
  return signed_token(claims);
}

Response answer_userinfo(Provider& provider, const Request& request, std::string_view bearer) {
  const AccessToken* token = live_token(provider, bearer);
  const bool older = request.path == "/oauth2/v2/userinfo";
  if (!token) {
    if (older) return invalid_credentials();
    Response response = oauth_error(401, "invalid_request", "Invalid Credentials");
    response.header(
        "WWW-Authenticate",
        R"(Bearer realm="https://accounts.google.com/", error="invalid_request", error_description="Invalid Credentials")");
    return response;
  }
  if ((token->mask & (scope::sign_in | scope::email | scope::profile)) == 0)
    return insufficient_scopes("google.identity.oidc.UserInfo");
  const Account& account = *token->account;
  std::string body;
  {
    ObjectWriter object(body);
    object.text(older ? "id" : "sub", account.sub);
    if ((token->mask & scope::email) != 0) {
      object.text("email", account.email);
      object.boolean(older ? "verified_email" : "email_verified", true);
    }
    if ((token->mask & scope::profile) != 0) append_names(object, account);
  }
  return json_response(200, std::move(body));
}

Response answer_tokeninfo(Provider& provider, const Request& request, std::string_view bearer) {
  // In the query, in a form, or in the header, as Google's own client sends it.
  const Query form(request.body);
  const std::string_view value = form.has("access_token") ? form.get("access_token") : bearer;
  const AccessToken* token = live_token(provider, value);
  if (!token) return oauth_error(400, "invalid_token", "Invalid Value");
  const std::int64_t rest = (token->expires_ms - now_ms()) / 1000;
  std::string body;
  {
    ObjectWriter object(body);
    object.text("azp", provider.client.id);
    object.text("aud", provider.client.id);
    if ((token->mask & scope::sign_in) != 0) object.text("sub", token->account->sub);
    object.text("scope", scopes_text(*token->scopes));
    object.text("exp", std::to_string(token->expires_ms / 1000));
    object.text("expires_in", std::to_string(rest));
    if ((token->mask & scope::email) != 0) {
      object.text("email", token->account->email);
      object.text("email_verified", "true");
    }
    object.text("access_type", "offline");
  }
  return json_response(200, std::move(body));
}

Response answer_openid_configuration(const Request& request) {
  const std::string origin = request.origin();
  std::string body;
  {
    ObjectWriter object(body);
    object.text("issuer", "https://accounts.google.com");
    object.text("authorization_endpoint", origin + "/o/oauth2/v2/auth");
    object.text("token_endpoint", origin + "/token");
    object.text("userinfo_endpoint", origin + "/v1/userinfo");
    object.text("revocation_endpoint", origin + "/revoke");
    object.text("jwks_uri", origin + "/oauth2/v3/certs");
    object.raw("response_types_supported", R"(["code"])");
    object.raw("subject_types_supported", R"(["public"])");
    object.raw("id_token_signing_alg_values_supported", R"(["RS256"])");
    object.raw("scopes_supported", R"(["openid","email","profile"])");
    object.raw("token_endpoint_auth_methods_supported", R"(["client_secret_post","client_secret_basic"])");
    object.raw(
        "claims_supported",
        R"(["aud","email","email_verified","exp","family_name","given_name","iat","iss","name","picture","sub"])");
    object.raw("code_challenge_methods_supported", R"(["plain","S256"])");
    object.raw("grant_types_supported", R"(["authorization_code","refresh_token"])");
  }
  return json_response(200, std::move(body));
}

Response answer_certs() { return json_response(200, key_set_json()); }

}  // namespace calsync::emulator
