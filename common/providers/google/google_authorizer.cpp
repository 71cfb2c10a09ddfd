// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_authorizer.hpp"

#include <fmt/ranges.h>

#include "common/base/json.hpp"
#include "common/providers/google/google_errors.hpp"
#include "common/providers/google/google_scopes.hpp"

namespace calsync::google {
namespace {

Error refused_code() {
  return fail(
      Failure::rejected,
      "Google refused the authorization code: it expired, was used before, or belongs to another attempt; start the "
      "connect again");
}

net::HttpRequest userinfo_request(const std::string& url, const Secret& access_token) {
  net::HttpRequest request;
  request.url = url;
  request.operation = "userinfo";
  request.headers = {{"Accept", "application/json"}};
  request.authorization = Secret("Bearer " + std::string(access_token.reveal()));
  request.max_body = 256 * 1024;
  return request;
}

}  // namespace

GoogleAuthorizer::GoogleAuthorizer(Options options, net::HttpTransport& transport, const Clock& clock)
    : scopes_(options.scopes.empty() ? default_scopes() : std::move(options.scopes)),
      userinfo_url_(std::move(options.endpoints.userinfo)),
      client_{std::move(options.client_id),       std::move(options.client_secret),
              std::move(options.redirect_uri),    std::move(options.endpoints.authorize),
              std::move(options.endpoints.token), std::move(options.endpoints.revoke)},
      transport_(transport),
      clock_(clock) {}

std::string GoogleAuthorizer::authorization_url(const std::string& state, const Secret& verifier,
                                                const std::string& login_hint) const {
  // Without `offline` there is never a refresh token, and without `consent` there is none when somebody connects again.
  // Earlier grants are not included: the connection gets the scopes it asks for and no others.
  net::Parameters extra{{"access_type", "offline"}, {"prompt", "consent"}, {"include_granted_scopes", "false"}};
  if (!login_hint.empty()) extra.emplace_back("login_hint", login_hint);
  return net::authorization_url(client_, extra, fmt::format("{}", fmt::join(scopes_, " ")), state, verifier);
}

Task<Result<net::TokenGrant>> GoogleAuthorizer::exchange(std::string code, Secret verifier, Deadline deadline) {
  net::HttpRequest request = net::code_exchange_request(client_, code, verifier);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  Result<net::TokenGrant> grant = net::parse_token_response(*response, clock_.now());
  if (!grant && grant.error().failure == Failure::grant_dead) co_return refused_code();
  co_return grant;
}

Task<Result<providers::Account>> GoogleAuthorizer::identify(net::TokenGrant grant, Deadline deadline) {
  if (!grant.id_token.empty()) {
    Result<net::IdentityClaims> claims = net::parse_id_token(grant.id_token, client_.client_id, clock_.now());
    if (claims) co_return providers::Account{std::move(claims->subject), std::move(claims->email)};
    // A token for somebody else is an attack or a mix-up; one that is merely unreadable has a second source.
    if (claims.error().failure != Failure::malformed) co_return claims.error();
  }
  net::HttpRequest request = userinfo_request(userinfo_url_, grant.access_token);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  co_return parse_userinfo(*response, clock_.now());
}

Task<Result<net::TokenGrant>> GoogleAuthorizer::refresh(Secret refresh_token, Deadline deadline) {
  net::HttpRequest request = net::refresh_request(client_, refresh_token);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  co_return net::parse_token_response(*response, clock_.now());
}

Task<Result<void>> GoogleAuthorizer::revoke(Secret token, Deadline deadline) {
  net::HttpRequest request = net::revoke_request(client_, token);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(request), deadline);
  if (!response) co_return response.error();
  co_return net::parse_revoke_response(*response, clock_.now());
}

std::set<std::string> GoogleAuthorizer::missing_scopes(const std::set<std::string>& granted) const {
  return google::missing_scopes(scopes_, granted);
}

Result<providers::Account> parse_userinfo(const net::HttpResponse& response, Time now) {
  if (response.status != 200) return api_error(response, Asked::full_read, now);
  const auto body = json::parse(response.body);
  if (!body) return fail(Failure::malformed, "Google's userinfo is not JSON");
  providers::Account account{json::text_at(*body, "sub"), json::text_at(*body, "email")};
  if (account.id.empty()) account.id = json::text_at(*body, "id");
  if (account.id.empty()) return fail(Failure::malformed, "Google's userinfo does not say who connected");
  return account;
}

}  // namespace calsync::google
