// SPDX-License-Identifier: Apache-2.0
// The authorization endpoint and its consent page.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "oauth.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

constexpr std::size_t listed_accounts = 100;

// Google shows these faults on a page of its own: a wrong client or redirect URI must never receive anything.
Response error_page(std::string_view error, std::string_view text) {
  return html_response(
      400,
      fmt::format(
          "<!DOCTYPE html><html lang=\"en\"><title>Error 400: {0}</title><h1>Access blocked: Authorization Error</h1>"
          "<p>{1}</p><p>Error 400: <code>{0}</code></p></html>",
          error, escape_html(text)));
}

struct Asked {
  std::string redirect_uri, state, login_hint, challenge, nonce;
  ScopeSet scopes;
  bool offline = false, include_granted = false;
  bool consent = false, none = false, select = false;
};

std::optional<Response> read_request(const Provider& provider, const Query& query, Asked& asked) {
  const Client& client = provider.client;
  if (!query.has("client_id")) return error_page("invalid_request", "Missing required parameter: client_id");
  if (query.get("client_id") != client.id) return error_page("invalid_client", "The OAuth client was not found.");
  if (!query.has("redirect_uri")) return error_page("invalid_request", "Missing required parameter: redirect_uri");
  asked.redirect_uri = query.get("redirect_uri");
  if (std::ranges::find(client.redirect_uris, asked.redirect_uri) == client.redirect_uris.end())
    return error_page("redirect_uri_mismatch",
                      "The redirect URI in the request does not match a registered one: " + asked.redirect_uri);
  if (!query.has("response_type")) return error_page("invalid_request", "Missing required parameter: response_type");
  if (query.get("response_type") != "code") return error_page("invalid_request", "Unsupported response_type");
  if (trim(query.get("scope")).empty()) return error_page("invalid_request", "Missing required parameter: scope");
  asked.scopes = parse_scopes(query.get("scope"));
  for (const std::string& name : asked.scopes)
    if (!known_scope(name)) return error_page("invalid_scope", "Some requested scopes were invalid: " + name);
  const std::string_view access = query.get("access_type", "online");
  if (access != "online" && access != "offline")
    return error_page("invalid_request", "Invalid parameter value for access_type");
  asked.offline = access == "offline";
  asked.include_granted = query.get("include_granted_scopes") == "true";
  for (const std::string& word : words(query.get("prompt"))) {
    asked.none |= word == "none";
    asked.consent |= word == "consent";
    asked.select |= word == "select_account";
    if (word != "none" && word != "consent" && word != "select_account")
      return error_page("invalid_request", "Invalid parameter value for prompt");
  }
  if (asked.none && (asked.consent || asked.select))
    return error_page("invalid_request", "prompt=none must stand alone");
  asked.challenge = query.get("code_challenge");
  const std::string_view method = query.get("code_challenge_method", asked.challenge.empty() ? "S256" : "plain");
  if (method != "S256" && method != "plain") return error_page("invalid_request", "Invalid code_challenge_method");
  if (!asked.challenge.empty() && method == "S256" && asked.challenge.size() != 43)
    return error_page("invalid_request", "Invalid code_challenge");
  // The method is kept with the challenge, because only S256 hashes the verifier.
  if (!asked.challenge.empty()) asked.challenge = std::string(method) + ":" + asked.challenge;
  asked.state = query.get("state");
  asked.login_hint = query.get("login_hint");
  asked.nonce = query.get("nonce");
  return std::nullopt;
}

Response back_to_client(const Asked& asked, std::vector<std::pair<std::string, std::string>> parameters) {
  std::string location = asked.redirect_uri;
  char separator = location.find('?') == location.npos ? '?' : '&';
  if (!asked.state.empty()) parameters.insert(parameters.begin(), {"state", asked.state});
  for (const auto& [name, value] : parameters) {
    location += separator;
    location.append(name).append("=").append(percent_encode(value));
    separator = '&';
  }
  return redirect_response(std::move(location));
}

