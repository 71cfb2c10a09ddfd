// SPDX-License-Identifier: Apache-2.0
// The authorization endpoint ("Microsoft identity platform and OAuth 2.0 authorization code flow").
#include <fmt/format.h>

#include <algorithm>

#include "entra.hpp"
#include "entra_error.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::size_t listed_accounts = 100;

// What never goes back to the client stays on a page of the service.
Response page(int code, std::string_view text = {}) {
  return html_response(code == 90094 ? 200 : 400,
                       fmt::format("<!DOCTYPE html><html lang=\"en\"><title>Sign in to your account (emulator)</title>"
                                   "<h1>Sorry, but there is trouble signing you in.</h1><p>{}</p></html>",
                                   escape_html(aad_description(code, text))));
}

struct Asked {
  std::string redirect_uri, state, login_hint, challenge, nonce, mode;
  AskedScopes scopes;
  bool none = false, consent = false;
};

using Parameters = std::vector<std::pair<std::string, std::string>>;

Response back_to_client(const Asked& asked, Parameters parameters) {
  if (!asked.state.empty()) parameters.emplace_back("state", asked.state);
  if (asked.mode == "form_post") {
    std::string inputs;
    for (const auto& [name, value] : parameters)
      inputs += fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, escape_html(value));
    return html_response(200, fmt::format("<html><body onload=\"document.forms[0].submit()\"><form method=\"post\" "
                                          "action=\"{}\">{}</form></body></html>",
                                          escape_html(asked.redirect_uri), inputs));
  }
  std::string location = asked.redirect_uri;
  char separator = asked.mode == "fragment" ? '#' : location.find('?') == location.npos ? '?' : '&';
  for (const auto& [name, value] : parameters) {
    location += separator;
    location.append(name).append("=").append(percent_encode(value));
    separator = '&';
  }
  return redirect_response(std::move(location));
}

Response refused(const Asked& asked, std::string_view error, int code, std::string_view text = {},
                 std::string_view subcode = {}) {
  Parameters parameters{{"error", std::string(error)}, {"error_description", aad_description(code, text)}};
  if (!subcode.empty()) parameters.emplace_back("error_subcode", subcode);
  return back_to_client(asked, std::move(parameters));
}

std::optional<Response> read_request(const EntraCall& call, const Query& query, Asked& asked) {
  const Client& client = call.provider.client;
  if (!known_tenant(call.provider.microsoft, call.tenant))
    return page(90002, "Tenant '" + call.tenant + "' not found.");
  if (!query.has("client_id")) return page(900144, "The request lacks the parameter 'client_id'.");
  if (query.get("client_id") != client.id) return page(700016);
  asked.redirect_uri = query.get("redirect_uri");
  if (std::ranges::find(client.redirect_uris, asked.redirect_uri) == client.redirect_uris.end()) return page(50011);
  asked.state = query.get("state");
  asked.login_hint = query.get("login_hint");
  asked.nonce = query.get("nonce");
  asked.mode = query.get("response_mode", "query");
  if (query.get("response_type") != "code")
    return refused(asked, "unsupported_response_type", 700054, "The response type is not supported here.");
  asked.scopes = read_scopes(query.get("scope"));
  if (asked.scopes.names.empty() && asked.scopes.unknown.empty() && !asked.scopes.everything)
    return refused(asked, "invalid_request", 900144, "The request lacks the parameter 'scope'.");
  if (!asked.scopes.unknown.empty())
    return refused(asked, "invalid_scope", 70011, "The scope '" + asked.scopes.unknown + "' is not valid.");
  asked.challenge = query.get("code_challenge");
  const std::string_view method = query.get("code_challenge_method", "plain");
  if (!asked.challenge.empty() && method != "S256" && method != "plain")
    return refused(asked, "invalid_request", 9002313, "The code challenge method is not valid.");
  if (!asked.challenge.empty() && (asked.challenge.size() < 43 || asked.challenge.size() > 128))
    return refused(asked, "invalid_request", 501491, "The size of the code challenge is not valid.");
  if (!asked.challenge.empty()) asked.challenge = std::string(method) + ":" + asked.challenge;
  const std::string_view prompt = query.get("prompt");
  if (!prompt.empty() && prompt != "none" && prompt != "login" && prompt != "consent" && prompt != "select_account" &&
      prompt != "create")
    return refused(asked, "invalid_request", 90023, "The prompt is not valid.");
  asked.none = prompt == "none";
  asked.consent = prompt == "consent";
  return std::nullopt;
}

