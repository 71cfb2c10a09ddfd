// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/oauth_connect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace calsync::api {
namespace {

constexpr std::chrono::seconds provider_time{20};
constexpr std::chrono::seconds default_life{3600};

ConnectOutcome refused(int status, std::string code, std::string sentence) {
  return {std::nullopt, {}, status, std::move(code), std::move(sentence)};
}

/// The provider's answer in the caller's terms.
ConnectOutcome refused(const Error& error) {
  if (error.failure == Failure::misconfigured) return refused(500, "configuration_error", error.message);
  return refused(503, std::string(error_code(error.failure)), error.message);
}

/// Longer ones could not be stored: the database bounds what an index holds.
constexpr std::size_t longest_account_id = 512;
constexpr std::size_t longest_address = 320;

/// A refused code is the link's fault, a permission too few the person's, everything else the provider's or the
/// operator's.
ConnectOutcome refused_code(const Error& error) {
  if (error.failure == Failure::scope_missing) return refused(422, "insufficient_scope", error.message);
  const bool about_code = error.failure == Failure::grant_dead || error.failure == Failure::rejected;
  return about_code ? refused(400, "invalid_code", error.message) : refused(error);
}

store::NewConnection new_connection(const Services& services, const providers::Adapter& adapter, const OwnerId& owner,
                                    const providers::Account& account, const net::TokenGrant& grant) {
  store::NewConnection fresh;
  fresh.owner = owner;
  fresh.provider = adapter.name;
  fresh.account = account.id;
  fresh.email = account.email;
  fresh.token_expiry = services.clock.now() + grant.expires_in.value_or(default_life);
  fresh.scopes = fmt::format("{}", fmt::join(grant.scopes, " "));
  fresh.await_confirmation = services.settings.oauth.require_confirmation;
  fresh.credentials["access_token"] = grant.access_token;
  // A second consent may come without a refresh token: the stored one stays.
  if (!grant.refresh_token.empty()) fresh.credentials["refresh_token"] = grant.refresh_token;
  return fresh;
}

}  // namespace

Task<ConnectOutcome> connect_account(const Services& services, const providers::Adapter& adapter,
                                     sync::Admission admission, store::OAuthFlow flow, std::string code,
                                     std::string error) {
  if (!error.empty()) {
    const bool denied = error == "access_denied";
    co_return refused(400, denied ? "access_denied" : "provider_refused",
                      denied ? "access to the calendar was denied" : "the provider refused the request");
  }
  if (code.empty()) co_return refused(400, "invalid_request", "the provider sent no authorization code");
  const Deadline deadline(services.clock, provider_time);
  const Result<net::TokenGrant> grant = co_await adapter.authorizer->exchange(std::move(code), flow.verifier, deadline);
  if (!grant) co_return refused_code(grant.error());
  const std::set<std::string> missing = adapter.authorizer->missing_scopes(grant->scopes);
  if (!missing.empty()) {
    co_return refused(422, "insufficient_scope",
                      fmt::format("these permissions were not granted: {}; connect again and tick every box",
                                  fmt::join(missing, ", ")));
  }
  const Result<providers::Account> account = co_await adapter.authorizer->identify(*grant, deadline);
  if (!account) co_return refused(account.error());
  if (account->id.size() > longest_account_id || account->email.size() > longest_address)
    co_return refused(fail(Failure::malformed, "the provider's name or address of the account is too long"));
  if (grant->refresh_token.empty() &&
      !co_await services.connections.has_refresh_token(flow.owner, adapter.name, account->id)) {
    co_return refused(
        422, "no_refresh_token",
        "the provider sent no refresh token; remove calsync's access in the account's settings and connect again");
  }
  store::NewConnection fresh = new_connection(services, adapter, flow.owner, *account, *grant);
  ConnectOutcome outcome;
  outcome.connected =
      co_await services.connections.connect(admission, std::move(fresh), {flow.requested_by, "app", {}, {}});
  outcome.email = account->email;
  services.log.info(outcome.connected->created ? "an account was connected" : "an account was connected again",
                    {.provider_id = flow.owner.str(),
                     .connection_id = outcome.connected->connection.str(),
                     .provider = adapter.name});
  co_return outcome;
}

}  // namespace calsync::api
