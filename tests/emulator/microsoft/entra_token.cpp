// SPDX-License-Identifier: Apache-2.0
// The token endpoint ("Microsoft identity platform and OAuth 2.0 authorization code flow", "Refresh tokens").
#include <fmt/format.h>

#include <algorithm>

#include "entra.hpp"
#include "entra_error.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {
namespace {

Response missing(std::string_view name) {
  return entra_error(900144, fmt::format("The request body must contain the parameter '{}'.", name));
}

bool verifier_fits(const std::string& challenge, std::string_view verifier) {
  const std::string_view expected = std::string_view(challenge).substr(challenge.find(':') + 1);
  return challenge.starts_with("S256") ? base64url(sha256(verifier)) == expected : verifier == expected;
}

struct Credentials {
  std::string id, secret;
};

Credentials credentials_of(const Request& request, const Query& form) {
  const std::string_view header = request.authorization;
  if (header.size() > 6 && equal_ignoring_case(header.substr(0, 6), "Basic ")) {
    const std::string pair = decode_base64(trim(header.substr(6))).value_or("");
    if (const std::size_t colon = pair.find(':'); colon != pair.npos)
      return {percent_decode(std::string_view(pair).substr(0, colon), true),
              percent_decode(std::string_view(pair).substr(colon + 1), true)};
  }
  return {std::string(form.get("client_id")), std::string(form.get("client_secret"))};
}

Response tokens_for(const EntraCall& call, Mailbox& user, const std::set<std::string>& scopes, const AskedScopes& asked,
                    const std::string& refresh_token, const std::string& nonce) {
  const std::int64_t lifetime = call.provider.settings.access_token_lifetime_seconds;
  std::string body;
  {
    ObjectWriter object(body);
    object.text("token_type", "Bearer");
    object.text("scope", scope_echo(scopes, asked, call.provider.settings.microsoft.entra_scope_form));
    object.number("expires_in", lifetime);
    object.number("ext_expires_in", lifetime);
    object.text("access_token", call.provider.microsoft.tokens.add_access(user, scopes, lifetime));
    object.text_unless_empty("refresh_token", refresh_token);
    if (scopes.contains("openid"))
      object.text("id_token", entra_id_token(user, call.provider.client.id, nonce, scopes));
  }
  Response response = json_response(200, std::move(body));
  response.content_type = "application/json; charset=utf-8";
  response.header("Cache-Control", "no-store, no-cache");
  response.header("Pragma", "no-cache");
  response.header("x-ms-request-id", random_guid());
  return response;
}

// The scopes of a token request: a part of what was granted.
std::optional<Response> narrow(const Query& form, std::set<std::string>& scopes, AskedScopes& asked) {
  if (trim(form.get("scope")).empty()) return std::nullopt;
  asked = read_scopes(form.get("scope"));
  if (!asked.unknown.empty()) return entra_error(70011, "The scope '" + asked.unknown + "' is not valid.");
  if (asked.two_resources) return entra_error(28000);
  if (asked.everything) return std::nullopt;
  for (const std::string& name : asked.names)
    if (!sign_in_scope(name) && !scopes.contains(name)) return entra_error(65001);
  // Sign-in scopes stay as they were granted.
  std::erase_if(scopes, [&](const std::string& name) { return !sign_in_scope(name) && !asked.has(name); });
  return std::nullopt;
}

Response exchange_code(const EntraCall& call, const Query& form) {
  if (form.get("code").empty()) return missing("code");
  if (form.get("redirect_uri").empty()) return missing("redirect_uri");
  Settings& settings = call.provider.settings;
  EntraTokens& tokens = call.provider.microsoft.tokens;
  EntraCode* code = tokens.find_code(form.get("code"));
  if (!code) return entra_error(70000, "The provided value for the parameter 'code' is not valid.");
  if (code->used) return entra_error(54005);
  if (code->expires_ms <= now_ms()) return entra_error(70008);
  if (form.get("redirect_uri") != code->redirect_uri) return entra_error(500112);
  if (!code->challenge.empty() && !verifier_fits(code->challenge, form.get("code_verifier")))
    return entra_error(501481);
  AskedScopes asked = code->asked;
  std::set<std::string> scopes = code->scopes;
  if (auto refused = narrow(form, scopes, asked)) return *std::move(refused);
  code->used = true;
  std::string refresh;
  if (scopes.contains("offline_access") && !settings.omit_refresh_token_once)
    refresh = tokens.add_refresh(*code->user, code->scopes, settings.microsoft);
  settings.omit_refresh_token_once = false;
  return tokens_for(call, *code->user, scopes, asked, refresh, code->nonce);
}

Response refresh(const EntraCall& call, const Query& form) {
  const std::string_view value = form.get("refresh_token");
  if (value.empty()) return missing("refresh_token");
  const Switches& switches = call.provider.settings.microsoft;
  EntraTokens& tokens = call.provider.microsoft.tokens;
  EntraRefresh* known = tokens.find_refresh(value);
  if (!known) return entra_error(70000, "The refresh token is malformed or not valid.");
  if (known->dead_code != 0) return entra_error(known->dead_code);
  if (known->expires_ms <= now_ms()) return entra_error(700082);
  if (known->uses_left == 0) return entra_error(70000, "The refresh token was replaced.");
  AskedScopes asked;
  std::set<std::string> scopes = known->scopes;
  if (auto refused = narrow(form, scopes, asked)) return *std::move(refused);
  if (!fits_tenant(*known->user, call.tenant)) return entra_error(50020);
  Mailbox& user = *known->user;
  const std::set<std::string> granted = known->scopes;
  // Use does not revoke the old one, though clients are told to throw it away.
  known->expires_ms = std::min(known->expires_ms, now_ms() + switches.entra_replaced_refresh_seconds * 1000);
  if (known->uses_left > 0)
    --known->uses_left;
  else if (switches.entra_replaced_refresh_uses > 0)
    known->uses_left = switches.entra_replaced_refresh_uses;
  std::string replacement;
  if (!call.provider.settings.omit_refresh_token_once) replacement = tokens.add_refresh(user, granted, switches);
  call.provider.settings.omit_refresh_token_once = false;
  return tokens_for(call, user, scopes, asked, replacement, "");
}

}  // namespace