Response grant(Provider& provider, Account& account, const Asked& asked, std::string_view subset) {
  ScopeSet granted = asked.scopes;
  std::string limit(subset);
  if (limit.empty()) std::swap(limit, provider.settings.next_granted_scopes);
  if (!limit.empty()) {
    const ScopeSet allowed = parse_scopes(limit);
    std::erase_if(granted, [&](const std::string& name) { return !allowed.contains(name); });
  }
  // The page appears for what was not granted before, or when the client insists; only then a refresh token is due.
  const bool shown = asked.consent || !std::ranges::includes(account.granted_scopes, asked.scopes);
  if (asked.include_granted) granted.insert(account.granted_scopes.begin(), account.granted_scopes.end());
  account.granted_scopes.insert(granted.begin(), granted.end());
  AuthorizationCode code;
  code.account = &account;
  code.redirect_uri = asked.redirect_uri;
  code.challenge = asked.challenge;
  code.nonce = asked.nonce;
  code.scopes = granted;
  code.refresh_token_due = asked.offline && shown;
  return back_to_client(asked, {{"code", provider.tokens.add_code(std::move(code))},
                                {"scope", scopes_text(granted)},
                                {"authuser", "0"},
                                {"prompt", shown ? "consent" : "none"}});
}

Response consent_page(const Provider& provider, const Request& request, const Asked& asked) {
  std::string accounts, boxes;
  std::size_t shown = 0;
  for (const Account* account : provider.accounts_by_email()) {
    if (++shown > listed_accounts) break;
    const bool hinted = account->email == asked.login_hint || account->sub == asked.login_hint;
    accounts +=
        fmt::format("<p><label><input type=\"radio\" name=\"emulator_account\" value=\"{0}\"{1}> {0}</label></p>\n",
                    escape_html(account->email), hinted ? " checked" : "");
  }
  for (const std::string& name : asked.scopes)
    boxes += fmt::format(
        "<p><label><input type=\"checkbox\" name=\"emulator_scopes\" value=\"{0}\" checked> {0}</label></p>\n",
        escape_html(name));
  return html_response(200, fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<title>Sign in - Google Accounts "
                                        "(emulator)</title>\n<h1>Choose an account</h1>\n"
                                        "<form method=\"post\" action=\"{}\">\n{}<h2>{} wants access to</h2>\n{}"
                                        "<p><button name=\"emulator_decision\" value=\"allow\">Allow</button> <button "
                                        "name=\"emulator_decision\" value=\"deny\">Deny</button></p>\n"
                                        "</form>\n</html>\n",
                                        escape_html(request.target), accounts, escape_html(provider.client.id), boxes));
}

}  // namespace

Response answer_authorize(Provider& provider, const Request& request) {
  const Query form(request.method == "POST" ? std::string_view(request.body) : std::string_view());
  // Form posts may also carry the protocol's own parameters (OpenID Connect Core section 3.1.2.1).
  const Query& query = request.query.has("client_id") ? request.query : form;
  Asked asked;
  if (auto refused = read_request(provider, query, asked)) return std::move(*refused);
  const auto choice = [&](std::string_view name) { return form.has(name) ? form.get(name) : request.query.get(name); };
  if (choice("emulator_decision") == "deny") return back_to_client(asked, {{"error", "access_denied"}});
  const std::string_view chosen = choice("emulator_account");
  if (!chosen.empty()) {
    Account* account = provider.find_account(chosen);
    if (!account) return error_page("invalid_request", "The emulator has no account " + std::string(chosen));
    std::string subset;
    for (const std::string_view part : (form.has("emulator_scopes") ? form : request.query).all("emulator_scopes"))
      subset.append(part).append(" ");
    // A form whose boxes are all unticked posts none of them.
    if (form.has("emulator_decision") && !form.has("emulator_scopes")) subset = "openid";
    return grant(provider, *account, asked, subset);
  }
  Account* hinted = asked.login_hint.empty() ? nullptr : provider.find_account(asked.login_hint);
  if (asked.none) {
    if (!hinted) return back_to_client(asked, {{"error", "login_required"}});
    if (!std::ranges::includes(hinted->granted_scopes, asked.scopes))
      return back_to_client(asked, {{"error", "consent_required"}});
    return grant(provider, *hinted, asked, "");
  }
  if (hinted && provider.settings.auto_consent) return grant(provider, *hinted, asked, "");
  return consent_page(provider, request, asked);
}

}  // namespace calsync::emulator
