// SPDX-License-Identifier: Apache-2.0
// Who signed in: userinfo, tokeninfo, id_token and the key it is signed with.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>

#include "api_error.hpp"
#include "clock.hpp"
#include "digest.hpp"
#include "oauth.hpp"

namespace calsync::emulator {
namespace {

constexpr std::string_view key_id = "emulator-key-1";

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

EVP_PKEY* signing_key() {
  static const Key key(EVP_RSA_gen(2048));
  if (!key) throw std::runtime_error("no RSA key could be made");
  return key.get();
}

// Of a seeded world: a key would differ from run to run, and signing takes longer than all the rest of an answer.
std::string stand_in_signature(const std::string& text) {
  std::string signature;
  for (int part = 0; part < 8; ++part) signature += sha256(std::to_string(part) + text);
  return signature;
}

std::string sign(const std::string& text) {
  if (seeded()) return stand_in_signature(text);
  const std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  std::size_t length = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, signing_key()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, data, text.size()) != 1)
    throw std::runtime_error("signing failed");
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, data, text.size()) !=
      1)
    throw std::runtime_error("signing failed");
  signature.resize(length);
  return signature;
}

std::string key_number(const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(signing_key(), name, &raw) != 1) throw std::runtime_error("the key cannot be read");
  const std::unique_ptr<BIGNUM, Release<BN_free>> number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return base64url(bytes);
}

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
  std::string header, claims;
  {
    ObjectWriter object(header);
    object.text("alg", "RS256");
    object.text("kid", key_id);
    object.text("typ", "JWT");
  }
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
  const std::string text = base64url(header) + "." + base64url(claims);
  return text + "." + base64url(sign(text));
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

Response answer_certs() {
  std::string key;
  {
    ObjectWriter object(key);
    object.text("kty", "RSA");
    object.text("alg", "RS256");
    object.text("use", "sig");
    object.text("kid", key_id);
    object.text("n", key_number(OSSL_PKEY_PARAM_RSA_N));
    object.text("e", key_number(OSSL_PKEY_PARAM_RSA_E));
  }
  return json_response(200, R"({"keys":[)" + key + "]}");
}

}  // namespace calsync::emulator