Response answer_entra_token(const EntraCall& call) {
  const Request& request = call.request;
  const std::string_view type = std::string_view(request.content_type).substr(0, request.content_type.find(';'));
  if (request.method != "POST" || !equal_ignoring_case(trim(type), "application/x-www-form-urlencoded"))
    return entra_error(9002313, "The endpoint only accepts POST requests with a form.");
  const Query form(request.body);
  if (!known_tenant(call.provider.microsoft, call.tenant))
    return entra_error(90002, "Tenant '" + call.tenant + "' not found.");
  const std::string_view grant_type = form.get("grant_type");
  if (grant_type.empty()) return missing("grant_type");
  const Credentials credentials = credentials_of(request, form);
  if (credentials.id.empty()) return missing("client_id");
  if (grant_type != "authorization_code" && grant_type != "refresh_token") return entra_error(70003);
  if (credentials.id != call.provider.client.id) return entra_error(700016);
  if (credentials.secret.empty() && !form.has("client_assertion")) return entra_error(7000218);
  if (credentials.secret != call.provider.client.secret) return entra_error(7000215);
  return grant_type == "authorization_code" ? exchange_code(call, form) : refresh(call, form);
}

std::string entra_account(Provider& provider, const Request& request) {
  const Query form(request.body);
  EntraTokens& tokens = provider.microsoft.tokens;
  if (const EntraRefresh* token = tokens.find_refresh(form.get("refresh_token"))) return token->user->email;
  if (const EntraCode* code = tokens.find_code(form.get("code"))) return code->user->email;
  return "";
}

}  // namespace calsync::emulator::microsoft
