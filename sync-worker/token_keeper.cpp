// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/token_keeper.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace calsync::worker {
namespace {

/// A token that ends during the run is as good as ended.
constexpr std::chrono::seconds early{120};
constexpr std::chrono::seconds default_life{3600};
constexpr std::chrono::minutes store_patience{2};
constexpr std::chrono::milliseconds first_pause{200};
constexpr std::chrono::seconds longest_pause{5};

Secret pick(const store::Credentials& credentials, std::string_view kind) {
  const auto found = credentials.find(kind);
  return found == credentials.end() ? Secret() : found->second;
}

Error no_refresh_token() {
  return fail(Failure::grant_dead,
              "token expired or revoked, and no refresh token is stored; the account has to be connected again");
}

}  // namespace

bool TokenKeeper::lasts(const std::optional<Time>& expiry) const { return expiry && *expiry > clock_.now() + early; }

Task<Result<TokenKeeper::Renewed>> TokenKeeper::credential(sync::Claim claim, const providers::Adapter& adapter,
                                                           Deadline deadline, Wanted wanted) {
  const Result<store::Credentials> opened = credentials_.open(claim);
  if (!opened) co_return opened.error();
  if (!adapter.authorizer) {
    const Secret feed = pick(*opened, "feed_url");
    co_return Renewed{feed.empty() ? pick(*opened, "password") : feed, true};
  }
  const Secret access_token = pick(*opened, "access_token");
  if (!access_token.empty() && lasts(claim.token_expiry)) co_return Renewed{access_token, true};
  co_return co_await renew(std::move(claim), adapter, access_token, deadline, std::move(wanted));
}

/// Somebody who connected again, or a run whose answer from the database was lost, may have stored a token since.
std::optional<Secret> TokenKeeper::adoptable(const store::CredentialStore::Reloaded& stored,
                                             const Secret& refused) const {
  Secret token = pick(stored.credentials, "access_token");
  if (token.empty() || token == refused || !lasts(stored.token_expiry)) return std::nullopt;
  return token;
}

Task<Result<TokenKeeper::Renewed>> TokenKeeper::renew(sync::Claim claim, const providers::Adapter& adapter,
                                                      Secret refused, Deadline deadline, Wanted wanted) {
  if (!adapter.authorizer) co_return fail(Failure::rejected, "the provider refused the stored credential");
  Secret asked;
  std::optional<Error> refusal;
  // A refusal is believed when the grant that is stored after it is the one that was refused.
  for (;;) {
    const auto stored = co_await credentials_.reload(claim);
    if (!stored) co_return stored.error();
    if (auto token = adoptable(*stored, refused)) co_return Renewed{std::move(*token), true};
    Secret refresh_token = pick(stored->credentials, "refresh_token");
    if (refresh_token.empty()) co_return no_refresh_token();
    if (refusal && refresh_token == asked) co_return *refusal;
    if (auto yes = wanted(); !yes) co_return yes.error();
    asked = refresh_token;
    Result<net::TokenGrant> grant = co_await adapter.authorizer->refresh(std::move(refresh_token), deadline);
    if (grant) co_return co_await keep(std::move(claim), adapter, std::move(*grant));
    if (grant.error().failure != Failure::grant_dead) co_return grant.error();
    refusal = grant.error();
  }
}

/// While the database is away nobody can take over, so the lease is no hurry; a rotated token that is not stored is
/// lost.
Task<bool> TokenKeeper::store(sync::Claim claim, net::TokenGrant grant) {
  const Time expiry = clock_.now() + grant.expires_in.value_or(default_life);
  const Deadline patience(clock_, store_patience);
  Duration pause = first_pause;
  for (;;) {
    try {
      co_return co_await credentials_.store_tokens(claim, grant.access_token, grant.refresh_token, expiry);
    } catch (const db::DatabaseError&) {
      if (patience.passed(clock_)) throw;
    }
    co_await clock_.sleep(pause);
    pause = std::min<Duration>(pause * 2, longest_pause);
  }
}

Task<Result<TokenKeeper::Renewed>> TokenKeeper::keep(sync::Claim claim, const providers::Adapter& adapter,
                                                     net::TokenGrant grant) {
  const bool stored = co_await store(std::move(claim), grant);
  if (!stored) co_return fail(Failure::lease_lost, "another worker took over while the token was refreshed");
  const auto missing =
      grant.scopes.empty() ? std::set<std::string>() : adapter.authorizer->missing_scopes(grant.scopes);
  if (!missing.empty()) {
    co_return fail(
        Failure::scope_missing,
        fmt::format("the grant no longer covers {}; the account has to be connected again", fmt::join(missing, ", ")));
  }
  co_return Renewed{std::move(grant.access_token), false};
}

}  // namespace calsync::worker
