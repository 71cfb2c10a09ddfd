// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/entra_authorizer.hpp"

#include <fmt/ranges.h>

#include "common/base/json.hpp"
#include "common/providers/microsoft/entra_errors.hpp"
#include "common/providers/microsoft/entra_scopes.hpp"
#include "common/providers/microsoft/graph_errors.hpp"
#include "common/providers/microsoft/graph_page.hpp"
#include "common/providers/microsoft/microsoft_accounts.hpp"

namespace calsync::microsoft {
namespace {

Error refused_code() {
  return fail(Failure::rejected,
              "Microsoft refused the authorization code: it expired, was used before, or belongs to another attempt; "
              "start the connect again");
}

std::string of_tenant(std::string url, const std::string& tenant) {
  constexpr std::string_view place = "{tenant}";
  if (const auto at = url.find(place); at != std::string::npos)
    url.replace(at, place.size(), net::percent_encode(tenant));
  return url;
}

}  // namespace

EntraAuthorizer::EntraAuthorizer(const Options& options, net::HttpTransport& transport, const Clock& clock)
    : scopes_(options.scopes.empty() ? default_scopes() : options.scopes),
      prompt_(options.prompt),
      me_url_(api_url(options.endpoints.api, "/me")),
      client_{options.client_id,
              options.client_secret,
              options.redirect_uri,
              of_tenant(options.endpoints.authorize, options.tenant),
              of_tenant(options.endpoints.token, options.tenant),
              {}},
      transport_(transport),
      clock_(clock) {}

std::string EntraAuthorizer::scope() const { return fmt::format("{}", fmt::join(scopes_, " ")); }

std::string EntraAuthorizer::authorization_url(const std::string& state, const Secret& verifier,
                                               const std::string& login_hint) const {
  net::Parameters extra{{"response_mode", "query"}};
  if (!prompt_.empty()) extra.emplace_back("prompt", prompt_);
  if (!login_hint.empty()) extra.emplace_back("login_hint", login_hint);
  return net::authorization_url(client_, extra, scope(), state, verifier);
}

Task<Result<net::TokenGrant>> EntraAuthorizer::exchange(std::string code, Secret verifier, Deadline deadline) {
  net::HttpRequest request = net::code_exchange_request(client_, code, verifier, {{"scope", scope()}});
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  Result<net::TokenGrant> grant = parse_entra_tokens(*response, clock_.now());
  if (!grant && grant.error().failure == Failure::grant_dead) co_return refused_code();
  co_return grant;
}

Task<Result<providers::Account>> EntraAuthorizer::identify(net::TokenGrant grant, Deadline deadline) {
  if (!grant.id_token.empty()) {
    auto claims = net::id_token_claims(grant.id_token, client_.client_id, clock_.now());
    // A token for somebody else is an attack or a mix-up; one that is merely unreadable has a second source.
    if (!claims && claims.error().failure != Failure::malformed) co_return claims.error();
    if (claims && !(*claims)["oid"].empty()) {
      const std::string& email = (*claims)["email"].empty() ? (*claims)["preferred_username"] : (*claims)["email"];
      co_return providers::Account{account_id((*claims)["oid"], (*claims)["tid"]), email};
    }
  }
  net::HttpRequest request = graph_request("GET", me_url_, {grant.access_token, {}, deadline});
  request.operation = "userinfo";
  request.max_body = 256 * 1024;
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  co_return parse_me(*response, clock_.now());
}

Task<Result<net::TokenGrant>> EntraAuthorizer::refresh(Secret refresh_token, Deadline deadline) {
  net::HttpRequest request = net::refresh_request(client_, refresh_token, {{"scope", scope()}});
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  co_return parse_entra_tokens(*response, clock_.now());
}

Task<Result<void>> EntraAuthorizer::revoke(Secret, Deadline) { co_return Result<void>(); }

std::set<std::string> EntraAuthorizer::missing_scopes(const std::set<std::string>& granted) const {
  return microsoft::missing_scopes(scopes_, granted);
}

Result<providers::Account> parse_me(const net::HttpResponse& response, Time now) {
  if (response.status != 200) return api_error(response, Asked::event, now);
  const auto body = json::parse(response.body);
  if (!body) return fail(Failure::malformed, "Microsoft's answer about who connected is not JSON");
  providers::Account account{json::text_at(*body, "id"), json::text_at(*body, "mail")};
  if (account.email.empty()) account.email = json::text_at(*body, "userPrincipalName");
  if (account.id.empty()) return fail(Failure::malformed, "Microsoft does not say who connected");
  return account;
}

}  // namespace calsync::microsoft