Response grant(const EntraCall& call, Mailbox& user, const Asked& asked, std::string subset) {
  if (!fits_tenant(user, call.tenant))
    return page(50020, "User account '" + user.email + "' does not exist in tenant '" + call.tenant + "'.");
  EntraCode code;
  code.scopes.insert(asked.scopes.names.begin(), asked.scopes.names.end());
  if (asked.scopes.everything) code.scopes.insert(user.granted.begin(), user.granted.end());
  if (subset.empty()) std::swap(subset, call.provider.settings.next_granted_scopes);
  if (!subset.empty()) {
    const AskedScopes allowed = read_scopes(subset);
    std::erase_if(code.scopes, [&](const std::string& name) { return !allowed.has(name); });
  }
  user.granted.insert(code.scopes.begin(), code.scopes.end());
  code.user = &user;
  code.redirect_uri = asked.redirect_uri;
  code.challenge = asked.challenge;
  code.nonce = asked.nonce;
  code.asked = asked.scopes;
  code.expires_ms = now_ms() + call.provider.settings.microsoft.entra_code_lifetime_seconds * 1000;
  return back_to_client(
      asked, {{"code", call.provider.microsoft.tokens.add_code(std::move(code))}, {"session_state", random_guid()}});
}

Response consent_page(const EntraCall& call, const Asked& asked) {
  std::string accounts, boxes;
  std::size_t shown = 0;
  for (const auto& [email, user] : call.provider.microsoft.users()) {
    if (!fits_tenant(*user, call.tenant)) continue;
    if (++shown > listed_accounts) break;
    accounts +=
        fmt::format("<p><label><input type=\"radio\" name=\"emulator_account\" value=\"{0}\"{1}> {0}</label></p>\n",
                    escape_html(email), email == asked.login_hint ? " checked" : "");
  }
  for (const std::string& name : asked.scopes.names)
    boxes += fmt::format(
        "<p><label><input type=\"checkbox\" name=\"emulator_scopes\" value=\"{0}\" checked> {0}</label></p>\n",
        escape_html(name));
  return html_response(
      200, fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<title>Sign in to your account (emulator)</title>\n"
                       "<h1>Pick an account</h1>\n<form method=\"post\" action=\"{}\">\n{}<h2>Permissions requested by "
                       "{}</h2>\n{}<p><button name=\"emulator_decision\" value=\"allow\">Accept</button> <button "
                       "name=\"emulator_decision\" value=\"deny\">Cancel</button></p>\n</form>\n</html>\n",
                       escape_html(call.request.target), accounts, escape_html(call.provider.client.id), boxes));
}

}  // namespace

Response answer_entra_authorize(const EntraCall& call) {
  const Request& request = call.request;
  World& world = call.provider.microsoft;
  const Query form(request.method == "POST" ? std::string_view(request.body) : std::string_view());
  Asked asked;
  if (auto answer = read_request(call, request.query.has("client_id") ? request.query : form, asked))
    return *std::move(answer);
  const auto choice = [&](std::string_view name) { return form.has(name) ? form.get(name) : request.query.get(name); };
  const std::string_view decision = choice("emulator_decision");
  if (decision == "deny") return refused(asked, "access_denied", 65004, {}, "cancel");
  if (decision == "admin") return page(90094);  // the wall for users who may not consent themselves
  const std::string_view chosen = choice("emulator_account");
  if (!chosen.empty()) {
    Mailbox* user = world.find(chosen);
    if (!user) return page(50034, "The emulator has no account " + std::string(chosen) + ".");
    std::string subset;
    for (const std::string_view part : (form.has("emulator_scopes") ? form : request.query).all("emulator_scopes"))
      subset.append(part).append(" ");
    if (form.has("emulator_decision") && !form.has("emulator_scopes")) subset = "openid";
    return grant(call, *user, asked, subset);
  }
  Mailbox* hinted = asked.login_hint.empty() ? nullptr : world.find(asked.login_hint);
  if (asked.none) {
    if (!hinted) return refused(asked, "login_required", 50058, "No session, or several.");
    const bool granted =
        std::ranges::all_of(asked.scopes.names, [&](const auto& s) { return hinted->granted.contains(s); });
    if (!granted) return refused(asked, "consent_required", 65001);
    return grant(call, *hinted, asked, "");
  }
  if (hinted && call.provider.settings.auto_consent) return grant(call, *hinted, asked, "");
  return consent_page(call, asked);
}

}  // namespace calsync::emulator::microsoft
